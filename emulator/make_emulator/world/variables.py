"""Variables of organizations and teams, readable by all their scenarios: system variables and custom variables.

Sources: API documentation, "Organizations" and "Teams" (names, types, validation); help centre, "System variables" and
"Custom variables" (the list; plans from Pro up have custom ones).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from .clock import parse_iso
from .consumption import get_consumption, organization_of, owner_key
from .exceptions import InvalidParametersError, NotConfirmedError, NotFoundError
from .models import Json, Organization, Team, User, Variable, VariableChange
from .world import World

#: Type id -> the name of the type in seeds.
TYPE_NAMES: Mapping[int, str] = {1: "number", 2: "string", 3: "boolean", 4: "date"}

#: Valid names of custom variables; the limit of their length is assumed.
NAME_PATTERN = re.compile(r"[A-Za-z0-9$_]{1,128}", re.ASCII)

#: The format of dates (API documentation), e.g. ``1998-03-06T12:31:00.000Z``.
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?Z", re.ASCII)


def list_variables(world: World, owner: Organization | Team) -> list[Variable]:
    """All variables, system variables first; without custom ones where the plan has none."""
    return [*_system_variables(world, owner), *_custom_variables(world, owner)]


def iter_values(world: World, owner: Organization | Team) -> Iterator[tuple[str, int, Json]]:
    """Name, type and value as scenarios see them; a system variable comes after a custom one of its name, so it wins."""
    for variable in (*_custom_variables(world, owner), *_system_variables(world, owner)):
        yield variable.name, variable.type_id, variable.value


def find_value(world: World, owner: Organization | Team, name: str) -> tuple[int, Json] | None:
    """Type and value of one variable as scenarios see it, in constant time."""
    for variable in _system_variables(world, owner):
        if variable.name == name:
            return variable.type_id, variable.value
    found = world.variables.get((*owner_key(owner), name)) if _has_custom_variables(world, owner) else None
    return None if found is None else (found.type_id, found.value)


def create(
    world: World, author: User, owner: Organization | Team, *, name: str, type_id: int, value: Json
) -> Variable:
    """Creates a custom variable.

    Raises:
        NotFoundError: if the plan has no custom variables.
        InvalidParametersError: if the name is taken or invalid, or the value is not of the type.
    """
    _require_custom_variables(world, owner, name)
    issues = []
    if not NAME_PATTERN.fullmatch(name):
        issues.append("Parameter 'name' has forbidden characters.")
    if any(variable.name == name for variable in list_variables(world, owner)):
        issues.append(f"Parameter 'name': there is a variable '{name}' already.")
    if not matches_type(type_id, value):
        issues.append(_type_mismatch_text(type_id))
    if issues:
        raise InvalidParametersError(*issues)
    kind, id = owner_key(owner)
    variable = Variable(owner=kind, owner_id=id, name=name, type_id=type_id, value=value)
    _record_change(world, author, None, variable)
    return world.variables.put(variable)


def update(
    world: World,
    author: User,
    owner: Organization | Team,
    name: str,
    *,
    type_id: int | None = None,
    **changes: Json,
) -> Variable:
    """Changes the type, the value or both; the value is validated only if both are sent (documented).

    Raises:
        NotFoundError: if there is no such custom variable, or the plan has none.
        InvalidParametersError: if the value is not of the type.
    """
    before = find(world, owner, name)
    if type_id is not None and "value" in changes and not matches_type(type_id, changes["value"]):
        raise InvalidParametersError(_type_mismatch_text(type_id))
    after = replace(
        before,
        type_id=before.type_id if type_id is None else type_id,
        value=changes.get("value", before.value),
    )
    if after != before:
        _record_change(world, author, before, after)
    return world.variables.put(after)


def delete(world: World, owner: Organization | Team, name: str, *, confirmed: bool) -> None:
    """Deletes a custom variable with its history; it is empty in the scenarios that use it.

    Raises:
        NotFoundError: as `update`.
        NotConfirmedError: if the caller did not confirm.
    """
    variable = find(world, owner, name)
    if not confirmed:
        raise NotConfirmedError(f"Variable '{name}' would be deleted.", "deleteVariable")
    world.variables.remove((variable.owner, variable.owner_id, variable.name))


def history(world: World, owner: Organization | Team, name: str) -> list[VariableChange]:
    """The changes of a custom variable, the latest first.

    Raises:
        NotFoundError: as `update`.
    """
    find(world, owner, name)
    changes = sorted(
        world.variable_changes.where(variable=(*owner_key(owner), name)), key=lambda row: -row.id
    )
    # The creation is listed only until the first change (documented).
    return [change for change in changes if change.before is not None] or changes


def find(world: World, owner: Organization | Team, name: str) -> Variable:
    """The custom variable of a name.

    Raises:
        NotFoundError: if there is no such one, or the plan has none.
    """
    _require_custom_variables(world, owner, name)
    variable = world.variables.get((*owner_key(owner), name))
    if variable is None:
        raise NotFoundError("variable", name)
    return variable


def matches_type(type_id: int, value: Json) -> bool:
    """Returns True if a value is of a type."""
    match TYPE_NAMES[type_id]:
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "date":
            return isinstance(value, str) and _is_date(value)
    return isinstance(value, str)


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        parse_iso(text)
    except (ValueError, OverflowError):
        return False
    return True


def _type_mismatch_text(type_id: int) -> str:
    return f"Parameter 'value' must be a {TYPE_NAMES[type_id]}."


def _system_variables(world: World, owner: Organization | Team) -> Iterator[Variable]:
    """The system variables; the list is documented, most names are assumed."""
    kind, id = owner_key(owner)
    values: dict[str, Json] = {"id": owner.id, "name": owner.name}
    if isinstance(owner, Organization):
        used = get_consumption(world, owner)
        values["operationsLeft"] = max(0, owner.license.operations - used.operations)
        values["dataLeft"] = max(0, owner.license.transfer - used.transfer)
        values["zone"] = owner.zone
    for name, value in values.items():
        type_id = 2 if isinstance(value, str) else 1
        yield Variable(owner=kind, owner_id=id, name=name, type_id=type_id, value=value, is_system=True)


def _custom_variables(world: World, owner: Organization | Team) -> list[Variable]:
    if not _has_custom_variables(world, owner):
        return []
    return sorted(world.variables.where(owner=owner_key(owner)), key=lambda row: row.name)


def _has_custom_variables(world: World, owner: Organization | Team) -> bool:
    organization = owner if isinstance(owner, Organization) else organization_of(world, owner.id)
    return organization.license.custom_variables


def _require_custom_variables(world: World, owner: Organization | Team, name: str) -> None:
    if not _has_custom_variables(world, owner):
        raise NotFoundError("variable", name)


def _record_change(world: World, author: User, before: Variable | None, after: Variable) -> None:
    change = VariableChange(
        id=world.ids.assign("variable change"),
        owner=after.owner,
        owner_id=after.owner_id,
        name=after.name,
        before=None if before is None else _change_value(before),
        after=_change_value(after),
        changed=world.now(),
        author_id=author.id,
    )
    world.variable_changes.put(change)


def _change_value(variable: Variable) -> Mapping[str, Json]:
    return {"typeId": variable.type_id, "value": variable.value}
