"""Connection control of the embedded server: readiness, detection of a closed client, and resets for injected faults."""

from __future__ import annotations

import select
import socket
import struct
import sys
from typing import Any

#: Closing such a socket sends a reset, and nothing that is still unsent.
_LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


def is_client_gone(request: Any) -> bool:
    """Returns True if the client of a request has closed the connection, or the server is stopping."""
    if not request.server.ready:
        return True
    # Below TLS a peek may see one more record, but never the end too early.
    peer = socket.socket(fileno=request.conn.socket.fileno())
    try:
        if not is_readable(peer):
            return False
        return not peer.recv(1, socket.MSG_PEEK)
    except OSError:
        return True
    finally:
        peer.detach()


def is_readable(peer: socket.socket, milliseconds: int = 0) -> bool:
    """Returns True if a socket has data, or its end, within some time."""
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([peer], [], [], milliseconds / 1000)[0])
    return _poll(peer, select.POLLIN, milliseconds)


def is_writable(peer: socket.socket, milliseconds: int = 0) -> bool:
    """Returns True if a socket has room for data, or is closed, within some time."""
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([], [peer], [], milliseconds / 1000)[1])
    return _poll(peer, select.POLLOUT, milliseconds)


def _poll(peer: socket.socket, event: int, milliseconds: int) -> bool:
    poll = select.poll()
    poll.register(peer, event)
    return bool(poll.poll(milliseconds))


def reset_connection(request: Any) -> None:
    """Closes the connection of a request with a TCP reset, without a response."""
    request.sent_headers = True
    request.chunked_write = False
    request.close_connection = True
    connection = request.conn
    # Lingering keeps cheroot from closing the detached socket again.
    connection.linger = True
    peer = socket.socket(fileno=connection.socket.detach())
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
    peer.close()
