"""The commands of the documentation: they run in the order of their page, and print what the page shows."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from helpers.documentation import ROOT, Block, CommandError, Shell, agrees, open_shell, read_blocks
from replay.session import write_documented_session

BLUEPRINTS = ROOT / "fixtures/blueprints"

#: Commands that are not run here, each with the reason.
LEFT_OUT: Mapping[str, str] = {
    r"(uvx?|pipx?|npm|npx) ": "the package is installed already; tests/e2e installs it",
    r"make-cli ": "needs Node; tests/e2e runs it",
    r"(claude|helm|docker) ": "a program or a cluster that is not here",
    r"(git checkout|uv build|sha256sum) ": "the files of a release; tests/distribution builds them",
    r"python -m benchmarks": "takes minutes",
    r"make-emulator (pull|diff) .*eu1": "reads a real zone; tests/importer reads an emulator",
    r"make-emulator proxy ": "serves in front of a real zone; tests/proxy serves in front of an emulator",
    r"make-emulator contract": "takes minutes, or tests a real zone; tests/contract runs it",
    r"make-emulator serve .*--worker-url": "workers on machines of their own; tests/fleet runs them",
    r"haproxy ": "may not be installed; tests/e2e runs it",
    r"export MAKE_(API_KEY|EMULATOR_CONTROL_KEY|EMULATOR_CONTRACT_TOKEN)=(…|\.\.\.)$": "the secret of a reader",
    r"make-emulator validate seed.yaml$": "the seed of the command before it",
}
#: Exit codes of commands that find something.
EXIT_CODES = {r"make-emulator (lint|survey|mend|replay)\b": 1}


def _copy_blueprints(folder: Path) -> None:
    (folder / "fixtures").symlink_to(ROOT / "fixtures")


def _export(name: str, blueprint: str = "lead-intake.json") -> Callable[[Path], None]:
    def copy(folder: Path) -> None:
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(BLUEPRINTS / blueprint, target)

    return copy


def _prepare_sweep(folder: Path) -> None:
    for name in ("webhook-deduplication.json", "webhook-deduplication.test.yaml"):
        shutil.copy(BLUEPRINTS / name, folder)


def _prepare_explain(folder: Path) -> None:
    _copy_blueprints(folder)
    _export("blueprint.json")(folder)


#: What a reader of the page has in the folder before the first command.
FILES: Mapping[str, Callable[[Path], None]] = {
    "README.md": _copy_blueprints,
    "docs/how-to/explain.md": _prepare_explain,
    "docs/how-to/scenario-tests.md": _export("lead-intake.json"),
    "docs/how-to/sweep.md": _prepare_sweep,
    "docs/tutorial-scenario-tests.md": _export("shipping-quote.json", "shipping-quote.json"),
    "docs/how-to/report-a-difference.md": write_documented_session,
    "docs/how-to/import.md": _export("exports/lead-intake.json"),
    "docs/how-to/replay.md": write_documented_session,
}
#: The file that a block of JSON of a page is.
BLUEPRINT_FILES = {"docs/how-to/lint.md": "blueprints/greeting.json", "docs/how-to/mend.md": "greeting.json"}
#: Pages whose files are written between the commands.
WRITTEN_FILES = frozenset({"docs/tutorial-scenario-tests.md"})
SHELLS = frozenset({"console", "sh", "bash"})
#: Pages that expect a server to run.
SERVED = frozenset(
    {
        "docs/how-to/command-line.md",
        "docs/how-to/checkpoints.md",
        "docs/how-to/external-services.md",
        "docs/how-to/oauth.md",
    }
)


def _is_left_out(command: str) -> bool:
    return any(re.match(pattern, command) for pattern in LEFT_OUT)


def _pages() -> list[str]:
    files = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    # The examples of the generated reference are those of the commands' help, which tests/cli checks.
    pages = [path.relative_to(ROOT).as_posix() for path in files if path.parent.name != "reference"]
    return [
        page
        for page in pages
        if any(not _is_left_out(command) for block in _shell_blocks(page) for command, _ in block.commands())
    ]


def _shell_blocks(page: str) -> list[Block]:
    return [block for block in read_blocks(page) if block.language in SHELLS]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE_")}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with open_shell(tmp_path / "work", environment, EXIT_CODES) as shell:
        yield shell


@pytest.mark.parametrize("page", _pages())
def test_the_commands_of_a_page_print_what_it_shows(page: str, shell: Shell) -> None:
    if page in FILES:
        FILES[page](shell.folder)
    for block in read_blocks(page):
        if block.language == "json" and page in BLUEPRINT_FILES:
            shell.write(block, BLUEPRINT_FILES[page])
    if page in SERVED:
        shell.check("make-emulator serve")
    for block in read_blocks(page):
        if block.language not in SHELLS:
            if page in WRITTEN_FILES and block.file_name() is not None:
                shell.write(block)
            continue
        for command, shown in block.commands():
            if not _is_left_out(command):
                # `make serve` installs the package first, which is installed here.
                shell.check(re.sub(r"^make serve\b", "make-emulator serve", command), shown)


@pytest.mark.parametrize("pattern", LEFT_OUT)
def test_a_command_that_is_left_out_is_in_a_page(pattern: str) -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    commands = [
        command
        for page in pages
        for block in _shell_blocks(page.relative_to(ROOT).as_posix())
        for command, _ in block.commands()
    ]
    assert any(re.match(pattern, command) for command in commands)


def test_an_output_that_differs_fails(shell: Shell) -> None:
    shell.check("echo one; echo two", "one\ntwo")
    shell.check("export NAME=Zoe")
    shell.check('echo "Hello, $NAME!"', "Hello, Zoe!")
    with pytest.raises(CommandError, match=r"prints\none\n\ninstead of\ntwo"):
        shell.check("echo one", "two")
    with pytest.raises(CommandError, match="ends with 3 instead of 0"):
        shell.check("exit 3")


@pytest.mark.parametrize(
    ("shown", "printed", "is_shown"),
    [
        ("one\ntwo", "one\ntwo\n", True),
        ("one", "one\ntwo", False),
        ("code=…&state=…", "code=1&state=2", True),
        ("one\n...\nfour", "one\ntwo\nthree\nfour", True),
        ("a.b", "axb", False),
        ("make-emulator 0.1.0 serves", "make-emulator 2.13.4 serves", True),
    ],
)
def test_an_output_is_compared(shown: str, printed: str, is_shown: bool) -> None:
    assert agrees(shown, printed) is is_shown
