"""Parameters of the control API: a JSON body with known fields of known types, and numbers of the query."""

from __future__ import annotations

from collections.abc import Mapping

from flask import request

from ..http.endpoint import parse_json
from ..http.errors import BadRequestError
from ..json_types import JsonObject
from ..plain_text import find_slip

#: Field -> the types that its value may have.
FieldTypes = Mapping[str, tuple[type, ...]]


def bad_request(text: str) -> BadRequestError:
    """Returns the error for invalid parameters."""
    return BadRequestError(text, suberrors=[])


def parse_body(fields: FieldTypes) -> JsonObject:
    """Returns the fields of the request's body; null is the same as a missing field.

    Raises:
        BadRequestError: if it is not a JSON object, or has unknown fields or values of another type.
    """
    try:
        data = parse_json(request.get_data() or b"{}")
    except BadRequestError as error:
        raise bad_request(error.hint or error.detail) from None
    if not isinstance(data, dict):
        raise bad_request("The body must be a JSON object.")
    for name, value in data.items():
        if name not in fields:
            meant = find_slip(name, fields)
            raise bad_request(f"Unknown parameter '{name}'{f'; did you mean {meant!r}?' if meant else '.'}")
        # An exact comparison: true is an int to Python.
        if value is not None and type(value) not in fields[name]:
            raise bad_request(f"Invalid value of parameter '{name}'.")
    return {name: value for name, value in data.items() if value is not None}


def parse_count(name: str, default: int) -> int:
    """Returns a number of the query, such as a limit.

    Raises:
        BadRequestError: if it is none.
    """
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise bad_request(f"Invalid value of parameter '{name}'.")
    return int(text)
