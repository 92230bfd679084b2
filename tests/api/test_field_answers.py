"""Answers that clients in the field met, each with the whole kind: the routes and the values that it stands for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.api import ApiClient, assert_ok, assert_refused, json_of
from make_emulator.api import endpoints
from make_emulator.http.endpoint import Endpoint
from make_emulator.http.hints import HEADER

ON_DEMAND = '{"type":"on-demand"}'
IMMEDIATELY = '{"type":"immediately"}'


def blueprint(*flow: dict[str, Any], **rest: Any) -> str:
    """The text of a blueprint of these modules."""
    return json.dumps({"name": "t", "flow": flow, "metadata": {}, **rest})


def webhook(hook: int) -> dict[str, Any]:
    """An instant trigger of a hook."""
    return {
        "id": 1,
        "module": "gateway:CustomWebHook",
        "version": 1,
        "parameters": {"hook": hook, "maxResults": 1},
        "mapper": {},
        "metadata": {},
    }


SET_VARIABLE: dict[str, Any] = {
    "id": 2,
    "module": "util:SetVariable2",
    "version": 1,
    "parameters": {},
    "mapper": {"name": "a", "scope": "roundtrip", "value": "1"},
    "metadata": {},
}


def create(api: ApiClient, text: str, scheduling: str = ON_DEMAND, **rest: Any) -> Any:
    """The response to a new scenario."""
    body = {"teamId": 1, "blueprint": text, "scheduling": scheduling, **rest}
    return api.post("/scenarios?confirmed=true", json=body)


def create_id(api: ApiClient, text: str, scheduling: str = ON_DEMAND) -> int:
    return int(assert_ok(create(api, text, scheduling))["scenario"]["id"])


# --- tokens --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "endpoint",
    [endpoint for endpoint in endpoints() if not endpoint.is_public],
    ids=lambda endpoint: endpoint.route,
)
def test_an_unknown_token_is_sc401_on_every_route(api: ApiClient, endpoint: Endpoint) -> None:
    path = endpoint.fill_path({name: "1" for name, _ in endpoint.path_types})
    response = api.call(endpoint.method, path, token="deadbeef-1111-4111-8111-111111111111")
    assert response.status_code == 401
    if endpoint.plain_errors:
        assert json_of(response) == {"error": "Invalid token header."}
        return
    assert list(json_of(response).items()) == [
        ("detail", "Invalid token header."),
        ("message", "Access denied"),
        ("code", "SC401"),
        ("suberrors", []),
    ]


# --- teams and organizations of others -----------------------------------------------------------


@pytest.mark.parametrize("id", [2, 987654])
@pytest.mark.parametrize(
    "path",
    [
        "/scenarios?teamId={}",
        "/scenarios?organizationId={}",
        "/teams?organizationId={}",
        "/users?teamId={}",
        "/users?organizationId={}",
        "/users/roles?teamId={}",
        "/connections?teamId={}",
        "/hooks?teamId={}",
        "/data-stores?teamId={}",
        "/data-structures?teamId={}",
        "/scenarios-folders?teamId={}",
        "/functions?teamId={}",
        "/templates?teamId={}",
    ],
)
def test_a_foreign_or_unknown_owner_in_a_query_is_im002(api: ApiClient, path: str, id: int) -> None:
    response = api.get(path.format(id))
    assert_refused(
        response,
        403,
        detail='Insufficient rights, admin permission "organization view" is needed.',
        message="Insufficient rights",
        code="IM002",
    )
    assert str(id) in response.headers[HEADER]


@pytest.mark.parametrize("id", [2, 987654])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/scenarios", {"teamId": 0, "blueprint": blueprint(SET_VARIABLE), "scheduling": ON_DEMAND}),
        (
            "/hooks",
            {
                "teamId": 0, "name": "h", "typeName": "gateway-webhook",
                "method": False, "headers": False, "stringify": False,
            },
        ),
        ("/data-stores", {"teamId": 0, "name": "d", "maxSizeMB": 1}),
        ("/data-structures", {"teamId": 0, "name": "d", "spec": []}),
        ("/scenarios-folders", {"teamId": 0, "name": "f"}),
        ("/teams", {"organizationId": 0, "name": "t"}),
    ],
)  # fmt: skip
def test_a_foreign_or_unknown_owner_in_a_body_is_im002(
    api: ApiClient, path: str, body: dict[str, Any], id: int
) -> None:
    sent = {name: id if value == 0 and name.endswith("Id") else value for name, value in body.items()}
    assert_refused(api.post(path, json=sent), 403, code="IM002", message="Insufficient rights")


def test_a_team_given_as_the_organization_is_im002(api: ApiClient) -> None:
    team = assert_ok(api.post("/teams", json={"name": "Second", "organizationId": 1}))["team"]["id"]
    assert_refused(api.get(f"/scenarios?organizationId={team}"), 403, code="IM002")


def test_an_owner_in_a_path_stays_hidden(api: ApiClient) -> None:
    for path in ("/teams/2", "/organizations/2", "/teams/987654", "/organizations/987654"):
        assert_refused(api.get(path), 404, code="SC404", message="Not found")


def test_other_ids_of_a_query_or_a_body_stay_hidden(api: ApiClient) -> None:
    assert_refused(api.get("/hooks?teamId=1&viewForScenarioId=5"), 404, code="SC404")
    assert_refused(api.get("/scenarios?teamId=1&folderId=987654"), 404, code="SC404")


def test_a_clone_into_a_team_of_another_organization_is_im002(api: ApiClient) -> None:
    made = assert_ok(
        api.post(
            "/organizations",
            json={"name": "New", "regionId": 1, "countryId": 1, "timezoneId": 113},
        )
    )["organization"]["id"]
    response = api.post(
        f"/scenarios/4/clone?organizationId={made}", json={"name": "c", "teamId": 1, "states": False}
    )
    assert_refused(response, 403, code="IM002")


# --- states of scenarios -------------------------------------------------------------------------

SCHEDULINGS = [
    ON_DEMAND,
    '{"type":"indefinitely","interval":900}',
    '{"type":"daily","time":"10:00"}',
    '{"type":"once","date":"2030-01-01T00:00:00Z"}',
]


@pytest.mark.parametrize("scheduling", SCHEDULINGS)
def test_a_scenario_that_is_not_live_is_not_activated(api: ApiClient, scheduling: str) -> None:
    id = create_id(api, blueprint(SET_VARIABLE), scheduling)
    for body in ({}, {"data": {"sku": "A"}}, {"responsive": True}):
        response = api.post(f"/scenarios/{id}/run", json=body)
        assert_refused(response, 422, message="Scenario is not activated", code="IM325")
        assert f"/scenarios/{id}/start" in response.headers[HEADER]


def test_a_webhook_scenario_that_is_not_live_is_not_activated(api: ApiClient) -> None:
    assert_refused(api.post("/scenarios/4/run", json={"data": {"sku": "A"}}), 422, code="IM325")


@pytest.mark.parametrize("scheduling", SCHEDULINGS)
def test_a_second_start_and_a_second_stop_are_refused_in_makes_words(api: ApiClient, scheduling: str) -> None:
    id = create_id(api, blueprint(SET_VARIABLE), scheduling)
    not_running = api.post(f"/scenarios/{id}/stop")
    assert_refused(not_running, 422, message="Scenario is not running", code="IM306")
    assert_ok(api.post(f"/scenarios/{id}/start"))
    running = api.post(f"/scenarios/{id}/start")
    assert_refused(running, 422, message="Scenario is already running", code="IM306")
    assert_ok(api.post(f"/scenarios/{id}/stop"))
    assert_refused(api.post(f"/scenarios/{id}/stop"), 422, message="Scenario is not running")


def test_too_many_active_scenarios_are_refused_in_makes_words(api: ApiClient) -> None:
    world = json_of(api.control("POST", "/worlds", json={"name": "free", "plan": "free"}))["world"]
    api.token = world["token"]
    for row in assert_ok(api.get(f"/scenarios?teamId={world['teamId']}"))["scenarios"]:
        if row["isActive"]:
            assert_ok(api.post(f"/scenarios/{row['id']}/stop"))
    ids = [create_id(api, blueprint(SET_VARIABLE)) for _ in range(3)]
    for id in ids[:2]:
        assert_ok(api.post(f"/scenarios/{id}/start"))
    response = api.post(f"/scenarios/{ids[2]}/start")
    assert_refused(response, detail="Maximum number of active scenarios has been exceeded", code="IM011")
    assert response.headers[HEADER] == "The plan of organization 1 allows 2 active scenarios."
    assert_ok(api.post(f"/scenarios/{ids[0]}/stop"))
    assert_ok(api.post(f"/scenarios/{ids[2]}/start"))


# --- hooks and connections -----------------------------------------------------------------------


@pytest.mark.parametrize("type_name", ["gateway-webhook", "gateway-mailhook"])
def test_a_hook_that_is_taken_is_refused_in_makes_words(api: ApiClient, type_name: str) -> None:
    is_web = type_name == "gateway-webhook"
    fields = {"method": False, "headers": False, "stringify": False} if is_web else {}
    hook = assert_ok(api.post("/hooks", json={"name": "h", "teamId": 1, "typeName": type_name, **fields}))
    id = hook["hook"]["id"]
    trigger = {**webhook(id), "module": "gateway:CustomWebHook" if is_web else "gateway:CustomMailHook"}
    first = create_id(api, blueprint(trigger), IMMEDIATELY)
    other = create_id(api, blueprint(SET_VARIABLE))
    created = create(api, blueprint(trigger), IMMEDIATELY)
    changed = api.patch(f"/scenarios/{other}?confirmed=true", json={"blueprint": blueprint(trigger)})
    for response in (created, changed):
        assert_refused(response, 422, message="The hook already has a scenario assigned", code="IM000")
        assert response.headers[HEADER] == f"Hook {id} belongs to scenario {first}; each hook triggers one."
    # Its own scenario may keep it.
    assert_ok(api.patch(f"/scenarios/{first}", json={"blueprint": blueprint(trigger)}))


@pytest.mark.parametrize("name", ["http:bearer", "basic", "oauth", "not a type", "Slack"])
def test_a_connection_type_that_there_is_not_is_refused_in_makes_words(api: ApiClient, name: str) -> None:
    body = {"accountName": "x", "accountType": name, "apiKey": "k"}
    response = api.post("/connections?teamId=1", json=body)
    assert_refused(response, 424, detail=f"Failed to load manifest for connection '{name}'", code="SC424")
    assert name in response.headers[HEADER]


def test_a_connection_type_is_suggested(api: ApiClient) -> None:
    response = api.post("/connections?teamId=1", json={"accountName": "x", "accountType": "Slack"})
    assert response.headers[HEADER].endswith("; did you mean 'slack'?")


# --- hooks and connections in other forms --------------------------------------------------------

HOOK_TYPES = [
    ("gateway-webhook", {"method": False, "headers": False, "stringify": False}),
    ("gateway-mailhook", {}),
]


@pytest.mark.parametrize(("type_name", "fields"), HOOK_TYPES)
def test_the_team_of_a_hook_may_be_a_text(api: ApiClient, type_name: str, fields: dict[str, Any]) -> None:
    body = {"name": "h", "teamId": "1", "typeName": type_name, **fields}
    hook = assert_ok(api.post("/hooks", json=body))["hook"]
    assert hook["teamId"] == 1
    assert hook["data"]["teamId"] == 1


@pytest.mark.parametrize("team", ["", "x", "1.0", "1e0", " 1", "0", "-1", True])
def test_the_team_of_a_hook_is_a_number_of_digits(api: ApiClient, team: Any) -> None:
    body = {"name": "h", "teamId": team, "typeName": "gateway-mailhook"}
    assert_refused(api.post("/hooks", json=body), code="SC400")


def test_a_foreign_team_of_a_hook_as_a_text_is_im002(api: ApiClient) -> None:
    body = {"name": "h", "teamId": "2", "typeName": "gateway-mailhook"}
    assert_refused(api.post("/hooks", json=body), 403, code="IM002")


def test_other_bodies_take_a_number_only(api: ApiClient) -> None:
    response = api.post("/data-stores", json={"teamId": "1", "name": "d", "maxSizeMB": 1})
    assert_refused(response, code="SC400")


def test_a_type_of_which_only_the_name_is_known_takes_any_fields(api: ApiClient) -> None:
    body = {"accountName": "Forms", "accountType": "jotform", "apiKey": "k", "domain": "eu"}
    connection = assert_ok(api.post("/connections?teamId=1", json=body))["connection"]
    assert (connection["accountName"], connection["name"]) == ("jotform", "Forms")


def test_the_inspector_gets_the_id_of_a_new_connection(api: ApiClient) -> None:
    body = {"accountName": "x", "accountType": "make", "url": "https://eu1.make.com", "apiKey": "k"}
    response = assert_ok(api.post("/connections?teamId=1&inspector=1", json=body))
    [id] = response["formula"]["success"]
    assert list(response) == ["formula"]
    assert assert_ok(api.get(f"/connections/{id}"))["connection"]["name"] == "x"
    assert "connection" in assert_ok(api.post("/connections?teamId=1&inspector=0", json=body))


# --- paths ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/scenarios/validate-blueprint"),
        ("GET", "/scenarios/validate-blueprint"),
        ("DELETE", "/scenarios/usage"),
        ("PATCH", "/scenarios/blueprints"),
        ("GET", "/hooks/learn-start"),
        ("POST", "/teams/usage"),
        ("GET", "/connections/set-data"),
        ("GET", "/data-stores/data"),
        ("GET", "/organizations/variables"),
        ("GET", "/scenarios/1/no-such-thing"),
    ],
)
def test_a_word_of_a_path_is_no_id(api: ApiClient, method: str, path: str) -> None:
    response = api.call(method, path, json={} if method in ("POST", "PATCH") else None)
    assert_refused(response, 404, code="SC404")
    assert "no such route" in response.headers[HEADER]


@pytest.mark.parametrize("id", ["abc", "1.5", "None", "undefined", "1e3"])
@pytest.mark.parametrize("resource", ["scenarios", "teams", "hooks", "connections", "data-stores"])
def test_an_id_that_is_no_number_is_not_parsable(api: ApiClient, resource: str, id: str) -> None:
    response = api.get(f"/{resource}/{id}")
    assert_refused(response, detail="Invalid key, not parsable to integer", code="SC400")
    assert f"'{id}' is no" in response.headers[HEADER]


def test_a_mistyped_path_gets_the_closest_routes(api: ApiClient) -> None:
    hint = api.get("/scenario/1/blueprints").headers[HEADER]
    assert "GET /scenarios/{scenarioId}/blueprints" in hint


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/admin", "/admin/users", "/admin/organizations/1/billing-audit-logs"])
def test_the_paths_of_the_staff_want_a_vpn(api: ApiClient, method: str, path: str) -> None:
    assert_refused(api.call(method, path), 403, message="VPN access only", code="IM121")


def test_audit_logs_are_not_in_the_plan(api: ApiClient) -> None:
    for path in ("/audit-logs/organization/1", "/audit-logs/team/1"):
        assert_refused(api.get(path), 402)
    assert_refused(api.get("/audit-logs/organization/1", token="x"), 401, code="SC401")


# --- bodies --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("hello", "Unexpected token h in JSON at position 0"),
        ('{"a":', "Unexpected end of JSON input"),
        ('{"a" 1}', "Unexpected token 1 in JSON at position 5"),
        ("[1 2]", "Unexpected token 2 in JSON at position 3"),
    ],
)
def test_what_is_no_json_is_refused_in_makes_words(api: ApiClient, data: str, text: str) -> None:
    response = api.post("/scenarios", data=data, content_type="application/json")
    body = assert_refused(response, detail=text, message="Bad Request", code="SC400")
    assert body["suberrors"] == []
    assert response.headers[HEADER].startswith("The body is not valid JSON")


def test_a_body_that_is_too_large_has_a_detail_and_nothing_else(api: ApiClient) -> None:
    response = api.post("/scenarios", data=b'"' + b"x" * 2_800_000 + b'"', content_type="application/json")
    assert response.status_code == 400
    assert response.json == {"detail": "request entity too large"}


def test_a_full_storage_has_no_detail(api: ApiClient) -> None:
    response = api.post("/data-stores", json={"teamId": 1, "name": "d", "maxSizeMB": 500_000})
    assert response.status_code == 400
    assert response.json == {"message": "Not enough space in storage.", "code": "IM003"}


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("DELETE", "/teams/1", "deleteTeam"),
        ("DELETE", "/hooks/1", "deleteHook"),
        ("DELETE", "/organizations/1/variables/API_URL", "deleteVariable"),
    ],
)
def test_what_must_be_confirmed_is_in_the_metadata(
    api: ApiClient, method: str, path: str, action: str
) -> None:
    response = api.call(method, path)
    body = assert_refused(response, 406)
    assert body == {
        "message": "Confirmation required.",
        "code": "IM004",
        "metadata": [{"type": action}],
    }
    assert response.headers[HEADER].endswith("The query parameter confirmed=true confirms it.")


# --- the caller and the license ------------------------------------------------------------------


def test_the_caller_has_the_keys_of_may_2026_in_their_order(api: ApiClient) -> None:
    user = json.loads(api.get("/users/me").get_data())["authUser"]
    assert list(user) == [
        *("id", "name", "email", "language", "timezoneId", "localeId", "countryId", "features", "avatar"),
        *("lastLogin", "tfaStatus", "timezone", "locale", "slug", "hasAddedApp", "uiSettings"),
        "overriddenFeatureFlags",
    ]
    assert (user["features"], user["slug"], user["hasAddedApp"]) == ({}, None, False)
    assert user["tfaStatus"] in (0, 1, 2)
    assert (user["uiSettings"], user["overriddenFeatureFlags"]) == ({}, [])


def test_the_license_says_whether_it_has_agents_on_premise(api: ApiClient) -> None:
    assert assert_ok(api.get("/organizations/1"))["organization"]["license"]["onPremAgent"] is True
    world = json_of(api.control("POST", "/worlds", json={"name": "free", "plan": "free"}))["world"]
    path = f"/organizations/{world['organizationId']}"
    free = assert_ok(api.get(path, token=world["token"]))["organization"]["license"]
    assert "onPremAgent" not in free
