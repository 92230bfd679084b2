"""The bodies of the stubs: those that the emulator returned to the ten calls."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

#: Environment variable -> the file of the bodies, in the order of the calls.
BODIES_VARIABLE = "BENCHMARK_BODIES"


def load_bodies() -> list[Any]:
    bodies: list[Any] = json.loads(Path(os.environ[BODIES_VARIABLE]).read_text(encoding="utf-8"))
    return bodies
