"""App "HTTP" in version 4: requests to any service, with all pages of the response, and files.

Requests leave the emulator only if it was started so; see `exchange` for the responses. Sources: exported
blueprints for names, versions and fields, and for which of them are required; apps.make.com, "HTTP".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ....world.keys import API_KEY, BASIC_AUTH
from ....world.transport import HttpResponse, OutgoingRequest
from ...budget import MAX_WEIGHT, data_too_large_error
from ...errors import (
    BundleValidationError,
    ModuleError,
    missing_parameter,
    parameter_not_in_options,
    unsupported_module_error,
)
from ...expressions.values import Value, as_bytes
from ..app import Field
from ..context import Emit, ModuleContext, Outcome, convert_field
from ..json import dump_json, parse_json
from . import responses
from .common import (
    APP,
    COMMON_FIELDS,
    FORM_TYPE,
    multipart_body,
    request_headers,
    request_timeout,
    required_boolean,
)
from .credentials import find_connection_credentials, find_key_credentials
from .exchange import RequestOptions, send_request
from .requests import build_url, encode_form, parse_pairs, require_https, split_credentials

#: Content type of version 4 -> value of the header.
_CONTENT_TYPES: Mapping[str, str] = {"json": "application/json", "urlEncoded": FORM_TYPE}

#: Name and text of the error of a body that is not JSON (observed).
_INVALID_JSON = ("InvalidConfigurationError", "The provided JSON body content is not valid JSON.")

_REQUEST_FIELDS = (
    *COMMON_FIELDS,
    Field("queryParameters", "array"),
    Field("contentType", "text", choices=("json", "multipart", "urlEncoded", "custom")),
    Field("inputMethod", "text", choices=("dataStructure", "jsonString")),
    Field("jsonStringBodyContent", "text", backslash_error=_INVALID_JSON),
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
    # The names of the fields of each type are not known, so they are ignored.
    Field("paginationType", "text", choices=("offsetBased", "pageBased", "urlBased", "tokenBased")),
)

_DOWNLOAD_FIELDS = (
    Field("url", "text", required=True, format="url"),
    required_boolean("stopOnHttpError"),
    Field("headers", "array"),
    Field("queryParameters", "array"),
    Field("timeout", "uinteger"),
    Field("allowRedirects", "boolean"),
    Field("shareCookies", "boolean"),
    Field("requestCompressedContent", "boolean"),
)

_VERSIONS = (4,)


@APP.module(
    "MakeRequest",
    *_REQUEST_FIELDS,
    versions=_VERSIONS,
    external=True,
    outputs=("data", "headers", "statusCode"),
)
def _make_request(context: ModuleContext) -> Outcome:
    """Emits ``{"data", "headers": {name: value}, "statusCode"}``, in this order (observed), for each page."""
    budget = context.env.budget
    body, content_type = _build_body(context)
    options = replace(_request_options(context), fetch_all_pages="paginationType" in context.mapper)
    _, first = send_request(
        context, _build_request(context, context.text("method").upper(), body, content_type), options
    )
    bundles: list[Mapping[str, Value]] = []
    weight = transfer = 0
    for page in (first, *first.next_pages):
        bundles.append(_page_bundle(context, page))
        transfer += len(page.body)
        # The interpreter checks the weight of each bundle; this is the limit of all pages.
        weight += budget.charge_weight(bundles[-1]) if first.next_pages else 0
        if weight > MAX_WEIGHT:
            raise data_too_large_error()
    return Emit(bundles, transfer=len(body) + transfer)


def _page_bundle(context: ModuleContext, response: HttpResponse) -> Mapping[str, Value]:
    if context.boolean("stopOnHttpError"):
        responses.raise_for_status(response)
    return {
        "data": responses.parse_body(context, response, parse=context.boolean("parseResponse")),
        "headers": responses.headers_by_name(response),
        "statusCode": response.status,
    }


@APP.module(
    "DownloadFile",
    *_DOWNLOAD_FIELDS,
    versions=_VERSIONS,
    external=True,
    outputs=("data", "fileName", "fileSize", "headers", "statusCode"),
)
def _download(context: ModuleContext) -> Outcome:
    """Emits ``{"data", "fileName", "fileSize", "headers", "statusCode"}``."""
    last, response = send_request(
        context, _build_request(context, "GET", b"", None), _request_options(context)
    )
    if context.boolean("stopOnHttpError"):
        responses.raise_for_status(response)
    context.env.budget.charge_text(len(response.body))
    bundle: dict[str, Value] = {
        "data": response.body,
        "fileName": responses.file_name(last, response),
        "fileSize": len(response.body),
        "headers": responses.headers_by_name(response),
        "statusCode": response.status,
    }
    return Emit([bundle], transfer=len(response.body))


def _build_request(
    context: ModuleContext, method: str, body: bytes, content_type: str | None
) -> OutgoingRequest:
    url, login = split_credentials(context.text("url"))
    parameters = context.module.parameters
    for name, label in (("tlsType", "certificates"), ("proxyKeychain", "a proxy")):
        if parameters.get(name) and context.run.world.transport is not None:
            raise unsupported_module_error(f"{context.module.full_name}, with {label}", context.module.id)
    return OutgoingRequest(
        method=method,
        url=require_https(build_url(url, parse_pairs(context.array("queryParameters")))),
        headers=request_headers(
            context,
            content_type,
            login,
            compressed=context.boolean("requestCompressedContent", default=True),
        ),
        body=body,
        timeout=request_timeout(context),
    )


def _request_options(context: ModuleContext) -> RequestOptions:
    follows = context.boolean("allowRedirects", default=True)
    shares = context.boolean("shareCookies")
    match context.module.parameters.get("authenticationType"):
        case "noAuth":
            key = None
        case "apiKey":
            key = find_key_credentials(context, API_KEY, "apiKeyKeychain")
        case "basicAuth":
            key = find_key_credentials(context, BASIC_AUTH, "basicAuthKeychain")
        case "oAuth":
            key = find_connection_credentials(context, "oAuthAccount")
        case _:
            raise BundleValidationError(
                parameter_not_in_options("authenticationType")
                if context.module.parameters.get("authenticationType")
                else missing_parameter("authenticationType"),
                hint="The parameter 'authenticationType' is one of: noAuth, apiKey, basicAuth, oAuth.",
            )
    return RequestOptions(
        key=key, follow_redirects=follows, follow_all_redirects=follows, share_cookies=shares
    )


def _build_body(context: ModuleContext) -> tuple[bytes, str | None]:
    """Returns the body and its content type, built from the fields of the chosen content type."""
    kind = context.text("contentType")
    match kind:
        case "json" if context.text("inputMethod") == "dataStructure":
            text = dump_json(context, context.mapper.get("dataStructureBodyContent", {}))
            return text.encode("utf-8", "replace"), _CONTENT_TYPES[kind]
        case "json":
            return _json_body(context).encode("utf-8", "replace"), _CONTENT_TYPES[kind]
        case "urlEncoded":
            pairs = parse_pairs(context.array("urlEncodedBodyContent"))
            return encode_form(pairs).encode(), _CONTENT_TYPES[kind]
        case "multipart":
            return multipart_body(
                context, context.array("multipartBodyContent"), "name", "multipartFieldType"
            )
        case "custom":
            raw = context.mapper.get("rawBodyContent", b"")
            body = convert_field("rawBodyContent", "buffer", as_bytes, raw)
            return body, context.optional_text("contentTypeValue")
    return b"", None


def _json_body(context: ModuleContext) -> str:
    """Returns the text of the body, which must be JSON once it is evaluated."""
    text = context.text("jsonStringBodyContent")
    if context.text("inputMethod") != "jsonString":
        raise BundleValidationError(missing_parameter("inputMethod"))
    if not text:
        raise BundleValidationError(missing_parameter("jsonStringBodyContent"))
    try:
        parse_json(context, text)
    except ModuleError:
        raise ModuleError(*_INVALID_JSON) from None
    return text
