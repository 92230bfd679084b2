"""What is patched in the HTTP clients of this process, one module a client, and put back."""

from __future__ import annotations

import importlib.util
from contextlib import ExitStack
from typing import Any

from . import http_client, sockets, urllib3

#: One patch: the class or module, the name, what stands there meanwhile.
Patch = tuple[Any, str, Any]


def install() -> ExitStack:
    """Patch every client there is; closing the stack puts everything back."""
    patches: list[Patch] = [
        *urllib3.patches(),
        *http_client.patches(),
        *sockets.patches(),
    ]
    if importlib.util.find_spec("httpx"):
        # Optional: only who has it can call through it.
        from . import httpx

        patches += httpx.patches()
    stack = ExitStack()
    for owner, name, replacement in patches:
        stack.callback(setattr, owner, name, vars(owner)[name])
        setattr(owner, name, replacement)
    return stack
