"""One declaration of a function or a module is enough: everything else follows from it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from helpers.engine import EngineHarness, error_of, module, outputs_of, render_text
from make_emulator.engine.apps import catalog
from make_emulator.engine.apps.app import App, Field, Inference
from make_emulator.engine.apps.context import Emit, ModuleContext, Outcome
from make_emulator.engine.blueprints.model import Module
from make_emulator.engine.expressions.constraint import Constraint
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
    assert "| `half` | 1 |" in generator.pages()["docs/reference/expressions.md"]


# --- modules -------------------------------------------------------------------------------------


def _infer_size(module: Module, output: Constraint, inference: Inference) -> Constraint:
    return Constraint(fields={"size": Constraint(choices=[21])})


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> App:
    """A throw-away app with one module, declared as those in the package are."""
    app = App("acme-throwaway")

    @app.module("Double", Field("size", "number", required=True), versions=(3,), infer=_infer_size)
    def _double(context: ModuleContext) -> Outcome:
        return Emit([{"size": 2 * context.number("size")}])

    monkeypatch.setitem(catalog.APPS, app.name, app)
    return app


DOUBLE = "acme-throwaway:Double"


def double(size: object, **rest: object) -> dict[str, object]:
    return {**module(2, DOUBLE, {"size": size}), "version": 3, **rest}


def test_a_module_runs_once_it_is_declared(acme: App) -> None:
    assert outputs_of(EngineHarness().run(double("4")), 2) == [{"size": 8}]
    assert catalog.get_support_level(DOUBLE) == "interpreted"


def test_the_fields_of_a_declared_module_are_checked(acme: App) -> None:
    assert error_of(EngineHarness().run(double("many")))[0] == "BundleValidationError"


def test_a_declared_module_exists_in_its_versions_and_its_app_has_no_others(acme: App) -> None:
    harness = EngineHarness()
    for node in (double(1, version=1), {**double(1), "module": "acme-throwaway:Half"}):
        text = f"Module not found '{node['module']}' version '{node['version']}'."
        assert error_of(harness.run(node)) == ("BlueprintValidationError", text)


def test_mock_data_satisfy_what_a_declared_module_expects(acme: App) -> None:
    execution = EngineHarness().run(module(1, "acme:find"), double("{{1.size}}"))
    assert outputs_of(execution, 1) == [{"size": 21}]
    assert outputs_of(execution, 2) == [{"size": 42}]


def test_the_reference_lists_a_declared_module(acme: App, generator: ModuleType) -> None:
    assert f"| `{DOUBLE}` | 1 a bundle | 1 an operation |" in generator.pages()["docs/reference/modules.md"]
