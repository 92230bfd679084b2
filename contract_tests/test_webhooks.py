"""Webhooks: what becomes of a delivery, its place in the queue and the log, and what the caller gets."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from make_emulator.contract.client import ContractClient

from .behaviours import behaviour, parsed, run_again, step, variable
from .resources import FreshResources

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = {"Content-Type": "text/plain"}


def listening(hook: int, *flow: Any, **parameters: Any) -> tuple[Any, ...]:
    trigger = step(1, "gateway:CustomWebHook", parameters={"hook": hook, "maxResults": 1, **parameters})
    return trigger, *(flow or (variable(2, "{{1.sku}}"),))


def respond(status: str, body: str, *headers: tuple[str, str], id: int = 9) -> dict[str, Any]:
    rows = [{"key": name, "value": value} for name, value in headers]
    return step(id, "gateway:WebhookRespond", {"status": status, "body": body, "headers": rows})


def live_at(make: FreshResources, hook: int, *flow: Any, **how: Any) -> int:
    """Creates a live instant scenario at a hook; returns its id."""
    return make.live_scenario(*listening(hook, *flow), scheduling={"type": "immediately"}, inputs=None, **how)


def waiting_at(make: FreshResources, hook: int) -> int:
    """Creates a scenario at a hook that is not live; returns its id."""
    row = make.scenario(*listening(hook), scheduling={"type": "immediately"}, inputs=None)
    return int(row["id"])


def queue(api: ContractClient, hook: int, count: int) -> list[dict[str, Any]]:
    """Returns the queue of a hook once it has some items."""
    path = f"/hooks/{hook}/incomings"
    answer = api.poll_until(lambda: api.get(path), lambda answer: len(answer.fits()["incomings"]) == count)
    rows: list[dict[str, Any]] = answer.fits()["incomings"]
    assert len(rows) == count
    return rows


def received(api: ContractClient, make: FreshResources, sent: dict[str, Any], **settings: Any) -> Any:
    """Returns the data that a hook queues of one request."""
    hook = make.hook(**settings)
    waiting_at(make, hook["id"])
    query = sent.pop("query", "")
    answer = api.send_to_hook(sent.pop("method", "POST"), hook["url"] + query, **sent)
    assert (answer.status_code, answer.text) == (200, "Accepted")
    [row] = queue(api, hook["id"], 1)
    return api.get(f"/hooks/{hook['id']}/incomings/{row['id']}").fits()["incoming"]["data"]


#: Request, and the bundle that it becomes.
PAYLOADS = [
    behaviour(
        {"method": "GET", "query": "?a=1&b=two+words"},
        {"a": "1", "b": "two words"},
        checks="webhooks.formats",
    ),
    behaviour(
        {"query": "?a=query", "json": {"a": "body", "b": [1]}},
        {"a": "query", "b": [1]},
        checks="webhooks.formats",
    ),
    behaviour(
        {"data": "box=a&box=b&who=%C5%BD", "headers": FORM},
        {"box": ["a", "b"], "who": "Ž"},
        checks="webhooks.repeated-name",
    ),
    behaviour({"data": "probe=m3", "headers": TEXT}, {"value": "probe=m3"}, checks="webhooks.text"),
    behaviour(
        {"data": {"title": "Scan"}, "files": {"file": ("scan.bin", b"\x00\x01", "application/pdf")}},
        {"title": "Scan", "file": {"name": "scan.bin", "mime": "application/pdf", "data": "AAE="}},
        checks="webhooks.files",
    ),
    behaviour({"json": "text"}, {"value": "text"}, checks="webhooks.json-array"),
]


@pytest.mark.parametrize(("sent", "bundle"), PAYLOADS)
def test_a_request_becomes_a_bundle(
    sent: dict[str, Any], bundle: Any, api: ContractClient, make: FreshResources
) -> None:
    assert received(api, make, dict(sent)) == bundle


@pytest.mark.fidelity("webhooks.stringify")
def test_json_may_pass_through_as_text(api: ContractClient, make: FreshResources) -> None:
    raw = '{ "a" : 1 }'
    sent = {"data": raw, "headers": {"Content-Type": "application/json"}}
    assert received(api, make, sent, stringify=True) == {"value": raw}


@pytest.mark.fidelity("webhooks.headers", "hooks.incomings", "hooks.incoming-size")
def test_headers_and_method_are_added_if_asked_for(api: ContractClient, make: FreshResources) -> None:
    sent = {"json": {"a": 1}, "headers": {"X-Shop": "One"}}
    data = received(api, make, sent, headers=True, method=True)
    assert (data["a"], data["__IMTMETHOD__"]) == (1, "POST")
    headers = {row["name"]: row["value"] for row in data["__IMTHEADERS__"]}
    assert headers["x-shop"] == "One"
    assert headers["content-type"] == "application/json"


@pytest.mark.fidelity("webhooks.json-invalid")
def test_json_that_is_none_is_refused(api: ContractClient, make: FreshResources) -> None:
    url = make.hook()["url"]
    answer = api.send_to_hook("POST", url, data="{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.text


@pytest.mark.fidelity("webhooks.structure")
def test_data_that_do_not_fit_the_structure_are_refused(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook(udt=make.structure())
    waiting_at(make, hook["id"])
    assert api.post_to_hook(hook["url"], {"sku": "A-1", "quantity": "many"}).status_code == 400
    assert api.post_to_hook(hook["url"], {"sku": "A-1", "quantity": 2}).status_code == 200


@pytest.mark.fidelity("webhooks.preflight")
def test_a_preflight_grants_the_headers_that_are_asked_for(api: ContractClient, make: FreshResources) -> None:
    asked = {"Origin": "https://example.com", "Access-Control-Request-Headers": "x-contract"}
    answer = api.send_to_hook("OPTIONS", make.hook()["url"], headers=asked)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["Access-Control-Allow-Headers"] == "x-contract"


@pytest.mark.fidelity("webhooks.compressed")
def test_a_compressed_body_is_read_and_another_coding_refused(
    api: ContractClient, make: FreshResources
) -> None:
    hook = make.hook()
    waiting_at(make, hook["id"])
    as_json = {"Content-Type": "application/json", "Content-Encoding": "br"}
    assert api.send_to_hook("POST", hook["url"], data=b"{}", headers=as_json).status_code == 415
    as_json["Content-Encoding"] = "gzip"
    assert api.send_to_hook("POST", hook["url"], data=b"{}", headers=as_json).status_code == 400
    zipped = gzip.compress(b'{"sku": "A-1"}')
    assert api.send_to_hook("POST", hook["url"], data=zipped, headers=as_json).status_code == 200
    [row] = queue(api, hook["id"], 1)
    path = f"/hooks/{hook['id']}/incomings/{row['id']}"
    assert api.get(path).fits()["incoming"]["data"] == {"sku": "A-1"}


@pytest.mark.fidelity("webhooks.size", "webhooks.size-answer")
def test_a_body_has_a_largest_size(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook()
    waiting_at(make, hook["id"])
    answer = api.send_to_hook("POST", hook["url"], data=b"x" * 5_242_881, headers=TEXT)
    assert (answer.status_code, answer.text) == (413, "Payload too large.")


# --- responses -----------------------------------------------------------------------------------

FAILING = parsed(8, "{")

#: Modules behind the trigger, and status and body of the response to ``{"id": 7}``.
RESPONSES = [
    behaviour((respond("201", "id {{1.id}}"),), 201, "id 7", checks="webhooks.respond"),
    behaviour((respond("202", ""),), 202, "Accepted", checks="webhooks.respond-empty"),
    behaviour((respond("204", "no"),), 204, "", checks="webhooks.respond-empty"),
    behaviour((respond("200", "{{emptystring}}"),), 200, "", checks="webhooks.respond-empty"),
    behaviour(
        (respond("201", "first"), respond("500", "second", id=10)),
        201,
        "first",
        checks="webhooks.respond-first",
    ),
    behaviour(
        (FAILING, respond("200", "x")), 500, "Scenario failed to complete.", checks="webhooks.respond-failed"
    ),
]


@pytest.mark.parametrize(("flow", "status", "body"), RESPONSES)
def test_the_caller_gets_the_response_of_the_scenario(
    flow: tuple[Any, ...], status: int, body: str, api: ContractClient, make: FreshResources
) -> None:
    hook = make.hook()
    live_at(make, hook["id"], *flow)
    answer = api.post_to_hook(hook["url"], {"id": 7})
    assert (answer.status_code, answer.text) == (status, body)


@pytest.mark.fidelity("webhooks.respond", "webhooks.respond-unsendable", "webhooks.sandbox")
def test_a_response_has_the_headers_that_can_be_sent(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook()
    headers = ("Content-Type", "text/html"), ("X-Id", "{{1.id}}"), ("Bad Name", "x")
    live_at(make, hook["id"], respond("100", "<p>", *headers))
    answer = api.post_to_hook(hook["url"], {"id": 7})
    assert (answer.status_code, answer.text, answer.headers["X-Id"]) == (200, "<p>", "7")
    assert "Bad Name" not in answer.headers
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.fidelity("webhooks.respond-then-failed")
def test_a_run_that_fails_after_its_response_leaves_the_scenario_live(
    api: ContractClient, make: FreshResources
) -> None:
    hook = make.hook()
    scenario = live_at(make, hook["id"], respond("200", "done"), FAILING)
    assert api.post_to_hook(hook["url"], {"id": 7}).text == "done"
    assert api.get(f"/scenarios/{scenario}").fits()["scenario"]["isActive"] is True


@pytest.mark.fidelity("engine.respond-commit")
def test_a_response_waits_for_the_commit(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook()
    live_at(make, hook["id"], respond("200", "done"), FAILING, settings={"autoCommit": False})
    answer = api.post_to_hook(hook["url"], {"id": 7})
    assert "done" not in answer.text


# --- queue and log -------------------------------------------------------------------------------


@pytest.mark.fidelity("webhooks.run", "webhooks.run-queue")
def test_a_run_by_hand_has_its_data_or_those_of_the_queue(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook()
    result = step(2, "scenario-service:ReturnData", {"result": "{{1.sku}}"}, version=2)
    spec = {"input_spec": None, "output_spec": [{"name": "result", "type": "text"}]}
    scenario = make.scenario(*listening(hook["id"], result), inputs=None, metadata=spec)["id"]
    api.post_to_hook(hook["url"], {"sku": "queued"})
    queue(api, hook["id"], 1)
    api.post(f"/scenarios/{scenario}/start").fits()
    api.post_to_hook(hook["url"], {"sku": "own queue"})
    assert run_again(make, scenario, sku="own")["outputs"] == {"result": "own"}
    queue(api, hook["id"], 2)
    assert run_again(make, scenario)["outputs"] == {"result": "queued"}


@pytest.mark.fidelity("hooks.incomings", "hooks.incoming-size", "hooks.incomings-stats", "hooks.queue-limit")
def test_the_queue_is_listed_oldest_first(
    api: ContractClient, make: FreshResources, license: dict[str, Any]
) -> None:
    hook = make.hook()
    waiting_at(make, hook["id"])
    for sku in ("A-1", "A-2"):
        api.post_to_hook(hook["url"], {"sku": sku})
    path = f"/hooks/{hook['id']}/incomings"
    rows = queue(api, hook["id"], 2)
    assert [row["size"] for row in rows] == [len('{"sku":"A-1"}')] * 2
    first = api.get(f"{path}/{rows[0]['id']}").fits()["incoming"]
    assert first == {**rows[0], "data": {"sku": "A-1"}}
    stats = api.get(f"{path}/stats").fits()["incomingStat"]
    limit = api.get(f"/hooks/{hook['id']}").fits()["hook"]["queueLimit"]
    assert stats == {"queue": 2, "limit": limit, "enabled": True}
    assert limit == license.get("iolimit", limit)


@pytest.mark.fidelity("hooks.incomings-delete", "hooks.incomings-deleted")
def test_items_of_the_queue_are_deleted_by_their_ids_or_all(
    api: ContractClient, make: FreshResources
) -> None:
    hook = make.hook()
    waiting_at(make, hook["id"])
    for sku in ("A-1", "A-2", "A-3"):
        api.post_to_hook(hook["url"], {"sku": sku})
    path = f"/hooks/{hook['id']}/incomings"
    first, second, third = (row["id"] for row in queue(api, hook["id"], 3))
    assert api.delete(path, {"ids": [first, "unknown"]}).fits() == {"incomings": [first]}
    api.delete(path, {"all": True}).refused(406, "IM004")
    answer = api.delete(path, {"all": True, "exceptIds": [third]}, confirmed="true").fits()
    assert answer == {"incomings": [second]}
    assert [row["id"] for row in queue(api, hook["id"], 1)] == [third]


@pytest.mark.fidelity("hooks.logs", "hooks.logs-order", "hooks.log-detail")
def test_each_delivery_is_in_the_log_of_the_hook(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook()
    waiting_at(make, hook["id"])
    for sku in ("A-1", "A-2"):
        api.post_to_hook(hook["url"], {"sku": sku})
    path = f"/hooks/{hook['id']}/logs"
    answer = api.poll_until(lambda: api.get(path), lambda answer: len(answer.fits()["hookLogs"]) == 2).fits()
    assert answer["pg"]["limit"] == 25
    later, earlier = answer["hookLogs"]
    assert later["loggedAt"] >= earlier["loggedAt"]
    assert (later["statusId"], later["typeId"], len(later["udids"])) == (1, 3, 1)
    moment = int(earlier["imtId"].partition("_")[0])
    found = api.call("GET", path, query={"from": moment, "to": moment}).fits()["hookLogs"]
    assert earlier["id"] in [row["id"] for row in found]
    single = api.get(f"{path}/{later['id']}").fits()
    assert list(single) == ["hookLog"]
    detail = single["hookLog"]
    assert set(detail["data"]) >= {"request", "response"}
    assert detail["data"]["request"]["method"] == "POST"
    assert "A-2" in json.dumps(detail["data"]["request"]["body"])


@pytest.mark.fidelity("webhooks.start-runs-queue")
def test_what_waits_is_run_once_the_scenario_starts(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook()
    scenario = waiting_at(make, hook["id"])
    api.post_to_hook(hook["url"], {"sku": "A-1"})
    queue(api, hook["id"], 1)
    api.post(f"/scenarios/{scenario}/start").fits()
    queue(api, hook["id"], 0)


@pytest.mark.fidelity("hooks.learning-live", "hooks.learned-nested")
def test_learning_that_was_asked_for_takes_the_next_delivery(
    api: ContractClient, make: FreshResources
) -> None:
    hook = make.hook()
    live_at(make, hook["id"], respond("200", "ran"))
    api.post(f"/hooks/{hook['id']}/learn-start").ok()
    assert api.post_to_hook(hook["url"], {"a": {"b": 1}, "c": [{"d": None}]}).text == "Accepted"
    ping = api.get(f"/hooks/{hook['id']}/ping").fits()
    assert ping["learning"] is False
    fields = {field["name"]: field for field in ping["dataStructure"]}
    assert (fields["a"]["type"], fields["a"]["spec"][0]["name"]) == ("collection", "b")
    assert fields["c"]["type"] == "array"
    assert api.post_to_hook(hook["url"], {"a": {"b": 1}}).text == "ran"


@pytest.mark.fidelity("hooks.learning-new")
def test_a_new_hook_learns_from_what_it_delivers(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook()
    live_at(make, hook["id"], respond("200", "ran"))
    assert api.post_to_hook(hook["url"], {"sku": "A-1"}).text == "ran"
    assert api.get(f"/hooks/{hook['id']}/ping").fits()["dataStructure"][0]["name"] == "sku"


@pytest.mark.fidelity("hooks.set-data", "hooks.types")
def test_the_data_of_a_hook_are_changed_by_their_names(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook()
    path = f"/hooks/{hook['id']}/set-data"
    assert api.post(path, {"headers": True}).fits() == {"changed": True}
    assert api.post(path, {"headers": True}).fits() == {"changed": False}
    data = api.get(f"/hooks/{hook['id']}").fits()["hook"]["data"]
    assert (data["headers"], data["method"]) == (True, False)
    api.post(path, {"contract": True}).refused(400)


@pytest.mark.fidelity("hooks.trigger-of-a-scenario", "hooks.no-trigger")
def test_the_trigger_of_a_scenario_is_its_hook(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook()
    scenario = waiting_at(make, hook["id"])
    trigger = api.get(f"/scenarios/{scenario}/triggers").ok()
    assert (trigger["id"], trigger["url"]) == (hook["id"], hook["url"])
    api.get(f"/scenarios/{make.scenario()['id']}/triggers").refused(404)


@pytest.mark.fidelity("hooks.team-as-text")
def test_the_team_of_a_hook_may_be_text(api: ContractClient, make: FreshResources) -> None:
    team = api.target.team_id
    hook = make.hook(teamId=str(team))
    assert hook["teamId"] == team


@pytest.mark.fidelity("hooks.url")
def test_the_url_of_a_hook_has_its_udid(make: FreshResources) -> None:
    hook = make.hook()
    origin, udid = make.api.target.base_url.removesuffix("/api/v2"), hook["udid"]
    zone = origin.removeprefix("https://")
    assert hook["url"] in (f"{origin}/hook/{udid}", f"https://hook.{zone}/{udid}")


@pytest.mark.fidelity("scenarios.hook-taken", "scenarios.hook-taken-status")
def test_a_hook_has_one_scenario(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook()["id"]
    waiting_at(make, hook)
    body = make.scenario_body(*listening(hook), scheduling={"type": "immediately"}, inputs=None)
    answer = api.post("/scenarios", body).refused(422, "IM000")
    assert "The hook already has a scenario assigned" in (answer.get("detail"), answer["message"])


@pytest.mark.fidelity("scheduling.webhook-interval")
def test_a_webhook_scenario_at_intervals_has_an_interval(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook()["id"]
    row = make.scenario(*listening(hook), scheduling={"type": "indefinitely"}, inputs=None)
    answer = api.post(f"/scenarios/{row['id']}/start").refused(400)
    assert "Invalid interval." in json.dumps(answer)


@pytest.mark.fidelity("scheduling.immediately")
def test_only_an_instant_trigger_runs_immediately(api: ContractClient, make: FreshResources) -> None:
    id = make.scenario(parsed(1, "{}"), scheduling={"type": "immediately"}, inputs=None)["id"]
    api.post(f"/scenarios/{id}/start").refused(400)


@pytest.mark.fidelity("webhooks.api-key")
def test_an_api_key_of_a_hook_cannot_be_set(api: ContractClient, make: FreshResources) -> None:
    hook = make.hook()
    api.post(f"/hooks/{hook['id']}/set-data", {"apiKeys": ["x"]}).refused(400)
