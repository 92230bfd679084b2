"""Lint of blueprints with any damage: findings at places that exist, and no exception."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from make_emulator.lint import LintOptions, lint
from make_emulator.resources import fixture_path

BLUEPRINTS = [
    json.loads(path.read_text("utf-8")) for path in sorted(fixture_path("blueprints").glob("*.json"))
]
RESOURCES: dict[str, dict[int, str]] = {
    "connection": {1: "slack"},
    "hook": {},
    "dataStore": {},
    "dataStructure": {},
    "key": {},
}
SINGLE_VALUES = [None, True, 0, -1, 1.5, 10**30, "", "x", "SCN_5", "\ud800"]
EXPRESSIONS = ["{{", "{{1.a", "{{}}", "{{{1.a}}}", "{{1.a[0]}}", "{{upper(}}", "{{now +}}"]
STRUCTURES: list[Any] = [
    [],
    {},
    [[]],
    [{}],
    [None],
    {"a": 1},
    {"flow": [{}]},
    {"scenario": [1]},
    {"enum": [{}]},
    [[{"a": [], "o": 5}]],
    [[{"a": [], "b": {}, "o": "text:equal"}]],
    [{"name": "x", "type": ["a"], "spec": 5}],
]
VALUES = st.sampled_from([*SINGLE_VALUES, *EXPRESSIONS, *STRUCTURES])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yields the path of every value within a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


@st.composite
def changed_blueprints(draw: st.DrawFn) -> Any:
    """A sample in which some values are exchanged for others."""
    blueprint = copy.deepcopy(draw(st.sampled_from(BLUEPRINTS)))
    for _ in range(draw(st.integers(1, 4))):
        found = list(places(blueprint))
        if not found:
            break
        *way, last = found[draw(st.integers(0, len(found) - 1))]
        holder = blueprint
        for key in way:
            holder = holder[key]
        holder[last] = copy.deepcopy(draw(VALUES))
    return blueprint


@settings(deadline=None)
@given(blueprint=changed_blueprints(), is_in_world=st.booleans(), interval=VALUES)
def test_findings_have_places_that_exist(blueprint: Any, is_in_world: bool, interval: Any) -> None:
    before = copy.deepcopy(blueprint)
    options = LintOptions(
        scheduling={"type": "indefinitely", "interval": interval},
        scenario_id=5,
        called_blueprints={5: blueprint},
        resources=RESOURCES if is_in_world else None,
    )
    findings = lint(blueprint, options=options)
    assert blueprint == before
    known = {(), *places(blueprint)}
    for finding in findings:
        assert finding.message
        assert json.dumps(finding.to_json())
        # What is missing has the place where it is to stand.
        assert finding.path in known or finding.path[:-1] in known or finding.path[0] == "scheduling"
