"""The modules of each app that the engine interprets, one file an app, and made-up data for all others."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .. import catalog
from ..blueprint import Module
from ..errors import unsupported
from . import aggregators, builtin, datastore, gateway, json_app, scenario_service, util
from .registry import Kind
from .simulated import SIMULATED

KINDS: dict[str, Kind] = {
    kind.name: kind
    for app in (aggregators, builtin, datastore, gateway, json_app, scenario_service, util)
    for kind in app.KINDS
}


def kind_of(module: Module) -> Kind:
    """How a module works.

    Raises:
        ModuleError: if it belongs to an app that the emulator interprets, and is not written yet.
    """
    kind = KINDS.get(module.full_name)
    if kind is None and catalog.interprets(module.app):
        raise unsupported(module.full_name, module.id)
    return kind or SIMULATED


Treatment: TypeAlias = Literal["interpreted", "simulated", "unknown"]
"""How the emulator runs a module: by its own rules, with made-up data, or not at all, as the app has no such module."""


def how_run(full_name: str) -> Treatment:
    """How a module ``app:Module`` is run, unless a script of the world says otherwise.

    A module of an app that the emulator knows from the inside is interpreted or unknown to Make; of other apps
    nothing tells which modules exist, so each is taken.
    """
    if full_name in KINDS:
        return "interpreted"
    app, _, _ = full_name.partition(":")
    return "unknown" if catalog.interprets(app) else "simulated"
