"""The modules of the app "Data store", which act on the world's own data stores."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.engine import EngineHarness, error_of, module, outputs_of, set_variable
from make_emulator.world import data_stores


def store(id: int, name: str, mapper: Any = None, **parameters: Any) -> Any:
    return module(id, f"datastore:{name}", mapper) | {"parameters": {"datastore": 1, **parameters}}


@pytest.fixture
def harness() -> EngineHarness:
    harness = EngineHarness()
    harness.add("cz-1", city="Brno", number=4, tags=["old"])
    harness.add("cz-2", city="Praha", number=13)
    harness.add("no-1", city="Oslo", number=7)
    return harness


def bundles(harness: EngineHarness, node: Any) -> list[Any]:
    return list(outputs_of(harness.run(node), node["id"]))


def test_a_record_is_added_to_the_worlds_store(harness: EngineHarness) -> None:
    data = {"city": "{{'Ji' + 'hlava'}}", "number": "12", "tags": "one", "unknown": "dropped", "": ""}
    [bundle] = bundles(harness, store(1, "AddRecord", {"key": "cz-3", "overwrite": False, "data": data}))
    kept = {"city": "Jihlava", "number": 12, "tags": ["one"]}
    assert bundle == {"key": "cz-3", "data": kept}
    assert harness.data("cz-3") == kept
    assert harness.world.data_stores[1].records == 4


def test_a_record_without_a_key_gets_twelve_hexadecimal_digits(harness: EngineHarness) -> None:
    [bundle] = bundles(
        harness, store(1, "AddRecord", {"key": "", "overwrite": False, "data": {"city": "Zlín"}})
    )
    assert len(bundle["key"]) == 12
    assert set(bundle["key"]) <= set("0123456789abcdef")


def test_a_key_that_exists_is_a_data_error_unless_it_may_be_overwritten(harness: EngineHarness) -> None:
    mapper = {"key": "cz-1", "overwrite": False, "data": {"city": "New"}}
    assert error_of(harness.run(store(1, "AddRecord", mapper))) == ("DataError", "Duplicate key error")
    bundles(harness, store(1, "AddRecord", {**mapper, "overwrite": "true"}))
    assert harness.data("cz-1") == {"city": "New"}


def test_a_date_without_a_time_zone_is_stored_as_one_of_the_organizations(harness: EngineHarness) -> None:
    structure = data_stores.create_structure(
        harness.world, harness.team, name="Visit", spec=[{"name": "at", "type": "date"}], strict=True
    )
    visits = data_stores.create_store(
        harness.world, harness.team, name="Visits", max_size_mb=1, structure=structure
    )
    mapper = {"key": "x", "overwrite": False, "data": {"at": "2016-12-08 16:00"}}
    [bundle] = bundles(harness, store(1, "AddRecord", mapper, datastore=visits.id))
    # The organization is in Prague.
    assert bundle["data"] == {"at": "2016-12-08T15:00:00.000Z"}


def test_data_of_the_wrong_type_are_rejected(harness: EngineHarness) -> None:
    mapper = {"key": "x", "overwrite": False, "data": {"number": "many"}}
    assert error_of(harness.run(store(1, "AddRecord", mapper)))[0] == "BundleValidationError"
    assert (
        error_of(harness.run(store(1, "AddRecord", {"data": {}})))[1]
        == "Validation failed for 1 parameter(s)."
    )


def test_a_strict_structure_rejects_unknown_fields() -> None:
    mapper = {"key": "x", "overwrite": False, "data": {"unknown": 1}}
    assert (
        error_of(EngineHarness(strict=True).run(store(1, "AddRecord", mapper)))[0] == "BundleValidationError"
    )


def test_a_full_store_is_out_of_space(harness: EngineHarness) -> None:
    mapper = {"overwrite": False, "data": {"city": "x" * 1_100_000}}
    assert error_of(harness.run(store(1, "AddRecord", mapper)))[0] == "OutOfSpaceError"


def test_an_update_keeps_the_other_fields_and_adds_to_arrays(harness: EngineHarness) -> None:
    mapper = {
        "key": "cz-1",
        "upsert": False,
        "overwriteArrays": False,
        "data": {"tags": ["new"], "number": 5},
    }
    [bundle] = bundles(harness, store(1, "UpdateRecord", mapper))
    assert harness.data("cz-1") == {"city": "Brno", "number": 5, "tags": ["old", "new"]} == bundle["data"]
    bundles(harness, store(1, "UpdateRecord", {**mapper, "overwriteArrays": True}))
    assert harness.data("cz-1")["tags"] == ["new"]


def test_erase_empties_a_field_that_other_empty_values_leave_alone(harness: EngineHarness) -> None:
    kept = {"city": "", "number": "{{null}}", "tags": "{{ignore}}"}
    mapper = {"key": "cz-1", "upsert": False, "overwriteArrays": False}
    bundles(harness, store(1, "UpdateRecord", {**mapper, "data": kept}))
    assert harness.data("cz-1") == {"city": "Brno", "number": 4, "tags": ["old"]}
    erased = dict.fromkeys(("city", "number", "tags"), "{{if(1 = 1; erase)}}")
    bundles(harness, store(1, "UpdateRecord", {**mapper, "data": erased}))
    assert harness.data("cz-1") == {"city": None, "number": None, "tags": []}


def test_a_boolean_cannot_be_erased(harness: EngineHarness) -> None:
    structure = data_stores.create_structure(
        harness.world, harness.team, name="Flags", spec=[{"name": "on", "type": "boolean"}], strict=False
    )
    flags = data_stores.create_store(
        harness.world, harness.team, name="Flags", max_size_mb=1, structure=structure
    )
    data_stores.add_record(harness.world, flags, key="x", data={"on": True})
    mapper = {"key": "x", "upsert": False, "overwriteArrays": False, "data": {"on": "{{erase}}"}}
    assert bundles(harness, store(1, "UpdateRecord", mapper, datastore=flags.id)) == [
        {"key": "x", "data": {"on": True}}
    ]


def test_an_update_inserts_a_missing_record_only_when_set_to(harness: EngineHarness) -> None:
    mapper = {"key": "xx", "upsert": False, "overwriteArrays": False, "data": {"city": "Xi'an"}}
    assert error_of(harness.run(store(1, "UpdateRecord", mapper)))[0] == "DataError"
    bundles(harness, store(1, "UpdateRecord", {**mapper, "upsert": True}))
    assert harness.data("xx") == {"city": "Xi'an"}


def test_a_record_is_got_flat_or_wrapped_and_a_missing_one_is_an_empty_bundle(harness: EngineHarness) -> None:
    record = {"city": "Oslo", "number": 7}
    assert bundles(harness, store(1, "GetRecord", {"key": "no-1", "returnWrapped": False})) == [record]
    wrapped = [{"key": "no-1", "data": record}]
    assert bundles(harness, store(1, "GetRecord", {"key": "no-1", "returnWrapped": True})) == wrapped
    assert bundles(harness, store(1, "GetRecord", {"key": "none", "returnWrapped": False})) == [{}]
    assert bundles(harness, store(1, "ExistRecord", {"key": "no-1"})) == [{"exist": True}]
    assert bundles(harness, store(1, "ExistRecord", {"key": "none"})) == [{"exist": False}]


def test_records_are_deleted_and_counted(harness: EngineHarness) -> None:
    assert bundles(harness, store(1, "Stats")) == [{"count": 3}]
    [bundle] = bundles(harness, store(1, "DeleteRecord", {"key": "cz-2"}))
    assert bundle == {"key": "cz-2", "data": {"city": "Praha", "number": 13}}
    assert error_of(harness.run(store(1, "DeleteRecord", {"key": "cz-2"})))[0] == "DataError"
    bundles(harness, store(1, "DeleteAllRecords"))
    assert bundles(harness, store(1, "Stats")) == [{"count": 0}]
    assert harness.world.data_stores[1].size == 0


def keys(harness: EngineHarness, mapper: Any, **parameters: Any) -> list[str]:
    return [bundle["key"] for bundle in bundles(harness, store(1, "SearchRecord", mapper, **parameters))]


def test_a_search_emits_one_bundle_a_record(harness: EngineHarness) -> None:
    found = bundles(
        harness, store(1, "SearchRecord", {"filter": [[{"a": "city", "o": "text:equal", "b": "Oslo"}]]})
    )
    assert found == [{"key": "no-1", "data": {"city": "Oslo", "number": 7}}]
    assert keys(harness, {}) == ["cz-1", "cz-2", "no-1"]


def test_a_search_combines_conditions_sorts_and_stops_at_its_limit(harness: EngineHarness) -> None:
    czech = {"a": "key", "o": "text:startwith", "b": "cz"}
    large = {"a": "number", "o": "number:greater", "b": "{{5 + 1}}"}
    assert keys(harness, {"filter": [[czech, large]]}) == ["cz-2"]
    assert keys(harness, {"filter": [[czech], [large]]}) == ["cz-1", "cz-2", "no-1"]
    assert keys(harness, {"sort": [{"key": "number", "order": "-1"}]}) == ["cz-2", "no-1", "cz-1"]
    assert keys(harness, {"sort": [{"key": "city", "order": 1}]}, limit=2) == ["cz-1", "no-1"]
    assert keys(harness, {"mappAbleLimit": "1"}, limit=2) == ["cz-1"]


def test_a_search_without_results_ends_the_path_unless_set_to_go_on(harness: EngineHarness) -> None:
    nothing = {"filter": [[{"a": "city", "o": "text:equal", "b": "Rome"}]]}
    ended = harness.run(store(1, "SearchRecord", nothing), set_variable(2, "x"))
    assert (ended.status, ended.operations) == (1, 1)
    went_on = harness.run(store(1, "SearchRecord", nothing, continueWhenNoRes=True), set_variable(2, "x"))
    assert went_on.operations == 2


def test_the_bundle_that_goes_on_without_results_is_counted_as_none(harness: EngineHarness) -> None:
    nothing = {"filter": [[{"a": "city", "o": "text:equal", "b": "Rome"}]]}
    none = {"name": "none", "conditions": [[{"a": "{{1.__IMTLENGTH__}}", "o": "number:equal", "b": "0"}]]}
    search = store(1, "SearchRecord", nothing, continueWhenNoRes=True)
    requested = harness.run(search, set_variable(2, "{{1.__IMTLENGTH__}} {{1.__IMTINDEX__}}", filter=none))
    assert outputs_of(requested, 1) == [{}]
    assert outputs_of(requested, 2) == [{"x": "0 0"}]
    assert harness.run(store(1, "SearchRecord", {}), set_variable(2, "x", filter=none)).operations == 1


@pytest.mark.parametrize("filter", ["x", [1], [["x"]], [[{"o": 1}]]])
def test_a_filter_that_is_none_is_rejected(harness: EngineHarness, filter: Any) -> None:
    execution = harness.run(store(1, "SearchRecord", {"filter": filter}))
    assert error_of(execution)[0] == "BundleValidationError"


@pytest.mark.parametrize("id", [99, "99", None, "one", True])
def test_a_store_that_does_not_exist_or_is_another_teams_is_not_found(
    harness: EngineHarness, id: Any
) -> None:
    node = store(1, "Stats") | {"parameters": {"datastore": id}}
    name, message = error_of(harness.run(node))
    assert name == "InvalidConfigurationError"
    assert message == f"Data store '{id}' not found."
