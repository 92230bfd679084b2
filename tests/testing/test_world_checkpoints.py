from __future__ import annotations

import pytest
import requests

from make_emulator import MakeEmulator, World
from make_emulator.testing import ControlError


@pytest.fixture
def world(make_emulator: MakeEmulator) -> World:
    return make_emulator.create_world(now="2026-03-02T12:00:00Z")


def rename_team(world: World, name: str) -> None:
    url = f"{world.base_url}/teams/{world.team_id}"
    assert requests.patch(url, json={"name": name}, headers=world.headers, timeout=10).status_code == 200


def test_the_changes_since_a_checkpoint_are_listed_and_undone(world: World) -> None:
    checkpoint = world.checkpoint("before the agent")
    assert checkpoint.name == "before the agent"
    assert checkpoint.at.startswith("2026-03-02T12:0")
    assert checkpoint.changes() == []
    rename_team(world, "Agents")
    world.run(1, {"name": "Ann"})
    [change] = checkpoint.changes()
    assert (change["kind"], change["id"], change["after"]) == ("team", world.team_id, {"name": "Agents"})
    assert checkpoint.counts() == {"execution": {"created": 1}}
    summary = {"kind": "team", "id": world.team_id, "change": "changed", "name": "Agents"}
    assert checkpoint.undo("team", world.team_id)[0]["kind"] == "team"
    assert checkpoint.counts() == {"execution": {"created": 1}}
    rename_team(world, "Agents")
    assert [{**each, "name": "Agents"} for each in checkpoint.undo()] == [summary]
    assert (checkpoint.changes(), checkpoint.counts()) == ([], {})


def test_what_cannot_be_undone_is_an_error(world: World) -> None:
    checkpoint = world.checkpoint("a")
    with pytest.raises(ControlError, match="already"):
        world.checkpoint("a")
    with pytest.raises(ControlError, match="No scenario 99 was changed") as rejection:
        checkpoint.undo("scenario", 99)
    assert rejection.value.status == 404
    with pytest.raises(ControlError, match="belong together"):
        checkpoint.undo("scenario")
    world.delete()
    with pytest.raises(ControlError, match="404"):
        checkpoint.changes()
