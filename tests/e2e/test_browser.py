"""Pages in a real browser: those that a scenario responds with, pages of other origins, and the dashboard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from helpers.api import ApiClient
from helpers.chromium import Page, open_browser
from helpers.webhooks import WebhookHarness, webhook_response_module
from make_emulator import MakeEmulator
from make_emulator.app import create_app
from make_emulator.server.wsgi import Server

pytestmark = pytest.mark.e2e

#: Reports in ``document.title`` what the page reaches of the emulator at ``base``.
ATTACK = """
<!doctype html><title>running</title><form id="form" method="post" enctype="text/plain"></form>
<script>
const base = %r;
const attempt = async (path, options) => {
  try { const response = await fetch(base + path, options); return [response.status, (await response.text()).slice(0, 40)]; }
  catch (error) { return error.name; }
};
const text = { method: "POST", body: '{"name": "stolen"}' };
const json = { ...text, headers: { "Content-Type": "application/json" } };
(async () => {
  document.title = JSON.stringify({
    origin: self.origin,
    snapshot: await attempt("/_emulator/worlds/default/snapshot"),
    opaque: await attempt("/_emulator/worlds", { ...text, mode: "no-cors" }),
    text: await attempt("/_emulator/worlds", text),
    json: await attempt("/_emulator/worlds", json),
    reset: await attempt("/_emulator/worlds/default/reset", { method: "POST", mode: "no-cors" }),
  });
})();
</script>
"""
RESULT = """
new Promise((resolve) => {
  const look = () => document.title === "running" ? setTimeout(look, 20) : resolve(document.title);
  look();
}).then(JSON.parse)
"""

FORM = """
<!doctype html>
<form method="post" enctype="text/plain" action="%s"><input name='{"name": "stolen", "x' value='": 1}'></form>
"""

#: Presses a button of the dashboard, and waits until it is enabled again.
PRESS = """
new Promise((resolve) => {
  const button = [...document.querySelectorAll("button[data-url]")].find((button) => button.innerText === %r);
  const look = () => button.disabled ? setTimeout(look, 20) : resolve(null);
  button.click();
  look();
})
"""

#: Waits for the page behind the form for the key.
FOUND = """
new Promise((resolve) => {
  const look = () => document.querySelector("#modules a") ? resolve(null) : setTimeout(look, 20);
  look();
})
"""

#: Waits for an element, and takes its text.
SHOWN = """
new Promise((resolve) => {
  const look = () => {
    const found = document.querySelector(%r);
    found ? resolve(found.innerText) : setTimeout(look, 20);
  };
  look();
})
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with open_browser() as page:
        yield page


@pytest.fixture
def make() -> Iterator[MakeEmulator]:
    with MakeEmulator() as make:
        yield make


def hook_url(make: MakeEmulator, html: str) -> str:
    """The URL of a webhook whose scenario responds with a page."""
    gateway = WebhookHarness(ApiClient(make.app))
    gateway.listen(webhook_response_module("200", html, {"key": "Content-Type", "value": "text/html"}))
    return f"{make.url}/hook/{gateway.api.world.hooks[gateway.hook].udid}"


@contextmanager
def other_site(html: str | Callable[[], str]) -> Iterator[str]:
    """The URL of a page at another port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write((html if isinstance(html, str) else html()).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def world_names(make: MakeEmulator) -> list[str]:
    return [row["name"] for row in make.control.worlds()]


def test_the_page_of_a_webhook_reaches_nothing_of_the_emulator(page: Page, make: MakeEmulator) -> None:
    page.open(hook_url(make, ATTACK % make.url))
    assert page.evaluate(RESULT) == {
        "origin": "null",
        "snapshot": "TypeError",
        "opaque": [0, ""],
        "text": "TypeError",
        "json": "TypeError",
        "reset": [0, ""],
    }
    assert world_names(make) == ["default"]


def test_the_form_of_a_webhooks_page_creates_no_world(page: Page, make: MakeEmulator) -> None:
    page.open(hook_url(make, FORM % f"{make.url}/_emulator/worlds"))
    page.submit("document.forms[0].submit()")
    assert page.evaluate("JSON.parse(document.body.innerText).code") == "SC403"
    assert world_names(make) == ["default"]


def test_a_page_at_another_port_reaches_nothing_of_the_emulator(page: Page, make: MakeEmulator) -> None:
    with other_site(ATTACK % make.url) as url:
        page.open(url)
        assert page.evaluate(RESULT) == {
            "origin": url.rstrip("/"),
            "snapshot": "TypeError",
            "opaque": [0, ""],
            "text": "TypeError",
            "json": "TypeError",
            "reset": [0, ""],
        }
        page.open(url.replace("127.0.0.1", "localhost"))
        assert page.evaluate(RESULT)["snapshot"] == "TypeError"
    assert world_names(make) == ["default"]


def test_a_page_at_an_allowed_origin_uses_the_control_api(page: Page) -> None:
    with ExitStack() as stack:
        base: list[str] = []
        url = stack.enter_context(other_site(lambda: ATTACK % base[0]))
        server = stack.enter_context(Server(create_app(allowed_origins=[url])))
        base.append(server.url)
        page.open(url)
        result = page.evaluate(RESULT)
    assert (result["snapshot"][0], result["json"][0], result["text"][0]) == (200, 201, 415)


def test_a_name_that_points_to_this_machine_reaches_nothing(make: MakeEmulator) -> None:
    with open_browser("--host-resolver-rules=MAP rebound.example 127.0.0.1") as page:
        page.open(f"http://rebound.example:{urlsplit(make.url).port}/api/v2/users/me")
        assert page.evaluate("JSON.parse(document.body.innerText).code") == "SC421"
        # The same origin as the page's, as far as the browser knows.
        assert page.evaluate("fetch('/_emulator/worlds').then((response) => response.status)") == 421


def test_the_buttons_of_the_dashboard_change_the_world(page: Page, make: MakeEmulator) -> None:
    page.open(f"{make.url}/_emulator/")
    make.world.clock.freeze("2026-03-02T12:00:00Z")
    page.evaluate(PRESS % "+1 day")
    assert make.world.clock.now == "2026-03-03T12:00:00.000Z"


def test_the_api_reference_fits_a_phone(page: Page, make: MakeEmulator) -> None:
    page.resize(390, 844)
    try:
        page.open(f"{make.url}/_emulator/docs")
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    finally:
        page.call("Emulation.clearDeviceMetricsOverride")
        page.call("Emulation.setEmulatedMedia", features=[])


def test_changes_since_a_checkpoint_are_undone_on_their_page(page: Page, make: MakeEmulator) -> None:
    handle = ApiClient(make.app)
    make.world.checkpoint("start")
    assert handle.delete("/scenarios/1?confirmed=true").status_code == 200
    assert handle.delete("/teams/1?confirmed=true").status_code == 200
    page.open(f"{make.url}/_emulator/checkpoints?world={make.world.name}")
    page.evaluate("document.getElementById('scenario-1').open = true")
    undo = PRESS.replace("button.innerText === %r", "button.dataset.body === %r")
    page.evaluate(undo % '{"kind":"scenario","id":1}')
    assert page.evaluate("document.getElementById('problem').innerText") == (
        "Scenario 1 cannot be undone: scenario 1 refers to team 1, which does not exist."
    )
    assert page.evaluate("document.getElementById('scenario-1').open")
    page.evaluate(PRESS % "Undo all")
    assert handle.get("/scenarios/1").status_code == 200
    assert "No changes." in page.evaluate("document.body.innerText")
    assert page.evaluate("document.getElementById('problem').innerText") == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_catalogue_page_fits_the_window(page: Page, make: MakeEmulator, width: int, scheme: str) -> None:
    page.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
    )
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    try:
        for query in ("", "?q=message", "?app=google-sheets", "?module=slack:CreateMessage", "?q=slakc"):
            page.open(f"{make.url}/_emulator/catalogue{query}")
            widths = page.evaluate(
                "[document.documentElement, ...document.querySelectorAll('.card')]"
                ".map((element) => [element.scrollWidth, element.clientWidth])"
            )
            assert all(content <= shown for content, shown in widths), (query, widths)
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (ground == "rgb(19, 18, 23)") == (scheme == "dark")
    finally:
        page.call("Emulation.clearDeviceMetricsOverride")
        page.call("Emulation.setEmulatedMedia", features=[])


def test_the_search_of_the_catalogue_page_leads_to_a_module(page: Page) -> None:
    with Server(create_app(control_key="sesame")) as server:
        page.open(f"{server.url}/_emulator/catalogue")
        page.evaluate("document.querySelector('#key input').value = 'sesame'")
        page.evaluate("unlock('sesame')")
        page.evaluate("document.querySelector('input[name=q]').value = 'slack createmessage'")
        page.submit("document.querySelector('form').requestSubmit()")
        page.evaluate(FOUND)
        page.submit("document.querySelector('#modules a').click()")
        page.evaluate(FOUND.replace("#modules a", "#module"))
        assert "channelWType" in page.evaluate("document.body.innerText")


def test_a_link_with_the_key_opens_the_dashboard_and_keeps_the_key_out_of_the_address(page: Page) -> None:
    with Server(create_app(control_key="sesame")) as server:
        page.open(f"{server.url}/_emulator/#key=wrong")
        assert page.evaluate(SHOWN % "#error:not(:empty)") == "Wrong key."
        page.open("about:blank")
        page.open(f"{server.url}/_emulator/?world=default#key=sesame")
        assert "Ada Maker" in page.evaluate(SHOWN % "main:not(.narrow)")
        assert page.evaluate("location.href") == f"{server.url}/_emulator/?world=default"
        # The tab keeps the key for the other pages.
        page.open(f"{server.url}/_emulator/catalogue")
        assert "Apps (" in page.evaluate(SHOWN % "main:not(.narrow)")
