"""Modules output the fields that they declare, and no others, in the sample blueprints."""

from __future__ import annotations

from pathlib import Path

import pytest

from make_emulator.blueprint_import.export import parse_export
from make_emulator.engine.apps.known_modules import find_interpreted
from make_emulator.explain.runner import explain_blueprint
from make_emulator.explain.survey import sample_input
from make_emulator.json_types import as_mappings
from make_emulator.resources import fixture_path

NOW = "2026-03-02T12:00:00Z"
SAMPLES = sorted(fixture_path("blueprints").glob("*.json"))


def steps_of(path: Path) -> list[tuple[str, tuple[str, ...], set[str]]]:
    """The modules of a sample whose outputs are declared: name, declared outputs, names in the bundles."""
    export = parse_export(path.read_bytes())
    run = explain_blueprint(export, input=sample_input(export, NOW), now=NOW).execution
    nodes = {node["id"]: node for node in export.nodes}
    found = []
    for step in run.steps:
        node = nodes[step.module_id]
        definition = find_interpreted(str(node["module"]), int(str(node.get("version", 1))))
        if definition is not None and definition.outputs is not None:
            names = {name for bundle in as_mappings(step.output) for name in bundle}
            found.append((definition.name, definition.outputs, names))
    return found


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_bundles_have_the_declared_fields_only(path: Path) -> None:
    for name, declared, names in steps_of(path):
        metadata = {each for each in names if each.startswith("__IMT")}
        assert names - metadata <= set(declared), name


def test_the_samples_cover_the_declared_modules() -> None:
    covered = {name for path in SAMPLES for name, _, names in steps_of(path) if names}
    assert {
        "builtin:BasicAggregator",
        "builtin:BasicRepeater",
        "http:ActionSendData",
        "http:MakeRequest",
        "json:CreateJSON",
        "util:TextAggregator",
    } <= covered
