"""Handover of a client's connection to another worker on this machine, by its file descriptor.

Each worker listens at a Unix socket in a private directory. A message is one connection to it: a byte for the kind, the data that were
read already, the end; with it goes the descriptor. The supervisor opens the listening sockets and keeps them open, so that what is
handed to a worker that has died waits for its replacement.
"""

from __future__ import annotations

import socket
import tempfile
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

#: The most messages that wait for a worker, and the most bytes of one: a head within the limits of the server, and a read buffer.
BACKLOG = 1024
MAX_MESSAGE = 262_144

#: Seconds that the two sides of a message wait for one another.
TIMEOUT = 5.0


class Kind(IntEnum):
    """Kind of connection."""

    #: That of a client, with a request that the receiver has the world of.
    CLIENT = 1
    #: That of a worker, which forwards one request.
    WORKER = 2
    #: That of a client, between two requests.
    IDLE = 3


@dataclass(frozen=True, slots=True)
class Handover:
    """Connection that is handed over, and the data of the client that were read already."""

    kind: Kind
    connection: socket.socket
    data: bytes = b""


def create_directory() -> tempfile.TemporaryDirectory[str]:
    """Returns a directory of the user alone for the sockets, with a path that is short enough for them."""
    return tempfile.TemporaryDirectory(prefix="make-emulator-")


def socket_path(directory: Path, index: int) -> Path:
    """Returns the path of the socket of a worker."""
    return directory / f"worker-{index}"


def listen(directory: Path, index: int) -> socket.socket:
    """Returns the listening socket of a worker."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(socket_path(directory, index)))
    listener.listen(BACKLOG)
    return listener


def send(path: Path, handover: Handover) -> None:
    """Hand a connection to the worker that listens at a path; the caller still has to close its own descriptor.

    Raises:
        OSError: if the worker takes none.
    """
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(TIMEOUT)
        channel.connect(str(path))
        message = bytes([handover.kind]) + handover.data
        sent = socket.send_fds(channel, [message], [handover.connection.fileno()])
        channel.sendall(message[sent:])


def receive(channel: socket.socket) -> Handover:
    """Returns the connection that an accepted message carries.

    Raises:
        OSError: if it does not arrive.
        ValueError: if it is none.
    """
    channel.settimeout(TIMEOUT)
    message, descriptors, _, _ = socket.recv_fds(channel, MAX_MESSAGE, 1)
    if len(descriptors) != 1:
        raise ValueError("a message without a connection")
    connection = socket.socket(fileno=descriptors[0])
    try:
        while piece := channel.recv(MAX_MESSAGE):
            message += piece
            if len(message) > MAX_MESSAGE:
                raise ValueError("a message that is too long")
        return Handover(Kind(message[0]), connection, message[1:])
    except BaseException:
        connection.close()
        raise
