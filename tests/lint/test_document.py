"""Modules of a blueprint as rules see them: the modules that each can map, and blueprints of any size and depth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make_emulator.lint import LintOptions, lint
from make_emulator.lint.document import LintDocument

JsonObject = dict[str, Any]


def node(**parts: Any) -> JsonObject:
    return {"module": "util:SetVariable2", "version": 1, "mapper": {}, **parts}


def arms(flows: st.SearchStrategy[list[JsonObject]]) -> st.SearchStrategy[list[JsonObject]]:
    return st.lists(flows.map(lambda flow: {"flow": flow}), min_size=1, max_size=3)


@st.composite
def flows(draw: st.DrawFn, depth: int = 3) -> list[JsonObject]:
    nodes = []
    for _ in range(draw(st.integers(0, 3))):
        parts: JsonObject = {}
        inner = flows(depth=depth - 1) if depth else st.just([])
        for key in draw(st.sets(st.sampled_from(["routes", "branches", "tools", "onerror"]), max_size=2)):
            parts[key] = draw(inner if key == "onerror" else arms(inner))
        nodes.append(node(**parts))
    return nodes


def numbered(flow: list[JsonObject], first: int = 1) -> int:
    """Numbers the modules of a flow in place; returns the next id."""
    for each in flow:
        each["id"] = first
        first += 1
        for key in ("routes", "branches", "tools"):
            for arm in each.get(key, ()):
                first = numbered(arm["flow"], first)
        first = numbered(each.get("onerror", []), first)
    return first


def pairs(
    flow: list[JsonObject], before: frozenset[int] = frozenset()
) -> Iterator[tuple[int, frozenset[int]]]:
    """Yields each module with the ids of those whose bundles it can map, by the definition."""
    for each in flow:
        yield each["id"], before
        own = before | {each["id"]}
        inside = own
        for key in ("routes", "branches", "tools"):
            for arm in each.get(key, ()):
                for id, known in pairs(arm["flow"], own):
                    yield id, known
                    if key == "branches":
                        inside |= {id}
        yield from pairs(each.get("onerror", []), own)
        before = inside


@given(flow=flows())
def test_a_module_can_map_what_ran_before_it_and_a_merge_the_branches(flow: list[JsonObject]) -> None:
    count = numbered(flow) - 1
    document = LintDocument({"name": "x", "flow": flow, "metadata": {}}, LintOptions())
    modules = {module.id: module for module in document.modules}
    assert sorted(modules, key=str) == sorted(range(1, count + 1), key=str)
    for id, before in pairs(flow):
        mappable = {other for other in modules if document.is_before(other, modules[id])}
        assert mappable == before
        assert set(document.ids_before(modules[id], count + 1)) == before
        assert document.ids_before(modules[id], 2) == document.ids_before(modules[id], count + 1)[-2:]


def test_a_reference_to_nothing_lists_the_closest_modules_only() -> None:
    flow = [node(id=id, mapper={"name": "v", "value": "x"}) for id in range(1, 30)]
    flow.append(node(id=30, mapper={"name": "v", "value": "{{99.x}}"}))
    (finding,) = [
        each for each in lint({"name": "x", "flow": flow, "metadata": {}}) if each.rule == "unknown-reference"
    ]
    listed = "…, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29"
    assert finding.message == f"{{{{99.x}}}}: There is no module 99; the modules before this one: {listed}."


def nested(levels: int) -> list[JsonObject]:
    flow: list[JsonObject] = []
    for level in range(levels, 0, -1):
        router = {"module": "builtin:BasicRouter", "version": 1, "id": 2 * level, "routes": [{"flow": flow}]}
        flow = [router] if flow else [node(id=2 * level)]
    return [node(id=1), *flow]


@pytest.mark.parametrize("levels", [45, 60, 200])
def test_routes_nested_deeper_than_make_takes_are_one_finding(levels: int) -> None:
    findings = lint({"name": "x", "flow": nested(levels), "metadata": {}})
    messages = [finding.message for finding in findings if finding.rule == "invalid-structure"]
    assert messages == ([] if levels < 50 else ["The blueprint is nested too deep."])


@pytest.mark.parametrize("levels", [100, 900, 5_000])
@pytest.mark.parametrize("place", ["mapper", "parameters", "metadata", "filter", "routes", "onerror"])
def test_values_of_any_depth_are_findings_and_no_failure(place: str, levels: int) -> None:
    value: Any = "x"
    for _ in range(levels):
        value = {"a": value}
    value = value if place in ("mapper", "parameters", "metadata", "filter") else [value]
    flow = [node(id=1), node(id=2, **{place: value})]
    for finding in lint({"name": "x", "flow": flow, "metadata": {}}):
        assert finding.message
