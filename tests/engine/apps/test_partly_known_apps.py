"""Partly known apps: modules that are not interpreted exist, with mock data."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.engine import EngineHarness, error_of, last_module_output, module, outputs_of
from make_emulator.engine.apps import catalog
from make_emulator.json_types import as_array

INTERFACE = [{"name": "email", "type": "text"}]


def made_up(name: str, id: int = 1, **rest: Any) -> Any:
    return module(id, name, metadata={"interface": INTERFACE}, **rest)


@pytest.mark.parametrize(
    "name",
    [
        "xml:AnyQuery",
        "regexp:GetElementsFromText",
        "util:TransformEncoding",
        "json:JSONtoXML",
        "markdown:Any",
    ],
)
def test_a_module_whose_fields_were_not_seen_is_generated(name: str) -> None:
    [bundle] = last_module_output(made_up(name))
    assert list(bundle) == ["email"]
    assert bundle["email"].count("@") == 1


@pytest.mark.parametrize(
    ("name", "version"),
    [("xml:ParseXML", 2), ("regexp:Parser", 3), ("csv:ParseCSV", 2), ("util:TransformEncoding", 2)],
)
def test_a_module_that_is_known_does_not_exist_in_other_versions(name: str, version: int) -> None:
    execution = EngineHarness().run(made_up(name) | {"version": version})
    assert error_of(execution) == (
        "BlueprintValidationError",
        f"Module not found '{name}' version '{version}'.",
    )


def test_an_app_that_is_known_in_whole_has_no_other_modules() -> None:
    assert error_of(EngineHarness().run(made_up("json:Anything")))[0] == "BlueprintValidationError"


def test_the_aggregators_of_apps_that_are_not_known_gather_and_are_generated() -> None:
    feeder = module(1, "builtin:BasicFeeder", {"array": [1, 2, 3]})
    pack = made_up("archive:PackAggregator", 2, parameters={"feeder": 1})
    execution = EngineHarness().run(feeder, pack, module(3, "acme:send"))
    assert [step.module_id for step in execution.steps] == [1, 2, 3]
    assert list(outputs_of(execution, 2)[0]) == ["email"]
    assert len(as_array(execution.steps[1].input)) == 3


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("csv:ParseCSV", False),
        ("csv:CreateAny", True),
        ("util:TextAggregator", True),
        ("util:OtherAggregator", False),
        ("acme:listAggregators", False),
    ],
)
def test_aggregators_are_recognized_by_their_names(name: str, is_one: bool) -> None:
    assert catalog.is_aggregator(name) is is_one
