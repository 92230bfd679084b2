"""Pool of applications: building one costs several times as much as creating a world in it."""

from __future__ import annotations

import weakref
from typing import Any

from flask import Flask

from ..app import DEFAULT_WORLD, create_app, registry_of
from ..registry import WorldSpec
from ..world.collector import collector_paused
from ..world.plans import PLANS

#: The most idle applications to keep.
_MAX_IDLE = 4

_idle: list[Flask] = []


def acquire(**spec: Any) -> Flask:
    """Returns an application with one fresh world; the arguments are fields of `WorldSpec`.

    Raises:
        ValueError: if the seed is invalid, or there is no such plan.
    """
    if spec.get("plan") not in (None, *PLANS):
        raise ValueError(f"there is no plan {spec['plan']!r}; there are {', '.join(PLANS)}")
    try:
        app = _idle.pop()
    except IndexError:
        with collector_paused():
            return create_app(**spec)
    registry = registry_of(app)
    for handle in registry:
        registry.delete(handle)
    registry.create(WorldSpec(name=DEFAULT_WORLD, **spec))
    return app


def release_with(holder: object, app: Flask) -> None:
    """Returns an application to the pool once this object, through which its world is reached, is garbage."""
    weakref.finalize(holder, _release, app).atexit = False


def _release(app: Flask) -> None:
    if len(_idle) < _MAX_IDLE:
        _idle.append(app)
