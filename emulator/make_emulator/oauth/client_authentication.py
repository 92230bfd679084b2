"""Authentication of clients at the token and revocation endpoints (RFC 6749, 2.3), by fields of the form.

Source: API documentation, "OpenID Connect" (``client_secret_post`` is the only method); that others are refused is assumed.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from ..world.models import OAuthClient
from .authorization_server import AuthorizationServer, ClientEntry
from .errors import invalid_client


def authenticate_client(
    server: AuthorizationServer, parameters: Mapping[str, str], authorization: str | None
) -> ClientEntry:
    """Returns the client of a request.

    Args:
        authorization: the ``Authorization`` header.

    Raises:
        OAuthError: ``invalid_client``.
    """
    if authorization is not None:
        raise invalid_client(
            "Clients authenticate by client_id and client_secret in the body, not by the Authorization header.",
            challenge='Basic realm="OAuth"',
        )
    client_id = parameters.get("client_id")
    if not client_id:
        raise invalid_client("The parameter client_id is missing.")
    entry = server.find_client(client_id)
    if entry is None:
        raise invalid_client("There is no client of this client_id.")
    _check_secret(entry.client, parameters.get("client_secret"))
    return entry


def _check_secret(client: OAuthClient, secret: str | None) -> None:
    if client.secret is None:
        if secret:
            raise invalid_client("A public client has no client_secret.")
        return
    if not secret:
        raise invalid_client("The parameter client_secret is missing.")
    if not hmac.compare_digest(client.secret.encode(), secret.encode(errors="replace")):
        raise invalid_client("The client_secret is wrong.")
