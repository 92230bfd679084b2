from __future__ import annotations

from emulator.engine.modules import KINDS, how_run
from emulator.explain import reference


def test_the_page_of_the_interpreted_modules_is_current() -> None:
    shown = reference.PAGE.read_text("utf-8")
    assert shown == reference.page(), "run: python -m emulator.explain.reference --write"
    assert shown.count("\n| `") == len(KINDS)


def test_each_module_is_interpreted_simulated_or_unknown() -> None:
    assert how_run("json:ParseJSON") == "interpreted"
    assert how_run("json:NoSuchModule") == "unknown"
    assert how_run("any-app:AnyModule") == "simulated"
