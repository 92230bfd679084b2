"""Custom properties of scenarios: structures of organizations, their items, and the values of scenarios.

Sources: the vendor's OpenAPI document; the vendor's SDK, ``custom-property-structure-items.ts`` and
``scenario-custom-properties.ts``, for limits and codes of errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

from .clock import format_iso
from .consumption import organization_of
from .exceptions import (
    IncompatibleInputError,
    InvalidParametersError,
    MissingDataError,
    NotConfirmedError,
    PlanLimitError,
)
from .models import (
    CustomProperties,
    CustomPropertyItem,
    CustomPropertyStructure,
    Json,
    Organization,
    Scenario,
)
from .world import World

TYPES = ("boolean", "number", "shortText", "longText", "date", "dropdown", "multiselect")

#: Types whose values are chosen from options.
CHOICE_TYPES = frozenset({"dropdown", "multiselect"})

#: Name of an item, which is the key of its values (SDK).
NAME_PATTERN = re.compile(r"[a-zA-Z_$][0-9a-zA-Z_$]{0,63}", re.ASCII)

#: Characters of texts. No source limits them: the emulator's own limits.
_MAX_TEXT = {"shortText": 1_000, "longText": 10_000}

_DATE = re.compile(
    r"(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"(?:T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,9}))?)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?)?",
    re.ASCII,
)


# --- structures ----------------------------------------------------------------------------------


def create_structure(
    world: World, organization: Organization, *, id: int | None = None
) -> CustomPropertyStructure:
    """Creates the structure of an organization.

    Raises:
        IncompatibleInputError: if the organization has one (Make's IM005).
    """
    if world.custom_property_structures.where(organization=organization.id):
        raise IncompatibleInputError("The organization has a custom property structure already.")
    return world.custom_property_structures.put(
        CustomPropertyStructure(
            id=world.ids.assign("custom property structure", id),
            organization_id=organization.id,
            created=world.now(),
        )
    )


# --- items ---------------------------------------------------------------------------------------


class ItemChanges(TypedDict, total=False):
    """Fields of an item that can be changed."""

    label: str
    description: str | None
    required: bool


def create_item(
    world: World,
    structure: CustomPropertyStructure,
    *,
    name: str,
    type: str,
    label: str,
    required: bool,
    description: str | None = None,
    options: Sequence[str] | None = None,
    id: int | None = None,
) -> CustomPropertyItem:
    """Adds an item to a structure.

    Raises:
        IncompatibleInputError: if the structure has an item of that name.
        InvalidParametersError: if the options do not fit the type.
        PlanLimitError: if the plan allows no more items.
    """
    items = world.custom_property_items.where(structure=structure.id)
    if any(item.name == name for item in items):
        raise IncompatibleInputError(f"The structure has an item '{name}' already.")
    _check_options(type, options)
    limit = world.organizations[structure.organization_id].license.custom_properties
    if len(items) >= limit:
        raise PlanLimitError(f"The plan allows {limit} custom properties.")
    return world.custom_property_items.put(
        CustomPropertyItem(
            id=world.ids.assign("custom property item", id),
            structure_id=structure.id,
            organization_id=structure.organization_id,
            name=name,
            label=label,
            description=description,
            type=type,
            options=tuple(options) if options is not None else None,
            required=required,
        )
    )


def update_item(
    world: World,
    item: CustomPropertyItem,
    *,
    options: Sequence[str] | None = None,
    **changes: Unpack[ItemChanges],
) -> CustomPropertyItem:
    """Changes an item: missing fields stay unchanged; values of scenarios that lost their option stay, too.

    Raises:
        InvalidParametersError: if the options do not fit the type.
    """
    if options is not None:
        _check_options(item.type, options)
        item = replace(item, options=tuple(options))
    return world.custom_property_items.put(replace(item, **changes))


def delete_item(world: World, item: CustomPropertyItem, *, confirmed: bool) -> int:
    """Deletes an item with its values.

    Raises:
        NotConfirmedError: if scenarios have values of it and the caller did not confirm (Make's IM004).
    """
    used = [
        row
        for scenario in world.scenarios.where(organization=item.organization_id)
        if (row := world.custom_properties.get(scenario.id)) is not None and item.name in row.values
    ]
    if used and not confirmed:
        raise NotConfirmedError(
            f"Scenarios have values of the custom property '{item.name}'.",
            "deleteCustomPropertyStructureItem",
        )
    for row in used:
        rest = {name: value for name, value in row.values.items() if name != item.name}
        world.custom_properties.put(replace(row, values=rest))
    return world.custom_property_items.remove(item.id).id


def _check_options(type: str, options: Sequence[str] | None) -> None:
    if type not in CHOICE_TYPES:
        if options is not None:
            raise InvalidParametersError(f"Parameter 'options' is not allowed for the type '{type}'.")
    elif options is None:
        raise InvalidParametersError("Missing value of required parameter 'options'.")
    elif len(set(options)) < len(options):
        raise InvalidParametersError("The values of 'options' must be unique.")


# --- values of scenarios -------------------------------------------------------------------------


def get_values(world: World, scenario: Scenario) -> Mapping[str, Json]:
    """The values of a scenario, by the names of their properties; empty if it has none."""
    row = world.custom_properties.get(scenario.id)
    return row.values if row is not None else {}


def create_values(world: World, scenario: Scenario, values: Mapping[str, Json]) -> Mapping[str, Json]:
    """Fills in the values of a scenario that has none yet.

    Raises:
        IncompatibleInputError: if it has some (Make's IM005).
        InvalidParametersError: if a value does not fit, or one of a required item is missing.
    """
    if scenario.id in world.custom_properties:
        raise IncompatibleInputError("The scenario has custom properties data already.")
    return _store(world, scenario, _validate(world, scenario, values), {})


def replace_values(world: World, scenario: Scenario, values: Mapping[str, Json]) -> Mapping[str, Json]:
    """Replaces all values of a scenario.

    Raises:
        MissingDataError: if it has none (Make's IM013).
        InvalidParametersError: if a value does not fit, or one of a required item is missing.
    """
    _existing(world, scenario)
    return _store(world, scenario, _validate(world, scenario, values), {})


def update_values(world: World, scenario: Scenario, values: Mapping[str, Json]) -> Mapping[str, Json]:
    """Changes some values of a scenario; null clears one.

    Raises:
        MissingDataError: if it has none (Make's IM013).
        InvalidParametersError: if a value does not fit, or one of a required item is cleared.
    """
    row = _existing(world, scenario)
    kept = {name: value for name, value in row.values.items() if name not in values}
    return _store(world, scenario, _validate(world, scenario, values, kept), kept)


def delete_values(world: World, scenario: Scenario) -> None:
    """Deletes all values of a scenario.

    Raises:
        MissingDataError: if it has none (Make's IM013).
    """
    _existing(world, scenario)
    world.custom_properties.remove(scenario.id)


def _existing(world: World, scenario: Scenario) -> CustomProperties:
    row = world.custom_properties.get(scenario.id)
    if row is None:
        raise MissingDataError("The scenario has no custom properties data.")
    return row


def _store(
    world: World, scenario: Scenario, values: Mapping[str, Json], kept: Mapping[str, Json]
) -> Mapping[str, Json]:
    row = CustomProperties(scenario_id=scenario.id, values={**kept, **values})
    return world.custom_properties.put(row).values


def _validate(
    world: World, scenario: Scenario, values: Mapping[str, Json], kept: Mapping[str, Json] | None = None
) -> dict[str, Json]:
    """Returns the values as they are stored, without those that are null.

    Raises:
        InvalidParametersError: naming each value that does not fit, and each required one that is missing.
    """
    organization = organization_of(world, scenario.team_id)
    items = {
        item.name: item
        for structure in world.custom_property_structures.where(organization=organization.id)
        for item in world.custom_property_items.where(structure=structure.id)
    }
    issues: list[str] = []
    stored: dict[str, Json] = {}
    for name, value in values.items():
        if name not in items:
            issues.append(f"Unknown parameter '{name}'.")
        elif value is not None:
            try:
                stored[name] = _READERS[items[name].type](items[name], value)
            except ValueError as error:
                issues.append(f"Parameter '{name}' must be {error}.")
    present = {**(kept or {}), **stored}
    issues += [
        f"Missing value of required parameter '{item.name}'."
        for item in items.values()
        if item.required and present.get(item.name) in (None, "", [])
    ]
    if issues:
        raise InvalidParametersError(*issues)
    return stored


def _read_boolean(_item: CustomPropertyItem, value: Json) -> Json:
    if not isinstance(value, bool):
        raise ValueError("a boolean")
    return value


def _read_number(_item: CustomPropertyItem, value: Json) -> Json:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("a number")
    return value


def _read_text(item: CustomPropertyItem, value: Json) -> Json:
    limit = _MAX_TEXT[item.type]
    if not isinstance(value, str) or len(value) > limit:
        raise ValueError(f"a string of at most {limit} characters")
    return value


def _read_date(_item: CustomPropertyItem, value: Json) -> Json:
    """Returns a date as JavaScript reads and writes it: 31 September is 1 October (example of the document)."""
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a date in ISO 8601")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    fraction, zone = match[7] or "", match[8] or "Z"
    try:
        moment = datetime(year, month, 1, hour, minute, second, tzinfo=UTC) + timedelta(
            days=day - 1, milliseconds=int(fraction[:3].ljust(3, "0"))
        )
        if zone != "Z":
            hours, minutes = int(zone[1:3]), int(zone[4:6])
            shift = timedelta(hours=hours, minutes=minutes)
            moment = moment - shift if zone[0] == "+" else moment + shift
    except (ValueError, OverflowError):
        raise ValueError("a date in ISO 8601") from None
    if moment.year < 1970:
        raise ValueError("a date from 1970 on")
    return format_iso(round(moment.timestamp() * 1000))


def _read_option(item: CustomPropertyItem, value: Json) -> Json:
    if not isinstance(value, str) or value not in (item.options or ()):
        raise ValueError("one of the options")
    return value


def _read_options(item: CustomPropertyItem, value: Json) -> Json:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError("an array of options")
    if len(set(value)) < len(value) or not set(value) <= set(item.options or ()):
        raise ValueError("an array of distinct options")
    return list(value)


#: Type of an item -> the function from a value to the one that is stored; it raises a ValueError with the expected form.
_READERS: Mapping[str, Callable[[CustomPropertyItem, Json], Json]] = {
    "boolean": _read_boolean,
    "number": _read_number,
    "shortText": _read_text,
    "longText": _read_text,
    "date": _read_date,
    "dropdown": _read_option,
    "multiselect": _read_options,
}
