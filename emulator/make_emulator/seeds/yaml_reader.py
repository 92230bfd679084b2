"""Parser for the text of a seed, which keeps the line of each value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from ..schemas.base import is_too_deep
from ..yaml_documents import MAX_DEPTH, InvalidYamlError, YamlDocument, parse_yaml
from .issues import SeedError

#: Seed as it was read, with the lines of its values.
SeedDocument = YamlDocument


def parse_text(text: str, file: str) -> YamlDocument:
    """Parses the text of a seed file.

    Raises:
        SeedError: if it is not YAML, not a mapping, or has values that JSON lacks.
    """
    try:
        return parse_yaml(text, file, not_mapping="a seed must be a mapping, e.g. organizations: […]")
    except InvalidYamlError as error:
        raise SeedError(error.issues) from None


def parse_object(data: Mapping[str, Any]) -> YamlDocument:
    """Parses a seed that is an object, e.g. of a test or of the control API.

    Raises:
        SeedError: if it is not serializable as JSON.
    """
    try:
        copy = orjson.loads(orjson.dumps(data))
    except (TypeError, ValueError) as error:
        raise SeedError(f"the seed cannot be written as JSON: {error}") from None
    if is_too_deep(copy, MAX_DEPTH):
        raise SeedError("the seed is nested too deep")
    return YamlDocument(copy)
