"""Hooks, what waits at them, and what came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .json_types import FieldSpecs, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A hook: an address at which a scenario's trigger receives. Its udid is a name by which the world is found.

    ``alone_since`` is when it was made or its last scenario let go of it; `make_emulator.world.hooks` tells from it
    whether the hook is gone.
    """

    id: int
    name: str
    team_id: int
    udid: str
    type: str
    type_name: str
    theme: str
    data: Mapping[str, Json]
    editable: bool = True
    enabled: bool = True
    learning: bool = False
    structure: FieldSpecs = ()
    alone_since: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What a hook received and no run has taken yet. ``data`` is a bundle, or an array of them."""

    id: str
    hook_id: int
    data: Json
    size: int
    created: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HookLog:
    """One delivery to a hook, taken or refused. ``status`` is 1 for success, 3 for failure."""

    id: str
    hook_id: int
    udid: str
    parser: str
    status: int
    size: int
    logged_at: int
    imt_id: str
    sequence: int
    data: Mapping[str, Json]
