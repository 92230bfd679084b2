"""JSON Schema of seeds for editors, the starter file, and summaries of seeds."""

from __future__ import annotations

import inspect
import json
from typing import Any

import marshmallow as ma
from marshmallow import fields

from ..json_types import JsonObject
from ..resources import fixture_path
from .fields import SeedField
from .schema import SEED_SCHEMA, NestedSection, Section, SectionList
from .validation import TEAM_RESOURCE_KEYS, Seed

#: The plurals of kinds of resources in a summary.
_PLURALS = {"dataStructure": "data structures", "dataStore": "data stores"}
_GENERATED_KINDS = {"data_stores": "dataStore"}


def json_schema() -> JsonObject:
    """The JSON Schema of a seed, derived from the marshmallow schemas."""
    definitions: JsonObject = {}
    whole = _section_schema(SEED_SCHEMA, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A seed of make-emulator",
        **whole,
        "$defs": dict(sorted(definitions.items())),
    }


def json_schema_text() -> str:
    """The JSON Schema of a seed as indented JSON."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _section_schema(section: ma.Schema, definitions: JsonObject) -> JsonObject:
    required = [field.data_key or name for name, field in section.load_fields.items() if field.required]
    return {
        "description": inspect.getdoc(type(section)) or "",
        "type": "object",
        "additionalProperties": False,
        **({"required": required} if required else {}),
        "properties": {
            field.data_key or name: _field_schema(field, definitions)
            for name, field in section.load_fields.items()
        },
    }


def _field_schema(field: fields.Field[Any], definitions: JsonObject) -> JsonObject:
    about = {"description": about} if (about := getattr(field, "about", "")) else {}
    if isinstance(field, SectionList):
        least = {"minItems": field.min_items} if field.min_items else {}
        return {**about, "type": "array", **least, "items": _section_reference(field.schema, definitions)}
    if isinstance(field, NestedSection):
        return {**about, **_section_reference(field.schema, definitions)}
    assert isinstance(field, SeedField)
    default = field.load_default
    shown = {"default": default} if isinstance(default, (str, int)) and default != "" else {}
    return {**about, **field.shape, **shown}


def _section_reference(section: ma.Schema, definitions: JsonObject) -> JsonObject:
    assert isinstance(section, Section)
    name = type(section).__name__.removesuffix("Section")
    if name not in definitions:
        definitions[name] = {}
        definitions[name] = _section_schema(section, definitions)
    return {"$ref": f"#/$defs/{name}"}


def starter_text() -> str:
    """The text of the commented starter seed."""
    return fixture_path("starter.yaml").read_text("utf-8")


def summarize(seed: Seed) -> str:
    """The numbers of resources, e.g. ``2 users, 1 organization, 1 team, 4 scenarios``; variables of both kinds are added up."""
    teams = [team for organization in seed.organizations for team in organization["teams"]]
    counts = {"user": len(seed.users), "organization": len(seed.organizations), "team": len(teams)}
    counts["variable"] = sum(len(owner["variables"]) for owner in (*seed.organizations, *teams))
    for kind, key in TEAM_RESOURCE_KEYS.items():
        counts[kind] = sum(len(team[key]) for team in teams)
    counts["record"] = sum(len(store["records"]) for team in teams for store in team["data_stores"])
    counts["execution"] = sum(len(scenario["runs"]) for team in teams for scenario in team["scenarios"])
    for team in teams:
        for key, number in (team.get("generate") or {}).items():
            counts[_GENERATED_KINDS.get(key, key.removesuffix("s"))] += number
    return ", ".join(_format_count(kind, number) for kind, number in counts.items() if number)


def _format_count(kind: str, number: int) -> str:
    plural = _PLURALS.get(kind, f"{kind}s")
    return f"{number:,} {plural.removesuffix('s') if number == 1 else plural}"
