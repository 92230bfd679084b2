"""Test tools: a server on a free port, isolated worlds on it, interception in this process, and the pytest plugin."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..client.control import ControlError
    from .emulator import MakeEmulator
    from .interception import mock_make
    from .mcp import McpError
    from .routing import NetworkBlocked
    from .world import World

__all__ = ["ControlError", "MakeEmulator", "McpError", "NetworkBlocked", "World", "mock_make"]

_EXPORTS = {
    "ControlError": "..client.control",
    "MakeEmulator": ".emulator",
    "McpError": ".mcp",
    "NetworkBlocked": ".routing",
    "World": ".world",
    "mock_make": ".interception",
}


def __getattr__(name: str) -> Any:
    # The pytest plugin in this package is loaded by every test run, also by those that do not use it.
    if name in _EXPORTS:
        from ..world.collector import collector_paused

        # The classes of the modules stay: each collection meanwhile would traverse them in vain.
        with collector_paused():
            return getattr(import_module(_EXPORTS[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
