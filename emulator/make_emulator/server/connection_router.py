"""Handover of connections between the workers of a fleet on one machine: each ends up at the worker that has its world.

Any worker accepts a connection and parses the head of its first request. If the request belongs to another worker, that one gets
the connection, with the head and what else was read, and parses it again; so no worker stands between a client and its world, and
framing is as strict everywhere. Connections with TLS cannot be handed over: the WSGI middleware forwards their requests.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from contextlib import suppress
from typing import Any

from ..fleet import handover
from ..fleet.handover import Handover, Kind
from ..fleet.peers import HEADER, Fleet, LocalDialer
from ..fleet.routing import find_destination, split_target
from .socket_stream import SocketReader
from .wsgi import Server

#: The interval of checks for a stop, in seconds.
_POLL_INTERVAL = 0.1

_WORKER_HEADER = HEADER.title().encode()

log = logging.getLogger("make_emulator.server")


class ConnectionRouter:
    """Handover of the connections of one worker.

    Args:
        server: the server that gets those that other workers hand over.
        inbox: the listening socket of this worker.
    """

    def __init__(self, server: Server, fleet: Fleet, inbox: socket.socket) -> None:
        if not isinstance(fleet.dialer, LocalDialer):
            raise TypeError("connections are handed over on one machine only")
        self._server = server
        self._fleet = fleet
        self._dialer = fleet.dialer
        self._inbox = inbox
        self._is_stopping = False
        self._thread = threading.Thread(target=self._receive_all, name="make-emulator-handover", daemon=True)

    def start(self) -> None:
        """Hand over connections, and take those of other workers, from now on."""
        self._server.route_connections(self._pass_on)
        self._inbox.settimeout(_POLL_INTERVAL)
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections: those that come wait for the replacement of this worker."""
        self._is_stopping = True

    def release(self) -> None:
        """Hand the connections of clients that wait over to other workers, once the server stops; requests under way are finished."""
        self.stop()
        # One that was accepted last would come to a server that has stopped.
        self._thread.join()
        self._server.release_connections(self._pass_on_idle)

    def _pass_on(self, request: Any) -> bool:
        """Hands the connection of a parsed request over to the worker that has its world; false if that is this one."""
        connection = request.conn
        headers = request.inheaders
        if _WORKER_HEADER in headers:
            return False
        if connection.is_handed_over:
            connection.is_handed_over = False
            request.is_routed = True
            return False
        path, query = split_target(request.line.target.decode("ascii"))
        authorization = headers.get(b"Authorization")
        destination = find_destination(
            request.line.method.decode("ascii"),
            path,
            query,
            headers.get(b"Host", b"").decode("latin-1"),
            None if authorization is None else authorization.decode("latin-1"),
        )
        if not isinstance(destination, int):
            return False
        index = self._fleet.owner(destination)
        request.is_routed = index == self._fleet.shard.index
        if request.is_routed or not isinstance(connection.rfile, SocketReader):
            return False
        data = _head(request) + connection.rfile.buffered()
        # If it fails, the middleware tries to forward the request, and says so if that fails too.
        return self._hand_over(index, Kind.CLIENT, connection, data)

    def _pass_on_idle(self, connection: Any) -> bool:
        if not isinstance(connection.rfile, SocketReader):
            return False
        data = connection.rfile.buffered()
        return any(self._hand_over(index, Kind.IDLE, connection, data) for index in self._fleet.others())

    def _hand_over(self, index: int, kind: Kind, connection: Any, data: bytes) -> bool:
        try:
            self._dialer.hand_over(index, Handover(kind, connection.socket, data))
        except OSError as error:
            log.warning("worker %d takes no connection: %s", index, error)
            return False
        # The other worker has a descriptor of its own; closing this one without a shutdown leaves the connection open.
        connection.linger = True
        os.close(connection.socket.detach())
        return True

    def _receive_all(self) -> None:
        while not self._is_stopping:
            try:
                channel, _ = self._inbox.accept()
            except TimeoutError:
                continue
            except OSError as error:
                # Perhaps no file descriptor is left: the connection waits, so wait instead of spinning.
                log.warning("no connection of another worker can be taken: %s", error)
                time.sleep(_POLL_INTERVAL)
                continue
            with channel:
                try:
                    self._take(handover.receive(channel))
                except (OSError, ValueError) as error:
                    log.warning("a connection of another worker was lost: %s", error)

    def _take(self, received: Handover) -> None:
        peer = received.connection
        # Without an address, the connection would count as one of this process.
        address: Any = ("0.0.0.0", 0)
        if received.kind is not Kind.WORKER:
            try:
                address = peer.getpeername()
            except OSError:
                # The client has gone.
                with suppress(OSError):
                    peer.close()
                return
        self._server.adopt(peer, address, received.data, stays=received.kind is Kind.CLIENT)


def _head(request: Any) -> bytes:
    """Returns the head of a parsed request, in its canonical form."""
    lines = [b" ".join([request.line.method, request.line.target, request.line.protocol])]
    for name, value in request.inheaders.items():
        # It was answered already.
        if name != b"Expect":
            lines.append(name + b": " + value)
    return b"\r\n".join([*lines, b"\r\n"])
