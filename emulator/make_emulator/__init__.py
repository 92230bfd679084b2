"""A local emulator of the Make API v2: the test double for everything that automates with Make.com.

What a user imports: `MakeEmulator` (a server for tests), `World` (one isolated Make on it), `mock_make` (calls of this
process to Make land in an emulator) and `create_app` (the emulator as a WSGI application). Types for annotations of
tests are in `make_emulator.testing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .app import create_app
    from .testing import MakeEmulator, World, mock_make

__all__ = ["MakeEmulator", "World", "__version__", "create_app", "mock_make"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: the command line does not need what only tests use.
    if name == "create_app":
        from .app import create_app

        return create_app
    if name in ("MakeEmulator", "World", "mock_make"):
        from . import testing

        return getattr(testing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
