"""Pages: what "Make a request" of version 4 asks for next, page after page, and when it stops.

That there are pages, and of which four types, is Make's (apps.make.com, "HTTP"; the choices of ``paginationType`` in
exported blueprints). No source tells the names of the fields that go with a type, nor what exactly ends the paging: those
here are the emulator's own, and a blueprint that has others is refused by their names. See ``http.pages`` in the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote, urljoin

from ...world.transport import Answer, Outgoing
from ..budget import WEIGHT, oversized
from ..errors import BundleInvalid, ModuleError, unsupported
from ..iml.values import Value, as_text, is_array
from .http_bodies import address, form, secured
from .http_exchange import is_made_up, towards
from .registry import Field, ModuleContext

Page: TypeAlias = Mapping[str, Value]
"""The bundle of one page: ``{"data", "headers", "statusCode"}``."""

#: What a page costs of a run's work besides what it does, so that paging without an end comes to one.
PAGE = 5_000

#: Type -> the fields that it cannot do without, that of the parameter first, that of the path last.
_NEEDED: Mapping[str, Sequence[str]] = {
    "offsetBased": ("offsetParameterName", "limit"),
    "pageBased": ("pageParameterName",),
    "urlBased": ("nextUrlPath",),
    "tokenBased": ("tokenParameterName", "nextTokenPath"),
}
_COUNTED = ("offsetBased", "pageBased")

FIELDS = (
    Field("paginationType", "text", choices=tuple(_NEEDED)),
    Field("offsetParameterName", "text"),
    Field("offsetStart", "uinteger"),
    Field("pageParameterName", "text"),
    Field("pageStart", "uinteger"),
    Field("limitParameterName", "text"),
    Field("limit", "uinteger"),
    Field("itemsPath", "text"),
    Field("nextUrlPath", "text"),
    Field("tokenParameterName", "text"),
    Field("nextTokenPath", "text"),
    Field("maxPages", "uinteger"),
)

#: One link of a header ``Link``: its address and what is said of it; and its relation (RFC 8288).
_LINK = re.compile(r"<([^>]*)>([^<]*)")
_RELATION = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,]+))", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How one module pages: ``None`` as ``type`` is one page and no more.

    ``parameter`` is the name of what is counted up (from ``start`` in steps of ``step``) or carries the token; ``path``
    leads to the items of a page, to the next address, or to the next token. A page with fewer items than ``limit``, or
    none, is the last one, and so is the page number ``most``.
    """

    type: str | None = None
    parameter: str = ""
    path: str = ""
    start: int = 0
    step: int = 1
    limit: int | None = None
    limit_parameter: str | None = None
    most: int | None = None

    def first(self, request: Outgoing) -> Outgoing:
        """The request for the first page."""
        if self.type not in _COUNTED:
            return request
        if self.limit_parameter is not None and self.limit is not None:
            request = _with_parameter(request, self.limit_parameter, self.limit)
        return _with_parameter(request, self.parameter, self.start)

    def following(self, asked: Outgoing, at: str, answer: Answer, page: Page, number: int) -> Outgoing | None:
        """The request for the page after this one, or ``None`` if this is the last one.

        A page that is an error, or made up, is the last one, too.

        Args:
            asked: the request for this page.
            at: the address that answered it, in the end.
            number: of this page, counted from 1.
        """
        if self.type is None or self.most == number or answer.status >= 400 or is_made_up(answer):
            return None
        found = _at(page, self.path)
        match self.type:
            case "urlBased":
                url = _next_url(_text(found, self.path))
                return towards(asked, secured(address(_joined(at, url), []))) if url else None
            case "tokenBased":
                token = _text(found, self.path)
                return _with_parameter(asked, self.parameter, token) if token else None
        if _count(found, self.path) < (self.limit or 1):
            return None
        return _with_parameter(asked, self.parameter, self.start + number * self.step)


def paging_of(context: ModuleContext, others: Collection[Field]) -> Paging:
    """How a module pages; ``others`` are the fields of its request that have nothing to do with it.

    Raises:
        ModuleError: if it pages in a way that the emulator does not know.
        BundleInvalid: if a number makes no sense.
    """
    mapper, kind = context.mapper, context.mapper.get("paginationType")
    if kind is None:
        return Paging()
    needed, known = _NEEDED[kind], {field.name for field in (*FIELDS, *others)}
    strange = sorted(name for name, raw in context.module.mapper.items() if name not in known and raw != "")
    missing = [name for name in needed if name not in mapper]
    if strange or missing:
        why = f"with the field {strange[0][:50]}" if strange else f"without {missing[0]}"
        raise unsupported(f"{context.module.full_name}, {kind} {why}", context.module.id)
    limit, most = mapper.get("limit"), mapper.get("maxPages")
    if 0 in (limit, most) or (limit is None and "limitParameterName" in mapper):
        raise BundleInvalid()
    is_offset = kind == "offsetBased"
    return Paging(
        type=kind,
        parameter=mapper[needed[0]],
        path=mapper.get("itemsPath", "data") if kind in _COUNTED else mapper[needed[-1]],
        start=mapper.get("offsetStart", 0) if is_offset else mapper.get("pageStart", 1),
        step=mapper["limit"] if is_offset else 1,
        limit=limit,
        limit_parameter=mapper.get("limitParameterName"),
        most=most,
    )


def turn(context: ModuleContext, size: int) -> None:
    """Make sure that there is room and time for one more page after so many bytes of earlier ones."""
    if size > WEIGHT:
        raise oversized()
    context.env.budget.step(PAGE)
    context.run.keep_time()


def _at(page: Page, path: str) -> Value:
    """What a path of names leads to, such as ``data.paging.next``; ``None`` if it leads nowhere."""
    value: Value = page
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _count(items: Value, path: str) -> int:
    """How many items a page has.

    Raises:
        ModuleError: if there is something else in their place.
    """
    if items is None or items == "":
        return 0
    if not is_array(items):
        reason = f"The last page cannot be told: there is no array at '{path}' of the answer."
        raise ModuleError("InvalidConfigurationError", reason)
    return len(items)


def _text(found: Value, path: str) -> str:
    """The next token or address as it is written; empty if there is none.

    Raises:
        ModuleError: if there is something else in its place.
    """
    if found is None or found is False:
        return ""
    if isinstance(found, Mapping) or is_array(found):
        reason = f"The next page cannot be told: there is no text at '{path}' of the answer."
        raise ModuleError("InvalidConfigurationError", reason)
    return as_text(found).strip()


def _next_url(text: str) -> str:
    """The next address, which may stand by itself or in a header ``Link``; empty if there is none."""
    if not text.startswith("<"):
        return text
    for address_of_link, said in _LINK.findall(text):
        relation = _RELATION.search(said)
        if relation and "next" in (relation[1] or relation[2] or "").lower().split():
            return str(address_of_link)
    return ""


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        raise BundleInvalid() from None


def _with_parameter(request: Outgoing, name: str, value: Value) -> Outgoing:
    """The request with a parameter of its query set; others stay as they are written."""
    before, _, query = request.url.partition("?")
    others = [pair for pair in query.split("&") if pair and unquote(pair.partition("=")[0]) != name]
    return towards(request, f"{before}?{'&'.join([*others, form([(name, value)])])}")
