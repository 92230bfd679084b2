"""Command whose help ends with examples and the page of the documentation, and names the variable of each option."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from .options import DOCS_URL

CommandDecorator = Callable[[Callable[..., Any]], "DocumentedCommand"]


class DocumentedCommand(click.Command):
    """Command with examples and a page of the documentation.

    Args:
        examples: lines for a shell; a comment after two spaces and ``#`` explains one.
        docs: the page below ``docs/``, such as ``how-to/lint.md``.
        sections: title -> the options that the help shows below it, such as ``--host``; others follow below "Options".
    """

    def __init__(
        self,
        name: str | None,
        *,
        examples: Sequence[str],
        docs: str,
        sections: Mapping[str, Sequence[str]] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(name, **settings)
        self.examples = tuple(examples)
        self.docs = docs
        self.sections = sections or {}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        options = [each for each in self.params if isinstance(each, click.Option) and not each.show_envvar]
        # For the help only: errors would name the variable of each option, too.
        for option in options:
            option.show_envvar = True
        try:
            self._write_sections(ctx, formatter)
        finally:
            for option in options:
                option.show_envvar = False

    def _write_sections(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        left = {
            each.opts[0]: record for each in self.get_params(ctx) if (record := each.get_help_record(ctx))
        }
        for title, names in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([left.pop(name) for name in names])
        if left:
            with formatter.section("Options"):
                formatter.write_dl(list(left.values()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        write_epilog(formatter, self.examples, self.docs)


class DocumentedGroup(click.Group):
    """Group of commands with examples and a page of the documentation, as `DocumentedCommand`."""

    def __init__(self, name: str | None, *, examples: Sequence[str], docs: str, **settings: Any) -> None:
        super().__init__(name, **settings)
        self.examples = tuple(examples)
        self.docs = docs

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        write_epilog(formatter, self.examples, self.docs)


def write_epilog(formatter: click.HelpFormatter, examples: Sequence[str], docs: str) -> None:
    """Writes the examples, as they are to be typed, and the address of the page."""
    with formatter.section("Examples"):
        for example in examples:
            formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
    with formatter.section("Documentation"):
        # Unwrapped, so that a terminal makes a link of it.
        formatter.write(f"{'':>{formatter.current_indent}}{docs_address(docs)}\n")


def docs_address(page: str) -> str:
    """Returns the address of a page of the documentation."""
    folder = page.removesuffix(".md") + "/"
    return DOCS_URL if page == "README.md" else DOCS_URL + folder


def command(
    name: str | None = None,
    *,
    examples: Sequence[str],
    docs: str,
    short_help: str | None = None,
    sections: Mapping[str, Sequence[str]] | None = None,
) -> CommandDecorator:
    """Returns the decorator for a command; see `DocumentedCommand`."""
    return click.command(
        name,
        cls=DocumentedCommand,
        examples=examples,
        docs=docs,
        sections=sections,
        short_help=short_help,
    )


def subcommand(
    group: click.Group,
    name: str | None = None,
    *,
    examples: Sequence[str],
    docs: str,
    short_help: str | None = None,
) -> CommandDecorator:
    """Returns the decorator for a command of a group; see `DocumentedCommand`."""

    def decorate(function: Callable[..., Any]) -> DocumentedCommand:
        made = command(name, examples=examples, docs=docs, short_help=short_help)(function)
        group.add_command(made)
        return made

    return decorate
