"""The consent page of the authorization server, as a browser without scripts uses it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from werkzeug.test import TestResponse

from helpers.api import ADMIN_TOKEN, NOON, OUTSIDER_TOKEN, READER_TOKEN, ApiClient, assert_ok, assert_status
from helpers.oauth import CALLBACK, PKCE, VERIFIER, OAuthHarness, query_of
from make_emulator.app import create_app

REMOTE = {"REMOTE_ADDR": "192.0.2.7"}


class Form(HTMLParser):
    """The form of a page: the values that a browser sends, and the choices."""

    def __init__(self, response: TestResponse, status: int = 200) -> None:
        super().__init__()
        assert response.status_code == status, response.get_data(as_text=True)
        self.fields: list[tuple[str, str]] = []
        self.choices: list[str] = []
        self.text = ""
        self._in_style = False
        self.html = response.get_data(as_text=True)
        self.feed(self.html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._in_style = tag in ("style", "script")
        if tag == "form":
            assert (values["method"], values["action"]) == ("post", "/oauth/v2/authorize")
        if tag != "input":
            return
        if values["type"] == "radio":
            self.choices.append(values["value"])
        if values["type"] == "hidden" or "checked" in values:
            self.fields.append((values["name"], values["value"]))

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self.text += data + " "

    def data(self, **changes: Any) -> dict[str, Any]:
        """The fields as they are sent, with changes."""
        values: dict[str, Any] = {}
        for name, value in self.fields:
            values.setdefault(name, []).append(value)
        return {name: value for name, value in {**values, **changes}.items() if value is not None}


def send(
    oauth: OAuthHarness, form: Form, *, headers: dict[str, str] | None = None, **changes: Any
) -> TestResponse:
    return oauth.post("/oauth/v2/authorize", data=form.data(**changes), headers=headers)


def location_of(response: TestResponse) -> str:
    assert response.status_code == 302, response.get_data(as_text=True)
    assert response.get_data() == b""
    assert response.headers["Referrer-Policy"] == "no-referrer"
    return response.headers["Location"]


def test_the_page_names_client_scopes_users_and_organizations(oauth: OAuthHarness) -> None:
    form = Form(oauth.authorize(scope="openid scenarios:run teams:read,teams:write"))
    assert "Example App asks for access" in form.text
    assert CALLBACK in form.text
    for sentence in ("Know who you are", "Run your scenarios", "View and modify your teams"):
        assert sentence in form.text
    assert "Example Organization Ada Maker" in form.text
    assert "Example Organization Mia Member" in form.text
    assert form.choices == ["1:1:default", "2:2:default", "3:1:default"]


def test_approving_leads_back_to_the_client_with_a_code(oauth: OAuthHarness) -> None:
    form = Form(oauth.authorize(scope="teams:read"))
    response = send(oauth, form, decision="approve", choice="2:2:default")
    location = location_of(response)
    assert location.startswith(CALLBACK + "?code=")
    tokens = assert_ok(oauth.token(code=query_of(location)["code"]))
    assert assert_ok(oauth.call("/users/me", tokens["access_token"]))["authUser"]["name"] == "Otto Other"
    assert oauth.call("/teams/1", tokens["access_token"]).status_code == 404
    [entry] = [
        row
        for row in oauth.api.control("GET", "/worlds/default/requests").get_json()["requests"]
        if (row["method"], row["path"]) == ("POST", "/oauth/v2/authorize")
    ]
    assert (entry["user"], entry["organizationId"], entry["status"]) == ("Otto Other", 2, 302)
    assert entry["requestBody"]["csrf_token"] == "********"


def test_refusing_leads_back_to_the_client_with_an_error(oauth: OAuthHarness) -> None:
    form = Form(oauth.authorize())
    location = location_of(send(oauth, form, decision="refuse"))
    assert query_of(location) == {
        "error": "access_denied",
        "error_description": "The user refused.",
        "state": "s-1",
    }
    assert oauth.waiting() == []


def test_the_policy_allows_no_script_of_others_and_no_frame(oauth: OAuthHarness) -> None:
    response = oauth.authorize()
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert policy.endswith("form-action 'self' http: https:")
    assert "unsafe" not in policy
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_the_form_may_lead_to_the_scheme_of_a_native_app(oauth: OAuthHarness) -> None:
    client = oauth.register(redirect_uris=["cursor://app/cb"])
    response = oauth.authorize(client_id=client["client_id"], redirect_uri="cursor://app/cb", **PKCE)
    assert response.headers["Content-Security-Policy"].endswith("form-action 'self' http: https: cursor:")
    form = Form(response)
    assert location_of(send(oauth, form, decision="approve")).startswith("cursor://app/cb?code=")


def test_names_are_escaped(oauth: OAuthHarness) -> None:
    client = oauth.register(client_name="<script>alert(1)</script>\"'")
    form = Form(oauth.authorize(client_id=client["client_id"], **PKCE))
    assert "<script>alert" not in form.html
    assert "&lt;script&gt;alert(1)" in form.html


def test_the_user_of_an_mcp_client_chooses_scopes_and_world(oauth: OAuthHarness, api: ApiClient) -> None:
    api.control("POST", "/worlds", json={"name": "a:b ü"})
    client = oauth.register()
    form = Form(oauth.authorize(client_id=client["client_id"], scope="mcp:use scenarios:run", **PKCE))
    assert "Ada Maker, world a:b ü" in form.text
    assert form.data()["scope"] == ["mcp:use", "scenarios:run"]
    choice = next(each for each in form.choices if each.startswith("1:1:a"))
    location = location_of(send(oauth, form, decision="approve", choice=choice, scope=["mcp:use"]))
    tokens = assert_ok(
        oauth.token(
            code=query_of(location)["code"],
            client_id=client["client_id"],
            client_secret=client["client_secret"],
            code_verifier=VERIFIER,
        )
    )
    assert tokens["scope"] == "mcp:use"
    assert len(api.world.oauth_grants) == 0, "the grant belongs to the other world"


def test_without_a_scope_there_is_nothing_to_approve(oauth: OAuthHarness) -> None:
    client = oauth.register()
    form = Form(oauth.authorize(client_id=client["client_id"], **PKCE))
    again = Form(send(oauth, form, decision="approve", scope=None), 400)
    assert "The granted scopes must be some of the requested ones." in again.text
    assert location_of(send(oauth, again, decision="approve")).startswith(CALLBACK)


@pytest.mark.parametrize("choice", [None, "", "1:2:default", "9:9:default", "1:1:nowhere", "x", "1:1"])
def test_a_choice_that_was_not_offered_is_refused(oauth: OAuthHarness, choice: str | None) -> None:
    form = Form(oauth.authorize())
    again = Form(send(oauth, form, decision="approve", choice=choice), 400)
    assert "Choose a user and an organization." in again.text
    assert len(oauth.waiting()) == 1


def test_a_form_without_a_decision_is_shown_again(oauth: OAuthHarness) -> None:
    form = Form(oauth.authorize())
    again = Form(send(oauth, form), 400)
    assert "Approve or refuse." in again.text
    assert again.data()["csrf_token"] != form.data()["csrf_token"]


@pytest.mark.parametrize("csrf_token", [None, "", "forged"])
def test_a_form_without_its_ticket_is_refused(oauth: OAuthHarness, csrf_token: str | None) -> None:
    form = Form(oauth.authorize())
    response = send(oauth, form, decision="approve", csrf_token=csrf_token)
    assert response.status_code == 403
    assert "This page was used before, or is too old." in response.get_data(as_text=True)
    assert len(oauth.waiting()) == 1


def test_a_page_decides_once(oauth: OAuthHarness) -> None:
    form = Form(oauth.authorize())
    location_of(send(oauth, form, decision="approve"))
    assert send(oauth, form, decision="approve").status_code == 403
    assert len(oauth.api.world.oauth_grants) == 1


def test_a_page_whose_request_was_decided_elsewhere_is_refused(oauth: OAuthHarness) -> None:
    form = Form(oauth.authorize())
    oauth.approve(1)
    assert send(oauth, form, decision="approve").status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_form_of_another_site_is_refused(oauth: OAuthHarness, headers: dict[str, str]) -> None:
    form = Form(oauth.authorize())
    assert send(oauth, form, headers=headers, decision="approve").status_code == 403
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    location_of(send(oauth, form, headers=own, decision="approve"))


def test_the_page_is_served_under_makes_host(api: ApiClient) -> None:
    oauth = OAuthHarness(api, base_url="https://www.make.com")
    form = Form(oauth.authorize())
    assert form.choices
    location_of(send(oauth, form, decision="approve", headers={"Origin": "https://www.make.com"}))


# --- from elsewhere ------------------------------------------------------------------------------------


def remote_page(oauth: OAuthHarness, **parameters: str) -> TestResponse:
    query = {
        "client_id": "44444444-4444-4444-8444-444444444444",
        "redirect_uri": CALLBACK,
        "response_type": "code",
    }
    return oauth.get("/oauth/v2/authorize", query_string={**query, **parameters}, environ_overrides=REMOTE)


def log_in(oauth: OAuthHarness, form: Form, secret: str) -> TestResponse:
    return oauth.post("/oauth/v2/authorize", data=form.data(api_token=secret), environ_overrides=REMOTE)


def test_a_caller_from_elsewhere_sees_no_users_and_logs_in_with_a_token(oauth: OAuthHarness) -> None:
    form = Form(remote_page(oauth))
    assert "Log in to continue to Example App" in form.text
    assert "Ada" not in form.text
    page = Form(log_in(oauth, form, f" {OUTSIDER_TOKEN.upper()} "))
    assert page.choices == ["2:2:default"]
    forged = page.data(decision="approve", choice="1:1:default")
    response = oauth.post("/oauth/v2/authorize", data=forged, environ_overrides=REMOTE)
    again = Form(response, 400)
    assert again.choices == ["2:2:default"]
    response = oauth.post(
        "/oauth/v2/authorize", data=again.data(decision="approve"), environ_overrides=REMOTE
    )
    tokens = assert_ok(oauth.token(code=query_of(location_of(response))["code"]))
    assert assert_ok(oauth.call("/users/me", tokens["access_token"]))["authUser"]["id"] == 2


def test_a_token_that_logs_in_grants_no_more_than_its_own_scopes(oauth: OAuthHarness) -> None:
    form = Form(remote_page(oauth, scope="openid teams:read teams:write"))
    page = Form(log_in(oauth, form, READER_TOKEN))
    assert "View your teams" in page.text
    assert "modify" not in page.text
    forged = page.data(decision="approve", scope=["teams:write"])
    response = oauth.post("/oauth/v2/authorize", data=forged, environ_overrides=REMOTE)
    tokens = assert_ok(oauth.token(code=query_of(location_of(response))["code"]))
    assert tokens["scope"] == "openid teams:read"

    agent = oauth.register()
    query = {"client_id": agent["client_id"], "scope": "mcp:use teams:read teams:write", **PKCE}
    page = Form(log_in(oauth, Form(remote_page(oauth, **query)), READER_TOKEN))
    assert page.data()["scope"] == ["teams:read"]
    forged = page.data(decision="approve", scope=["teams:write"])
    again = Form(oauth.post("/oauth/v2/authorize", data=forged, environ_overrides=REMOTE), 400)
    assert again.data()["scope"] == ["teams:read"]

    query = {"client_id": agent["client_id"], "scope": "teams:write", **PKCE}
    refused = Form(log_in(oauth, Form(remote_page(oauth, **query)), READER_TOKEN), 403)
    assert "The token has none of the requested scopes." in refused.text


@pytest.mark.parametrize("secret", ["", "wrong", "44444444-4444-4444-8444-444444444444", "emulator-secret"])
def test_a_wrong_token_does_not_log_in(oauth: OAuthHarness, secret: str) -> None:
    again = Form(log_in(oauth, Form(remote_page(oauth)), secret), 403)
    assert "There is no such token." in again.text
    assert again.choices == []


def test_an_access_token_and_a_token_of_another_world_do_not_log_in(
    oauth: OAuthHarness, api: ApiClient
) -> None:
    tokens = oauth.tokens()
    form = Form(remote_page(oauth))
    assert log_in(oauth, form, tokens["access_token"]).status_code == 403
    other = assert_status(api.control("POST", "/worlds", json={"name": "other"}), 201)["world"]
    assert log_in(oauth, form, other["token"]).status_code == 403


@pytest.mark.parametrize("request_id", ["99", "x", "", "1" * 40, "-1", "²"])
def test_a_login_for_no_request_is_refused(oauth: OAuthHarness, request_id: str) -> None:
    form = Form(remote_page(oauth))
    response = oauth.post(
        "/oauth/v2/authorize",
        data=form.data(request_id=request_id, api_token=ADMIN_TOKEN),
        environ_overrides=REMOTE,
    )
    assert response.status_code == 400


def test_the_control_key_logs_in_as_anybody() -> None:
    api = ApiClient(create_app(now=NOON, control_key="open-sesame"))
    oauth = OAuthHarness(api)
    form = Form(oauth.authorize())
    assert form.choices == [], "with a control key loopback is no reason to trust"
    page = Form(log_in(oauth, form, "open-sesame"))
    assert len(page.choices) == 3
    assert log_in(oauth, Form(oauth.authorize()), "open-sesame!").status_code == 403
    log = api.control("GET", "/worlds/default/requests", headers={"X-Emulator-Key": "open-sesame"})
    assert "open-sesame" not in log.get_data(as_text=True)
