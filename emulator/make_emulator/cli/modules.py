"""The command ``modules``: the catalogue of apps and modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click
import orjson

from ..world.custom_modules import KEYS, NO_MODULES, DeclaredModules, parse_module
from .command import command
from .options import env_option, format_option
from .remote import open_control
from .terminal import terminal_width
from .values import complete_apps

#: Width of output that goes to no terminal: nothing is cut.
_WIDE = 1_000
#: The narrowest column that is cut.
_SHORTEST = 12


@command(
    "modules",
    short_help="Show the known apps, modules, versions and fields.",
    examples=[
        "make-emulator modules",
        "make-emulator modules slack",
        "make-emulator modules slack:CreateMessage --format json",
    ],
    docs="reference/modules.md",
)
@click.argument("name", metavar="[APP[:MODULE]]", required=False, shell_complete=complete_apps)
# Without an environment variable: the catalogue is shown whether or not an emulator runs.
@click.option("--url", metavar="URL", help="A running emulator: adds the modules that its world declares.")
@env_option("--world", default="default", show_default=True, help="The name of that world.")
@env_option("--control-key", metavar="KEY", help="The key of its control API, if it has one.")
@format_option("text", "json", help="Lines for people, or one JSON document.")
def modules(name: str | None, url: str | None, world: str, control_key: str | None, format: str) -> None:
    r"""Show the module catalogue: apps, their modules and versions, and the fields of a module.

    The catalogue is made of public material and not complete: a module that it lacks may exist.

    \b
    make-emulator modules                       every app
    make-emulator modules slack                 the modules of an app
    make-emulator modules slack:CreateMessage   versions, connection and fields of a module

    With --url the modules that a world of a running emulator declares are among them.
    """
    # Imported here, so that --help and mistakes in the usage answer at once.
    from ..engine.apps import known_modules

    declared = _read_declared(url, world, control_key) if url is not None else NO_MODULES
    document: Any
    if name is None:
        document = {"apps": known_modules.list_apps(declared)}
        lines = _render_apps(document["apps"])
    elif ":" in name:
        document = known_modules.describe_module(name, declared)
        lines = _render_module(document) if document else iter(())
    else:
        document = known_modules.describe_app(name, declared)
        lines = _render_app(document) if document else iter(())
    if document is None:
        kind = "module" if ":" in str(name) else "app"
        similar = known_modules.similar_modules if kind == "module" else known_modules.similar_apps
        suggestions = similar(str(name), declared)
        hint = f"; did you mean {' or '.join(suggestions)}?" if suggestions else ""
        raise click.UsageError(f"no {kind} {name!r} is known{hint}")
    if format == "json":
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    else:
        click.echo("\n".join(lines))


def _read_declared(url: str, world: str, control_key: str | None) -> DeclaredModules:
    """Reads the modules that a world of a running emulator declares."""
    with open_control(url, control_key) as control:
        rows = control.world(world).call("GET", "declared-modules")["modules"]
    return {
        row["name"]: parse_module(row["name"], {key: row[key] for key in KEYS if key in row}) for row in rows
    }


def _render_apps(rows: Sequence[Any]) -> Iterator[str]:
    yield from _table(
        ("APP", "NAME", "VERSIONS", "MODULES"),
        ((row["name"], row["label"], _versions(row["versions"]), str(row["modules"])) for row in rows),
    )
    yield ""
    yield f"{len(rows)} apps. The modules of one: make-emulator modules APP"


def _render_app(app: Any) -> Iterator[str]:
    yield f"{app['label']} ({app['name']})"
    if app["connectionTypes"]:
        yield f"Connections: {', '.join(app['connectionTypes'])}"
    if app["completeVersions"]:
        yield f"The list is complete for version {_versions(app['completeVersions'])}."
    yield ""
    yield from _table(
        ("MODULE", "KIND", "VERSIONS", "SUPPORT"),
        ((row["name"], row["kind"], _versions(row["versions"]), row["support"]) for row in app["modules"]),
    )


def _render_module(module: Any) -> Iterator[str]:
    yield f"{module['name']}: {module['kind']}, version {_versions(module['versions'])}, {module['support']}"
    for details in module["details"]:
        yield ""
        yield f"Version {details['version'] if details['version'] is not None else 'not known'}"
        for reference in ("connection", "hook"):
            if details[reference] is not None:
                types = ", ".join(details[reference]["types"]) or "type not known"
                yield f"  {reference}: {details[reference]['parameter'] or 'parameter not known'} ({types})"
        for part in ("parameters", "mapper", "output"):
            if details[part]:
                yield f"  {part}"
                yield from _render_fields(details[part], "    ")
        if details["outputPaths"]:
            yield f"  output paths read by exports: {', '.join(details['outputPaths'])}"
    if not module["details"] and module["interpretedFields"]:
        yield ""
        yield from _render_fields(
            [
                {**field, "required": "always" if field["required"] else "never"}
                for field in module["interpretedFields"]
            ],
            "  ",
        )


def _render_fields(fields: Iterable[Any], indent: str) -> Iterator[str]:
    for field in fields:
        required = {"always": " (required)", "never": ""}.get(
            field["required"], f" (required {field['required']})"
        )
        choices = f": {', '.join(str(choice) for choice in field['choices'])}" if "choices" in field else ""
        yield f"{indent}{field['name']} {field['type'] or 'any'}{required}{choices}"
        yield from _render_fields(field.get("fields", ()), indent + "  ")


def _versions(versions: Sequence[int]) -> str:
    return ", ".join(map(str, versions)) or "?"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    cells = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    excess = sum(widths) + 2 * (len(widths) - 1) - (terminal_width() or _WIDE)
    # The second column has labels, whose ends matter least.
    widths[1] = max(widths[1] - max(excess, 0), len(head[1]))
    for row in cells:
        yield "  ".join(map(_fit, row, widths)).rstrip()


def _fit(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width or width < _SHORTEST else f"{text[: width - 1]}…"
