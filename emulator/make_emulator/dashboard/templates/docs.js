"use strict";
// Search box, and buttons that copy a request.
const box = document.getElementById("search");
const operations = [...document.querySelectorAll("details.operation")];
function search() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const operation of operations) {
    operation.hidden = !words.every((word) => operation.dataset.words.includes(word));
  }
  let matches = 0;
  for (const group of document.querySelectorAll("section.group")) {
    const shown = group.querySelectorAll("details.operation:not([hidden])").length;
    group.hidden = shown === 0;
    matches += shown;
  }
  document.getElementById("nothing").hidden = matches > 0;
}
box.addEventListener("input", search);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== box) { event.preventDefault(); box.focus(); }
  if (event.key === "Escape" && document.activeElement === box) { box.value = ""; search(); }
});
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const text = button.parentElement.querySelector("pre").textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    // No clipboard without a secure context: select the text, so that a key copies it.
    getSelection().selectAllChildren(button.parentElement.querySelector("pre"));
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
});
function follow() {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) { target.open = true; target.scrollIntoView(); }
}
addEventListener("hashchange", follow);
follow();
if (box.value) search();
