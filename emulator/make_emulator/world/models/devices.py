"""Mobile devices of teams, and the messages from and to them."""

from __future__ import annotations

from collections.abc import Mapping

from ...lazy_dataclasses import dataclass
from .json_types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Mobile device that is registered with a team; ``scope`` lists what it can do, e.g. ``call``."""

    id: int
    name: str
    team_id: int
    udid: str
    scope: tuple[str, ...] = ()
    info: Mapping[str, Json] | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMessage:
    """Queued message of a device, from it (``incoming``) or to it (``outgoing``)."""

    id: str
    device_id: int
    direction: str
    scope: str
    data: str
    size: int
    created: int
    sequence: int
