"""A reader who follows pages of the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from helpers.documentation import ROOT, Block, Shell, read_blocks

#: Commands that install the package, which the reader has done: the wheel is in the environment of the shell.
_INSTALLS = re.compile(r"(pip|pipx|uv|uv tool) (install|add|tool install)\b.*make-emulator")
_SHELLS = ("console", "sh", "bash")


class Reader:
    """A reader with a shell: writes the files that pages show, and runs their commands."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.folder = shell.folder

    def follow(self, page: str, heading: str | None = None) -> None:
        """Writes the files and runs the commands of a page, or of the part below a heading, in their order."""
        followed = 0
        for block in self.blocks(page, heading):
            if block.language in _SHELLS:
                for command, shown in block.commands():
                    self.run(command, shown)
                    followed += 1
            elif block.file_name() is not None:
                self.shell.write(block)
                followed += 1
        assert followed, f"{page} shows nothing to do at {heading!r}"

    def run(self, command: str, shown: str = "") -> str:
        """Runs a command of a page; returns its output. One that installs the package is skipped."""
        if _INSTALLS.match(command):
            return ""
        # Both commands install the package, and run it.
        command = re.sub(
            r"^(make (?=serve)|uvx (?=make-emulator))",
            lambda match: "make-emulator " if match[0] == "make " else "",
            command,
        )
        return self.shell.check(command, shown)

    def run_named(self, page: str, command: str) -> str:
        """Runs a command that the text of a page names between backticks; returns its output."""
        text = (ROOT / page).read_text("utf-8")
        assert f"`{command}`" in text, f"{page} does not name {command}"
        return self.run(command)

    def pytest(self) -> Mapping[str, int]:
        """Runs the tests in the folder; returns the numbers of outcomes, such as ``{"passed": 5}``."""
        _, printed = self.shell.run("pytest -q -W error -p no:cacheprovider")
        summary = printed.strip().splitlines()[-1]
        outcomes = {
            name: int(count) for count, name in re.findall(r"(\d+) (passed|failed|errors?|skipped)", summary)
        }
        assert outcomes, printed
        return outcomes

    def test(self) -> None:
        """Runs the tests in the folder, which pass."""
        outcomes = self.pytest()
        assert set(outcomes) == {"passed"}, self.shell.run("pytest -q -W error -p no:cacheprovider")[1]

    def block(self, page: str, language: str, heading: str | None = None) -> Block:
        """The only block of a language in a page, or below a heading of it."""
        [found] = [block for block in self.blocks(page, heading) if block.language == language]
        return found

    def blocks(self, page: str, heading: str | None = None) -> Iterator[Block]:
        """Yields the blocks of a page, or those below a heading."""
        found = [block for block in read_blocks(page) if heading in (None, block.heading)]
        assert found, f"{page} has no code at {heading!r}"
        yield from found
