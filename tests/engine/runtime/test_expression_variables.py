"""Variables of expressions: those of the run, of its team and of its organization."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.engine import NOW, EngineHarness, return_data, set_variable
from make_emulator.engine.budget import Budget
from make_emulator.world import organizations, variables
from make_emulator.world.models import Json, Organization


@pytest.fixture
def harness() -> EngineHarness:
    return EngineHarness()


def organization_of(harness: EngineHarness) -> Organization:
    return harness.world.organizations[harness.team.organization_id]


def told(harness: EngineHarness, expression: str, *before: Json) -> Any:
    """Value of an expression at the end of a run."""
    fields = [{"name": "answer", "type": "any"}]
    outputs = harness.run(*before, return_data(9, answer=expression), output_spec=fields).outputs
    assert outputs is not None
    return outputs["answer"]


def custom(harness: EngineHarness, name: str, type_id: int, value: Json) -> None:
    for owner in (harness.team, organization_of(harness)):
        variables.create(harness.world, harness.user, owner, name=name, type_id=type_id, value=value)


def test_the_variables_of_the_team_and_the_organization_are_seen(harness: EngineHarness) -> None:
    custom(harness, "API_URL", 2, "https://api.example.com")
    assert told(harness, "{{var.team.API_URL}}/orders") == "https://api.example.com/orders"
    assert told(harness, "{{var.organization.API_URL}}") == "https://api.example.com"


@pytest.mark.parametrize(
    ("type_id", "value", "expression", "result"),
    [
        (1, 5, "{{var.team.x + 1}}", 6),
        (3, False, "{{if(var.team.x; 1; 2)}}", 2),
        (
            4,
            "2026-01-31T00:00:00.000Z",
            '{{formatDate(addDays(var.team.x; 1); "DD/MM/YYYY"; "UTC")}}',
            "01/02/2026",
        ),
        (2, "$", "{{var.team.x}}", "$"),
    ],
)
def test_a_variable_has_its_type(
    harness: EngineHarness, type_id: int, value: Json, expression: str, result: Json
) -> None:
    custom(harness, "x", type_id, value)
    assert told(harness, expression) == result


def test_a_name_with_a_dollar_sign_stands_in_backticks(harness: EngineHarness) -> None:
    custom(harness, "$rate_2", 1, 5)
    assert told(harness, "{{var.team.`$rate_2`}}") == 5


def test_a_value_that_does_not_fit_its_type_stays_what_it_is(harness: EngineHarness) -> None:
    custom(harness, "x", 2, "soon")
    variables.update(harness.world, harness.user, harness.team, "x", type_id=4)
    assert told(harness, "{{var.team.x}}") == "soon"


def test_a_variable_that_is_not_there_is_nothing(harness: EngineHarness) -> None:
    assert told(harness, "<{{var.team.unknown}}>") == "<>"


def test_a_plan_without_custom_variables_shows_scenarios_none(harness: EngineHarness) -> None:
    custom(harness, "x", 1, 5)
    organizations.change_plan(harness.world, organization_of(harness), "core")
    assert told(harness, "<{{var.team.x}}{{var.organization.x}}>") == "<>"


def test_a_run_knows_itself(harness: EngineHarness) -> None:
    run = harness.run(
        set_variable(1, "{{var.scenario.executionUrl}} {{var.scenario.url}} {{var.scenario.name}}")
    )
    [step] = run.steps
    url = f"https://eu1.make.com/{harness.team.id}/scenarios/{run.scenario_id}"
    assert list(step.output) == [{"x": f"{url}/logs/{run.id} {url} Test"}]


def test_a_run_knows_what_it_used_until_then(harness: EngineHarness) -> None:
    response = "{{var.scenario.operationsConsumed}} since {{var.scenario.executionStartedAt}}"
    assert (
        told(harness, response, set_variable(1, 1), set_variable(2, 1)) == "2 since 2016-12-08T15:55:57.536Z"
    )
    assert NOW % 1000 == 536


def test_a_run_knows_what_is_left(harness: EngineHarness) -> None:
    left = organization_of(harness).license.operations
    assert told(harness, "{{var.organization.operationsLeft}}", set_variable(1, 1)) == left
    assert (
        told(harness, "{{var.organization.operationsLeft}} {{var.organization.zone}}")
        == f"{left - 1} eu1.make.com"
    )


def test_the_names_as_a_whole_are_json_within_a_text(harness: EngineHarness) -> None:
    assert json.loads(str(told(harness, " {{var.team}}"))) == {"id": harness.team.id, "name": "Team"}
    assert json.loads(str(told(harness, " {{var}}"))).keys() >= {"team", "organization"}
    assert told(harness, "{{keys(var.team)}}") == ["id", "name"]


def test_the_work_of_a_reference_does_not_grow_with_the_number_of_variables(harness: EngineHarness) -> None:
    requested: list[Any] = []
    for n in range(50):
        custom(harness, f"v{n}", 2, "x")
    whole = variables.iter_values

    def all_of(*given: Any) -> Any:
        requested.append(given)
        return whole(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(variables, "iter_values", all_of)
        assert told(harness, "{{var.team.v7}}{{var.organization.v8}}{{var.team.missing}}") == "xx"
    assert requested == []


def test_all_variables_together_are_paid_for_by_their_number(harness: EngineHarness) -> None:
    def work() -> int:
        budget = Budget()
        before = budget.work
        harness.run(set_variable(1, "{{first(keys(var.team))}}"), budget=budget)
        return before - budget.work

    few = work()
    for n in range(300):
        custom(harness, f"v{n}", 2, "x")
    assert work() - few > 10 * 300
