"""Cleanup of the resources that a run created, also after a failure or an interruption."""

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

from ..json_types import Json
from .client import ApiResponse, ContractClient

_CONFIRMED = {"confirmed": "true"}


@dataclass(frozen=True, slots=True)
class CleanupRoute:
    """Routes that list and delete the resources of a kind."""

    #: The route that lists them, and the key of the list in its response.
    list: str
    key: str
    remove: str
    query: Mapping[str, str] = field(default_factory=lambda: _CONFIRMED)
    #: Whether the id goes into the body.
    ids_in_body: bool = False


#: In the order of deletion: a resource before those that it uses.
CLEANUP_ROUTES = {
    "scenario": CleanupRoute("/scenarios?teamId={team}&pg[limit]=10000", "scenarios", "/scenarios/{id}", {}),
    "hook": CleanupRoute("/hooks?teamId={team}&pg[limit]=10000", "hooks", "/hooks/{id}"),
    "connection": CleanupRoute("/connections?teamId={team}", "connections", "/connections/{id}"),
    "key": CleanupRoute("/keys?teamId={team}", "keys", "/keys/{id}"),
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
    """Deletes the resources that a client's guard has registered as created by this run."""

    def __init__(self, client: ContractClient) -> None:
        self._client = client

    def remove(self, kind: str, id: int) -> bool:
        """Deletes one resource; returns True if it no longer exists."""
        routes, target, guard = CLEANUP_ROUTES[kind], self._client.target, self._client.guard
        query, body = dict(routes.query), None
        if routes.ids_in_body:
            query["teamId"] = str(target.team_id)
            body = {"ids": [id]}
        response = self._call("DELETE", routes.remove.format(id=id), query=query, body=body)
        if response is None or response.status not in (200, 404):
            return False
        guard.forget(kind, id)
        return True

    def remove_all(self) -> list[str]:
        """Deletes all resources of this run, unregistered ones too; returns those that are left."""
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
        """Unregisters the resources that are no longer listed, whatever the response to their deletion was."""
        if (rows := self._list_rows(kind)) is None:
            return
        guard, there = self._client.guard, {str(row.get("id")) for row in rows}
        for made, id in list(guard.created):
            if made == kind and str(id) not in there:
                guard.forget(kind, id)

    def _list_rows(self, kind: str) -> list[dict[str, Json]] | None:
        """Returns the rows of a kind, or ``None`` if they cannot be listed."""
        target, routes = self._client.target, CLEANUP_ROUTES[kind]
        where = routes.list.format(team=target.team_id, organization=target.organization_id)
        path, _, query = where.partition("?")
        response = self._call("GET", path, query=dict(part.split("=") for part in query.split("&") if part))
        rows = response.body.get(routes.key) if response is not None and response.status == 200 else None
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else None

    def _call(self, method: str, path: str, **options: Any) -> ApiResponse | None:
        try:
            return self._client.call(method, path, any_scope=True, **options)
        except requests.RequestException:
            return None


@contextmanager
def defer_interrupts() -> Iterator[None]:
    """Context in which the first Ctrl-C or SIGTERM only prints a message and the second one interrupts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    warned = False

    def warn(number: int, frame: FrameType | None) -> None:
        nonlocal warned
        if warned:
            raise KeyboardInterrupt
        warned = True
        print(
            "\nDeleting the resources of this run; interrupt again to leave them behind.",
            file=sys.stderr,
            flush=True,
        )

    before = {number: signal.signal(number, warn) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
