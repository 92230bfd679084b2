"""Import of exported blueprints: scenarios, stubs, links between files, and files that are rejected as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.api import ApiClient, assert_ok, assert_status
from make_emulator.app import DEFAULT_WORLD, create_app, registry_of
from make_emulator.world import snapshot

FOLDER = Path(__file__).parents[2] / "fixtures" / "blueprints"


def shipped(*names: str) -> list[dict[str, Any]]:
    return [
        {"name": f"{name}.json", "document": (FOLDER / f"{name}.json").read_text("utf-8")} for name in names
    ]


def file(name: str, *flow: dict[str, Any], **fields: Any) -> dict[str, Any]:
    blueprint = {"name": name.removesuffix(".json"), "flow": list(flow), "metadata": {"version": 1}}
    return {"name": name, "document": {**blueprint, **fields}}


def node(id: int, module: str, version: int = 1, /, **fields: Any) -> dict[str, Any]:
    return {"id": id, "module": module, "version": version, "parameters": {}, "mapper": {}, **fields}


def call(scenario: object, label: str | None = None) -> dict[str, Any]:
    metadata = {"restore": {"parameters": {"scenario": {"label": label}}}} if label else {}
    return node(
        1,
        "scenario-service:CallSubscenario",
        2,
        parameters={"scenario": scenario, "shouldWaitForExecutionEnd": True},
        metadata=metadata,
    )


def returning(name: str) -> dict[str, Any]:
    return file(
        name,
        node(1, "scenario-service:StartSubscenario", 2),
        node(2, "scenario-service:ReturnData", 2, mapper={"answer": name}),
    )


def hooked(id: int) -> dict[str, Any]:
    return node(1, "gateway:CustomWebHook", parameters={"hook": id, "maxResults": 1})


def post(api: ApiClient, files: list[dict[str, Any]], **fields: Any) -> Any:
    return assert_ok(api.control("POST", "/worlds/default/import", json={"files": files, **fields}))


def state(api: ApiClient) -> Any:
    """The state of the world, without the sequences of its ids."""
    taken = json.loads(snapshot.dumps(snapshot.take(api.world)))
    return {name: value for name, value in taken.items() if name not in ("ids", "header")}


def test_exports_become_scenarios_that_run(api: ApiClient) -> None:
    answer = post(api, shipped("lead-intake", "greeting"), activate=True)
    assert answer["rejected"] == []
    assert [
        (row["file"], row["name"], row["active"], row["inactiveReason"]) for row in answer["scenarios"]
    ] == [
        ("lead-intake.json", "Lead intake with scoring", True, None),
        ("greeting.json", "Greeting", True, None),
    ]
    lead, greeting = (row["scenarioId"] for row in answer["scenarios"])
    run = assert_ok(
        api.post(f"/scenarios/{greeting}/run", json={"data": {"name": "Zoe"}, "responsive": True})
    )
    assert run["outputs"] == {"greeting": "Hello, Zoe!"}
    assert assert_ok(api.get(f"/scenarios/{lead}"))["scenario"]["scheduling"] == {"type": "immediately"}
    stubs = {(stub["kind"], stub["id"]): stub for stub in answer["stubs"]}
    assert stubs["connection", 4102]["note"] == "Acme HubSpot"
    hook = assert_ok(api.get("/hooks/7101"))["hook"]
    assert stubs["hook", 7101]["url"] == hook["url"]
    assert hook["scenarioId"] == lead
    delivered = api.app.test_client().post(f"/hook/{hook['udid']}", json={"email": "zoe@example.com"})
    assert delivered.status_code == 200
    api.control("POST", "/worlds/default/clock/advance", json={"seconds": 60})
    assert assert_ok(api.get(f"/scenarios/{lead}/logs"))["scenarioLogs"][0]["status"] == 1


def test_without_activation_scenarios_are_inactive(api: ApiClient) -> None:
    [row] = post(api, shipped("greeting"))["scenarios"]
    assert (row["active"], row["inactiveReason"]) == (False, None)
    assert assert_ok(api.get(f"/scenarios/{row['scenarioId']}"))["scenario"]["isActive"] is False


def test_a_scenario_that_cannot_be_activated_says_why(api: ApiClient) -> None:
    incomplete = file("incomplete.json", node(1, "gateway:CustomWebHook"))
    answer = post(api, [incomplete], activate=True)
    [row] = answer["scenarios"]
    assert row["active"] is False
    assert row["inactiveReason"].startswith("Scenario contains errors: ")


@pytest.mark.parametrize("names", [("price-with-tax", "quote-builder"), ("quote-builder", "price-with-tax")])
def test_a_call_is_linked_to_the_file_with_the_shown_name(api: ApiClient, names: tuple[str, str]) -> None:
    answer = post(api, shipped(*names), activate=True)
    ids = {row["file"]: row["scenarioId"] for row in answer["scenarios"]}
    assert ids["price-with-tax.json"] == 6015
    assert answer["stubs"] == []
    inputs = {"items": [{"name": "Lamp", "net": 100}], "country": "DE"}
    run = assert_ok(
        api.post(f"/scenarios/{ids['quote-builder.json']}/run", json={"data": inputs, "responsive": True})
    )
    assert run["outputs"]["total"] == 119


@pytest.mark.parametrize("written", [1, "1", "SCN_1"])
def test_calls_are_rewritten_where_another_scenario_has_the_id(api: ApiClient, written: object) -> None:
    router = node(
        2,
        "builtin:BasicRouter",
        routes=[{"flow": [node(3, "util:SetVariable2", onerror=[node(4, "builtin:Ignore")])]}],
    )
    answer = post(
        api, [file("caller.json", call(written), router), returning("1-called.json")], activate=True
    )
    assert (answer["stubs"], answer["rejected"]) == ([], [])
    ids = {row["file"]: row["scenarioId"] for row in answer["scenarios"]}
    blueprint = assert_ok(api.get(f"/scenarios/{ids['caller.json']}/blueprint"))["response"]["blueprint"]
    id = ids["1-called.json"]
    kept = id if written == 1 else str(written).replace("1", str(id))
    assert blueprint["flow"][0]["parameters"]["scenario"] == kept
    assert blueprint["flow"][1] == router
    assert_ok(api.post(f"/scenarios/{ids['caller.json']}/run", json={"responsive": True}))
    api.control("POST", "/worlds/default/clock/advance", json={"seconds": 60})
    runs = assert_ok(api.get(f"/scenarios/{ids['1-called.json']}/logs"))["scenarioLogs"]
    assert [run["status"] for run in runs if "status" in run] == [1]


def test_scenarios_that_call_each_other_are_linked(api: ApiClient) -> None:
    answer = post(api, [file("501.json", call(502)), file("502.json", call("SCN_501"))])
    assert {row["file"]: row["scenarioId"] for row in answer["scenarios"]} == {
        "501.json": 501,
        "502.json": 502,
    }
    assert answer["stubs"] == []


def test_a_call_that_two_files_could_be_meant_by_becomes_a_stub(api: ApiClient) -> None:
    files = [file("caller.json", call(77)), returning("77-a.json"), returning("77-b.json")]
    answer = post(api, files, activate=True)
    assert [(stub["kind"], stub["id"]) for stub in answer["stubs"]] == [("scenario", 77)]
    assert 77 not in [row["scenarioId"] for row in answer["scenarios"]]


def test_no_other_file_gets_an_id_that_is_called(api: ApiClient) -> None:
    used = max(row["id"] for row in assert_ok(api.get("/scenarios?teamId=1"))["scenarios"])
    files = [file("caller.json", call(used + 2)), returning("a.json"), returning("b.json")]
    answer = post(api, files)
    assert [(stub["kind"], stub["id"]) for stub in answer["stubs"]] == [("scenario", used + 2)]
    assert used + 2 not in [row["scenarioId"] for row in answer["scenarios"]]


def test_a_rejected_called_file_leaves_its_callers_a_stub(api: ApiClient) -> None:
    called = file("77.json", node(1, "stripe:ActionCreateCustomer"))
    answer = post(api, [file("caller.json", call(77)), called], activate=True)
    assert [row["file"] for row in answer["scenarios"]] == ["caller.json"]
    assert [row["file"] for row in answer["rejected"]] == ["77.json"]
    assert [(stub["kind"], stub["id"]) for stub in answer["stubs"]] == [("scenario", 77)]


def test_a_rejected_file_leaves_nothing_behind(api: ApiClient) -> None:
    before = state(api)
    taken = file(
        "taken.json",
        hooked(1),
        node(2, "slack:CreateMessage", 4, parameters={"__IMTCONN__": 900}, mapper={"channel": "C0"}),
        node(3, "datastore:AddRecord", parameters={"datastore": 901}, mapper={"data": {"a": 1}}),
        node(4, "json:ParseJSON", parameters={"type": 902}, mapper={"json": "{}"}),
    )
    answer = post(api, [taken], activate=True)
    assert (answer["scenarios"], answer["stubs"]) == ([], [])
    assert answer["rejected"][0]["message"] == "The hook already has a scenario assigned"
    assert answer["rejected"][0]["hint"] == "Hook 1 belongs to scenario 2; each hook triggers one."
    assert state(api) == before


def test_a_rejected_file_keeps_the_stubs_of_the_others(api: ApiClient) -> None:
    def posting(name: str, hook: int) -> dict[str, Any]:
        message = node(2, "slack:CreateMessage", 4, parameters={"__IMTCONN__": 900}, mapper={"channel": "C"})
        return file(name, hooked(hook), message)

    answer = post(api, [posting("a.json", 800), posting("b.json", 800)])
    assert [row["file"] for row in answer["rejected"]] == ["b.json"]
    assert [(stub["kind"], stub["id"]) for stub in answer["stubs"]] == [("connection", 900), ("hook", 800)]
    assert_ok(api.get("/connections/900"))
    assert assert_ok(api.get("/hooks/800"))["hook"]["scenarioId"] == answer["scenarios"][0]["scenarioId"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "not JSON: unexpected end of data"),
        ("[]", "a blueprint is an object"),
        ("", "not JSON"),
        ({"name": "x"}, ""),
        ({"blueprint": "{"}, "'blueprint' is not JSON"),
        ({"name": "x", "flow": [{"id": 1}], "metadata": {}}, ""),
        ({"name": "x", "flow": 5, "metadata": {}}, ""),
        (
            {"name": "x", "flow": [], "metadata": {}, "io": {"input_spec": [{"name": "a", "type": 5}]}},
            "the type",
        ),
        ('{"flow":' + "[" * 900 + "]" * 900 + "}", ""),
    ],
)
def test_a_document_without_a_valid_blueprint_is_rejected(
    api: ApiClient, document: object, message: str
) -> None:
    before = state(api)
    answer = post(api, [{"name": "bad.json", "document": document}], activate=True)
    [row] = answer["rejected"]
    assert row["file"] == "bad.json"
    assert row["message"].startswith(message)
    assert row["message"]
    assert (answer["scenarios"], answer["stubs"], state(api)) == ([], [], before)


def test_the_findings_of_a_file_have_its_lines(api: ApiClient) -> None:
    text = json.dumps(file("bad.json", node(1, "stripe:ActionCreateCustomer"))["document"], indent=1)
    [row] = post(api, [{"name": "bad.json", "document": text}])["rejected"]
    assert row["findings"][0]["rule"] == "no-such-module"
    assert text.splitlines()[row["findings"][0]["line"] - 1].strip().startswith('"module"')
    [parsed] = post(api, [{"name": "bad.json", "document": json.loads(text)}])["rejected"]
    assert [each["rule"] for each in parsed["findings"]] == [each["rule"] for each in row["findings"]]
    assert "line" not in parsed["findings"][0]
    [row] = post(api, shipped("catalog-pages"))["scenarios"]
    assert [each["rule"] for each in row["findings"]] == ["http-without-handler"]


def test_the_scheduling_of_a_response_of_the_api_is_kept(api: ApiClient) -> None:
    held = {
        "code": "OK",
        "response": {
            "blueprint": file("x.json", node(1, "util:SetVariable2", mapper={"name": "a"}))["document"]
        },
        "scheduling": {"type": "indefinitely", "interval": 900},
    }
    [row] = post(api, [{"name": "x.json", "document": held}])["scenarios"]
    scenario = assert_ok(api.get(f"/scenarios/{row['scenarioId']}"))["scenario"]
    assert scenario["scheduling"] == {"type": "indefinitely", "interval": 900}


def test_scenarios_come_into_the_team_that_is_asked_for(api: ApiClient) -> None:
    team = assert_ok(api.post("/teams", json={"name": "Other", "organizationId": 1}))["team"]["id"]
    answer = post(api, shipped("lead-intake"), teamId=team)
    assert (answer["rejected"], len(answer["scenarios"])) == ([], 1)
    scenarios = assert_ok(api.get(f"/scenarios?teamId={team}"))["scenarios"]
    assert [row["id"] for row in scenarios] == [answer["scenarios"][0]["scenarioId"]]
    assert [row["id"] for row in assert_ok(api.get(f"/hooks?teamId={team}"))["hooks"]] == [7101]


def test_a_connection_of_another_team_is_not_used(api: ApiClient) -> None:
    team = assert_ok(api.post("/teams", json={"name": "Other", "organizationId": 1}))["team"]["id"]
    message = node(1, "slack:CreateMessage", 4, parameters={"__IMTCONN__": 900}, mapper={"channel": "C"})
    assert post(api, [file("a.json", message)])["rejected"] == []
    [row] = post(api, [file("a.json", message)], teamId=team)["rejected"]
    assert row["message"] == "Connection not found 'slack:900'"


def test_where_the_plan_allows_no_more_active_scenarios_the_others_stay_inactive() -> None:
    app = create_app(seed="empty", plan="free")
    handle = registry_of(app).get(DEFAULT_WORLD)
    assert handle is not None
    api = ApiClient(app, token=handle.main_token().token)
    files = [returning(f"{letter}.json") for letter in "abcd"]
    rows = post(api, [*files, file("caller.json", call(99))], activate=True)["scenarios"]
    active = [row for row in rows if row["active"]]
    assert 0 < len(active) < len(rows)
    assert all((row["inactiveReason"] is None) == row["active"] for row in rows)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "Missing value of required parameter 'files'."),
        ({"files": []}, "Missing value of required parameter 'files'."),
        ({"files": {}}, "Invalid value of parameter 'files'."),
        ({"files": [5]}, "A file must be an object with 'name' and 'document'."),
        ({"files": [{"name": "a.json"}]}, "A file must be an object with 'name' and 'document'."),
        (
            {"files": [{"name": "a", "document": {}, "x": 1}]},
            "A file must be an object with 'name' and 'document'.",
        ),
        ({"files": [{"name": 5, "document": {}}]}, "Invalid value of parameter 'files.name'."),
        (
            {"files": [{"name": "a", "document": []}]},
            "Parameter 'files.document' must be an object or a JSON text.",
        ),
        ({"files": 2 * [{"name": "a", "document": {}}]}, "2 files have the name 'a'."),
        ({"files": [{"name": "a", "document": {}}], "teamId": 99}, "There is no such team."),
        ({"files": [{"name": "a", "document": {}}], "activate": 1}, "Invalid value of parameter 'activate'."),
    ],
)
def test_invalid_requests_are_400_and_change_nothing(api: ApiClient, body: object, text: str) -> None:
    before = state(api)
    response = assert_status(api.control("POST", "/worlds/default/import", json=body), 400)
    assert response["detail"] == text
    assert state(api) == before


def test_an_unknown_world_is_404(api: ApiClient) -> None:
    body = {"files": shipped("greeting")}
    response = assert_status(api.control("POST", "/worlds/none/import", json=body), 404)
    assert response["detail"] == "There is no world named 'none'."
