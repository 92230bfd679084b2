"""Connections to apps, and the outcomes of their tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from ...lazy_dataclasses import dataclass
from .json_types import Json


@dataclass(frozen=True, slots=True)
class ConnectionTestResult:
    """Outcome of a connection's test: ``ok``, ``invalid``, ``crash`` or ``timeout``, and the service's message."""

    outcome: str
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection to an app. Its credentials are secrets and never leave the world.

    They are ``None`` where they are unknown; a ``verdict`` sets the outcome of a test of the connection,
    whatever they are.
    """

    id: int
    name: str
    team_id: int
    account_name: str
    account_label: str
    account_type: str
    theme: str
    metadata: Mapping[str, Json] | None = None
    scopes: tuple[str, ...] = ()
    editable: bool = True
    author_id: int | None = None
    credentials: Mapping[str, Json] | None = field(default=None, repr=False)
    verdict: ConnectionTestResult | None = None
