"""Facts about the installation and its environment, for ``doctor`` and ``report``."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
from collections.abc import Iterator, Mapping

import click

from .options import ENV_PREFIX

#: Extra -> the module that shows that it is installed, and what it is for.
EXTRAS = {
    "contract": ("pytest", "the contract suite"),
    "functions": ("quickjs", "custom functions in JavaScript"),
    "otel": ("opentelemetry.sdk", "spans for OpenTelemetry"),
}

#: Libraries on which responses depend.
LIBRARIES = (
    "aiosmtpd",
    "apispec",
    "cheroot",
    "click",
    "faker",
    "flask",
    "joserfc",
    "marshmallow",
    "opentelemetry-sdk",
    "orjson",
    "pytest",
    "pyyaml",
    "quickjs-ng",
    "requests",
    "trustme",
    "tzdata",
    "urllib3",
    "werkzeug",
)

#: Variables that are no option of a command.
_OTHER_VARIABLES = (
    "MAKE_EMULATOR_BENCHMARK_CACHE",
    "MAKE_EMULATOR_CA_FILE",
    "MAKE_EMULATOR_FUNCTION_TIME_LIMIT",
    "MAKE_EMULATOR_PYTHON",
    "MAKE_EMULATOR_START_OPTIONS",
    "MAKE_EMULATOR_TEST_SLOW",
)
#: Beginnings of the names of variables that tests read.
_TEST_PREFIX = "MAKE_EMULATOR_REQUIRE_"

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)>=(?P<version>[0-9.]+)$")


def python_text() -> str:
    """Returns interpreter and version, such as ``CPython 3.12.4``."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def platform_text() -> str:
    """Returns operating system and processor, such as ``Linux 6.8.0 x86_64``."""
    return f"{platform.system()} {platform.release()} {platform.machine()}"


def library_versions() -> dict[str, str]:
    """Returns the versions of the libraries that are installed."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def outdated_libraries() -> Iterator[str]:
    """Yields a text for each library that is missing, or older than the oldest tested version."""
    try:
        requirements = importlib.metadata.requires("make-emulator") or []
    except importlib.metadata.PackageNotFoundError:
        # A checkout on the path: nothing says what is needed.
        return
    for requirement in requirements:
        match = _REQUIREMENT.match(requirement)
        if match is None:
            # That of an extra, or of another system.
            continue
        try:
            installed = importlib.metadata.version(match["name"])
        except importlib.metadata.PackageNotFoundError:
            yield f"{match['name']} is not installed"
            continue
        if _version_key(installed) < _version_key(match["version"]):
            yield f"{match['name']} {installed} is older than {match['version']}, the oldest that is tested"


def has_extra(name: str) -> bool:
    """Returns true if an extra is installed."""
    module, _ = EXTRAS[name]
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        # The package around it is not there.
        return False


def emulator_variables() -> dict[str, str]:
    """Returns the variables of the environment that are meant for the emulator."""
    return {name: os.environ[name] for name in sorted(os.environ) if name.startswith(f"{ENV_PREFIX}_")}


def known_variables(group: click.Group, prefix: str = ENV_PREFIX) -> set[str]:
    """Returns the names of all variables that commands, and other parts, read."""
    names = set(_OTHER_VARIABLES)
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        here = f"{prefix}_{name}".upper().replace("-", "_")
        if isinstance(command, click.Group):
            names |= known_variables(command, here)
            continue
        for parameter in command.params:
            declared = parameter.envvar
            if declared is None:
                names.add(f"{here}_{parameter.name}".upper())
            else:
                names.update([declared] if isinstance(declared, str) else declared)
    return names


def unknown_variables(variables: Mapping[str, str], known: set[str]) -> list[str]:
    """Returns the names of variables that nothing reads."""
    return [name for name in variables if name not in known and not name.startswith(_TEST_PREFIX)]


def _version_key(text: str) -> tuple[int, ...]:
    """Returns the numbers of a release, without what follows them, such as ``rc1``."""
    return tuple(int(number) for number in re.match(r"[0-9.]*", text)[0].split(".") if number)  # type: ignore[index]
