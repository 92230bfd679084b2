"""Reading what a caller of the control API wishes: a JSON object whose fields are known and of the right types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, request

from ..http.endpoint import parse_json
from ..http.errors import BadRequestError

#: Field -> the types that its value may have.
FieldTypes = Mapping[str, tuple[type, ...]]


def bad_request(text: str) -> BadRequestError:
    """The error that says why a wish cannot be granted."""
    return BadRequestError(text, suberrors=[])


def parse_body(fields: FieldTypes) -> dict[str, Any]:
    """The fields of the request's body; those that are null count as left out.

    Raises:
        BadRequest: if it is no JSON object, or has fields that are unknown or of another type.
    """
    data = parse_json(request.get_data() or b"{}")
    if not isinstance(data, dict):
        raise bad_request("The body must be a JSON object.")
    for name, value in data.items():
        if name not in fields:
            raise bad_request(f"Unknown parameter '{name}'.")
        # An exact comparison: true is an int to Python.
        if value is not None and type(value) not in fields[name]:
            raise bad_request(f"Invalid value of parameter '{name}'.")
    return {name: value for name, value in data.items() if value is not None}


def json_response(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status=status, content_type="application/json; charset=utf-8")
