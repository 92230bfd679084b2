"""Parser for requests to webhooks: one bundle of fields, or an array of them.

Sources: apps.make.com, "Webhooks" (query, form data, JSON; the query wins; JSON pass-through); recorded incomings
(headers and method); measured by a client: other text is one field ``value``, a repeated name is an array.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

import orjson
from flask import Request
from werkzeug.datastructures import FileStorage, MultiDict

from ..schemas.base import is_too_deep
from ..world.models import Hook, Json

#: The most fields and files of a form, so that a small body cannot make a large world.
MAX_FORM_PARTS = 1000


class UnreadablePayloadError(Exception):
    """Body that does not match its content type; the text is the reason."""


def parse_request(hook: Hook, request: Request, body: bytes, incoming_id: str) -> Json:
    """Returns the bundle, or bundles, of a request.

    Raises:
        UnreadablePayloadError: if the body does not match its content type.
    """
    data = _parse_body(hook, request, body)
    query = _fields(request.args)
    extra: dict[str, Json] = {}
    if hook.data.get("headers"):
        extra["__IMTHEADERS__"] = _headers(request, incoming_id)
    if hook.data.get("method"):
        extra["__IMTMETHOD__"] = request.method
    if isinstance(data, list):
        bundles = [item if isinstance(item, dict) else {"value": item} for item in data]
        return [{**bundle, **query, **extra} for bundle in bundles]
    return {**(data if isinstance(data, dict) else {"value": data}), **query, **extra}


def _parse_body(hook: Hook, request: Request, body: bytes) -> Json:
    kind = request.mimetype
    if kind == "multipart/form-data":
        return _parse_form(request)
    if not body:
        return {}
    text = body.decode("utf-8", "replace")
    if kind == "application/json" or kind.endswith("+json"):
        if hook.data.get("stringify"):
            return {"value": text}
        return _parse_json(body)
    if kind == "application/x-www-form-urlencoded":
        return _fields(request.form)
    return {"value": text}


def _parse_json(body: bytes) -> Json:
    try:
        data: Json = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UnreadablePayloadError(str(error)) from None
    if is_too_deep(data):
        raise UnreadablePayloadError("The body is nested too deep")
    return data


def _parse_form(request: Request) -> dict[str, Json]:
    fields = _fields(request.form)
    for name in request.files:
        files = [_file_field(item) for item in request.files.getlist(name)]
        fields[name] = files[0] if len(files) == 1 else files
    return fields


def _file_field(item: FileStorage) -> dict[str, Json]:
    """Returns a file as a collection, its data in Base64: JSON has no binary type."""
    return {
        "name": item.filename or "",
        "mime": item.mimetype or "application/octet-stream",
        "data": base64.b64encode(item.read()).decode(),
    }


def _fields(values: MultiDict[str, str]) -> dict[str, Json]:
    """Returns fields by name; a repeated name has all its values, in their order."""
    fields: dict[str, Json] = {}
    for name in values:
        found = [replace_surrogates(value) for value in values.getlist(name)]
        fields[replace_surrogates(name)] = found[0] if len(found) == 1 else found
    return fields


def _headers(request: Request, incoming_id: str) -> list[dict[str, str]]:
    """Returns the headers with lower-case names, the request's id among them (recorded)."""
    names: Iterable[tuple[str, str]] = [("x-request-id", incoming_id), *request.headers.items()]
    return [
        {"name": replace_surrogates(name).lower(), "value": replace_surrogates(value)}
        for name, value in names
    ]


def replace_surrogates(text: str) -> str:
    """Returns text without lone surrogates, which JSON cannot represent."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
