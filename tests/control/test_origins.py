"""Access to the control API: pages of other origins, content types, and headers of its responses."""

from __future__ import annotations

import gzip

import pytest
from werkzeug.test import TestResponse

from helpers.api import ApiClient, json_of
from make_emulator import MakeEmulator
from make_emulator.app import create_app

RESET = "/worlds/default/reset"
DEV_SERVER = "http://localhost:5173"


@pytest.fixture
def lenient() -> ApiClient:
    return ApiClient(create_app(allowed_origins=[f"{DEV_SERVER}/"]))


def names(api: ApiClient, **options: str) -> list[str]:
    return [row["name"] for row in json_of(api.control("GET", "/worlds", **options))["worlds"]]


def create(api: ApiClient, **headers: str) -> TestResponse:
    renamed = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.control("POST", "/worlds", json={"name": "mine"}, headers=renamed)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:8080"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "same-origin", "Origin": "http://localhost:8080"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "http://localhost"},
    ],
)
def test_a_page_of_another_origin_changes_nothing(api: ApiClient, headers: dict[str, str]) -> None:
    response = create(api, **headers)
    assert (response.status_code, json_of(response)["code"]) == (403, "SC403")
    assert "Access-Control-Allow-Origin" not in response.headers
    assert names(api) == ["default"]


def test_a_control_key_does_not_open_the_control_api_to_other_origins() -> None:
    api = ApiClient(create_app(control_key="k"))
    assert create(api, X_Emulator_Key="k", Origin="http://localhost:8080").status_code == 403
    assert create(api, X_Emulator_Key="k", Origin="http://localhost").status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec_Fetch_Site": "none"},
        {"Sec_Fetch_Site": "same-origin", "Origin": "http://localhost"},
        {"Origin": "https://localhost"},
    ],
)
def test_its_own_pages_and_programs_may_change_worlds(api: ApiClient, headers: dict[str, str]) -> None:
    assert create(api, **headers).status_code == 201


def test_a_link_from_another_site_opens_the_dashboard(api: ApiClient) -> None:
    response = api.control("GET", "/", headers={"Sec-Fetch-Site": "cross-site"})
    assert (response.status_code, response.mimetype) == (200, "text/html")


# --- allowed origins -----------------------------------------------------------------------------


def test_an_allowed_origin_may_change_worlds_and_read_them(lenient: ApiClient) -> None:
    response = create(lenient, Origin=DEV_SERVER, Sec_Fetch_Site="same-site")
    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (201, DEV_SERVER)
    assert "Origin" in response.headers["Vary"]
    assert create(lenient, Origin="http://localhost:5174").status_code == 403


def test_the_preflight_of_an_allowed_origin_is_granted_without_the_key() -> None:
    api = ApiClient(create_app(control_key="k", allowed_origins=[DEV_SERVER]))
    asked = {"Origin": DEV_SERVER, "Access-Control-Request-Method": "POST"}
    granted = api.control("OPTIONS", "/worlds", headers=asked)
    assert (granted.status_code, granted.get_data()) == (200, b"")
    assert granted.headers["Access-Control-Allow-Origin"] == DEV_SERVER
    assert granted.headers["Access-Control-Allow-Headers"] == "Content-Type, X-Emulator-Key"
    assert create(api, Origin=DEV_SERVER).status_code == 403
    assert create(api, Origin=DEV_SERVER, X_Emulator_Key="k").status_code == 201
    other = api.control("OPTIONS", "/worlds", headers={**asked, "Origin": "http://localhost:8080"})
    assert (other.status_code, "Access-Control-Allow-Origin" in other.headers) == (403, False)


@pytest.mark.parametrize("origin", ["localhost", "ftp://x", "http://", "http://x/path", "*", ""])
def test_what_is_no_origin_cannot_be_allowed(origin: str) -> None:
    with pytest.raises(ValueError, match="is not an origin"):
        create_app(allowed_origins=[origin])


# --- content types -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", ""],
)
def test_a_body_that_a_page_can_send_without_a_preflight_is_415(api: ApiClient, kind: str) -> None:
    response = api.control("POST", "/worlds", data=b'{"name": "mine"}', content_type=kind)
    assert response.status_code == 415
    assert json_of(response) == {
        "detail": "The body must be JSON, with content type application/json.",
        "message": "Unsupported Media Type",
        "code": "SC415",
    }
    assert names(api) == ["default"]


def test_a_compressed_body_is_415(api: ApiClient) -> None:
    headers = {"Content-Encoding": "gzip"}
    response = api.control("POST", "/worlds", data=gzip.compress(b"{}"), headers=headers)
    assert response.status_code == 415


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8"])
def test_a_body_of_json_is_taken(api: ApiClient, kind: str) -> None:
    assert api.control("POST", "/worlds", data=b"{}", content_type=kind).status_code == 201


def test_a_change_without_a_body_needs_no_content_type(api: ApiClient) -> None:
    assert api.control("POST", RESET).status_code == 200


# --- headers of responses ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("GET", "/worlds", 200),
        ("GET", "/worlds/default/snapshot", 200),
        ("GET", "/worlds/default/access-report?format=text", 200),
        ("GET", "/worlds/none", 404),
        ("GET", "/unknown", 404),
        ("DELETE", "/worlds", 405),
        ("GET", "/", 200),
    ],
)
def test_no_response_is_stored_or_has_its_type_guessed(
    api: ApiClient, method: str, path: str, status: int
) -> None:
    response = api.control(method, path)
    assert response.status_code == status
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_the_clients_of_the_package_pass() -> None:
    with MakeEmulator() as make:
        world = make.create_world("mine")
        attached = MakeEmulator.attach(make.url).get_world("mine")
        attached.clock.freeze()
        attached.restore(attached.snapshot())
        assert world.base_url == attached.base_url
