"""Custom properties: the structure of an organization that this run made, its items, and the values of a scenario."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.contract.client import ContractClient

from .behaviours import behaviour
from .resources import FreshResources

STRUCTURES = "/custom-property-structures"
ITEM = f"{STRUCTURES}/custom-property-structure-items"
#: Options of the types that have some.
OPTIONS = [{"value": "A"}, {"value": "B"}]


class Properties:
    """Structure of an organization with a scenario."""

    def __init__(self, api: ContractClient, make: FreshResources) -> None:
        self.api = api
        self.organization = make.organization()
        body = {
            "associatedType": "scenario",
            "belongerType": "organization",
            "belongerId": self.organization,
        }
        self.body = body
        made = api.post(STRUCTURES, body)
        if made.status == 400 and made.body["code"] == "IM027":
            pytest.skip("the plan does not include custom properties")
        self.structure: dict[str, Any] = made.fits()["customPropertyStructure"]
        self.items = f"{STRUCTURES}/{self.structure['id']}/custom-property-structure-items"
        team = make.team(self.organization)
        scenario = make.scenario(inputs=None, teamId=team)["id"]
        self.values = f"/scenarios/{scenario}/custom-properties"

    def add(self, name: str, type: str = "shortText", **changes: Any) -> dict[str, Any]:
        options = {"options": OPTIONS} if type in ("dropdown", "multiselect") else {}
        body = {"name": name, "label": name.title(), "type": type, "required": False, **options, **changes}
        row: dict[str, Any] = self.api.post(self.items, body).fits()["customPropertyStructureItem"]
        return row


@pytest.fixture
def properties(api: ContractClient, make: FreshResources) -> Properties:
    return Properties(api, make)


@pytest.mark.fidelity("custom-properties.structure", "custom-properties.created")
def test_an_organization_has_one_structure(properties: Properties, api: ContractClient) -> None:
    answer = api.get(STRUCTURES, organizationId=properties.organization).fits()
    assert answer["customPropertyStructures"] == [properties.structure]
    assert properties.structure["created"].endswith("+00:00")
    assert len(properties.structure["created"]) == len("2026-07-15T13:31:53.345000+00:00")
    api.post(STRUCTURES, properties.body).refused(400, "IM005")


@pytest.mark.fidelity(
    "custom-properties.items-shape", "custom-properties.items", "description.items-required"
)
def test_an_item_is_made_and_changed_with_its_structure(properties: Properties, api: ContractClient) -> None:
    item = properties.add("stage", "dropdown")
    assert (item["structureId"], item["options"]) == (properties.structure["id"], OPTIONS)
    body = {"label": "How far", "options": [{"value": "B"}]}
    changed = api.patch(f"{ITEM}/{item['id']}", body).fits()["customPropertyStructureItem"]
    assert changed == {**item, **body}
    assert properties.add("text")["options"] is None
    rows = api.get(properties.items).fits()["customPropertyStructureItems"]
    assert [("options" in row, "structureId" in row) for row in rows] == [(True, False), (False, False)]
    for fixed in ("name", "type"):
        api.patch(f"{ITEM}/{item['id']}", {fixed: "boolean"}).refused(400)


@pytest.mark.fidelity("custom-properties.items")
@pytest.mark.parametrize(
    "changes",
    [
        {"name": "1st"},
        {"name": "a" * 65},
        {"label": "a" * 65},
        {"description": "a" * 1025},
        {"options": [{"value": "x"}]},
        {"type": "multiselect", "options": [{"value": "x"}, {"value": "x"}]},
        {"type": "dropdown", "options": [{"value": "x" * 251}]},
        {"required": None},
    ],
)
def test_an_item_that_is_not_valid_is_refused(
    changes: Any, properties: Properties, api: ContractClient
) -> None:
    body = {"name": "stage", "label": "Stage", "type": "shortText", "required": False, **changes}
    api.post(properties.items, body).refused(400, "SC400")


@pytest.mark.fidelity("custom-properties.items-unique")
def test_a_name_of_an_item_is_taken_once(properties: Properties, api: ContractClient) -> None:
    properties.add("stage")
    body = {"name": "stage", "label": "Again", "type": "shortText", "required": False}
    api.post(properties.items, body).refused(400, "IM005")


@pytest.mark.fidelity("custom-properties.items-filters")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"name": "UNI"}, ["unit"]),
        ({"name": "^c.*l$"}, ["critical"]),
        ({"label": "unit|critical"}, ["unit", "critical"]),
        ({"description": "owns"}, ["unit"]),
        ({"type": "boolean"}, ["critical"]),
        ({"required": "true"}, ["critical"]),
    ],
)
def test_items_are_filtered(
    query: Any, names: list[str], properties: Properties, api: ContractClient
) -> None:
    properties.add("unit", description="The unit that owns it.")
    properties.add("critical", "boolean", required=True)
    rows = api.call("GET", properties.items, query=query).fits()["customPropertyStructureItems"]
    assert [row["name"] for row in rows] == names


@pytest.mark.fidelity("custom-properties.items-delete")
def test_an_item_with_values_is_deleted_with_confirmation(
    properties: Properties, api: ContractClient
) -> None:
    id = properties.add("unit")["id"]
    api.post(properties.values, {"unit": "Sales"}).ok()
    api.delete(f"{ITEM}/{id}").refused(406, "IM004")
    answer = api.delete(f"{ITEM}/{id}", confirmed="true").fits()
    assert answer == {"customPropertyStructureItem": id}
    assert api.get(properties.values).ok()["customProperties"] == {}


@pytest.mark.fidelity(
    "custom-properties.values", "custom-properties.values-missing", "custom-properties.values-delete"
)
def test_values_are_filled_in_changed_and_deleted(properties: Properties, api: ContractClient) -> None:
    properties.add("unit", required=True)
    properties.add("critical", "boolean")
    path = properties.values
    for missing in (api.put(path, {"unit": "x"}), api.patch(path, {"unit": "x"}), api.delete(path)):
        assert missing.refused(404, "IM013")["message"] == "Entity not found"
    api.post(path, {"critical": True}).refused(400, "SC400")
    assert api.post(path, {"unit": "Sales"}).ok()["customProperties"] == {"unit": "Sales"}
    api.post(path, {"unit": "Sales"}).refused(400, "IM005")
    changed = {"unit": "Sales", "critical": True}
    assert api.patch(path, {"critical": True}).ok()["customProperties"] == changed
    assert api.patch(path, {"critical": None}).ok()["customProperties"] == {"unit": "Sales"}
    assert api.put(path, {"unit": "Support"}).ok()["customProperties"] == {"unit": "Support"}
    assert api.delete(path).ok() == {"ok": 1}
    assert api.get(path).ok()["customProperties"] == {}


#: Type, a value, the value that is stored, and one that is not of the type.
VALUES = [
    behaviour("number", -1.5, -1.5, "1", checks="custom-properties.values-types"),
    behaviour("shortText", "London", "London", "a" * 1001, checks="custom-properties.values-types"),
    behaviour("dropdown", "A", "A", "C", checks="custom-properties.values-types"),
    behaviour("multiselect", ["B", "A"], ["B", "A"], "A", checks="custom-properties.values-types"),
    behaviour(
        "date",
        "2023-08-31",
        "2023-08-31T00:00:00.000Z",
        "1969-01-01",
        checks="custom-properties.values-types",
    ),
    behaviour(
        "date",
        "2023-09-31T22:00:00.000Z",
        "2023-10-01T22:00:00.000Z",
        "soon",
        checks="custom-properties.values-dates",
    ),
]


@pytest.mark.parametrize(("type", "value", "stored", "other"), VALUES)
def test_a_value_has_the_type_of_its_item(
    type: str, value: Any, stored: Any, other: Any, properties: Properties, api: ContractClient
) -> None:
    properties.add("tried", type)
    api.post(properties.values, {"tried": other}).refused(400, "SC400")
    api.post(properties.values, {"unknown": value}).refused(400, "SC400")
    assert api.post(properties.values, {"tried": value}).ok()["customProperties"] == {"tried": stored}
