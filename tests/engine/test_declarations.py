"""One declaration of a function or a module is enough: everything else follows from it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from helpers.engine import EngineHarness, module, outputs_of, render_text
from make_emulator.engine.expressions.context import Environment
from make_emulator.engine.expressions.functions import FUNCTIONS
from make_emulator.engine.expressions.functions.expectations import kind
from make_emulator.engine.expressions.functions.registry import function, number_at
from make_emulator.engine.expressions.values import Value

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """The generator of the reference in docs/."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def half() -> Iterator[str]:
    """A throw-away function, declared as those in the package are."""

    @function("half", 1, expects=kind("number"))
    def _half(env: Environment, values: Sequence[Value]) -> Value:
        return number_at(values, 0) / 2

    yield "half"
    del FUNCTIONS["half"]


def test_a_function_exists_once_it_is_declared(half: str) -> None:
    assert render_text("{{half(7)}}") == 3.5


def test_mock_data_satisfy_what_a_declared_function_expects(half: str) -> None:
    execution = EngineHarness().run(
        module(1, "acme:find"), module(2, "acme:use", {"value": "{{half(1.size)}}"})
    )
    assert isinstance(outputs_of(execution, 1)[0]["size"], (int, float))


def test_the_reference_lists_a_declared_function(half: str, generator: ModuleType) -> None:
    assert "| `half` | 1 |" in generator.pages()["expressions.md"]
