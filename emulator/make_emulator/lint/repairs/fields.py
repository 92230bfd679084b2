"""Repairs of the values of fields."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from ...json_patch import Patch, Path, replace
from ...json_types import Json
from ...plain_text import find_slip
from ..module_facts import FieldSpec


def correct_value(spec: FieldSpec, path: Path, value: Json) -> Patch:
    """Returns the repair of a value: a slip of a choice, an object that is written as JSON, or JSON that is an object."""
    if isinstance(value, Mapping) and spec.type in ("text", "buffer"):
        return (replace(path, orjson.dumps(value).decode()),)
    if not isinstance(value, str):
        return ()
    if spec.type == "collection":
        try:
            held: Json = orjson.loads(value)
        except orjson.JSONDecodeError:
            return ()
        return (replace(path, held),) if isinstance(held, Mapping) else ()
    choices = {str(choice): choice for choice in spec.choices}
    meant = find_slip(value, choices)
    return (replace(path, choices[meant]),) if meant is not None else ()
