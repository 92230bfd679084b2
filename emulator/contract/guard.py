"""What a run may touch: nothing but what it made itself. The one place that says so.

Whatever changes something passes `Guard.check` before it is sent. A name that is given to anything begins with the run's
own prefix, an id that is named in a path, a query, a body or a blueprint is one that this run made, and the team and the
organization are those that the run was started for. What it does not know, it refuses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..endpoint import PATH_KINDS, Endpoint
from ..engine.lifecycle import BUILT_IN_APPS
from ..schemas.base import MAX_ID, Many, Ref
from ..world.blueprints import REFERENCES, used_packages
from .catalog import Match, match

#: Methods that only look.
SAFE = frozenset(["GET", "HEAD", "OPTIONS"])

#: An id that no zone has given to anything.
ABSENT = MAX_ID

#: Route -> the kind of thing that it makes, which the answer holds under that key.
MAKES = {
    "POST /scenarios": "scenario",
    "POST /scenarios/{scenarioId}/clone": "scenario",
    "POST /scenarios-folders": "folder",
    "POST /connections": "connection",
    "POST /data-stores": "dataStore",
    "POST /data-structures": "dataStructure",
    "POST /hooks": "hook",
    "POST /templates": "template",
    "POST /teams": "team",
    "POST /organizations": "organization",
}

#: Fields of a body that give something its name.
_NAMES = ("name", "accountName")

#: Fields of a body that hold JSON as text, in which things are named too.
_JSON_TEXTS = ("blueprint", "controller", "scheduling")

#: Fields of a clone that map ids of its parts to others.
_MAPS = {"account": "connection", "hook": "hook", "datastore": "dataStore", "udt": "dataStructure"}


class Unsafe(Exception):
    """A call that would touch what this run did not make; it was not sent."""


class Guard:
    """Knows what a run made, and refuses calls that would change anything else.

    Args:
        prefix: what the name of everything begins with that this run makes.
        team_id, organization_id: where things may be made.
        strangers: ids by kind that nothing can happen to, because the target is a throwaway world.
    """

    def __init__(
        self,
        prefix: str,
        *,
        team_id: int,
        organization_id: int,
        strangers: Mapping[str, int] | None = None,
    ) -> None:
        self.prefix = prefix
        self._homes = {"team": team_id, "organization": organization_id}
        self._strangers = strangers or {}
        self._made: dict[tuple[str, int], str] = {}
        self._addresses: set[str] = set()

    # --- what was made ---------------------------------------------------------------------------

    @property
    def made(self) -> Mapping[tuple[str, int], str]:
        """The name of each thing that this run made and did not remove yet, by kind and id."""
        return self._made

    def note(self, route: str, body: Any) -> tuple[str, int] | None:
        """Remember what an answer 200 says was made; what does not bear the prefix is not taken for ours."""
        kind = MAKES.get(route)
        row = body.get(kind) if kind and isinstance(body, dict) else None
        if kind is None or not isinstance(row, dict):
            return None
        return self.claim(kind, row)

    def claim(self, kind: str, row: Mapping[str, Any]) -> tuple[str, int] | None:
        """Take a row for this run's own if its name begins with the prefix."""
        name, id = row.get("name"), _whole(row.get("id"))
        if id is None or not isinstance(name, str) or not name.startswith(self.prefix):
            return None
        self._made[kind, id] = name
        return kind, id

    def forget(self, kind: str, id: int) -> None:
        """Something is gone."""
        self._made.pop((kind, id), None)

    def trust_address(self, url: str) -> None:
        """Allow deliveries to the address of a hook that this run made."""
        self._addresses.add(url)

    def check_address(self, url: str) -> None:
        """Refuse to send anything to somebody else's hook.

        Raises:
            Unsafe: if the address is not that of a hook that this run made.
        """
        if url.partition("?")[0] not in self._addresses:
            raise Unsafe("that is not the address of a hook that this run made")

    # --- what may be asked -----------------------------------------------------------------------

    def check(self, method: str, path: str, query: Mapping[str, Any] | None, body: Any) -> None:
        """Let a call pass that touches only what this run made.

        Raises:
            Unsafe: if it would touch anything else, or is not known here.
        """
        if method in SAFE:
            return
        found = match(method, path)
        if found is None:
            raise Unsafe(f"{method} {path} is no route that the suite knows")
        changed = [(PATH_KINDS[name], text) for name, text in found.path.items() if name in PATH_KINDS]
        named = [*_named(found, query or {}, body), *changed]
        for kind, id in named:
            if not self._may_touch(kind, id, changed=(kind, id) in changed):
                raise Unsafe(f"{found.route} names {kind} {id!r}, which this run did not make")
        if not changed and found.route not in MAKES:
            self._check_choice(found, body)
        if new := _foreign_apps(query or {}, body):
            raise Unsafe(f"{found.route} would install {', '.join(new)} in the organization")
        for name in _given_names(found, body):
            if not isinstance(name, str) or not name.startswith(self.prefix):
                raise Unsafe(f"{found.route} gives a name that does not begin with {self.prefix!r}")

    def _may_touch(self, kind: str, id: Any, *, changed: bool) -> bool:
        """Whether a call may name a thing; the homes may be named, but are not to be changed themselves."""
        whole = _whole(id)
        if whole is None:
            # Text that is no id names nothing. The ids of incomplete executions are text, and none is ever made here.
            return kind != "incompleteExecution"
        known = {ABSENT, self._strangers.get(kind), None if changed else self._homes.get(kind)}
        return whole in known or (kind, whole) in self._made

    @staticmethod
    def _check_choice(found: Match, body: Any) -> None:
        """A change that names what it changes in the body only: never "all" of a team's."""
        if not isinstance(body, Mapping) or not body.get("ids") or body.get("all"):
            raise Unsafe(f"{found.route} does not say by its ids what it changes")


def _whole(value: Any) -> int | None:
    """The number of an id, also of one that came as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None


def _named(found: Match, query: Mapping[str, Any], body: Any) -> Iterator[tuple[str, Any]]:
    """Kind and id of everything that a call names beside its path."""
    yield from _refs(found.endpoint, "query", query)
    if not isinstance(body, Mapping):
        return
    yield from _refs(found.endpoint, "body", body)
    if found.route.endswith("/clone"):
        for name, kind in _MAPS.items():
            mapping = body.get(name)
            for id in mapping.values() if isinstance(mapping, Mapping) else ():
                yield kind, id
    for name in _JSON_TEXTS:
        yield from _in_blueprint(_parsed(body.get(name)))


def _refs(endpoint: Endpoint, place: str, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    schema = endpoint.query if place == "query" else endpoint.body
    for name, field in schema.load_fields.items() if schema else ():
        inner = field.inner if isinstance(field, Many) else field
        key = field.data_key or name
        value = given.get(key)
        if isinstance(inner, Ref) and value is not None:
            for id in value if isinstance(value, list) else [value]:
                yield inner.kind, id


def _in_blueprint(value: Any) -> Iterator[tuple[str, Any]]:
    """What a blueprint works with, wherever in it that is said."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            for kind, names in REFERENCES.items():
                if name in names and not isinstance(inner, (Mapping, list)) and inner is not None:
                    yield kind, inner
            yield from _in_blueprint(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _in_blueprint(inner)


def _foreign_apps(query: Mapping[str, Any], body: Any) -> list[str]:
    """Apps that a confirmed blueprint would install for everybody in the organization."""
    blueprint = _parsed(body.get("blueprint")) if isinstance(body, Mapping) else None
    if str(query.get("confirmed", "")).lower() != "true" or not isinstance(blueprint, Mapping):
        return []
    return sorted({*used_packages(blueprint)} - BUILT_IN_APPS)


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _given_names(found: Match, body: Any) -> Iterator[Any]:
    """The names that a call gives. A record's fields are the run's own affair: its data store is."""
    if not isinstance(body, Mapping) or found.endpoint.raw_body or "/data" in found.endpoint.path:
        return
    for name in _NAMES:
        if given := body.get(name):
            # A name in a list is a mistake that a test makes; a service that takes it reads it as the name.
            yield from given if isinstance(given, list) else [given]
    for text in ("blueprint", "controller"):
        blueprint = _parsed(body.get(text))
        if isinstance(blueprint, Mapping) and blueprint.get("name"):
            yield blueprint["name"]
