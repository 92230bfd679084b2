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


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda endpoint: endpoint.route)
def test_an_unknown_token_is_sc401_on_every_route(api: ApiClient, endpoint: Endpoint) -> None:
    path = endpoint.fill_path({name: "1" for name, _ in endpoint.path_types})
    response = api.call(endpoint.method, path, token="deadbeef-1111-4111-8111-111111111111")
    assert response.status_code == 401
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


@pytest.mark.parametrize("name", ["http:bearer", "basic", "oauth2", "not a type", "Slack"])
def test_a_connection_type_that_there_is_not_is_refused_in_makes_words(api: ApiClient, name: str) -> None:
    body = {"accountName": "x", "accountType": name, "apiKey": "k"}
    response = api.post("/connections?teamId=1", json=body)
    assert_refused(response, 424, detail=f"Failed to load manifest for connection '{name}'", code="SC424")
    assert name in response.headers[HEADER]


def test_a_connection_type_is_suggested(api: ApiClient) -> None:
    response = api.post("/connections?teamId=1", json={"accountName": "x", "accountType": "Slack"})
    assert response.headers[HEADER].endswith("; did you mean 'slack'?")
