"""Pool of worker processes that run JavaScript: started on demand, reused, killed when they exceed their time.

No function can hang the server or fill its memory: the system kills a worker after its time limit of CPU time, and the pool one that
does not respond within `RESPONSE_TIMEOUT`; the engine has a limit of memory. Each call has an engine of its own, so functions
share no state.
"""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

from ...json_types import Json
from . import worker

#: Requirement to install for custom functions.
INSTALL_REQUIREMENT = "make-emulator[functions]"

#: Environment variable: milliseconds of CPU time that a function may take instead of `worker.TIME_LIMIT`, for slow machines.
TIME_LIMIT_VARIABLE = "MAKE_EMULATOR_FUNCTION_TIME_LIMIT"

#: Seconds until a worker must respond, longer in proportion if the time limit is raised. Where the system limits its CPU time,
#: this is a safety net.
RESPONSE_TIMEOUT = 10 if hasattr(signal, "setitimer") else 1.5

#: Environment variables that a worker needs to start; all others, secrets included, are withheld.
_INHERITED_VARIABLES = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def time_limit() -> int:
    """Returns the milliseconds of CPU time that a function may take: those of `TIME_LIMIT_VARIABLE`, by default Make's limit."""
    text = os.environ.get(TIME_LIMIT_VARIABLE, "")
    return int(text) if text.isdecimal() and len(text) < 10 and int(text) else worker.TIME_LIMIT


HostCallback = Callable[[str, Json], Json]
"""Calls a built-in function by name with a list of arguments; both are encoded as in `conversion`, but not validated."""


class _Reply(TypedDict, total=False):
    """Reply of a worker: a call of a built-in function, else the value or the error of the task, and its CPU time."""

    call: str
    arguments: str
    value: Json
    error: str
    spent: int


class EngineNotInstalledError(Exception):
    """Missing JavaScript engine; the text says what to install."""

    def __init__(self) -> None:
        super().__init__(f"Custom functions need a JavaScript engine: pip install '{INSTALL_REQUIREMENT}'")


class WorkerStartError(Exception):
    """Failed start of a worker: no Python executable, or no resources for another process."""

    def __init__(self) -> None:
        super().__init__("Custom functions need a process of their own, which cannot be started.")


class ScriptError(Exception):
    """Invalid JavaScript, or one that threw an error or exceeded a limit.

    Attributes:
        cpu_milliseconds: the CPU time that it took.
    """

    def __init__(self, text: str, spent: int = worker.TIME_LIMIT) -> None:
        super().__init__(text)
        self.cpu_milliseconds = spent


class HostCallError(Exception):
    """Failed call of a built-in function, which the JavaScript can catch."""


class _Worker:
    """Worker process and the protocol with it."""

    def __init__(self, engine: Path, names: Sequence[str]) -> None:
        # An embedded Python may have no executable.
        if not sys.executable:
            raise WorkerStartError()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(Path(worker.__file__)), str(engine)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}
                | {"TZ": "UTC"},
            )
        except OSError:
            raise WorkerStartError() from None
        self._timed_out = False
        # If the process has ended already, the first task fails and reports it.
        with suppress(OSError):
            self._write(list(names))

    def run(self, task: Mapping[str, object], host: HostCallback) -> _Reply:
        """Runs a task and returns the reply.

        Raises:
            ScriptError: if the worker ended without a reply.
        """
        limit = time_limit()
        timer = threading.Timer(RESPONSE_TIMEOUT * limit / worker.TIME_LIMIT, self._kill_on_timeout)
        timer.daemon = True
        timer.start()
        try:
            reply = self._exchange({**task, "limit": limit})
            while "call" in reply:
                reply = self._exchange(self._call_host(reply, host))
            return reply
        finally:
            timer.cancel()

    def _exchange(self, message: Mapping[str, object]) -> _Reply:
        try:
            self._write(message)
            return self._read()
        except RecursionError:
            raise ScriptError("The result is nested too deep.") from None
        except (OSError, ValueError):
            code = self._process.wait()
            if self._timed_out or code == -getattr(signal, "SIGPROF", 0):
                raise ScriptError(
                    f"Script execution timed out after {time_limit()}ms", time_limit()
                ) from None
            raise ScriptError("The JavaScript engine broke down.") from None

    @staticmethod
    def _call_host(reply: _Reply, host: HostCallback) -> Mapping[str, Json]:
        try:
            arguments = json.loads(reply["arguments"])
        except (TypeError, ValueError, RecursionError):
            # The function changed the serialization of values.
            return {"error": "The arguments cannot be read."}
        try:
            return {"value": host(reply["call"], arguments)}
        except HostCallError as error:
            return {"error": str(error)}

    def _write(self, message: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def _read(self) -> _Reply:
        assert self._process.stdout is not None
        # An empty line, of a worker that has ended, is no JSON.
        reply: _Reply = json.loads(self._process.stdout.readline())
        return reply

    def _kill_on_timeout(self) -> None:
        self._timed_out = True
        self._process.kill()

    @property
    def is_alive(self) -> bool:
        """True while the process runs; it may have been killed from outside."""
        return self._process.poll() is None

    def close(self) -> None:
        """Kills the process."""
        self._process.kill()
        self._process.wait()
        self.close_pipes()

    def close_pipes(self) -> None:
        """Closes this side of the pipes; the worker ends once no process has them open."""
        for pipe in (self._process.stdin, self._process.stdout):
            # Closing flushes unsent data, which fails again.
            with suppress(OSError):
                assert pipe is not None
                pipe.close()


#: Idle workers, up to the number of calls to expect at once.
_idle_workers: list[_Worker] = []
_MAX_IDLE = 4


def _close_idle_workers() -> None:
    while _idle_workers:
        _idle_workers.pop().close()


atexit.register(_close_idle_workers)

#: Workers of the parent process of a fork, which this process neither uses nor kills.
_inherited_workers: list[_Worker] = []


def _reset_after_fork() -> None:
    # With copies of its pipes open here, a worker would outlive its parent process.
    for idle in _idle_workers:
        idle.close_pipes()
    _inherited_workers.extend(_idle_workers)
    _idle_workers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)


def _acquire_worker(names: Sequence[str]) -> _Worker:
    with suppress(IndexError):
        while True:
            idle = _idle_workers.pop()
            if idle.is_alive:
                return idle
            idle.close()
    spec = importlib.util.find_spec("quickjs")
    if spec is None or spec.origin is None:
        raise EngineNotInstalledError()
    return _Worker(Path(spec.origin).parent.parent, names)


def run_task(task: Mapping[str, object], host: HostCallback, names: Sequence[str]) -> tuple[Json, int]:
    """Runs a task, as described in `worker`, with the built-in functions of some names.

    Returns:
        The encoded value, and the milliseconds of CPU time.

    Raises:
        ScriptError: if the task has no value.
        EngineNotInstalledError: if there is no engine.
        WorkerStartError: if no process can be started.
        Exception: any other error of ``host``.
    """
    process = _acquire_worker(names)
    try:
        reply = process.run(task, host)
    except BaseException:
        process.close()
        raise
    if len(_idle_workers) < _MAX_IDLE:
        _idle_workers.append(process)
    else:
        process.close()
    spent = int(reply["spent"])
    if "error" in reply:
        raise ScriptError(str(reply["error"]), spent)
    return reply.get("value"), spent
