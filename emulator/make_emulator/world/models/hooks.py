"""Hooks, their queues, and the logs of their deliveries."""

from __future__ import annotations

from collections.abc import Mapping

from ...lazy_dataclasses import dataclass
from .json_types import FieldSpecs, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """Address at which a scenario's trigger receives data. Its udid is a key by which the world is looked up.

    ``alone_since`` is the time since which no scenario uses it; `make_emulator.world.hooks` derives the deactivation
    from it. With ``captures_next`` the next delivery is learned from, and does not start the active scenario.
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
    captures_next: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """Queued delivery to a hook. ``data`` is a bundle, or an array of them."""

    id: str
    hook_id: int
    data: Json
    size: int
    created: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HookLog:
    """Log of one delivery to a hook, accepted or rejected. ``status`` is 1 for success, 3 for failure."""

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
