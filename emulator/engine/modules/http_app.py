"""The app "HTTP" in version 4: requests to any service, with all pages of its answer, and files.

Nothing leaves unless the emulator was started so; see `http_exchange` for who answers instead. Sources: exported
blueprints for names, versions and fields, and for which of them are required; apps.make.com, "HTTP".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...world.transport import Answer, Outgoing
from ..budget import WEIGHT, oversized
from ..errors import BundleInvalid, ModuleError, unsupported
from ..iml.values import Value, coerce
from . import http_answers
from .http_bodies import address, form, pairs_of, secured, without_login
from .http_common import FORM, TARGET, headers_from, multipart_of, switch, timeout_of
from .http_exchange import Manner, exchange
from .http_keys import API_KEY, BASIC, OAUTH, key_of
from .json_app import read, written
from .registry import Emit, Field, Kind, ModuleContext, Outcome

#: Content types of version 4 -> what the header says.
_CONTENT_TYPES: Mapping[str, str] = {"json": "application/json", "urlEncoded": FORM}


def _make_request(context: ModuleContext) -> Outcome:
    """``{"data", "headers": {name: value}, "statusCode"}``, in this order (seen); one for each page."""
    mapper, budget = context.mapper, context.env.budget
    body, content_type = _body(context)
    manner = replace(_manner(context), pages="paginationType" in mapper)
    _, first = exchange(context, _request(context, mapper["method"].upper(), body, content_type), manner)
    bundles: list[Mapping[str, Value]] = []
    weight = transfer = 0
    for page in (first, *first.further):
        bundles.append(_page(context, page))
        transfer += len(page.body)
        # One bundle is weighed like those of any module; so many have to fit together.
        weight += budget.weigh(bundles[-1]) if first.further else 0
        if weight > WEIGHT:
            raise oversized()
    return Emit(bundles, transfer=len(body) + transfer)


def _page(context: ModuleContext, answer: Answer) -> Mapping[str, Value]:
    if context.mapper["stopOnHttpError"]:
        http_answers.check(answer)
    return {
        "data": http_answers.content(context, answer, parse=context.mapper["parseResponse"]),
        "headers": http_answers.headers_by_name(answer),
        "statusCode": answer.status,
    }


def _download(context: ModuleContext) -> Outcome:
    """``{"data", "fileName", "fileSize", "headers", "statusCode"}``."""
    last, answer = exchange(context, _request(context, "GET", b"", None), _manner(context))
    if context.mapper["stopOnHttpError"]:
        http_answers.check(answer)
    context.env.budget.text(len(answer.body))
    bundle = {
        "data": answer.body,
        "fileName": http_answers.file_name(last, answer),
        "fileSize": len(answer.body),
        "headers": http_answers.headers_by_name(answer),
        "statusCode": answer.status,
    }
    return Emit([bundle], transfer=len(answer.body))


def _request(context: ModuleContext, method: str, body: bytes, content_type: str | None) -> Outgoing:
    mapper = context.mapper
    url, login = without_login(mapper["url"])
    parameters = context.module.parameters
    for name, meant in (("tlsType", "certificates"), ("proxyKeychain", "a proxy")):
        if parameters.get(name) and context.run.world.transport is not None:
            raise unsupported(f"{context.module.full_name}, with {meant}", context.module.id)
    return Outgoing(
        method=method,
        url=secured(address(url, pairs_of(mapper.get("queryParameters", ())))),
        headers=headers_from(
            mapper, content_type, login, compressed=mapper.get("requestCompressedContent", True)
        ),
        body=body,
        timeout=timeout_of(mapper),
    )


def _manner(context: ModuleContext) -> Manner:
    follows = context.mapper.get("allowRedirects", True)
    shares = context.mapper.get("shareCookies", False)
    match context.module.parameters.get("authenticationType"):
        case "noAuth":
            key = None
        case "apiKey":
            key = key_of(context, API_KEY, "apiKeyKeychain")
        case "basicAuth":
            key = key_of(context, BASIC, "basicAuthKeychain")
        case "oAuth":
            key = key_of(context, OAUTH, "oAuthAccount")
        case _:
            raise BundleInvalid()
    return Manner(key=key, follows=follows, follows_all=follows, shares_cookies=shares)


def _body(context: ModuleContext) -> tuple[bytes, str | None]:
    """The body and its content type; only the fields that belong to the chosen type count."""
    mapper, kind = context.mapper, context.mapper.get("contentType")
    match kind:
        case "json" if mapper.get("inputMethod") == "dataStructure":
            text = written(context, mapper.get("dataStructureBodyContent", {}))
            return text.encode("utf-8", "replace"), _CONTENT_TYPES[kind]
        case "json":
            return _json_text(context).encode("utf-8", "replace"), _CONTENT_TYPES[kind]
        case "urlEncoded":
            pairs = pairs_of(mapper.get("urlEncodedBodyContent", ()))
            return form(pairs).encode(), _CONTENT_TYPES[kind]
        case "multipart":
            return multipart_of(context, mapper.get("multipartBodyContent", ()), "name", "multipartFieldType")
        case "custom":
            return coerce(mapper.get("rawBodyContent", b""), "buffer"), mapper.get("contentTypeValue")
    return b"", None


def _json_text(context: ModuleContext) -> str:
    """The text of the body, which must be JSON once everything is mapped into it (the error's text was seen)."""
    text: str = context.mapper.get("jsonStringBodyContent", "")
    if not text or context.mapper.get("inputMethod") != "jsonString":
        raise BundleInvalid()
    try:
        read(context, text)
    except ModuleError:
        reason = "The provided JSON body content is not valid JSON."
        raise ModuleError("InvalidConfigurationError", reason) from None
    return text


_REQUEST = (
    *TARGET,
    Field("queryParameters", "array"),
    Field("contentType", "text", choices=("json", "multipart", "urlEncoded", "custom")),
    Field("inputMethod", "text", choices=("dataStructure", "jsonString")),
    Field("jsonStringBodyContent", "text"),
    Field("dataStructureBodyContent"),
    Field("multipartBodyContent", "array"),
    Field("urlEncodedBodyContent", "array"),
    Field("rawBodyContent"),
    Field("contentTypeValue", "text"),
    switch("parseResponse"),
    switch("stopOnHttpError"),
    switch("allowRedirects"),
    switch("shareCookies"),
    switch("requestCompressedContent"),
    # The fields that go with a type are not known by their names; whatever an export holds of them is not read.
    Field("paginationType", "text", choices=("offsetBased", "pageBased", "urlBased", "tokenBased")),
)

_DOWNLOAD = (
    Field("url", "text", required=True),
    switch("stopOnHttpError"),
    Field("headers", "array"),
    Field("queryParameters", "array"),
    Field("timeout", "uinteger"),
    Field("allowRedirects", "boolean"),
    Field("shareCookies", "boolean"),
    Field("requestCompressedContent", "boolean"),
)

KINDS = (
    Kind("http:MakeRequest", _make_request, _REQUEST, external=True),
    Kind("http:DownloadFile", _download, _DOWNLOAD, external=True),
)
