"""Hooks through the API: their shapes, and how they are made, changed and deleted."""

from __future__ import annotations

import json
from typing import Any

from helpers.api import OUTSIDER_TOKEN, ApiClient, assert_refused, json_of, suberror_messages
from helpers.api_resources import WEBHOOK_FIELDS, create_hook
from make_emulator.app import create_app
from make_emulator.world import hook_queues

# --- create, read, change ------------------------------------------------------------------------


def test_a_created_hook_has_the_recorded_keys_in_their_order(api: ApiClient) -> None:
    response = api.post(
        "/hooks",
        data=json.dumps({"name": "Intake", "teamId": 1, "typeName": "gateway-webhook", **WEBHOOK_FIELDS}),
        content_type="application/json",
    )
    hook = json.loads(response.get_data())["hook"]
    udid = hook["udid"]
    assert len(udid) == 32
    assert list(hook.items()) == [
        ("id", 3),
        ("name", "Intake"),
        ("teamId", 1),
        ("organizationId", 1),
        ("udid", udid),
        ("type", "web"),
        ("packageName", None),
        ("theme", "#c73a63"),
        ("editable", True),
        ("flags", {}),
        ("queueCount", 0),
        ("queueLimit", 10_000),
        ("enabled", True),
        ("gone", False),
        ("typeName", "gateway-webhook"),
        ("typeAppName", None),
        ("data", {"teamId": 1, **WEBHOOK_FIELDS}),
        ("scenarioId", None),
        ("scenarioName", None),
        ("scenarioIsActive", None),
        ("scenarioIsConfidential", None),
        ("relay", None),
        ("url", f"http://localhost/hook/{udid}"),
    ]
    assert json_of(api.get(f"/hooks/{hook['id']}"))["hook"] == hook


def test_the_list_shows_all_but_whether_the_scenario_is_confidential(api: ApiClient) -> None:
    response = json_of(api.get("/hooks", query_string={"teamId": 1}))
    assert response["pg"] == {
        "sortBy": "id",
        "limit": 50,
        "sortDir": "asc",
        "offset": 0,
        "returnTotalCount": False,
    }
    single = json_of(api.get("/hooks/1"))["hook"]
    assert single.pop("scenarioIsConfidential") is False
    assert response["hooks"][0] == single
    assert (single["scenarioId"], single["scenarioName"], single["scenarioIsActive"]) == (
        2,
        "Webhook to data store",
        True,
    )


def test_the_list_can_be_narrowed(api: ApiClient) -> None:
    def ids(**query: Any) -> list[int]:
        rows = json_of(api.get("/hooks", query_string={"teamId": 1, **query}))["hooks"]
        return [row["id"] for row in rows]

    create_hook(api)
    assert ids() == [1, 2, 3]
    assert ids(typeName="gateway-mailhook") == [2]
    assert ids(typeName="unknown-knows") == []
    assert ids(assigned="true") == [1]
    assert ids(assigned="false") == [2, 3]
    assert ids(viewForScenarioId=2) == [1, 2, 3]
    assert ids(viewForScenarioId=1) == [2, 3]
    assert ids(viewForScenarioId=2, assigned="true") == [1, 2, 3]
    assert ids(**{"pg[sortBy]": "name", "pg[sortDir]": "desc", "pg[limit]": 2}) == [2, 1]
    assert suberror_messages(api.get("/hooks")) == ["Missing value of required parameter 'teamId'."]


def test_what_is_derived_of_the_scenario_is_never_stale(api: ApiClient) -> None:
    api.patch("/scenarios/2", json={"name": "Renamed"})
    api.post("/scenarios/2/stop")
    hook = json_of(api.get("/hooks/1"))["hook"]
    assert (hook["scenarioName"], hook["scenarioIsActive"]) == ("Renamed", False)
    api.delete("/scenarios/2")
    hook = json_of(api.get("/hooks/1"))["hook"]
    assert (hook["scenarioId"], hook["scenarioName"], hook["scenarioIsActive"]) == (None, None, None)


def test_a_webhook_needs_its_own_fields_unless_defaults_are_requested(api: ApiClient) -> None:
    body = {"name": "Intake", "teamId": 1, "typeName": "gateway-webhook"}
    assert suberror_messages(api.post("/hooks", json=body)) == [
        f"Missing value of required parameter '{name}'." for name in ("method", "headers", "stringify")
    ]
    response = api.post("/hooks?useDefaults=requiredOnly", json={**body, "headers": True})
    assert json_of(response)["hook"]["data"] == {
        "teamId": 1,
        "method": False,
        "headers": True,
        "stringify": False,
    }


def test_wrong_and_unknown_fields_of_a_type_are_named(api: ApiClient) -> None:
    body = {
        "name": "Intake",
        "teamId": 1,
        "typeName": "gateway-webhook",
        **WEBHOOK_FIELDS,
        "method": "any",
        "team_id": 2,
    }
    assert suberror_messages(api.post("/hooks", json=body)) == [
        "Invalid boolean in parameter 'method'.",
        "Unknown parameter 'team_id'.",
    ]
    assert suberror_messages(api.post("/hooks", json={**body, "method": True, "team_id": None})) == [
        "Unknown parameter 'team_id'."
    ]


def test_an_unknown_type_is_im005(api: ApiClient) -> None:
    response = api.post("/hooks", json={"name": "Intake", "teamId": 1, "typeName": "web"})
    assert response.status_code == 400
    assert json_of(response) == {
        "detail": "Invalid hook type",
        "message": "Invalid input parameters",
        "code": "IM005",
    }


def test_the_hook_of_an_app_takes_a_connection_of_its_team(api: ApiClient) -> None:
    hook = create_app_hook(api, 1)
    assert (hook["type"], hook["theme"], hook["editable"]) == ("web", "#ffa500", False)
    assert hook["data"] == {"teamId": 1, "__IMTCONN__": 1, "formId": "91282545501352"}
    body = {"name": "Form", "teamId": 1, "typeName": "jotform", "__IMTCONN__": 999, "formId": "1"}
    assert suberror_messages(api.post("/hooks", json=body)) == [
        "There is no connection '999' in the team of the hook."
    ]


def create_app_hook(api: ApiClient, connection: int) -> dict[str, Any]:
    body = {"name": "Form", "teamId": 1, "typeName": "jotform", "__IMTCONN__": connection}
    response = api.post("/hooks", json={**body, "formId": "91282545501352"})
    hook: dict[str, Any] = json_of(response)["hook"]
    return hook


def test_a_mailhook_has_an_address(api: ApiClient) -> None:
    response = api.post("/hooks", json={"name": "Mails", "teamId": 1, "typeName": "gateway-mailhook"})
    hook = json_of(response)["hook"]
    assert (hook["type"], hook["url"]) == ("mail", f"{hook['udid']}@hook.eu1.make.com")


def test_under_a_host_of_make_the_address_is_makes() -> None:
    api = ApiClient(create_app(allowed_hosts=("make.com.example",)))
    hook = json_of(api.get("/hooks/1", base_url="https://eu1.make.com"))["hook"]
    assert hook["url"] == f"https://hook.eu1.make.com/{hook['udid']}"
    elsewhere = json_of(api.get("/hooks/1", base_url="http://make.com.example:8080"))["hook"]
    assert elsewhere["url"] == f"http://make.com.example:8080/hook/{hook['udid']}"


def test_renaming_answers_the_whole_hook(api: ApiClient) -> None:
    before = json_of(api.get("/hooks/1"))["hook"]
    response = api.patch("/hooks/1", json={"name": "Renamed"})
    assert json_of(response) == {"hook": {**before, "name": "Renamed"}}
    assert suberror_messages(api.patch("/hooks/1", json={"name": "x" * 129})) == [
        "Parameter 'name' has a wrong length."
    ]


def test_set_data_shows_whether_anything_changed(api: ApiClient) -> None:
    assert json_of(api.post("/hooks/1/set-data", json={"method": True, "headers": True})) == {"changed": True}
    assert json_of(api.post("/hooks/1/set-data", json={"method": True})) == {"changed": False}
    assert json_of(api.get("/hooks/1"))["hook"]["data"] == {
        "teamId": 1,
        "method": True,
        "headers": True,
        "stringify": False,
    }
    assert suberror_messages(api.post("/hooks/1/set-data", json={"teamId": 2})) == [
        "Unknown parameter 'teamId'."
    ]
    assert suberror_messages(api.post("/hooks/1/set-data", json={"udt": 999})) == [
        "There is no data structure '999' in the team of the hook."
    ]


def test_what_the_caller_cannot_see_is_404(api: ApiClient) -> None:
    for method, path in (
        ("GET", "/hooks/1"),
        ("PATCH", "/hooks/1"),
        ("DELETE", "/hooks/1"),
        ("GET", "/hooks/1/ping"),
        ("GET", "/hooks/1/incomings/stats"),
    ):
        response = api.call(
            method, path, json={"name": "x"} if method == "PATCH" else None, token=OUTSIDER_TOKEN
        )
        assert (response.status_code, json_of(response)["code"]) == (404, "SC404")
    assert_refused(api.get("/hooks?teamId=1", token=OUTSIDER_TOKEN), 403, code="IM002")


# --- delete --------------------------------------------------------------------------------------


def test_deleting_a_hook_in_use_needs_confirmation_and_takes_the_trigger_away(api: ApiClient) -> None:
    response = api.delete("/hooks/1")
    assert (response.status_code, json_of(response)["code"]) == (406, "IM004")
    assert api.get("/hooks/1").status_code == 200

    assert json_of(api.delete("/hooks/1?confirmed=true")) == {"hook": 1}
    assert api.get("/hooks/1").status_code == 404
    scenario = json_of(api.get("/scenarios/2"))["scenario"]
    assert (scenario["isinvalid"], scenario["isActive"], scenario["hookId"]) == (True, False, None)
    assert json_of(api.post("/scenarios/2/start"))["detail"] == "Scenario contains errors."


def test_an_unused_hook_is_deleted_without_confirmation(api: ApiClient) -> None:
    id = create_hook(api)["id"]
    hook_queues.enqueue(api.world, api.world.hooks[id], {"a": 1}, id="one")
    assert json_of(api.delete(f"/hooks/{id}")) == {"hook": id}
    assert not len(api.world.incomings)
