"""Redirect URIs: which may be registered, and which of a request are those of its client.

They are compared exactly (RFC 9700, 2.1), but for the port on loopback, which native apps choose freely (RFC 8252, 7.3).
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, urlencode, urlsplit

from ..http.host_names import is_loopback_address
from ..world.models import OAuthClient

MAX_LENGTH = 2048

#: Schemes whose addresses a browser runs, shows or opens itself.
_DANGEROUS_SCHEMES = frozenset(
    [
        "about",
        "blob",
        "chrome",
        "data",
        "file",
        "filesystem",
        "ftp",
        "javascript",
        "mailto",
        "vbscript",
        "view-source",
    ]
)


def find_issue(uri: str) -> str | None:
    """Returns the reason why a redirect URI cannot be registered; ``None`` for a valid one."""
    if not 0 < len(uri) <= MAX_LENGTH or not uri.isascii() or not uri.isprintable() or " " in uri:
        return f"a redirect URI has 1 to {MAX_LENGTH} printable characters of ASCII"
    parts = _split(uri)
    if parts is None or not parts.scheme:
        return "a redirect URI is absolute, such as https://app.example/callback"
    if "#" in uri:
        return "a redirect URI has no fragment"
    if parts.scheme in _DANGEROUS_SCHEMES:
        return f"a redirect URI cannot have the scheme {parts.scheme}"
    if parts.scheme in ("http", "https"):
        if not parts.hostname or "@" in parts.netloc or "\\" in uri:
            return "a redirect URI has a host, and no user"
        if parts.scheme == "http" and not _is_loopback(parts):
            return "a redirect URI with http is on loopback; others need https"
    return None


def is_registered(client: OAuthClient, uri: str) -> bool:
    """Returns true for a redirect URI of the client."""
    if uri in client.redirect_uris:
        return True
    parts = _split(uri)
    if parts is None or not _is_loopback_url(parts) or find_issue(uri) is not None:
        return False
    return client.allows_loopback or any(
        _without_port(parts) == _without_port(other) for other in _loopback_urls(client.redirect_uris)
    )


def add_parameters(uri: str, **parameters: str | None) -> str:
    """Returns a redirect URI with parameters added to its query; those that are ``None`` are left out."""
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    if "?" not in uri:
        return f"{uri}?{query}"
    return uri + query if uri.endswith(("?", "&")) else f"{uri}&{query}"


def scheme_of(uri: str) -> str:
    """Returns the scheme of a registered redirect URI."""
    return uri.partition(":")[0].lower()


def _loopback_urls(uris: Iterable[str]) -> list[SplitResult]:
    return [parts for uri in uris if (parts := _split(uri)) is not None and _is_loopback_url(parts)]


def _is_loopback_url(parts: SplitResult) -> bool:
    return parts.scheme == "http" and _is_loopback(parts)


def _is_loopback(parts: SplitResult) -> bool:
    name = parts.hostname or ""
    return name == "localhost" or is_loopback_address(name)


def _without_port(parts: SplitResult) -> tuple[str, str | None, str, str]:
    return parts.scheme, parts.hostname, parts.path, parts.query


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts
