"""What expressions can name besides bundles: the run, and the variables of its team and organization."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.engine import NOW, EngineHarness, error_of, module, return_data, set_variable
from make_emulator.engine.runtime.budget import Budget
from make_emulator.world import organizations, variables
from make_emulator.world.models import Json, Organization


@pytest.fixture
def lab() -> EngineHarness:
    return EngineHarness()


def organization_of(lab: EngineHarness) -> Organization:
    return lab.world.organizations[lab.team.organization_id]


def told(lab: EngineHarness, expression: str, *before: Json) -> Any:
    """What an expression comes to at the end of a run."""
    fields = [{"name": "answer", "type": "any"}]
    outputs = lab.run(*before, return_data(9, answer=expression), output_spec=fields).outputs
    assert outputs is not None
    return outputs["answer"]


def custom(lab: EngineHarness, name: str, type_id: int, value: Json) -> None:
    for owner in (lab.team, organization_of(lab)):
        variables.create(lab.world, lab.user, owner, name=name, type_id=type_id, value=value)


def test_the_variables_of_the_team_and_the_organization_are_seen(lab: EngineHarness) -> None:
    custom(lab, "API_URL", 2, "https://api.example.com")
    assert told(lab, "{{var.team.API_URL}}/orders") == "https://api.example.com/orders"
    assert told(lab, "{{var.organization.API_URL}}") == "https://api.example.com"


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
    lab: EngineHarness, type_id: int, value: Json, expression: str, result: Json
) -> None:
    custom(lab, "x", type_id, value)
    assert told(lab, expression) == result


def test_a_name_with_a_dollar_sign_stands_in_backticks(lab: EngineHarness) -> None:
    custom(lab, "$rate_2", 1, 5)
    assert told(lab, "{{var.team.`$rate_2`}}") == 5


def test_a_value_that_does_not_fit_its_type_stays_what_it_is(lab: EngineHarness) -> None:
    custom(lab, "x", 2, "soon")
    variables.update(lab.world, lab.user, lab.team, "x", type_id=4)
    assert told(lab, "{{var.team.x}}") == "soon"


def test_a_variable_that_is_not_there_is_nothing(lab: EngineHarness) -> None:
    assert told(lab, "<{{var.team.nobody}}>") == "<>"


def test_a_plan_without_custom_variables_shows_scenarios_none(lab: EngineHarness) -> None:
    custom(lab, "x", 1, 5)
    organizations.change_plan(lab.world, organization_of(lab), "core")
    assert told(lab, "<{{var.team.x}}{{var.organization.x}}>") == "<>"


def test_a_run_knows_itself(lab: EngineHarness) -> None:
    run = lab.run(set_variable(1, "{{var.scenario.executionUrl}} {{var.scenario.url}} {{var.scenario.name}}"))
    [step] = run.steps
    url = f"https://eu1.make.com/{lab.team.id}/scenarios/{run.scenario_id}"
    assert list(step.output) == [{"x": f"{url}/logs/{run.id} {url} Test"}]


def test_a_run_knows_what_it_used_until_then(lab: EngineHarness) -> None:
    answer = "{{var.scenario.operationsConsumed}} since {{var.scenario.executionStartedAt}}"
    assert told(lab, answer, set_variable(1, 1), set_variable(2, 1)) == "2 since 2016-12-08T15:55:57.536Z"
    assert NOW % 1000 == 536


def test_a_run_knows_what_is_left(lab: EngineHarness) -> None:
    left = organization_of(lab).license.operations
    assert told(lab, "{{var.organization.operationsLeft}}", set_variable(1, 1)) == left
    assert (
        told(lab, "{{var.organization.operationsLeft}} {{var.organization.zone}}")
        == f"{left - 1} eu1.make.com"
    )


def test_the_names_as_a_whole_are_no_text(lab: EngineHarness) -> None:
    for whole in ("{{var}}", "{{var.team}}", "{{var.scenario}}"):
        name, _ = error_of(
            lab.run(module(1, "util:SetVariable2", {"name": "x", "scope": "roundtrip", "value": f"a{whole}"}))
        )
        assert name == "BundleValidationError"
    assert told(lab, "{{keys(var.team)}}") == ["id", "name"]


def test_the_work_of_a_reference_does_not_grow_with_the_number_of_variables(lab: EngineHarness) -> None:
    asked: list[Any] = []
    for n in range(50):
        custom(lab, f"v{n}", 2, "x")
    whole = variables.iter_values

    def all_of(*given: Any) -> Any:
        asked.append(given)
        return whole(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(variables, "iter_values", all_of)
        assert told(lab, "{{var.team.v7}}{{var.organization.v8}}{{var.team.missing}}") == "xx"
    assert asked == []


def test_all_variables_together_are_paid_for_by_their_number(lab: EngineHarness) -> None:
    def work() -> int:
        budget = Budget()
        before = budget.work
        lab.run(set_variable(1, "{{first(keys(var.team))}}"), budget=budget)
        return before - budget.work

    few = work()
    for n in range(300):
        custom(lab, f"v{n}", 2, "x")
    assert work() - few > 10 * 300
