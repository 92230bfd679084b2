"""Every shipped blueprint is complete, has tests of its runs beside it, and names nothing real.

The last test imports exports through the API and runs them, those of the folder in the environment variable
MAKE_EMULATOR_BLUEPRINTS: ``MAKE_EMULATOR_BLUEPRINTS=exports pytest tests/engine/test_shipped_blueprints.py -k own -rs``.
Without the API, ``make-emulator survey exports`` shows more details.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from helpers.api import ApiClient, assert_ok
from make_emulator.app import DEFAULT_WORLD, create_app, registry_of
from make_emulator.blueprint_import.export import BlueprintExport, parse_export
from make_emulator.blueprint_import.stubs import create_stubs
from make_emulator.engine.apps.catalog import get_support_level
from make_emulator.engine.blueprints.completeness import find_blueprint_errors
from make_emulator.engine.runtime import executor
from make_emulator.engine.scenarios import module_checks
from make_emulator.explain.survey import sample_input
from make_emulator.world import blueprint_refs
from make_emulator.world.models import Execution
from make_emulator.world.world import World

FOLDER = Path(__file__).parents[2] / "fixtures" / "blueprints"
OWN = os.environ.get("MAKE_EMULATOR_BLUEPRINTS")
SOURCES = (FOLDER / "SOURCES.md").read_text("utf-8")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_no_module_of_a_shipped_blueprint_is_called_unknown_or_incomplete(path: Path) -> None:
    held = parse_export(path.read_bytes())
    assert module_checks.find_warnings(World("w"), held.blueprint) == []
    assert list(find_blueprint_errors(held.blueprint)) == []


@pytest.fixture
def api() -> ApiClient:
    """An empty world whose clock is frozen at noon of 2 March 2026."""
    app = create_app(seed="empty", now="2026-03-02T12:00:00Z")
    handle = registry_of(app).get(DEFAULT_WORLD)
    assert handle is not None
    handle.world.clock.freeze("2026-03-02T12:00:00Z")
    return ApiClient(app, token=handle.main_token().token)


def imported(api: ApiClient, held: BlueprintExport) -> int:
    """The id of an active scenario that the API created from a blueprint."""
    if held.takes_inputs or blueprint_refs.find_trigger_hook_id(held.blueprint) is None:
        scheduling: dict[str, Any] = {"type": "on-demand"}
    else:
        scheduling = {"type": "immediately"}
    body = {
        "teamId": 1,
        "blueprint": json.dumps(held.blueprint),
        "scheduling": json.dumps(scheduling),
        "metadata": {"input_spec": list(held.input_spec), "output_spec": list(held.output_spec)},
    }
    id = int(assert_ok(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"])
    assert_ok(api.post(f"/scenarios/{id}/start"))
    return id


def run(api: ApiClient, id: int, data: Any) -> Execution:
    started = assert_ok(api.post(f"/scenarios/{id}/run", json={} if data is None else {"data": data}))
    return next(
        entry
        for entry in api.world.logs
        if isinstance(entry, Execution) and entry.id == started["executionId"]
    )


def test_each_shipped_blueprint_has_tests_and_a_source() -> None:
    shipped = sorted(path.stem for path in FOLDER.glob("*.json"))
    assert sorted(path.name.removesuffix(".test.yaml") for path in FOLDER.glob("*.test.yaml")) == shipped
    assert [name for name in shipped if f"| `{name}` |" not in SOURCES] == []
    assert len(shipped) >= 44


def test_the_shipped_blueprints_use_what_people_build_with() -> None:
    used = {
        str(node["module"])
        for path in FOLDER.glob("*.json")
        for node in parse_export(path.read_bytes()).nodes
    }
    assert len(used) >= 60
    assert {name: get_support_level(name) for name in used if get_support_level(name) == "unknown"} == {}
    assert {
        "builtin:BasicAggregator",
        "builtin:BasicFeeder",
        "builtin:BasicIfElse",
        "builtin:BasicMerge",
        "builtin:BasicRepeater",
        "builtin:BasicRouter",
        "builtin:Break",
        "builtin:Commit",
        "builtin:Ignore",
        "builtin:NameARun",
        "builtin:Resume",
        "builtin:Rollback",
        "builtin:ThrowError",
        "builtin:ThrowWarning",
    } <= used


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_what_a_shipped_blueprint_names_is_generated(path: Path) -> None:
    """No address but of domains for examples, and every module has a place in the designer."""
    text = path.read_text("utf-8")
    for address in set(re.findall(r"(?:https?://|@)([a-z0-9.-]+\.[a-z]{2,})", text)):
        assert address == "example.com" or address.endswith((".example.com", ".example.org")), address
    nodes: list[Any] = list(parse_export(path.read_bytes()).nodes)
    for node in nodes:
        assert {"x", "y"} <= node["metadata"]["designer"].keys()
        assert node["version"] >= 1


@pytest.mark.parametrize("path", sorted(Path(OWN).rglob("*.json")) if OWN else [], ids=lambda path: path.name)
def test_an_export_of_ones_own_is_rejected_or_runs_to_a_definite_end(api: ApiClient, path: Path) -> None:
    try:
        held = parse_export(path.read_bytes())
    except ValueError as error:
        pytest.skip(f"refused: {error}")
    user, team = api.handle.main_user(), api.handle.main_team()
    assert team is not None
    create_stubs(api.world, team, user, held.nodes)
    execution = run(api, imported(api, held), sample_input(held, "2026-03-02T12:00:00Z"))
    status = executor.visible_status(execution, execution.ends)
    assert status in ("SUCCESS", "WARNING", "ERROR")
    if execution.error is not None:
        assert not execution.error.message.startswith("The emulator failed"), execution.error
