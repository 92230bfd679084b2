"""The inputs of a run: defaults, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.engine.inputs import validate_inputs, validate_names
from make_emulator.world.exceptions import InvalidParametersError
from make_emulator.world.models import FieldSpecs

SPEC: list[Any] = [
    {"name": "name", "type": "text", "required": True},
    {"name": "count", "type": "number", "default": 1},
    {"name": "size", "type": "select", "options": [{"label": "Small", "value": "s"}, {"value": "l"}]},
    {"name": "when", "type": "date"},
    {"name": "tags", "type": "array", "spec": {"type": "text"}},
    {"name": "who", "type": "collection", "spec": [{"name": "age", "type": "number", "required": True}]},
    {"name": "lines", "type": "array", "spec": [{"name": "sku", "type": "text", "required": True}]},
]


def faults(**data: Any) -> list[str]:
    with pytest.raises(InvalidParametersError) as caught:
        validate_inputs(SPEC, data)
    return list(caught.value.issues)


def test_defaults_are_filled_in() -> None:
    assert validate_inputs(SPEC, {"name": "Ada"}) == {"name": "Ada", "count": 1}
    assert validate_inputs(SPEC, {"name": "Ada", "count": 5})["count"] == 5


def test_everything_that_fits_is_taken_as_it_is() -> None:
    data: dict[str, Any] = {
        "name": "Ada",
        "count": 2.5,
        "size": "l",
        "when": "2026-01-31",
        "tags": ["a"],
        "who": {"age": 3},
        "lines": [{"sku": "x"}],
    }
    assert validate_inputs(SPEC, data) == data


def test_without_an_interface_inputs_have_no_effect() -> None:
    assert validate_inputs((), {"anything": 1}) == {}
    assert validate_inputs((), None) == {}


def test_a_missing_input_is_named() -> None:
    assert faults() == ["Missing value of required parameter 'name'."]
    with pytest.raises(InvalidParametersError) as caught:
        validate_inputs(SPEC, None)
    assert caught.value.detail == "Validation failed for 1 parameter(s)."


def test_an_input_that_is_not_declared_is_rejected() -> None:
    assert faults(name="Ada", nmae="x") == ["Unknown parameter 'nmae'."]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({"count": "5"}, "Invalid number in parameter 'count'."),
        ({"count": True}, "Invalid number in parameter 'count'."),
        ({"size": "m"}, "Value not found in options of parameter 'size'."),
        ({"when": "soon"}, "Invalid date in parameter 'when'."),
        ({"tags": "a"}, "Invalid array in parameter 'tags'."),
        ({"tags": [1]}, "Invalid text in parameter 'tags[1]'."),
        ({"who": {"age": "x"}}, "Invalid number in parameter 'age'."),
        ({"lines": [{"sku": "a"}, {}]}, "Missing value of required parameter 'sku'."),
    ],
)
def test_an_input_of_the_wrong_type_is_named(data: dict[str, Any], fault: str) -> None:
    assert faults(name="Ada", **data) == [fault]


def test_a_collection_without_a_specification_takes_anything() -> None:
    inner = {"name": "inner", "type": "collection", "spec": []}
    spec: list[Any] = [
        {"name": "any", "type": "collection", "spec": []},
        {"name": "some", "type": "collection", "spec": [inner]},
    ]
    data: dict[str, Any] = {"any": {"a": 1}, "some": {"inner": {"b": [2]}}}
    assert validate_inputs(spec, data) == data
    with pytest.raises(InvalidParametersError) as caught:
        validate_inputs(spec, {"some": {"b": 1}})
    assert caught.value.issues == ("Unknown parameter 'b'.",)


def test_a_uinteger_is_not_below_zero() -> None:
    spec: list[Any] = [{"name": "n", "type": "uinteger"}]
    assert validate_inputs(spec, {"n": 0}) == {"n": 0}
    for wrong in (-1, "-1", [1]):
        with pytest.raises(InvalidParametersError) as caught:
            validate_inputs(spec, {"n": wrong})
        assert caught.value.issues == ("Invalid uinteger in parameter 'n'.",)


@pytest.mark.parametrize("name", ["order id", "1st", "_1st", "e-mail", "größe", ""])
def test_a_name_has_letters_digits_and_underscores_and_begins_with_no_digit(name: str) -> None:
    with pytest.raises(InvalidParametersError) as caught:
        validate_names([{"name": "ok_1", "type": "text"}, {"name": name, "type": "text"}], None)
    assert caught.value.issues == (f"Invalid name of parameter '{name}'.",)


def test_other_names_are_taken() -> None:
    validate_names([{"name": name} for name in ("path", "_path", "__1", "a1")], [])


def test_the_choices_of_an_input_may_stand_among_its_validations() -> None:
    spec: FieldSpecs = [{"name": "size", "type": "select", "default": "s", "validate": {"enum": ["s", "l"]}}]
    assert validate_inputs(spec, None) == {"size": "s"}
    with pytest.raises(InvalidParametersError) as caught:
        validate_inputs(spec, {"size": "m"})
    assert caught.value.issues == ("Value not found in options of parameter 'size'.",)
