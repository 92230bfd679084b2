"""Credentials of a request: the key or the connection that an HTTP module refers to.

A key of Make's keychain is a connection of the types "API key" and "Basic auth" here. Its secrets are added to a request
only when it is sent over the network; the recorded request has them masked.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ....redaction.rules import MASK
from ....world.models import Headers, Json
from ....world.transport import OutgoingRequest
from ...errors import BundleValidationError, ModuleError
from ..context import ModuleContext
from .requests import build_url

API_KEY, BASIC, OAUTH = "apiKey", "basicAuth", "oAuth"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Credentials in a header, or in a parameter of the query; ``secret`` is ``None`` if it is not known."""

    name: str = "Authorization"
    in_query: bool = False
    secret: str | None = field(default=None, repr=False)

    def mask_headers(self, headers: Headers) -> Headers:
        """Returns the headers with the credentials, masked."""
        return headers if self.in_query else _set_header(headers, self.name, MASK)

    def apply_to(self, request: OutgoingRequest) -> OutgoingRequest:
        """Returns the request with the credentials.

        Raises:
            ModuleError: if the credentials are not known.
        """
        if self.secret is None:
            text = "The emulator has no credentials for this module; create a connection that has them."
            raise ModuleError("InvalidConfigurationError", text)
        if self.in_query:
            return replace(request, url=build_url(request.url, [(self.name, self.secret)]))
        return replace(request, headers=_set_header(request.headers, self.name, self.secret))


def find_credentials(context: ModuleContext, kind: str, parameter: str) -> Credentials:
    """Returns the credentials that a parameter of a module refers to.

    Raises:
        BundleValidationError: if the parameter is empty.
    """
    id = context.module.parameters.get(parameter)
    if id is None or id == "":
        raise BundleValidationError()
    connection = context.find_connection(id)
    values: Mapping[str, Json] = (connection.credentials if connection else None) or {}
    match kind:
        case "apiKey":
            in_query = str(values.get("placement") or "header").lower() not in ("header", "headers")
            secret = values.get("key")
            return Credentials(
                str(values.get("name") or "Authorization"), in_query, str(secret) if secret else None
            )
        case "basicAuth":
            known = {"username", "password"} <= values.keys()
            return Credentials(
                secret=basic_auth_header(values["username"], values["password"]) if known else None
            )
        case _:
            token = values.get("accessToken")
            return Credentials(secret=f"Bearer {token}" if token else None)


def basic_auth_header(user: Json, password: Json) -> str:
    """Returns the value of the header ``Authorization`` of Basic auth."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode("utf-8", "replace")).decode()


def _set_header(headers: Headers, name: str, value: str) -> Headers:
    others = tuple(header for header in headers if header[0].lower() != name.lower())
    return (*others, (name, value))
