"""Start scripts: programs that set a server up while it serves already, one after another."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ..error_reasons import os_error_reason

#: Seconds that a script has to end when the server stops; then it is killed.
STOP_TIMEOUT = 1.0

#: File descriptor to which scripts write: the standard output of the server has only what a client needs.
_STDERR = 2

#: Programs that run scripts by the endings of their names; others are run themselves.
_INTERPRETERS: Mapping[str, Sequence[str]] = {
    ".py": [sys.executable],
    ".sh": ["sh"],
    ".ps1": ["powershell", "-NoProfile", "-File"],
}

log = logging.getLogger("make_emulator.start")


def find_scripts(paths: Iterable[Path]) -> list[Path]:
    """Returns the files among paths, and those in the folders among them by their names, without hidden ones.

    Raises:
        OSError: if a folder cannot be read.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            files = (each for each in path.iterdir() if each.is_file() and not each.name.startswith("."))
            found += sorted(files, key=lambda each: each.name)
        else:
            found.append(path)
    return found


class StartScripts:
    """Run of start scripts in a thread of its own; the first that fails ends it.

    Args:
        scripts: the programs, in their order.
        variables: environment variables of the scripts, besides those of the server.
        on_end: called once all have succeeded.
    """

    def __init__(
        self, scripts: Sequence[Path], variables: Mapping[str, str], on_end: Callable[[], None]
    ) -> None:
        self._scripts = scripts
        self._variables = variables
        self._on_end = on_end
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run_all, name="start-scripts", daemon=True)
        #: The reason why a script failed, as a sentence without a full stop.
        self.failure: str | None = None

    def start(self) -> None:
        """Run the scripts, while the caller continues."""
        self._thread.start()

    def stop(self) -> None:
        """End the script that runs, if there is one, and start no other."""
        with self._lock:
            self._stopped.set()
            process = self._process
        if process is not None:
            _signal(process, signal.SIGTERM)
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT)

    def join(self) -> None:
        """Wait until all have ended."""
        self._thread.join()

    def _run_all(self) -> None:
        for script in self._scripts:
            began = time.monotonic()
            try:
                code = self._run(script)
            except OSError as error:
                self.failure = f"start script {script} cannot be run: {os_error_reason(error)}"
                return
            if code is None:
                return
            if code != 0:
                how = f"exit code {code}" if code > 0 else f"signal {-code}"
                self.failure = f"start script {script} ended with {how}"
                return
            log.info("start script %s ended after %.1f s", script, time.monotonic() - began)
        self._on_end()
        log.info("ready: all start scripts have ended")

    def _run(self, script: Path) -> int | None:
        """Returns the exit code of a script; ``None`` if the server stops.

        Raises:
            OSError: if it cannot be run.
        """
        # A path without a folder would be searched as a program.
        arguments = [*_INTERPRETERS.get(script.suffix.lower(), ()), str(script.absolute())]
        with self._lock:
            if self._stopped.is_set():
                return None
            self._process = process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=_STDERR,
                env={**os.environ, **self._variables},
                # So that what it starts can be ended with it.
                start_new_session=os.name == "posix",
            )
        code = process.wait()
        with self._lock:
            self._process = None
            return None if self._stopped.is_set() else code


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """Sends a signal to a script and to what it started."""
    with suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, number)
        else:
            process.terminate()
