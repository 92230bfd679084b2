from __future__ import annotations

import pytest

from helpers.api import ApiClient
from helpers.html_page import Page
from make_emulator.app import create_app

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
CLIENTS: tuple[dict[str, str], ...] = ({}, {"Accept": "*/*"}, {"Accept": "application/json"})
EVIL = "<img src=x onerror=alert(1)>"


def test_the_root_leads_a_browser_to_the_studio(api: ApiClient) -> None:
    client = api.app.test_client()
    response = client.get("/", headers=BROWSER)
    assert (response.status_code, response.headers["Location"]) == (302, "/_emulator/studio")
    assert "studio.js" in client.get("/", headers=BROWSER, follow_redirects=True).get_data(as_text=True)


@pytest.mark.parametrize("headers", CLIENTS)
def test_the_root_has_nothing_for_other_clients(api: ApiClient, headers: dict[str, str]) -> None:
    response = api.app.test_client().get("/", headers=headers)
    assert response.status_code == 404
    assert response.json is not None
    assert response.json["code"] == "SC404"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/_emulator/unknown", "/_emulator/unknown"),
        ("/_emulator/?world=nowhere", "There is no world named 'nowhere'."),
        (f"/_emulator/?world={EVIL}", f"There is no world named '{EVIL}'."),
        ("/_emulator/execution?world=default&id=0", "There is no execution"),
        ("/_emulator/worlds/nowhere/requests", "There is no world named 'nowhere'."),
        ("/unknown", "The server has no page /unknown."),
    ],
)
def test_a_browser_gets_a_page_that_leads_to_the_studio(api: ApiClient, path: str, text: str) -> None:
    client = api.app.test_client()
    shown = Page(client.get(path, headers=BROWSER), 404)
    assert text in shown.text
    assert "/_emulator/studio" in shown.values("href")
    assert "img" not in {tag for tag, _ in shown.elements}
    for headers in CLIENTS:
        response = client.get(path, headers=headers)
        assert response.status_code == 404
        assert response.is_json


@pytest.mark.parametrize(
    "path", ["/api/v2/unknown", "/hook/unknown", "/oauth/unknown", "/.well-known/unknown"]
)
def test_the_protocols_answer_a_browser_as_anybody(api: ApiClient, path: str) -> None:
    client = api.app.test_client()
    shown, plain = client.get(path, headers=BROWSER), client.get(path)
    assert shown.status_code == plain.status_code
    assert shown.content_type == plain.content_type
    assert "html" not in shown.content_type
    assert shown.get_data() == plain.get_data()


def test_a_change_is_answered_in_json_whoever_sends_it(api: ApiClient) -> None:
    response = api.control("POST", "/worlds/nowhere/reset", headers=BROWSER)
    assert response.status_code == 404
    assert response.is_json


def test_a_browser_without_access_gets_a_page_that_shows_nothing() -> None:
    api = ApiClient(create_app(control_key="sesame"))
    shown = Page(api.control("GET", "/worlds/nowhere", headers=BROWSER), 403)
    assert "X-Emulator-Key" in shown.text
    assert "nowhere" not in shown.text
