"""Guard of the contract suite: a run changes only the resources that it created itself.

Every call that changes something passes `Guard.check` before it is sent. Names begin with the prefix of the run, ids in a
path, a query, a body or a blueprint are those of resources that this run created, and the team and the organization are
those of its settings. Any other call is rejected.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..engine.apps.catalog import BUILT_IN_APPS
from ..http.endpoint import PATH_PARAMETER_KINDS, Endpoint
from ..json_types import Json
from ..schemas.base import MAX_ID, ListField, ResourceId
from ..world.blueprint_refs import REFERENCE_FIELDS, used_packages
from .declarations import RouteMatch, match_route

#: Methods that change nothing.
SAFE_METHODS = frozenset(["GET", "HEAD", "OPTIONS"])

#: An id that no zone has given to anything.
UNUSED_ID = MAX_ID

#: Route -> the kind of resource that it creates, which is also its key in the response.
CREATED_KINDS = {
    "POST /scenarios": "scenario",
    "POST /scenarios/{scenarioId}/clone": "scenario",
    "POST /scenarios-folders": "folder",
    "POST /connections": "connection",
    "POST /data-stores": "dataStore",
    "POST /data-structures": "dataStructure",
    "POST /hooks": "hook",
    "POST /keys": "key",
    "POST /templates": "template",
    "POST /teams": "team",
    "POST /organizations": "organization",
}


@dataclass(frozen=True, slots=True)
class PartRoute:
    """Route that makes or lists parts of a resource, which are deleted with it.

    Args:
        kind, key: the kind of the parts, and their key in the response.
        owner_kind, owner_name: the kind of the resource, and the parameter with its id.
    """

    kind: str
    key: str
    owner_kind: str
    owner_name: str


#: The parts that a run may change: those of resources that it created itself.
PART_ROUTES = {
    "GET /dlqs": PartRoute("incompleteExecution", "dlqs", "scenario", "scenarioId"),
    "POST /scenarios/{scenarioId}/notes": PartRoute("note", "note", "scenario", "scenarioId"),
    "POST /functions": PartRoute("function", "function", "team", "teamId"),
    # The check of a function stores nothing, so its response has none.
    "POST /functions/eval": PartRoute("function", "function", "team", "teamId"),
    "POST /custom-property-structures": PartRoute(
        "customPropertyStructure", "customPropertyStructure", "organization", "belongerId"
    ),
    "POST /custom-property-structures/{customPropertyStructureId}/custom-property-structure-items": PartRoute(
        "customPropertyStructureItem",
        "customPropertyStructureItem",
        "customPropertyStructure",
        "customPropertyStructureId",
    ),
}
_PART_KINDS = frozenset(route.kind for route in PART_ROUTES.values())

#: Fields of a body that give something its name.
_NAME_FIELDS = ("name", "accountName")

#: Fields of a body that hold JSON as text, in which things are named too.
_JSON_TEXT_FIELDS = ("blueprint", "controller", "scheduling")

#: Fields of a clone that map ids of its parts to others.
_CLONE_ID_MAPS = {"account": "connection", "hook": "hook", "datastore": "dataStore", "udt": "dataStructure"}


class UnsafeCallError(Exception):
    """Call that would change a resource of somebody else; it was not sent."""


class Guard:
    """Registry of the resources that a run created; rejects calls that would change any other.

    Args:
        prefix: the prefix of the names of all resources of this run.
        team_id, organization_id: the owners of new resources.
        foreign_ids: ids by kind of resources of another user in a throw-away world, which calls may name.
    """

    def __init__(
        self,
        prefix: str,
        *,
        team_id: int,
        organization_id: int,
        foreign_ids: Mapping[str, int] | None = None,
    ) -> None:
        self.prefix = prefix
        self._home_ids = {"team": team_id, "organization": organization_id}
        self._foreign_ids = foreign_ids or {}
        self._created: dict[tuple[str, int], str] = {}
        self._parts: set[tuple[str, int | str]] = set()
        self._addresses: set[str] = set()

    # --- what was made ---------------------------------------------------------------------------

    @property
    def created(self) -> Mapping[tuple[str, int], str]:
        """Names of the resources that this run created and did not delete yet, by kind and id."""
        return self._created

    def record_created(self, route: str, body: Json) -> tuple[str, int] | None:
        """Registers the resource in a response 200 if its name has the prefix."""
        kind = CREATED_KINDS.get(route)
        row = body.get(kind) if kind and isinstance(body, dict) else None
        if kind is None or not isinstance(row, dict):
            return None
        return self.claim(kind, row)

    def claim(self, kind: str, row: Mapping[str, Json]) -> tuple[str, int] | None:
        """Registers a row as created by this run if its name has the prefix."""
        name, id = row.get("name"), _parse_id(row.get("id"))
        if id is None or not isinstance(name, str) or not name.startswith(self.prefix):
            return None
        self._created[kind, id] = name
        return kind, id

    def record_parts(self, found: RouteMatch, query: Mapping[str, Json], sent: Json, received: Json) -> None:
        """Registers the parts in a response 200 if their owner was created by this run."""
        route = PART_ROUTES.get(found.route)
        if route is None or not self._is_of_own_resource(route, found, query, sent):
            return
        rows = received.get(route.key) if isinstance(received, Mapping) else None
        for row in rows if isinstance(rows, list) else [rows]:
            if isinstance(row, Mapping) and isinstance(id := row.get("id"), (int, str)):
                self._parts.add((route.kind, id))

    def _is_of_own_resource(
        self, route: PartRoute, found: RouteMatch, query: Mapping[str, Json], sent: Json
    ) -> bool:
        body = sent if isinstance(sent, Mapping) else {}
        name = route.owner_name
        id = _parse_id(found.path.get(name, query.get(name, body.get(name))))
        return id is not None and {(route.owner_kind, id)} <= self._created.keys() | self._parts

    def forget(self, kind: str, id: int) -> None:
        """Unregisters a deleted resource."""
        self._created.pop((kind, id), None)

    def allow_hook_url(self, url: str) -> None:
        """Allows deliveries to the address of a hook that this run created."""
        self._addresses.add(url)

    def check_hook_url(self, url: str) -> None:
        """Rejects deliveries to any other hook.

        Raises:
            Unsafe: if the address is not that of a hook that this run made.
        """
        if url.partition("?")[0] not in self._addresses:
            raise UnsafeCallError("that is not the address of a hook that this run made")

    # --- checks of calls -------------------------------------------------------------------------

    def check(self, method: str, path: str, query: Mapping[str, Json] | None, body: Json) -> None:
        """Passes a call that changes only resources of this run.

        Raises:
            Unsafe: if it would touch anything else, or is not known here.
        """
        if method in SAFE_METHODS:
            return
        found = match_route(method, path)
        if found is None:
            raise UnsafeCallError(f"{method} {path} is no route that the suite knows")
        changed = [
            (PATH_PARAMETER_KINDS[name], text)
            for name, text in found.path.items()
            if name in PATH_PARAMETER_KINDS
        ]
        named = [*_referenced_ids(found, query or {}, body), *changed]
        for kind, id in named:
            if not self._may_touch(kind, id, changed=(kind, id) in changed):
                raise UnsafeCallError(f"{found.route} names {kind} {id!r}, which this run did not make")
        part = PART_ROUTES.get(found.route)
        if part is not None and not self._is_of_own_resource(part, found, query or {}, body):
            raise UnsafeCallError(f"{found.route} is for a {part.owner_kind} which this run did not make")
        if not changed and found.route not in CREATED_KINDS and part is None:
            self._check_ids(found, body)
        if new := _newly_installed_apps(query or {}, body):
            raise UnsafeCallError(f"{found.route} would install {', '.join(new)} in the organization")
        for name in _assigned_names(found, body) if part is None else ():
            if not isinstance(name, str) or not name.startswith(self.prefix):
                raise UnsafeCallError(f"{found.route} gives a name that does not begin with {self.prefix!r}")

    def _may_touch(self, kind: str, id: Json, *, changed: bool) -> bool:
        """Returns True for a resource that a call may name; the team and the organization may be named, but not changed."""
        if isinstance(id, str) and (kind, id) in self._parts:
            return True
        whole = _parse_id(id)
        if whole is None:
            # Text that is no id names nothing, but the ids of incomplete executions are text.
            return kind != "incompleteExecution"
        known = {UNUSED_ID, self._foreign_ids.get(kind), None if changed else self._home_ids.get(kind)}
        return whole in known or (kind, whole) in self._created or (kind, whole) in self._parts

    @staticmethod
    def _check_ids(found: RouteMatch, body: Json) -> None:
        """Rejects a deletion of several resources that does not list them: never "all" of a team."""
        if not isinstance(body, Mapping) or not body.get("ids") or body.get("all"):
            raise UnsafeCallError(f"{found.route} does not say by its ids what it changes")


def _parse_id(value: Json) -> int | None:
    """Returns the number of an id that is a number or a text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None


def _referenced_ids(found: RouteMatch, query: Mapping[str, Json], body: Json) -> Iterator[tuple[str, Json]]:
    """Yields kind and id of each resource that the query or the body names."""
    yield from _declared_refs(found.endpoint, "query", query)
    if not isinstance(body, Mapping):
        return
    yield from _declared_refs(found.endpoint, "body", body)
    if found.route.endswith("/clone"):
        for name, kind in _CLONE_ID_MAPS.items():
            mapping = body.get(name)
            for id in mapping.values() if isinstance(mapping, Mapping) else ():
                yield kind, id
    for name in _JSON_TEXT_FIELDS:
        yield from _blueprint_refs(_parse_json(body.get(name)))


def _declared_refs(endpoint: Endpoint, place: str, given: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    schema = endpoint.query if place == "query" else endpoint.body
    for name, field in schema.load_fields.items() if schema else ():
        inner = field.inner if isinstance(field, ListField) else field
        key = field.data_key or name
        value = given.get(key)
        if isinstance(inner, ResourceId) and value is not None:
            for id in value if isinstance(value, list) else [value]:
                yield inner.kind, id


def _blueprint_refs(value: Json) -> Iterator[tuple[str, Json]]:
    """Yields kind and id of each resource that a blueprint names."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            for kind, names in REFERENCE_FIELDS.items():
                if name in names and not isinstance(inner, (Mapping, list)) and inner is not None:
                    yield kind, inner
            yield from _blueprint_refs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _blueprint_refs(inner)


def _newly_installed_apps(query: Mapping[str, Json], body: Json) -> list[str]:
    """Returns the apps that a confirmed blueprint would install in the organization."""
    blueprint = _parse_json(body.get("blueprint")) if isinstance(body, Mapping) else None
    if str(query.get("confirmed", "")).lower() != "true" or not isinstance(blueprint, Mapping):
        return []
    return sorted({*used_packages(blueprint)} - BUILT_IN_APPS)


def _parse_json(text: Json) -> Json:
    try:
        parsed: Json = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return parsed


def _assigned_names(found: RouteMatch, body: Json) -> Iterator[Json]:
    """Yields the names in a body; records, variables and parts may have any, as what they belong to is of this run."""
    if not isinstance(body, Mapping) or found.endpoint.raw_body:
        return
    if {"data", "variables"} & set(found.endpoint.path.split("/")):
        return
    if any(PATH_PARAMETER_KINDS.get(name) in _PART_KINDS for name in found.path):
        return
    for name in _NAME_FIELDS:
        if given := body.get(name):
            # A name in a list is a mistake that a test makes; a service that takes it reads it as the name.
            yield from given if isinstance(given, list) else [given]
    for text in ("blueprint", "controller"):
        blueprint = _parse_json(body.get(text))
        if isinstance(blueprint, Mapping) and blueprint.get("name"):
            yield blueprint["name"]
