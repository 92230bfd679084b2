"""Custom functions of a team that this run made: checked, stored, changed, and called by scenarios."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.contract.client import ContractClient

from .behaviours import behaviour, live, return_data, run_again
from .resources import FreshResources

TWICE = {"name": "twice", "description": "Doubles.", "code": "function twice(x) { return 2 * x; }"}


@pytest.fixture
def team(api: ContractClient, make: FreshResources) -> int:
    """A team whose plan has custom functions."""
    id = make.team()
    if api.get("/functions", teamId=id).status in (403, 503):
        pytest.skip("the plan does not include custom functions")
    return id


def create(api: ContractClient, team: int, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = api.post("/functions", {**TWICE, **changes}, teamId=team).fits()["function"]
    return row


@pytest.mark.fidelity("functions.routes", "functions.shape")
def test_a_function_is_made_shown_and_listed(api: ContractClient, team: int) -> None:
    row = create(api, team)
    assert {**row, **TWICE, "args": "(x)"} == row
    assert row["createdByUser"]["id"] > 0
    assert api.get(f"/functions/{row['id']}").fits()["function"] == {**row, "scenarios": []}
    answer = api.get("/functions", teamId=team).fits()
    assert list(answer) == ["functions"]
    assert answer["functions"] == [{name: value for name, value in row.items() if name != "code"}]
    columns = {"teamId": team, "cols[]": ["code", "scenarios"]}
    assert api.call("GET", "/functions", query=columns).fits()["functions"] == [
        {"code": TWICE["code"], "scenarios": []}
    ]


@pytest.mark.parametrize(
    "changes",
    [
        behaviour({"name": "two_words", "code": "function two_words(x) {}"}, checks="functions.name"),
        behaviour({"name": "2x"}, checks="functions.name"),
        behaviour({"name": "await", "code": "function await(x) {}"}, checks="functions.name"),
        behaviour({"name": "thrice"}, checks="functions.name"),
        behaviour({"name": "upper", "code": "function upper(x) {}"}, checks="functions.name-taken"),
        behaviour({"code": "function twice(x) { return 2 * ; }"}, checks="functions.code"),
        behaviour({"code": "const twice = x => 2 * x;"}, checks="functions.code-form"),
        behaviour({"code": "function twice(x) {" + " " * 5000 + "}"}, checks="functions.code-form"),
    ],
)
def test_a_function_that_is_not_valid_is_refused(
    changes: dict[str, str], api: ContractClient, team: int
) -> None:
    api.post("/functions", {**TWICE, **changes}, teamId=team).refused(400, "IM005")
    assert api.get("/functions", teamId=team).fits()["functions"] == []


@pytest.mark.fidelity("functions.name-taken", "functions.name")
def test_a_name_is_taken_once_and_for_all(api: ContractClient, team: int) -> None:
    id = create(api, team)["id"]
    api.post("/functions", TWICE, teamId=team).refused(400, "IM005")
    renamed = {"name": "thrice", "code": "function thrice(x) {}"}
    api.patch(f"/functions/{id}", renamed).refused(400, "IM005")


@pytest.mark.fidelity("functions.description")
def test_a_description_has_128_characters(api: ContractClient, team: int) -> None:
    api.post("/functions", {**TWICE, "description": "x" * 129}, teamId=team).refused(400)
    assert create(api, team, description="x" * 128)["description"] == "x" * 128


@pytest.mark.fidelity("functions.eval")
def test_a_check_stores_nothing(api: ContractClient, team: int) -> None:
    answer = api.post("/functions/eval", {"code": TWICE["code"]}, teamId=team).fits()
    assert answer == {"success": True, "error": None}
    answer = api.post("/functions/eval", {"code": "function twice(x) { return 2 * ; }"}, teamId=team).fits()
    assert answer["success"] is False
    assert answer["error"]
    assert api.get("/functions", teamId=team).fits()["functions"] == []


@pytest.mark.fidelity("functions.history")
def test_the_history_has_the_code_before_each_change(api: ContractClient, team: int) -> None:
    row = create(api, team)
    codes = ["function twice(a) { return a * 2; }", "function twice(b) { return b + b; }"]
    path = f"/functions/{row['id']}"
    for code in codes:
        assert api.patch(path, {"code": code}).fits()["function"]["code"] == code
    api.patch(path, {"description": "Adds."}).fits()
    entries = api.get(f"{path}/history", teamId=team).fits()["functionHistory"]
    assert [entry["previousCode"] for entry in entries] == [codes[0], TWICE["code"]]
    assert entries[0]["updatedBy"] == row["createdByUser"]["name"]
    api.get(f"{path}/history", teamId=api.target.team_id).refused(404)


#: Function, the expression that calls it, and its value.
CALLS = [
    behaviour("return 2 * a;", "{{f(21)}}", 42, checks="functions.call"),
    behaviour("return [a, b];", '{{f("x"; 1)}}', ["x", 1], checks="functions.values"),
    behaviour("return b === undefined;", "{{f(1)}}", True, checks="functions.values"),
    behaviour("return a instanceof Date;", "{{f(now)}}", True, checks="functions.values"),
    behaviour("return undefined;", "<{{f(1)}}>", "<>", checks="functions.values"),
    behaviour("return iml.upper(a);", '{{f("x")}}', "X", checks="functions.iml"),
    behaviour(
        "try { iml.first(1); } catch (e) { return e instanceof Error; }",
        "{{f(1)}}",
        True,
        checks="functions.iml",
    ),
    behaviour(
        "return typeof console + typeof setTimeout + typeof Buffer;",
        "{{f(1)}}",
        "undefined" * 3,
        checks="functions.surroundings",
    ),
]


@pytest.mark.parametrize(("body", "expression", "value"), CALLS)
def test_a_scenario_calls_the_functions_of_its_team(
    body: str, expression: str, value: Any, api: ContractClient, team: int, make: FreshResources
) -> None:
    create(api, team, name="f", code=f"function f(a, b) {{ {body} }}")
    ran = run_again(make, live(make, return_data(expression), team=team))
    assert ran.get("outputs") == {"result": value}


#: Function, and the message of the error with which its call fails.
FAILURES = [
    behaviour("throw new Error('no');", "Function 'f' finished with error! no", checks="functions.errors"),
    behaviour("while (true);", "Script execution timed out after 300ms", checks="functions.limits"),
    behaviour("return f(a);", "", checks="functions.limits"),
]


@pytest.mark.parametrize(("body", "message"), FAILURES)
def test_a_function_that_fails_fails_the_run(
    body: str, message: str, api: ContractClient, team: int, make: FreshResources
) -> None:
    create(api, team, name="f", code=f"function f(a) {{ {body} }}")
    ran = run_again(make, live(make, return_data("{{f(1)}}"), team=team))
    assert ran["error"]["name"] == "DataError"
    assert message in ran["error"]["message"]


@pytest.mark.fidelity("functions.delete", "functions.users")
def test_a_function_in_use_is_deleted_with_confirmation(
    api: ContractClient, team: int, make: FreshResources
) -> None:
    id = create(api, team)["id"]
    scenario = make.scenario(return_data("{{twice(1)}}"), inputs=None, teamId=team)
    users = api.get(f"/functions/{id}").fits()["function"]["scenarios"]
    assert users == [{"id": scenario["id"], "name": scenario["name"]}]
    api.delete(f"/functions/{id}").refused(406, "IM004")
    assert api.delete(f"/functions/{id}", confirmed="true").fits() == {"success": True}
    api.get(f"/functions/{id}").refused(404)


@pytest.mark.fidelity("description.scopes")
def test_functions_are_read_with_a_scope_of_their_own(api: ContractClient) -> None:
    token = api.target.token_without(["functions:read"])
    if token is None:
        pytest.skip("no token without the scope functions:read: --weak-token")
    team = {"teamId": api.target.team_id}
    api.call("GET", "/functions", query=team, token=token).refused(403, "SC403")
