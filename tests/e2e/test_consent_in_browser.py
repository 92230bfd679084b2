"""The consent page of the authorization server in a real browser, with and without scripts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from helpers.chromium import Page, open_browser
from helpers.oauth import PKCE, query_of
from make_emulator import MakeEmulator, World
from make_emulator.testing.oauth import OAuthClient

pytestmark = pytest.mark.e2e

WIDE, NARROW = (1280, 900), (390, 844)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with open_browser() as page:
        yield page


@contextmanager
def app() -> Iterator[tuple[str, SimpleQueue[str]]]:
    """An app that users come back to: its redirect URI, and the paths that were opened."""
    opened: SimpleQueue[str] = SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/favicon.ico":
                self.send_error(404)
                return
            opened.put(self.path)
            # As apps do that keep no code in the address bar: on to a page of another origin.
            is_callback = self.path.startswith("/callback")
            self.send_response(302 if is_callback else 200)
            if is_callback:
                self.send_header("Location", f"http://localhost:{self.server.server_port}/home")  # type: ignore[attr-defined]
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"" if is_callback else b"<title>home</title>")

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/callback", opened
        server.shutdown()


def authorization_url(world: World, client_id: str, redirect_uri: str, **parameters: str) -> str:
    query = {"client_id": client_id, "redirect_uri": redirect_uri, "response_type": "code", "state": "s"}
    return f"{world.oauth.authorization_url}?{urlencode({**query, **PKCE, **parameters})}"


def press(page: Page, button: str) -> None:
    page.submit(f"document.querySelector('button[value={button}]').click()")


def show(page: Page, size: tuple[int, int], scheme: str, *, scripts: bool = True) -> None:
    width, height = size
    page.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
    )
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.call("Emulation.setScriptExecutionDisabled", value=not scripts)


@pytest.fixture
def client(make: MakeEmulator) -> OAuthClient:
    return make.world.oauth.create_client("Reporter", scopes=["teams:read", "scenarios:run"])


@pytest.mark.parametrize("scripts", [True, False])
def test_a_person_chooses_a_user_and_approves(
    page: Page, make: MakeEmulator, client: OAuthClient, scripts: bool
) -> None:
    world = make.world
    show(page, WIDE, "light", scripts=scripts)
    with app() as (redirect_uri, opened):
        page.open(authorization_url(world, client.id, redirect_uri))
        assert page.evaluate("document.querySelector('h1').innerText") == "Reporter asks for access"
        page.evaluate("document.querySelector('input[value=\"2:2:default\"]').click()")
        press(page, "approve")
        assert page.evaluate("document.title") == "home"
        query = query_of(opened.get_nowait())
    assert query["state"] == "s"
    response = requests.post(
        world.oauth.token_url,
        data={
            "grant_type": "authorization_code",
            "client_id": client.id,
            "client_secret": client.secret,
            "code": query["code"],
            "code_verifier": "a-code-verifier-of-at-least-forty-three-characters",
        },
        timeout=60,
    )
    headers = {"Authorization": f"Bearer {response.json()['access_token']}"}
    user = requests.get(f"{world.base_url}/users/me", headers=headers, timeout=60).json()["authUser"]
    assert user["name"] == "Otto Other"


def test_a_person_refuses(page: Page, make: MakeEmulator, client: OAuthClient) -> None:
    show(page, NARROW, "dark", scripts=False)
    with app() as (redirect_uri, opened):
        page.open(authorization_url(make.world, client.id, redirect_uri))
        press(page, "refuse")
        assert query_of(opened.get_nowait())["error"] == "access_denied"


def test_a_person_leaves_out_scopes_of_an_mcp_client(page: Page, make: MakeEmulator) -> None:
    show(page, NARROW, "light")
    with app() as (redirect_uri, opened):
        metadata = {"client_name": "Agent", "redirect_uris": [redirect_uri]}
        agent = requests.post(f"{make.url}/oauth/v2/register/mcp", json=metadata, timeout=60).json()
        page.open(authorization_url(make.world, agent["client_id"], redirect_uri, scope="mcp:use,hooks:read"))
        page.evaluate("document.querySelector('input[value=\"hooks:read\"]').click()")
        press(page, "approve")
        assert "code" in query_of(opened.get_nowait())
    [grant] = [row for row in make.world.access_report() if row["label"] == "Agent"]
    assert grant["granted"] == ["mcp:use"]


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_the_page_fits_and_follows_the_colours_of_the_system(
    page: Page, make: MakeEmulator, size: tuple[int, int]
) -> None:
    agent = requests.post(
        f"{make.url}/oauth/v2/register/mcp",
        json={
            "client_name": "An agent with a long name " * 7,
            "redirect_uris": [f"https://app.example/{'x' * 300}"],
        },
        timeout=60,
    ).json()
    url = authorization_url(make.world, agent["client_id"], agent["redirect_uris"][0])
    colours = {}
    for scheme in ("light", "dark"):
        show(page, size, scheme)
        page.open(url)
        colours[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("document.querySelector('.card').scrollWidth <= innerWidth")
    assert colours["light"] != colours["dark"]


def test_another_site_can_neither_frame_nor_fill_the_page(
    page: Page, make: MakeEmulator, client: OAuthClient
) -> None:
    show(page, WIDE, "light")
    with app() as (redirect_uri, _):
        page.open(redirect_uri.replace("/callback", "/evil"))
        url = authorization_url(make.world, client.id, redirect_uri, nonce="framed")
        page.evaluate(
            f"""
            new Promise((resolve) => {{
              const frame = document.createElement("iframe");
              frame.onload = resolve;
              frame.src = {url!r};
              document.body.append(frame);
            }}).then(() => null)
            """
        )
        [frame] = page.call("Page.getFrameTree")["frameTree"]["childFrames"]
        assert frame["frame"]["url"].startswith("chrome-error:")
        page.submit(
            f"""
            document.body.innerHTML = '<form method="post" action="{make.url}/oauth/v2/authorize">'
              + '<input name="decision" value="approve"><input name="choice" value="1:1:default"></form>';
            document.forms[0].submit()
            """
        )
        assert page.evaluate("document.querySelector('h1').innerText") == "This request cannot be granted"
    assert client.id in {row["clientId"] for row in make.world.oauth.requests()}
