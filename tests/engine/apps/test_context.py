"""Typed fields of an operation's context, read with or without a declared type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from helpers.engine import EngineHarness, error_of, module, outputs_of
from make_emulator.engine.apps import catalog
from make_emulator.engine.apps.app import App, Field
from make_emulator.engine.apps.context import Emit, ModuleContext, Outcome
from make_emulator.engine.expressions.values import Value

READERS: dict[str, Callable[[ModuleContext], Value]] = {
    "text": lambda context: context.text("value"),
    "optional_text": lambda context: context.optional_text("value"),
    "number": lambda context: context.number("value", 1.5),
    "integer": lambda context: context.integer("value", 7),
    "boolean": lambda context: context.boolean("value", default=True),
    "array": lambda context: context.array("value"),
    "collection": lambda context: context.collection("value"),
}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> App:
    """A throw-away app with a module for each type, whose field has none."""
    app = App("typed-throwaway")
    for name, read in READERS.items():

        def output(context: ModuleContext, read: Callable[[ModuleContext], Value] = read) -> Outcome:
            return Emit([{"read": read(context)}])

        app.module(name, Field("value"))(output)
    monkeypatch.setitem(catalog.APPS, app.name, app)
    return app


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", 4, "4"),
        ("text", None, ""),
        ("optional_text", True, "true"),
        ("optional_text", None, None),
        ("number", "2.50", 2.5),
        ("number", None, 1.5),
        ("integer", "12", 12),
        ("integer", None, 7),
        ("boolean", "false", False),
        ("boolean", None, True),
        ("array", "one", ["one"]),
        ("array", None, []),
        ("collection", {"a": 1}, {"a": 1}),
        ("collection", None, {}),
    ],
)
def test_a_field_is_read_as_a_type(app: App, kind: str, value: Any, expected: Any) -> None:
    mapper = {} if value is None else {"value": value}
    execution = EngineHarness().run(module(2, f"{app.name}:{kind}", mapper))
    [bundle] = outputs_of(execution, 2)
    assert bundle == {"read": expected}


@pytest.mark.parametrize(
    ("kind", "value"),
    [("text", {"a": 1}), ("number", "many"), ("integer", 1.5), ("integer", "1.5"), ("collection", [1])],
)
def test_a_field_of_another_type_fails_the_operation(app: App, kind: str, value: Any) -> None:
    execution = EngineHarness().run(module(2, f"{app.name}:{kind}", {"value": value}))
    assert error_of(execution)[0] == "BundleValidationError"
