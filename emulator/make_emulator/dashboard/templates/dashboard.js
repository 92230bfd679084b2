"use strict";
// Keeps the live parts of the page up to date, and makes the buttons work.
async function refresh() {
  let page;
  try {
    const answer = await call(location.href);
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.body.classList.toggle("stale", !answer.ok);
    if (!answer.ok) return;
  } catch {
    document.body.classList.add("stale");
    return;
  }
  for (const old of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(old.id);
    if (fresh && fresh.innerHTML !== old.innerHTML) old.replaceChildren(...fresh.childNodes);
  }
}
async function press(button) {
  const body = button.dataset.body;
  button.disabled = true;
  try {
    await call(button.dataset.url, { method: button.dataset.method, body, headers: body ? { "Content-Type": "application/json" } : {} });
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
