"""Responses as modules of the app "HTTP" emit them: content, file name, errors.

Sources: apps.make.com, "HTTP" and "HTTP (legacy)"; outputs shown by practitioners. Names of errors: Help centre,
"Fixing rate limit errors" (429) and "Fixing connection errors" (503, 504).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from ....world.models import Json
from ....world.transport import HttpResponse, OutgoingRequest
from ...errors import ModuleError
from ...expressions.values import Value
from ...formats.xml import parse_xml
from ..context import ModuleContext
from ..json import parse_json

#: Maximum characters of a response in an error.
MAX_ERROR_TEXT = 500

_ERROR_NAMES: Mapping[int, str] = {429: "RateLimitError", 503: "ConnectionError", 504: "ConnectionError"}
_CHARSET = re.compile(r"charset=\"?([\w.:-]+)", re.IGNORECASE)
_FILE_NAME = re.compile(
    r"filename\*=(?:utf-8'[^']*')(?P<coded>[^;]+)|filename=(?:\"(?P<quoted>[^\"]*)\"|(?P<plain>[^;]+))",
    re.IGNORECASE,
)
#: Content types that are parsed as XML (developers.make.com, "Type" of responses).
_XML_TYPES = frozenset({"application/xml", "text/xml"})
_TEXT_TYPES = re.compile(r"text/|.*[/+](?:json|xml|javascript|x-www-form-urlencoded)$")


def raise_for_status(response: HttpResponse) -> None:
    """Raises ModuleError for any status but 2xx and 3xx."""
    if 200 <= response.status < 400:
        return
    text = response.body[: 4 * MAX_ERROR_TEXT].decode("utf-8", "replace").strip()[:MAX_ERROR_TEXT]
    name = _ERROR_NAMES.get(response.status, "RuntimeError")
    raise ModuleError(name, f"[{response.status}] {text or _status_phrase(response.status)}")


def parse_body(context: ModuleContext, response: HttpResponse, *, parse: bool) -> Value:
    """Returns the body: a value if JSON or XML is to be parsed, other texts unchanged, anything else as a buffer.

    Raises:
        ModuleError: if its content type is JSON or XML, and it is not valid.
    """
    context.env.budget.charge_text(len(response.body))
    kind = _media_type(response)
    if kind and not _TEXT_TYPES.match(kind):
        return response.body
    text = _decode_body(response)
    is_json, is_xml = kind == "application/json" or kind.endswith("+json"), kind in _XML_TYPES
    if not parse or not (is_json or is_xml):
        return text
    if not text.strip():
        return None
    with context.run.computing(text):
        return parse_json(context, text) if is_json else parse_xml(text, context.env.budget)


def headers_by_name(response: HttpResponse) -> dict[str, Json]:
    """Returns the headers as a collection; ``set-cookie`` is an array."""
    headers: dict[str, Json] = {}
    cookies: list[str] = []
    for key, value in response.headers:
        name = key.lower()
        if name == "set-cookie":
            cookies.append(value)
            headers[name] = cookies
        else:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def file_name(request: OutgoingRequest, response: HttpResponse) -> str:
    """Returns the file name of the response, else the last segment of the URL."""
    found = _FILE_NAME.search(response.header("content-disposition") or "")
    if found:
        name = unquote(found["coded"]) if found["coded"] else found["quoted"] or found["plain"] or ""
    else:
        name = unquote(urlsplit(request.url).path)
    return name.strip().replace("\\", "/").rpartition("/")[2]


def _media_type(response: HttpResponse) -> str:
    return (response.header("content-type") or "").partition(";")[0].strip().lower()


def _decode_body(response: HttpResponse) -> str:
    found = _CHARSET.search(response.header("content-type") or "")
    try:
        return response.body.decode(found[1] if found else "utf-8", "replace")
    except LookupError:
        return response.body.decode("utf-8", "replace")


def _status_phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown status"
