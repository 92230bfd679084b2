"""Requests as modules of the app "HTTP" write them: URL, headers, body.

Sources: exported blueprints for the fields; the labels of the fields and apps.make.com, "HTTP (legacy)", for their
meaning; Node's ``request`` and ``qs``, whose options the fields are named after, for the details.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote, unquote, urlsplit

from ....world.models import Headers
from ....world.transport import INVALID_HEADER_CHARACTERS
from ...errors import BundleValidationError, ModuleError, invalid_parameter, missing_parameter
from ...expressions.values import Value, as_bytes, as_text

Pairs = Sequence[tuple[str, Value]]

#: Characters of a URL that are not encoded: those that have a meaning in one.
_SAFE_CHARACTERS = ";,/?:@&=+$-_.!~*'()#"
#: Suffixes of host names of a local network (RFC 6761, RFC 6762, RFC 9476; Docker's).
_LOCAL_SUFFIXES = (".localhost", ".local", ".test", ".internal")
_HEADER_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")


def parse_pairs(rows: Sequence[Value], key: str = "name") -> Pairs:
    """Parses rows of blueprints, ``[{"name", "value"?}]``, to pairs.

    Raises:
        BundleValidationError: if a row has no name.
    """
    pairs: list[tuple[str, Value]] = []
    for row in rows:
        if not isinstance(row, Mapping) or not (name := as_text(row.get(key))):
            raise BundleValidationError(missing_parameter(key))
        pairs.append((name, row.get("value")))
    return pairs


def build_url(url: str, query: Pairs, *, serialize: bool = False, as_arrays: bool = False) -> str:
    """Builds an absolute URL of ASCII characters, with parameters added to its query.

    Args:
        serialize: encode the percent signs too, as if nothing had been encoded yet.
        as_arrays: number the parameters that share a name: ``tag[0]=a&tag[1]=b``.

    Raises:
        BundleValidationError: if it is not a URL of HTTP.
    """
    try:
        whole = quote(
            _ascii_host(url.strip()), safe=_SAFE_CHARACTERS if serialize else _SAFE_CHARACTERS + "%[]"
        )
        parts = urlsplit(whole)
        _ = parts.port  # raises for a port that is not valid
    except ValueError:
        raise BundleValidationError(invalid_parameter("url", "url")) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BundleValidationError(invalid_parameter("url", "url"))
    before = parts._replace(fragment="").geturl()
    if not query:
        return before
    joint = "?" if not parts.query and not before.endswith("?") else "&" if parts.query else ""
    return before + joint + encode_form(query, as_arrays=as_arrays)


def require_https(url: str) -> str:
    """Checks a URL of version 4, which allows secure connections only (apps.make.com, "HTTP").

    Hosts that Make cannot reach, such as localhost, are exempt: they are used in tests.

    Raises:
        ModuleError: if it is not secure.
    """
    parts = urlsplit(url)
    if parts.scheme == "http" and not _is_local_host(parts.hostname or ""):
        raise ModuleError("InvalidConfigurationError", "Only secure connections are allowed: https://")
    return url


def split_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    """Splits a URL into the URL without user information, and the user and password."""
    scheme, mark, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    login, at, host = authority.rpartition("@")
    if not at:
        return url, None
    user, _, password = login.partition(":")
    return f"{scheme}{mark}{host}{slash}{path}", (unquote(user), unquote(password))


def encode_form(pairs: Pairs, *, as_arrays: bool = False) -> str:
    """Encodes pairs as a query or a form; a space is ``%20``."""
    many = Counter(name for name, _ in pairs)
    places: Counter[str] = Counter()
    written = []
    for name, value in pairs:
        key = f"{name}[{places[name]}]" if as_arrays and many[name] > 1 else name
        places[name] += 1
        written.append(f"{_percent_encode(key)}={_percent_encode(as_text(value, collections_as_json=True))}")
    return "&".join(written)


def build_headers(pairs: Pairs, *defaults: tuple[str, str]) -> Headers:
    """Builds the headers of a request: the last one of each name, defaults first.

    Raises:
        BundleValidationError: if a name is not valid.
        ModuleError: if a value cannot be in a header (the text is Node's).
    """
    headers: dict[str, tuple[str, str]] = {}
    for name, raw in (*defaults, *pairs):
        value = as_text(raw, collections_as_json=True)
        if not _HEADER_NAME.fullmatch(name):
            raise BundleValidationError(invalid_parameter("headers", "header name"))
        if INVALID_HEADER_CHARACTERS.search(value):
            raise ModuleError("RuntimeError", f'Invalid character in header content ["{name}"]')
        headers[name.lower()] = (name, value)
    return tuple(headers.values())


def encode_multipart(fields: Iterable[Mapping[str, Value]], boundary: str) -> bytes:
    """Encodes a body of ``multipart/form-data``; each field is ``{"name", "value"}`` or a file ``{"name", "file_name", "data"}``."""
    parts = []
    for field in fields:
        head = f'Content-Disposition: form-data; name="{_escape_quotes(as_text(field["name"]))}"'
        if "data" in field:
            head += f'; filename="{_escape_quotes(as_text(field["file_name"]))}"\r\nContent-Type: application/octet-stream'
        content = as_bytes(field["data"] if "data" in field else field["value"])
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n".encode("utf-8", "replace") + content + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode()


def _is_local_host(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(_LOCAL_SUFFIXES)


def _ascii_host(url: str) -> str:
    """Encodes an internationalized host name for DNS."""
    host = "" if url.isascii() else urlsplit(url).hostname or ""
    return url if host.isascii() else url.replace(host, host.encode("idna").decode(), 1)


def _percent_encode(text: str) -> str:
    return quote(text, safe="-_.~", errors="replace")


def _escape_quotes(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
