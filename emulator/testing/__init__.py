"""For tests: a server on a free port, isolated worlds on it, and the pytest plugin."""

from .control import ControlError
from .emulator import MakeEmulator
from .world import World

__all__ = ["ControlError", "MakeEmulator", "World"]
