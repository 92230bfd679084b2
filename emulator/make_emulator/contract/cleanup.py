"""Taking away what a run made, also after a failure or an interruption, and telling what could not be taken away."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import requests

from .client import ApiResponse, ContractClient

_CONFIRMED = {"confirmed": "true"}


@dataclass(frozen=True, slots=True)
class CleanupRoute:
    """How things of a kind are found and removed."""

    #: Where they are listed, and under which key.
    list: str
    key: str
    remove: str
    query: Mapping[str, str] = field(default_factory=lambda: _CONFIRMED)
    #: Whether the id goes into the body.
    ids_in_body: bool = False


#: In the order in which they can go: what uses others before what is used.
CLEANUP_ROUTES = {
    "scenario": CleanupRoute("/scenarios?teamId={team}&pg[limit]=10000", "scenarios", "/scenarios/{id}", {}),
    "hook": CleanupRoute("/hooks?teamId={team}&pg[limit]=10000", "hooks", "/hooks/{id}"),
    "connection": CleanupRoute("/connections?teamId={team}", "connections", "/connections/{id}"),
    "template": CleanupRoute("/templates?teamId={team}&pg[limit]=10000", "templates", "/templates/{id}"),
    # The call that is documented takes several.
    "dataStore": CleanupRoute("/data-stores?teamId={team}", "dataStores", "/data-stores", ids_in_body=True),
    "dataStructure": CleanupRoute(
        "/data-structures?teamId={team}", "dataStructures", "/data-structures/{id}"
    ),
    "folder": CleanupRoute(
        "/scenarios-folders?teamId={team}", "scenariosFolders", "/scenarios-folders/{id}", {}
    ),
    "team": CleanupRoute("/teams?organizationId={organization}", "teams", "/teams/{id}"),
    "organization": CleanupRoute("/organizations", "organizations", "/organizations/{id}"),
}


class ResourceCleaner:
    """Removes what a client's guard knows to be this run's own."""

    def __init__(self, client: ContractClient) -> None:
        self._client = client

    def remove(self, kind: str, id: int) -> bool:
        """Remove one thing; whether it is gone."""
        way, target, guard = CLEANUP_ROUTES[kind], self._client.target, self._client.guard
        query, body = dict(way.query), None
        if way.ids_in_body:
            query["teamId"] = str(target.team_id)
            body = {"ids": [id]}
        answer = self._call("DELETE", way.remove.format(id=id), query=query, body=body)
        if answer is None or answer.status not in (200, 404):
            return False
        guard.forget(kind, id)
        return True

    def remove_all(self) -> list[str]:
        """Remove all that this run made, what it does not remember too; returns what is left."""
        guard = self._client.guard
        for kind in CLEANUP_ROUTES:
            for row in self._list_rows(kind) or ():
                guard.claim(kind, row)
        for kind in CLEANUP_ROUTES:
            gone = [self.remove(kind, id) for made, id in list(guard.created) if made == kind]
            if not all(gone):
                self._forget_deleted(kind)
        return [f"{kind} {id} ({name!r})" for (kind, id), name in sorted(guard.created.items())]

    def _forget_deleted(self, kind: str) -> None:
        """Believe a list more than the answer to a deletion."""
        if (rows := self._list_rows(kind)) is None:
            return
        guard, there = self._client.guard, {str(row.get("id")) for row in rows}
        for made, id in list(guard.created):
            if made == kind and str(id) not in there:
                guard.forget(kind, id)

    def _list_rows(self, kind: str) -> list[dict[str, Any]] | None:
        """The rows of a kind that there are; ``None`` if they cannot be listed."""
        target, way = self._client.target, CLEANUP_ROUTES[kind]
        where = way.list.format(team=target.team_id, organization=target.organization_id)
        path, _, query = where.partition("?")
        answer = self._call("GET", path, query=dict(part.split("=") for part in query.split("&") if part))
        rows = answer.body.get(way.key) if answer is not None and answer.status == 200 else None
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else None

    def _call(self, method: str, path: str, **options: Any) -> ApiResponse | None:
        try:
            return self._client.call(method, path, any_scope=True, **options)
        except requests.RequestException:
            return None


@contextmanager
def defer_interrupts() -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM only tell what is going on; a second one interrupts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    warned = False

    def warn(number: int, frame: FrameType | None) -> None:
        nonlocal warned
        if warned:
            raise KeyboardInterrupt
        warned = True
        print("\nRemoving what the run made; once more leaves it behind.", file=sys.stderr, flush=True)

    before = {number: signal.signal(number, warn) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
