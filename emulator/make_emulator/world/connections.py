"""Connections and their types: creation, credentials, tests, deletion. Credentials never leave the world.

No service is called. The outcome of a connection's test is its verdict: scripted through the control API, or else
derived from the credentials. The types come from ``connection-types.yaml``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from typing import NamedTuple

from ..lazy_dataclasses import dataclass
from ..module_catalogue import module_catalogue
from ..plain_text import did_you_mean
from ..resources import load_fixture
from . import blueprint_refs
from .exceptions import (
    ActionFailedError,
    IncompatibleInputError,
    InvalidParametersError,
    NotConfirmedError,
    ResourceInUseError,
    UnknownConnectionTypeError,
)
from .models import Connection, ConnectionTestResult, Json, Team, User
from .world import World

OAUTH = "oauth"

#: The colour of a connection or hook whose type has no known one.
DEFAULT_THEME = "#c73a63"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionType:
    """Type of connection; its own fields are top-level fields of the body that creates one."""

    id: str
    label: str
    account_type: str
    theme: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    editable: bool = True
    #: True if the fields of its credentials are not known.
    accepts_any_field: bool = False

    @property
    def credential_fields(self) -> tuple[str, ...]:
        """The names of the fields of its credentials, required ones first."""
        return self.required + self.optional


@lru_cache(maxsize=1)
def all_connection_types() -> Mapping[str, ConnectionType]:
    """Every type of connection by its id."""
    rows = load_fixture("connection-types.yaml")
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
    """The type of connection with an id.

    Raises:
        UnknownConnectionTypeError: if there is none.
    """
    found = all_connection_types().get(id) or _catalogued_type(id)
    if found is None:
        known = (*all_connection_types(), *module_catalogue().connection_types)
        raise UnknownConnectionTypeError(
            id,
            hint=f"The emulator knows no connection type '{id[:100]}'{did_you_mean(id[:100], known) or '.'}",
        )
    return found


def is_known_type(id: str) -> bool:
    """Returns True for a type of connection that exists at Make, as far as is known."""
    return id in all_connection_types() or _catalogued_type(id) is not None


@lru_cache
def _catalogued_type(id: str) -> ConnectionType | None:
    """Returns a type of which only the name is known, from the module catalogue."""
    label = module_catalogue().connection_types.get(id)
    if label is None or ":" in id:
        return None
    return ConnectionType(
        id=id, label=label, account_type="basic", theme=DEFAULT_THEME, accepts_any_field=True
    )


class AccountAppearance(NamedTuple):
    """The way in which Make shows the account of a connection."""

    label: str
    account_type: str
    theme: str


#: Outcome of a test -> the status of the service's response, and its message unless another is scripted.
#: The message for a wrong key is that of Make's API for a connection to Make (SDK's live tests).
TEST_OUTCOMES: Mapping[str, tuple[int, str]] = {
    "ok": (200, ""),
    "invalid": (401, "Access denied: Invalid token header."),
    "crash": (500, "Connection action crashed"),
    "timeout": (504, "Connection action timed out"),
}

_UNAUTHORIZED = ConnectionTestResult("invalid", "The connection is not authorized.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedConnection(Connection):
    """Connection in a list, with the outcome of the requested scope test and the scenarios that use it."""

    scoped: bool
    scenario_usages: Sequence[Mapping[str, Json]]


def list_with_usage(
    world: World, team: Team, scopes_by_type: Mapping[str, Collection[str]] | None
) -> list[ListedConnection]:
    """A team's connections by name.

    Args:
        scopes_by_type: the types to list -> the scopes that ``scoped`` reports on; ``None`` for all types.
    """
    usages: dict[int, list[Mapping[str, Json]]] = {}
    for scenario in world.scenarios.where(team=team.id):
        version = world.blueprints[scenario.id, scenario.blueprint_version]
        for id in blueprint_refs.find_references(version.blueprint, "connection"):
            usages.setdefault(id, []).append({"id": scenario.id, "name": scenario.name})
    chosen = [
        row
        for row in world.connections.where(team=team.id)
        if scopes_by_type is None or row.account_name in scopes_by_type
    ]
    return [
        ListedConnection(
            **{field.name: getattr(row, field.name) for field in fields(Connection)},
            scoped=has_scopes(row, scopes_by_type.get(row.account_name, ()) if scopes_by_type else ()),
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
    """Creates a connection. One of an OAuth type fails until it has been authorized.

    Raises:
        UnknownConnectionTypeError: if there is no such type.
        IncompatibleInputError: if the type has no scopes.
        InvalidParametersError: if required fields of the type are missing, or there are unknown ones.
    """
    kind = get_connection_type(type)
    if scopes and kind.account_type != OAUTH:
        raise IncompatibleInputError("Invalid scope")
    check_data(kind, data)
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
    """Inserts a connection, unchecked; omitted values follow from its type, if that is a known one.

    Args:
        id: an explicit id; by default, the next one.
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
    """The label, type and colour of the account of a connection; omitted values follow from its type."""
    kind = all_connection_types().get(type_name)
    return AccountAppearance(
        label or (kind.label if kind else type_name.replace("-", " ").title()),
        account_type or (kind.account_type if kind else OAUTH),
        theme or (kind.theme if kind else DEFAULT_THEME),
    )


def check_data(kind: ConnectionType, data: Mapping[str, Json]) -> None:
    """Raises InvalidParametersError if required fields of a type are missing, or there are unknown ones."""
    issues = [
        *(
            f"Missing value of required parameter '{field}'."
            for field in kind.required
            if not data.get(field)
        ),
        *_find_data_issues(kind, data),
    ]
    if issues:
        raise InvalidParametersError(*issues)


def _find_data_issues(kind: ConnectionType, data: Mapping[str, Json]) -> Iterator[str]:
    for field, value in data.items():
        if field not in kind.credential_fields and not kind.accepts_any_field:
            yield f"Unknown parameter '{field}'."
        elif isinstance(value, (dict, list)):
            yield f"Parameter '{field}' must be a string, a number or a boolean."


def rename(world: World, connection: Connection, name: str) -> Connection:
    """Changes the name of a connection."""
    return world.connections.put(replace(connection, name=name))


def editable_parameters(connection: Connection) -> list[str]:
    """The names of the data that can be replaced.

    Raises:
        IncompatibleInputError: if none can.
    """
    kind = all_connection_types().get(connection.account_name)
    if not connection.editable or kind is None:
        raise IncompatibleInputError("Cannot edit this connection.")
    if not kind.credential_fields:
        raise IncompatibleInputError("There is nothing to configure in this connection")
    return list(kind.credential_fields)


def set_data(world: World, connection: Connection, data: Mapping[str, Json]) -> Connection:
    """Replaces all data of a connection; fields that are left out are empty from now on, also required ones.

    An OAuth connection must be authorized again.

    Raises:
        IncompatibleInputError: if the connection cannot be edited.
        InvalidParametersError: if the type has no such fields.
    """
    editable_parameters(connection)
    kind = get_connection_type(connection.account_name)
    if issues := list(_find_data_issues(kind, data)):
        raise InvalidParametersError(*issues)
    verdict = _UNAUTHORIZED if connection.account_type == OAUTH else connection.verdict
    return world.connections.put(replace(connection, credentials=data, verdict=verdict))


def has_scopes(connection: Connection, scopes: Collection[str]) -> bool:
    """Returns True if a connection has all of some scopes."""
    return set(scopes) <= set(connection.scopes)


def delete(world: World, connection: Connection, *, confirmed: bool) -> int:
    """Deletes a connection; the scenarios that used it become invalid.

    Raises:
        ResourceInUseError: if a hook uses it.
        NotConfirmedError: if scenarios use it and the caller did not confirm.
    """
    check_unused_by_hooks(world, connection)
    users = blueprint_refs.scenarios_using(world, "connection", connection.id, connection.team_id)
    if users and not confirmed:
        raise NotConfirmedError(f"Connection '{connection.id}' is used by scenarios.", "deleteConnection")
    for scenario in users:
        world.scenarios.put(replace(scenario, is_invalid=True))
    return world.connections.remove(connection.id).id


def check_unused_by_hooks(world: World, connection: Connection) -> None:
    """Raises ResourceInUseError if a hook uses a connection, which then cannot be deleted."""
    for hook in world.hooks.where(team=connection.team_id):
        if hook.data.get(blueprint_refs.REFERENCE_FIELDS["connection"][0]) == connection.id:
            raise ResourceInUseError(f"Connection '{connection.id}' is used by hook '{hook.id}'.")


# --- tests ---------------------------------------------------------------------------------------


def set_test_result(world: World, connection: Connection, verdict: ConnectionTestResult) -> Connection:
    """Sets the outcome of every use of a connection from now on; ``ok`` also authorizes an OAuth connection."""
    return world.connections.put(replace(connection, verdict=verdict))


def find_failure(world: World, connection: Connection) -> ConnectionTestResult | None:
    """The failure of a connection's test; ``None`` if it passes."""
    if connection.verdict is not None:
        return None if connection.verdict.outcome == "ok" else connection.verdict
    # A connection from a seed was authorized before; its credentials are unknown.
    if (data := connection.credentials) is None:
        return None
    kind = all_connection_types().get(connection.account_name)
    if kind is not None and not all(data.get(field) for field in kind.required):
        return ConnectionTestResult("invalid", TEST_OUTCOMES["invalid"][1])
    # Make itself is the one service that can be tested.
    if connection.account_name == "make" and str(data.get("apiKey")) not in world.tokens:
        return ConnectionTestResult("invalid", TEST_OUTCOMES["invalid"][1])
    return None


def failure_message(verdict: ConnectionTestResult) -> str:
    """Message of a failed test, such as ``[401] Access denied: Invalid token header``."""
    status, text = TEST_OUTCOMES[verdict.outcome]
    return f"[{status}] {verdict.message or text}"


def verify(world: World, connection: Connection) -> None:
    """Tests a connection.

    Raises:
        ActionFailedError: if the test fails.
    """
    if verdict := find_failure(world, connection):
        raise ActionFailedError(failure_message(verdict))


def serialize_test_result(connection: Connection) -> dict[str, Json]:
    """The control API's view of a connection's scripted test result."""
    verdict = connection.verdict
    return {
        "id": connection.id,
        "name": connection.name,
        "verify": verdict.outcome if verdict else None,
        "message": verdict.message if verdict else None,
    }
