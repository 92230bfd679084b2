"""Registration of clients by themselves (RFC 7591), for the MCP server.

Observed in live probes of public projects: no token is needed, and the response has a client id and a secret. The
metadata offer ``client_secret_post`` only, and clients that register with another method work, so they are given a secret,
too. The rest is assumed; see the ledger.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from ..json_types import Json
from ..lazy_dataclasses import dataclass
from ..world.clock import SECOND, Clock
from ..world.models import OAuthClient
from ..world.oauth import MAX_NAME_LENGTH
from . import redirect_uris
from .authorization_server import AuthorizationServer
from .errors import OAuthError
from .scopes import DYNAMIC_SCOPES, join_scopes, split_scopes

MAX_REDIRECT_URIS = 20

_GRANT_TYPES = ("authorization_code", "refresh_token")

#: Methods whose clients get a secret instead: RFC 7591 lets a server replace the requested metadata.
_AUTHENTICATION_METHODS = ("client_secret_post", "client_secret_basic", "none")

#: Fields that are returned as they came.
_ECHOED_TEXTS = ("client_uri", "logo_uri", "tos_uri", "policy_uri", "software_id", "software_version")
_MAX_ECHOED_LENGTH = 2048


@dataclass(frozen=True, slots=True)
class Credentials:
    """Id and secret of a client."""

    id: str
    secret: str


def create_credentials() -> Credentials:
    """Returns a new id and secret."""
    return Credentials(str(uuid.uuid4()), secrets.token_urlsafe(32))


def register_client(
    server: AuthorizationServer, body: bytes, credentials: Credentials | None = None
) -> dict[str, Json]:
    """Registers a client; returns its metadata, with its id and secret.

    Args:
        credentials: those that another worker of a fleet gave the client; by default new ones.

    Raises:
        OAuthError: if the metadata are invalid.
    """
    metadata = _parse_metadata(body)
    uris = _redirect_uris(metadata)
    grant_types = _strings(metadata, "grant_types", ["authorization_code"], allowed=_GRANT_TYPES)
    if "authorization_code" not in grant_types:
        raise _invalid("The grant_types must have authorization_code.")
    response_types = _strings(metadata, "response_types", ["code"], allowed=("code",))
    method = metadata.get("token_endpoint_auth_method", "client_secret_post")
    if method not in _AUTHENTICATION_METHODS:
        raise _invalid("The token_endpoint_auth_method must be client_secret_post.")
    name = _text(metadata, "client_name", MAX_NAME_LENGTH) or "MCP client"
    scope = _text(metadata, "scope", _MAX_ECHOED_LENGTH)
    scopes = DYNAMIC_SCOPES & frozenset(split_scopes(scope or "")) or DYNAMIC_SCOPES
    credentials = credentials or create_credentials()
    client = OAuthClient(
        id=credentials.id,
        name=name,
        secret=credentials.secret,
        redirect_uris=tuple(uris),
        scopes=scopes,
        is_dynamic=True,
        has_refresh_tokens="refresh_token" in grant_types,
        # It belongs to no world whose clock could tell.
        created=Clock().now(),
    )
    echoed = {name: text for name in _ECHOED_TEXTS if (text := _text(metadata, name, _MAX_ECHOED_LENGTH))}
    server.register(client)
    return {
        "client_id": client.id,
        "client_secret": client.secret,
        "client_id_issued_at": client.created // SECOND,
        "client_secret_expires_at": 0,
        "client_name": name,
        "redirect_uris": uris,
        "grant_types": grant_types,
        "response_types": response_types,
        "token_endpoint_auth_method": "client_secret_post",
        **({"scope": join_scopes(scopes)} if scope else {}),
        **echoed,
    }


def _parse_metadata(body: bytes) -> Mapping[str, Any]:
    try:
        metadata = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _invalid("The body is not JSON.") from None
    if not isinstance(metadata, dict):
        raise _invalid("The body is not a JSON object.")
    return metadata


def _redirect_uris(metadata: Mapping[str, Any]) -> list[str]:
    uris = metadata.get("redirect_uris")
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
        raise OAuthError("invalid_redirect_uri", "The redirect_uris must be a list of texts.")
    if not 0 < len(uris) <= MAX_REDIRECT_URIS:
        raise OAuthError("invalid_redirect_uri", f"There must be 1 to {MAX_REDIRECT_URIS} redirect_uris.")
    for uri in uris:
        if issue := redirect_uris.find_issue(uri):
            raise OAuthError("invalid_redirect_uri", f"{issue[0].upper()}{issue[1:]}.")
    return uris


def _strings(
    metadata: Mapping[str, Any], name: str, default: list[str], *, allowed: tuple[str, ...]
) -> list[str]:
    values = metadata.get(name)
    if values is None:
        return default
    if not isinstance(values, list) or not values or not all(value in allowed for value in values):
        raise _invalid(f"The {name} must be a list of: {', '.join(allowed)}.")
    return list(dict.fromkeys(values))


def _text(metadata: Mapping[str, Any], name: str, limit: int) -> str | None:
    value = metadata.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > limit:
        raise _invalid(f"The {name} must be a text of at most {limit} characters.")
    return " ".join(value.split())


def _invalid(description: str) -> OAuthError:
    return OAuthError("invalid_client_metadata", description)
