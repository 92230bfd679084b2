"""Validation of the inputs of a run against the scenario's specification.

Source: Help centre, "Scenario inputs and outputs"; texts as the API words them for its own parameters. Undeclared
inputs are rejected when a scenario declares any, and ignored when it declares none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..world.data_stores import find_field_issues
from ..world.exceptions import InvalidParametersError
from ..world.field_specs import field_name, inner_fields
from ..world.models import FieldSpecs, Json
from .errors import ConversionError
from .expressions.values import as_date
from .mock_data.field_specs import select_options

#: Letters, digits and underscores; neither a digit at the start, nor an underscore and a digit (Help centre, "Create the
#: structure of scenario inputs or outputs").
_NAME_PATTERN = re.compile(r"(?!_?\d)\w+", re.ASCII)


def validate_inputs(spec: FieldSpecs, data: Mapping[str, Json] | None) -> dict[str, Json]:
    """Returns the inputs of a run, with defaults for missing ones.

    Raises:
        InvalidParametersError: with one text for each input that is missing, of the wrong type, or not declared.
    """
    if not spec:
        return {}
    inputs = {} if data is None else dict(data)
    for field in spec:
        name = field_name(field)
        if inputs.get(name) is None and field.get("default") is not None:
            inputs[name] = field["default"]
    issues = [
        *find_field_issues(_open_empty_collections(spec), inputs, strict=True),
        *_value_issues(spec, inputs, ""),
    ]
    if issues:
        raise InvalidParametersError(*issues)
    return inputs


def validate_names(*specs: FieldSpecs | None) -> None:
    """Checks the names of inputs and outputs.

    Raises:
        InvalidParametersError: with one text for each name that Make does not take.
    """
    issues = [
        f"Invalid name of parameter '{field_name(field)[:50]}'."
        for spec in specs
        for field in spec or ()
        if not _NAME_PATTERN.fullmatch(field_name(field))
    ]
    if issues:
        raise InvalidParametersError(*issues)


def _open_empty_collections(spec: FieldSpecs) -> FieldSpecs:
    """Returns the fields with collections whose empty specification accepts anything."""
    return tuple(
        {**field, "spec": _open_empty_collections(inner) or None}
        if field.get("type") == "collection" and (inner := inner_fields(field)) is not None
        else field
        for field in spec
    )


def _value_issues(spec: FieldSpecs, data: Mapping[str, Json], path: str) -> Iterator[str]:
    """Yields the issues of dates, selects and the items of arrays."""
    for field in spec:
        name = field_name(field)
        value = data.get(name)
        if value is None or value == "":
            continue
        match field.get("type"):
            case "date" if isinstance(value, str) and not _is_date(value):
                yield f"Invalid date in parameter '{path}{name}'."
            case "uinteger" if isinstance(value, int) and value < 0:
                yield f"Invalid uinteger in parameter '{path}{name}'."
            case "select" if value not in select_options(field):
                yield f"Value not found in options of parameter '{path}{name}'."
            case "array" if isinstance(value, list):
                yield from _item_issues(field.get("spec"), value, f"{path}{name}")
            case "collection" if isinstance(value, Mapping) and (inner := inner_fields(field)) is not None:
                yield from _value_issues(inner, value, f"{path}{name}.")


def _item_issues(spec: Json, items: list[Json], path: str) -> Iterator[str]:
    """Yields the issues of an array, whose specification is one field for every item, or the fields of collections."""
    if isinstance(spec, list) and spec:
        spec = {"type": "collection", "spec": spec}
    if not isinstance(spec, Mapping):
        return
    for number, item in enumerate(items, 1):
        name = f"{path}[{number}]"
        field = {**spec, "name": name}
        yield from find_field_issues([field], {name: item}, strict=True)
        yield from _value_issues([field], {name: item}, "")


def _is_date(value: str) -> bool:
    try:
        as_date(value)
    except ConversionError:
        return False
    return True
