"use strict";
// Refreshes the live parts of the page, and handles its buttons.
async function refresh() {
  let page;
  try {
    const response = await call(location.href);
    page = new DOMParser().parseFromString(await response.text(), "text/html");
    document.body.classList.toggle("stale", !response.ok);
    if (!response.ok) return;
  } catch {
    document.body.classList.add("stale");
    return;
  }
  for (const old of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(old.id);
    for (const each of fresh?.querySelectorAll("details[id]") ?? []) each.open = document.getElementById(each.id)?.open ?? false;
    if (fresh && fresh.innerHTML !== old.innerHTML) old.replaceChildren(...fresh.childNodes);
  }
}
async function press(button) {
  const body = button.dataset.body;
  button.disabled = true;
  try {
    const response = await call(button.dataset.url, { method: button.dataset.method, body, headers: body ? { "Content-Type": "application/json" } : {} });
    const problem = document.getElementById("problem");
    if (problem) problem.textContent = response.ok ? "" : (await response.json()).detail;
    await refresh();
  } finally {
    button.disabled = false;
  }
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-url]");
  if (button) press(button);
});
setInterval(() => { if (!document.hidden) refresh(); }, 2000);
