"""The command ``doctor``: checks of what may keep clients and the emulator apart."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

import click
import orjson

from ..error_reasons import connection_error_reason
from ..lazy_dataclasses import dataclass
from ..plain_text import find_slip, pluralize, printable
from ..version import __version__
from . import installation
from .command import command
from .errors import CommandError
from .health import find_version
from .options import env_option, format_option

Status = Literal["ok", "note", "problem"]

#: The emulator that may run.
DEFAULT_URL = "http://127.0.0.1:4747"

_COLOURS = {"ok": "green", "note": "yellow", "problem": "red"}

#: Seconds to wait for a connection, and for a program that knows who listens.
_TIMEOUT = 3.0

_LOOPBACK = frozenset(["127.0.0.1", "::1", "localhost"])

#: Seconds before its end at which a certificate is worth a note.
_CERTIFICATE_TIME = 14 * 86_400


@dataclass(frozen=True, slots=True)
class Check:
    """Result of one check.

    Args:
        name: what was checked.
        remedy: what to do; empty if there is nothing to do.
    """

    name: str
    status: Status
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Emulator that is looked at, and the settings for it.

    Args:
        is_expected: true if it should run, as its URL was given.
        ca_file: the file of the certificate authority that clients trust.
    """

    url: SplitResult
    is_expected: bool
    ca_file: Path | None

    @property
    def host(self) -> str:
        return self.url.hostname or ""

    @property
    def port(self) -> int:
        return self.url.port or (443 if self.url.scheme == "https" else 80)

    @property
    def address(self) -> str:
        return f"{self.url.scheme}://{self.url.netloc}"


@command(
    examples=[
        "make-emulator doctor",
        "make-emulator doctor --url http://127.0.0.1:4750",
        "make-emulator doctor --url https://127.0.0.1:4747 --tls-ca ca.pem",
        "make-emulator doctor --format json",
    ],
    docs="how-to/command-line.md",
    short_help="Find what keeps clients and the emulator apart.",
)
@env_option(
    "--url", metavar="URL", help="The emulator that should run.  [default: one may, at http://127.0.0.1:4747]"
)
@env_option(
    "--tls-ca", type=click.Path(path_type=Path), metavar="FILE", help="The CA certificate that clients trust."
)
@format_option("text", "json", help="A line for each check, or one JSON object.")
@click.pass_context
def doctor(context: click.Context, url: str | None, tls_ca: Path | None, format: str) -> None:
    """Check Python, libraries, port, certificates, proxies and variables, and the emulator that runs.

    Exit 1 if there is a problem. Nothing is changed, and only the emulator is called.
    """
    target = Target(_parse_url(url or DEFAULT_URL), url is not None, tls_ca)
    group = context.find_root().command
    assert isinstance(group, click.Group)
    checks = list(_run_checks(target, group))
    problems = sum(check.status == "problem" for check in checks)
    if format == "json":
        rows = [
            {"check": each.name, "status": each.status, "text": each.text, "remedy": each.remedy or None}
            for each in checks
        ]
        document = {"version": __version__, "problems": problems, "checks": rows}
        click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    else:
        width = shutil.get_terminal_size((80, 24)).columns
        for line in render_lines(checks, width):
            click.echo(line)
    if problems:
        context.exit(1)


def _run_checks(target: Target, group: click.Group) -> Iterator[Check]:
    yield from _check_python()
    yield from _check_libraries()
    yield from _check_extras()
    yield from _check_server(target)
    yield from _check_ca_files()
    yield from _check_proxies(target)
    yield from _check_localhost(target)
    yield from _check_variables(group)


def render_lines(checks: Sequence[Check], width: int) -> Iterator[str]:
    """Yields the lines of the checks, and a summary, for a terminal of a width in characters."""
    indent = " " * 9
    for check in checks:
        head, *rest = _wrap(check.text, width - len(indent))
        yield click.style(f"{check.status:<7}", fg=_COLOURS[check.status]) + f"  {head}"
        yield from (indent + line for line in rest)
        for line in _wrap(check.remedy, width - len(indent) - 3) if check.remedy else ():
            yield f"{indent}   {line}"
    yield ""
    problems = sum(check.status == "problem" for check in checks)
    yield pluralize(problems, "problem") if problems else "No problem found."


def _wrap(text: str, width: int) -> list[str]:
    lines = textwrap.wrap(printable(text), max(width, 30), break_long_words=False, break_on_hyphens=False)
    return lines or [""]


def _parse_url(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.rstrip("/"))
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid:
        raise click.BadParameter(f"{url!r} is not a URL, such as http://127.0.0.1:4747.", param_hint="--url")
    return parts


# --- the installation ------------------------------------------------------------------------------------


def _check_python() -> Iterator[Check]:
    text = f"make-emulator {__version__}, {installation.python_text()}, {installation.platform_text()}"
    yield Check("python", "ok", text)


def _check_libraries() -> Iterator[Check]:
    outdated = list(installation.outdated_libraries())
    if not outdated:
        yield Check("libraries", "ok", "The libraries are as new as they have to be.")
    for text in outdated:
        yield Check("libraries", "problem", f"{text}.", "pip install --upgrade make-emulator")


def _check_extras() -> Iterator[Check]:
    installed = [name for name in installation.EXTRAS if installation.has_extra(name)]
    if installed:
        yield Check("extras", "ok", f"Extras: {', '.join(installed)}.")
    for name, (_, purpose) in installation.EXTRAS.items():
        if name not in installed:
            text = f"The extra '{name}' is not installed: {purpose}."
            yield Check("extras", "note", text, f"pip install 'make-emulator[{name}]'")


# --- the server ------------------------------------------------------------------------------------------


def _check_server(target: Target) -> Iterator[Check]:
    """Yields who listens at the port, and whether it is an emulator of this version."""
    try:
        with socket.create_connection((target.host, target.port), timeout=_TIMEOUT):
            pass
    except OSError as error:
        yield _check_free_port(target, error)
        return
    try:
        version, scheme = find_version(
            (target.host, target.port), target.url.scheme, target.url.netloc, _TIMEOUT
        )
    except CommandError as error:
        holder = _find_listener(target.port) if target.host in _LOOPBACK else ""
        yield Check(
            "server",
            "problem",
            f"{error.message[0].upper()}{error.message[1:]}{holder}.",
            "serve --port 0 picks a free port",
        )
        return
    if scheme != target.url.scheme:
        text = f"The emulator at {target.url.netloc} speaks HTTPS only."
        yield Check("server", "problem", text, f"call https://{target.url.netloc}")
    elif version == __version__:
        yield Check("server", "ok", f"make-emulator {version} serves at {target.address}.")
    else:
        yield Check(
            "server",
            "problem",
            f"make-emulator {version} serves at {target.address}, and this command is of {__version__}.",
            "restart the server, or install the same version for both",
        )
    if target.url.scheme == "https":
        yield _check_certificate(target)


def _check_free_port(target: Target, error: OSError) -> Check:
    if target.is_expected:
        text = f"No emulator answers at {target.address}: {connection_error_reason(error)}."
        return Check("server", "problem", text, "make-emulator serve starts one")
    try:
        family = socket.AF_INET6 if ":" in target.host else socket.AF_INET
        with socket.socket(family) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((target.host, target.port))
    except OSError as refused:
        text = f"Port {target.port} of {target.host} cannot be used: {connection_error_reason(refused)}."
        return Check("port", "problem", text, "serve --port 0 picks a free port")
    return Check("port", "ok", f"Port {target.port} of {target.host} is free; no emulator runs there.")


def _check_certificate(target: Target) -> Check:
    """Returns whether clients with the CA file, or the environment as it is, trust the server."""
    try:
        context = ssl.create_default_context(cafile=str(target.ca_file) if target.ca_file else None)
    except OSError as error:
        reason = getattr(error, "strerror", None) or "it holds no certificate"
        return Check("certificate", "problem", f"The CA file {target.ca_file} cannot be used: {reason}.")
    try:
        with (
            socket.create_connection((target.host, target.port), timeout=_TIMEOUT) as plain,
            context.wrap_socket(plain, server_hostname=target.host) as wrapped,
        ):
            end = ssl.cert_time_to_seconds(str((wrapped.getpeercert() or {}).get("notAfter", "")))
    except ssl.SSLCertVerificationError as error:
        text = f"The certificate of {target.address} is not trusted: {error.verify_message}."
        remedy = 'eval "$(make-emulator env --tls-ca ca.pem)" sets the variables of the CA'
        if error.verify_code == _HOSTNAME_MISMATCH:
            remedy = f"serve --tls-name {target.host} adds the name"
        return Check("certificate", "problem", text, remedy)
    except (OSError, ValueError) as error:
        text = f"The certificate of {target.address} cannot be read: {connection_error_reason(error)}."
        return Check("certificate", "problem", text)
    text = f"The certificate of {target.address} is trusted, until {time.strftime('%Y-%m-%d', time.gmtime(end))}."
    return Check("certificate", "note" if end - time.time() < _CERTIFICATE_TIME else "ok", text)


#: Code of OpenSSL for a certificate of another host, and for one of another address.
_HOSTNAME_MISMATCH = 62


def _find_listener(port: int) -> str:
    """Returns the process that listens at a port, such as ``; it is nginx (process 812)``; nothing if it is unknown."""
    found = _find_listener_in_proc(port) if sys.platform == "linux" else _find_listener_by_lsof(port)
    return f"; it is {printable(found[1])} (process {found[0]})" if found else ""


def _find_listener_in_proc(port: int) -> tuple[str, str] | None:
    """Returns id and name of the process with a listening socket, from the files of Linux."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                # Local address, and 0A for a socket that listens.
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        if inodes & set(_open_files(process)):
            with suppress(OSError):
                return process.name, (process / "comm").read_text().strip()
    return None


def _open_files(process: Path) -> Iterator[str]:
    """Yields what the open files of a process are, as far as this process may see them; they come and go meanwhile."""
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:
        return
    for descriptor in descriptors:
        with suppress(OSError):
            yield str(descriptor.readlink())


def _find_listener_by_lsof(port: int) -> tuple[str, str] | None:
    """Returns id and name of the process with a listening socket, from the program lsof if there is one."""
    if (program := shutil.which("lsof")) is None:
        return None
    arguments = [program, "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
    with suppress(OSError, subprocess.SubprocessError):
        lines = subprocess.run(arguments, capture_output=True, text=True, timeout=_TIMEOUT).stdout.split("\n")
        values = {line[:1]: line[1:] for line in reversed(lines) if line}
        if "p" in values and "c" in values:
            return values["p"], values["c"]
    return None


# --- the environment of clients --------------------------------------------------------------------------


def _check_proxies(target: Target) -> Iterator[Check]:
    proxies = {scheme: url for scheme, url in getproxies().items() if scheme in ("http", "https", "all")}
    if not proxies:
        yield Check("proxy", "ok", "No proxy is set.")
    elif proxy_bypass(target.host):
        yield Check("proxy", "ok", f"A proxy is set, and {target.host} is called without it.")
    else:
        names = ", ".join(sorted(f"{scheme}_proxy" for scheme in proxies))
        yield Check(
            "proxy",
            "problem",
            f"Requests to {target.host} go to a proxy ({names}), which does not reach the emulator.",
            'eval "$(make-emulator env)" sets NO_PROXY',
        )


def _check_ca_files() -> Iterator[Check]:
    from ..server.tls import CA_BUNDLE_VARIABLES

    for name in CA_BUNDLE_VARIABLES:
        path = os.environ.get(name)
        if path and not Path(path).exists():
            text = f"{name} names a file that does not exist, {path}: HTTPS fails in clients that read it."
            yield Check("certificate", "problem", text, f"unset {name}")


def _check_localhost(target: Target) -> Iterator[Check]:
    try:
        first = socket.getaddrinfo("localhost", target.port, type=socket.SOCK_STREAM)[0][4][0]
    except OSError:
        yield Check("localhost", "note", "The name localhost has no address here.", "call 127.0.0.1 instead")
        return
    if ":" in str(first):
        text = "localhost is ::1 first here, and the emulator listens at 127.0.0.1, so some clients do not reach it by that name."
        yield Check("localhost", "note", text, "call 127.0.0.1 instead")


def _check_variables(group: click.Group) -> Iterator[Check]:
    """Yields the variables that nothing reads, and those that send clients to the real service."""
    known = installation.known_variables(group)
    variables = installation.emulator_variables()
    unknown = installation.unknown_variables(variables, known)
    for name in unknown:
        meant = find_slip(name, known)
        if meant is None:
            yield Check("variables", "note", f"Nothing reads the variable {name}.")
        else:
            yield Check(
                "variables", "problem", f"Nothing reads the variable {name}.", f"did you mean {meant}?"
            )
    for name in ("MAKE_ZONE", "MAKE_BASE_URL"):
        value = os.environ.get(name, "")
        host = urlsplit(value if "//" in value else f"//{value}").hostname or ""
        if _is_make_host(host):
            text = f"{name} is {printable(host)}: clients that read it call the real service."
            yield Check("variables", "note", text, 'eval "$(make-emulator env)" points them to the emulator')
    if len(variables) > len(unknown):
        names = [name for name in variables if name not in unknown]
        yield Check("variables", "ok", f"Variables in use: {', '.join(names)}.")


def _is_make_host(host: str) -> bool:
    from ..world.zones import is_make_host

    # A zone by its short name, such as eu1, is one, too.
    return is_make_host(host) or ("." not in host and host[-1:].isdigit() and host[:2].isalpha())
