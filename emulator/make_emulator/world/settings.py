"""Settings of a world: switches for what sources contradict each other about, and for how strict the emulator is where there is no source.

One declaration each: the control API, seeds, the command line, pytest and Python derive their parameters from it. The default is
the newest observation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypedDict

from ..json_types import Json
from ..lazy_dataclasses import dataclass
from ..plain_text import did_you_mean
from .world import World


@dataclass(frozen=True, slots=True)
class Setting:
    """Setting of a world.

    Args:
        name: the name in JSON, and in seeds.
        default: its value unless it is set; its type is that of all its values.
        about: one sentence.
        choices: the values of a text.
    """

    name: str
    default: bool | str
    about: str
    choices: tuple[str, ...] = ()

    @property
    def python_name(self) -> str:
        """The name in Python, such as ``api_access``."""
        return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in self.name)

    def accepts(self, value: Json) -> bool:
        """Returns True for a value that the setting may have."""
        return type(value) is type(self.default) and (not self.choices or value in self.choices)

    def describe_values(self) -> str:
        """Returns the values that the setting may have."""
        return ", ".join(self.choices) or "true, false"

    def of(self, world: World) -> bool | str:
        """Returns the value of a world."""
        return world.settings.get(self.name, self.default)


API_ACCESS = Setting(
    "apiAccess",
    True,
    "False: tokens are forbidden on routes of one item and on writes, as for organizations on Free until spring 2026.",
)
BLUEPRINT_CHANGE_STOPS = Setting(
    "blueprintChangeStops", False, "True: a new blueprint stops an active scenario, as two clients note."
)
FILTERED_USER_AGENTS = Setting(
    "filteredUserAgents",
    False,
    "True: the User-Agent of Python's urllib is refused with 403 `error code: 1010`, as by the network in front of Make.",
)
INACTIVE_HOOKS = Setting(
    "inactiveHooks",
    "queue",
    "Response of a webhook whose scenario is inactive: queue (200, kept) or reject (410), as two clients report.",
    ("queue", "reject"),
)
RUN_INACTIVE = Setting(
    "runInactive",
    False,
    "True: inactive scenarios run on request, as one report through the hosted MCP server has it.",
)

UNKNOWN_MODULES = Setting(
    "unknownModules",
    "warn",
    "Modules that the catalogue does not know: accept, warn (accepted with X-Emulator-Warning), or refuse (IM007).",
    ("accept", "warn", "refuse"),
)
UNMATCHED = Setting(
    "unmatched",
    "mock",
    "Calls of outside services that no rule and no script matches: mock (mock data) or fail (the run ends with an error).",
    ("mock", "fail"),
)

SETTINGS: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        API_ACCESS,
        BLUEPRINT_CHANGE_STOPS,
        FILTERED_USER_AGENTS,
        INACTIVE_HOOKS,
        RUN_INACTIVE,
        UNKNOWN_MODULES,
        UNMATCHED,
    )
}
"""Every setting by its name."""


class WorldSettings(TypedDict, total=False):
    """Settings by their names in Python, for type checkers and editors."""

    api_access: bool
    blueprint_change_stops: bool
    filtered_user_agents: bool
    inactive_hooks: Literal["queue", "reject"]
    run_inactive: bool
    unknown_modules: Literal["accept", "warn", "refuse"]
    unmatched: Literal["mock", "fail"]


class InvalidSettingError(ValueError):
    """A setting that there is not, or a value that it cannot have; the text says what there is."""


def check(values: Mapping[str, Json]) -> None:
    """Checks settings by name.

    Raises:
        InvalidSettingError: for the first one that is wrong.
    """
    for name, value in values.items():
        setting = SETTINGS.get(name)
        if setting is None:
            raise InvalidSettingError(
                f"There is no setting '{name[:50]}'; there are: {', '.join(SETTINGS)}{did_you_mean(name[:50], SETTINGS)}"
            )
        if not setting.accepts(value):
            raise InvalidSettingError(f"The setting '{name}' must be one of: {setting.describe_values()}.")


def apply(world: World, values: Mapping[str, Json]) -> None:
    """Changes settings of a world; the others stay.

    Raises:
        InvalidSettingError: if one is wrong; then nothing is changed.
    """
    check(values)
    for name, value in values.items():
        assert isinstance(value, (bool, str))
        world.settings[name] = value


def parse(texts: Iterable[str]) -> dict[str, bool | str]:
    """Returns settings by their names in JSON from texts such as ``apiAccess=false``, or ``api_access=false``.

    Raises:
        InvalidSettingError: if a text is none, or there is no such setting or value.
    """
    names = {setting.python_name: setting.name for setting in SETTINGS.values()}
    values: dict[str, bool | str] = {}
    for text in texts:
        name, sign, value = text.strip().partition("=")
        if not sign:
            raise InvalidSettingError(f"A setting has the form NAME=VALUE, not {text[:50]!r}.")
        values[names.get(name, name)] = {"true": True, "false": False}.get(value, value)
    check(values)
    return values


def values_of(world: World) -> dict[str, Json]:
    """Returns every setting of a world."""
    return {name: setting.of(world) for name, setting in SETTINGS.items()}


def from_python(values: Mapping[str, Any]) -> dict[str, Json]:
    """Returns settings by their names in JSON, from those in Python.

    Raises:
        TypeError: if there is no such setting, as for an unexpected argument.
    """
    return dict(_translate(values))


def _translate(values: Mapping[str, Any]) -> Iterator[tuple[str, Json]]:
    names = {setting.python_name: setting.name for setting in SETTINGS.values()}
    for name, value in values.items():
        if name not in names:
            raise TypeError(
                f"There is no setting '{name}'; there are: {', '.join(names)}{did_you_mean(name, names)}"
            )
        yield names[name], value
