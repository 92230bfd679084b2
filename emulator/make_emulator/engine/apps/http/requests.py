"""What a request of the app "HTTP" is written with: its address, its headers, its body.

Sources: exported blueprints for the fields; the labels of the fields and apps.make.com, "HTTP (legacy)", for what they
do; Node's ``request`` and ``qs``, whose options the fields are named after, for how it is done.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote, unquote, urlsplit

from ....world.models import Headers
from ....world.transport import INVALID_HEADER_CHARACTERS
from ...errors import BundleValidationError, ModuleError
from ...expressions.values import Value, as_bytes, as_text

Pairs = Sequence[tuple[str, Value]]

#: What stays as it is in an address: everything that has a meaning in one.
_SAFE_CHARACTERS = ";,/?:@&=+$-_.!~*'()#"
#: How the names of hosts end that only a network of one's own knows (RFC 6761, RFC 6762, RFC 9476; Docker's).
_LOCAL_SUFFIXES = (".localhost", ".local", ".test", ".internal")
_HEADER_NAME = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")


def parse_pairs(rows: Sequence[Value], key: str = "name") -> Pairs:
    """Rows of a name and a value as blueprints have them, ``[{"name", "value"}]``; a row without a value has an empty one.

    Raises:
        BundleInvalid: if a row has no name.
    """
    pairs: list[tuple[str, Value]] = []
    for row in rows:
        if not isinstance(row, Mapping) or not (name := as_text(row.get(key))):
            raise BundleValidationError()
        pairs.append((name, row.get("value")))
    return pairs


def build_url(url: str, query: Pairs, *, serialize: bool = False, as_arrays: bool = False) -> str:
    """An absolute address of ASCII, with more parameters in its query.

    Args:
        serialize: encode the percent signs too, as if nothing had been encoded yet.
        as_arrays: number the parameters that share a name: ``tag[0]=a&tag[1]=b``.

    Raises:
        BundleInvalid: if it is no address of HTTP.
    """
    try:
        whole = quote(
            _ascii_host(url.strip()), safe=_SAFE_CHARACTERS if serialize else _SAFE_CHARACTERS + "%[]"
        )
        parts = urlsplit(whole)
        _ = parts.port  # looked at here, so that whoever sends may rely on it
    except ValueError:
        raise BundleValidationError() from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BundleValidationError()
    before = parts._replace(fragment="").geturl()
    if not query:
        return before
    joint = "?" if not parts.query and not before.endswith("?") else "&" if parts.query else ""
    return before + joint + encode_form(query, as_arrays=as_arrays)


def require_https(url: str) -> str:
    """An address of version 4, which allows secure connections only (apps.make.com, "HTTP").

    Addresses that Make could not reach, such as this machine, may do without: a scenario has them for a test.

    Raises:
        ModuleError: if it is not secure.
    """
    parts = urlsplit(url)
    if parts.scheme == "http" and not _is_local_host(parts.hostname or ""):
        raise ModuleError("InvalidConfigurationError", "Only secure connections are allowed: https://")
    return url


def split_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    """An address without the user and the password that may stand before its host, and these."""
    scheme, mark, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    login, at, host = authority.rpartition("@")
    if not at:
        return url, None
    user, _, password = login.partition(":")
    return f"{scheme}{mark}{host}{slash}{path}", (unquote(user), unquote(password))


def encode_form(pairs: Pairs, *, as_arrays: bool = False) -> str:
    """Pairs as a query or a form has them; a space is ``%20``."""
    many = Counter(name for name, _ in pairs)
    places: Counter[str] = Counter()
    written = []
    for name, value in pairs:
        key = f"{name}[{places[name]}]" if as_arrays and many[name] > 1 else name
        places[name] += 1
        written.append(f"{_percent_encode(key)}={_percent_encode(as_text(value))}")
    return "&".join(written)


def build_headers(pairs: Pairs, *defaults: tuple[str, str]) -> Headers:
    """The headers as they are sent: one of each name, the last one; those that are missing by default come first.

    Raises:
        BundleInvalid: if a name is none.
        ModuleError: if a value cannot be in a header (the text is Node's).
    """
    held: dict[str, tuple[str, str]] = {}
    for name, given in (*defaults, *pairs):
        value = as_text(given)
        if not _HEADER_NAME.fullmatch(name):
            raise BundleValidationError()
        if INVALID_HEADER_CHARACTERS.search(value):
            raise ModuleError("RuntimeError", f'Invalid character in header content ["{name}"]')
        held[name.lower()] = (name, value)
    return tuple(held.values())


def encode_multipart(fields: Iterable[Mapping[str, Value]], boundary: str) -> bytes:
    """A body of ``multipart/form-data``; each field is ``{"name", "value"}`` or a file ``{"name", "file_name", "data"}``."""
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
    """An address whose host, if it is written in letters of another alphabet, is written as the DNS knows it."""
    host = "" if url.isascii() else urlsplit(url).hostname or ""
    return url if host.isascii() else url.replace(host, host.encode("idna").decode(), 1)


def _percent_encode(text: str) -> str:
    return quote(text, safe="-_.~", errors="replace")


def _escape_quotes(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
