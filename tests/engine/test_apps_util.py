"""The app "Tools": how long it sleeps."""

from __future__ import annotations

import pytest
from lab import Lab, error_of, module, put_out

from emulator.world.models import Json


@pytest.mark.parametrize("seconds", [0, 301, -1, "soon"])
def test_a_sleep_takes_one_second_to_five_minutes(seconds: Json) -> None:
    execution = Lab().run(module(1, "util:FunctionSleep", {"duration": seconds}))
    assert error_of(execution) == ("BundleValidationError", "Validation failed for 1 parameter(s).")
    assert put_out(module(1, "util:FunctionSleep", {"duration": "300"})) == [{}]
