"""The embedded WSGI server: cheroot, multi-threaded, pure Python, steady from one to many connections.

Chosen by measurement: see ``benchmarks/`` and the figures in CONTRIBUTING.
"""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from cheroot.wsgi import Server as WsgiServer

WsgiApp = Callable[..., Iterable[bytes]]

#: Threads that answer. Requests of one world take turns anyway; more threads only keep connections alive.
THREADS = 16

#: How long a stop waits for requests under way, in seconds.
STOP_WITHIN = 1

log = logging.getLogger("emulator.server")


class PortTaken(OSError):
    """Another process listens at the address already."""


class _Cheroot(WsgiServer):
    """Cheroot with its complaints sent to the log."""

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        log.log(level, msg, exc_info=traceback)


class Server:
    """Serves a WSGI application on a socket from threads of its own.

    Use it as a context manager, or call `start` and `stop`.
    """

    def __init__(self, app: WsgiApp, host: str = "127.0.0.1", port: int = 0) -> None:
        self._server: Any = _Cheroot(
            (host, port),
            app,
            numthreads=THREADS,
            server_name="make-emulator",
            request_queue_size=128,
            timeout=30,
            shutdown_timeout=STOP_WITHIN,
        )
        self._host = host
        self._port = port
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Bind, and answer from now on.

        Raises:
            PortTaken: if another process listens at the address.
            OSError: if the address cannot be bound for another reason.
        """
        try:
            self._server.prepare()
        except OSError as error:
            # Cheroot wraps the system's error in a text of its own.
            if error.errno == errno.EADDRINUSE or "in use" in str(error).lower():
                raise PortTaken(f"port {self._port} of {self._host} is taken") from None
            raise
        self._thread = threading.Thread(target=self._server.serve, name="make-emulator", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and end the connections; returns within a second."""
        self._server.stop()
        if self._thread is not None:
            self._thread.join(STOP_WITHIN)
            self._thread = None

    @property
    def port(self) -> int:
        """The port that is bound: the one asked for, or the free one that was found."""
        port: int = self._server.bind_addr[1]
        return port

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
