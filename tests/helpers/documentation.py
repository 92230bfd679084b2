"""Pages of the documentation: their blocks of code, and a shell that runs those of a page as a reader would."""

from __future__ import annotations

import os
import random
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest

from .waiting import wait_until

ROOT = Path(__file__).parents[2]

#: The port that the pages name; a shell replaces it by a free one.
PORT = "4747"
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) (.+)$", flags=re.MULTILINE)
_RANDOM = random.SystemRandom()
_VERSION = re.compile(r"make-emulator \d+\.\d+\.\d+(\.?\w+)?")
#: Characters of a block that stand for what differs from run to run.
_ELLIPSIS = "…"
#: Commands that serve until they are stopped.
_SERVER = re.compile(r"(\w+=\S+ )*(make-emulator|make) serve\b(?!.*[&|])")


@dataclass(frozen=True)
class Block:
    """A block of code, with the heading that it stands below."""

    page: str
    heading: str
    language: str
    text: str

    def file_name(self) -> str | None:
        """The name of the file that the first line of the block states, such as ``# test_agent.py``."""
        named = re.match(r"(?:#|//) ([\w./-]+\.\w+)$", self.text.partition("\n")[0])
        return named[1] if named else None

    def commands(self) -> Iterator[tuple[str, str]]:
        """Yields each command of a console block with its output; a block of a script is one command."""
        if self.language in ("sh", "bash"):
            yield self.text, ""
            return
        for entry in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            lines = entry.splitlines()
            end = next(place for place, line in enumerate(lines) if not line.endswith("\\")) + 1
            yield "\n".join(lines[:end]), "\n".join(lines[end:])


def read_blocks(page: str) -> list[Block]:
    """Returns the blocks of a page, which is named by its path in the repository."""
    text = (ROOT / page).read_text("utf-8")
    fences = list(_FENCE.finditer(text))
    headings = [
        match
        for match in _HEADING.finditer(text)
        if not any(each.start() < match.start() < each.end() for each in fences)
    ]
    blocks = []
    for fence in fences:
        above = [match[2] for match in headings if match.start() < fence.start()]
        blocks.append(Block(page, above[-1] if above else "", fence[1], fence[2]))
    return blocks


def build_site(folder: Path) -> None:
    """Builds the site strictly: a warning fails."""
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (built.returncode, built.stdout + built.stderr) == (0, "")


class CommandError(AssertionError):
    """A command of a page that ended or printed otherwise than the page shows."""


class Shell:
    """A shell in a folder, whose variables stay from command to command.

    Args:
        environment: variables of its processes.
        exit_codes: of commands that match a pattern; 0 is that of all others.
    """

    def __init__(
        self, folder: Path, environment: Mapping[str, str], exit_codes: Mapping[str, int] | None = None
    ) -> None:
        bash = shutil.which("bash")
        if bash is None or os.name == "nt":
            pytest.skip("the pages show commands for a POSIX shell")
        self.folder = folder
        self.port = _free_port()
        self._bash = bash
        self._exit_codes = {re.compile(pattern): code for pattern, code in (exit_codes or {}).items()}
        self._environment = {
            **environment,
            "MAKE_EMULATOR_PORT": self.port,
            "COLUMNS": "100",
            "NO_COLOR": "1",
        }
        self._variables = folder.parent / f"{folder.name}.variables"
        self._processes: list[subprocess.Popen[bytes]] = []

    def localize(self, text: str) -> str:
        """Returns a text of a page with the port of this shell."""
        return text.replace(PORT, self.port)

    def write(self, block: Block, name: str | None = None) -> Path:
        """Writes a block to the file that it names, or to another one."""
        path = self.folder / (name or block.file_name() or "")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.localize(block.text), "utf-8")
        return path

    def run_block(self, block: Block) -> None:
        """Runs the commands of a block, and compares their output with the one that it shows."""
        for command, shown in block.commands():
            self.check(command, shown)

    def check(self, command: str, shown: str = "") -> str:
        """Runs a command; returns its output, which agrees with the one that is shown, if any is.

        Raises:
            CommandError: if it ends or prints otherwise.
        """
        if _SERVER.match(command):
            printed = self._serve(command)
        else:
            code, printed = self.run(command)
            expected = next((each for pattern, each in self._exit_codes.items() if pattern.match(command)), 0)
            if code != expected:
                raise CommandError(f"$ {command}\nends with {code} instead of {expected}:\n{printed}")
        if shown and not agrees(shown, printed, is_beginning=bool(_SERVER.match(command))):
            raise CommandError(f"$ {command}\nprints\n{printed}\ninstead of\n{shown}")
        return printed

    def run(self, command: str) -> tuple[int, str]:
        """Runs a command; returns its exit code and its output, with the port that the pages name."""
        saved = shlex.quote(str(self._variables))
        # For the commands that speak to a server, but not for pytest, which would take it for a sidecar.
        url = f'MAKE_EMULATOR_URL="${{MAKE_EMULATOR_URL:-http://127.0.0.1:{self.port}}}"'
        script = (
            f"[ -f {saved} ] && . {saved}\n"
            f'make-emulator() {{ {url} command make-emulator "$@"; }}\n'
            f"{self.localize(command)}\ncode=$?\nexport -p > {saved}\nexit $code\n"
        )
        # A file, since a process in the background would hold a pipe.
        output = self.folder.parent / f"{self.folder.name}.output"
        with output.open("wb") as opened:
            process = self._start(["-c", script], opened)
            try:
                code = process.wait(timeout=120)
            except subprocess.TimeoutExpired:
                raise CommandError(f"$ {command}\ndoes not end") from None
        return code, self._read(output)

    def _serve(self, command: str) -> str:
        """Starts a server; returns what it prints until it serves."""
        output = self.folder.parent / f"{self.folder.name}.server"
        saved = shlex.quote(str(self._variables))
        script = f"[ -f {saved} ] && . {saved}\nexec env {self.localize(command)}\n"
        with output.open("wb") as opened:
            process = self._start(["-c", script], opened)

        def serves() -> bool:
            if process.poll() is not None:
                raise CommandError(f"$ {command}\nends with {process.returncode}:\n{self._read(output)}")
            return "dashboard" in self._read(output) and self._is_listening()

        wait_until(serves)
        return self._read(output)

    def _is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", int(self.port))) == 0

    def _start(self, arguments: Sequence[str], output: BinaryIO) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [self._bash, "--noprofile", "--norc", *arguments],
            cwd=self.folder,
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._processes.append(process)
        return process

    def _read(self, path: Path) -> str:
        return path.read_text("utf-8", errors="replace").replace(self.port, PORT)

    def stop_servers(self) -> None:
        """Stops what still runs."""
        for process in self._processes:
            # The group has the processes in the background of an ended shell, too.
            try:
                os.killpg(process.pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
            if process.poll() is None:
                process.wait(timeout=30)
        self._processes.clear()


@contextmanager
def open_shell(
    folder: Path, environment: Mapping[str, str], exit_codes: Mapping[str, int] | None = None
) -> Iterator[Shell]:
    """A shell in a folder that is made, whose servers are stopped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    shell = Shell(folder, environment, exit_codes)
    try:
        yield shell
    finally:
        shell.stop_servers()


def agrees(shown: str, printed: str, *, is_beginning: bool = False) -> bool:
    """True if a page shows an output: ``…`` stands for any text of a line, a line of ``...`` or ``…`` for any lines.

    Args:
        is_beginning: more may follow.
    """
    pattern = []
    for line in _normalize(shown):
        if line.strip() in ("...", _ELLIPSIS):
            pattern.append(r"(?:.*\n)*?")
        else:
            pattern.append(".*".join(map(re.escape, line.split(_ELLIPSIS))) + r" *\n")
    match = re.match if is_beginning else re.fullmatch
    return match("".join(pattern), "".join(f"{line}\n" for line in _normalize(printed))) is not None


def _normalize(text: str) -> list[str]:
    return [_VERSION.sub("make-emulator 0", line.rstrip()) for line in text.strip("\n").splitlines()]


def _free_port() -> str:
    """Returns a port below those that systems give to connections, so that none takes it before the server does."""
    while True:
        port = _RANDOM.randrange(20_000, 30_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0 and PORT not in str(port):
                return str(port)
