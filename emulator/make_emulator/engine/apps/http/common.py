"""Common parts of the modules of the app "HTTP" in all versions: fields, headers, time-outs, bodies.

Sources: exported blueprints for the fields; apps.make.com, "HTTP" and "HTTP (legacy)", for what they do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ....world.models import Headers
from ...errors import BundleValidationError, invalid_parameter
from ...expressions.values import Value, as_text, coerce
from ..app import App, Field
from ..context import ModuleContext
from .credentials import basic_auth_header
from .requests import build_headers, encode_multipart, parse_pairs

APP = App("http", is_built_in=True)

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")

#: Time-out in seconds by default, and at most (apps.make.com, "HTTP").
DEFAULT_TIMEOUT, MAX_TIMEOUT = 40, 300

FORM_TYPE, MULTIPART_TYPE = "application/x-www-form-urlencoded", "multipart/form-data"


def required_boolean(name: str) -> Field:
    """Returns a boolean field that may not be left out (exported blueprints)."""
    return Field(name, "boolean", required=True)


#: Fields of every request.
COMMON_FIELDS = (
    Field("url", "text", required=True, format="url"),
    Field("method", "text", required=True, choices=METHODS),
    Field("headers", "array"),
    Field("timeout", "uinteger"),
)


def request_headers(
    context: ModuleContext,
    content_type: str | None,
    login: tuple[str, str] | None,
    *,
    compressed: bool = True,
) -> Headers:
    """Returns the mapped headers, and those that follow from other fields unless they are mapped too."""
    defaults = {
        "Content-Type": content_type,
        "Authorization": login and basic_auth_header(*login),
        "Accept-Encoding": "gzip, deflate" if compressed else None,
    }
    return build_headers(
        parse_pairs(context.array("headers")), *((name, value) for name, value in defaults.items() if value)
    )


def request_timeout(context: ModuleContext) -> int:
    """Returns the time-out in milliseconds."""
    seconds = context.integer("timeout", DEFAULT_TIMEOUT)
    if not 1 <= seconds <= MAX_TIMEOUT:
        hint = f"'timeout' is from 1 to {MAX_TIMEOUT} seconds."
        raise BundleValidationError(invalid_parameter("timeout"), hint=hint)
    return seconds * 1_000


def multipart_body(context: ModuleContext, rows: Sequence[Value], name: str, kind: str) -> tuple[bytes, str]:
    """Returns a body of text fields and files, and its content type; the boundary of a run is always the same."""
    fields: list[Mapping[str, Value]] = [
        {"name": key, "file_name": as_text(row.get("fileName")) or key, "data": row.get("data")}
        if row.get(kind) == "file"
        else {"name": key, "value": coerce(value, "text")}
        for (key, value), row in zip(
            parse_pairs(rows, name), (row for row in rows if isinstance(row, Mapping)), strict=True
        )
    ]
    boundary = f"{context.module.id:024d}{context.run.execution_id[:24]}"
    return encode_multipart(fields, boundary), f"{MULTIPART_TYPE}; boundary={boundary}"
