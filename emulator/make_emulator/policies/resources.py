"""Resources and actions of policies, derived from the scopes that an endpoint declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from ..world.enums import SCOPES

#: Area of scopes -> the name of its kind, where that differs: the one that the paths of the API have.
_KIND_NAMES: Mapping[str, str] = {"datastores": "data-stores", "udts": "data-structures", "user": "users"}

#: The kind of what needs no scope, besides the user's own data: enumerations.
_ENUMS = "enums"

#: Path -> its kind, where the scopes are those of another one. A token that an agent makes has no limits but its scopes.
_KINDS_OF_PATHS: Mapping[str, str] = {"/users/me/api-tokens": "api-tokens"}

#: Kind -> the kind of the rows by whose ids single resources are named.
ROWS: Mapping[str, str] = {
    "connections": "connection",
    "credential-requests": "credentialRequest",
    "custom-property-structures": "customPropertyStructure",
    "data-stores": "dataStore",
    "data-structures": "dataStructure",
    "devices": "device",
    "dlqs": "incompleteExecution",
    "functions": "function",
    "hooks": "hook",
    "keys": "key",
    "organization-variables": "organization",
    "organizations": "organization",
    "private-spaces": "team",
    "scenarios": "scenario",
    "scenarios-shared": "sharedScenario",
    "team-variables": "team",
    "teams": "team",
    "templates": "template",
    "users": "user",
}

#: Kind of row -> the only kind of resource that it is; of a team there are several.
_KINDS_OF_ROWS: Mapping[str, str] = {
    row: kind for kind, row in ROWS.items() if list(ROWS.values()).count(row) == 1 and row != "user"
}

READ, WRITE, RUN = "read", "write", "run"

#: The kind of the apps whose modules call out; a single one is named by its app, such as ``apps/http``.
APPS = "apps"

#: Kinds that the modules of a run use, as one that calls a service uses a connection.
_USED_BY_RUNS = ("connections", "keys", APPS)


class Resource(NamedTuple):
    """A kind of resource, or a single one of it."""

    kind: str
    id: str | None = None

    def __str__(self) -> str:
        return self.kind if self.id is None else f"{self.kind}/{self.id}"


class Access(NamedTuple):
    """An action on a resource."""

    action: str
    resource: Resource

    def of_kind(self) -> Access:
        """Returns the same action on the whole kind."""
        return Access(self.action, Resource(self.resource.kind))

    def __str__(self) -> str:
        """The grant that allows it, as a policy in YAML has it."""
        return f"{self.resource}: {self.action}"


def parse_access(text: str) -> Access:
    """Returns the access that a text such as ``scenarios/1: run`` states, as `Access` writes it."""
    name, _, action = text.rpartition(": ")
    kind, slash, id = name.partition("/")
    return Access(action, Resource(kind, id if slash else None))


class Reference(Protocol):
    """Reference of a request to a row, or to several rows."""

    @property
    def kind(self) -> str: ...

    @property
    def id(self) -> object: ...


def _actions_of_kinds() -> Mapping[str, frozenset[str]]:
    """Returns the actions of every kind; the scope ``mcp:use`` is that of the MCP server, which has no resources."""
    actions: dict[str, set[str]] = {
        _ENUMS: {READ},
        **{kind: {READ, WRITE} for kind in _KINDS_OF_PATHS.values()},
    }
    for scope in SCOPES:
        area, _, action = scope.partition(":")
        if area != "mcp":
            actions.setdefault(_KIND_NAMES.get(area, area), set()).add(action)
    for kind in _USED_BY_RUNS:
        actions[kind].add(RUN)
    return {kind: frozenset(actions[kind]) for kind in sorted(actions)}


#: Kind of resource -> its actions.
KINDS: Mapping[str, frozenset[str]] = _actions_of_kinds()

#: The kinds of which single resources can be granted.
SINGLE_KINDS = frozenset({*ROWS, APPS})


def run_access(scenario_id: int) -> Access:
    """Returns the access of a run of a scenario."""
    return Access(RUN, Resource("scenarios", str(scenario_id)))


def scope_accesses(scopes: Iterable[str]) -> list[tuple[str, str]]:
    """Returns the kind and action of each scope; to run a scenario is an action of its own, which needs no other."""
    pairs = [
        (_KIND_NAMES.get(area, area), action)
        for area, _, action in (scope.partition(":") for scope in scopes)
        if area != "mcp"
    ]
    with_run = {kind for kind, action in pairs if action == RUN}
    return [(kind, action) for kind, action in pairs if action == RUN or kind not in with_run]


def endpoint_accesses(method: str, path: str, scopes: Sequence[str]) -> list[tuple[str, str]]:
    """Returns the kind and action of each permission that an endpoint requires of an agent.

    Without scopes the first segment of the path names the kind, such as ``users`` of ``/users/me``.
    """
    for prefix, kind in _KINDS_OF_PATHS.items():
        if path.startswith(prefix):
            return [(kind, READ if method == "GET" else WRITE)]
    if scopes:
        return scope_accesses(scopes)
    return [(path.split("/")[1], READ if method == "GET" else WRITE)]


def required_accesses(
    pairs: Iterable[tuple[str, str]], references: Sequence[Reference] = ()
) -> tuple[Access, ...]:
    """Returns the accesses of a request: to the rows of the kind that it names, or else to the kind as a whole."""
    return tuple(
        Access(action, Resource(kind, id)) for kind, action in pairs for id in _named_ids(kind, references)
    )


def used_accesses(kinds: Iterable[str], references: Sequence[Reference]) -> tuple[Access, ...]:
    """Returns the accesses to rows of other kinds that a body names: what is used must be readable.

    A team or an organization is no such row: it is where something is created.

    Args:
        kinds: the kinds that the scopes of the request are about.
    """
    found = []
    for reference in references:
        kind = _KINDS_OF_ROWS.get(reference.kind)
        if kind is not None and kind not in kinds:
            ids = reference.id if isinstance(reference.id, list) else [reference.id]
            found += [Access(READ, Resource(kind, str(id))) for id in ids]
    return tuple(found)


def _named_ids(kind: str, references: Sequence[Reference]) -> list[str | None]:
    row = ROWS.get(kind)
    found: list[str | None] = []
    for reference in references:
        if reference.kind == row:
            ids = reference.id if isinstance(reference.id, list) else [reference.id]
            found.extend(str(id) for id in ids)
    return found or [None]
