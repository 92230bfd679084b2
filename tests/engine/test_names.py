"""What expressions can name besides bundles: the run, and the variables of its team and organization."""

from __future__ import annotations

from typing import Any

import pytest
from lab import NOW, Lab, error_of, give_back, module, set_variable

from emulator.engine.budget import Budget
from emulator.world import people, variables
from emulator.world.models import Json, Organization


@pytest.fixture
def lab() -> Lab:
    return Lab()


def organization_of(lab: Lab) -> Organization:
    return lab.world.organizations[lab.team.organization_id]


def told(lab: Lab, expression: str, *before: Json) -> Any:
    """What an expression comes to at the end of a run."""
    fields = [{"name": "answer", "type": "any"}]
    outputs = lab.run(*before, give_back(9, answer=expression), output_spec=fields).outputs
    assert outputs is not None
    return outputs["answer"]


def custom(lab: Lab, name: str, type_id: int, value: Json) -> None:
    for owner in (lab.team, organization_of(lab)):
        variables.create(lab.world, lab.user, owner, name=name, type_id=type_id, value=value)


def test_the_variables_of_the_team_and_the_organization_are_seen(lab: Lab) -> None:
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
def test_a_variable_has_its_type(lab: Lab, type_id: int, value: Json, expression: str, result: Json) -> None:
    custom(lab, "x", type_id, value)
    assert told(lab, expression) == result


def test_a_name_with_a_dollar_sign_stands_in_backticks(lab: Lab) -> None:
    custom(lab, "$rate_2", 1, 5)
    assert told(lab, "{{var.team.`$rate_2`}}") == 5


def test_a_value_that_does_not_fit_its_type_stays_what_it_is(lab: Lab) -> None:
    custom(lab, "x", 2, "soon")
    variables.update(lab.world, lab.user, lab.team, "x", type_id=4)
    assert told(lab, "{{var.team.x}}") == "soon"


def test_a_variable_that_is_not_there_is_nothing(lab: Lab) -> None:
    assert told(lab, "<{{var.team.nobody}}>") == "<>"


def test_a_plan_without_custom_variables_shows_scenarios_none(lab: Lab) -> None:
    custom(lab, "x", 1, 5)
    people.change_plan(lab.world, organization_of(lab), "core")
    assert told(lab, "<{{var.team.x}}{{var.organization.x}}>") == "<>"


def test_a_run_knows_itself(lab: Lab) -> None:
    run = lab.run(set_variable(1, "{{var.scenario.executionUrl}} {{var.scenario.url}} {{var.scenario.name}}"))
    [step] = run.steps
    url = f"https://eu1.make.com/{lab.team.id}/scenarios/{run.scenario_id}"
    assert list(step.output) == [{"x": f"{url}/logs/{run.id} {url} Test"}]


def test_a_run_knows_what_it_used_until_then(lab: Lab) -> None:
    answer = "{{var.scenario.operationsConsumed}} since {{var.scenario.executionStartedAt}}"
    assert told(lab, answer, set_variable(1, 1), set_variable(2, 1)) == "2 since 2016-12-08T15:55:57.536Z"
    assert NOW % 1000 == 536


def test_a_run_knows_what_is_left(lab: Lab) -> None:
    left = organization_of(lab).license.operations
    assert told(lab, "{{var.organization.operationsLeft}}", set_variable(1, 1)) == left
    assert (
        told(lab, "{{var.organization.operationsLeft}} {{var.organization.zone}}")
        == f"{left - 1} eu1.make.com"
    )


def test_the_names_as_a_whole_are_no_text(lab: Lab) -> None:
    for whole in ("{{var}}", "{{var.team}}", "{{var.scenario}}"):
        name, _ = error_of(
            lab.run(module(1, "util:SetVariable2", {"name": "x", "scope": "roundtrip", "value": f"a{whole}"}))
        )
        assert name == "BundleValidationError"
    assert told(lab, "{{keys(var.team)}}") == ["id", "name"]


def test_the_work_of_a_reference_does_not_grow_with_the_number_of_variables(lab: Lab) -> None:
    asked: list[Any] = []
    for n in range(50):
        custom(lab, f"v{n}", 2, "x")
    whole = variables.values

    def all_of(*given: Any) -> Any:
        asked.append(given)
        return whole(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(variables, "values", all_of)
        assert told(lab, "{{var.team.v7}}{{var.organization.v8}}{{var.team.missing}}") == "xx"
    assert asked == []


def test_all_variables_together_are_paid_for_by_their_number(lab: Lab) -> None:
    def work() -> int:
        budget = Budget()
        before = budget.work
        lab.run(set_variable(1, "{{first(keys(var.team))}}"), budget=budget)
        return before - budget.work

    few = work()
    for n in range(300):
        custom(lab, f"v{n}", 2, "x")
    assert work() - few > 10 * 300
