"""Applications to use again: building one costs several times as much as laying out a world in it."""

from __future__ import annotations

import weakref
from typing import Any

from flask import Flask

from ..app import DEFAULT_WORLD, create_app, registry_of
from ..registry import WorldSpec
from ..world.plans import PLANS

#: How many applications are kept that nobody uses.
_MAX_IDLE = 4

_idle: list[Flask] = []


def acquire(**making: Any) -> Flask:
    """An application with one fresh world; the arguments are fields of its `Specification`.

    Raises:
        ValueError: if the seed makes no sense, or there is no such plan.
    """
    if making.get("plan") not in (None, *PLANS):
        raise ValueError(f"there is no plan {making['plan']!r}; there are {', '.join(PLANS)}")
    try:
        app = _idle.pop()
    except IndexError:
        return create_app(**making)
    tenants = registry_of(app)
    for tenant in tenants:
        tenants.delete(tenant)
    tenants.create(WorldSpec(name=DEFAULT_WORLD, **making))
    return app


def release_with(holder: object, app: Flask) -> None:
    """Keep an application for others once nobody holds on to this object, through which its world is reached."""
    weakref.finalize(holder, _release, app).atexit = False


def _release(app: Flask) -> None:
    if len(_idle) < _MAX_IDLE:
        _idle.append(app)
