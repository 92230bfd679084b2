"""Workers of a fleet as one of them sees the others: their numbers, the way to each, and the key that proves a forwarded request."""

from __future__ import annotations

import hashlib
import hmac
import socket
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ..world.slots import Shard, worker_of
from . import handover
from .handover import Handover, Kind

#: Header of a forwarded request: the key of the fleet, the address of the client, and the scheme that it called.
HEADER = "X-Make-Emulator-Worker"

#: Seconds that the connection to another machine may take.
CONNECT_TIMEOUT = 5.0


def shared_key(control_key: str) -> str:
    """Returns the secret of workers that have a control key in common: one that shows it could do the same without it."""
    return hashlib.sha256(b"make-emulator worker " + control_key.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class LocalDialer:
    """Way to workers on this machine, by their Unix sockets in a directory."""

    directory: Path

    def dial(self, index: int) -> socket.socket:
        """Returns a connection to a worker, for one request.

        Raises:
            OSError: if it takes none.
        """
        near, far = socket.socketpair()
        with far:
            try:
                self.hand_over(index, Handover(Kind.WORKER, far))
            except OSError:
                near.close()
                raise
        return near

    def hand_over(self, index: int, connection: Handover) -> None:
        """Hand a connection to a worker.

        Raises:
            OSError: if the worker takes none.
        """
        handover.send(handover.socket_path(self.directory, index), connection)


@dataclass(frozen=True, slots=True)
class RemoteDialer:
    """Way to workers at addresses of their own.

    Args:
        url: the URL of a worker, in which ``{index}`` stands for its number.
    """

    url: str

    def __post_init__(self) -> None:
        """Raises ValueError if it is no such URL."""
        for index in (0, 1):
            self.address(index)
        if "{index}" not in self.url:
            raise ValueError(f"{self.url!r} has no {{index}}, the number of the worker")

    def address(self, index: int) -> tuple[str, int]:
        """Returns host and port of a worker."""
        parts = urlsplit(self.url.replace("{index}", str(index)))
        if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/") or parts.query:
            raise ValueError(f"{self.url!r} is no URL of a worker, such as http://make-{{index}}.make:4747")
        return parts.hostname, parts.port or 80

    def dial(self, index: int) -> socket.socket:
        """Returns a connection to a worker, for one request.

        Raises:
            OSError: if it cannot be reached.
        """
        connection = socket.create_connection(self.address(index), timeout=CONNECT_TIMEOUT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


@dataclass(frozen=True, slots=True)
class Fleet:
    """Fleet, as one of its workers knows it.

    Args:
        shard: the slots of this worker.
        key: the secret that the workers share.
    """

    shard: Shard
    dialer: LocalDialer | RemoteDialer
    key: str = field(repr=False)

    def owner(self, slot: int) -> int:
        """Returns the number of the worker that has the worlds of a slot."""
        return worker_of(slot, self.shard.count)

    def others(self) -> list[int]:
        """Returns the numbers of the other workers."""
        return [index for index in range(self.shard.count) if index != self.shard.index]

    def is_key(self, text: str) -> bool:
        """Returns true for the secret of the workers."""
        return hmac.compare_digest(text.encode(errors="replace"), self.key.encode())
