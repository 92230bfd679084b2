"use strict";
// Fetches the requested page with the key, and shows it in place of the form.
async function unlock(key) {
  const response = await fetch(location.href, { headers: { "X-Emulator-Key": key }, cache: "no-store" });
  if (!response.ok) {
    document.getElementById("error").textContent = response.status === 403 ? "Wrong key." : "The server responded " + response.status + ".";
    return;
  }
  controlKey(key);
  const page = await response.text();
  document.open();
  document.write(page);
  document.close();
}
document.getElementById("key").addEventListener("submit", (event) => {
  event.preventDefault();
  unlock(event.target.elements.key.value);
});
// A link may carry the key behind "#", which no browser sends and no server logs; it leaves the address, and the history.
const linked = new URLSearchParams(location.hash.slice(1)).get("key");
if (linked !== null) history.replaceState(null, "", location.pathname + location.search);
if (linked || controlKey()) unlock(linked || controlKey());
