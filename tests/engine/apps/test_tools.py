"""The app "Tools": how long it sleeps."""

from __future__ import annotations

import pytest

from helpers.engine import EngineHarness, error_of, last_module_output, module
from make_emulator.world.models import Json


@pytest.mark.parametrize("seconds", [0, 301, -1, "soon"])
def test_a_sleep_takes_one_second_to_five_minutes(seconds: Json) -> None:
    execution = EngineHarness().run(module(1, "util:FunctionSleep", {"duration": seconds}))
    assert error_of(execution) == ("BundleValidationError", "Validation failed for 1 parameter(s).")
    assert last_module_output(module(1, "util:FunctionSleep", {"duration": "300"})) == [{}]
