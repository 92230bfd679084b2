"""Custom properties of scenarios. Sources: the vendor's OpenAPI document and SDK."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..engine.budget import Budget
from ..engine.errors import ModuleError
from ..engine.expressions.regex.matcher import compile_regex
from ..http.endpoint import ApiCall, ConfirmableQuery, EndpointGroup
from ..http.envelope import Envelope, EnvelopeField, many, one, value
from ..json_types import Json
from ..schemas.custom_properties import (
    CustomPropertyItemListItem,
    CustomPropertyItemOut,
    CustomPropertyStructureOut,
    ItemCreate,
    ItemsQuery,
    ItemUpdate,
    StructureCreate,
    StructuresQuery,
)
from ..world import custom_properties
from ..world.exceptions import InvalidParametersError
from ..world.models import CustomPropertyItem, CustomPropertyStructure, Organization, Scenario
from ..world.tables import Selection
from . import access_rules
from .ordering import by_id, make_paging, sort_by

group = EndpointGroup("custom properties")

_ITEMS = "/custom-property-structures/{customPropertyStructureId}/custom-property-structure-items"
_ITEM = "/custom-property-structures/custom-property-structure-items/{customPropertyStructureItemId}"
_VALUES = "/scenarios/{scenarioId}/custom-properties"
_VALUES_ENVELOPE = Envelope({"customProperties": EnvelopeField(), "scenarioId": EnvelopeField()})

#: Feature of the license, without which every route is 400 IM027.
_PLAN = "custom_properties"

#: An item is a part of its structure.
_OF_ITEM = access_rules.part_of(
    "custom-property-structures", "custom_property_structure_item", "structure_id"
)

_SORTED_COLUMNS = ("name", "label", "description", "type", "required")


@group.get(
    "/custom-property-structures",
    scopes=["custom-property-structures:read"],
    permission="organization view",
    plan=_PLAN,
    query=StructuresQuery,
    response=many("customPropertyStructures", CustomPropertyStructureOut),
    lists="id",
)
def list_custom_property_structures(
    call: ApiCall, organization: Organization
) -> list[CustomPropertyStructure]:
    """List the custom property structures of an organization: at most one."""
    return list(call.world.custom_property_structures.where(organization=organization.id))


@group.post(
    "/custom-property-structures",
    scopes=["custom-property-structures:write"],
    permission="organization edit",
    plan=_PLAN,
    body=StructureCreate,
    response=one("customPropertyStructure", CustomPropertyStructureOut),
)
def create_custom_property_structure(call: ApiCall, belonger: Organization) -> CustomPropertyStructure:
    """Create the custom property structure of an organization, which cannot be deleted."""
    return custom_properties.create_structure(call.world, belonger)


@group.get(
    _ITEMS,
    scopes=["custom-property-structures:read"],
    permission="organization view",
    plan=_PLAN,
    query=ItemsQuery,
    response=many("customPropertyStructureItems", CustomPropertyItemListItem),
    paging=make_paging("id", {"id": by_id, **{name: sort_by(name) for name in _SORTED_COLUMNS}}),
    cols=True,
)
def list_custom_property_items(
    call: ApiCall, custom_property_structure: CustomPropertyStructure
) -> Selection[CustomPropertyItem]:
    """List the items of a custom property structure."""
    rows = call.world.custom_property_items.where(structure=custom_property_structure.id)
    for name, sought in call.query.items():
        if name in ("name", "label", "description"):
            found = _find_matches(rows, name, sought)
        else:
            found = {row.id for row in rows if getattr(row, name) == sought}
        rows = rows.filter(lambda row, found=found: row.id in found)  # type: ignore[misc]
    return rows


def _find_matches(rows: Iterable[CustomPropertyItem], name: str, source: str) -> set[int]:
    """Returns the ids of the rows whose text matches a regular expression, without regard to case.

    Raises:
        InvalidParametersError: if it is none, or takes too long.
    """
    budget = Budget()
    try:
        pattern = compile_regex(source, "i")
        return {row.id for row in rows if pattern.has_match(getattr(row, name) or "", budget)}
    except ModuleError as error:
        raise InvalidParametersError(f"Invalid value of parameter '{name}': {error.message}") from None


@group.post(
    _ITEMS,
    scopes=["custom-property-structures:write"],
    permission="organization edit",
    plan=_PLAN,
    body=ItemCreate,
    response=one("customPropertyStructureItem", CustomPropertyItemOut),
)
def create_custom_property_item(
    call: ApiCall, custom_property_structure: CustomPropertyStructure
) -> CustomPropertyItem:
    """Add an item to a custom property structure; its name and type are final."""
    return custom_properties.create_item(call.world, custom_property_structure, **_with_options(call))


@group.patch(
    _ITEM,
    scopes=["custom-property-structures:write"],
    permission="organization edit",
    plan=_PLAN,
    body=ItemUpdate,
    response=one("customPropertyStructureItem", CustomPropertyItemOut),
    accesses=_OF_ITEM,
)
def update_custom_property_item(
    call: ApiCall, custom_property_structure_item: CustomPropertyItem
) -> CustomPropertyItem:
    """Change an item of a custom property structure: missing fields stay unchanged."""
    return custom_properties.update_item(call.world, custom_property_structure_item, **_with_options(call))


def _with_options(call: ApiCall) -> dict[str, Any]:
    """Returns the body with the values of its options, which come as ``{"value": …}`` each."""
    options = call.body.get("options")
    return {**call.body, "options": [each["value"] for each in options]} if options is not None else call.body


@group.delete(
    _ITEM,
    scopes=["custom-property-structures:write"],
    permission="organization edit",
    plan=_PLAN,
    query=ConfirmableQuery,
    response=value("customPropertyStructureItem"),
    accesses=_OF_ITEM,
)
def delete_custom_property_item(call: ApiCall, custom_property_structure_item: CustomPropertyItem) -> int:
    """Delete an item with the values that scenarios have of it; needs confirmation if there are any."""
    return custom_properties.delete_item(call.world, custom_property_structure_item, confirmed=call.confirmed)


@group.get(
    _VALUES,
    scopes=["scenarios:read"],
    permission="scenario view",
    plan=_PLAN,
    response=_VALUES_ENVELOPE,
)
def get_custom_properties(call: ApiCall, scenario: Scenario) -> dict[str, Json]:
    """Get the custom properties of a scenario by their names."""
    return _values(scenario, custom_properties.get_values(call.world, scenario))


@group.post(
    _VALUES,
    scopes=["scenarios:write"],
    permission="scenario edit",
    plan=_PLAN,
    raw_body=True,
    response=_VALUES_ENVELOPE,
)
def create_custom_properties(call: ApiCall, scenario: Scenario) -> dict[str, Json]:
    """Fill in the custom properties of a scenario for the first time."""
    return _values(scenario, custom_properties.create_values(call.world, scenario, call.body))


@group.put(
    _VALUES,
    scopes=["scenarios:write"],
    permission="scenario edit",
    plan=_PLAN,
    raw_body=True,
    response=_VALUES_ENVELOPE,
)
def replace_custom_properties(call: ApiCall, scenario: Scenario) -> dict[str, Json]:
    """Replace all custom properties of a scenario."""
    return _values(scenario, custom_properties.replace_values(call.world, scenario, call.body))


@group.patch(
    _VALUES,
    scopes=["scenarios:write"],
    permission="scenario edit",
    plan=_PLAN,
    raw_body=True,
    response=_VALUES_ENVELOPE,
)
def update_custom_properties(call: ApiCall, scenario: Scenario) -> dict[str, Json]:
    """Change some custom properties of a scenario; null clears one."""
    return _values(scenario, custom_properties.update_values(call.world, scenario, call.body))


@group.delete(
    _VALUES,
    scopes=["scenarios:write"],
    permission="scenario edit",
    plan=_PLAN,
    query=ConfirmableQuery,
    response=value("ok"),
)
def delete_custom_properties(call: ApiCall, scenario: Scenario) -> int:
    """Delete all custom properties of a scenario."""
    custom_properties.delete_values(call.world, scenario)
    return 1


def _values(scenario: Scenario, values: Any) -> dict[str, Json]:
    return {"customProperties": dict(values), "scenarioId": scenario.id}
