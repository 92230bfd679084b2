"""Agents: callers of the API whose permissions are granted one by one."""

from __future__ import annotations

from dataclasses import field

from ...lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Levels of use of a kind of resource, such as ``scenarios``, or of a single one, such as ``scenarios/1``."""

    resource: str
    #: Of ``read``, ``write``, ``run``, ``full``; empty for ``off``.
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Agent of a world: the holder of an API token, or a client of OAuth, and what it may do."""

    name: str
    #: The text of its API token, a secret.
    token: str | None = field(default=None, repr=False)
    client_id: str | None = None
    grants: tuple[Grant, ...] = ()
    #: ``check``: the modules of a run that it starts need its grants too; ``trust``: they do not.
    runs: str = "trust"
    created: int
