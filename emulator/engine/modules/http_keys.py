"""What proves to a service who is calling: the key or the connection that an HTTP module names.

A key of Make's keychain is a connection of the types "API key" and "Basic auth" here. Its secrets are added to a request
at the very last moment, and only if it really leaves; wherever a request is shown, they are masked from the start.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ...world.models import Headers, Json
from ...world.snapshot import MASK
from ...world.transport import Outgoing
from .. import accounts
from ..errors import BundleInvalid, ModuleError
from .http_bodies import address
from .registry import ModuleContext

API_KEY, BASIC, OAUTH = "apiKey", "basicAuth", "oAuth"


@dataclass(frozen=True, slots=True)
class Key:
    """Where the credentials of a request stand: under the name of a header, or of a parameter of the query.

    ``secret`` is what stands there; ``None`` where the emulator was never told.
    """

    name: str = "Authorization"
    in_query: bool = False
    secret: str | None = field(default=None, repr=False)

    def masked(self, headers: Headers) -> Headers:
        """The headers as they may be shown, with what the key adds to them."""
        return headers if self.in_query else _with(headers, self.name, MASK)

    def applied(self, request: Outgoing) -> Outgoing:
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
            return replace(request, url=address(request.url, [(self.name, self.secret)]))
        return replace(request, headers=_with(request.headers, self.name, self.secret))


def key_of(context: ModuleContext, kind: str, parameter: str) -> Key:
    """The key that a module names in a parameter.

    Raises:
        BundleInvalid: if it names none.
    """
    named = context.module.parameters.get(parameter)
    if named is None or named == "":
        raise BundleInvalid()
    connection = accounts.find(context.run.world, context.run.scenario, named)
    held: Mapping[str, Json] = (connection.credentials if connection else None) or {}
    match kind:
        case "apiKey":
            in_query = str(held.get("placement") or "header").lower() not in ("header", "headers")
            secret = held.get("key")
            return Key(str(held.get("name") or "Authorization"), in_query, secret and str(secret))
        case "basicAuth":
            known = {"username", "password"} <= held.keys()
            return Key(secret=basic(held["username"], held["password"]) if known else None)
        case _:
            token = held.get("accessToken")
            return Key(secret=f"Bearer {token}" if token else None)


def basic(user: Json, password: Json) -> str:
    """The value of the header ``Authorization`` of Basic auth."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode("utf-8", "replace")).decode()


def _with(headers: Headers, name: str, value: str) -> Headers:
    others = tuple(header for header in headers if header[0].lower() != name.lower())
    return (*others, (name, value))
