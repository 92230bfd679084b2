"""Servers as processes: started, waited for, weighed, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from .load import Connection, UnexpectedResponseError

ROOT = Path(__file__).resolve().parent.parent

_START_TIMEOUT = 60.0


class ServerProcess:
    """A server in a process of its own. Use it as a context manager.

    Args:
        arguments: what follows the program on the command line.
        url: where it will listen; when not given, it prints a line with its URL.
        program: the program; this Python by default.
        cwd: its current directory; the root of the repository by default.
    """

    def __init__(
        self, *arguments: str, url: str | None = None, program: str = sys.executable, cwd: Path = ROOT
    ) -> None:
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            [program, *arguments],
            cwd=cwd,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            # Another server would write a line for every request that waits.
            stdout=subprocess.PIPE if url is None else subprocess.DEVNULL,
            stderr=None if url is None else subprocess.DEVNULL,
            text=True,
            # A server with worker processes is ended with them.
            start_new_session=True,
        )
        try:
            self.url = url or self._read_announced_url()
        except BaseException:
            self.stop()
            raise

    def _read_announced_url(self) -> str:
        output = self._process.stdout
        assert output is not None
        for line in output:
            if (start := line.find("http://")) >= 0:
                return line[start:].strip()
        raise RuntimeError(f"{self._process.args!r} exited before it listened")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    def wait_until_ready(self, request: bytes) -> float:
        """Wait for the first response with success; the seconds since the process was started.

        Raises:
            RuntimeError: if there is none for a minute, or the process ends.
        """
        failure: Exception | None = None
        while time.perf_counter() - self.started < _START_TIMEOUT:
            try:
                self.exchange(request)
            except (ConnectionError, UnexpectedResponseError) as error:
                failure = error
                if self._process.poll() is not None:
                    break
                time.sleep(0.002)
                continue
            return time.perf_counter() - self.started
        raise RuntimeError(f"{self._process.args!r} did not respond: {failure}")

    def exchange(self, request: bytes) -> bytes:
        """The response to one request on a connection of its own, head included."""
        connection = Connection(self.address)
        try:
            return connection.exchange(request)
        finally:
            connection.close()

    def memory(self) -> float | None:
        """Resident memory of the process and its children in MB; ``None`` where the system does not tell."""
        return resident_memory(self._process.pid)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def _environment() -> dict[str, str]:
    """The environment without what would change how the emulator is started.

    An installed package has its bytecode; a checkout whose environment forbids writing it would compile every module
    anew at each start.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MAKE_EMULATOR_") and name != "PYTHONDONTWRITEBYTECODE"
    }


def start_emulator(*options: str) -> ServerProcess:
    """The emulator as a user starts it, with options."""
    return ServerProcess(
        "-m", "make_emulator", "serve", "--port", "0", "--no-rate-limit", "--log-format", "none", *options
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# --- memory --------------------------------------------------------------------------------------


def resident_memory(pid: int) -> float | None:
    """Resident memory of a process and its children in MB; ``None`` where the system does not tell."""
    try:
        if sys.platform == "linux":
            return sum(map(_resident_on_linux, [pid, *_children_on_linux(pid)])) / 1024
        if sys.platform == "darwin":
            rows = subprocess.check_output(["ps", "-A", "-o", "pid=,ppid=,rss="], text=True).splitlines()
            return _sum_resident(map(str.split, rows), str(pid)) / 1024
    except (OSError, subprocess.SubprocessError):
        pass
    return None


class PeakMemory:
    """Resident memory of one process and its peak, in kB; Linux only."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def restart(self) -> None:
        """Forgets the peak so far."""
        Path(f"/proc/{self._pid}/clear_refs").write_text("5")

    @property
    def now(self) -> int:
        return _status_on_linux(self._pid, "VmRSS:")

    @property
    def peak(self) -> int:
        return _status_on_linux(self._pid, "VmHWM:")


def _resident_on_linux(pid: int) -> int:
    return _status_on_linux(pid, "VmRSS:")


def _status_on_linux(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


def _children_on_linux(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _sum_resident(rows: Iterable[Sequence[str]], pid: str) -> int:
    return sum(int(size) for own, parent, size in rows if pid in (own, parent))
