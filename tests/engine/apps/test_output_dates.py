"""Fields that are declared as dates hold dates, whether a module is simulated, scripted, or a trigger that is given its bundles."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from helpers.engine import EngineHarness, module, outputs_of, set_variable
from make_emulator.engine.apps.output_dates import find_dates, restore_stored_dates
from make_emulator.engine.expressions.values import Value, to_json_object
from make_emulator.engine.runtime import module_scripts
from make_emulator.world import custom_modules, data_stores
from make_emulator.world.models import ModuleScript

INTERFACE = [
    {"name": "due", "type": "date"},
    {"name": "text", "type": "text"},
    {"name": "order", "type": "collection", "spec": [{"name": "paid", "type": "date"}]},
    {"name": "lines", "type": "array", "spec": [{"name": "sent", "type": "timestamp"}]},
    {"name": "days", "type": "array", "spec": {"type": "date"}},
]
MOMENT = "2026-03-01T12:00:00.000Z"
BUNDLE: dict[str, Any] = {
    "due": MOMENT,
    "text": MOMENT,
    "order": {"paid": MOMENT, "number": 7},
    "lines": [{"sent": MOMENT}, {"sent": None}],
    "days": [MOMENT],
}
IS_DATE = "{{(parseDate('2026-03-02T12:00:00Z') - %s) / 86400000}}"


def declared(name: str = "acme:Watch", interface: Any = None) -> Any:
    return module(1, name) | {"metadata": {"interface": INTERFACE if interface is None else interface}}


def value_of(harness: EngineHarness, first: Any, path: str) -> Any:
    run = harness.run(first, set_variable(2, IS_DATE % path))
    return outputs_of(run, 2)[0]["x"]


@pytest.mark.parametrize("path", ["1.due", "1.order.paid", "1.lines[1].sent", "1.days[1]"])
def test_a_scripted_date_is_a_date(path: str) -> None:
    harness = EngineHarness()
    module_scripts.save_script(harness.world, ModuleScript(module="acme:Watch", output=[BUNDLE]))
    assert value_of(harness, declared(), path) == 1


def test_a_field_that_is_declared_as_a_text_is_no_date() -> None:
    harness = EngineHarness()
    module_scripts.save_script(harness.world, ModuleScript(module="acme:Watch", output=[BUNDLE]))
    assert value_of(harness, declared(), "1.text") is None


def test_the_trace_has_texts() -> None:
    harness = EngineHarness()
    module_scripts.save_script(
        harness.world, ModuleScript(module="acme:Watch", output=[{**BUNDLE, "due": "2026-03-01 12:00"}])
    )
    assert outputs_of(harness.run(declared()), 1) == [{**BUNDLE, "due": "2026-03-01T11:00:00.000Z"}]


@pytest.mark.parametrize("value", ["soon", "", None, 7, ["soon"], {"a": 1}])
def test_a_value_that_is_no_date_stays_as_it_is(value: Any) -> None:
    harness = EngineHarness()
    bundle = {"due": value, "order": "none", "lines": MOMENT}
    module_scripts.save_script(harness.world, ModuleScript(module="acme:Watch", output=[bundle]))
    assert outputs_of(harness.run(declared()), 1) == [bundle]


def test_the_bundles_of_a_trigger_have_dates() -> None:
    harness = EngineHarness()
    run = harness.run(
        declared(), set_variable(2, IS_DATE % "1.due"), trigger_bundle=[BUNDLE, {"due": MOMENT}]
    )
    assert [bundle["x"] for bundle in outputs_of(run, 2)] == [1, 1]


def test_mock_data_have_dates() -> None:
    assert isinstance(value_of(EngineHarness(), declared(), "1.due"), (int, float))


def test_the_declaration_of_a_world_counts_where_the_blueprint_has_none() -> None:
    harness = EngineHarness()
    declaration: Any = {"output": [{"name": "due", "type": "date"}]}
    harness.world.custom_modules["acme:Watch"] = custom_modules.parse_module("acme:Watch", declaration)
    module_scripts.save_script(harness.world, ModuleScript(module="acme:Watch", output=[BUNDLE]))
    assert value_of(harness, module(1, "acme:Watch"), "1.due") == 1


def test_a_date_of_a_record_is_a_date() -> None:
    harness = EngineHarness()
    structure = data_stores.create_structure(
        harness.world, harness.team, name="Visit", spec=[{"name": "at", "type": "date"}], strict=True
    )
    store = data_stores.create_store(
        harness.world, harness.team, name="Visits", max_size_mb=1, structure=structure
    )
    data_stores.add_record(harness.world, store, key="a", data={"at": MOMENT})

    def read(name: str, mapper: Any) -> Any:
        return module(1, f"datastore:{name}", mapper) | {"parameters": {"datastore": store.id}}

    update = read(
        "UpdateRecord", {"key": "a", "upsert": False, "overwriteArrays": False, "data": {"at": MOMENT}}
    )
    assert value_of(harness, read("GetRecord", {"key": "a", "returnWrapped": True}), "1.data.at") == 1
    assert value_of(harness, read("GetRecord", {"key": "a", "returnWrapped": False}), "1.at") == 1
    assert value_of(harness, read("SearchRecord", {}), "1.data.at") == 1
    assert value_of(harness, update, "1.data.at") == 1
    assert harness.world.records[store.id, "a"].data == {"at": MOMENT}


def test_dates_of_a_stored_value_are_restored_where_they_were() -> None:
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    value: dict[str, Value] = {"a/b": moment, "rows": [{"at": moment, "text": MOMENT}, moment], "none": None}
    dates = tuple(find_dates(value))
    assert dates == ("/a~1b", "/rows/0/at", "/rows/1")
    stored = to_json_object(value)
    assert restore_stored_dates(stored, dates) == value
    assert restore_stored_dates(stored, ()) is stored
    changed: dict[str, Value] = {"a/b": "soon", "rows": [{"at": 7}]}
    assert restore_stored_dates(changed, dates) == changed
