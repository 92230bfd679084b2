"""The help of every command: examples that are valid, the variable of each option, a page of the documentation."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from make_emulator.cli.command import DocumentedCommand, DocumentedGroup, docs_address
from make_emulator.cli.main import SECTIONS, main

ROOT = Path(__file__).parent.parent.parent


def all_commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from all_commands(found, (*path, name))
        else:
            yield (*path, name), found


COMMANDS = dict(all_commands(main))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_help_shows_examples_variables_and_the_page(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert isinstance(command, (DocumentedCommand, DocumentedGroup)), "declare it with `cli.command.command`"
    result = CliRunner().invoke(main, [*path, "--help"], env={"COLUMNS": "80"}, prog_name="make-emulator")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    start = lines.index("Examples:") + 1
    assert lines[start : start + len(command.examples)] == [f"  {each}" for each in command.examples]
    assert lines[-2:] == ["Documentation:", f"  {docs_address(command.docs)}"]
    assert (ROOT / "docs" / command.docs).is_file()
    assert [line for line in lines[:-1] if len(line) > 80] == []
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    text = "".join(result.output.split())
    for option in options:
        if not (option.is_eager or isinstance(command, click.Group)):
            assert f"[envvar:{_variable(option, path)}" in text, option.name


def _variable(option: click.Option, path: tuple[str, ...]) -> str:
    if option.envvar:
        return option.envvar if isinstance(option.envvar, str) else ",".join(option.envvar)
    return "_".join(["MAKE_EMULATOR", *path, option.name or ""]).upper().replace("-", "_")


def test_the_address_of_the_documentation_is_that_of_the_project() -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
    assert urls["Documentation"] == docs_address("README.md")
    assert docs_address("how-to/lint.md") == f"{urls['Documentation']}how-to/lint/"


def test_every_command_has_its_section() -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    assert len(listed) == len(set(listed))
    assert set(main.list_commands(click.Context(main))) <= set(listed)
    output = CliRunner().invoke(main, ["--help"], env={"COLUMNS": "80"}).output
    for name in main.list_commands(click.Context(main)):
        assert len(re.findall(rf"^  {name}  ", output, flags=re.MULTILINE)) == 1, name
    assert "\nCommands:" not in output


def test_every_option_of_serve_has_its_section_and_is_shown_once() -> None:
    serve = COMMANDS["serve",]
    assert isinstance(serve, DocumentedCommand)
    listed = [name for names in serve.sections.values() for name in names]
    options = [each.opts[0] for each in serve.params if isinstance(each, click.Option) and not each.hidden]
    assert sorted(listed) == sorted(options)
    output = CliRunner().invoke(main, ["serve", "--help"], env={"COLUMNS": "80"}).output
    for name in options:
        assert len(re.findall(rf"^  {name}[ \n]", output, flags=re.MULTILINE)) == 1, name
    assert re.search(r"^Options:\n  -h, --help +Show this message and exit\.$", output, flags=re.MULTILINE)


#: Commands whose output is a file, a protocol or a text of its own, in which there is nothing for a program to parse.
WITHOUT_FORMAT = {
    (*path.split(),)
    for path in (
        [
            "balancer",
            "completion",
            "contract",
            "demo",
            "init",
            "mcp",
            "proxy",
            "pull",
            "serve",
            "skill",
            "snapshot save",
            "world delete",
        ]
    )
}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_output_has_a_format_for_programs(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    if isinstance(command, click.Group) or path in WITHOUT_FORMAT:
        return
    [option] = [each for each in command.params if "--format" in each.opts]
    assert isinstance(option.type, click.Choice)
    assert "json" in option.type.choices
    assert option.default == option.type.choices[0]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_examples_are_valid(
    path: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = COMMANDS[path]
    assert isinstance(command, (DocumentedCommand, DocumentedGroup))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAKE_API_KEY", "token")
    calls = [call for example in command.examples for call in _calls(example)]
    assert calls
    for words in calls:
        for word in words:
            _create_path(tmp_path, word)
        _parse(words[1:])


def _calls(example: str) -> Iterator[list[str]]:
    """The calls of the program in an example, such as the one in ``eval "$(…)"``."""
    text = example.partition("  #")[0].replace('"$(', "").replace(')"', "")
    words = shlex.split(text)
    while "make-emulator" in words:
        words = words[words.index("make-emulator") :]
        end = next((index for index, word in enumerate(words) if word in ("|", ">", ">>", "&")), len(words))
        yield words[:end]
        words = words[end:]


def _create_path(folder: Path, word: str) -> None:
    """Creates the file or the folder that a word of an example names."""
    name = word.removeprefix("@")
    if name.endswith("/") and "://" not in name:
        (folder / name).mkdir(parents=True, exist_ok=True)
    elif name.endswith((".json", ".yaml", ".har", ".pem", ".sh")) and "/" not in name:
        (folder / name).write_text("{}")


def _parse(words: list[str]) -> None:
    """Parses the words as the program does, without running the command; raises click.UsageError."""
    group: click.Group = main
    info = group.context_settings
    context: click.Context | None = None
    while True:
        name, *rest = words
        found = group.get_command(click.Context(group), name)
        assert found is not None, name
        if not isinstance(found, click.Group):
            break
        group, words = found, rest
    context = click.Context(main, **info)
    # --help ends the parser.
    with context, suppress(click.exceptions.Exit):
        found.make_context(name, list(rest), parent=context).close()
