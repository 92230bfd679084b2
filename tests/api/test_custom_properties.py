"""Custom properties: the structure of an organization, its items, and the values of scenarios."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from helpers.api import (
    OUTSIDER_TOKEN,
    ApiClient,
    assert_ok,
    assert_refused,
    suberror_messages,
    token_of_role,
)

STRUCTURES = "/custom-property-structures"
ITEMS = f"{STRUCTURES}/1/custom-property-structure-items"
ITEM = f"{STRUCTURES}/custom-property-structure-items"
VALUES = "/scenarios/2/custom-properties"


@pytest.fixture(autouse=True)
def without_required_items(api: ApiClient) -> None:
    """In the default world the item `unit` is required."""
    items = api.world.custom_property_items
    items.put(replace(items[1], required=False))


def add_item(api: ApiClient, name: str, type: str = "shortText", **changes: Any) -> dict[str, Any]:
    body = {"name": name, "label": name.title(), "type": type, "required": False, **changes}
    item: dict[str, Any] = assert_ok(api.post(ITEMS, json=body))["customPropertyStructureItem"]
    return item


# --- structures ----------------------------------------------------------------------------------


def test_an_organization_has_one_structure(api: ApiClient) -> None:
    [structure] = assert_ok(api.get(f"{STRUCTURES}?organizationId=1"))["customPropertyStructures"]
    assert structure == {
        "id": 1,
        "created": structure["created"],
        "belongers": [{"belongerId": 1, "belongerType": "organization", "associatedTypes": ["scenario"]}],
    }
    assert structure["created"].endswith("000+00:00")
    body = {"associatedType": "scenario", "belongerType": "organization", "belongerId": 1}
    assert_refused(api.post(STRUCTURES, json=body), 400, code="IM005")
    new = {"name": "New", "regionId": 1, "timezoneId": 113, "countryId": 4}
    id = assert_ok(api.post("/organizations", json=new))["organization"]["id"]
    api.world.organizations.put(
        replace(api.world.organizations[id], license=api.world.organizations[1].license)
    )
    assert assert_ok(api.get(f"{STRUCTURES}?organizationId={id}"))["customPropertyStructures"] == []
    created = assert_ok(api.post(STRUCTURES, json={**body, "belongerId": id}))["customPropertyStructure"]
    assert (created["id"], created["belongers"][0]["belongerId"]) == (2, id)


@pytest.mark.parametrize(
    "changes",
    [{"associatedType": "team"}, {"belongerType": "team"}, {"belongerId": "1"}, {"belongerId": None}],
)
def test_a_structure_is_for_scenarios_of_an_organization(api: ApiClient, changes: Any) -> None:
    body = {"associatedType": "scenario", "belongerType": "organization", "belongerId": 1, **changes}
    assert_refused(api.post(STRUCTURES, json=body), 400, code="SC400")


def test_without_the_feature_every_route_is_im027(api: ApiClient) -> None:
    organization = api.world.organizations[1]
    license = replace(organization.license, custom_properties=0)
    api.world.organizations.put(replace(organization, license=license))
    for response in (
        api.get(f"{STRUCTURES}?organizationId=1"),
        api.get(ITEMS),
        api.patch(f"{ITEM}/1", json={"label": "New"}),
        api.get(VALUES),
        api.post(VALUES, json={}),
        api.delete(VALUES),
    ):
        assert_refused(response, 400, code="IM027")
    assert api.world.custom_property_items[1].label == "Unit"


def test_structures_of_others_do_not_exist(api: ApiClient) -> None:
    for path in (f"{STRUCTURES}?organizationId=1", ITEMS):
        assert api.get(path, token=OUTSIDER_TOKEN).status_code in (403, 404)
    assert_refused(api.delete(f"{ITEM}/1", token=OUTSIDER_TOKEN), 404, code="SC404")
    member = token_of_role(api, "member", team=False)
    assert len(assert_ok(api.get(ITEMS, token=member))["customPropertyStructureItems"]) == 2
    refused = assert_refused(api.patch(f"{ITEM}/1", json={"label": "New"}, token=member), 403, code="IM002")
    assert "organization edit" in refused["detail"]


# --- items ---------------------------------------------------------------------------------------


def test_an_item_is_added_changed_and_deleted(api: ApiClient) -> None:
    item = add_item(api, "stage", "dropdown", options=[{"value": "Draft"}, {"value": "Live"}])
    assert item == {
        "id": 3,
        "structureId": 1,
        "name": "stage",
        "label": "Stage",
        "description": None,
        "type": "dropdown",
        "options": [{"value": "Draft"}, {"value": "Live"}],
        "required": False,
    }
    body = {"label": "How far", "options": [{"value": "Live"}], "required": True}
    changed = assert_ok(api.patch(f"{ITEM}/3", json=body))["customPropertyStructureItem"]
    assert changed == {**item, **body}
    assert assert_ok(api.delete(f"{ITEM}/3")) == {"customPropertyStructureItem": 3}
    assert_refused(api.patch(f"{ITEM}/3", json={}), 404, code="SC404")


def test_the_list_has_no_structure_and_options_only_where_there_are_some(api: ApiClient) -> None:
    listed = assert_ok(api.get(ITEMS))
    assert listed["pg"] == {
        "sortBy": "id",
        "limit": 10000,
        "sortDir": "asc",
        "offset": 0,
        "returnTotalCount": False,
    }
    unit, critical = listed["customPropertyStructureItems"]
    assert unit == {
        "id": 1,
        "name": "unit",
        "label": "Unit",
        "description": "The unit that owns it.",
        "type": "dropdown",
        "options": [{"value": "Sales"}, {"value": "Support"}],
        "required": False,
    }
    assert "options" not in critical
    sorted_by_label = assert_ok(api.get(f"{ITEMS}?pg[sortBy]=label&cols[]=label"))
    assert sorted_by_label["customPropertyStructureItems"] == [{"label": "Critical"}, {"label": "Unit"}]
    assert_refused(api.get(f"{ITEMS}?pg[sortBy]=options"), 400)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("id=2", ["critical"]),
        ("name=UNI", ["unit"]),
        ("name=^c.*l$", ["critical"]),
        ("label=unit|critical", ["unit", "critical"]),
        ("description=owns", ["unit"]),
        ("type=boolean", ["critical"]),
        ("required=true", []),
        ("required=false&name=i", ["unit", "critical"]),
    ],
)
def test_items_are_filtered_by_their_fields(api: ApiClient, query: str, names: list[str]) -> None:
    rows = assert_ok(api.get(f"{ITEMS}?{query}"))["customPropertyStructureItems"]
    assert [row["name"] for row in rows] == names


@pytest.mark.parametrize("query", ["name=(", "type=text", "required=1", "label=" + "a" * 1001])
def test_a_filter_that_is_not_valid_is_refused(api: ApiClient, query: str) -> None:
    assert_refused(api.get(f"{ITEMS}?{query}"), 400, code="SC400")


def test_a_costly_regular_expression_is_refused(api: ApiClient) -> None:
    for place in range(40):
        add_item(api, f"item{place}", description="a" * 1024)
    pattern = "(a*)*" * 100 + "b"
    assert_refused(api.get(f"{ITEMS}?description={pattern}"), 400, code="SC400")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "1st"}, "Parameter 'name' must be letters, digits, _ and $ (at most 64), not beginning with a digit."),
        ({"name": "a" * 65}, "Parameter 'name' must be letters, digits, _ and $ (at most 64), not beginning with a digit."),
        ({"label": "a" * 65}, "Parameter 'label' has a wrong length."),
        ({"description": "a" * 1025}, "Parameter 'description' has a wrong length."),
        ({"type": "text"}, "Parameter 'type' must be one of: boolean, number, shortText, longText, date, dropdown, multiselect."),
        ({"required": None}, "Parameter 'required' must not be null."),
        ({"options": [{"value": "x"}]}, "Parameter 'options' is not allowed for the type 'shortText'."),
        ({"type": "dropdown"}, "Missing value of required parameter 'options'."),
        ({"type": "multiselect", "options": [{"value": "x"}, {"value": "x"}]}, "The values of 'options' must be unique."),
        ({"type": "dropdown", "options": [{"value": "x" * 251}]}, "Parameter 'options.0.value' has a wrong length."),
    ],
)  # fmt: skip
def test_an_item_that_is_not_valid_is_refused(api: ApiClient, changes: Any, message: str) -> None:
    body = {"name": "stage", "label": "Stage", "type": "shortText", "required": False, **changes}
    assert suberror_messages(api.post(ITEMS, json=body)) == [message]
    assert len(api.world.custom_property_items.where(structure=1)) == 2


def test_required_must_be_given_and_names_are_unique(api: ApiClient) -> None:
    body = {"name": "unit", "label": "Again", "type": "shortText", "required": False}
    assert_refused(api.post(ITEMS, json=body), 400, code="IM005")
    del body["required"]
    assert suberror_messages(api.post(ITEMS, json=body)) == [
        "Missing value of required parameter 'required'."
    ]
    for fixed in ("name", "type"):
        response = api.patch(f"{ITEM}/1", json={fixed: "boolean"})
        assert suberror_messages(response) == [f"Unknown parameter '{fixed}'."]


def test_the_plan_limits_the_number_of_items(api: ApiClient) -> None:
    organization = api.world.organizations[1]
    license = replace(organization.license, custom_properties=3)
    api.world.organizations.put(replace(organization, license=license))
    add_item(api, "third")
    body = {"name": "fourth", "label": "4", "type": "shortText", "required": False}
    assert_refused(api.post(ITEMS, json=body), 400, code="IM011")


# --- values --------------------------------------------------------------------------------------


def test_values_are_filled_in_changed_replaced_and_deleted(api: ApiClient) -> None:
    assert assert_ok(api.get(VALUES)) == {"customProperties": {}, "scenarioId": 2}
    filled = {"customProperties": {"unit": "Sales"}, "scenarioId": 2}
    assert assert_ok(api.post(VALUES, json={"unit": "Sales"})) == filled
    assert_refused(api.post(VALUES, json={"unit": "Sales"}), 400, code="IM005")
    changed = assert_ok(api.patch(VALUES, json={"critical": True}))["customProperties"]
    assert changed == {"unit": "Sales", "critical": True}
    cleared = assert_ok(api.patch(VALUES, json={"unit": None}))["customProperties"]
    assert cleared == {"critical": True}
    assert assert_ok(api.put(VALUES, json={"unit": "Support"}))["customProperties"] == {"unit": "Support"}
    assert assert_ok(api.delete(VALUES)) == {"ok": 1}
    assert assert_ok(api.get(VALUES))["customProperties"] == {}


def test_a_scenario_without_values_has_nothing_to_change(api: ApiClient) -> None:
    for response in (api.put(VALUES, json={}), api.patch(VALUES, json={}), api.delete(VALUES)):
        assert_refused(response, 404, code="IM013")
    assert assert_ok(api.post(VALUES, json={}))["customProperties"] == {}
    assert assert_ok(api.patch(VALUES, json={}))["customProperties"] == {}


@pytest.mark.parametrize(
    ("type", "good", "bad"),
    [
        ("boolean", [True, False], ["true", 1]),
        ("number", [0, -1.5, 10**15], ["1", True, []]),
        ("shortText", ["", "London, UK"], [1, "a" * 1001, {}]),
        ("longText", ["a" * 10_000], ["a" * 10_001, ["a"]]),
        ("dropdown", ["A"], ["C", "a", ["A"], 1]),
        ("multiselect", [["A"], ["B", "A"]], ["A", ["C"], ["A", "A"], [1]]),
        ("date", ["2023-08-31T14:19:00.000Z"], ["31.8.2023", "2023-13-01", "2023-08-31T25:00", 1, "1969-01-01"]),
    ],
)  # fmt: skip
def test_each_type_takes_its_values_only(api: ApiClient, type: str, good: list[Any], bad: list[Any]) -> None:
    options = {"options": [{"value": "A"}, {"value": "B"}]} if type in ("dropdown", "multiselect") else {}
    add_item(api, "tried", type, **options)
    assert_ok(api.post(VALUES, json={}))
    for value in bad:
        [message] = suberror_messages(api.patch(VALUES, json={"tried": value}))
        assert message.startswith("Parameter 'tried' must be ")
    for value in good:
        assert assert_ok(api.patch(VALUES, json={"tried": value}))["customProperties"] == {"tried": value}


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2023-09-31T22:00:00.000Z", "2023-10-01T22:00:00.000Z"),
        ("2024-02-30", "2024-03-01T00:00:00.000Z"),
        ("2024-01-01T01:00+02:00", "2023-12-31T23:00:00.000Z"),
        ("2024-01-01T01:00:00.1234-01:30", "2024-01-01T02:30:00.123Z"),
    ],
)
def test_a_date_is_stored_as_javascript_reads_it(api: ApiClient, given: str, stored: str) -> None:
    add_item(api, "due", "date")
    assert assert_ok(api.post(VALUES, json={"due": given}))["customProperties"] == {"due": stored}


def test_required_items_need_a_value(api: ApiClient) -> None:
    assert_ok(api.patch(f"{ITEM}/1", json={"required": True}))
    missing = ["Missing value of required parameter 'unit'."]
    for body in ({}, {"critical": True}, {"unit": None}):
        assert suberror_messages(api.post(VALUES, json=body)) == missing
    assert_ok(api.post(VALUES, json={"unit": "Sales"}))
    assert suberror_messages(api.put(VALUES, json={"critical": True})) == missing
    assert suberror_messages(api.patch(VALUES, json={"unit": None})) == missing
    assert assert_ok(api.patch(VALUES, json={"critical": True}))["customProperties"]["unit"] == "Sales"


def test_what_the_structure_does_not_know_is_refused_and_nothing_changes(api: ApiClient) -> None:
    response = api.post(VALUES, json={"unit": "Sales", "other": 1, "critical": "yes"})
    assert set(suberror_messages(response)) == {
        "Unknown parameter 'other'.",
        "Parameter 'critical' must be a boolean.",
    }
    assert assert_ok(api.get(VALUES))["customProperties"] == {}


def test_deleting_an_item_with_values_needs_confirmation_and_takes_them_along(api: ApiClient) -> None:
    path = "/scenarios/1/custom-properties"
    assert assert_ok(api.get(path))["customProperties"] == {"unit": "Support"}
    assert_refused(api.delete(f"{ITEM}/1"), 406, code="IM004")
    assert assert_ok(api.get(path))["customProperties"] == {"unit": "Support"}
    assert assert_ok(api.delete(f"{ITEM}/1?confirmed=true")) == {"customPropertyStructureItem": 1}
    assert assert_ok(api.get(path))["customProperties"] == {}


def test_values_go_with_their_scenario_and_survive_a_snapshot(api: ApiClient) -> None:
    snapshot = json.loads(api.control("GET", "/worlds/default/snapshot").get_data())
    assert_ok(api.delete("/scenarios/1"))
    assert len(api.world.custom_properties) == 0
    assert_ok(api.control("PUT", "/worlds/default/snapshot", json=snapshot))
    assert assert_ok(api.get("/scenarios/1/custom-properties"))["customProperties"] == {"unit": "Support"}
    assert len(api.world.custom_property_items) == 2
