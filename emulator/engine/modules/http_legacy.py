"""The legacy version 3 of the app "HTTP": requests without and with authentication, and files.

Nothing leaves unless the emulator was started so; see `http_exchange` for who answers instead. Sources: exported
blueprints for names, versions and fields, and for which of them are required; apps.make.com, "HTTP (legacy)".
"""

from __future__ import annotations

from ...world.transport import Outgoing
from ..errors import BundleInvalid, unsupported
from ..iml.values import coerce
from . import http_answers
from .http_bodies import address, form, pairs_of, without_login
from .http_common import FORM, TARGET, headers_from, multipart_of, switch, timeout_of
from .http_exchange import Manner, exchange
from .http_keys import API_KEY, BASIC, OAUTH, Key, key_of
from .registry import Emit, Field, Kind, ModuleContext, Outcome

#: Content types of a raw body in version 3; a form has a body type of its own.
_RAW_TYPES = ("text/plain", "application/json", "application/xml", "text/xml", "text/html", "custom")


def _send(context: ModuleContext) -> Outcome:
    return _legacy(context, None)


def _send_with_password(context: ModuleContext) -> Outcome:
    return _legacy(context, key_of(context, BASIC, "key"))


def _send_with_key(context: ModuleContext) -> Outcome:
    return _legacy(context, key_of(context, API_KEY, "auth"))


def _send_with_oauth(context: ModuleContext) -> Outcome:
    return _legacy(context, key_of(context, OAUTH, "account"))


def _legacy(context: ModuleContext, key: Key | None) -> Outcome:
    """``{"statusCode", "headers": [{"name", "value"}], "cookieHeaders", "data", "fileSize"}``, in this order (seen)."""
    mapper = context.mapper
    as_arrays = not mapper["useQuerystring"]
    body, content_type = _legacy_body(context, as_arrays)
    url, login = without_login(mapper["url"])
    if key is None and mapper.get("authUser"):
        login = mapper["authUser"], mapper.get("authPass", "")
    query = pairs_of(mapper.get("qs", ()))
    request = Outgoing(
        method=mapper["method"].upper(),
        url=address(url, query, serialize=mapper["serializeUrl"], as_arrays=as_arrays),
        headers=headers_from(mapper, content_type, login, compressed=mapper["gzip"]),
        body=body,
        timeout=timeout_of(mapper),
        verified=mapper["rejectUnauthorized"],
        authority=mapper.get("ca"),
    )
    if mapper["useMtls"] and context.run.world.transport is not None:
        raise unsupported(f"{context.module.full_name}, with a client certificate", context.module.id)
    manner = Manner(
        key=key,
        follows=mapper["followRedirect"],
        follows_all=mapper["followAllRedirects"],
        shares_cookies=mapper["shareCookies"],
    )
    _, answer = exchange(context, request, manner)
    if _stops_at_errors(context):
        http_answers.check(answer)
    bundle = {
        "statusCode": answer.status,
        "headers": [{"name": name.lower(), "value": value} for name, value in answer.headers],
        "cookieHeaders": [value for name, value in answer.headers if name.lower() == "set-cookie"],
        "data": http_answers.content(context, answer, parse=mapper["parseResponse"]),
        "fileSize": len(answer.body),
    }
    return Emit([bundle], transfer=len(body) + len(answer.body))


def _legacy_body(context: ModuleContext, as_arrays: bool) -> tuple[bytes, str | None]:
    """The body and its content type; only the fields that belong to the chosen type count."""
    mapper = context.mapper
    match mapper.get("bodyType"):
        case "raw":
            kind = mapper.get("contentType")
            if kind is not None and kind not in _RAW_TYPES:
                raise BundleInvalid()
            return coerce(mapper.get("data", b""), "buffer"), None if kind == "custom" else kind
        case "x_www_form_urlencoded":
            return form(pairs_of(mapper.get("formFields", ()), "key"), as_arrays=as_arrays).encode(), FORM
        case "multipart_form_data":
            return multipart_of(context, mapper.get("formDataFields", ()), "key", "fieldType")
    return b"", None


def _get_file(context: ModuleContext) -> Outcome:
    """``{"data", "fileName", "fileSize", "statusCode", "headers"}``."""
    mapper = context.mapper
    url, login = without_login(mapper["url"])
    url = address(url, pairs_of(mapper.get("qs", ())), serialize=mapper.get("serializeUrl", False))
    headers = headers_from(mapper, None, login)
    request = Outgoing(method="GET", url=url, headers=headers, timeout=timeout_of(mapper))
    manner = Manner(follows_all=True, shares_cookies=mapper.get("shareCookies", False))
    last, answer = exchange(context, request, manner)
    if _stops_at_errors(context):
        http_answers.check(answer)
    context.env.budget.text(len(answer.body))
    bundle = {
        "statusCode": answer.status,
        "headers": [{"name": name.lower(), "value": value} for name, value in answer.headers],
        "data": answer.body,
        "fileName": http_answers.file_name(last, answer),
        "fileSize": len(answer.body),
    }
    return Emit([bundle], transfer=len(answer.body))


def _stops_at_errors(context: ModuleContext) -> bool:
    """Whether "Evaluate all states as errors" is on."""
    return context.module.parameters.get("handleErrors") in (True, "true")


_LEGACY = (
    *TARGET,
    switch("serializeUrl"),
    Field("qs", "array"),
    Field("bodyType", "text", choices=("raw", "x_www_form_urlencoded", "multipart_form_data")),
    Field("contentType", "text"),
    Field("data"),
    Field("formFields", "array"),
    Field("formDataFields", "array"),
    switch("parseResponse"),
    switch("shareCookies"),
    Field("ca", "text"),
    switch("rejectUnauthorized"),
    switch("followRedirect"),
    switch("useQuerystring"),
    switch("gzip"),
    switch("useMtls"),
    switch("followAllRedirects"),
)

_GET_FILE = (
    Field("url", "text", required=True),
    switch("shareCookies"),
    Field("serializeUrl", "boolean"),
    Field("headers", "array"),
    Field("qs", "array"),
    Field("timeout", "uinteger"),
)

_CREDENTIALS = (Field("authUser", "text"), Field("authPass", "text"))

KINDS = (
    Kind("http:ActionSendData", _send, (*_LEGACY, *_CREDENTIALS), external=True),
    Kind("http:ActionSendDataBasicAuth", _send_with_password, _LEGACY, external=True),
    Kind("http:ActionSendDataAPIKeyAuth", _send_with_key, _LEGACY, external=True),
    Kind("http:ActionSendDataOAuth", _send_with_oauth, _LEGACY, external=True),
    Kind("http:ActionGetFile", _get_file, _GET_FILE, external=True),
)
