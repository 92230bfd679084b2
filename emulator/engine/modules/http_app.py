"""The app "HTTP": requests to any service, in the legacy version 3 and in version 4.

Nothing leaves unless the emulator was started so; see `http_exchange` for who answers instead. Sources: exported
blueprints for names, versions and fields, and for which of them are required; apps.make.com, "HTTP" and "HTTP (legacy)".
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from ...world.models import Headers
from ...world.transport import Outgoing
from ..errors import BundleInvalid, ModuleError, unsupported
from ..iml.values import Value, as_text, coerce, plain
from . import http_answers
from .http_bodies import address, form, headers_of, multipart, pairs_of, without_login
from .http_exchange import Manner, exchange
from .http_keys import API_KEY, BASIC, OAUTH, Key, basic, key_of
from .json_app import read
from .registry import Emit, Field, Kind, ModuleContext, Outcome

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")

#: How many seconds an answer may take, and the most that a module may ask for (apps.make.com, "HTTP").
TIMEOUT, LONGEST_TIMEOUT = 40, 300

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"

#: Content types of a raw body in version 3; a form has a body type of its own.
_RAW_TYPES = ("text/plain", "application/json", "application/xml", "text/xml", "text/html", "custom")

#: Content types of version 4 -> what the header says.
_CONTENT_TYPES: Mapping[str, str] = {"json": "application/json", "urlEncoded": FORM}


# --- version 3 -----------------------------------------------------------------------------------


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
        headers=_headers(mapper, content_type, login, compressed=mapper["gzip"]),
        body=body,
        timeout=_timeout(mapper),
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
            return _multipart(context, mapper.get("formDataFields", ()), "key", "fieldType")
    return b"", None


def _get_file(context: ModuleContext) -> Outcome:
    """``{"data", "fileName", "fileSize", "statusCode", "headers"}``."""
    mapper = context.mapper
    url, login = without_login(mapper["url"])
    url = address(url, pairs_of(mapper.get("qs", ())), serialize=mapper.get("serializeUrl", False))
    headers = _headers(mapper, None, login)
    request = Outgoing(method="GET", url=url, headers=headers, timeout=_timeout(mapper))
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


# --- version 4 -----------------------------------------------------------------------------------


def _make_request(context: ModuleContext) -> Outcome:
    """``{"data", "headers": {name: value}, "statusCode"}``, in this order (seen)."""
    mapper = context.mapper
    if mapper.get("paginationType"):
        raise unsupported(f"{context.module.full_name}, with pages", context.module.id)
    body, content_type = _body(context)
    request = _request(context, mapper["method"].upper(), body, content_type)
    _, answer = exchange(context, request, _manner(context))
    if mapper["stopOnHttpError"]:
        http_answers.check(answer)
    bundle = {
        "data": http_answers.content(context, answer, parse=mapper["parseResponse"]),
        "headers": http_answers.headers_by_name(answer),
        "statusCode": answer.status,
    }
    return Emit([bundle], transfer=len(body) + len(answer.body))


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
    if context.module.parameters.get("tlsType") and context.run.world.transport is not None:
        raise unsupported(f"{context.module.full_name}, with certificates", context.module.id)
    return Outgoing(
        method=method,
        url=address(url, pairs_of(mapper.get("queryParameters", ()))),
        headers=_headers(
            mapper, content_type, login, compressed=mapper.get("requestCompressedContent", True)
        ),
        body=body,
        timeout=_timeout(mapper),
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
            return orjson.dumps(plain(mapper.get("dataStructureBodyContent", {}))), _CONTENT_TYPES[kind]
        case "json":
            return _json_text(context).encode("utf-8", "replace"), _CONTENT_TYPES[kind]
        case "urlEncoded":
            pairs = pairs_of(mapper.get("urlEncodedBodyContent", ()))
            return form(pairs).encode(), _CONTENT_TYPES[kind]
        case "multipart":
            return _multipart(context, mapper.get("multipartBodyContent", ()), "name", "multipartFieldType")
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


# --- both ----------------------------------------------------------------------------------------


def _headers(
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


def _timeout(mapper: Mapping[str, Value]) -> int:
    seconds: int = mapper.get("timeout", TIMEOUT)
    if not 1 <= seconds <= LONGEST_TIMEOUT:
        raise BundleInvalid()
    return seconds * 1_000


def _multipart(context: ModuleContext, rows: Value, name: str, kind: str) -> tuple[bytes, str]:
    """A body of text fields and files, and its content type; a run always draws the same boundary."""
    fields = [
        {"name": key, "file_name": as_text(row.get("fileName")) or key, "data": row.get("data")}
        if row.get(kind) == "file"
        else {"name": key, "value": coerce(value, "text")}
        for (key, value), row in zip(pairs_of(rows, name), rows, strict=True)
    ]
    boundary = f"{context.module.id:024d}{context.run.execution_id[:24]}"
    return multipart(fields, boundary), f"{MULTIPART}; boundary={boundary}"


def _switch(name: str) -> Field:
    return Field(name, "boolean", required=True)


_TARGET = (
    Field("url", "text", required=True),
    Field("method", "text", required=True, choices=METHODS),
    Field("headers", "array"),
    Field("timeout", "uinteger"),
)

_LEGACY = (
    *_TARGET,
    _switch("serializeUrl"),
    Field("qs", "array"),
    Field("bodyType", "text", choices=("raw", "x_www_form_urlencoded", "multipart_form_data")),
    Field("contentType", "text"),
    Field("data"),
    Field("formFields", "array"),
    Field("formDataFields", "array"),
    _switch("parseResponse"),
    _switch("shareCookies"),
    Field("ca", "text"),
    _switch("rejectUnauthorized"),
    _switch("followRedirect"),
    _switch("useQuerystring"),
    _switch("gzip"),
    _switch("useMtls"),
    _switch("followAllRedirects"),
)

_GET_FILE = (
    Field("url", "text", required=True),
    _switch("shareCookies"),
    Field("serializeUrl", "boolean"),
    Field("headers", "array"),
    Field("qs", "array"),
    Field("timeout", "uinteger"),
)

_REQUEST = (
    *_TARGET,
    Field("queryParameters", "array"),
    Field("contentType", "text", choices=("json", "multipart", "urlEncoded", "custom")),
    Field("inputMethod", "text", choices=("dataStructure", "jsonString")),
    Field("jsonStringBodyContent", "text"),
    Field("dataStructureBodyContent"),
    Field("multipartBodyContent", "array"),
    Field("urlEncodedBodyContent", "array"),
    Field("rawBodyContent"),
    Field("contentTypeValue", "text"),
    _switch("parseResponse"),
    _switch("stopOnHttpError"),
    _switch("allowRedirects"),
    _switch("shareCookies"),
    _switch("requestCompressedContent"),
    Field("paginationType", "text", choices=("offsetBased", "pageBased", "urlBased", "tokenBased")),
)

_DOWNLOAD = (
    Field("url", "text", required=True),
    _switch("stopOnHttpError"),
    Field("headers", "array"),
    Field("queryParameters", "array"),
    Field("timeout", "uinteger"),
    Field("allowRedirects", "boolean"),
    Field("shareCookies", "boolean"),
    Field("requestCompressedContent", "boolean"),
)

_CREDENTIALS = (Field("authUser", "text"), Field("authPass", "text"))

KINDS = (
    Kind("http:ActionSendData", _send, (*_LEGACY, *_CREDENTIALS), external=True),
    Kind("http:ActionSendDataBasicAuth", _send_with_password, _LEGACY, external=True),
    Kind("http:ActionSendDataAPIKeyAuth", _send_with_key, _LEGACY, external=True),
    Kind("http:ActionSendDataOAuth", _send_with_oauth, _LEGACY, external=True),
    Kind("http:ActionGetFile", _get_file, _GET_FILE, external=True),
    Kind("http:MakeRequest", _make_request, _REQUEST, external=True),
    Kind("http:DownloadFile", _download, _DOWNLOAD, external=True),
)
