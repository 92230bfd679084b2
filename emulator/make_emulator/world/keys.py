"""Keys of the keychain and their types: creation, change, deletion. The types come from ``key-types.yaml``.

Sources: the vendor's OpenAPI document (types, fields, defaults); API documentation, "Keys" (errors of files).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ..json_types import as_mapping
from ..lazy_dataclasses import dataclass
from ..resources import load_fixture
from . import blueprint_refs
from .exceptions import IncompatibleInputError, InvalidParametersError, NotConfirmedError
from .models import FieldSpec, Json, Key, Team
from .world import World

API_KEY, BASIC_AUTH = "apikeyauth", "basicauth"

#: The colour of a key whose type is not known.
DEFAULT_THEME = "#007ee5"

#: Type of a field that holds a file -> the text that the file contains, and the error if it does not.
_FILE_TYPES = {
    "cert": ("-----BEGIN CERTIFICATE-----", "File is not a valid certificate"),
    "pkey": ("PRIVATE KEY-----", "File is not a valid primary key"),
}
_MAX_FILE_LENGTH = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyType:
    """Type of key; ``parameters`` are the fields of a form."""

    name: str
    label: str
    parameters: Sequence[FieldSpec]
    version: str
    theme: str

    @property
    def icon(self) -> str:
        return f"/img/packages/{self.name}.png"


@lru_cache(maxsize=1)
def all_key_types() -> Mapping[str, KeyType]:
    """Every type of key by its name."""
    rows: Mapping[str, Any] = load_fixture("key-types.yaml")
    return {name: KeyType(name=name, **row) for name, row in rows.items()}


def create(
    world: World,
    team: Team,
    *,
    name: str,
    type_name: str,
    parameters: Mapping[str, Json] | None,
    id: int | None = None,
) -> Key:
    """Creates a key.

    Args:
        parameters: the secrets; ``None`` if they are unknown.

    Raises:
        IncompatibleInputError: if there is no such type, or a file is none of its kind.
        InvalidParametersError: if parameters are missing, unknown or wrong.
    """
    if parameters is not None:
        parameters = _complete_parameters(get_type(type_name), parameters)
    kind = all_key_types().get(type_name)
    return world.keys.put(
        Key(
            id=world.ids.assign("key", id),
            name=name,
            team_id=team.id,
            type_name=type_name,
            theme=kind.theme if kind else DEFAULT_THEME,
            parameters=parameters,
        )
    )


def check_parameters(type_name: str, parameters: Mapping[str, Json]) -> None:
    """Raises IncompatibleInputError or InvalidParametersError if parameters do not fit a type of key."""
    _complete_parameters(get_type(type_name), parameters)


def update(
    world: World, key: Key, *, name: str | None = None, parameters: Mapping[str, Json] | None = None
) -> Key:
    """Changes the name, all parameters, or both.

    Raises:
        IncompatibleInputError, InvalidParametersError: as `create`.
    """
    if parameters is not None:
        parameters = _complete_parameters(get_type(key.type_name), parameters)
    return world.keys.put(
        replace(
            key,
            name=key.name if name is None else name,
            parameters=key.parameters if parameters is None else parameters,
        )
    )


def delete(world: World, key: Key, *, confirmed: bool) -> int:
    """Deletes a key; the scenarios that used it become invalid.

    Raises:
        NotConfirmedError: if the caller did not confirm.
    """
    if not confirmed:
        raise NotConfirmedError(f"Key '{key.id}' would be deleted.", "deleteKey")
    for scenario in blueprint_refs.scenarios_using(world, "key", key.id, key.team_id):
        world.scenarios.put(replace(scenario, is_invalid=True))
    return world.keys.remove(key.id).id


def get_type(name: str) -> KeyType:
    """The type of key with a name.

    Raises:
        IncompatibleInputError: if there is none.
    """
    kind = all_key_types().get(name)
    if kind is None:
        raise IncompatibleInputError("Invalid key type")
    return kind


def _complete_parameters(kind: KeyType, parameters: Mapping[str, Json]) -> Mapping[str, Json]:
    """Returns valid parameters with the defaults of those that are left out."""
    complete: dict[str, Json] = {}
    fields = list(_visible_fields(kind.parameters, parameters))
    names = {str(field["name"]) for field in fields}
    issues = [f"Unknown parameter 'parameters.{name}'." for name in parameters if name not in names]
    for field in fields:
        name = str(field["name"])
        value = parameters.get(name, field.get("default"))
        if value is None or value == "":
            if field.get("required"):
                issues.append(f"Missing value of required parameter 'parameters.{name}'.")
        elif text := _find_issue(field, value):
            issues.append(text)
        else:
            complete[name] = value
    if issues:
        raise InvalidParametersError(*issues)
    for field in fields:
        if field["type"] in _FILE_TYPES and field["name"] in complete:
            _check_file(str(field["type"]), str(complete[str(field["name"])]))
    return complete


def _visible_fields(fields: Sequence[FieldSpec], values: Mapping[str, Json]) -> Iterator[FieldSpec]:
    """The fields of a form, each followed by those that its chosen option nests."""
    for field in fields:
        yield field
        chosen = values.get(str(field["name"]), field.get("default"))
        for option in _options(field):
            if option.get("value") == chosen:
                yield from _visible_fields(_nested(option), values)


def _options(field: FieldSpec) -> list[Mapping[str, Json]]:
    options = field.get("options")
    return [as_mapping(option) for option in options] if isinstance(options, list) else []


def _nested(option: Mapping[str, Json]) -> list[FieldSpec]:
    nested = option.get("nested")
    return [as_mapping(field) for field in nested] if isinstance(nested, list) else []


def _find_issue(field: FieldSpec, value: Json) -> str | None:
    name = f"parameters.{field['name']}"
    if field["type"] == "boolean":
        return None if isinstance(value, bool) else f"Parameter '{name}' must be a boolean."
    if not isinstance(value, str):
        return f"Parameter '{name}' must be a string."
    values = [str(option["value"]) for option in _options(field)]
    if values and value not in values:
        return f"Parameter '{name}' must be one of: {', '.join(values)}."
    return None


def _check_file(type: str, text: str) -> None:
    """Raises IncompatibleInputError if a text is not a file of a type (documented errors)."""
    if len(text) > _MAX_FILE_LENGTH:
        raise IncompatibleInputError("File is too big")
    content, error = _FILE_TYPES[type]
    if content not in text:
        raise IncompatibleInputError(error)
