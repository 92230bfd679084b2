"""Fields of seeds: validation, messages and JSON Schema of their values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import marshmallow as ma
from marshmallow import fields

from ..json_types import Json, as_mapping
from ..oauth.redirect_uris import find_issue
from ..plain_text import did_you_mean
from ..policies.grants import LEVELS, InvalidGrantsError, parse_grants
from ..policies.resources import KINDS
from ..schemas.base import MAX_ID
from ..schemas.data_structures import spec_issues
from ..world import custom_modules, roles
from ..world.clock import DAY, MAX_TIMESTAMP, MINUTE, SECOND, parse_iso
from ..world.enums import SCOPES, timezone_codes
from ..world.models import CustomModule, Grant
from ..world.zones import ZONE_PATTERN

#: Names of sets of scopes in a seed.
SCOPE_SETS = {
    "all": SCOPES,
    "read": frozenset(scope for scope in SCOPES if scope.endswith(":read")),
}

_TIME_UNITS = {"s": SECOND, "m": MINUTE, "h": 60 * MINUTE, "d": DAY}
_RELATIVE_TIME = re.compile(r"-([0-9]{1,6})([smhd])", re.ASCII)
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def _describe(value: Json) -> str:
    match value:
        case bool():
            return "a boolean"
        case str():
            return repr(value if len(value) <= 40 else value[:40] + "…")
        case int() | float():
            return str(value)
        case list():
            return "a list"
        case dict():
            return "a mapping"
    return "nothing"


class SeedField(fields.Field[Any]):
    """Value of a seed. ``shape`` is its JSON Schema, ``about`` its description for editors."""

    shape: Mapping[str, Json] = {}

    def __init__(self, about: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.about = about

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return self.read(value)

    def read(self, value: Json) -> Any:
        """The validated value.

        Raises:
            marshmallow.ValidationError: if it is invalid.
        """
        return value

    def type_error(self, expected: str, value: Json) -> ma.ValidationError:
        """The error for a value of another type than the expected one."""
        return ma.ValidationError(f"must be {expected}, not {_describe(value)}")


class TextField(SeedField):
    """String; ``loose`` accepts a number, too."""

    def __init__(
        self, about: str, *, maximum: int = 128, minimum: int = 1, loose: bool = False, **options: Any
    ) -> None:
        super().__init__(about, **options)
        self._minimum, self._maximum, self._loose = minimum, maximum, loose
        kinds = ["string", "number"] if loose else "string"
        self.shape = {"type": kinds, "minLength": minimum, "maxLength": maximum}

    def read(self, value: Json) -> str:
        if self._loose and isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise self.type_error("a string", value)
        if not self._minimum <= len(value) <= self._maximum:
            raise ma.ValidationError(f"must have {self._minimum} to {self._maximum} characters")
        return value


class IntegerField(SeedField):
    """Whole number within bounds."""

    def __init__(self, about: str = "", *, minimum: int = 0, maximum: int = MAX_ID, **options: Any) -> None:
        super().__init__(about, **options)
        self._minimum, self._maximum = minimum, maximum
        self.shape = {"type": "integer", "minimum": minimum, "maximum": maximum}

    def read(self, value: Json) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.type_error("a whole number", value)
        if not self._minimum <= value <= self._maximum:
            raise ma.ValidationError(f"must be between {self._minimum} and {self._maximum}")
        return value


class IdField(IntegerField):
    """Id of a row, assigned if it is missing."""

    def __init__(self) -> None:
        super().__init__("Its id; left out, the next free one.", minimum=1)


class BooleanField(SeedField):
    """True or false."""

    shape = {"type": "boolean"}  # noqa: RUF012

    def read(self, value: Json) -> bool:
        if not isinstance(value, bool):
            raise self.type_error("true or false", value)
        return value


class ObjectField(SeedField):
    """JSON object of any keys."""

    shape = {"type": "object"}  # noqa: RUF012

    def read(self, value: Json) -> Any:
        if not isinstance(value, dict):
            raise self.type_error("a mapping", value)
        return value


class ScalarField(SeedField):
    """A string, a number, true or false."""

    shape = {"type": ["string", "number", "boolean"]}  # noqa: RUF012

    def read(self, value: Json) -> Any:
        if not isinstance(value, (str, int, float)) or value != value or value in (math.inf, -math.inf):
            raise self.type_error("a string, a number, true or false", value)
        return value


class ChoiceField(SeedField):
    """One of several strings."""

    def __init__(self, about: str, choices: Sequence[str], **options: Any) -> None:
        super().__init__(about, **options)
        self._choices = choices
        self.shape = {"enum": list(choices)}

    def read(self, value: Json) -> str:
        if not isinstance(value, str) or value not in self._choices:
            raise ma.ValidationError(
                f"there is no {_describe(value)}; there are: {', '.join(self._choices)}{did_you_mean(value, self._choices)}"
            )
        return value


class PatternField(SeedField):
    """String that matches a regular expression."""

    def __init__(self, about: str, pattern: re.Pattern[str], expected: str, **options: Any) -> None:
        super().__init__(about, **options)
        self._pattern, self._expected = pattern, expected
        self.shape = {"type": "string", "pattern": f"^{pattern.pattern}$"}

    def read(self, value: Json) -> str:
        if not isinstance(value, str) or not self._pattern.fullmatch(value):
            raise self.type_error(self._expected, value)
        return value


def zone_field(about: str) -> PatternField:
    """A zone of Make; by default eu1."""
    return PatternField(about, ZONE_PATTERN, "a zone such as eu1", load_default="eu1")


def token_field(about: str) -> PatternField:
    """The text of an API token, or the id of an OAuth client."""
    return PatternField(about, UUID4, "a UUID of version 4 in lower case")


class TimeField(SeedField):
    """Time relative to the world's now, e.g. ``-2h``, or in ISO 8601."""

    shape = {"type": "string", "pattern": r"^(-[0-9]{1,6}[smhd]|[0-9]{4}-[0-9]{2}-[0-9]{2}.*)$"}  # noqa: RUF012

    def read(self, value: Json) -> tuple[int, int]:
        """The time as a moment and an offset: the moment is 0 for the world's now."""
        if isinstance(value, str):
            if match := _RELATIVE_TIME.fullmatch(value):
                return 0, -int(match[1]) * _TIME_UNITS[match[2]]
            try:
                moment = parse_iso(value)
                if 0 <= moment <= MAX_TIMESTAMP:
                    return moment, 0
            except (ValueError, OverflowError):
                pass
        raise self.type_error("a time such as -2h, -30d or 2026-01-31T08:00:00Z", value)


class ReferenceField(SeedField):
    """Reference to another row of the seed, by its id or its name."""

    shape = {"type": ["integer", "string"]}  # noqa: RUF012

    def __init__(self, kind: str, about: str, **options: Any) -> None:
        super().__init__(about, **options)
        self.kind = kind

    def read(self, value: Json) -> int | str:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise self.type_error("an id or a name", value)
        return value


class RoleField(SeedField):
    """A role by its id or its name: one of Make's own, or a custom one of the organization."""

    shape = {"type": ["integer", "string"]}  # noqa: RUF012

    def __init__(self, category: str, **options: Any) -> None:
        own = [role.name for role in roles.ROLES if role.category == category]
        super().__init__(
            f"The role of the user, its name or its id: {', '.join(own)}, or a custom role.", **options
        )
        self._category = category

    def read(self, value: Json) -> int | str:
        """The id of one of Make's own roles, or else the reference to a custom role as it is."""
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise self.type_error("a role: its name or its id", value)
        role = roles.find_role(value, self._category)
        return role.id if role else value


class ScopesField(SeedField):
    """A list of scopes, or the name of a set of them; ``more`` are scopes that no API token has."""

    def __init__(self, about: str, *, more: frozenset[str] = frozenset(), **options: Any) -> None:
        super().__init__(about, **options)
        self._more = more
        self._known = SCOPES | more
        self.shape = {
            "anyOf": [{"enum": list(SCOPE_SETS)}, {"type": "array", "items": {"enum": sorted(self._known)}}]
        }

    def read(self, value: Json) -> frozenset[str]:
        if isinstance(value, str) and value in SCOPE_SETS:
            return SCOPE_SETS[value] | self._more
        if not isinstance(value, list):
            raise self.type_error("a list of scopes, all or read", value)
        errors = {
            place: [f"there is no scope {_describe(scope)}{did_you_mean(scope, sorted(self._known))}"]
            for place, scope in enumerate(value)
            if not isinstance(scope, str) or scope not in self._known
        }
        if errors:
            raise ma.ValidationError(errors)
        return frozenset(value)


class StringListField(SeedField):
    """List of strings."""

    shape = {"type": "array", "items": {"type": "string"}}  # noqa: RUF012

    def read(self, value: Json) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise self.type_error("a list of strings", value)
        return tuple(value)


class CustomModulesField(SeedField):
    """Declared modules: names, or declarations."""

    _FIELDS: Json = {"type": "array", "items": {"type": "object", "required": ["name"]}}  # noqa: RUF012
    shape = {  # noqa: RUF012
        "type": "array",
        "items": {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "required": ["name"],
                    "additionalProperties": False,
                    "properties": {
                        "name": {"type": "string"},
                        "versions": {"type": "array", "items": {"type": "integer"}},
                        "kind": {"enum": list(custom_modules.KINDS)},
                        "connection": {"type": ["object", "null"]},
                        "parameters": _FIELDS,
                        "mapper": _FIELDS,
                        "output": _FIELDS,
                    },
                },
            ]
        },
    }

    def read(self, value: Json) -> tuple[CustomModule, ...]:
        if not isinstance(value, list):
            raise self.type_error("a list of modules", value)
        modules, issues = [], {}
        for place, row in enumerate(value):
            declaration = {"name": row} if isinstance(row, str) else dict(as_mapping(row))
            name = declaration.pop("name", None)
            try:
                if not isinstance(name, str):
                    raise custom_modules.InvalidModuleError("A module must be a name, or a mapping with one.")
                modules.append(custom_modules.parse_module(name, declaration))
            except custom_modules.InvalidModuleError as error:
                issues[place] = [str(error).rstrip(".")]
        if issues:
            raise ma.ValidationError(issues)
        return tuple(modules)


class RedirectUrisField(SeedField):
    """The redirect URIs of an OAuth client."""

    shape = {"type": "array", "items": {"type": "string"}}  # noqa: RUF012

    def read(self, value: Json) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise self.type_error("a list of redirect URIs", value)
        issues = {
            place: [find_issue(uri) if isinstance(uri, str) else "must be a string"]
            for place, uri in enumerate(value)
        }
        if errors := {place: texts for place, texts in issues.items() if texts[0]}:
            raise ma.ValidationError(errors)
        return tuple(map(str, value))


class GrantsField(SeedField):
    """The grants of an agent: resource -> level, or a list of levels."""

    shape = {  # noqa: RUF012
        "type": "object",
        "propertyNames": {"pattern": rf"^(\*|({'|'.join(KINDS)})(/.+)?)$"},
        "additionalProperties": {
            "anyOf": [
                {"enum": [*LEVELS, False]},
                {"type": "array", "minItems": 1, "items": {"enum": list(LEVELS)}},
            ]
        },
    }

    def read(self, value: Json) -> tuple[Grant, ...]:
        try:
            return parse_grants(value)
        except InvalidGrantsError as error:
            if "" in error.issues:
                raise self.type_error("a mapping", value) from None
            raise ma.ValidationError({name: [text] for name, text in error.issues.items()}) from None


class PermissionsField(SeedField):
    """Names of permissions that custom roles may include."""

    shape = {  # noqa: RUF012
        "type": "array",
        "items": {"enum": [row.name for row in roles.PERMISSIONS if not row.custom_roles_hidden]},
    }

    def read(self, value: Json) -> tuple[str, ...]:
        known = [row.name for row in roles.PERMISSIONS]
        if not isinstance(value, list):
            raise self.type_error("a list of permissions", value)
        errors = {
            place: [f"there is no permission {_describe(name)}{did_you_mean(name, known)}"]
            for place, name in enumerate(value)
            if not isinstance(name, str) or name not in known
        }
        if errors:
            raise ma.ValidationError(errors)
        return tuple(value)


class FieldSpecsField(SeedField):
    """The fields of a data structure."""

    shape = {  # noqa: RUF012
        "type": "array",
        "items": {
            "type": "object",
            "required": ["name", "type"],
            "properties": {
                "name": {"type": "string"},
                "type": {"type": "string"},
                "label": {"type": ["string", "null"]},
                "required": {"type": ["boolean", "null"]},
            },
        },
    }

    def read(self, value: Json) -> Any:
        if not isinstance(value, list):
            raise self.type_error("a list of fields", value)
        if errors := [text.replace("{path}", "spec").rstrip(".") for text in spec_issues(value)]:
            raise ma.ValidationError(errors)
        return value


class BlueprintField(SeedField):
    """Blueprint: the name of a shipped one, the path of a file beside the seed, or the blueprint itself."""

    shape = {"type": ["string", "object"]}  # noqa: RUF012

    def read(self, value: Json) -> Any:
        if not isinstance(value, (str, dict)) or not value:
            raise self.type_error("the name or the file of a blueprint, or a blueprint", value)
        return value


class TimezoneField(IntegerField):
    """Id of a time zone; the list is slow to load, so the default id is not looked up in it."""

    def read(self, value: Json) -> int:
        id = super().read(value)
        if id != 113 and id not in timezone_codes():
            raise ma.ValidationError(f"there is no time zone {id}")
        return id
