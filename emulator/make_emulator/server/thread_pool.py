"""Thread pool that grows with the number of requests under way and shrinks when they are done.

A waiting request (half sent, streaming, held by a fault, waiting for a lock) occupies a thread of its own, so that it
delays no other. Cheroot's own pool has a fixed size and starts threads with a pause.
"""

from __future__ import annotations

import logging
import queue
import socket
import threading
import time
from contextlib import suppress
from typing import Any

#: Threads that may exist at one time; connections beyond wait for one of them.
MAX_THREADS = 4_000

#: How long a thread waits for work before it ends, in seconds. As many as `MIN_THREADS` stay.
IDLE_SECONDS = 20.0

MIN_THREADS = 8

log = logging.getLogger("make_emulator.server")


class ThreadPool:
    """Queue of connections with threads that process them: `start`, `put` and `stop` as cheroot calls them."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._lock = threading.Lock()
        #: Threads without work that no connection in the queue is meant for.
        self._idle = 0
        self._threads: set[threading.Thread] = set()
        self._active: dict[threading.Thread, Any] = {}
        self._stopping = False
        self._started = 0

    @property
    def size(self) -> int:
        """The number of threads."""
        return len(self._threads)

    @property
    def idle(self) -> int:
        """The number of threads without work."""
        return self._idle

    @property
    def qsize(self) -> int:
        """The number of connections that wait for a thread."""
        return self._queue.qsize()

    def start(self) -> None:
        """Accepts connections, also after a stop; threads start with the first of them."""
        with self._lock:
            self._queue, self._threads, self._active = queue.SimpleQueue(), set(), {}
            self._idle, self._stopping = 0, False

    def put(self, connection: Any) -> None:
        """Hands a connection to an idle thread, or to a new one."""
        with self._lock:
            if self._stopping:
                connection.close()
                return
            if self._idle > 0:
                self._idle -= 1
            elif len(self._threads) < MAX_THREADS and self._start_thread(connection):
                return
        self._queue.put(connection)

    def _start_thread(self, connection: Any) -> bool:
        self._started += 1
        thread = threading.Thread(
            target=self._work, args=(connection,), name=f"make-emulator-{self._started}", daemon=True
        )
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError as error:  # the system has no more threads
            self._threads.discard(thread)
            log.warning("no more threads can be started: %s", error)
            return False
        return True

    def _work(self, connection: Any) -> None:
        this = threading.current_thread()
        try:
            while connection is not None:
                self._active[this] = connection
                try:
                    self._process(connection)
                finally:
                    self._active.pop(this, None)
                connection = self._next()
        finally:
            with self._lock:
                self._threads.discard(this)

    def _next(self) -> Any:
        """Waits for work; ``None`` if the thread is to end."""
        with self._lock:
            if self._stopping:
                return None
            self._idle += 1
        while True:
            try:
                return self._queue.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    # With no idle thread left, a connection was put that is meant for this one.
                    if self._idle > 0 and len(self._threads) > MIN_THREADS:
                        self._idle -= 1
                        return None

    def _process(self, connection: Any) -> None:
        keep = False
        try:
            keep = connection.communicate()
            # Most clients send their next request at once. To wait for it saves two changes of threads, each of which waits
            # for the interpreter lock.
            while keep and not self._stopping and connection.rfile.linger():
                keep = connection.communicate()
        except ConnectionError:
            pass
        except Exception:
            log.exception("a connection failed")
        try:
            if keep and not self._stopping:
                self._server.put_conn(connection)
            else:
                connection.close()
        except OSError:
            pass
        except Exception:
            log.exception("a connection could not be closed")

    def stop(self, timeout: float | None = 5) -> None:
        """Ends all threads, those without work at once.

        Others end when they are done or, after ``timeout`` seconds, by closing their sockets. A thread that computes is
        left behind; threads are daemons.
        """
        with self._lock:
            self._stopping = True
            waiting = len(self._threads)
        for _ in range(waiting):
            self._queue.put(None)
        deadline = time.monotonic() + (timeout or 0)
        if self._join(deadline):
            return
        for connection in list(self._active.values()):
            _shut_down(connection)
        self._join(time.monotonic() + 0.2)

    def _join(self, deadline: float) -> bool:
        """Waits for the threads that are busy; true if none is left."""
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        return not self._active


def _shut_down(connection: Any) -> None:
    with suppress(OSError, ValueError):
        # Past the `ssl` module, which would send an alert and wait for the other side.
        socket.socket.shutdown(connection.socket, socket.SHUT_RDWR)
