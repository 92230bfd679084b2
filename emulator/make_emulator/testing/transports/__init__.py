"""Patches of the HTTP clients of this process, with a module for each client."""

from __future__ import annotations

import importlib.util
from contextlib import ExitStack
from typing import Any

from . import http_client, sockets, urllib3

#: One patch: the class or module, the name, the replacement.
Patch = tuple[Any, str, Any]


def install() -> ExitStack:
    """Patches every installed client; closing the stack restores them."""
    patches: list[Patch] = [
        *urllib3.patches(),
        *http_client.patches(),
        *sockets.patches(),
    ]
    if importlib.util.find_spec("httpx"):
        # httpx is optional.
        from . import httpx

        patches += httpx.patches()
    stack = ExitStack()
    for owner, name, replacement in patches:
        stack.callback(setattr, owner, name, vars(owner)[name])
        setattr(owner, name, replacement)
    return stack
