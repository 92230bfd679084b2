"use strict";
// Theme, and requests with the control key, for every page. It runs twice where a page replaces the form for the key,
// so there must be no constant outside of the block.
{
  const root = document.documentElement;
  root.classList.add("has-script");
  try { root.dataset.theme = localStorage.getItem("make-emulator-theme") || ""; } catch { /* storage is off */ }
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("make-emulator-theme", root.dataset.theme); } catch { /* it applies to this page only */ }
  });
}
function controlKey(value) {
  try {
    if (value !== undefined) sessionStorage.setItem("make-emulator-key", value);
    return sessionStorage.getItem("make-emulator-key");
  } catch { return value || null; }
}
function call(url, options = {}) {
  const key = controlKey();
  const headers = { ...(options.headers || {}), ...(key ? { "X-Emulator-Key": key } : {}) };
  return fetch(url, { ...options, headers, cache: "no-store" });
}
