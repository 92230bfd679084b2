"""What a module of the app "HTTP" makes of an answer: its content, the name of a file, an error.

Sources: apps.make.com, "HTTP" and "HTTP (legacy)"; outputs that practitioners showed. Names of errors: Help centre,
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
from ..json import parse_json
from ..module_api import ModuleContext
from ..xml import parse_xml

#: How much of an answer an error tells.
MAX_ERROR_TEXT = 500

_ERROR_NAMES: Mapping[int, str] = {429: "RateLimitError", 503: "ConnectionError", 504: "ConnectionError"}
_CHARSET = re.compile(r"charset=\"?([\w.:-]+)", re.IGNORECASE)
_FILE_NAME = re.compile(
    r"filename\*=(?:utf-8'[^']*')(?P<coded>[^;]+)|filename=(?:\"(?P<quoted>[^\"]*)\"|(?P<plain>[^;]+))",
    re.IGNORECASE,
)
#: What is read as XML (developers.make.com, "Type" of responses).
_XML_TYPES = frozenset({"application/xml", "text/xml"})
_TEXT_TYPES = re.compile(r"text/|.*[/+](?:json|xml|javascript|x-www-form-urlencoded)$")


def raise_for_status(answer: HttpResponse) -> None:
    """Raise ModuleError for any status but 2xx and 3xx."""
    if 200 <= answer.status < 400:
        return
    text = answer.body[: 4 * MAX_ERROR_TEXT].decode("utf-8", "replace").strip()[:MAX_ERROR_TEXT]
    name = _ERROR_NAMES.get(answer.status, "RuntimeError")
    raise ModuleError(name, f"[{answer.status}] {text or _status_phrase(answer.status)}")


def parse_body(context: ModuleContext, answer: HttpResponse, *, parse: bool) -> Value:
    """The body: JSON and XML as values if they are to be parsed, other texts as they are, anything else as a buffer.

    Raises:
        ModuleError: if it says that it is JSON or XML, and is none.
    """
    context.env.budget.charge_text(len(answer.body))
    kind = _media_type(answer)
    if kind and not _TEXT_TYPES.match(kind):
        return answer.body
    text = _decode_body(answer)
    if parse and (kind == "application/json" or kind.endswith("+json")):
        return parse_json(context, text) if text.strip() else None
    if parse and kind in _XML_TYPES:
        return parse_xml(context, text) if text.strip() else None
    return text


def headers_by_name(answer: HttpResponse) -> dict[str, Json]:
    """The headers as a collection; that which sets cookies is an array."""
    held: dict[str, Json] = {}
    for key, value in answer.headers:
        name = key.lower()
        if name == "set-cookie":
            held[name] = [*held.get(name, ()), value]
        else:
            held[name] = f"{held[name]}, {value}" if name in held else value
    return held


def file_name(request: OutgoingRequest, answer: HttpResponse) -> str:
    """The name that the answer tells, else the last part of the address."""
    found = _FILE_NAME.search(answer.header("content-disposition") or "")
    if found:
        name = unquote(found["coded"]) if found["coded"] else found["quoted"] or found["plain"] or ""
    else:
        name = unquote(urlsplit(request.url).path)
    return name.strip().replace("\\", "/").rpartition("/")[2]


def _media_type(answer: HttpResponse) -> str:
    return (answer.header("content-type") or "").partition(";")[0].strip().lower()


def _decode_body(answer: HttpResponse) -> str:
    found = _CHARSET.search(answer.header("content-type") or "")
    try:
        return answer.body.decode(found[1] if found else "utf-8", "replace")
    except LookupError:
        return answer.body.decode("utf-8", "replace")


def _status_phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown status"
