"""Credentials of a request: the key or the connection that an HTTP module refers to.

Secrets are added to a request only when it is sent over the network; the recorded request has them masked.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import field, replace

from ....lazy_dataclasses import dataclass
from ....redaction.rules import MASK
from ....world.keys import BASIC_AUTH
from ....world.models import Headers, Json
from ....world.transport import OutgoingRequest
from ...errors import BundleValidationError, ModuleError, missing_parameter
from ..context import ModuleContext
from .requests import build_url


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
            text = "The emulator has no credentials for this module; create a key, or a connection, that has them."
            raise ModuleError("InvalidConfigurationError", text)
        if self.in_query:
            return replace(request, url=build_url(request.url, [(self.name, self.secret)]))
        return replace(request, headers=_set_header(request.headers, self.name, self.secret))


def find_key_credentials(context: ModuleContext, type_name: str, parameter: str) -> Credentials:
    """Returns the credentials of the key that a parameter of a module refers to.

    Raises:
        BundleValidationError: if the parameter is empty.
        ModuleError: if the key is of another type.
    """
    id = _require_reference(context, parameter)
    key = context.find_key(id)
    if key is not None and key.type_name != type_name:
        text = f"Key '{key.id}' is of the type '{key.type_name}', not '{type_name}'."
        raise ModuleError("InvalidConfigurationError", text)
    values: Mapping[str, Json] = (key.parameters if key else None) or {}
    if type_name == BASIC_AUTH:
        known = key is not None and key.parameters is not None
        user, password = values.get("authUser", ""), values.get("authPass", "")
        return Credentials(secret=basic_auth_header(user, password) if known else None)
    secret = values.get("key")
    return Credentials(
        str(values.get("name") or "X-API-Key"),
        values.get("placement") == "qs",
        str(secret) if secret else None,
    )


def find_connection_credentials(context: ModuleContext, parameter: str) -> Credentials:
    """Returns the access token of the OAuth connection that a parameter of a module refers to.

    Raises:
        BundleValidationError: if the parameter is empty.
    """
    connection = context.find_connection(_require_reference(context, parameter))
    token = ((connection.credentials if connection else None) or {}).get("accessToken")
    return Credentials(secret=f"Bearer {token}" if token else None)


def _require_reference(context: ModuleContext, parameter: str) -> Json:
    id = context.module.parameters.get(parameter)
    if id is None or id == "":
        raise BundleValidationError(missing_parameter(parameter))
    return id


def basic_auth_header(user: Json, password: Json) -> str:
    """Returns the value of the header ``Authorization`` of Basic auth."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode("utf-8", "replace")).decode()


def _set_header(headers: Headers, name: str, value: str) -> Headers:
    others = tuple(header for header in headers if header[0].lower() != name.lower())
    return (*others, (name, value))
