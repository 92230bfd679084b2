"""Enumerations of Make: time zones, countries, regions and scopes.

Ids that a public source shows are used (113 is Europe/Prague, 164 Europe/Rome, 4 Afghanistan, 5 Åland, 6
Albania); the others are assigned in alphabetical order and are no fact about Make.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

_OBSERVED_TIMEZONES = {113: "Europe/Prague", 164: "Europe/Rome"}


@dataclass(frozen=True, slots=True)
class Country:
    """Country, with its codes of ISO 3166: three upper-case and two lower-case letters."""

    id: int
    name: str
    code: str
    code2: str


@dataclass(frozen=True, slots=True)
class Region:
    """Region in which an organization is created."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Timezone:
    """Time zone; ``code`` is its name in the time zone database, ``offset`` its standard offset, e.g. ``+0100``."""

    id: int
    name: str
    code: str
    offset: str


REGIONS = (Region(1, "EU"), Region(2, "US"))

#: Areas with a ``:read`` and a ``:write`` scope. Source: API documentation, "Make API scopes".
_SCOPE_RESOURCES = (
    "admin",
    "agents",
    "analytics",
    "apps",
    "connections",
    "credential-requests",
    "custom-property-structures",
    "datastores",
    "devices",
    "dlqs",
    "functions",
    "hooks",
    "instances",
    "keys",
    "notifications",
    "organizations",
    "organization-variables",
    "scenarios",
    "scenarios-shared",
    "sdk-apps",
    "team-variables",
    "teams",
    "templates",
    "udts",
    "user",
)

SCOPES = frozenset(f"{area}:{access}" for area in _SCOPE_RESOURCES for access in ("read", "write")) | {
    "mcp:use",
    "scenarios:run",
}


@lru_cache(maxsize=1)
def timezone_codes() -> dict[int, str]:
    """Time zone id -> name in the time zone database."""
    seen = set(_OBSERVED_TIMEZONES.values())
    others = iter(sorted(name for name in available_timezones() if "/" in name and name not in seen))
    codes: dict[int, str] = {}
    id = 0
    for name in others:
        id += 1
        while id in _OBSERVED_TIMEZONES:
            codes[id] = _OBSERVED_TIMEZONES[id]
            id += 1
        codes[id] = name
    return codes


def get_timezone(timezone_id: int) -> ZoneInfo:
    """The time zone with an id; UTC for an unknown id."""
    code = _OBSERVED_TIMEZONES.get(timezone_id) or timezone_codes().get(timezone_id, "Etc/UTC")
    return ZoneInfo(code)


def timezones(now: int) -> list[Timezone]:
    """Every time zone with its standard offset at a moment, by id."""
    at = datetime.fromtimestamp(now / 1000, UTC)
    rows = []
    for id, code in timezone_codes().items():
        local = at.astimezone(ZoneInfo(code))
        standard = (local.utcoffset() or timedelta()) - (local.dst() or timedelta())
        minutes = round(standard.total_seconds() / 60)
        sign = "-" if minutes < 0 else "+"
        hours, rest = divmod(abs(minutes), 60)
        rows.append(
            Timezone(id, f"(GMT{sign}{hours:02d}:{rest:02d}) {code}", code, f"{sign}{hours:02d}{rest:02d}")
        )
    return rows


@lru_cache(maxsize=1)
def countries() -> list[Country]:
    """Every country by name."""
    # Lazy: Faker, the source of the ISO 3166 codes, takes 90 ms to import, and this list is rarely requested.
    from faker.providers.date_time import Provider

    rows = {row.name: (row.alpha_3_code, row.alpha_2_code.lower()) for row in Provider.countries}
    rows["Åland Islands"] = ("ALA", "ax")
    names = sorted(rows, key=lambda name: name.replace("Å", "Afh"))
    # The vendor's tests create organizations with country 1, in the time zone of Prague.
    ids = itertools.count(4)
    return [Country(1 if rows[name][1] == "cz" else next(ids), name, *rows[name]) for name in names]
