"""Notes on the modules of scenarios, and variables of their builds."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.contract.client import ContractClient

from .behaviours import parsed, variable
from .resources import FreshResources

NOTE = {
    "moduleIds": [1],
    "metadata": {"color": "#ffd700"},
    "content": "<p>Why?</p>",
    "isFilterNote": False,
}


@pytest.fixture
def scenario(make: FreshResources) -> int:
    """A scenario of two modules and two inputs."""
    inputs = [{"name": "name", "type": "text"}, {"name": "town", "type": "text"}]
    return int(make.scenario(parsed(1, "{}"), variable(2, "x"), inputs=inputs)["id"])


def add(api: ContractClient, scenario: int, **changes: Any) -> dict[str, Any]:
    note: dict[str, Any] = api.post(f"/scenarios/{scenario}/notes", {**NOTE, **changes}).fits()["note"]
    return note


@pytest.mark.fidelity("notes.rows", "notes.columns", "description.list-fields")
def test_a_note_says_what_it_is_about_and_who_wrote_it(api: ContractClient, scenario: int) -> None:
    note = add(api, scenario)
    assert {**note, **NOTE} == note
    assert note["scenarioId"] == scenario
    assert note["createdByUser"]["id"] > 0
    assert note["updatedByUser"] == {}
    assert "scenariosTotal" not in note
    team = api.target.team_id
    path = f"/scenarios/{scenario}/notes/{note['id']}"
    changed = api.patch(path, {"content": "<p>So.</p>"}, teamId=team).fits()["note"]
    assert changed["updatedByUser"] == note["createdByUser"]
    assert {**changed, "content": note["content"], "updated": None, "updatedByUser": {}} == note
    assert api.get(path, teamId=team).fits()["note"] == changed


@pytest.mark.fidelity("notes.rows")
def test_notes_are_listed_by_their_modules_and_the_newest_first(api: ContractClient, scenario: int) -> None:
    first, other, second = (add(api, scenario, moduleIds=[place])["id"] for place in (1, 2, 1))
    rows = api.get(f"/scenarios/{scenario}/notes", teamId=api.target.team_id).fits()["notes"]
    assert [row["id"] for row in rows] == [second, first, other]


@pytest.mark.fidelity("notes.modules")
def test_a_note_is_on_modules_of_its_scenario(
    api: ContractClient, scenario: int, make: FreshResources
) -> None:
    path = f"/scenarios/{scenario}/notes"
    api.post(path, {**NOTE, "moduleIds": [1, 99]}).refused(400)
    assert api.get(path, teamId=api.target.team_id).fits()["notes"] == []
    api.get(path, teamId=make.team()).refused(404)


@pytest.mark.fidelity("build-variables.values", "build-variables.unknown-value")
def test_variables_of_builds_are_added_and_deleted_by_their_value(api: ContractClient, scenario: int) -> None:
    path = f"/scenarios/{scenario}/build-variables"
    assert api.get(path).fits()["variables"] == {"input": {}}
    assert api.post(path, {"input": [{"name": "name", "value": "TAC_1"}]}).fits() == {"ok": 1}
    assert api.get(path).fits()["variables"] == {"input": {"name": "TAC_1"}}
    api.post(path, {"input": [{"name": "town", "value": "1"}]}).refused(400)
    api.delete(path, value="PAC_3").refused(404)
    assert api.delete(path, value="TAC_1").fits() == {"ok": 1}
    assert api.get(path).fits()["variables"] == {"input": {}}


@pytest.mark.fidelity("build-variables.names")
def test_a_variable_of_a_build_has_the_name_of_an_input(api: ContractClient, scenario: int) -> None:
    path = f"/scenarios/{scenario}/build-variables"
    api.post(path, {"input": [{"name": "name", "value": "TAC_1"}]}).fits()
    api.post(path, {"input": [{"name": "name", "value": "TAC_2"}]}).refused(400)
    api.post(path, {"input": [{"name": "other", "value": "TAC_2"}]}).refused(400)
    assert api.put(path, {"input": [{"name": "town", "value": "PAC_2"}]}).fits() == {"ok": 1}
    assert api.get(path).fits()["variables"] == {"input": {"town": "PAC_2"}}
