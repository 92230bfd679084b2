"use strict";
// Fetches the page that was asked for with the key, and shows it in place of the form.
async function unlock(key) {
  const answer = await fetch(location.href, { headers: { "X-Emulator-Key": key }, cache: "no-store" });
  if (!answer.ok) {
    document.getElementById("trouble").textContent = answer.status === 403 ? "That is not the key." : "The emulator answered " + answer.status + ".";
    return;
  }
  controlKey(key);
  const page = await answer.text();
  document.open();
  document.write(page);
  document.close();
}
document.getElementById("key").addEventListener("submit", (event) => {
  event.preventDefault();
  unlock(event.target.elements.key.value);
});
if (controlKey()) unlock(controlKey());
