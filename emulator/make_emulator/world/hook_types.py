"""The types of hooks that can be created, and the fields that each is created with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import yaml

from ..resources import fixture_path
from .exceptions import IncompatibleInputError, InvalidParametersError
from .models import FieldSpecs, Json
from .world import World

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "text": (str,),
    "account": (int,),
    "udt": (int,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HookType:
    """One type: ``type`` is web, web-shared or mail."""

    name: str
    type: str
    theme: str
    fields: FieldSpecs
    editable: bool = True


@lru_cache(maxsize=1)
def all_hook_types() -> Mapping[str, HookType]:
    """Every type by its name."""
    rows = yaml.safe_load(fixture_path("hook-types.yaml").read_text("utf-8"))
    return {name: HookType(name=name, **row) for name, row in rows.items()}


def get_hook_type(name: str) -> HookType:
    """The type of a name.

    Raises:
        UnfitInput: if there is none (Make's IM005, "Invalid hook type").
    """
    found = all_hook_types().get(name)
    if found is None:
        raise IncompatibleInputError("Invalid hook type")
    return found


def validate_hook_data(
    world: World,
    team_id: int,
    kind: HookType,
    given: Mapping[str, Json],
    *,
    use_defaults: bool,
    partial: bool = False,
) -> dict[str, Json]:
    """The data of a hook as its type takes them, in the order of the type's fields.

    Args:
        use_defaults: whether required fields that are missing take their default.
        partial: whether required fields may be missing, as when a hook is changed.

    Raises:
        Invalid: with one text for each parameter at fault.
        NotFound: if the data name a connection or a data structure that the team does not have.
    """
    data = dict(given)
    if use_defaults:
        for field in kind.fields:
            if "default" in field:
                data.setdefault(field["name"], field["default"])
    if faults := list(_find_issues(kind.fields, data, partial=partial)):
        raise InvalidParametersError(*faults)
    for field in kind.fields:
        _check_reference(world, team_id, field["type"], data.get(field["name"]))
    return {field["name"]: data[field["name"]] for field in kind.fields if field["name"] in data}


def _find_issues(fields: FieldSpecs, data: Mapping[str, Json], *, partial: bool) -> Iterator[str]:
    by_name = {field["name"]: field for field in fields}
    for name, field in by_name.items():
        value = data.get(name)
        required = bool(field.get("required"))
        if value is None and (not required or (partial and name not in data)):
            continue
        if value is None or (value == "" and required):
            yield f"Missing value of required parameter '{name}'."
        elif not isinstance(value, _PYTHON_TYPES[field["type"]]) or (
            field["type"] != "boolean" and isinstance(value, bool)
        ):
            yield f"Invalid {field['type']} in parameter '{name}'."
    yield from (f"Unknown parameter '{name}'." for name in data if name not in by_name)


def _check_reference(world: World, team_id: int, kind: str, id: Json) -> None:
    if id is None or kind not in ("account", "udt"):
        return
    row = world.connections.get(id) if kind == "account" else world.data_structures.get(id)
    if row is None or row.team_id != team_id:
        noun = "connection" if kind == "account" else "data structure"
        raise InvalidParametersError(f"There is no {noun} '{id}' in the team of the hook.")
