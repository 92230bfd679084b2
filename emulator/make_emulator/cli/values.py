"""Completion of values in a shell: rules, apps and areas by their names."""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem

# The modules with the names are imported on use: parameters are declared whenever a command is imported.


def complete_rules(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes the name of a rule of lint."""
    from ..lint import RULES

    return _matching(RULES, incomplete)


def complete_apps(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes the name of an app, and behind its colon that of a module."""
    from ..engine.apps import known_modules
    from ..world.custom_modules import NO_MODULES

    app, colon, _ = incomplete.partition(":")
    if not colon:
        return _matching((row["name"] for row in known_modules.list_apps(NO_MODULES)), incomplete)
    described = known_modules.describe_app(app, NO_MODULES)
    return _matching((row["name"] for row in described["modules"]), incomplete) if described else []


def complete_areas(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes an area of the fidelity ledger."""
    from .. import fidelity

    return _matching(fidelity.list_areas(list(fidelity.shipped_behaviours())), incomplete)


def _matching(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    start = incomplete.casefold()
    return [CompletionItem(name) for name in names if name.casefold().startswith(start)]
