"""The modules of each app that the engine interprets, one file an app, and made-up data for all others."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .. import catalog
from ..blueprint import Module
from ..errors import unsupported
from . import (
    aggregators,
    builtin,
    csv_app,
    datastore,
    email_app,
    gateway,
    http_app,
    http_legacy,
    json_app,
    regexp,
    scenario_service,
    util,
    xml_app,
)
from .registry import Kind
from .simulated import SIMULATED

KINDS: dict[str, Kind] = {
    kind.name: kind
    for app in (
        aggregators,
        builtin,
        csv_app,
        datastore,
        email_app,
        gateway,
        http_app,
        http_legacy,
        json_app,
        regexp,
        scenario_service,
        util,
        xml_app,
    )
    for kind in app.KINDS
}


def kind_of(module: Module) -> Kind:
    """How a module works.

    Raises:
        ModuleError: if it belongs to an app that the emulator interprets, and is not written yet.
    """
    kind = KINDS.get(module.full_name)
    if kind is not None:
        return kind
    if not catalog.simulates(module.app, module.name):
        raise unsupported(module.full_name, module.id)
    if not catalog.aggregates(module.full_name):
        return SIMULATED
    return csv_app.AGGREGATOR if module.app == "csv" else aggregators.SIMULATED


Treatment: TypeAlias = Literal["interpreted", "simulated", "unknown"]
"""How the emulator runs a module: by its own rules, with made-up data, or not at all, as the app has no such module."""


def how_run(full_name: str) -> Treatment:
    """How a module ``app:Module`` is run, unless a script of the world says otherwise.

    A module of an app that the emulator knows in whole is interpreted, simulated, or unknown to Make; of other apps
    nothing tells which modules exist, so each is taken.
    """
    app, _, module = full_name.partition(":")
    if full_name in KINDS or (app == "csv" and catalog.aggregates(full_name)):
        return "interpreted"
    return "simulated" if catalog.simulates(app, module) else "unknown"
