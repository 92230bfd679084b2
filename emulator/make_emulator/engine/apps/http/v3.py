"""Legacy version 3 of the app "HTTP": requests with and without authentication, and files.

Requests leave the emulator only if it was started so; see `exchange` for the responses. Sources: exported
blueprints for names, versions and fields, and for which of them are required; apps.make.com, "HTTP (legacy)".
"""

from __future__ import annotations

from ....world.keys import API_KEY, BASIC_AUTH
from ....world.transport import OutgoingRequest
from ...errors import BundleValidationError, parameter_not_in_options, unsupported_module_error
from ...expressions.values import Value, as_bytes
from ..app import Field
from ..context import Emit, ModuleContext, Outcome, convert_field
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
from .credentials import Credentials, find_connection_credentials, find_key_credentials
from .exchange import RequestOptions, send_request
from .requests import build_url, encode_form, parse_pairs, split_credentials

#: Content types of a raw body in version 3; a form has a body type of its own.
_RAW_TYPES = ("text/plain", "application/json", "application/xml", "text/xml", "text/html", "custom")


_REQUEST_FIELDS = (
    *COMMON_FIELDS,
    required_boolean("serializeUrl"),
    Field("qs", "array"),
    Field("bodyType", "text", choices=("raw", "x_www_form_urlencoded", "multipart_form_data")),
    Field("contentType", "text"),
    Field("data"),
    Field("formFields", "array"),
    Field("formDataFields", "array"),
    required_boolean("parseResponse"),
    required_boolean("shareCookies"),
    Field("ca", "text"),
    required_boolean("rejectUnauthorized"),
    required_boolean("followRedirect"),
    required_boolean("useQuerystring"),
    required_boolean("gzip"),
    required_boolean("useMtls"),
    required_boolean("followAllRedirects"),
)

_GET_FILE_FIELDS = (
    Field("url", "text", required=True, format="url"),
    required_boolean("shareCookies"),
    Field("serializeUrl", "boolean"),
    Field("headers", "array"),
    Field("qs", "array"),
    Field("timeout", "uinteger"),
)

_LOGIN_FIELDS = (Field("authUser", "text"), Field("authPass", "text"))

#: Versions 1 and 2 of the legacy modules were seen in no export, except for version 2 of "Get a file".
_VERSIONS = (3,)

_OUTPUTS = ("statusCode", "headers", "cookieHeaders", "data", "fileSize")
_FILE_OUTPUTS = ("data", "fileName", "fileSize", "statusCode", "headers")


@APP.module(
    "ActionSendData", *_REQUEST_FIELDS, *_LOGIN_FIELDS, versions=_VERSIONS, external=True, outputs=_OUTPUTS
)
def _send(context: ModuleContext) -> Outcome:
    return _send_legacy_request(context, None)


@APP.module("ActionSendDataBasicAuth", *_REQUEST_FIELDS, versions=_VERSIONS, external=True, outputs=_OUTPUTS)
def _send_with_basic_auth(context: ModuleContext) -> Outcome:
    return _send_legacy_request(context, find_key_credentials(context, BASIC_AUTH, "key"))


@APP.module("ActionSendDataAPIKeyAuth", *_REQUEST_FIELDS, versions=_VERSIONS, external=True, outputs=_OUTPUTS)
def _send_with_api_key(context: ModuleContext) -> Outcome:
    return _send_legacy_request(context, find_key_credentials(context, API_KEY, "auth"))


@APP.module("ActionSendDataOAuth", *_REQUEST_FIELDS, versions=_VERSIONS, external=True, outputs=_OUTPUTS)
def _send_with_oauth(context: ModuleContext) -> Outcome:
    return _send_legacy_request(context, find_connection_credentials(context, "account"))


def _send_legacy_request(context: ModuleContext, key: Credentials | None) -> Outcome:
    """Emits ``{"statusCode", "headers": [{"name", "value"}], "cookieHeaders", "data", "fileSize"}``, in this order (observed)."""
    as_arrays = not context.boolean("useQuerystring")
    body, content_type = _build_body(context, as_arrays)
    url, login = split_credentials(context.text("url"))
    if key is None and (user := context.text("authUser")):
        login = user, context.text("authPass")
    query = parse_pairs(context.array("qs"))
    request = OutgoingRequest(
        method=context.text("method").upper(),
        url=build_url(url, query, serialize=context.boolean("serializeUrl"), as_arrays=as_arrays),
        headers=request_headers(context, content_type, login, compressed=context.boolean("gzip")),
        body=body,
        timeout=request_timeout(context),
        verify_tls=context.boolean("rejectUnauthorized"),
        ca_certificate=context.optional_text("ca"),
    )
    if context.boolean("useMtls") and context.run.world.transport is not None:
        raise unsupported_module_error(
            f"{context.module.full_name}, with a client certificate", context.module.id
        )
    options = RequestOptions(
        key=key,
        follow_redirects=context.boolean("followRedirect"),
        follow_all_redirects=context.boolean("followAllRedirects"),
        share_cookies=context.boolean("shareCookies"),
    )
    _, response = send_request(context, request, options)
    if _should_raise_for_status(context):
        responses.raise_for_status(response)
    bundle: dict[str, Value] = {
        "statusCode": response.status,
        "headers": [{"name": name.lower(), "value": value} for name, value in response.headers],
        "cookieHeaders": [value for name, value in response.headers if name.lower() == "set-cookie"],
        "data": responses.parse_body(context, response, parse=context.boolean("parseResponse")),
        "fileSize": len(response.body),
    }
    return Emit([bundle], transfer=len(body) + len(response.body))


def _build_body(context: ModuleContext, as_arrays: bool) -> tuple[bytes, str | None]:
    """Returns the body and its content type, built from the fields of the chosen body type."""
    match context.text("bodyType"):
        case "raw":
            kind = context.optional_text("contentType")
            if kind is not None and kind not in _RAW_TYPES:
                raise BundleValidationError(parameter_not_in_options("contentType"))
            body = convert_field("data", "buffer", as_bytes, context.mapper.get("data", b""))
            return body, None if kind == "custom" else kind
        case "x_www_form_urlencoded":
            return encode_form(
                parse_pairs(context.array("formFields"), "key"), as_arrays=as_arrays
            ).encode(), FORM_TYPE
        case "multipart_form_data":
            return multipart_body(context, context.array("formDataFields"), "key", "fieldType")
    return b"", None


@APP.module(
    "ActionGetFile", *_GET_FILE_FIELDS, versions=(2, *_VERSIONS), external=True, outputs=_FILE_OUTPUTS
)
def _get_file(context: ModuleContext) -> Outcome:
    """Emits ``{"data", "fileName", "fileSize", "statusCode", "headers"}``."""
    url, login = split_credentials(context.text("url"))
    url = build_url(url, parse_pairs(context.array("qs")), serialize=context.boolean("serializeUrl"))
    headers = request_headers(context, None, login)
    request = OutgoingRequest(method="GET", url=url, headers=headers, timeout=request_timeout(context))
    options = RequestOptions(follow_all_redirects=True, share_cookies=context.boolean("shareCookies"))
    last, response = send_request(context, request, options)
    if _should_raise_for_status(context):
        responses.raise_for_status(response)
    context.env.budget.charge_text(len(response.body))
    bundle: dict[str, Value] = {
        "statusCode": response.status,
        "headers": [{"name": name.lower(), "value": value} for name, value in response.headers],
        "data": response.body,
        "fileName": responses.file_name(last, response),
        "fileSize": len(response.body),
    }
    return Emit([bundle], transfer=len(response.body))


def _should_raise_for_status(context: ModuleContext) -> bool:
    """Returns True if "Evaluate all states as errors" is enabled."""
    return context.module.parameters.get("handleErrors") in (True, "true")
