from __future__ import annotations

from helpers.api import ADMIN_TOKEN, READER_TOKEN, ApiClient, assert_ok, assert_refused, suberror_messages
from helpers.api_resources import create_connection, create_make_connection
from make_emulator.world.connections import all_connection_types

RECORDED = [
    "id",
    "name",
    "accountName",
    "accountLabel",
    "packageName",
    "expire",
    "metadata",
    "teamId",
    "theme",
    "upgradeable",
    "scopesCnt",
    "scoped",
    "accountType",
    "editable",
    "uid",
    "connectedSystemId",
    "authorId",
]
SECRET = "very-secret-value-4711"


# --- reading -------------------------------------------------------------------------------------


def test_the_list_has_the_recorded_form_and_no_page(api: ApiClient) -> None:
    response = assert_ok(api.get("/connections?teamId=1&pg[limit]=1"))
    assert list(response) == ["connections"]
    assert [row["name"] for row in response["connections"]] == ["Reporting Sheets", "Team Slack"]
    assert list(response["connections"][0]) == [*RECORDED, "scenarioUsages"]
    assert response["connections"][1]["scenarioUsages"] == [{"id": 3, "name": "Weekly report"}]


def test_one_connection_comes_with_its_scopes(api: ApiClient) -> None:
    connection = assert_ok(api.get("/connections/1"))["connection"]
    assert list(connection) == [*RECORDED, "scopes"]
    assert connection["scopes"] == [{"id": "chat:write", "account": "slack"}]
    assert connection["scopesCnt"] == 1


def test_the_organization_comes_only_when_it_is_requested(api: ApiClient) -> None:
    path = "/connections/1?cols[]=organizationId&cols[]=id"
    assert assert_ok(api.get(path)) == {"connection": {"organizationId": 1, "id": 1}}
    listed = assert_ok(api.get("/connections?teamId=1&cols[]=name"))["connections"]
    assert listed == [{"name": "Reporting Sheets"}, {"name": "Team Slack"}]


def test_the_list_is_of_one_team_and_of_the_types_requested(api: ApiClient) -> None:
    assert "Missing value of required parameter 'teamId'." in suberror_messages(api.get("/connections"))
    for query in ("type[]=google", "type=google", "type[]=google&type[]=unheard-of"):
        rows = assert_ok(api.get(f"/connections?teamId=1&{query}"))["connections"]
        assert [row["name"] for row in rows] == ["Reporting Sheets"]
    assert_refused(api.get("/connections?teamId=2"), 403, code="IM002")


def test_scoped_says_whether_a_type_has_the_queried_scopes(api: ApiClient) -> None:
    def scoped(query: str) -> dict[str, bool]:
        rows = assert_ok(api.get(f"/connections?teamId=1&{query}"))["connections"]
        return {row["accountName"]: row["scoped"] for row in rows}

    assert scoped("type[]=slack&slack[]=chat:write") == {"slack": True}
    assert scoped("type[]=slack&slack[]=chat:write&slack[]=files:read") == {"slack": False}
    both = "type%5B%5D=slack&type%5B%5D=google&google%5B%5D=https%3A%2F%2Fmail.google.com%2F"
    assert scoped(both) == {"google": False, "slack": True}
    # A scope test goes with its type in `type[]`.
    assert scoped("slack[]=files:read") == {"google": True, "slack": True}


def test_connections_of_others_do_not_exist(api: ApiClient) -> None:
    for method, path in (
        ("GET", "/connections/1"),
        ("DELETE", "/connections/1"),
        ("POST", "/connections/1/test"),
    ):
        outsider = api.call(method, path, token="33333333-3333-4333-8333-333333333333")
        assert_refused(outsider, 404, detail="Connection '1' not found.", code="SC404")


# --- creating ------------------------------------------------------------------------------------


def test_a_connection_is_created_under_swapped_names(api: ApiClient) -> None:
    body = {
        "accountName": "Our Make",
        "accountType": "make",
        "url": "https://eu1.make.com",
        "apiKey": ADMIN_TOKEN,
    }
    created = assert_ok(api.post("/connections?teamId=1", json=body))["connection"]
    assert list(created) == [("scopes" if name == "scopesCnt" else name) for name in RECORDED]
    assert (created["name"], created["accountName"], created["accountLabel"]) == ("Our Make", "make", "Make")
    assert (created["accountType"], created["editable"], created["scopes"]) == ("basic", True, 0)
    assert (created["teamId"], created["authorId"], created["metadata"]) == (1, 1, None)
    assert assert_ok(api.get(f"/connections/{created['id']}"))["connection"]["scopesCnt"] == 0


def test_the_team_goes_into_the_query(api: ApiClient) -> None:
    body = {"accountName": "x", "accountType": "make", "url": "u", "apiKey": "k", "teamId": 1}
    assert "Missing value of required parameter 'teamId'." in suberror_messages(
        api.post("/connections", json=body)
    )
    assert suberror_messages(api.post("/connections?teamId=1", json=body)) == ["Unknown parameter 'teamId'."]
    assert_refused(api.post("/connections?teamId=2", json=body), 403, code="IM002")


def test_name_and_type_are_needed(api: ApiClient) -> None:
    assert sorted(suberror_messages(api.post("/connections?teamId=1", json={}))) == [
        "Missing value of required parameter 'accountName'.",
        "Missing value of required parameter 'accountType'.",
    ]
    body = {"accountName": "x" * 129, "accountType": "make", "url": "u", "apiKey": "k"}
    assert suberror_messages(api.post("/connections?teamId=1", json=body)) == [
        "Parameter 'accountName' has a wrong length."
    ]


def test_an_unknown_type_is_rejected_in_makes_words(api: ApiClient) -> None:
    response = api.post("/connections?teamId=1", json={"accountName": "x", "accountType": "oauth"})
    assert_refused(response, 424, detail="Failed to load manifest for connection 'oauth'", code="SC424")
    assert len(api.world.connections.where(team=1)) == 2


def test_the_fields_of_a_type_are_checked(api: ApiClient) -> None:
    body = {"accountName": "x", "accountType": "make", "url": "", "colour": "red"}
    assert suberror_messages(api.post("/connections?teamId=1", json=body)) == [
        "Missing value of required parameter 'url'.",
        "Missing value of required parameter 'apiKey'.",
        "Unknown parameter 'colour'.",
    ]
    nested = {"accountName": "x", "accountType": "make", "url": "u", "apiKey": {"key": SECRET}}
    response = api.post("/connections?teamId=1", json=nested)
    assert suberror_messages(response) == ["Parameter 'apiKey' must be a string, a number or a boolean."]
    assert SECRET not in response.get_data(as_text=True)


def test_a_type_without_scopes_takes_none(api: ApiClient) -> None:
    body = {"accountName": "x", "accountType": "make", "url": "u", "apiKey": "k", "scopes": ["read"]}
    assert_refused(api.post("/connections?teamId=1", json=body), 400, detail="Invalid scope", code="IM005")
    created = create_connection(api, "slack2", scopes=["chat:write", "files:read", "chat:write"])
    assert (created["accountType"], created["scopes"], created["editable"]) == ("oauth", 2, False)


def test_every_type_can_be_created(api: ApiClient) -> None:
    assert len(all_connection_types()) >= 40
    for kind in all_connection_types().values():
        created = create_connection(api, kind.id, **dict.fromkeys(kind.required, "x"))
        assert (created["accountName"], created["accountLabel"]) == (kind.id, kind.label)
        assert created["accountType"] in ("basic", "oauth")


# --- changing ------------------------------------------------------------------------------------


def test_any_connection_can_be_renamed(api: ApiClient) -> None:
    id = create_connection(api, "ai-provider")["id"]
    renamed = assert_ok(api.patch(f"/connections/{id}", json={"name": "Other"}))["connection"]
    assert list(renamed) == RECORDED
    assert (renamed["name"], renamed["editable"]) == ("Other", False)
    assert assert_ok(api.patch(f"/connections/{id}?cols[]=name", json={"name": "Third"})) == {
        "connection": {"name": "Third"}
    }
    assert suberror_messages(
        api.patch(f"/connections/{id}", json={"name": "x" * 129, "theme": "#000000"})
    ) == [
        "Parameter 'name' has a wrong length.",
        "Unknown parameter 'theme'.",
    ]


def test_what_can_be_set_anew_is_listed(api: ApiClient) -> None:
    id = create_make_connection(api)
    assert assert_ok(api.get(f"/connections/{id}/editable-data-schema")) == {
        "editableParameters": ["url", "apiKey"]
    }
    for type in ("ai-provider", "google", "airtable2"):
        other = create_connection(api, type, **dict.fromkeys(all_connection_types()[type].required, "x"))[
            "id"
        ]
        for response in (
            api.get(f"/connections/{other}/editable-data-schema"),
            api.post(f"/connections/{other}/set-data", json={}),
        ):
            assert_refused(response, 400, detail="Cannot edit this connection.", code="IM005")


def test_setting_data_replaces_all_of_it(api: ApiClient) -> None:
    id = create_make_connection(api)
    assert assert_ok(api.post(f"/connections/{id}/set-data", json={"apiKey": ADMIN_TOKEN})) == {
        "changed": True
    }
    assert api.world.connections[id].credentials == {"apiKey": ADMIN_TOKEN}
    # Without its URL the connection is of no use.
    assert_refused(api.post(f"/connections/{id}/test"), 424, code="SC424")
    assert suberror_messages(api.post(f"/connections/{id}/set-data", json={"key": "x"})) == [
        "Unknown parameter 'key'."
    ]
    assert api.world.connections[id].credentials == {"apiKey": ADMIN_TOKEN}


def test_the_scopes_of_a_connection_can_be_queried(api: ApiClient) -> None:
    path = "/connections/1/scoped"
    assert assert_ok(api.post(path, json={"scope": ["chat:write"]})) == {"connection": {"scoped": True}}
    assert assert_ok(api.post(path, json={"scope": ["chat:write", "read"]})) == {
        "connection": {"scoped": False}
    }
    assert assert_ok(api.post(path, json={"scope": []})) == {"connection": {"scoped": True}}
    assert suberror_messages(api.post(path, json={})) == ["Missing value of required parameter 'scope'."]


def test_asking_and_testing_take_the_write_scope(api: ApiClient) -> None:
    for path in ("/connections/1/test", "/connections/1/scoped"):
        assert_refused(
            api.post(path, json={"scope": []}, token=READER_TOKEN), 403, detail="Access denied.", code="SC403"
        )
