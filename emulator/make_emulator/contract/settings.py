"""Settings of a run: options of the command line or of pytest, or environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..lazy_dataclasses import dataclass

#: Prefix of the environment variables.
ENV_PREFIX = "MAKE_EMULATOR_CONTRACT_"


class SettingsError(ValueError):
    """Invalid combination of settings; the message names the options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of one run. Without ``base_url`` a fresh emulator is started."""

    base_url: str | None = None
    token: str | None = field(default=None, repr=False)
    #: A second token with few scopes, for the scope tests.
    weak_token: str | None = field(default=None, repr=False)
    team_id: int | None = None
    organization_id: int | None = None
    read_only: bool = False
    rate_limit: bool = False
    update: bool = False
    json: Path | None = None
    html: Path | None = None
    ledger: Path | None = None
    #: Ids of behaviours, separated by commas: only the tests that check one of them run.
    only: str | None = None

    def __post_init__(self) -> None:
        target: dict[str, object] = {
            "token": self.token,
            "team-id": self.team_id,
            "organization-id": self.organization_id,
        }
        if self.base_url is None:
            target["weak-token"] = self.weak_token
            if present := [f"--{name}" for name, value in target.items() if value is not None]:
                raise SettingsError(f"{', '.join(present)} goes with --base-url only")
            if self.update:
                raise SettingsError(
                    "--update goes with --base-url only: an emulator is no evidence of Make's behaviour"
                )
            return
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(f"--base-url {self.base_url!r} is no URL such as https://eu1.make.com/api/v2")
        if missing := [f"--{name}" for name, value in target.items() if value is None]:
            raise SettingsError(f"--base-url needs {', '.join(missing)} too")

    @property
    def only_behaviours(self) -> frozenset[str]:
        """Ids of the behaviours whose tests run; empty for all."""
        return frozenset(id.strip() for id in (self.only or "").split(",") if id.strip())

    @property
    def zone(self) -> str:
        """Host of the target, e.g. ``eu1.make.com``; ``a fresh emulator`` without one."""
        return "a fresh emulator" if self.base_url is None else urlsplit(self.base_url).netloc


def load_settings(flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """Returns the settings of the flags, and for flags that are not set those of environment variables.

    Raises:
        SettingsError: if the combination is invalid.
    """
    values: dict[str, Any] = {}
    for each in fields(Settings):
        value = flags.get(each.name)
        text = environment.get(ENV_PREFIX + each.name.upper())
        if value not in (None, False):
            values[each.name] = value
        elif text:
            values[each.name] = _parse_value(each.name, text)
    return Settings(**values)


def _parse_value(name: str, text: str) -> Any:
    match name:
        case "team_id" | "organization_id":
            if not text.isdigit():
                raise SettingsError(f"{ENV_PREFIX}{name.upper()} must be a number")
            return int(text)
        case "read_only" | "rate_limit" | "update":
            return text.lower() in ("1", "true", "yes", "on")
        case "json" | "html" | "ledger":
            return Path(text)
    return text
