"""Repair: parts that the emulator would reject are removed, with the reason; the rest can be served."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.importer.repair import repair_seed
from make_emulator.seeds import SeedError, check


def module(id: int, name: str, **parameters: Any) -> dict[str, Any]:
    return {"id": id, "module": name, "version": 1, "parameters": parameters, "mapper": {}}


def scenario(id: int, *flow: dict[str, Any], **others: Any) -> dict[str, Any]:
    blueprint = {"name": f"S{id}", "flow": list(flow), "metadata": {}}
    return {"id": id, "name": f"S{id}", "scheduling": {"type": "on-demand"}, "blueprint": blueprint, **others}


def fitted(**team: Any) -> tuple[dict[str, Any], list[str]]:
    """A team after it was made to fit, and the notes."""
    empty: dict[str, Any] = {"connections": [], "hooks": [], "scenarios": []}
    row = {"id": 1, "name": "T", **empty, **team}
    document = {"organizations": [{"id": 1, "name": "O", "teams": [row]}]}
    notes: list[str] = []
    repair_seed(document, lambda what, why: notes.append(f"{what}: {why}"))
    check(document)
    return row, notes


def test_a_team_that_fits_is_left_as_it_is() -> None:
    team, notes = fitted(scenarios=[scenario(1, module(1, "slack:CreateMessage"))])
    assert [row["id"] for row in team["scenarios"]] == [1]
    assert notes == []


def test_a_scenario_with_a_module_that_does_not_exist_is_left_out() -> None:
    team, notes = fitted(scenarios=[scenario(1), scenario(2, module(1, "json:Nope")), scenario(3)])
    assert [row["id"] for row in team["scenarios"]] == [1, 3]
    assert notes == ["scenario 2: removed, since it is invalid: Module not found 'json:Nope' version '1'"]


def test_the_second_scenario_at_a_hook_is_left_out() -> None:
    trigger = module(1, "gateway:CustomWebHook", hook=1)
    team, notes = fitted(
        hooks=[{"id": 1, "name": "H"}], scenarios=[scenario(1, trigger), scenario(2, trigger)]
    )
    assert [row["id"] for row in team["scenarios"]] == [1]
    assert notes == ["scenario 2: removed, since it is invalid: The hook already has a scenario assigned"]


def test_a_connection_that_is_gone_is_stood_in_for() -> None:
    team, notes = fitted(
        connections=[{"id": 1, "name": "Mine", "type": "slack"}],
        hooks=[{"id": 1, "name": "H", "type": "jotform", "data": {"__IMTCONN__": 8, "formId": "f"}}],
        scenarios=[
            scenario(1, module(1, "slack:CreateMessage", __IMTCONN__=1), module(2, "google:X", account=9))
        ],
    )
    assert team["connections"][1:] == [
        {"id": 9, "name": "Connection 9", "type": "google"},
        {"id": 8, "name": "Connection 8", "type": "jotform"},
    ]
    assert [note.partition(":")[0] for note in notes] == ["connection 9", "connection 8"]


def test_a_scheduling_that_is_not_known_becomes_on_demand_and_inactive() -> None:
    odd = {"type": "at-full-moon"}
    team, notes = fitted(scenarios=[scenario(1, module(1, "slack:X"), scheduling=odd, active=True)])
    assert team["scenarios"][0]["scheduling"] == {"type": "on-demand"}
    assert "active" not in team["scenarios"][0]
    assert notes == [
        "scheduling of scenario 1: removed, since it is invalid: Invalid scheduling type 'at-full-moon'"
    ]


def test_a_live_scenario_without_modules_is_not_live() -> None:
    team, notes = fitted(scenarios=[scenario(1, active=True)])
    assert "active" not in team["scenarios"][0]
    assert notes[0].startswith("active of scenario 1: removed, since it is invalid: ")


def test_records_that_do_not_fit_are_left_out_and_counted() -> None:
    structure = {
        "id": 1,
        "name": "S",
        "strict": True,
        "spec": [{"name": "n", "type": "number", "required": True}],
    }
    records = [
        {"key": "a", "data": {"n": 1}},
        {"key": "b", "data": {}},
        {"key": "c", "data": {}},
        {"key": "d"},
    ]
    store = {"id": 1, "name": "D", "dataStructure": 1, "records": records}
    team, notes = fitted(dataStructures=[structure], dataStores=[store])
    assert team["dataStores"][0]["records"][0] == {"key": "a", "data": {"n": 1}}
    assert notes[0].startswith("2 records of data store 1: removed, since it is invalid: ")


def test_references_to_what_is_not_there_are_dropped() -> None:
    team, notes = fitted(
        folders=[{"id": 2, "name": "F", "parent": 1}],
        dataStores=[{"id": 1, "name": "D", "dataStructure": 5}],
        scenarios=[scenario(1, folder=7)],
    )
    assert team["folders"] == [{"id": 2, "name": "F"}]
    assert "dataStructure" not in team["dataStores"][0]
    assert "folder" not in team["scenarios"][0]
    assert len(notes) == 3


def test_what_cannot_be_repaired_is_said() -> None:
    with pytest.raises(SeedError, match=r"teams\[0\].name: must have 1 to 128 characters"):
        fitted(name="")
