"""Hooks: made, shown, enabled, disabled, deleted; and the processing of what they receive."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.contract.client import ContractClient

from .resources import WEBHOOK_BODY, FreshResources, Resources, module
from .valid_requests import default_columns


def listening_at(hook: int) -> dict[str, Any]:
    """The trigger of a scenario."""
    return module("gateway:CustomWebHook", parameters={"hook": hook, "maxResults": 1})


def scenario_at(make: FreshResources, hook: int, *, live: bool = False) -> int:
    """A scenario that listens at a hook."""
    flow = (
        listening_at(hook),
        module("util:SetVariable2", mapper={"name": "x", "scope": "roundtrip", "value": "{{1.sku}}"}),
    )
    how: dict[str, Any] = {"scheduling": {"type": "immediately"}, "inputs": None}
    return make.live_scenario(*flow, **how) if live else int(make.scenario(*flow, **how)["id"])


def listed(api: ContractClient, **query: Any) -> list[int]:
    query = {"teamId": api.target.team_id, "pg[limit]": 10_000, **query}
    return [row["id"] for row in api.call("GET", "/hooks", query=query).fits()["hooks"]]


# --- reading -------------------------------------------------------------------------------------


@pytest.mark.covers("GET /hooks", "success", "query teamId")
@pytest.mark.fidelity("hooks.list", "hooks.shape")
def test_the_list_shows_the_hooks_of_a_team(api: ContractClient, shared: Resources) -> None:
    shared.id("hook")
    body = api.get("/hooks", teamId=api.target.team_id).fits()
    page = body["pg"]
    assert (page["sortBy"], page["sortDir"], page["limit"]) == ("id", "asc", 50)
    assert list(body["hooks"][0]) == default_columns("GET /hooks")
    assert {row["teamId"] for row in body["hooks"]} == {api.target.team_id}


@pytest.mark.covers("GET /hooks", "query typeName")
@pytest.mark.fidelity("hooks.filters", "hooks.assigned-false")
def test_the_list_can_be_narrowed_to_a_type(api: ContractClient, shared: Resources) -> None:
    id = shared.id("hook")
    type_name = api.get(f"/hooks/{id}").fits()["hook"]["typeName"]
    assert id in listed(api, typeName=type_name)
    assert listed(api, typeName="contract-nothing") == []


@pytest.mark.covers("GET /hooks", "query assigned", "query viewForScenarioId")
@pytest.mark.fidelity("hooks.filters", "hooks.assigned-false")
def test_the_list_can_be_narrowed_to_hooks_with_or_without_a_scenario(
    api: ContractClient, make: FreshResources
) -> None:
    taken, free = make.hook()["id"], make.hook()["id"]
    scenario, other = scenario_at(make, taken), make.scenario()["id"]
    assert (taken in listed(api, assigned="true"), free in listed(api, assigned="true")) == (True, False)
    assert (taken in listed(api, assigned="false"), free in listed(api, assigned="false")) == (False, True)
    assert {taken, free} <= set(listed(api, viewForScenarioId=scenario))
    assert taken not in listed(api, viewForScenarioId=other)


@pytest.mark.covers("GET /hooks/{hookId}", "success")
@pytest.mark.fidelity("hooks.shape")
def test_one_hook_tells_whether_its_scenario_is_confidential(api: ContractClient, shared: Resources) -> None:
    id = shared.id("hook")
    hook = api.get(f"/hooks/{id}").fits()["hook"]
    assert list(hook) == default_columns("GET /hooks/{hookId}")
    assert hook["id"] == id


@pytest.mark.covers("GET /hooks/{hookId}", "success")
@pytest.mark.fidelity("hooks.scenario")
def test_a_hook_knows_its_scenario(api: ContractClient, make: FreshResources) -> None:
    id = make.hook()["id"]
    assert api.get(f"/hooks/{id}").fits()["hook"]["scenarioId"] is None
    scenario = scenario_at(make, id)
    hook = api.get(f"/hooks/{id}").fits()["hook"]
    assert (hook["scenarioId"], hook["scenarioIsActive"]) == (scenario, False)


@pytest.mark.covers("GET /hooks/{hookId}/ping", "success")
@pytest.mark.fidelity("hooks.ping")
def test_the_ping_tells_the_address_and_the_state(api: ContractClient, shared: Resources) -> None:
    id = shared.id("hook")
    ping = api.get(f"/hooks/{id}/ping").fits()
    assert list(ping)[:4] == ["address", "attached", "learning", "gone"]
    assert ping["address"] == api.get(f"/hooks/{id}").fits()["hook"]["url"]


# --- writing -------------------------------------------------------------------------------------


@pytest.mark.covers("POST /hooks", "success")
@pytest.mark.fidelity("hooks.type-fields", "hooks.method-boolean")
def test_a_hook_is_made_with_the_fields_of_its_type(api: ContractClient, make: FreshResources) -> None:
    name = make.name("hook")
    hook = api.post("/hooks", {"name": name, "teamId": api.target.team_id, **WEBHOOK_BODY}).fits()["hook"]
    assert list(hook) == default_columns("POST /hooks")
    assert (hook["name"], hook["typeName"], hook["type"]) == (name, "gateway-webhook", "web")
    assert (hook["enabled"], hook["gone"], hook["queueCount"]) == (True, False, 0)
    assert {key: hook["data"][key] for key in ("method", "headers", "stringify")} == {
        "method": False,
        "headers": False,
        "stringify": False,
    }


@pytest.mark.covers("POST /hooks", "query useDefaults", "validation")
@pytest.mark.fidelity("hooks.type-fields")
def test_the_fields_of_the_type_can_be_left_to_the_service(api: ContractClient, make: FreshResources) -> None:
    sent = {"name": make.name("hook"), "teamId": api.target.team_id, "typeName": "gateway-webhook"}
    answer = api.post("/hooks", sent)
    answer.refused(400, "SC400")
    assert {fault.split("'")[1] for fault in answer.error_messages} == {"method", "headers", "stringify"}
    data = api.post("/hooks", sent, useDefaults="requiredOnly").fits()["hook"]["data"]
    assert (data["method"], data["headers"], data["stringify"]) == (False, False, False)


@pytest.mark.covers("POST /hooks", "validation")
@pytest.mark.fidelity("hooks.type-unknown")
def test_a_type_of_hook_that_there_is_not_is_refused(api: ContractClient, make: FreshResources) -> None:
    sent = {"name": make.name("hook"), "teamId": api.target.team_id, "typeName": "contract-nothing"}
    assert api.post("/hooks", sent).refused(400, "IM005")["detail"] == "Invalid hook type"


@pytest.mark.covers("PATCH /hooks/{hookId}", "success")
@pytest.mark.fidelity("hooks.rename")
def test_a_hook_is_renamed(api: ContractClient, make: FreshResources) -> None:
    before, name = make.hook(), make.name("renamed")
    assert api.patch(f"/hooks/{before['id']}", {"name": name}).fits()["hook"] == {**before, "name": name}


@pytest.mark.covers("POST /hooks/{hookId}/enable", "success")
@pytest.mark.covers("POST /hooks/{hookId}/disable", "success")
@pytest.mark.fidelity("hooks.enable", "hooks.enable-twice")
def test_a_hook_is_disabled_and_enabled(api: ContractClient, make: FreshResources) -> None:
    id = make.hook()["id"]
    for verb, enabled in (("disable", False), ("disable", False), ("enable", True), ("enable", True)):
        assert api.post(f"/hooks/{id}/{verb}").fits() == {"success": True}
        assert api.get(f"/hooks/{id}").fits()["hook"]["enabled"] is enabled


@pytest.mark.covers("DELETE /hooks/{hookId}", "success")
@pytest.mark.fidelity("hooks.delete")
def test_a_deleted_hook_is_gone(api: ContractClient, make: FreshResources) -> None:
    id = make.hook()["id"]
    assert api.delete(f"/hooks/{id}").fits() == {"hook": id}
    api.get(f"/hooks/{id}").refused(404)


@pytest.mark.covers("DELETE /hooks/{hookId}", "confirmation")
@pytest.mark.fidelity("hooks.delete", "hooks.delete-unconfirmed", "errors.im004", "hooks.delete-trigger")
def test_a_hook_that_a_scenario_uses_is_deleted_with_confirmation_only(
    api: ContractClient, make: FreshResources
) -> None:
    id = make.hook()["id"]
    scenario = scenario_at(make, id)
    api.delete(f"/hooks/{id}").refused(406, "IM004")
    assert api.get(f"/hooks/{id}").fits()["hook"]["id"] == id
    assert api.delete(f"/hooks/{id}", confirmed="true").fits() == {"hook": id}
    api.get(f"/hooks/{id}").refused(404)
    left = api.get(f"/scenarios/{scenario}").fits()["scenario"]
    assert (left["hookId"], left["isActive"], left["isinvalid"]) == (None, False, True)


# --- receiving -----------------------------------------------------------------------------------


@pytest.mark.fidelity("webhooks.accepted", "webhooks.inactive")
def test_what_comes_while_the_scenario_is_not_live_waits_in_the_queue(
    api: ContractClient, make: FreshResources
) -> None:
    hook = make.hook()
    scenario_at(make, hook["id"])
    answer = api.post_to_hook(hook["url"], {"sku": "A-1"})
    assert (answer.status_code, answer.text) == (200, "Accepted")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    api.poll_until(
        lambda: api.get(f"/hooks/{hook['id']}"), lambda answer: answer.fits()["hook"]["queueCount"] == 1
    )
    assert api.get(f"/hooks/{hook['id']}").fits()["hook"]["queueCount"] == 1


@pytest.mark.fidelity("webhooks.instant", "hooks.attached")
def test_what_comes_to_a_live_scenario_starts_a_run(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook()
    scenario = scenario_at(make, hook["id"], live=True)
    assert api.get(f"/hooks/{hook['id']}/ping").fits()["attached"] is True
    assert api.post_to_hook(hook["url"], {"sku": "A-1"}).text == "Accepted"

    def ran(answer: Any) -> bool:
        return any(row["type"] not in ("start", "modify") for row in answer.fits()["scenarioLogs"])

    path = f"/scenarios/{scenario}/logs"
    rows = api.poll_until(lambda: api.get(path), ran).fits()["scenarioLogs"]
    [run] = [row for row in rows if row.get("eventType") == "EXECUTION_END"]
    assert (run["status"], run["instant"]) == (1, True)


@pytest.mark.fidelity("hooks.learning", "hooks.learned-structure")
def test_a_new_hook_learns_from_what_it_receives_first(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook()
    path = f"/hooks/{hook['id']}/ping"
    assert api.get(path).fits()["learning"] is True
    api.post_to_hook(hook["url"], {"sku": "A-1", "quantity": 2})
    ping = api.poll_until(lambda: api.get(path), lambda answer: not answer.fits()["learning"]).fits()
    assert ping["learning"] is False
    assert [(field["name"], field["type"]) for field in ping["dataStructure"]] == [
        ("sku", "text"),
        ("quantity", "number"),
    ]


@pytest.mark.fidelity("webhooks.nobody", "webhooks.gone-text", "webhooks.learning-alone")
def test_nobody_listens_at_a_hook_that_has_learned_and_has_no_scenario(
    api: ContractClient, make: FreshResources
) -> None:
    url = make.hook()["url"]
    assert (first := api.post_to_hook(url, {"sku": "A-1"})).text == "Accepted", first.status_code
    second = api.post_to_hook(url, {"sku": "A-2"})
    assert (second.status_code, second.text) == (410, "There is no scenario listening for this webhook.")


@pytest.mark.fidelity("webhooks.unknown")
def test_a_deleted_hook_receives_nothing_more(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook()
    api.delete(f"/hooks/{hook['id']}").fits()
    answer = api.post_to_hook(hook["url"], {"sku": "A-1"})
    assert (answer.status_code, answer.text) == (410, "Webhook not found.")
