"""Applications to use again: building one costs several times as much as laying out a world in it."""

from __future__ import annotations

import weakref
from typing import Any

from flask import Flask

from ..app import DEFAULT_WORLD, create_app, tenants_of
from ..middleware.tenant import Specification
from ..world.plans import PLANS

#: How many applications are kept that nobody uses.
_KEPT = 4

_idle: list[Flask] = []


def take(**making: Any) -> Flask:
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
    tenants = tenants_of(app)
    for tenant in tenants:
        tenants.delete(tenant)
    tenants.create(Specification(name=DEFAULT_WORLD, **making))
    return app


def give_back_after(holder: object, app: Flask) -> None:
    """Keep an application for others once nobody holds on to this object, through which its world is reached."""
    weakref.finalize(holder, _give_back, app).atexit = False


def _give_back(app: Flask) -> None:
    if len(_idle) < _KEPT:
        _idle.append(app)
