"""Credential requests: demands on a user to authorize connections and keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from ...lazy_dataclasses import dataclass
from .json_types import Json

CredentialComponent: TypeAlias = Literal["account", "keychain"]
"""Kind of a credential: a connection or a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRequest:
    """Request for credentials, addressed to ``provider_id``; an action is addressed to anybody who has its link."""

    id: str
    #: Its place among the requests of the world.
    index: int
    team_id: int
    user_id: int
    name: str
    description: str | None = None
    provider_id: int | None = None
    is_action: bool = False
    created: int
    updated: int
    expires: int
    should_send_email: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One credential of a request; ``remote_id`` is the connection or the key that came of it.

    ``name`` is the type of the connection or key. With ``extends`` the authorization adds scopes to that connection
    instead of creating one. ``state`` is ``pending``, ``authorized``, ``declined`` or ``reauthorizing``.
    """

    id: str
    request_id: str
    index: int
    team_id: int
    component: str
    type: str
    name: str
    label: str
    description: str | None = None
    scope: tuple[str, ...] = ()
    remote_id: int | None = None
    remote_scope: tuple[str, ...] = ()
    token_id: str | None = None
    created: int
    updated: int
    state: str = "pending"
    decline_reason: str | None = None
    app_name: str | None = None
    app_modules: tuple[str, ...] = ()
    app_version: str | None = None
    name_override: str | None = None
    extends: int | None = None
    #: Data that the request gives in advance: those that the user cannot change, and those that the user can.
    prefill_hard: Mapping[str, Json] = field(default_factory=dict, repr=False)
    prefill_soft: Mapping[str, Json] = field(default_factory=dict, repr=False)
