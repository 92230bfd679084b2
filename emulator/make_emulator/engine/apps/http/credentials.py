"""What proves to a service who is calling: the key or the connection that an HTTP module names.

A key of Make's keychain is a connection of the types "API key" and "Basic auth" here. Its secrets are added to a request
at the very last moment, and only if it really leaves; wherever a request is shown, they are masked from the start.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ....world.models import Headers, Json
from ....world.snapshot import MASK
from ....world.transport import OutgoingRequest
from ...errors import BundleValidationError, ModuleError
from ...runtime import connection_checks
from ..module_api import ModuleContext
from .requests import build_url

API_KEY, BASIC, OAUTH = "apiKey", "basicAuth", "oAuth"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the credentials of a request stand: under the name of a header, or of a parameter of the query.

    ``secret`` is what stands there; ``None`` where the emulator was never told.
    """

    name: str = "Authorization"
    in_query: bool = False
    secret: str | None = field(default=None, repr=False)

    def mask_headers(self, headers: Headers) -> Headers:
        """The headers as they may be shown, with what the key adds to them."""
        return headers if self.in_query else _set_header(headers, self.name, MASK)

    def apply_to(self, request: OutgoingRequest) -> OutgoingRequest:
        """The request as it really leaves.

        Raises:
            ModuleError: if the credentials are not known.
        """
        if self.secret is None:
            text = (
                "The emulator was not told the credentials of this module; make a connection that has them."
            )
            raise ModuleError("InvalidConfigurationError", text)
        if self.in_query:
            return replace(request, url=build_url(request.url, [(self.name, self.secret)]))
        return replace(request, headers=_set_header(request.headers, self.name, self.secret))


def find_credentials(context: ModuleContext, kind: str, parameter: str) -> Credentials:
    """The key that a module names in a parameter.

    Raises:
        BundleInvalid: if it names none.
    """
    named = context.module.parameters.get(parameter)
    if named is None or named == "":
        raise BundleValidationError()
    connection = connection_checks.find_connection(context.run.world, context.run.scenario, named)
    held: Mapping[str, Json] = (connection.credentials if connection else None) or {}
    match kind:
        case "apiKey":
            in_query = str(held.get("placement") or "header").lower() not in ("header", "headers")
            secret = held.get("key")
            return Credentials(str(held.get("name") or "Authorization"), in_query, secret and str(secret))
        case "basicAuth":
            known = {"username", "password"} <= held.keys()
            return Credentials(
                secret=basic_auth_header(held["username"], held["password"]) if known else None
            )
        case _:
            token = held.get("accessToken")
            return Credentials(secret=f"Bearer {token}" if token else None)


def basic_auth_header(user: Json, password: Json) -> str:
    """The value of the header ``Authorization`` of Basic auth."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode("utf-8", "replace")).decode()


def _set_header(headers: Headers, name: str, value: str) -> Headers:
    others = tuple(header for header in headers if header[0].lower() != name.lower())
    return (*others, (name, value))
