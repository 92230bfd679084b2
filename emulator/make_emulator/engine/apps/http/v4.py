"""The app "HTTP" in version 4: requests to any service, with all pages of its answer, and files.

Nothing leaves unless the emulator was started so; see `exchange` for who answers instead. Sources: exported
blueprints for names, versions and fields, and for which of them are required; apps.make.com, "HTTP".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ....world.transport import HttpResponse, OutgoingRequest
from ...errors import BundleValidationError, ModuleError, unsupported_module_error
from ...expressions.values import Value, as_bytes
from ...runtime.budget import MAX_WEIGHT, data_too_large_error
from ..json import dump_json, parse_json
from ..module_api import Emit, Field, ModuleContext, ModuleDefinition, Outcome
from . import responses
from .common import (
    COMMON_FIELDS,
    FORM_TYPE,
    multipart_body,
    request_headers,
    request_timeout,
    required_boolean,
)
from .credentials import API_KEY, BASIC, OAUTH, find_credentials
from .exchange import RequestOptions, send_request
from .requests import build_url, encode_form, parse_pairs, require_https, split_credentials

#: Content types of version 4 -> what the header says.
_CONTENT_TYPES: Mapping[str, str] = {"json": "application/json", "urlEncoded": FORM_TYPE}


def _make_request(context: ModuleContext) -> Outcome:
    """``{"data", "headers": {name: value}, "statusCode"}``, in this order (seen); one for each page."""
    mapper, budget = context.mapper, context.env.budget
    body, content_type = _build_body(context)
    manner = replace(_request_options(context), fetch_all_pages="paginationType" in mapper)
    _, first = send_request(
        context, _build_request(context, mapper["method"].upper(), body, content_type), manner
    )
    bundles: list[Mapping[str, Value]] = []
    weight = transfer = 0
    for page in (first, *first.next_pages):
        bundles.append(_page_bundle(context, page))
        transfer += len(page.body)
        # One bundle is weighed like those of any module; so many have to fit together.
        weight += budget.charge_weight(bundles[-1]) if first.next_pages else 0
        if weight > MAX_WEIGHT:
            raise data_too_large_error()
    return Emit(bundles, transfer=len(body) + transfer)


def _page_bundle(context: ModuleContext, answer: HttpResponse) -> Mapping[str, Value]:
    if context.mapper["stopOnHttpError"]:
        responses.raise_for_status(answer)
    return {
        "data": responses.parse_body(context, answer, parse=context.mapper["parseResponse"]),
        "headers": responses.headers_by_name(answer),
        "statusCode": answer.status,
    }


def _download(context: ModuleContext) -> Outcome:
    """``{"data", "fileName", "fileSize", "headers", "statusCode"}``."""
    last, answer = send_request(context, _build_request(context, "GET", b"", None), _request_options(context))
    if context.mapper["stopOnHttpError"]:
        responses.raise_for_status(answer)
    context.env.budget.charge_text(len(answer.body))
    bundle: dict[str, Value] = {
        "data": answer.body,
        "fileName": responses.file_name(last, answer),
        "fileSize": len(answer.body),
        "headers": responses.headers_by_name(answer),
        "statusCode": answer.status,
    }
    return Emit([bundle], transfer=len(answer.body))


def _build_request(
    context: ModuleContext, method: str, body: bytes, content_type: str | None
) -> OutgoingRequest:
    mapper = context.mapper
    url, login = split_credentials(mapper["url"])
    parameters = context.module.parameters
    for name, meant in (("tlsType", "certificates"), ("proxyKeychain", "a proxy")):
        if parameters.get(name) and context.run.world.transport is not None:
            raise unsupported_module_error(f"{context.module.full_name}, with {meant}", context.module.id)
    return OutgoingRequest(
        method=method,
        url=require_https(build_url(url, parse_pairs(mapper.get("queryParameters", ())))),
        headers=request_headers(
            mapper, content_type, login, compressed=mapper.get("requestCompressedContent", True)
        ),
        body=body,
        timeout=request_timeout(mapper),
    )


def _request_options(context: ModuleContext) -> RequestOptions:
    follows = context.mapper.get("allowRedirects", True)
    shares = context.mapper.get("shareCookies", False)
    match context.module.parameters.get("authenticationType"):
        case "noAuth":
            key = None
        case "apiKey":
            key = find_credentials(context, API_KEY, "apiKeyKeychain")
        case "basicAuth":
            key = find_credentials(context, BASIC, "basicAuthKeychain")
        case "oAuth":
            key = find_credentials(context, OAUTH, "oAuthAccount")
        case _:
            raise BundleValidationError()
    return RequestOptions(
        key=key, follow_redirects=follows, follow_all_redirects=follows, share_cookies=shares
    )


def _build_body(context: ModuleContext) -> tuple[bytes, str | None]:
    """The body and its content type; only the fields that belong to the chosen type count."""
    mapper, kind = context.mapper, context.mapper.get("contentType")
    match kind:
        case "json" if mapper.get("inputMethod") == "dataStructure":
            text = dump_json(context, mapper.get("dataStructureBodyContent", {}))
            return text.encode("utf-8", "replace"), _CONTENT_TYPES[kind]
        case "json":
            return _json_body(context).encode("utf-8", "replace"), _CONTENT_TYPES[kind]
        case "urlEncoded":
            pairs = parse_pairs(mapper.get("urlEncodedBodyContent", ()))
            return encode_form(pairs).encode(), _CONTENT_TYPES[kind]
        case "multipart":
            return multipart_body(
                context, mapper.get("multipartBodyContent", ()), "name", "multipartFieldType"
            )
        case "custom":
            return as_bytes(mapper.get("rawBodyContent", b"")), mapper.get("contentTypeValue")
    return b"", None


def _json_body(context: ModuleContext) -> str:
    """The text of the body, which must be JSON once everything is mapped into it (the error's text was seen)."""
    text: str = context.mapper.get("jsonStringBodyContent", "")
    if not text or context.mapper.get("inputMethod") != "jsonString":
        raise BundleValidationError()
    try:
        parse_json(context, text)
    except ModuleError:
        reason = "The provided JSON body content is not valid JSON."
        raise ModuleError("InvalidConfigurationError", reason) from None
    return text


_REQUEST_FIELDS = (
    *COMMON_FIELDS,
    Field("queryParameters", "array"),
    Field("contentType", "text", choices=("json", "multipart", "urlEncoded", "custom")),
    Field("inputMethod", "text", choices=("dataStructure", "jsonString")),
    Field("jsonStringBodyContent", "text"),
    Field("dataStructureBodyContent"),
    Field("multipartBodyContent", "array"),
    Field("urlEncodedBodyContent", "array"),
    Field("rawBodyContent"),
    Field("contentTypeValue", "text"),
    required_boolean("parseResponse"),
    required_boolean("stopOnHttpError"),
    required_boolean("allowRedirects"),
    required_boolean("shareCookies"),
    required_boolean("requestCompressedContent"),
    # The fields that go with a type are not known by their names; whatever an export holds of them is not read.
    Field("paginationType", "text", choices=("offsetBased", "pageBased", "urlBased", "tokenBased")),
)

_DOWNLOAD_FIELDS = (
    Field("url", "text", required=True),
    required_boolean("stopOnHttpError"),
    Field("headers", "array"),
    Field("queryParameters", "array"),
    Field("timeout", "uinteger"),
    Field("allowRedirects", "boolean"),
    Field("shareCookies", "boolean"),
    Field("requestCompressedContent", "boolean"),
)

MODULES = (
    ModuleDefinition("http:MakeRequest", _make_request, _REQUEST_FIELDS, external=True),
    ModuleDefinition("http:DownloadFile", _download, _DOWNLOAD_FIELDS, external=True),
)
