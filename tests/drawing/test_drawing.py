"""Graphs, places and SVG of blueprints."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from make_emulator.drawing.drawing import Drawing, Mark, draw_blueprint
from make_emulator.drawing.graph import build_graph, describe_conditions, readable_name
from make_emulator.drawing.svg import render_svg

BLUEPRINTS = sorted((Path(__file__).parents[2] / "fixtures/blueprints").glob("*.json"))


def module(id: int, name: str = "util:SetVariable2", **parts: Any) -> dict[str, Any]:
    return {"id": id, "module": name, "version": 1, **parts}


def blueprint(*flow: Any) -> dict[str, Any]:
    return {"name": "Drawn", "flow": list(flow), "metadata": {}}


def edges_of(drawn: Drawing) -> set[tuple[int | None, str, int | None]]:
    ids = [circle.node.id for circle in drawn.circles]
    return {(ids[line.edge.source], line.edge.kind, ids[line.edge.target]) for line in drawn.lines}


def places_of(drawn: Drawing) -> dict[int | None, tuple[float, float]]:
    return {circle.node.id: (circle.node.x, circle.node.y) for circle in drawn.circles}


def router(id: int, *flows: list[Any], **parts: Any) -> dict[str, Any]:
    return module(id, "builtin:BasicRouter", routes=[{"flow": flow} for flow in flows], **parts)


def test_routes_are_stacked_around_their_router() -> None:
    drawn = draw_blueprint(
        blueprint(module(1), router(2, [module(3), module(4)], [module(5)], parameters={"else": 1}))
    )
    assert edges_of(drawn) == {(1, "flow", 2), (2, "route", 3), (3, "flow", 4), (2, "fallback", 5)}
    places = places_of(drawn)
    assert places[1][1] == places[2][1] == (places[3][1] + places[5][1]) / 2
    assert places[1][0] < places[2][0] < places[3][0] == places[5][0] < places[4][0]
    assert places[3][1] == places[4][1] < places[5][1]


def test_branches_that_merge_lead_to_the_merge_and_the_others_end() -> None:
    arms = [
        {
            "conditions": [[{"a": "{{1.a}}", "o": "exist"}]],
            "label": "Has one",
            "flow": [module(3), module(4)],
            "merge": True,
        },
        {"conditions": [[{"a": "{{1.b}}", "o": "exist"}]], "flow": [], "merge": True},
        {"type": "else", "flow": [module(5)]},
    ]
    drawn = draw_blueprint(
        blueprint(
            module(1),
            module(2, "builtin:BasicIfElse", branches=arms),
            module(6, "builtin:BasicMerge"),
            module(7),
        )
    )
    assert edges_of(drawn) == {
        (1, "flow", 2),
        (2, "branch", 3),
        (3, "flow", 4),
        (4, "merge", 6),
        (2, "branch", 6),
        (2, "else", 5),
        (6, "flow", 7),
    }
    labels = {(line.edge.source, line.edge.target): line.label for line in drawn.lines}
    ids = {circle.node.id: circle.node.index for circle in drawn.circles}
    assert labels[ids[2], ids[3]] == "Has one"
    assert labels[ids[2], ids[6]] == "{{1.b}} exist"
    assert labels[ids[2], ids[5]] == "else"
    assert places_of(drawn)[6][0] > places_of(drawn)[4][0]


def test_error_handlers_and_tools_are_below_and_disabled_routes_are_marked() -> None:
    handled = module(2, onerror=[module(20, "slack:CreateMessage"), module(21, "builtin:Ignore")])
    agent = module(3, "ai-local-agent:RunLocalAIAgent", tools=[{"flow": [module(30)]}])
    off = {"id": 4, "module": "builtin:BasicRouter", "routes": [{"flow": [module(5)], "disabled": True}]}
    drawn = draw_blueprint(blueprint(module(1), handled, agent, off))
    assert {(2, "error", 20), (20, "flow", 21), (3, "tool", 30)} <= edges_of(drawn)
    places = places_of(drawn)
    assert places[20][1] > places[2][1]
    assert places[30][1] > places[3][1]
    assert [circle.node.id for circle in drawn.circles if circle.node.disabled] == [5]


def test_an_aggregator_leads_back_to_its_source() -> None:
    flow = (
        module(1),
        module(2, "builtin:BasicFeeder"),
        module(3, "builtin:BasicAggregator", parameters={"feeder": "2"}),
    )
    assert (2, "feeder", 3) in edges_of(draw_blueprint(blueprint(*flow)))


def test_filters_are_told_by_their_name_or_their_first_condition() -> None:
    conditions = [[{"a": "{{1.total}}", "o": "number:greater", "b": "100"}], [{"a": "x", "o": "exist"}]]
    named = module(2, filter={"name": "Large", "conditions": conditions})
    unnamed = module(3, filter={"name": "", "conditions": conditions})
    empty = module(4, filter={"name": "Nothing", "conditions": []})
    graph = build_graph(blueprint(module(1), named, unnamed, empty))
    assert [(edge.label, edge.filtered) for edge in graph.edges] == [
        ("Large", True),
        ("{{1.total}} greater 100 and 1 more", True),
        ("", False),
    ]
    assert describe_conditions([]) == describe_conditions("x") == ""


def test_the_places_of_the_designer_are_kept_unless_modules_would_overlap() -> None:
    def at(x: Any, y: Any) -> dict[str, Any]:
        return {"metadata": {"designer": {"x": x, "y": y, "name": "Named  here"}}}

    kept = draw_blueprint(blueprint(module(1, **at(-300, 50)), module(2, **at(0, 350))))
    assert places_of(kept) == {1: (0, 0), 2: (184, 184)}
    assert kept.circles[0].lines == ("Named here",)
    for x in (10, "0", None, float("nan"), 1e300, True):
        own = draw_blueprint(blueprint(module(1, **at(0, 0)), module(2, **at(x, 0))))
        assert places_of(own) == {1: (0, 0), 2: (184, 0)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("slack:CreateMessage", "Create message"),
        ("http:ActionSendData", "Send data"),
        ("util:SetVariable2", "Set variable"),
        ("json:ParseJSON", "Parse JSON"),
        ("builtin:BasicIfElse", "If-else"),
        ("x:", "x:"),
        ("app#mine:action", "action"),
    ],
)
def test_module_names_are_told_in_words(name: str, text: str) -> None:
    assert readable_name(name) == text


@pytest.mark.parametrize("path", BLUEPRINTS, ids=lambda path: path.stem)
def test_a_shipped_blueprint_is_drawn_whole_and_without_overlaps(path: Path) -> None:
    document = json.loads(path.read_text("utf-8"))
    held = document.get("blueprint", document)
    drawn = draw_blueprint(held)
    text = json.dumps(held)
    assert len(drawn.circles) == text.count('"module": ') - text.count("placeholder:Placeholder")
    for one, other in itertools.combinations(drawn.circles, 2):
        assert abs(one.node.x - other.node.x) >= 96 or abs(one.node.y - other.node.y) >= 90
    # All modules but the first hang on another.
    reached = {line.edge.target for line in drawn.lines if line.edge.kind != "feeder"}
    assert reached == set(range(1, len(drawn.circles)))
    root = ElementTree.fromstring(render_svg(drawn))
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    for circle in drawn.circles:
        assert left < circle.node.x < left + width
        assert top < circle.node.y < top + height


HOSTILE = '"><script>alert(1)</script>&\x00\x1b\ud800'


def test_what_is_in_a_blueprint_cannot_leave_its_text() -> None:
    designer = {"designer": {"name": HOSTILE}}
    flow = (
        module(1, metadata=designer),
        module(2, f"{HOSTILE}:{HOSTILE}", filter={"name": HOSTILE, "conditions": [[{"a": HOSTILE}]]}),
    )
    drawn = draw_blueprint({**blueprint(*flow), "name": HOSTILE})
    text = render_svg(
        drawn,
        nodes={0: Mark("bad", HOSTILE, HOSTILE)},
        edges={(0, 1): Mark("good", "", HOSTILE)},
        caption=HOSTILE,
    )
    root = ElementTree.fromstring(text.encode("utf-8"))
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        "svg",
        "title",
        "style",
        "rect",
        "path",
        "g",
        "circle",
        "text",
    }
    assert not re.search(r"<script", text)


def test_two_thousand_modules_in_a_row_or_nested_are_drawn() -> None:
    assert draw_blueprint(blueprint(*map(module, range(1, 2001)))).width > 1_999 * 184
    nested: list[Any] = [module(1)]
    for id in range(2, 80):
        nested = [router(id, nested, [module(1000 + id)])]
    assert len(draw_blueprint(blueprint(*nested)).circles) > 50


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    "id",
                    "module",
                    "flow",
                    "routes",
                    "branches",
                    "tools",
                    "onerror",
                    "filter",
                    "conditions",
                    "metadata",
                    "designer",
                    "x",
                    "y",
                    "name",
                    "merge",
                    "parameters",
                    "feeder",
                    "else",
                )
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.lists(values, max_size=4), values)
def test_any_json_is_drawn(flow: list[Any], name: Any) -> None:
    ElementTree.fromstring(render_svg(draw_blueprint({"name": name, "flow": flow})).encode("utf-8"))
