"""Configuration of lint: ``[tool.make-emulator.lint]`` of pyproject.toml, or ``make-emulator-lint.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..plain_text import did_you_mean
from .finding import RULES

CONFIG_FILE = "make-emulator-lint.toml"
_KEYS = ("ignore", "least-minutes", "functions")


class LintConfigError(ValueError):
    """Invalid configuration; the message names the file and the problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LintConfig:
    """Configuration of lint.

    Attributes:
        ignore: ids of rules that are switched off.
        least_minutes: the least interval of the plan.
        functions: names of the team's custom functions.
    """

    ignore: tuple[str, ...] = ()
    least_minutes: float = 1
    functions: tuple[str, ...] = ()


def load_config(folder: Path) -> LintConfig:
    """Returns the configuration that applies in a folder: that of the nearest file in it or above it.

    Raises:
        LintConfigError: if the file is not valid.
    """
    for directory in (folder, *folder.parents):
        own = directory / CONFIG_FILE
        if own.is_file():
            return _parse(own, _read(own))
        project = directory / "pyproject.toml"
        if project.is_file():
            section = _read(project).get("tool", {}).get("make-emulator", {}).get("lint")
            if section is not None:
                return _parse(project, section)
    return LintConfig()


def check_rule_ids(names: tuple[str, ...]) -> None:
    """Checks ids of rules.

    Raises:
        LintConfigError: if there is no such rule.
    """
    for name in names:
        if name not in RULES:
            raise LintConfigError(f"no rule {name!r}{did_you_mean(name, RULES)}")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LintConfigError(f"{path}: {error}") from None


def _parse(path: Path, section: dict[str, Any]) -> LintConfig:
    if not isinstance(section, dict):
        raise LintConfigError(f"{path}: the configuration of lint is not a table")
    for key in section:
        if key not in _KEYS:
            raise LintConfigError(f"{path}: unknown key {key!r}{did_you_mean(key, _KEYS)}")
    ignore, functions = _texts(path, section, "ignore"), _texts(path, section, "functions")
    minutes = section.get("least-minutes", 1)
    if isinstance(minutes, bool) or not isinstance(minutes, (int, float)):
        raise LintConfigError(f"{path}: 'least-minutes' is not a number")
    try:
        check_rule_ids(ignore)
    except LintConfigError as error:
        raise LintConfigError(f"{path}: {error}") from None
    return LintConfig(ignore=ignore, least_minutes=minutes, functions=functions)


def _texts(path: Path, section: dict[str, Any], key: str) -> tuple[str, ...]:
    values = section.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise LintConfigError(f"{path}: {key!r} is not an array of texts")
    return tuple(values)
