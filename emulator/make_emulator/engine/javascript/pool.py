"""Processes that run JavaScript: started when they are needed, kept for the next time, ended when they take too long.

No function can hang the server or fill its memory: a worker that has computed for `time_limit` is ended by the system, and one that
does not respond within `RESPONSE_TIMEOUT` by us; the engine within has a limit of memory. Each call has an engine of its own, so functions
leave nothing behind.
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
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import worker

#: What has to be installed besides.
INSTALL_REQUIREMENT = "make-emulator[functions]"

#: Environment variable: milliseconds of computing that a function may take instead of `worker.TIME_LIMIT`, for slow machines.
TIME_LIMIT_VARIABLE = "MAKE_EMULATOR_FUNCTION_TIME_LIMIT"

#: Seconds within which a worker has to respond, longer in proportion if the time limit is raised. Where the system counts the
#: time of computing, this is a last resort.
RESPONSE_TIMEOUT = 10 if hasattr(signal, "setitimer") else 1.5

#: What of our own surroundings a worker needs to start; the rest, secrets included, is none of its business.
_INHERITED_VARIABLES = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def time_limit() -> int:
    """Milliseconds of computing that a function may take: Make's limit, unless the environment says otherwise."""
    text = os.environ.get(TIME_LIMIT_VARIABLE, "")
    return int(text) if text.isdecimal() and len(text) < 10 and int(text) else worker.TIME_LIMIT


HostCallback = Callable[[str, Any], Any]
"""Calls a built-in function by its name, with a list of arguments; values cross as `conversion` says, but nobody vouches for that."""


class EngineNotInstalledError(Exception):
    """There is no JavaScript engine; the text says what to install."""

    def __init__(self) -> None:
        super().__init__(f"Custom functions need a JavaScript engine: pip install '{INSTALL_REQUIREMENT}'")


class WorkerStartError(Exception):
    """The system starts no worker: there is no program of Python to start, or no room for another process."""

    def __init__(self) -> None:
        super().__init__("Custom functions need a process of their own, which cannot be started.")


class ScriptError(Exception):
    """The JavaScript is wrong, threw an error, or took too much; the text says what. ``spent`` are milliseconds of computing."""

    def __init__(self, text: str, spent: int = worker.TIME_LIMIT) -> None:
        super().__init__(text)
        self.cpu_milliseconds = spent


class HostCallError(Exception):
    """A built-in function failed in a way that the JavaScript can catch."""


class _Worker:
    def __init__(self, engine: Path, names: Sequence[str]) -> None:
        # Where Python is a part of another program, there may be none.
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
        # A program that has ended already will not answer the first task either; that is soon enough to say so.
        with suppress(OSError):
            self._write(list(names))

    def run(self, task: dict[str, Any], host: HostCallback) -> dict[str, Any]:
        """What came of a task.

        Raises:
            Failed: if the worker did not live to tell.
        """
        limit = time_limit()
        timer = threading.Timer(RESPONSE_TIMEOUT * limit / worker.TIME_LIMIT, self._kill_on_timeout)
        timer.daemon = True
        timer.start()
        try:
            reply = self._exchange({**task, "limit": limit})
            while "ask" in reply:
                reply = self._exchange(self._call_host(reply, host))
            return reply
        finally:
            timer.cancel()

    def _exchange(self, message: dict[str, Any]) -> dict[str, Any]:
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
    def _call_host(reply: dict[str, Any], host: HostCallback) -> dict[str, Any]:
        try:
            arguments = json.loads(reply["arguments"])
        except (TypeError, ValueError, RecursionError):
            # The function changed how values are written.
            return {"error": "The arguments cannot be read."}
        try:
            return {"value": host(reply["ask"], arguments)}
        except HostCallError as error:
            return {"error": str(error)}

    def _write(self, message: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        # An empty line, of a worker that is gone, is no JSON.
        reply: dict[str, Any] = json.loads(self._process.stdout.readline())
        return reply

    def _kill_on_timeout(self) -> None:
        self._timed_out = True
        self._process.kill()

    @property
    def is_alive(self) -> bool:
        """Whether the process is still there; somebody else may have ended it."""
        return self._process.poll() is None

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self.close_pipes()

    def close_pipes(self) -> None:
        """Close our ends of its pipes; it ends by itself when nobody else has them."""
        for pipe in (self._process.stdin, self._process.stdout):
            # What could not be sent is tried once more, in vain.
            with suppress(OSError):
                assert pipe is not None
                pipe.close()


#: Workers without work; as many are kept as calls may well come at once.
_idle_workers: list[_Worker] = []
_MAX_IDLE = 4


def _close_idle_workers() -> None:
    while _idle_workers:
        _idle_workers.pop().close()


atexit.register(_close_idle_workers)

#: The workers of the process that this one was forked from: not ours to talk to, nor to end.
_inherited_workers: list[_Worker] = []


def _reset_after_fork() -> None:
    # With our copies of its pipes open, a worker would outlive the process that it works for.
    for one in _idle_workers:
        one.close_pipes()
    _inherited_workers.extend(_idle_workers)
    _idle_workers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)


def _acquire_worker(names: Sequence[str]) -> _Worker:
    with suppress(IndexError):
        while True:
            one = _idle_workers.pop()
            if one.is_alive:
                return one
            one.close()
    found = importlib.util.find_spec("quickjs")
    if found is None or found.origin is None:
        raise EngineNotInstalledError()
    return _Worker(Path(found.origin).parent.parent, names)


def run_task(task: dict[str, Any], host: HostCallback, names: Sequence[str]) -> tuple[Any, int]:
    """Run a task, as `worker` describes them, with the built-in functions of some names.

    Returns:
        The value that it came to, as it crosses, and how many milliseconds it took to compute.

    Raises:
        Failed: if it came to none.
        NotInstalled: if there is no engine.
        NotStarted: if the system starts no process for it.
        Exception: whatever else ``host`` raises.
    """
    one = _acquire_worker(names)
    try:
        reply = one.run(task, host)
    except BaseException:
        one.close()
        raise
    if len(_idle_workers) < _MAX_IDLE:
        _idle_workers.append(one)
    else:
        one.close()
    spent = int(reply["spent"])
    if "error" in reply:
        raise ScriptError(str(reply["error"]), spent)
    return reply.get("value"), spent
