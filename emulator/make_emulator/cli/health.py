"""The command ``health``: the health check of a container, over HTTP or HTTPS."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

import click

from ..error_reasons import connection_error_reason
from .command import command
from .errors import CommandError
from .options import env_option, format_option

_HEALTH, _READY = "/_emulator/health", "/_emulator/ready"

#: The address at which a server that listens at all of them is asked.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@command(
    examples=["make-emulator health", "make-emulator health --url https://make.test:4747"],
    docs="how-to/docker.md",
    short_help="Tell whether an emulator is ready: exit 0 or 1.",
)
@env_option("--url", metavar="URL", help="The URL of the emulator, in place of host and port.")
@env_option("--host", default="127.0.0.1", show_default=True, help="Address at which it listens.")
@env_option(
    "--port",
    default=4747,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port at which it listens.",
)
@click.option(
    "--timeout",
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(0, min_open=True),
    help="Longest wait for its response.",
)
@format_option("text", "json", help="A line, or one JSON object.")
def health(url: str | None, host: str, port: int, timeout: float, format: str) -> None:
    """Tell whether an emulator serves, and its start scripts have ended: exit 0, or 1.

    It is made for health checks of containers: host and port are those that serve takes from the same environment variables, HTTPS is
    recognized, and no certificate is verified.
    """
    if url is not None:
        address, scheme, target = _split_url(url)
    else:
        bare = _LOOPBACK.get(host.strip("[]"), host.strip("[]"))
        address, scheme, target = (bare, port), "http", f"{f'[{bare}]' if ':' in bare else bare}:{port}"
    version, scheme = find_version(address, scheme, target, timeout)
    with _connection_errors(scheme, target):
        status, _ = _get(address, scheme, timeout, _READY)
    if status == 503:
        raise CommandError(f"the emulator at {scheme}://{target} is not ready: its start scripts run")
    if format == "json":
        click.echo(json.dumps({"url": f"{scheme}://{target}", "version": version}, indent=2))
    else:
        click.echo(f"make-emulator {version} is ready at {scheme}://{target}")


def find_version(address: tuple[str, int], scheme: str, target: str, timeout: float) -> tuple[str, str]:
    """Returns the version of the emulator that serves at an address, and the scheme by which it answered.

    Raises:
        CommandError: if there is none.
    """
    with _connection_errors(scheme, target):
        status, body = _get(address, scheme, timeout, _HEALTH)
        if status == 400 and scheme == "http" and b"HTTPS only" in body:
            scheme = "https"
            status, body = _get(address, scheme, timeout, _HEALTH)
    version = _version(body) if status == 200 else None
    if version is None:
        raise CommandError(f"what answers at {scheme}://{target} is no emulator: status {status}")
    return version, scheme


@contextmanager
def _connection_errors(scheme: str, target: str) -> Iterator[None]:
    """Context in which a server that does not answer is a failure of the command."""
    try:
        yield
    except (OSError, HTTPException) as error:
        reason = connection_error_reason(error) if isinstance(error, OSError) else "it does not speak HTTP"
        raise CommandError(f"no emulator answers at {scheme}://{target}: {reason}") from None


def _split_url(url: str) -> tuple[tuple[str, int], str, str]:
    """Returns host and port, scheme, and both as text.

    Raises:
        BadParameter: if it is no URL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.BadParameter(f"{url!r} is not a URL, such as http://127.0.0.1:4747.", param_hint="--url")
    return (parts.hostname, port), parts.scheme, parts.netloc.rpartition("@")[2]


def _get(address: tuple[str, int], scheme: str, timeout: float, path: str) -> tuple[int, bytes]:
    """Returns status and body of the response to a request.

    Raises:
        OSError: if there is none.
        HTTPException: if it is not HTTP.
    """
    connection = HTTPConnection(*address, timeout=timeout)
    if scheme == "https":
        # The certificate of an ephemeral authority, of which this process knows nothing; it sends no secret.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = HTTPSConnection(*address, timeout=timeout, context=context)
    try:
        connection.request("GET", path)
        response: HTTPResponse = connection.getresponse()
        return response.status, response.read(65_536)
    finally:
        connection.close()


def _version(body: bytes) -> str | None:
    """Returns the version in the response of an emulator that serves, or ``None`` for another."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    is_emulator = isinstance(answer, dict) and answer.get("status") == "ok"
    return str(answer.get("version")) if is_emulator else None
