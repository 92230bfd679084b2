"""The command ``env``: environment variables by which clients reach a running emulator."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import click
import orjson

from .command import command
from .errors import CommandError
from .options import env_option, format_option
from .remote import open_control, server_options, world_option

if TYPE_CHECKING:
    from ..client.control import ControlClient
    from ..json_types import JsonObject

#: Seconds between two attempts of ``--wait``.
_POLL_INTERVAL = 0.1

#: Values that no shell and no reader of .env files changes.
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_./:@%+=,-]+")


@command(
    examples=[
        'eval "$(make-emulator env)"',
        'eval "$(make-emulator env --url https://127.0.0.1:4747 --tls-ca ca.pem)"',
        'make-emulator env --wait 30 --format github >> "$GITHUB_ENV"',
        "make-emulator env --format dotenv > .env",
        "make-emulator env --format powershell | Out-String | Invoke-Expression",
    ],
    docs="how-to/command-line.md",
    short_help="Print the environment variables that clients need.",
)
@format_option(
    "shell",
    "json",
    "dotenv",
    "fish",
    "github",
    "powershell",
    help="Exports of sh, bash and zsh; a JSON object; lines of an .env file; of fish; of the file $GITHUB_ENV; of "
    "PowerShell.",
)
@click.option(
    "--wait",
    type=click.FloatRange(0),
    default=0,
    metavar="SECONDS",
    help="Wait until the emulator is ready, at most this long.",
)
@env_option(
    "--tls-ca",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The CA certificate that serve --tls-ca wrote, which clients have to trust.",
)
@world_option
@server_options
def env(format: str, wait: float, tls_ca: Path | None, world: str, url: str, control_key: str | None) -> None:
    """Print the environment variables by which clients reach a world of a running emulator.

    The vendor's SDK, command line and MCP server, MCP clients, the pytest plugin, and the other commands read them.
    """
    with open_control(url, control_key, tls_ca) as control:
        if wait:
            _wait_until_ready(control, wait)
        description = control.world(world).describe()
    variables = client_variables(description, control_key=control_key, ca_file=tls_ca)
    variables |= _proxy_variables(variables["MAKE_EMULATOR_URL"])
    click.echo("".join(f"{line}\n" for line in FORMATS[format](variables)), nl=False)


def client_variables(
    description: JsonObject, *, control_key: str | None = None, ca_file: Path | None = None
) -> dict[str, str]:
    """Returns the environment variables by which clients reach a world.

    Args:
        description: the world, as the control API describes it.
        ca_file: the certificate of the authority that they have to trust.
    """
    base_url = str(description["baseUrl"])
    address = base_url.removesuffix("/api/v2")
    variables = {
        "MAKE_API_KEY": str(description["token"]),
        "MAKE_ZONE": urlsplit(address).netloc,
        "MAKE_BASE_URL": base_url,
    }
    for name, key in (("MAKE_TEAM", "teamId"), ("MAKE_ORGANIZATION", "organizationId")):
        if description[key] is not None:
            variables[name] = str(description[key])
    variables["MAKE_MCP_URL"] = f"{address}/mcp/stateless"
    variables["MAKE_EMULATOR_URL"] = address
    variables["MAKE_EMULATOR_WORLD"] = str(description["name"])
    if control_key is not None:
        variables["MAKE_EMULATOR_CONTROL_KEY"] = control_key
    if ca_file is not None:
        # Imported on use: it loads the server.
        from ..server.tls import CA_BUNDLE_VARIABLES

        variables |= dict.fromkeys(CA_BUNDLE_VARIABLES, str(ca_file.absolute()))
    return variables


def _wait_until_ready(control: ControlClient, seconds: float) -> None:
    """Waits until the emulator is ready.

    Raises:
        CommandError: if it is not in time.
    """
    from ..client.control import ControlError

    end = time.monotonic() + seconds
    while True:
        try:
            control.call("GET", "ready")
        except ControlError as error:
            if time.monotonic() >= end:
                raise CommandError(f"not ready after {seconds:g} s: {error}") from None
            time.sleep(_POLL_INTERVAL)
        else:
            return


def _proxy_variables(url: str) -> dict[str, str]:
    """Returns variables that keep requests to the emulator away from a proxy of the environment; none if they reach it."""
    proxies = getproxies_environment()
    host = urlsplit(url).hostname or ""
    if not {"http", "https", "all"} & proxies.keys() or proxy_bypass(host):
        return {}
    hosts = ",".join(filter(None, [proxies.get("no", ""), host]))
    return {"NO_PROXY": hosts, "no_proxy": hosts}


def _shell_lines(variables: Mapping[str, str]) -> Iterable[str]:
    # With semicolons, as `eval $(…)` without quotes joins the lines.
    return (f"export {name}={shlex.quote(value)};" for name, value in variables.items())


def _fish_lines(variables: Mapping[str, str]) -> Iterable[str]:
    for name, value in variables.items():
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        yield f"set -gx {name} '{quoted}';"


def _powershell_lines(variables: Mapping[str, str]) -> Iterable[str]:
    for name, value in variables.items():
        quoted = re.sub("['‘’‚‛]", r"\g<0>\g<0>", value)
        yield f"$env:{name} = '{quoted}'"


def _dotenv_lines(variables: Mapping[str, str]) -> Iterable[str]:
    for name, value in variables.items():
        if _PLAIN_VALUE.fullmatch(value):
            yield f"{name}={value}"
        elif "'" not in value and "\\" not in value:
            yield f"{name}='{value}'"
        else:
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            yield f'{name}="{quoted}"'


def _github_lines(variables: Mapping[str, str]) -> Iterable[str]:
    return (f"{name}={value}" for name, value in variables.items())


def _json_lines(variables: Mapping[str, str]) -> Iterable[str]:
    yield orjson.dumps(variables, option=orjson.OPT_INDENT_2).decode()


#: The lines of each format.
FORMATS: dict[str, Callable[[Mapping[str, str]], Iterable[str]]] = {
    "shell": _shell_lines,
    "json": _json_lines,
    "dotenv": _dotenv_lines,
    "fish": _fish_lines,
    "github": _github_lines,
    "powershell": _powershell_lines,
}
