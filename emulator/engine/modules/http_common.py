"""What the modules of the app "HTTP" have in common, whatever their version: fields, headers, time-outs, parts of a body.

Sources: exported blueprints for the fields; apps.make.com, "HTTP" and "HTTP (legacy)", for what they do.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...world.models import Headers
from ..errors import BundleInvalid
from ..iml.values import Value, as_text, coerce
from .http_bodies import headers_of, multipart, pairs_of
from .http_keys import basic
from .registry import Field, ModuleContext

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")

#: How many seconds an answer may take, and the most that a module may ask for (apps.make.com, "HTTP").
TIMEOUT, LONGEST_TIMEOUT = 40, 300

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


def switch(name: str) -> Field:
    """A field that is on or off, and may not be left out (exported blueprints)."""
    return Field(name, "boolean", required=True)


#: Fields of every request.
TARGET = (
    Field("url", "text", required=True),
    Field("method", "text", required=True, choices=METHODS),
    Field("headers", "array"),
    Field("timeout", "uinteger"),
)


def headers_from(
    mapper: Mapping[str, Value],
    content_type: str | None,
    login: tuple[str, str] | None,
    *,
    compressed: bool = True,
) -> Headers:
    """The mapped headers, and those that follow from other fields unless they were mapped too."""
    defaults = {
        "Content-Type": content_type,
        "Authorization": login and basic(*login),
        "Accept-Encoding": "gzip, deflate" if compressed else None,
    }
    return headers_of(
        pairs_of(mapper.get("headers", ())), *((name, value) for name, value in defaults.items() if value)
    )


def timeout_of(mapper: Mapping[str, Value]) -> int:
    """How many milliseconds an answer may take."""
    seconds: int = mapper.get("timeout", TIMEOUT)
    if not 1 <= seconds <= LONGEST_TIMEOUT:
        raise BundleInvalid()
    return seconds * 1_000


def multipart_of(context: ModuleContext, rows: Value, name: str, kind: str) -> tuple[bytes, str]:
    """A body of text fields and files, and its content type; a run always draws the same boundary."""
    fields = [
        {"name": key, "file_name": as_text(row.get("fileName")) or key, "data": row.get("data")}
        if row.get(kind) == "file"
        else {"name": key, "value": coerce(value, "text")}
        for (key, value), row in zip(pairs_of(rows, name), rows, strict=True)
    ]
    boundary = f"{context.module.id:024d}{context.run.execution_id[:24]}"
    return multipart(fields, boundary), f"{MULTIPART}; boundary={boundary}"
