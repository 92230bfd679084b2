"""Credentials of a recording, and the tokens of the world that stand for them.

The recording has masks in place of its tokens. What a token may do follows from the answers that it got: those to
``GET /users/me/current-authorization`` and ``GET /users/me``, and those that refused it.
"""

from __future__ import annotations

from ..http.endpoint import Endpoint
from ..json_types import as_mapping
from ..redaction.rules import MASK
from ..registry import WorldHandle
from ..world import organizations
from ..world.enums import SCOPES
from ..world.models import User
from ..world.world import World
from .archive import Exchange
from .identities import Identities

#: A token that no world has.
_UNKNOWN_TOKEN = "00000000-0000-4000-8000-000000000000"


class Credentials:
    """Tokens of the world by the credentials of a recording.

    Args:
        has_state: true if the world has the users of the recording.
        assumptions: gets what is assumed, in words.
    """

    def __init__(
        self, handle: WorldHandle, identities: Identities, *, has_state: bool, assumptions: list[str]
    ) -> None:
        self._handle = handle
        self._identities = identities
        self._has_state = has_state
        self._assumptions = assumptions
        self._tokens: dict[str, str] = {}
        #: Credentials -> the scopes that they are known to have, or to lack.
        self._scopes: dict[str, frozenset[str]] = {}
        self._lacking: dict[str, set[str]] = {}
        self._user_ids: dict[str, int] = {}
        #: Credentials that the zone accepted.
        self._valid: set[str] = set()

    def learn(self, exchange: Exchange, endpoint: Endpoint | None) -> None:
        """Learns from the answer to a request what its credentials may do, and whose they are."""
        if exchange.credentials is None or exchange.status == 401:
            return
        credentials = exchange.credentials[1]
        self._valid.add(credentials)
        if endpoint is None:
            return
        body = as_mapping(exchange.response.json())
        scopes = as_mapping(body.get("authorization")).get("scope")
        # A request log masks what stands under this name.
        if (
            endpoint.route == "GET /users/me/current-authorization"
            and isinstance(scopes, list)
            and MASK not in scopes
        ):
            self._scopes[credentials] = frozenset(scopes) & frozenset(SCOPES)
        user_id = as_mapping(body.get("authUser")).get("id")
        if endpoint.route == "GET /users/me" and isinstance(user_id, int):
            self._user_ids[credentials] = user_id
        is_of_plan = "plan" in str(body.get("detail")).lower()
        is_refused = exchange.status == 403 and body.get("code") == "SC403" and not is_of_plan
        if is_refused and len(endpoint.scopes) == 1:
            self._lacking.setdefault(credentials, set()).update(endpoint.scopes)

    def authorization(self, exchange: Exchange) -> str | None:
        """Returns the header that stands for the credentials of a request; ``None`` for a request without any."""
        if exchange.credentials is None:
            if exchange.shows_credentials or exchange.status == 401:
                return None
            return f"Token {self._handle.main_token().token}"
        scheme, credentials = exchange.credentials
        token = self._find_token(exchange, credentials)
        # Of the MCP server, any token may come after this word. An access token of OAuth is another kind of token here.
        is_mcp = exchange.path.startswith("/mcp") and scheme == "Bearer"
        return f"{scheme if is_mcp or exchange.status == 401 else 'Token'} {token}"

    def _find_token(self, exchange: Exchange, credentials: str) -> str:
        if self._identities.has_text(credentials):
            return self._identities.text(credentials)
        if exchange.status == 401 and credentials not in self._valid:
            return _UNKNOWN_TOKEN
        if credentials not in self._tokens:
            self._tokens[credentials] = token = self._choose_token(credentials)
            # Requests have it in other places too, such as the key of a connection to Make itself.
            self._identities.bind_name(credentials, token)
        return self._tokens[credentials]

    def _choose_token(self, credentials: str) -> str:
        """Returns the main token of the world for the first credentials without limits, and a new one for others."""
        lacking, scopes = self._lacking.get(credentials, set()), self._scopes.get(credentials)
        if scopes is None and lacking:
            self._assumptions.append(f"a token lacks {', '.join(sorted(lacking))}, as a 403 says")
        main = self._handle.main_token()
        with self._handle.locked() as world:
            user = self._user(world, credentials)
            is_main = user.id == main.user_id and (not lacking if scopes is None else scopes == main.scopes)
            if is_main and main.token not in self._tokens.values():
                return main.token
            granted = frozenset(SCOPES) - lacking if scopes is None else scopes
            return organizations.create_token(world, user, granted, label="replay").token

    def _user(self, world: World, credentials: str) -> User:
        id = self._user_ids.get(credentials)
        if self._has_state and id is not None and (user := world.users.get(id)) is not None:
            return user
        return self._handle.main_user()
