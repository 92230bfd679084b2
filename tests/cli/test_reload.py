"""The reload of a world from its files, without a server."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from helpers.api import ApiClient, assert_status
from make_emulator.app import DEFAULT_WORLD, create_app, registry_of
from make_emulator.cli.reload import WorldReloader
from make_emulator.registry import WorldHandle, WorldRegistry
from make_emulator.resources import fixture_path

SEED = """\
organizations:
  - name: Acme
    teams:
      - name: Ops
        scenarios:
          - { name: Greet, blueprint: ./greeting.json, scheduling: { type: on-demand } }
"""
GREETING = json.loads(fixture_path("blueprints", "greeting.json").read_text("utf-8"))


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Messages of the watcher, whatever else is logged, and however the log is configured."""
    messages: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    logger, handler = logging.getLogger("make_emulator.watch"), Handler()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield messages
    logger.removeHandler(handler)
    logger.setLevel(level)


def make_reloader(
    app: Flask, blueprints: Path | None = None, init_dir: Path | None = None
) -> tuple[WorldHandle, WorldReloader]:
    registry = registry_of(app)
    handle = registry.get(DEFAULT_WORLD)
    assert handle is not None
    return handle, WorldReloader(registry, handle, blueprints, init_dir)


def test_the_files_are_the_seed_and_the_blueprints_it_refers_to(tmp_path: Path) -> None:
    seed, blueprint = tmp_path / "seed.yaml", tmp_path / "greeting.json"
    seed.write_text(SEED, "utf-8")
    blueprint.write_text(json.dumps(GREETING), "utf-8")
    _, reloader = make_reloader(create_app(seed=str(seed)))
    assert {path.resolve() for path in reloader.list_files()} == {seed, blueprint}
    _, shipped = make_reloader(create_app())
    assert list(shipped.list_files()) == []


def test_the_blueprints_of_the_init_folder_are_imported_before_the_others(
    tmp_path: Path, log: list[str]
) -> None:
    first, second = tmp_path / "init.d", tmp_path / "blueprints"
    for folder, name in ((first, "First"), (second, "Second")):
        folder.mkdir()
        (folder / f"{name}.json").write_text(json.dumps({**GREETING, "name": name}), "utf-8")
    (first / "empty.yaml").write_text(fixture_path("worlds", "empty.yaml").read_text("utf-8"), "utf-8")
    handle, reloader = make_reloader(create_app(seed="empty"), second, first)
    assert set(reloader.list_files()) == {first / "First.json", second / "Second.json"}
    reloader.reload([first / "First.json"])
    assert [scenario.name for scenario in handle.world.scenarios] == ["First", "Second"]
    broken = first / "a.yaml"
    broken.write_text("organizations: 1", "utf-8")
    reloader.reload([broken])
    assert log[-2].startswith(f"{broken}:1: ")
    assert log[-1] == f"changed: {broken}; the default world stays as it is"


def test_a_blueprint_of_the_seed_is_read_again(tmp_path: Path, log: list[str]) -> None:
    seed, blueprint = tmp_path / "seed.yaml", tmp_path / "greeting.json"
    seed.write_text(SEED, "utf-8")
    blueprint.write_text(json.dumps(GREETING), "utf-8")
    app = create_app(seed=str(seed))
    handle, reloader = make_reloader(app)

    def shown_name() -> str:
        body = assert_status(ApiClient(app, handle.main_token().token).get("/scenarios/1/blueprint"))
        name: str = body["response"]["blueprint"]["flow"][0]["metadata"]["designer"]["name"]
        return name

    before = shown_name()
    blueprint.write_text(json.dumps({"name": "No flow"}), "utf-8")
    reloader.reload([blueprint])
    assert shown_name() == before
    assert log[-1] == f"changed: {blueprint}; the default world stays as it is"
    changed = json.loads(json.dumps(GREETING))
    changed["flow"][0]["metadata"]["designer"]["name"] = "Renamed"
    blueprint.write_text(json.dumps(changed), "utf-8")
    reloader.reload([blueprint])
    assert shown_name() == "Renamed"
    assert log[-1] == (
        f"changed: {blueprint}; the default world is reset: 1 user, 1 organization, 1 team, 1 scenario"
    )


def test_what_was_changed_in_the_world_stays_if_a_file_has_a_mistake(tmp_path: Path, log: list[str]) -> None:
    folder = tmp_path / "blueprints"
    folder.mkdir()
    (folder / "good.json").write_text(json.dumps(GREETING), "utf-8")
    handle, reloader = make_reloader(create_app(seed="empty"), folder)
    reloader.reload([folder / "good.json"])
    assert [scenario.name for scenario in handle.world.scenarios] == [GREETING["name"]]
    world, spec = handle.world, handle.spec
    for text, reason in (
        ('{"name": "x", "flow": [{"id": 1, "module": "http:Nope", "version": 1}]}', "bad.json: "),
        ('{"flow": [', "bad.json: "),
    ):
        (folder / "bad.json").write_text(text, "utf-8")
        log.clear()
        reloader.reload([folder / "bad.json"])
        assert handle.world is world
        assert handle.spec is spec
        assert log[0].startswith(f"{folder}/{reason}")
        assert log[-1] == f"changed: {folder / 'bad.json'}; the default world stays as it is"


def test_a_mistake_right_after_a_reset_does_not_hide_the_reset(
    tmp_path: Path, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("organizations:\n  - { name: Acme, teams: [{ name: First }] }\n", "utf-8")
    handle, reloader = make_reloader(create_app(seed=str(seed)))
    seed.write_text("organizations:\n  - { name: Acme, teams: [{ name: Second }] }\n", "utf-8")
    reset = WorldRegistry.reset

    def reset_and_break(registry: WorldRegistry, given: WorldHandle) -> None:
        reset(registry, given)
        seed.write_text("organizations: [", "utf-8")

    monkeypatch.setattr(WorldRegistry, "reset", reset_and_break)
    reloader.reload([seed])
    team = handle.main_team()
    assert team is not None
    assert team.name == "Second"
    assert log == [f"changed: {seed}; the default world is reset: 1 user, 1 organization, 1 team"]
    assert seed in list(reloader.list_files())


def test_blueprints_that_are_gone_are_one_line(tmp_path: Path, log: list[str]) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(GREETING), "utf-8")
    handle, reloader = make_reloader(create_app(seed="empty"), file)
    reloader.reload([file])
    file.unlink()
    reloader.reload([file])
    assert len(list(handle.world.scenarios)) == 1
    assert log[-2:] == [
        f"cannot read {file}: No such file or directory",
        f"changed: {file}; the default world stays as it is",
    ]


def test_many_changes_are_summarized(tmp_path: Path, log: list[str]) -> None:
    _, reloader = make_reloader(create_app(seed="empty"))
    reloader.reload([tmp_path / f"{name}.json" for name in "abcde"])
    assert f"{tmp_path / 'c.json'} and 2 other files; the default world is reset" in log[-1]
