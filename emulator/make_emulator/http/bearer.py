"""Challenge of a 401 response to a Bearer client: ``WWW-Authenticate`` (RFC 6750), with the way to the authorization server.

Source: RFC 9728, 5.1; that Make's MCP server sends one was seen in a guide that quotes the vendor's troubleshooting page.
"""

from __future__ import annotations

from ..world.zones import is_make_host
from .host_names import host_name

#: Path of the metadata of a protected resource (RFC 9728).
RESOURCE_METADATA_PATH = "/.well-known/oauth-protected-resource"


def bearer_challenge(
    origin: str | None, *, error: str | None = None, description: str | None = None, scope: str | None = None
) -> str:
    """Returns the value of ``WWW-Authenticate`` for a request without a valid token.

    Args:
        origin: scheme and host of the request, e.g. ``https://mcp.make.com``; ``None`` for a resource without metadata.
        error: the code of RFC 6750, e.g. ``invalid_token``; none for a request without a token.
        description: the reason, for people.
        scope: the scopes that are needed, separated by spaces.
    """
    parameters = {
        "realm": "OAuth",
        "resource_metadata": f"{origin}{RESOURCE_METADATA_PATH}" if origin else None,
        "error": error,
        "error_description": description,
        "scope": scope,
    }
    return "Bearer " + ", ".join(
        f'{name}="{_quotable(value)}"' for name, value in parameters.items() if value
    )


def authorization_origin(origin: str) -> str:
    """Returns the origin of the authorization server for a request: www.make.com for all of Make's hosts, else the same.

    Args:
        origin: scheme and host that were called, e.g. ``http://127.0.0.1:4747`` or ``https://eu1.make.com``.
    """
    scheme, _, host = origin.partition("://")
    name = host_name(host)
    if not is_make_host(name):
        return origin
    port = host.partition(":")[2]
    return f"{scheme}://www.make.com" + (f":{port}" if port else "")


def _quotable(text: str) -> str:
    """Returns a text without the characters that a quoted string of a header must escape, or cannot have."""
    return "".join(character for character in text if " " <= character <= "~" and character not in '"\\')
