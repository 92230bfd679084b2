"""Prepared fixtures: they are what their sources say, and are not used once a source has changed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from make_emulator import resources, seeds
from make_emulator.registry import DEFAULT_WORLD, WorldSpec
from make_emulator.resources import fixture_path, load_fixture, load_prepared
from make_emulator.seeds import builder, loader
from make_emulator.seeds.validation import validate
from make_emulator.seeds.yaml_reader import parse_text
from make_emulator.world import snapshot
from make_emulator.world.world import World
from tools.prepare_fixtures import FIXTURES, ROWS, prepare

DEFAULT = fixture_path("worlds", "default.yaml")


@pytest.fixture
def fixtures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the fixtures, which the test may change."""
    shutil.copytree(fixture_path(), tmp_path / "fixtures")
    monkeypatch.setattr(resources, "data_folder", lambda folder: tmp_path / folder)
    return tmp_path / "fixtures"


def build(seed: seeds.Seed) -> dict[str, Any]:
    """Returns the snapshot of the world of a seed at noon, without the clock, which knows the system's."""
    world = World("w", now="2026-01-01T12:00:00Z")
    world.clock.freeze("2026-01-01T12:00:00Z")
    builder.WorldBuilder(world, WorldSpec(name=DEFAULT_WORLD), seed).build()
    state: dict[str, Any] = json.loads(snapshot.dumps(snapshot.take(world)))
    del state["clock"]
    return state


def test_the_files_are_prepared_as_their_sources_are() -> None:
    written = {path.name: path.read_bytes() for path in fixture_path("prepared").iterdir()}
    assert written == dict(prepare()), "run make docs"


def test_a_prepared_seed_is_the_validated_one() -> None:
    prepared = loader._load_prepared(DEFAULT)
    validated = validate(parse_text(DEFAULT.read_text("utf-8"), str(DEFAULT)), DEFAULT.parent)
    assert prepared is not None
    assert repr_sorted([getattr(prepared, name) for name in ROWS]) == repr_sorted(
        [getattr(validated, name) for name in ROWS]
    )
    assert prepared.file_stamps == validated.file_stamps
    assert prepared.is_fresh()


def repr_sorted(value: Any) -> str:
    """Returns a text that differs for values of different types, too."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {repr_sorted(item)}' for key, item in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({', '.join(map(repr_sorted, value))})"
    return f"frozenset({sorted(value)})" if isinstance(value, frozenset) else repr(value)


def test_the_world_of_a_prepared_seed_is_that_of_the_validated_one() -> None:
    prepared = loader._load_prepared(DEFAULT)
    assert prepared is not None
    world = build(prepared)
    assert "Ada Maker" in str(world)
    assert world == build(validate(parse_text(DEFAULT.read_text("utf-8"), str(DEFAULT)), DEFAULT.parent))


def test_an_issue_of_a_prepared_seed_has_its_line() -> None:
    prepared = loader._load_prepared(DEFAULT)
    assert prepared is not None
    path = ("organizations", 0, "teams", 0, "name")
    expected = parse_text(DEFAULT.read_text("utf-8"), str(DEFAULT)).issue_at(path, "wrong")
    assert prepared.document.issue_at(path, "wrong") == expected
    assert expected.line is not None


@pytest.mark.parametrize("changed", ["worlds/default.yaml", "blueprints/greeting.json"])
def test_a_seed_is_validated_anew_once_a_source_has_changed(fixtures: Path, changed: str) -> None:
    path = fixtures / "worlds" / "default.yaml"
    assert loader._load_prepared(path) is not None
    source = fixtures / changed
    source.write_text(
        source.read_text("utf-8").replace("Greeting", "Salute").replace("Ada Maker", "Ada Miller"), "utf-8"
    )
    assert loader._load_prepared(path) is None
    seed = loader._load_file(path, "default")
    assert changed == "blueprints/greeting.json" or seed.users[0]["name"] == "Ada Miller"


@pytest.mark.parametrize("name", FIXTURES)
def test_a_fixture_is_read_anew_once_it_has_changed(fixtures: Path, name: str) -> None:
    assert load_prepared(name) == load_fixture(f"{name}.yaml")
    (fixtures / f"{name}.yaml").write_text("a: [1, 2]", "utf-8")
    assert load_prepared(name) is None
    assert load_fixture(f"{name}.yaml") == {"a": [1, 2]}


def test_a_missing_file_is_read_from_its_source(fixtures: Path) -> None:
    shutil.rmtree(fixtures / "prepared")
    assert loader._load_file(fixtures / "worlds" / "default.yaml", "default").users[0]["name"] == "Ada Maker"


def test_the_default_world_is_built_without_yaml() -> None:
    script = "import sys; from make_emulator import create_app; create_app(); print('yaml' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
