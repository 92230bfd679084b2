from __future__ import annotations

from typing import Any

import pytest

from helpers.api import ApiClient, assert_status
from helpers.oauth import CALLBACK, CHALLENGE, CLIENT_ID, PKCE, OAuthHarness, query_of


def refused(oauth: OAuthHarness, code: str, **parameters: str | None) -> str:
    """Assert that a request is refused by a redirect; return the description of the error."""
    response = oauth.authorize(**parameters)
    assert response.status_code == 302
    assert response.headers["Location"].startswith((parameters.get("redirect_uri") or CALLBACK) + "?")
    query = query_of(response.headers["Location"])
    assert query.pop("state") == "s-1"
    assert query.pop("error") == code
    return query.pop("error_description")


def test_a_valid_request_shows_the_page_and_waits(oauth: OAuthHarness) -> None:
    response = oauth.authorize(scope="scenarios:read,openid teams:read", nonce="n", **PKCE)
    assert response.status_code == 200
    assert response.content_type == "text/html; charset=utf-8"
    assert oauth.waiting() == [
        {
            "id": 1,
            "clientId": CLIENT_ID,
            "clientName": "Example App",
            "dynamic": False,
            "redirectUri": CALLBACK,
            "scopes": ["openid", "scenarios:read", "teams:read"],
            "state": "s-1",
            "resource": None,
        }
    ]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"client_id": None}, "The parameter client_id is missing."),
        ({"client_id": ""}, "The parameter client_id is missing."),
        ({"client_id": "unknown"}, "There is no client of this client_id."),
        ({"redirect_uri": None}, "The parameter redirect_uri is missing."),
        (
            {"redirect_uri": "https://evil.example/cb"},
            "The redirect_uri is not one that the client registered.",
        ),
        ({"redirect_uri": "http://127.0.0.1.evil.example/"}, "The redirect_uri is not one"),
        ({"redirect_uri": "http://127.0.0.1/cb#fragment"}, "The redirect_uri is not one"),
        ({"redirect_uri": "http://user@127.0.0.1/cb"}, "The redirect_uri is not one"),
        ({"redirect_uri": "http://127.0.0.1\\@evil.example/"}, "The redirect_uri is not one"),
        ({"redirect_uri": "javascript:alert(1)"}, "The redirect_uri is not one"),
        ({"redirect_uri": "http://[::1"}, "The redirect_uri is not one"),
    ],
)
def test_an_untrusted_request_gets_a_page_and_no_redirect(
    oauth: OAuthHarness, parameters: dict[str, str | None], reason: str
) -> None:
    response = oauth.authorize(**parameters)
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert reason in response.get_data(as_text=True)
    assert oauth.waiting() == []


def test_a_repeated_parameter_gets_a_page(oauth: OAuthHarness) -> None:
    path = f"/oauth/v2/authorize?client_id={CLIENT_ID}&redirect_uri={CALLBACK}&state=a&state=b&response_type=code"
    response = oauth.get(path)
    assert response.status_code == 400
    assert "The parameter state occurs more than once." in response.get_data(as_text=True)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"scope": "scenarios:read nonsense"}, "invalid_scope"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1], "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "=", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://app.example/request"}, "request_uri_not_supported"),
        ({"resource": "https://evil.example/"}, "invalid_target"),
        ({"resource": "http://localhost/#part"}, "invalid_target"),
        ({"resource": "not a url"}, "invalid_target"),
        ({"prompt": "none"}, "consent_required"),
    ],
)
def test_an_invalid_request_is_refused_by_a_redirect(
    oauth: OAuthHarness, parameters: dict[str, str | None], code: str
) -> None:
    assert refused(oauth, code, **parameters).endswith(".")
    assert oauth.waiting() == []


def test_a_scope_that_the_client_is_not_registered_for_is_refused(oauth: OAuthHarness) -> None:
    client = oauth.create_client(scopes=["teams:read"])
    reason = refused(oauth, "invalid_scope", client_id=client["id"], scope="teams:read scenarios:read")
    assert reason == "The client may not ask for scenarios:read."


def test_a_description_has_only_characters_that_the_protocol_allows(oauth: OAuthHarness) -> None:
    reason = refused(oauth, "invalid_scope", scope='"\\ü')
    assert reason == "The client may not ask for ???."


def test_without_a_scope_all_of_the_client_are_asked_for(oauth: OAuthHarness) -> None:
    client = oauth.create_client(scopes=["teams:read", "openid"])
    assert_status(oauth.authorize(client_id=client["id"]))
    assert oauth.waiting()[0]["scopes"] == ["openid", "teams:read"]


def test_a_public_client_must_use_pkce(oauth: OAuthHarness) -> None:
    client = oauth.create_client(public=True)
    reason = refused(oauth, "invalid_request", client_id=client["id"])
    assert reason == "This client must send a code_challenge (PKCE)."
    assert_status(oauth.authorize(client_id=client["id"], **PKCE))


def test_redirect_uris_are_compared_exactly_but_for_the_port_on_loopback(oauth: OAuthHarness) -> None:
    client = oauth.create_client(
        redirectUris=["https://app.example/cb?x=1", "http://localhost/cb", "app.example:/cb"],
        allowLoopback=False,
    )
    accepted = {
        "https://app.example/cb?x=1": 200,
        "https://app.example/cb": 400,
        "https://app.example:443/cb?x=1": 400,
        "https://app.example/cb?x=1&y=2": 400,
        "https://APP.example/cb?x=1": 400,
        "app.example:/cb": 200,
        "http://localhost/cb": 200,
        "http://localhost:49152/cb": 200,
        "http://localhost:49152/cb/": 400,
        "http://localhost:49152/other": 400,
        "http://127.0.0.1:49152/cb": 400,
        "https://localhost:49152/cb": 400,
        "http://localhost:99999/cb": 400,
    }
    found = {uri: oauth.authorize(client_id=client["id"], redirect_uri=uri).status_code for uri in accepted}
    assert found == accepted


def test_the_code_is_added_to_the_query_of_the_redirect_uri(oauth: OAuthHarness) -> None:
    client = oauth.create_client(redirectUris=["https://app.example/cb?x=a%20b"], allowLoopback=False)
    assert_status(
        oauth.authorize(client_id=client["id"], redirect_uri=client["redirectUris"][0], state="a b&c=d")
    )
    response = oauth.api.control("POST", "/worlds/default/oauth/requests/1/approve")
    location = assert_status(response)["redirectTo"]
    assert location.startswith("https://app.example/cb?x=a%20b&code=")
    assert query_of(location)["state"] == "a b&c=d"


def test_a_client_that_needs_no_consent_gets_its_code_at_once(oauth: OAuthHarness) -> None:
    client = oauth.create_client(autoApprove=True, scopes=["teams:read"])
    response = oauth.authorize(client_id=client["id"], prompt="none")
    assert response.status_code == 302
    query = query_of(response.headers["Location"])
    assert set(query) == {"code", "state"}
    assert response.get_data() == b""
    token = oauth.token(client_id=client["id"], client_secret=client["secret"], code=query["code"])
    assert oauth.call("/teams/1", assert_status(token)["access_token"]).status_code == 200


def test_a_reloaded_page_is_the_same_request(oauth: OAuthHarness) -> None:
    assert_status(oauth.authorize())
    assert_status(oauth.authorize())
    assert_status(oauth.authorize(state="other"))
    assert [row["state"] for row in oauth.waiting()] == ["s-1", "other"]


def test_a_request_is_decided_once(oauth: OAuthHarness) -> None:
    assert_status(oauth.authorize())
    assert set(oauth.approve(1)) == {"code", "state"}
    for decision in ("approve", "refuse"):
        response = oauth.api.control("POST", f"/worlds/default/oauth/requests/1/{decision}")
        assert response.status_code == 404
    assert oauth.waiting() == []


def test_a_refused_request_tells_the_client(oauth: OAuthHarness) -> None:
    assert_status(oauth.authorize())
    response = oauth.api.control("POST", "/worlds/default/oauth/requests/1/refuse")
    query = query_of(assert_status(response)["redirectTo"])
    assert query == {"error": "access_denied", "error_description": "The user refused.", "state": "s-1"}


def test_a_user_grants_some_of_the_scopes_for_one_organization(oauth: OAuthHarness) -> None:
    assert_status(oauth.authorize(scope="teams:read scenarios:read"))
    approval: dict[str, Any] = {"userId": 2, "organizationId": 2, "scopes": ["teams:read"]}
    tokens = assert_status(oauth.token(code=oauth.approve(1, **approval)["code"]))
    assert tokens["scope"] == "teams:read"
    assert oauth.call("/users/me", tokens["access_token"]).get_json()["authUser"]["id"] == 2
    assert oauth.call("/scenarios?teamId=2", tokens["access_token"]).status_code == 403


@pytest.mark.parametrize(
    ("approval", "reason"),
    [
        ({"userId": 99}, "There is no such user."),
        ({"organizationId": 2}, "The user does not belong to that organization."),
        ({"userId": 2, "organizationId": 1}, "The user does not belong to that organization."),
        (
            {"scopes": ["scenarios:read"]},
            "The granted scopes must be some of the requested ones.",
        ),
        ({"scopes": []}, "The granted scopes must be some of the requested ones."),
        ({"scopes": [1]}, "Parameter 'scopes' must be a list of strings."),
        ({"userId": "1"}, "Invalid value of parameter 'userId'."),
    ],
)
def test_a_wrong_approval_leaves_the_request_waiting(
    oauth: OAuthHarness, approval: dict[str, object], reason: str
) -> None:
    assert_status(oauth.authorize(scope="teams:read"))
    response = oauth.api.control("POST", "/worlds/default/oauth/requests/1/approve", json=approval)
    assert (response.status_code, response.get_json()["detail"]) == (400, reason)
    assert len(oauth.waiting()) == 1
    assert len(oauth.api.world.oauth_grants) == 0


def test_a_request_belongs_to_the_world_of_its_client(oauth: OAuthHarness, api: ApiClient) -> None:
    api.control("POST", "/worlds", json={"name": "other"})
    assert_status(oauth.authorize())
    assert oauth.waiting("other") == []
    response = api.control("POST", "/worlds/other/oauth/requests/1/approve")
    assert response.status_code == 404
    other = oauth.create_client("other")
    assert_status(oauth.authorize(client_id=other["id"]))
    assert [row["clientId"] for row in oauth.waiting("other")] == [other["id"]]


def test_the_request_of_a_client_that_is_gone_waits_no_longer(oauth: OAuthHarness, api: ApiClient) -> None:
    client = oauth.create_client()
    assert_status(oauth.authorize(client_id=client["id"]))
    api.control("POST", "/worlds/default/reset")
    assert oauth.waiting() == []
    assert api.control("POST", "/worlds/default/oauth/requests/1/approve").status_code == 404


def test_the_request_of_a_client_that_registered_itself_is_shown_in_every_world(
    oauth: OAuthHarness, api: ApiClient
) -> None:
    api.control("POST", "/worlds", json={"name": "other"})
    client = oauth.register()
    resource = "http://localhost/"
    assert_status(
        oauth.authorize(
            client_id=client["client_id"], scope="openid email profile", resource=resource, **PKCE
        )
    )
    [row] = oauth.waiting("other")
    assert oauth.waiting() == [row]
    assert (row["dynamic"], row["clientName"], row["resource"]) == (True, "Agent", resource)
    assert "mcp:use" in row["scopes"]
    assert not {"openid", "admin:read", "admin:write"} & set(row["scopes"])
    oauth.approve(row["id"], "other")
    assert oauth.waiting() == []
    assert client["client_id"] in registry_world(api, "other")
    assert client["client_id"] not in registry_world(api, "default")


def registry_world(api: ApiClient, name: str) -> list[str]:
    """The ids of the clients of a world."""
    rows = assert_status(api.control("GET", f"/worlds/{name}/oauth/clients"))["clients"]
    return [row["id"] for row in rows]


def test_a_client_that_registered_itself_must_use_pkce(oauth: OAuthHarness) -> None:
    client = oauth.register()
    reason = refused(oauth, "invalid_request", client_id=client["client_id"])
    assert reason == "This client must send a code_challenge (PKCE)."


def test_a_client_that_registered_itself_is_asked_for_the_scopes_it_names(oauth: OAuthHarness) -> None:
    client = oauth.register()
    assert_status(oauth.authorize(client_id=client["client_id"], scope="mcp:use profile", **PKCE))
    assert oauth.waiting()[0]["scopes"] == ["mcp:use"]


def test_waiting_requests_are_bounded(oauth: OAuthHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("make_emulator.oauth.authorization_server.MAX_REQUESTS", 3)
    for number in range(5):
        assert_status(oauth.authorize(state=str(number)))
    assert [row["state"] for row in oauth.waiting()] == ["2", "3", "4"]


def test_faults_and_the_log_are_those_of_the_world_of_the_client(oauth: OAuthHarness, api: ApiClient) -> None:
    api.control("POST", "/worlds", json={"name": "other"})
    other = oauth.create_client("other", name="Other app")
    api.control("POST", "/worlds/other/faults", json={"path": "/oauth/*", "status": 503})
    assert oauth.authorize(client_id=other["id"]).status_code == 503
    assert oauth.authorize().status_code == 200
    [entry] = api.control("GET", "/worlds/other/requests").get_json()["requests"]
    assert entry["sentence"].startswith("GET /oauth/v2/authorize by client Other app -> 503")
    [entry] = api.control("GET", "/worlds/default/requests").get_json()["requests"]
    assert entry["sentence"] == "GET /oauth/v2/authorize by client Example App -> 200"
    assert entry["responseBody"] is None, "a page has a ticket"
