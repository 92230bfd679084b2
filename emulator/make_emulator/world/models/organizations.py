"""Organizations with their licences and teams, and their users with memberships and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from ...lazy_dataclasses import dataclass
from .json_types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """Limits and features of an organization's plan. Field names and figures: see `make_emulator.world.plans`."""

    apps: tuple[str, ...] = ()
    users: int
    teams: int
    scenarios: int
    dslimit: int
    dsslimit: int
    fslimit: int
    iolimit: int
    api_limit: int
    interval: int
    priority: str
    transfer: int
    retention: int
    dlq_storage: int
    operations: int
    execution_time: int
    webhook_log_retention_days: int
    fulltext: bool
    creating_templates: bool
    custom_functions: bool
    custom_variables: bool
    custom_properties: int
    custom_roles: bool = False
    private_spaces: bool = False
    on_prem_agent: bool = False
    tfa_enforcement: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """Organization with its plan; counters restart at ``next_reset``."""

    id: int
    name: str
    zone: str
    plan: str
    license: License
    country_id: int
    timezone_id: int
    created: int
    last_reset: int
    next_reset: int
    #: The months since its creation: resets fall on the day of creation.
    months: int = 0
    is_paused: bool = False
    #: True if users must sign in with two factors.
    tfa_enforced: bool = False
    #: The ids of the features that it has switched off.
    disabled_features: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Team of an organization, with limits of its own, which ``None`` omits."""

    id: int
    name: str
    organization_id: int
    operations_limit: int | None = None
    transfer_limit: int | None = None
    is_paused: bool = False
    #: The user whose private space it is; ``None`` for an ordinary team.
    owner_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """User of Make; ``is_admin`` marks an administrator of the zone."""

    id: int
    name: str
    email: str
    language: str = "en"
    timezone_id: int
    locale_id: int
    country_id: int
    avatar: str
    last_login: int
    is_admin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationMember:
    """Membership of a user in an organization, with a role."""

    user_id: int
    organization_id: int
    role_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMember:
    """Membership of a user in a team, with a role."""

    user_id: int
    team_id: int
    role_id: int
    changeable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """API token. Its text is a secret, neither shown by ``repr`` nor logged."""

    token: str = field(repr=False)
    label: str
    user_id: int
    scopes: frozenset[str]
    created: int
    #: Name of the agent that made it, whose grants limit it too.
    agent: str | None = None

    @property
    def auth_used(self) -> str:
        """The kind of authentication, as responses name it."""
        return "token"

    @property
    def only_organization_id(self) -> int | None:
        """The organization that it is restricted to; ``None`` for all of the user."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmConfiguration:
    """Language models that a team has chosen: the settings under the names of the API."""

    team_id: int
    values: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Invitation of a user to an organization and to teams of it. Its hash, which an e-mail has, is a secret."""

    hash: str = field(repr=False)
    user_id: int
    organization_id: int
    role_id: int
    team_ids: tuple[int, ...] = ()
    note: str | None = None
    created: int
