"""Enumerations of Make: time zones, countries, regions, scopes and others.

Sources: the vendor's OpenAPI document. Of countries only the ids that it shows are Make's (4 Afghanistan, 5 Åland, 6 Albania);
the others are assigned in alphabetical order.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import lru_cache
from zoneinfo import ZoneInfo

from ..lazy_dataclasses import dataclass
from ..resources import load_fixture


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
class NamedId:
    """Entry of a list of ids and names."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Locale:
    """Locale, with its code and the one that Angular has for it."""

    id: int
    code: str
    angular_code: str
    name: str


@dataclass(frozen=True, slots=True)
class Language:
    """Language, with its code of ISO 639-1."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class ImtZone:
    """Zone of Make with its host."""

    id: int
    domain: str
    name: str


@dataclass(frozen=True, slots=True)
class VariableType:
    """Type of custom variables."""

    id: int
    name: str
    team_only: bool = False


@dataclass(frozen=True, slots=True)
class EmailNotification:
    """Kind of e-mail about scenarios."""

    id: int
    translation_key: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Feature:
    """Feature that a user or an organization can have."""

    title: str
    name: str


@dataclass(frozen=True, slots=True)
class ReviewStatus:
    """State of the review of a custom app."""

    value: int
    label: str


@dataclass(frozen=True, slots=True)
class LlmModel:
    """Language model on offer."""

    model_name: str
    provider_name: str
    model_display_name: str
    model_display_priority: int
    provider_display_name: str


@dataclass(frozen=True, slots=True)
class LlmTier:
    """Preset tier of language models, with its centicredits a token."""

    tier_name: str
    model_name: str
    provider_name: str
    centicredits_coefficient: float
    model_display_name: str
    provider_display_name: str


@dataclass(frozen=True, slots=True)
class Timezone:
    """Time zone; ``code`` is its name in the time zone database, ``offset`` its standard offset, e.g. ``+0100``."""

    id: int
    name: str
    code: str
    offset: str


REGIONS = (Region(1, "EU"), Region(2, "US"))

#: Zones of the public cloud; the document shows those of an example.
IMT_ZONES = tuple(
    ImtZone(id, domain, domain.partition(".")[0].upper())
    for id, domain in enumerate(("eu1.make.com", "eu2.make.com", "us1.make.com", "us2.make.com"), 1)
)

MODULE_TYPES = (
    NamedId(2, "transformer"),
    NamedId(3, "router"),
    NamedId(5, "listener"),
    NamedId(6, "feeder"),
    NamedId(7, "aggregator"),
    NamedId(8, "directive"),
    NamedId(1, "trigger"),
    NamedId(4, "action"),
    NamedId(9, "search"),
    NamedId(10, "instant"),
    NamedId(11, "responder"),
    NamedId(12, "universal"),
)

VARIABLE_TYPES = (
    VariableType(1, "number"),
    VariableType(2, "string"),
    VariableType(3, "boolean"),
    VariableType(4, "date"),
)

#: Ids and names as in the document; the other texts are the emulator's.
EMAIL_NOTIFICATIONS = (
    EmailNotification(
        2, "warningInScenarioRun", "Warning in scenario run", "A scenario ended with a warning."
    ),
    EmailNotification(1, "errorsInScenarioRun", "Errors in scenario run", "A scenario ended with an error."),
    EmailNotification(6, "scenarioDeactivation", "Scenario deactivation", "A scenario was deactivated."),
)

USER_FEATURES = (
    Feature("Local access", "local_access"),
    Feature("Create apps", "allow_apps"),
    Feature("Write JavaScript in apps", "allow_apps_js"),
    Feature("Commit changes of apps", "allow_apps_commit"),
    Feature("Set apps as consumable", "allow_apps_set_consumable"),
    Feature("Use private modules", "private_modules"),
    Feature("Create credential requests", "allow_credential_requests"),
)

ORGANIZATION_FEATURES = (
    Feature("Local access", "local_access"),
    Feature("Migrate scenarios with hidden apps", "migration_scenarios_hidden_apps"),
    Feature("Migrate within a zone", "migration_same_zone"),
)

REVIEW_STATUSES = tuple(
    ReviewStatus(value, f"{{{{!apps.forms.review.status.{name}}}}}")
    for value, name in enumerate(
        ("requestAccepted", "inProgress", "feedbackSent", "completed", "waitingForRelease", "declined")
    )
)

#: Tiers as in the document; the display names are the emulator's.
LLM_TIERS = (
    LlmTier(
        "small", "meta-llama/llama-4-maverick-17b-128e-instruct", "groq", 0.04, "Llama 4 Maverick", "Groq"
    ),
    LlmTier("medium", "gpt-4.1-mini", "openai", 0.1, "GPT-4.1 mini", "OpenAI"),
    LlmTier("large", "o4-mini", "openai", 0.25, "o4-mini", "OpenAI"),
)

LLM_MODELS = (
    LlmModel("claude-sonnet-4-0", "anthropic", "Claude Sonnet 4", 1000, "Anthropic"),
    *(
        LlmModel(
            tier.model_name, tier.provider_name, tier.model_display_name, 1000, tier.provider_display_name
        )
        for tier in LLM_TIERS
    ),
)

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
    "private-spaces",
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
def timezones() -> list[Timezone]:
    """Every time zone, by its standard offset and its name."""
    rows: Mapping[str, Mapping[int, str]] = load_fixture("timezones.yaml")
    return [
        Timezone(id, f"(GMT{offset[:3]}:{offset[3:]}) {code}", code, offset)
        for offset, codes in rows.items()
        for id, code in codes.items()
    ]


@lru_cache(maxsize=1)
def timezone_codes() -> dict[int, str]:
    """Time zone id -> name in the time zone database."""
    return {timezone.id: timezone.code for timezone in timezones()}


def get_timezone(timezone_id: int) -> ZoneInfo:
    """The time zone with an id; UTC for an unknown id."""
    # The default of users is looked up without the list, which takes time to load.
    return ZoneInfo("Europe/Prague" if timezone_id == 113 else timezone_codes().get(timezone_id, "Etc/UTC"))


@lru_cache(maxsize=1)
def locales() -> list[Locale]:
    """Every locale by its English name."""
    return [Locale(*row) for row in load_fixture("locales.yaml")]


@lru_cache
def languages(*, own_names: bool = False) -> list[Language]:
    """Every language by its English name; or those with a name in their own language, by that name's code."""
    rows: Mapping[str, Mapping[str, str]] = load_fixture("languages.yaml")
    name = "own" if own_names else "name"
    return [Language(code, row[name]) for code, row in rows.items() if name in row]


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
