"""Keys of the keychain, with which modules sign in to services that have no connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from ...lazy_dataclasses import dataclass
from .json_types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key. Its parameters are secrets and never leave the world; they are ``None`` where they are unknown."""

    id: int
    name: str
    team_id: int
    type_name: str
    theme: str
    parameters: Mapping[str, Json] | None = field(default=None, repr=False)
