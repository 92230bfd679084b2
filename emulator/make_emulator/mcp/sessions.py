"""Sessions of MCP clients, in which the server remembers the initialization and may hold a stream open."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field

from ..registry import WorldHandle
from .access_parameters import AccessParameters
from .json_rpc import RequestId
from .sse import EventStream

#: Sessions of one world. Beyond them, the one that was used least recently ends: many clients never end theirs.
MAX_SESSIONS = 1_000


@dataclass(slots=True, eq=False)
class Session:
    """Session of one client, bound to the token that opened it.

    Args:
        access: the access control parameters of the URL that opened it, which hold for all of the session.
        transport: the name of the transport, which cannot change.
    """

    id: str = field(repr=False)
    token: str = field(repr=False)
    transport: str
    server_path: str = field(repr=False)
    access: AccessParameters
    #: The open stream from the server to the client.
    stream: EventStream | None = None
    #: Requests that are being handled, and those of them that the client cancelled.
    in_progress: set[RequestId] = field(default_factory=set)
    cancelled: set[RequestId] = field(default_factory=set)

    def close(self) -> None:
        """End the open stream."""
        if self.stream is not None:
            self.stream.close()

    def cancel(self, id: RequestId) -> None:
        """Cancel a request in progress: its response is not sent. What it started goes on."""
        if id in self.in_progress:
            self.cancelled.add(id)

    def is_cancelled(self, id: RequestId) -> bool:
        """Returns true, once, if a request was cancelled; ends its handling."""
        self.in_progress.discard(id)
        if id in self.cancelled:
            self.cancelled.discard(id)
            return True
        return False


class SessionStore:
    """Sessions of MCP clients, each kept by the handle of its world, so that they end with the world."""

    def __init__(self, limit: int = MAX_SESSIONS) -> None:
        self._limit = limit
        self._lock = threading.Lock()

    def create(
        self, handle: WorldHandle, token: str, transport: str, server_path: str, access: AccessParameters
    ) -> Session:
        """Returns a new session in a world."""
        session = Session(str(uuid.uuid4()), token, transport, server_path, access)
        evicted = []
        with self._lock:
            handle.sessions[session.id] = session
            while len(handle.sessions) > self._limit:
                evicted.append(handle.sessions.pop(next(iter(handle.sessions))))
        for each in evicted:
            each.close()
        return session

    def find(
        self, id: str, handle: WorldHandle, token: str, transport: str, server_path: str
    ) -> Session | None:
        """Returns the session with an id; ``None`` if there is none, or it belongs to another token or URL."""
        with self._lock:
            session = handle.sessions.get(id)
            if not isinstance(session, Session):
                return None
            if (session.token, session.transport, session.server_path) != (token, transport, server_path):
                return None
            # The most recently used one comes last.
            handle.sessions[id] = handle.sessions.pop(id)
            return session

    def end(self, handle: WorldHandle, session: Session) -> None:
        """End a session, with its stream."""
        with self._lock:
            handle.sessions.pop(session.id, None)
        session.close()
