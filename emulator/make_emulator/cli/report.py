"""The command ``report``: a description of the installation for an issue, without secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from ..plain_text import printable
from ..redaction.masking import LOG_REDACTOR
from ..redaction.rules import MASK
from ..version import __version__
from . import installation
from .command import command
from .options import SEED, env_option, format_option
from .remote import server_options

if TYPE_CHECKING:
    from ..json_types import Json, JsonObject

#: The most lines of a seed, unless all are shown.
MAX_SEED_LINES = 150

#: Variables of clients that matter, besides those of the emulator.
_CLIENT_VARIABLES = (
    "MAKE_API_KEY",
    "MAKE_BASE_URL",
    "MAKE_ORGANIZATION",
    "MAKE_TEAM",
    "MAKE_ZONE",
    "ALL_PROXY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "PYTEST_ADDOPTS",
)

#: Words of the names of variables whose values are secret, or may hold something that is.
_SECRET_WORDS = frozenset(["KEY", "TOKEN", "PASSWORD", "SECRET", "INPUT"])

_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(\.[\w-]+)+")
_MASKED_EMAIL = "somebody@example.com"


@command(
    examples=[
        "make-emulator report",
        "make-emulator report --seed seed.yaml --full",
        "make-emulator report --format json > report.json",
    ],
    docs="how-to/command-line.md",
    short_help="Describe the installation for an issue, without secrets.",
)
@env_option("--seed", metavar="NAME|FILE", type=SEED, help="The seed to describe, with its secrets masked.")
@click.option("--full", is_flag=True, help="Show all lines of the seed.")
@format_option("text", "json", help="Markdown to paste into an issue, or one JSON object.")
@server_options
def report(seed: str | None, full: bool, format: str, url: str, control_key: str | None) -> None:
    """Describe version, platform, libraries, settings, the emulator that runs, and the seed, for an issue.

    Tokens, keys and passwords are masked, e-mail addresses replaced, and the home folder is written as ~. Read it all the same before
    you publish it: other texts of a seed are shown as they are.
    """
    document: JsonObject = {
        "version": __version__,
        "python": installation.python_text(),
        "platform": installation.platform_text(),
        "location": mask_text(str(Path(__file__).parent.parent)),
        "libraries": installation.library_versions(),
        "extras": [name for name in installation.EXTRAS if installation.has_extra(name)],
        "variables": _variables(),
        "server": _describe_server(url, control_key),
    }
    if seed is not None:
        document["seed"] = _describe_seed(seed)
    if format == "json":
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    else:
        for line in render_lines(document, full=full):
            click.echo(line)


def render_lines(document: JsonObject, *, full: bool) -> Iterator[str]:
    """Yields the lines of a report as Markdown.

    Args:
        full: show all lines of the seed.
    """
    yield "```text"
    yield f"make-emulator  {document['version']}"
    for name in ("python", "platform", "location"):
        yield f"{name:<13}  {document[name]}"
    yield f"{'extras':<13}  {', '.join(document['extras']) or 'none'}"
    yield from _columns("libraries", document["libraries"])
    yield from _columns("variables", document["variables"])
    server = document["server"]
    if "error" in server:
        yield f"{'server':<13}  {server['error']}"
    else:
        yield f"{'server':<13}  {server['version']} at {server['url']}"
        for world in server["worlds"]:
            yield f"{'world':<13}  {world['name']}: {world['plan']}, {world['zone']}"
            if world["settings"]:
                yield from _columns("settings", world["settings"])
    yield "```"
    if "seed" in document:
        yield from _seed_lines(document["seed"], full=full)


def _columns(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Yields a name with pairs behind it, one a line."""
    if not values:
        yield f"{name:<13}  none"
    for key, value in values.items():
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        yield f"{name:<13}  {key} {text}"
        name = ""


def _seed_lines(seed: JsonObject, *, full: bool) -> Iterator[str]:
    yield ""
    yield (
        f"Seed {seed['name']}: {seed['summary']}" if "summary" in seed else f"Seed {seed['name']} is invalid:"
    )
    if "text" not in seed and "issues" not in seed:
        return
    lines = seed["issues"] if "issues" in seed else seed["text"].splitlines()
    shown = lines if full else lines[:MAX_SEED_LINES]
    yield ""
    yield "```text" if "issues" in seed else "```yaml"
    yield from shown
    yield "```"
    if len(shown) < len(lines):
        yield f"{len(lines) - len(shown)} more lines: --full shows them."


def mask_text(text: str) -> str:
    """Returns a text in one line, without secrets, addresses of people, and the name of the home folder."""
    home = str(Path.home())
    if len(home) > 1:
        text = text.replace(home, "~")
    return _EMAIL.sub(_MASKED_EMAIL, LOG_REDACTOR.mask_text(printable(text)))


def _variables() -> dict[str, str]:
    """Returns the variables of the environment that count, with secrets masked."""
    names = [*installation.emulator_variables()]
    names += [each for name in _CLIENT_VARIABLES for each in (name, name.lower()) if os.environ.get(each)]
    return {name: MASK if _is_secret(name) else mask_text(os.environ[name]) for name in names}


def _is_secret(name: str) -> bool:
    return bool(_SECRET_WORDS & set(name.upper().split("_")))


def _describe_server(url: str, key: str | None) -> JsonObject:
    """Returns version and worlds of the emulator at a URL, without names of people, tokens and ids; or why there is none."""
    # Imported here, so that --help answers at once.
    from ..client.control import ControlClient, ControlError, HttpTransport

    try:
        control = ControlClient(HttpTransport(url.rstrip("/"), key))
        version = control.call("GET", "health")["version"]
        worlds: list[Json] = []
        for row in control.worlds():
            settings = control.call("GET", "worlds", row["name"])["settings"]
            changed = {name: value for name, value in settings.items() if value != _default_setting(name)}
            worlds.append({name: row[name] for name in ("name", "plan", "zone")} | {"settings": changed})
    except (ControlError, KeyError, TypeError) as error:
        return {"error": mask_text(str(error) if isinstance(error, ControlError) else f"none at {url}")}
    return {"url": mask_text(url), "version": version, "worlds": worlds}


def _default_setting(name: str) -> Json:
    from ..world.settings import SETTINGS

    return SETTINGS[name].default if name in SETTINGS else True


def _describe_seed(name: str) -> JsonObject:
    """Returns a summary of a seed, and its text with secrets masked, unless it is a shipped one; or its issues."""
    import yaml

    from .. import seeds
    from ..app import DEFAULT_WORLD, create_app, registry_of

    shown = mask_text(name)
    try:
        seed = seeds.check(name)
        handle = registry_of(create_app(seed=name)).get(DEFAULT_WORLD)
    except seeds.SeedError as error:
        return {"name": shown, "issues": [mask_text(str(issue)) for issue in error.issues]}
    summary = seeds.summarize(seed)
    if name in seeds.list_seeds():
        return {"name": shown, "summary": summary}
    assert handle is not None
    redactor = LOG_REDACTOR.with_secrets(handle.secret_values())
    masked = _mask_people(redactor.mask(yaml.safe_load(Path(name).read_text(encoding="utf-8"))))
    text = yaml.safe_dump(masked, sort_keys=False, allow_unicode=True, width=100)
    return {"name": shown, "summary": summary, "text": text}


def _mask_people(value: Any) -> Any:
    """Returns a copy of JSON with the addresses of people replaced."""
    if isinstance(value, dict):
        return {_mask_people(name): _mask_people(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_mask_people(item) for item in value]
    return _EMAIL.sub(_MASKED_EMAIL, value) if isinstance(value, str) else value
