"""Custom functions of a team over the API. What every route refuses is tested in tests/robustness."""

from __future__ import annotations

import importlib.util
import json
import sys
from typing import Any

import pytest

from helpers.api import NOON_ISO, OUTSIDER_TOKEN, ApiClient, assert_ok, assert_refused
from make_emulator.engine.javascript import pool

TWICE = {"name": "twice", "description": "Doubles.", "code": "function twice(x) { return 2 * x; }"}
ADA = {"id": 1, "name": "Ada Maker", "email": "ada@example.com"}


def create(api: ApiClient, **changes: Any) -> dict[str, Any]:
    function: dict[str, Any] = assert_ok(api.post("/functions?teamId=1", json={**TWICE, **changes}))[
        "function"
    ]
    return function


def unfit(api: ApiClient, **changes: Any) -> str:
    """Message of the rejection of a function."""
    response = api.post("/functions?teamId=1", json={**TWICE, **changes})
    return str(assert_refused(response, 400, code="IM005", message="Invalid input parameters")["detail"])


def use(api: ApiClient, text: str) -> int:
    """A live scenario that gives back what a text comes to; its id."""
    blueprint = {
        "name": "User",
        "flow": [
            {"id": 1, "module": "scenario-service:ReturnData", "version": 2, "mapper": {"answer": text}}
        ],
        "metadata": {},
    }
    outputs = [{"name": "answer", "type": "any"}]
    body = {"teamId": 1, "scheduling": '{"type":"on-demand"}', "blueprint": json.dumps(blueprint)}
    id = int(assert_ok(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"])
    interface = {"interface": {"input": [], "output": outputs}}
    assert_ok(api.patch(f"/scenarios/{id}/interface", json=interface))
    assert_ok(api.post(f"/scenarios/{id}/start"))
    return id


def test_a_function_is_created_read_and_listed(api: ApiClient) -> None:
    created = create(api)
    assert list(created) == [
        "id",
        "name",
        "description",
        "code",
        "args",
        "updatedAt",
        "createdAt",
        "createdByUser",
    ]
    assert created == {
        **TWICE,
        "id": 2,
        "args": "(x)",
        "updatedAt": NOON_ISO,
        "createdAt": NOON_ISO,
        "createdByUser": ADA,
    }
    assert assert_ok(api.get("/functions/2"))["function"] == {**created, "scenarios": []}
    [initials, listed] = assert_ok(api.get("/functions?teamId=1"))["functions"]
    assert (initials["name"], initials["args"]) == ("initials", "(name)")
    assert listed == {key: value for key, value in created.items() if key != "code"}
    assert "pg" not in assert_ok(api.get("/functions?teamId=1"))


def test_columns_choose_what_is_listed(api: ApiClient) -> None:
    [row] = assert_ok(api.get("/functions?teamId=1&cols[]=name&cols[]=scenarios"))["functions"]
    assert row == {"name": "initials", "scenarios": []}
    assert "code" in assert_ok(api.get("/functions?teamId=1&cols[]=*"))["functions"][0]
    assert assert_ok(api.get("/functions/1?cols[]=args"))["function"] == {"args": "(name)"}


def test_a_created_function_works_in_a_scenario_which_is_named_with_it(api: ApiClient) -> None:
    create(api)
    scenario = use(api, "{{twice(21)}}")
    assert assert_ok(api.post(f"/scenarios/{scenario}/run", json={"responsive": True}))["outputs"] == {
        "answer": 42
    }
    assert assert_ok(api.get("/functions/2"))["function"]["scenarios"] == [{"id": scenario, "name": "User"}]


def test_a_clone_in_a_team_that_lacks_a_function_must_be_confirmed(api: ApiClient) -> None:
    create(api)
    path = f"/scenarios/{use(api, '{{twice(21)}}')}/clone?organizationId=1"
    team = assert_ok(api.post("/teams", json={"name": "Second", "organizationId": 1}))["team"]["id"]
    copy = {"name": "Copy", "teamId": team, "states": False}
    refused = assert_refused(api.post(path, json=copy), 406, code="IM004")
    assert refused["metadata"] == [{"type": "createFunctions", "data": ["twice"]}]
    assert len(api.world.scenarios.where(team=team)) == 0
    assert_ok(api.post(path, json={**copy, "teamId": 1}))
    assert assert_ok(api.post(f"{path}&confirmed=true", json=copy))["scenario"]["teamId"] == team


@pytest.mark.parametrize(
    ("head", "shown"),
    [
        ("function twice()", "()"),
        ("function  twice (a,\n  b)", "(a, b)"),
        (
            "// Doubles.\n/* ( */ function twice(x = (1 + 2), { y } = {}, z = ')')",
            "(x = (1 + 2), { y } = {}, z = ')')",
        ),
    ],
)
def test_the_arguments_are_read_from_the_code(api: ApiClient, head: str, shown: str) -> None:
    assert create(api, code=f"{head} {{ return 1; }}", args="(other)")["args"] == shown


@pytest.mark.parametrize("name", ["twice", "T", "twice2", "Twice", "doubleOf", "iff", "awaiting", "x" * 128])
def test_a_name_has_letters_and_digits(api: ApiClient, name: str) -> None:
    assert create(api, name=name, code=f"function {name}(x) {{}}")["name"] == name


@pytest.mark.parametrize("name", ["2x", "two_words", "two words", "$", "é", "a-b", "a.b", "x\n", " x"])
def test_other_names_are_rejected(api: ApiClient, name: str) -> None:
    assert unfit(api, name=name) == (
        "The name of a function must contain only letters and digits, and cannot start with a digit."
    )


@pytest.mark.parametrize("name", ["do", "function", "arguments", "eval", "await", "instanceof"])
def test_reserved_words_are_rejected(api: ApiClient, name: str) -> None:
    assert unfit(api, name=name) == f"The name of a function cannot be the reserved word '{name}'."


def test_names_that_are_taken_are_rejected(api: ApiClient) -> None:
    create(api)
    assert unfit(api) == "The team has a function 'twice' already."
    assert unfit(api, name="upper", code="function upper(x) {}") == "There is a built-in function 'upper'."


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("function thrice(x) {}", "The function in the code is called 'thrice' instead of 'twice'."),
        ("const twice = x => 2 * x;", "The code must be a function: function name(arguments) { … }."),
        ("async function twice(x) {}", "The code must be a function: function name(arguments) { … }."),
        ("function* twice(x) {}", "The code must be a function: function name(arguments) { … }."),
        (
            "function twice(x) {" + " " * 5000 + "}",
            "The code of a function cannot have more than 5000 characters.",
        ),
    ],
)
def test_code_that_is_not_the_function_is_rejected(api: ApiClient, code: str, why: str) -> None:
    assert unfit(api, code=code) == why


def test_code_with_an_error_is_rejected_and_reported_by_a_check(api: ApiClient) -> None:
    code = "function twice(x) { return 2 * ; }"
    why = unfit(api, code=code)
    assert why.startswith("The code of the function is invalid: SyntaxError: ")
    checked = assert_ok(api.post("/functions/eval?teamId=1", json={"code": code}))
    assert checked == {"success": False, "error": why.removeprefix("The code of the function is invalid: ")}
    assert len(api.world.functions) == 1


def test_a_check_keeps_nothing(api: ApiClient) -> None:
    checked = assert_ok(api.post("/functions/eval?teamId=1", json={"code": TWICE["code"]}))
    assert checked == {"success": True, "error": None}
    assert len(api.world.functions) == 1


@pytest.mark.usefixtures("makes_time_limit")
def test_code_that_does_not_end_by_itself_is_rejected(api: ApiClient) -> None:
    code = f"{TWICE['code']} while (true);"
    assert assert_ok(api.post("/functions/eval?teamId=1", json={"code": code})) == {
        "success": False,
        "error": "Script execution timed out after 300ms",
    }


def test_changed_code_goes_into_the_history_latest_first(api: ApiClient) -> None:
    create(api)
    codes = [TWICE["code"], "function twice(a) { return a * 2; }", "function twice(b) { return b + b; }"]
    for code in codes[1:]:
        api.world.clock.advance(minutes=1)
        assert assert_ok(api.patch("/functions/2", json={"code": code}))["function"]["code"] == code
    changed = assert_ok(
        api.patch("/functions/2", json={"code": codes[-1], "description": "Adds.", "name": "twice"})
    )
    assert changed["function"] == {
        "id": 2,
        "name": "twice",
        "description": "Adds.",
        "code": codes[-1],
        "args": "(b)",
        "updatedAt": "2026-03-02T12:02:00.000Z",
        "createdAt": NOON_ISO,
        "createdByUser": ADA,
    }
    assert assert_ok(api.get("/functions/2/history?teamId=1"))["functionHistory"] == [
        {
            "id": 2,
            "previousCode": codes[1],
            "updatedAt": "2026-03-02T12:02:00.000Z",
            "updatedBy": "Ada Maker",
        },
        {
            "id": 1,
            "previousCode": codes[0],
            "updatedAt": "2026-03-02T12:01:00.000Z",
            "updatedBy": "Ada Maker",
        },
    ]


def test_a_function_is_not_renamed(api: ApiClient) -> None:
    body = {"name": "letters", "code": "function letters(name) {}"}
    why = assert_refused(api.patch("/functions/1", json=body), 400, code="IM005")["detail"]
    assert why == "The name of a function cannot be changed."
    why = assert_refused(api.patch("/functions/1", json={"code": body["code"]}), 400, code="IM005")["detail"]
    assert why == "The function in the code is called 'letters' instead of 'initials'."


def test_the_history_is_requested_in_the_functions_own_team(api: ApiClient) -> None:
    team = assert_ok(api.post("/teams", json={"name": "Other", "organizationId": 1}))["team"]["id"]
    assert_refused(api.get(f"/functions/1/history?teamId={team}"), 404, code="SC404")
    faults = assert_refused(api.get("/functions/1/history"), 400, code="SC400")["suberrors"]
    assert [fault["message"] for fault in faults] == ["Missing value of required parameter 'teamId'."]


def test_a_function_in_use_is_deleted_only_with_confirmation(api: ApiClient) -> None:
    create(api)
    scenario = use(api, "{{twice(1)}}")
    refused = api.delete("/functions/2")
    assert assert_refused(refused, 406, code="IM004")["metadata"] == [{"type": "deleteFunction"}]
    assert refused.headers["X-Emulator-Why"].startswith(
        f"Function 'twice' is used by scenarios: 'User' ({scenario})."
    )
    assert assert_ok(api.delete("/functions/2?confirmed=true")) == {"success": True}
    assert_refused(api.get("/functions/2"), 404, detail="Function '2' not found.")
    api.post(f"/scenarios/{scenario}/run", json={"responsive": True})
    [log] = assert_ok(api.get(f"/scenarios/{scenario}/logs?status=3"))["scenarioLogs"]
    assert "Function 'twice' not found!" in str(
        assert_ok(api.get(f"/scenarios/{scenario}/executions/{log['id']}"))
    )


def test_an_unused_function_is_deleted_with_its_history(api: ApiClient) -> None:
    assert_ok(api.patch("/functions/1", json={"code": "function initials() {}"}))
    assert assert_ok(api.delete("/functions/1")) == {"success": True}
    assert (len(api.world.functions), len(api.world.function_changes)) == (0, 0)


def test_a_team_takes_its_functions_with_it(api: ApiClient) -> None:
    assert_ok(api.patch("/functions/1", json={"code": "function initials() {}"}))
    assert_ok(api.delete("/teams/1?confirmed=true"))
    assert (len(api.world.functions), len(api.world.function_changes)) == (0, 0)


def test_a_plan_without_custom_functions_is_403(api: ApiClient) -> None:
    detail = "The plan of the organization does not include custom functions."
    for response in (
        api.get("/functions?teamId=2", token=OUTSIDER_TOKEN),
        api.post("/functions?teamId=2", json=TWICE, token=OUTSIDER_TOKEN),
        api.post("/functions/eval?teamId=2", json={"code": "x"}, token=OUTSIDER_TOKEN),
    ):
        assert_refused(response, 403, code="SC403", detail=detail)


def test_only_an_administrator_of_the_team_writes_functions(api: ApiClient) -> None:
    made = api.control(
        "POST", "/worlds/default/tokens", json={"scopes": ["functions:read", "functions:write"], "userId": 3}
    )
    member = {"token": made.json["token"] if made.json else ""}
    assert len(assert_ok(api.get("/functions?teamId=1", **member))["functions"]) == 1
    assert assert_ok(api.post("/functions/eval?teamId=1", json={"code": "x = 1"}, **member))["success"]
    for response in (
        api.post("/functions?teamId=1", json=TWICE, **member),
        api.patch("/functions/1", json={"description": "x"}, **member),
    ):
        assert_refused(response, 403, code="IM002")
    assert assert_ok(api.delete("/functions/1", **member)) == {"success": True}


def test_without_an_engine_it_is_503_and_nothing_is_kept(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_idle_workers", [])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    detail = "Custom functions need a JavaScript engine: pip install 'make-emulator[functions]'"
    for response in (
        api.post("/functions?teamId=1", json=TWICE),
        api.patch("/functions/1", json={"code": "function initials() {}"}),
        api.post("/functions/eval?teamId=1", json={"code": "x"}),
    ):
        assert_refused(response, 503, code="SC503", detail=detail)
    assert (
        assert_ok(api.patch("/functions/1", json={"description": "New"}))["function"]["description"] == "New"
    )
    assert len(api.world.functions) == 1


def test_without_a_program_to_start_it_is_503(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_idle_workers", [])
    monkeypatch.setattr(sys, "executable", "")
    detail = "Custom functions need a process of their own, which cannot be started."
    assert_refused(api.post("/functions?teamId=1", json=TWICE), 503, code="SC503", detail=detail)


def test_half_a_character_in_an_error_can_be_read_in_the_logs(api: ApiClient) -> None:
    create(api, name="half", code="function half() { throw new Error('\\ud800'); }")
    scenario = use(api, "{{half()}}")
    assert_ok(api.post(f"/scenarios/{scenario}/run", json={"responsive": True}))
    [entry] = [
        row for row in assert_ok(api.get(f"/scenarios/{scenario}/logs"))["scenarioLogs"] if row.get("error")
    ]
    assert entry["error"]["message"] == (
        "Failed to map 'answer': Function 'half' finished with error! \N{REPLACEMENT CHARACTER}"
    )
