"""The command line. Errors are one line on stderr: exit 2 for usage, 1 for failure."""

from __future__ import annotations

from importlib import import_module

import click

from ..version import __version__
from .command import DocumentedGroup
from .errors import CommandGroup
from .options import ENV_PREFIX

#: The module of each command, and its name there.
COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("serve", "serve"),
    "balancer": ("balancer", "balancer"),
    "health": ("health", "health"),
    "init": ("seeds", "init"),
    "validate": ("seeds", "validate"),
    "completion": ("completion", "completion"),
    "demo": ("demo", "demo"),
    "doctor": ("doctor", "doctor"),
    "env": ("env", "env"),
    "snapshot": ("remote", "snapshot"),
    "reset": ("remote", "reset"),
    "world": ("remote", "world"),
    "access-report": ("remote", "access_report"),
    "import": ("import_blueprints", "import_blueprints"),
    "pull": ("zone", "pull"),
    "diff": ("zone", "diff"),
    "explain": ("explain", "explain"),
    "survey": ("survey", "survey"),
    "contract": ("contract", "contract"),
    "lint": ("lint", "lint"),
    "mcp": ("mcp", "mcp"),
    "mend": ("mend", "mend"),
    "modules": ("modules", "modules"),
    "proxy": ("proxy", "proxy"),
    "replay": ("replay", "replay"),
    "report": ("report", "report"),
    "routes": ("routes", "routes"),
    "skill": ("skill", "skill"),
    "sweep": ("sweep", "sweep"),
    "test": ("test", "test"),
    "fidelity": ("fidelity", "fidelity"),
}


#: Title -> the commands that the help lists below it.
SECTIONS: dict[str, tuple[str, ...]] = {
    "Start": ("demo", "serve", "env", "health", "doctor", "report", "completion", "skill"),
    "A running emulator": ("world", "reset", "snapshot", "import", "access-report", "mcp"),
    "Blueprints": ("explain", "survey", "lint", "mend", "test", "sweep"),
    "Seeds and real teams": ("init", "validate", "pull", "diff", "replay", "proxy"),
    "Reference": ("modules", "routes", "fidelity", "contract"),
    "Operation": ("balancer",),
}


class _LazyCommands(DocumentedGroup, CommandGroup):
    """Group that imports the module of a command when the command is called, or the help lists it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        left = dict.fromkeys(self.list_commands(ctx))
        sections = {title: [name for name in names if name in left] for title, names in SECTIONS.items()}
        for names in sections.values():
            for name in names:
                del left[name]
        width = max(map(len, COMMANDS))
        for title, names in {**sections, "Commands": list(left)}.items():
            rows = []
            for name in names:
                found = self.get_command(ctx, name)
                assert found is not None
                # As wide in each section.
                rows.append((name.ljust(width), found.get_short_help_str(limit=formatter.width)))
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            module, name = COMMANDS[cmd_name]
            self.add_command(getattr(import_module(f".{module}", __package__), name))
        return super().get_command(ctx, cmd_name)


@click.group(
    cls=_LazyCommands,
    examples=[
        "make-emulator demo",
        "make-emulator serve",
        'eval "$(make-emulator env)"     # in another shell: what clients need',
        "make-emulator serve --help      # options, their variables, examples",
    ],
    docs="README.md",
    context_settings={"auto_envvar_prefix": ENV_PREFIX, "help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="make-emulator")
def main() -> None:
    """A local emulator of the Make API v2."""
