"""Connections: created, scripted, used up by scenarios, deleted. Their credentials never leave the world.

Nothing is called outside. What a third-party service would say of a connection is its verdict: scripted through the
control API, or else what can be told from the credentials themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, NamedTuple

import yaml

from ..resources import fixture_path
from . import blueprint_refs
from .data_stores import scenarios_using
from .exceptions import (
    ActionFailedError,
    IncompatibleInputError,
    InvalidParametersError,
    NotConfirmedError,
    ResourceInUseError,
)
from .models import Connection, ConnectionTestResult, Json, Team, User
from .world import World

OAUTH = "oauth"

#: The colour of a connection or hook whose type has no known one.
DEFAULT_THEME = "#c73a63"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionType:
    """A kind of connection; its own fields go flat into the body that creates one."""

    id: str
    label: str
    account_type: str
    theme: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    editable: bool = True

    @property
    def credential_fields(self) -> tuple[str, ...]:
        return self.required + self.optional


@lru_cache(maxsize=1)
def all_connection_types() -> Mapping[str, ConnectionType]:
    """Every kind of connection by its id."""
    rows = yaml.load(
        fixture_path("connection-types.yaml").read_text("utf-8"),
        Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),
    )
    return {
        id: ConnectionType(
            id=id,
            label=row["label"],
            account_type=row["account"],
            theme=row["theme"],
            required=tuple(row.get("required", ())),
            optional=tuple(row.get("optional", ())),
            editable=row.get("editable", True),
        )
        for id, row in rows.items()
    }


def get_connection_type(id: str) -> ConnectionType:
    """The kind of connection with an id.

    Raises:
        UnfitInput: if there is none.
    """
    found = all_connection_types().get(id)
    if found is None:
        raise IncompatibleInputError("Invalid connection type")
    return found


class AccountAppearance(NamedTuple):
    """The way in which Make shows the account of a connection."""

    label: str
    account_type: str
    theme: str


#: Outcome of a test -> the status that the service behind it answered, and its words unless others are scripted.
#: Those for a wrong key are the ones that Make's own API has for a connection to Make (SDK's live tests).
TEST_OUTCOMES: Mapping[str, tuple[int, str]] = {
    "ok": (200, ""),
    "invalid": (401, "Access denied: Invalid token header."),
    "crash": (500, "Connection action crashed"),
    "timeout": (504, "Connection action timed out"),
}

_UNAUTHORIZED = ConnectionTestResult("invalid", "The connection is not authorized.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedConnection(Connection):
    """A row of the list: with the outcome of the scope test that the caller asked for, and the scenarios that use it."""

    scoped: bool
    scenario_usages: Sequence[Mapping[str, Json]]


def list_with_usage(
    world: World, team: Team, asked: Mapping[str, Collection[str]] | None
) -> list[ListedConnection]:
    """A team's connections by name.

    Args:
        asked: the types to list -> the scopes that ``scoped`` tells about; ``None`` for all types.
    """
    usages: dict[int, list[Mapping[str, Json]]] = {}
    for scenario in world.scenarios.where(team=team.id):
        version = world.blueprints[scenario.id, scenario.blueprint_version]
        for id in blueprint_refs.find_references(version.blueprint, "connection"):
            usages.setdefault(id, []).append({"id": scenario.id, "name": scenario.name})
    chosen = [
        row for row in world.connections.where(team=team.id) if asked is None or row.account_name in asked
    ]
    return [
        ListedConnection(
            **{field.name: getattr(row, field.name) for field in fields(Connection)},
            scoped=has_scopes(row, asked.get(row.account_name, ()) if asked else ()),
            scenario_usages=usages.get(row.id, ()),
        )
        for row in sorted(chosen, key=lambda row: (row.name.casefold(), row.id))
    ]


def create(
    world: World,
    team: Team,
    user: User,
    *,
    name: str,
    type: str,
    scopes: Sequence[str] = (),
    data: Mapping[str, Json],
    id: int | None = None,
) -> Connection:
    """Create a connection. One of an OAuth type is of no use until a person has authorized it.

    Raises:
        UnfitInput: if there is no such type, or it knows no scopes.
        Invalid: if own fields of the type are missing, or there are others.
    """
    kind = get_connection_type(type)
    if scopes and kind.account_type != OAUTH:
        raise IncompatibleInputError("Invalid scope")
    faults = [
        *(
            f"Missing value of required parameter '{field}'."
            for field in kind.required
            if not data.get(field)
        ),
        *_find_data_issues(kind, data),
    ]
    if faults:
        raise InvalidParametersError(*faults)
    return insert(
        world,
        team.id,
        name=name,
        type_name=kind.id,
        scopes=tuple(dict.fromkeys(scopes)),
        author_id=user.id,
        credentials=data,
        verdict=_UNAUTHORIZED if kind.account_type == OAUTH else None,
        id=id,
    )


def insert(
    world: World,
    team_id: int,
    *,
    name: str,
    type_name: str,
    account_label: str | None = None,
    account_type: str | None = None,
    theme: str | None = None,
    metadata: Mapping[str, Json] | None = None,
    scopes: tuple[str, ...] = (),
    editable: bool | None = None,
    author_id: int,
    credentials: Mapping[str, Json] | None = None,
    verdict: ConnectionTestResult | None = None,
    id: int | None = None,
) -> Connection:
    """Insert a connection, unchecked; what is not given follows from its type, if that is a known one.

    Args:
        id: the id that a seed gave; by default, the next one.
    """
    kind = all_connection_types().get(type_name)
    appearance = account_appearance(type_name, label=account_label, account_type=account_type, theme=theme)
    return world.connections.put(
        Connection(
            id=world.ids.assign("connection", id),
            name=name,
            team_id=team_id,
            account_name=type_name,
            account_label=appearance.label,
            account_type=appearance.account_type,
            theme=appearance.theme,
            metadata=metadata,
            scopes=scopes,
            editable=(kind is None or kind.editable) if editable is None else editable,
            author_id=author_id,
            credentials=credentials,
            verdict=verdict,
        )
    )


def account_appearance(
    type_name: str,
    *,
    label: str | None = None,
    account_type: str | None = None,
    theme: str | None = None,
) -> AccountAppearance:
    """The label, type and colour of the account of a connection; what is not given follows from its type."""
    kind = all_connection_types().get(type_name)
    return AccountAppearance(
        label or (kind.label if kind else type_name.replace("-", " ").title()),
        account_type or (kind.account_type if kind else OAUTH),
        theme or (kind.theme if kind else DEFAULT_THEME),
    )


def _find_data_issues(kind: ConnectionType, data: Mapping[str, Json]) -> Iterator[str]:
    for field, value in data.items():
        if field not in kind.credential_fields:
            yield f"Unknown parameter '{field}'."
        elif isinstance(value, (dict, list)):
            yield f"Parameter '{field}' must be a string, a number or a boolean."


def rename(world: World, connection: Connection, name: str) -> Connection:
    return world.connections.put(replace(connection, name=name))


def editable_parameters(connection: Connection) -> list[str]:
    """The names of the data that can be set anew.

    Raises:
        UnfitInput: if none can.
    """
    kind = all_connection_types().get(connection.account_name)
    if not connection.editable or kind is None:
        raise IncompatibleInputError("Cannot edit this connection.")
    if not kind.credential_fields:
        raise IncompatibleInputError("There is nothing to configure in this connection")
    return list(kind.credential_fields)


def set_data(world: World, connection: Connection, data: Mapping[str, Json]) -> Connection:
    """Replace all data of a connection: what is left out is empty from now on, also if it is required.

    An OAuth connection has to be authorized again.

    Raises:
        UnfitInput: if the connection cannot be edited.
        Invalid: if the type has no such fields.
    """
    editable_parameters(connection)
    kind = get_connection_type(connection.account_name)
    if faults := list(_find_data_issues(kind, data)):
        raise InvalidParametersError(*faults)
    verdict = _UNAUTHORIZED if connection.account_type == OAUTH else connection.verdict
    return world.connections.put(replace(connection, credentials=data, verdict=verdict))


def has_scopes(connection: Connection, scopes: Collection[str]) -> bool:
    """Whether a connection has all of some scopes."""
    return set(scopes) <= set(connection.scopes)


def delete(world: World, connection: Connection, *, confirmed: bool) -> int:
    """Delete a connection; the scenarios that used it are invalid from then on: what runs of them, fails.

    Raises:
        Blocked: if a hook uses it.
        Unconfirmed: if scenarios use it and the caller did not confirm.
    """
    for hook in world.hooks.where(team=connection.team_id):
        if hook.data.get(blueprint_refs.REFERENCE_FIELDS["connection"][0]) == connection.id:
            raise ResourceInUseError(f"Connection '{connection.id}' is used by hook '{hook.id}'.")
    users = scenarios_using(world, "connection", connection.id, connection.team_id)
    if users and not confirmed:
        raise NotConfirmedError(f"Connection '{connection.id}' is used by scenarios.")
    for scenario in users:
        world.scenarios.put(replace(scenario, is_invalid=True))
    return world.connections.remove(connection.id).id


# --- what the service behind it says -------------------------------------------------------------


def set_test_result(world: World, connection: Connection, verdict: ConnectionTestResult) -> Connection:
    """Decide what every use of a connection comes to from now on: also how a person's authorization is played."""
    return world.connections.put(replace(connection, verdict=verdict))


def find_failure(world: World, connection: Connection) -> ConnectionTestResult | None:
    """Why the service behind a connection turns it down; ``None`` if it does not."""
    if connection.verdict is not None:
        return None if connection.verdict.outcome == "ok" else connection.verdict
    # A connection that a seed brought along: authorized before, with credentials that are nobody's business.
    if (data := connection.credentials) is None:
        return None
    kind = all_connection_types().get(connection.account_name)
    if kind is not None and not all(data.get(field) for field in kind.required):
        return ConnectionTestResult("invalid", TEST_OUTCOMES["invalid"][1])
    # The one service that is at hand: Make itself.
    if connection.account_name == "make" and str(data.get("apiKey")) not in world.tokens:
        return ConnectionTestResult("invalid", TEST_OUTCOMES["invalid"][1])
    return None


def failure_message(verdict: ConnectionTestResult) -> str:
    """What a service says when it turns a connection down, e.g. ``[401] Access denied: Invalid token header.``"""
    status, text = TEST_OUTCOMES[verdict.outcome]
    return f"[{status}] {verdict.message or text}"


def verify(world: World, connection: Connection) -> None:
    """Try a connection out.

    Raises:
        ActionFailed: if the service behind it turns it down, or does not answer.
    """
    if verdict := find_failure(world, connection):
        raise ActionFailedError(failure_message(verdict))


def serialize_test_result(connection: Connection) -> dict[str, Any]:
    """What the control API tells of a connection's script."""
    verdict = connection.verdict
    return {
        "id": connection.id,
        "name": connection.name,
        "verify": verdict.outcome if verdict else None,
        "message": verdict.message if verdict else None,
    }
