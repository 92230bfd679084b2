"""Supervisor of the workers on one machine: it starts them, replaces those that end, and stops them.

Workers are forks of a process that has imported the application and done nothing else, so one starts in a moment and shares the memory
of the code. The supervisor serves no request; it keeps the listening sockets open, so that no connection is refused while a worker
is replaced.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

#: Seconds that workers have to end; then they are killed.
STOP_TIMEOUT = 1.5

#: Seconds that a worker has to end in a rolling restart: it finishes the requests under way.
RESTART_TIMEOUT = 10.0

#: Seconds that a worker has to start before a rolling restart gives up on it.
START_TIMEOUT = 120.0

#: A worker that ends earlier than this after its start is replaced after a pause that doubles each time, in seconds.
MIN_LIFE = 5.0
FIRST_PAUSE = 0.1
MAX_PAUSE = 5.0

#: Exit code of a worker that would end the same way again: the fleet ends with it.
UNRECOVERABLE = 70

#: The longest that the supervisor sleeps, in seconds: a signal may come just before it does.
_POLL_INTERVAL = 0.2

#: The interval of looks at workers that are to end, in seconds.
_END_INTERVAL = 0.01

log = logging.getLogger("make_emulator.fleet")

#: Runs a worker in a process of its own until SIGTERM or, to be replaced, SIGUSR1. It gets its number and a function to be called with a text once it serves;
#: returns the exit code.
RunWorker = Callable[[int, Callable[[str], None]], int]


class WorkerFailedError(Exception):
    """Worker that ended before it served, or in a way that a replacement would repeat; it has shown why.

    Args:
        exit_code: that of the worker.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"a worker ended with exit code {exit_code}")
        self.exit_code = exit_code


@dataclass(slots=True)
class _Worker:
    """Process of a worker, and the pipe on which it reports that it serves."""

    pid: int
    pipe: int
    started: float
    #: What it has reported so far; as a whole, once it serves.
    report: bytes = b""
    is_reporting: bool = True

    @property
    def is_ready(self) -> bool:
        return bool(self.report) and not self.is_reporting


class Supervisor:
    """Supervisor of some workers.

    SIGTERM and SIGINT end the fleet; SIGUSR1 restarts its workers one after another.

    Args:
        lifeline: a file descriptor whose end ends the fleet, too.
    """

    def __init__(self, count: int, run_worker: RunWorker, lifeline: int | None = None) -> None:
        self._count = count
        self._run_worker = run_worker
        self._lifeline = [] if lifeline is None else [lifeline]
        self._workers: dict[int, _Worker] = {}
        #: Worker -> the moment of its next start, and the number of its starts that soon ended.
        self._due: dict[int, float] = {}
        self._failures: dict[int, int] = {}
        self._is_stopping = False
        self._is_restarting = False

    @property
    def pids(self) -> dict[int, int]:
        """The processes by the numbers of their workers."""
        return {index: worker.pid for index, worker in self._workers.items()}

    def start(self) -> str:
        """Start all workers; returns the text of the first, which starts before the others, once all serve.

        Raises:
            WorkerFailedError: if one ends before.
        """
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGINT, self._on_stop)
        signal.signal(signal.SIGUSR1, self._on_restart)
        for indexes in ([0], range(1, self._count)):
            for index in indexes:
                self._start(index)
            while not self._is_stopping and not all(worker.is_ready for worker in self._workers.values()):
                self._wait()
                for index, code in self._reap():
                    self._workers.pop(index)
                    self.stop()
                    raise WorkerFailedError(code)
        return self._workers[0].report[1:].decode() if self._workers else ""

    def serve(self) -> None:
        """Replace workers that end, until a signal ends the fleet.

        Raises:
            WorkerFailedError: if one ended in a way that a replacement would repeat.
        """
        while not self._is_stopping:
            self._wait()
            if self._is_stopping:
                return
            self._replace_ended()
            if self._is_restarting:
                self._is_restarting = False
                self._restart_all()

    def stop(self) -> None:
        """End all workers; returns within two seconds."""
        self._is_stopping = True
        self._end(list(self._workers))

    # --- processes -------------------------------------------------------------------------------

    def _start(self, index: int) -> None:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.close(reading)
                code = self._run_child(index, writing)
            except Exception:
                log.exception("worker %d failed", index)
            finally:
                os._exit(code)
        os.close(writing)
        os.set_blocking(reading, False)
        self._workers[index] = _Worker(pid, reading, time.monotonic())
        self._due.pop(index, None)

    def _run_child(self, index: int, pipe: int) -> int:
        for worker in self._workers.values():
            os.close(worker.pipe)
        # A terminal sends it to all its processes; the supervisor ends the workers.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

        def report(text: str) -> None:
            with os.fdopen(pipe, "wb") as file:
                file.write(b"+" + text.encode(errors="replace"))

        return self._run_worker(index, report)

    def _wait(self) -> None:
        """Waits for a report of a worker, a signal, or a moment."""
        waiting = {worker.pipe: worker for worker in self._workers.values() if worker.is_reporting}
        try:
            ready, _, _ = select.select([*waiting, *self._lifeline], [], [], _POLL_INTERVAL)
        except InterruptedError:
            return
        for lifeline in set(ready).intersection(self._lifeline):
            ready.remove(lifeline)
            self._is_stopping = self._is_stopping or not os.read(lifeline, select.PIPE_BUF)
        for pipe in ready:
            data = os.read(pipe, select.PIPE_BUF)
            waiting[pipe].report += data
            waiting[pipe].is_reporting = bool(data)

    def _reap(self) -> list[tuple[int, int]]:
        """Returns the workers that have ended, with their exit codes."""
        ended = []
        for index, worker in list(self._workers.items()):
            pid, status = os.waitpid(worker.pid, os.WNOHANG)
            if pid:
                os.close(worker.pipe)
                ended.append((index, os.waitstatus_to_exitcode(status)))
        return ended

    def _replace_ended(self) -> None:
        now = time.monotonic()
        for index, code in self._reap():
            worker = self._workers.pop(index)
            if code == UNRECOVERABLE:
                raise WorkerFailedError(1)
            failures = self._failures[index] = (
                self._failures.get(index, 0) + 1 if now - worker.started < MIN_LIFE else 0
            )
            pause = min(MAX_PAUSE, FIRST_PAUSE * 2**failures) if failures > 1 else 0.0
            self._due[index] = now + pause
            reason = f"signal {-code}" if code < 0 else f"exit code {code}"
            log.warning(
                "worker %d (process %d) ended with %s; another takes its place", index, worker.pid, reason
            )
        for index, at in list(self._due.items()):
            if at <= time.monotonic() and not self._is_stopping:
                self._start(index)
                log.info("worker %d is process %d", index, self._workers[index].pid)

    def _restart_all(self) -> None:
        """Restarts the workers one after another, so that all but one serve."""
        for index in range(self._count):
            # One that has just taken the place of another does not know the signal yet.
            self._wait_for(index)
            if self._is_stopping:
                return
            self._end([index], signal.SIGUSR1, RESTART_TIMEOUT)
            if self._is_stopping:
                return
            self._start(index)
            log.info("worker %d is process %d", index, self._workers[index].pid)
            self._wait_for(index)

    def _wait_for(self, index: int) -> None:
        """Waits until a worker serves, at most for some time, or the fleet is to end."""
        deadline = time.monotonic() + START_TIMEOUT
        while not self._is_ready(index) and time.monotonic() < deadline:
            self._wait()
            if self._is_stopping:
                return
            self._replace_ended()

    def _is_ready(self, index: int) -> bool:
        return index in self._workers and self._workers[index].is_ready

    def _end(self, indexes: list[int], number: int = signal.SIGTERM, timeout: float = STOP_TIMEOUT) -> None:
        """Ends workers by a signal; those that take too long are killed."""
        left = {index: self._workers.pop(index) for index in indexes if index in self._workers}
        for worker in left.values():
            os.kill(worker.pid, number)
        deadline = time.monotonic() + timeout
        while left:
            if self._is_stopping:
                deadline = min(deadline, time.monotonic() + STOP_TIMEOUT)
            for index, worker in list(left.items()):
                if time.monotonic() >= deadline:
                    os.kill(worker.pid, signal.SIGKILL)
                    pid, _ = os.waitpid(worker.pid, 0)
                else:
                    pid, _ = os.waitpid(worker.pid, os.WNOHANG)
                if pid:
                    os.close(worker.pipe)
                    del left[index]
            if left:
                time.sleep(_END_INTERVAL)

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._is_stopping = True

    def _on_restart(self, _number: int, _frame: FrameType | None) -> None:
        self._is_restarting = True


def is_supported() -> bool:
    """Returns true on systems whose processes can be forked and hand connections over."""
    return hasattr(os, "fork") and os.name == "posix"
