"""An observer is told what the steps of a run do not say, in its place between them."""

from __future__ import annotations

from typing import Any

from lab import Lab, module, set_variable

from emulator.engine.blueprint import Module
from emulator.engine.conditions import Filter


class Notes:
    """Writes everything down as tuples."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def filtered(self, at: int, module: Module, gate: Filter, *, passed: bool) -> None:
        self.told.append((at, "filter", module.id, gate.name, passed))

    def chose(self, at: int, module: Module, way: int | None) -> None:
        self.told.append((at, "way", module.id, way))

    def decided(self, at: int, module: Module, decision: str) -> None:
        self.told.append((at, "fate", module.id, decision))


def observed(lab: Lab, *flow: Any, **options: Any) -> list[tuple[Any, ...]]:
    notes = Notes()
    lab.run(*flow, observer=notes, **options)
    return notes.told


def gate(value: str, name: str = "") -> dict[str, Any]:
    return {"name": name, "conditions": [[{"a": "{{1.x}}", "o": "text:equal", "b": value}]]}


def test_filters_are_told_before_the_operation_that_they_let_through() -> None:
    told = observed(
        Lab(),
        set_variable(1, "a"),
        set_variable(2, "b", filter=gate("a", "First")),
        set_variable(3, "c", filter=gate("b", "Second")),
    )
    assert told == [(1, "filter", 2, "First", True), (2, "filter", 3, "Second", False)]


def test_a_fallback_and_a_branch_are_told_by_their_place() -> None:
    router = module(
        2,
        "builtin:BasicRouter",
        routes=[
            {"flow": [set_variable(3, "x", filter=gate("b"))]},
            {"flow": [set_variable(4, "x", filter=gate("a"))]},
        ],
        parameters={"else": 1},
    )
    assert observed(Lab(), set_variable(1, "a"), router) == [(2, "way", 2, 1), (2, "filter", 4, "", True)]
    branches = [{"conditions": gate("b")["conditions"], "flow": []}, {"type": "else", "flow": []}]
    fork = module(2, "builtin:BasicIfElse", branches=branches)
    assert observed(Lab(), set_variable(1, "a"), fork) == [(2, "way", 2, 1)]
    branches[1]["disabled"] = True
    assert observed(Lab(), set_variable(1, "a"), fork) == [(2, "way", 2, None)]


def test_what_becomes_of_an_error_is_told() -> None:
    failing = module(2, "builtin:ThrowError", {"message": "No"}, onerror=[module(3, "builtin:Ignore")])
    assert observed(Lab(), set_variable(1, "a"), failing) == [(3, "fate", 2, "ignore")]
    failing.pop("onerror")
    assert observed(Lab(), set_variable(1, "a"), failing) == []
    assert observed(Lab(), set_variable(1, "a"), failing, settings={"dlq": True}) == [(2, "fate", 2, "kept")]
