"""Blueprints with any damage: repairs never make more findings, and most slips are undone, byte for byte."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.blueprint_damage import DAMAGES, damage_blueprint
from make_emulator.cli.main import main
from make_emulator.json_patch import apply_patch
from make_emulator.lint import RULES, lint
from make_emulator.mend import mend
from make_emulator.resources import fixture_path

NOW = "2026-03-02T09:00:00Z"
PATHS = sorted(fixture_path("blueprints").glob("*.json"))
BLUEPRINTS = [json.loads(path.read_text("utf-8")) for path in PATHS]

#: Of 100 slips that lint finds, those that have to be repaired; a reference that several modules could mean is not.
LEAST_REPAIRED = {
    "reference": 80,
    "app": 90,
    "operator": 90,
    "source of an aggregator": 90,
    "repeated id": 95,
}


def count(blueprint: Any) -> int:
    return sum(finding.severity != "info" for finding in lint(blueprint))


@pytest.mark.parametrize("kind", DAMAGES)
def test_most_slips_are_repaired_and_the_files_are_as_they_were(kind: str, tmp_path: Path) -> None:
    originals: dict[Path, bytes] = {}
    for path, blueprint in zip(PATHS, BLUEPRINTS, strict=True):
        damaged = damage_blueprint(blueprint, kind, path.name)
        if damaged is not None and count(damaged):
            layout = random.Random(path.name).choice((None, 2, "\t"))
            target = tmp_path / path.name
            originals[target] = write(blueprint, layout)
            target.write_bytes(write(damaged, layout))
    assert len(originals) > 10
    result = CliRunner().invoke(main, ["mend", str(tmp_path), "--write", "--now", NOW])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    sound = [path for path in originals if not count(json.loads(path.read_bytes()))]
    least = LEAST_REPAIRED.get(kind, 100)
    assert 100 * len(sound) >= least * len(originals), result.output
    same = [path for path in originals if path.read_bytes() == originals[path]]
    # A free id may be another one, and a source another module that outputs several bundles.
    free = kind in ("id", "repeated id", "source of an aggregator")
    assert len(same) >= (len(sound) * 0.6 if free else len(sound)), result.output


def write(blueprint: Any, layout: Any) -> bytes:
    return json.dumps(blueprint, indent=layout, ensure_ascii=layout is None).encode()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2**60) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def damaged_blueprints(draw: st.DrawFn) -> Any:
    """A blueprint with some slips, and perhaps a value that is exchanged for any other one."""
    blueprint = draw(st.sampled_from(BLUEPRINTS))
    for kind in draw(st.lists(st.sampled_from(sorted(DAMAGES)), min_size=1, max_size=4, unique=True)):
        blueprint = damage_blueprint(blueprint, kind, draw(st.integers(0, 99))) or blueprint
    blueprint = copy.deepcopy(blueprint)
    if draw(st.booleans()):
        *way, last = draw(st.sampled_from(list(places(blueprint))))
        holder = blueprint
        for key in way:
            holder = holder[key]
        holder[last] = draw(VALUES)
    return blueprint


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged_blueprints())
def test_repairs_never_raise_the_number_of_findings(blueprint: Any) -> None:
    result = mend(blueprint, now=NOW)
    assert apply_patch(blueprint, result.patch) == result.blueprint
    assert count(result.blueprint) <= count(blueprint)
    found = [repair.finding for repair in result.repairs]
    assert all(RULES[each.rule].repair for each in found)
    # The parser shows one fault of the structure after another, and notes do not count.
    if any(each.severity != "info" and each.rule != "invalid-structure" for each in found):
        assert count(result.blueprint) < count(blueprint)
    assert not result.after.is_worse_than(result.before)
    again = mend(result.blueprint, now=NOW)
    assert again.repairs == ()
    assert again.after == result.after
