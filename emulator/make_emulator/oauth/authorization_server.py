"""Authorization server of one emulator: clients that registered themselves, and authorization requests that wait for consent.

Both belong to no world, and are bounded: anybody may register, and ask.
"""

from __future__ import annotations

import itertools
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from ..lazy_dataclasses import dataclass
from ..registry import WorldHandle, WorldRegistry
from ..world.models import OAuthClient

#: The most registered clients, waiting requests and tickets; the oldest go first.
MAX_CLIENTS = 1_000
MAX_REQUESTS = 1_000
MAX_TICKETS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEntry:
    """Client, and the world that it belongs to; ``None`` if it registered itself."""

    client: OAuthClient
    handle: WorldHandle | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """Valid authorization request. Two of the same content are one until somebody decided."""

    client_id: str
    client_name: str
    #: Name of the world of the client; ``None`` for one that registered itself, which every world may approve.
    world: str | None
    redirect_uri: str
    #: The scopes that can be granted.
    scopes: frozenset[str]
    #: True if the client requested others.
    differs_in_scope: bool = False
    state: str | None = None
    challenge: str | None = None
    nonce: str | None = None
    resource: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """Right of one consent page to decide about a request.

    Without a world, a user and scopes it may choose among all.
    """

    request_id: int
    world: str | None = None
    user_id: int | None = None
    #: The scopes that it may grant: an API token cannot give more than it has.
    scopes: frozenset[str] | None = None

    def grantable(self, requested: frozenset[str]) -> frozenset[str]:
        """Returns those of the requested scopes that it may grant."""
        return requested if self.scopes is None else requested & self.scopes


class AuthorizationServer:
    """Clients and waiting requests of one server."""

    def __init__(self, registry: WorldRegistry) -> None:
        self.registry = registry
        self._lock = threading.Lock()
        self._clients: OrderedDict[str, OAuthClient] = OrderedDict()
        self._requests: OrderedDict[int, AuthorizationRequest] = OrderedDict()
        self._tickets: OrderedDict[str, Ticket] = OrderedDict()
        self._numbers = itertools.count(1)

    # --- clients ---------------------------------------------------------------------------------

    def register(self, client: OAuthClient) -> None:
        """Keeps a client that registered itself."""
        with self._lock:
            self._clients[client.id] = client
            _limit(self._clients, MAX_CLIENTS)

    def find_client(self, client_id: str) -> ClientEntry | None:
        """Returns the client of that id, of any world or of none."""
        with self._lock:
            registered = self._clients.get(client_id)
            if registered is not None:
                self._clients.move_to_end(client_id)
                return ClientEntry(client=registered, handle=None)
        handle = self.registry.by_oauth_key(client_id)
        own = handle.world.oauth_clients.get(client_id) if handle is not None else None
        if own is not None:
            return ClientEntry(client=own, handle=handle)
        # One that registered itself before a restart, or long ago, and that some world has granted access.
        for each in self.registry:
            if (copy := each.world.oauth_clients.get(client_id)) is not None:
                return ClientEntry(client=copy, handle=None)
        return None

    # --- requests --------------------------------------------------------------------------------

    def add_request(self, request: AuthorizationRequest) -> int:
        """Keeps a request until it is approved or refused; returns its id."""
        with self._lock:
            for id, other in self._requests.items():
                if other == request:
                    return id
            id = next(self._numbers)
            self._requests[id] = request
            _limit(self._requests, MAX_REQUESTS)
            return id

    def find_request(self, id: int, handle: WorldHandle | None = None) -> AuthorizationRequest | None:
        """Returns a waiting request, if there is one that a world may decide about."""
        request = self._requests.get(id)
        if request is None or self._is_obsolete(request):
            return None
        return request if handle is None or request.world in (None, handle.name) else None

    def requests_of(self, handle: WorldHandle) -> Iterator[tuple[int, AuthorizationRequest]]:
        """Yields the waiting requests that a world may decide about, with their ids, the oldest first."""
        with self._lock:
            requests = list(self._requests.items())
        for id, request in requests:
            if request.world in (None, handle.name) and not self._is_obsolete(request):
                yield id, request

    def take_request(self, id: int) -> AuthorizationRequest | None:
        """Removes a request that is decided; ``None`` if somebody else was faster."""
        with self._lock:
            return self._requests.pop(id, None)

    def restore_request(self, id: int, request: AuthorizationRequest) -> None:
        """Lets a request wait again whose approval failed."""
        with self._lock:
            self._requests[id] = request

    def _is_obsolete(self, request: AuthorizationRequest) -> bool:
        """Returns true if the world of the client was deleted, or reset to a state without it."""
        if request.world is None:
            return False
        handle = self.registry.get(request.world)
        return handle is None or request.client_id not in handle.world.oauth_clients

    # --- tickets ---------------------------------------------------------------------------------

    def issue_ticket(self, ticket: Ticket) -> str:
        """Returns the text of a new ticket, which a page sends with its decision."""
        text = secrets.token_urlsafe(24)
        with self._lock:
            self._tickets[text] = ticket
            _limit(self._tickets, MAX_TICKETS)
        return text

    def use_ticket(self, text: str) -> Ticket | None:
        """Returns the ticket of a text, once."""
        with self._lock:
            return self._tickets.pop(text, None)


def _limit(items: OrderedDict[Any, Any], size: int) -> None:
    while len(items) > size:
        items.popitem(last=False)
