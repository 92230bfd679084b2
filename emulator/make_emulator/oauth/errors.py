"""Errors of the protocol (RFC 6749, RFC 6750, RFC 7591, RFC 8707, OpenID Connect)."""

from __future__ import annotations

from collections.abc import Mapping

from ..json_types import Json


class OAuthError(Exception):
    """Error response of the authorization server.

    Args:
        code: the code of the protocol, e.g. ``invalid_grant``.
        description: the reason, for the developer of the client.
        status: the HTTP status, where it is a JSON response.
        headers: further headers of the response.
    """

    def __init__(
        self, code: str, description: str, *, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.status = status
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Json]:
        """Returns the JSON body of the response."""
        return {"error": self.code, "error_description": self.description}


class UntrustedRequestError(OAuthError):
    """Authorization request whose client or redirect URI is unknown: it is answered by a page, never by a redirect."""

    def __init__(self, description: str) -> None:
        super().__init__("invalid_request", description)


class RedirectedError(Exception):
    """Error of an authorization request that is sent to the client, by a redirect to ``location``."""

    def __init__(self, error: OAuthError, location: str) -> None:
        super().__init__(str(error))
        self.error = error
        self.location = location


def invalid_request(description: str) -> OAuthError:
    """Returns the error for a missing, repeated or malformed parameter."""
    return OAuthError("invalid_request", description)


def invalid_grant(description: str) -> OAuthError:
    """Returns the error for a code or a refresh token that cannot be used."""
    return OAuthError("invalid_grant", description)


def invalid_client(description: str, *, challenge: str | None = None) -> OAuthError:
    """Returns the error for a client that is unknown or does not authenticate.

    Args:
        challenge: the value of ``WWW-Authenticate``, for a client that used the ``Authorization`` header.
    """
    headers = {"WWW-Authenticate": challenge} if challenge else None
    return OAuthError("invalid_client", description, status=401, headers=headers)
