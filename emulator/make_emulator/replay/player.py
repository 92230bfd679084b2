"""Player of recorded exchanges: sends each request to a fresh world, and compares the response with the recorded one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

import orjson

from .. import api
from ..app import create_app, registry_of
from ..client.wsgi_client import WsgiResponse, call_wsgi
from ..contract import drift
from ..contract.guard import UNUSED_ID
from ..http.endpoint import ENCODED_SLASH, Endpoint
from ..http.host_names import host_name
from ..http.provenance import provenance_index
from ..http.routing import RouteMatcher
from ..json_types import Json, as_mapping, is_integer
from ..lazy_dataclasses import dataclass
from ..redaction.archives import has_unnumbered_mask
from ..redaction.rules import MASK
from ..world import organizations
from ..world.clock import format_iso
from ..world.enums import SCOPES
from ..world.models import User
from ..world.world import World
from ..world.zones import zone_of_host
from .archive import API_PREFIX, PATH_SCHEME, Exchange, Message
from .comparison import Difference, JsonComparison, excerpt, type_name
from .identities import Identities, RequestTranslator, UnknownResourceError, kind_of

#: Headers of a request that are sent as they were recorded.
_SENT_HEADERS = frozenset({"accept", "content-type", "mcp-protocol-version", "mcp-session-id", "user-agent"})

#: Headers of a response that clients rely on: one of the two may not lack them.
_COMPARED_HEADERS = (
    "content-type",
    "location",
    "mcp-session-id",
    "retry-after",
    "www-authenticate",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
)

_SESSION_HEADER = "mcp-session-id"

#: A token that no world has.
_UNKNOWN_TOKEN = "00000000-0000-4000-8000-000000000000"

#: Status of a recorded response -> why it says nothing about the emulator.
_STATUSES_WITHOUT_EVIDENCE = {
    0: "has no response",
    304: "was answered from the cache of the browser",
    429: "was over the rate limit, which others use up too",
    502: "failed on the way to the service (502)",
    503: "failed on the way to the service (503)",
    504: "failed on the way to the service (504)",
}

_HOME_KINDS = ("organization", "team", "user")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeResult:
    """Outcome of one exchange; ``skipped`` is the reason why it was not compared, empty if it was."""

    exchange: Exchange
    route: str
    differences: Sequence[Difference] = ()
    skipped: str = ""
    #: Status of the emulator, 0 if it was not called.
    status: int = 0
    #: Behaviours of the fidelity ledger that the emulator's response, and the recorded one, rest on.
    behaviours: frozenset[str] = frozenset()
    recorded_behaviours: frozenset[str] = frozenset()


class Player:
    """Player of one recording.

    Args:
        seed: the name or the file of a seed.
        started: the moment at which the recording starts, in milliseconds; the clock of the world follows it.
        zone: the zone of the recording.
        has_state: true if the seed has the state that the recording started from, so that all values are compared; else only those
            of what the recording itself created or changed.

    Raises:
        SeedError: if the seed is invalid.
    """

    def __init__(self, seed: Any, *, started: int, zone: str | None = None, has_state: bool) -> None:
        self._app = create_app(seed=seed, now=format_iso(started), zone=zone, hints=False)
        handle = registry_of(self._app).default()
        assert handle is not None
        self._handle = handle
        self._has_state = has_state
        self._matcher = RouteMatcher(api.ENDPOINTS)
        self._identities = Identities()
        #: Kind and recorded id of what the recording created.
        self._created: set[tuple[str, int]] = set()
        #: Kind and recorded id of what did not exist -> the id that does not exist here.
        self._absent: dict[tuple[str, int], int] = {}
        #: Credentials of the recording -> the token that stands for them.
        self._tokens: dict[str, str] = {}
        #: Credentials -> the scopes that they are known to have, or to lack.
        self._scopes: dict[str, frozenset[str]] = {}
        self._lacking: dict[str, set[str]] = {}
        self._valid: set[str] = set()
        self._user_ids: dict[str, int] = {}
        self._has_headers = False
        #: What was assumed about the recording, in words.
        self.assumptions: list[str] = []
        with handle.locked() as world:
            world.clock.freeze(started)

    # --- preparation -------------------------------------------------------------------------------

    def prepare(self, exchanges: Iterable[Exchange]) -> None:
        """Learns from a whole recording what its first exchanges need: the home team, and what each token may do."""
        for exchange in exchanges:
            self.learn(exchange)

    def learn(self, exchange: Exchange) -> None:
        """Learns the scopes and the user of the credentials of an exchange from its response."""
        self._has_headers = self._has_headers or bool(exchange.response.headers.keys() - {"content-type"})
        if exchange.credentials is None:
            return
        credentials = exchange.credentials[1]
        endpoint, _ = self._match(exchange)
        body = as_mapping(exchange.response.json())
        if exchange.status == 401:
            return
        self._valid.add(credentials)
        if endpoint is None:
            return
        if endpoint.route == "GET /users/me/current-authorization":
            scopes = as_mapping(body.get("authorization")).get("scope")
            # A request log masks what stands under this name.
            if isinstance(scopes, list) and MASK not in scopes:
                self._scopes[credentials] = frozenset(scopes) & frozenset(SCOPES)
        user_id = as_mapping(body.get("authUser")).get("id")
        if endpoint.route == "GET /users/me" and isinstance(user_id, int):
            self._user_ids[credentials] = user_id
        lacking = self._lacking.setdefault(credentials, set())
        if exchange.status == 403 and body.get("code") == "SC403" and len(endpoint.scopes) == 1:
            lacking.update(endpoint.scopes)

    # --- replay ------------------------------------------------------------------------------------

    def play(self, exchange: Exchange) -> ExchangeResult:
        """Sends the request of an exchange to the world, and compares the response."""
        endpoint, values = self._match(exchange)
        route = self._route_name(exchange, endpoint)
        if reason := self._reason_to_skip(exchange, endpoint):
            self._note_absent(exchange)
            return ExchangeResult(exchange=exchange, route=route, skipped=reason)
        authorization = self._authorization(exchange)
        try:
            target, body = self._translate(exchange, endpoint, values)
        except UnknownResourceError as error:
            self._note_absent(exchange)
            return ExchangeResult(exchange=exchange, route=route, skipped=str(error))
        with self._handle.locked() as world:
            world.clock.advance_to(exchange.started)
        self._handle.request_log.clear()
        response = self._send(exchange, target, body, authorization)
        emulated = _EmulatedResponse(response)
        differences = list(self._compare(exchange, endpoint, emulated))
        entry = next(iter(self._handle.request_log), None)
        code = as_mapping(exchange.response.json()).get("code") if exchange.status >= 400 else None
        recorded = provenance_index().find(
            endpoint.route if endpoint else "",
            exchange.status,
            code if isinstance(code, str) else None,
            [name for name, _ in parse_qsl(exchange.query, keep_blank_values=True)],
        )
        return ExchangeResult(
            exchange=exchange,
            route=route,
            differences=differences,
            status=emulated.status,
            behaviours=frozenset(entry.behaviours if entry is not None else ()),
            recorded_behaviours=frozenset(recorded.behaviours),
        )

    def _match(self, exchange: Exchange) -> tuple[Endpoint | None, Mapping[str, str]]:
        if exchange.api_path is None:
            return None, {}
        segments = [unquote(part).replace("/", ENCODED_SLASH) for part in exchange.path.split("/")]
        found = self._matcher.match(exchange.method, "/".join(segments))
        return (api.ENDPOINTS[found.route], found.values) if found.route else (None, {})

    @staticmethod
    def _route_name(exchange: Exchange, endpoint: Endpoint | None) -> str:
        if endpoint is not None:
            return endpoint.route
        if exchange.api_path is None and (
            exchange.path.startswith("/hook/") or exchange.host.startswith("hook.")
        ):
            return f"{exchange.method} /hook/{{udid}}"
        return exchange.name

    @staticmethod
    def _reason_to_skip(exchange: Exchange, endpoint: Endpoint | None) -> str:
        """Returns why an exchange says nothing about the emulator; empty if it does."""
        if exchange.method == "OPTIONS":
            return "is a preflight request of a browser"
        if exchange.status in _STATUSES_WITHOUT_EVIDENCE:
            return _STATUSES_WITHOUT_EVIDENCE[exchange.status]
        if exchange.path.startswith("/mcp") and (
            exchange.method == "GET" or exchange.path.endswith("/message")
        ):
            return "is a part of a stream"
        if exchange.request.body is None:
            return "has a body of which the recording has only the beginning"
        if (
            endpoint is not None
            and endpoint.secret_body
            and MASK in exchange.request.body.decode(errors="replace").split('"')
        ):
            return "has a body with credentials, of which the request log keeps the names only"
        if has_unnumbered_mask(f"{exchange.path}?{exchange.query}"):
            return "has a secret in its address, which the recording masks without a number"
        return ""

    # --- requests ----------------------------------------------------------------------------------

    def _translate(
        self, exchange: Exchange, endpoint: Endpoint | None, values: Mapping[str, str]
    ) -> tuple[str, bytes | None]:
        """Returns target and body of the request that means the same in the world.

        Raises:
            UnknownResourceError: if the request names something that was there before the recording, and is not in the world.
        """
        find_id = partial(self._find_id, is_error=exchange.status >= 400)
        translator = RequestTranslator(self._identities, find_id)
        path = exchange.path
        if endpoint is not None:
            translated = translator.path(values)
            if translated != values:
                filled = {
                    name: quote(text.replace(ENCODED_SLASH, "/"), safe="")
                    for name, text in translated.items()
                }
                path = API_PREFIX + endpoint.fill_path(filled)
        else:
            path = self._identities.text(path)
        target = path
        if exchange.query:
            pairs = parse_qsl(exchange.query, keep_blank_values=True)
            query = translator.query(endpoint, pairs)
            target += f"?{exchange.query if query == pairs else urlencode(query, quote_via=quote, safe='[]')}"
        data = exchange.request.body
        if data and (body := exchange.request.json()) is not None:
            sent = translator.body(endpoint, body)
            data = data if sent == body else orjson.dumps(sent)
        return target, data or None

    def _find_id(self, kind: str, recorded: int, *, is_error: bool) -> int:
        """Returns the id that stands for a recorded one.

        Args:
            is_error: true if the recorded answer is an error, as for an id that does not exist.

        Raises:
            UnknownResourceError: if there is none, although the recorded request succeeded.
        """
        if (id := self._identities.id(kind, recorded)) is not None:
            return id
        if (kind, recorded) in self._identities.absent:
            raise UnknownResourceError(f"names {kind} {recorded}, whose creation was not replayed")
        world = self._handle.world
        exists = world.resource_table(kind).get(recorded) is not None if kind != "notification" else False
        if self._has_state:
            if exists:
                self._identities.bind_id(kind, recorded, recorded)
            return recorded
        home = self._home_id(kind) if kind in _HOME_KINDS and not is_error else None
        if home is not None and self._identities.bind_id(kind, recorded, home):
            self.assumptions.append(f"{kind} {recorded} of the recording is {kind} {home} of the seed")
            return home
        if is_error:
            # Numbers that no resource has.
            return self._absent.setdefault(
                (kind, recorded), UNUSED_ID - len(self._absent) if exists else recorded
            )
        raise UnknownResourceError(
            f"names {kind} {recorded}, which no earlier answer introduced and the seed does not have"
        )

    def _home_id(self, kind: str) -> int | None:
        team = self._handle.main_team()
        if kind == "user":
            return self._handle.main_user().id
        if team is None:
            return None
        return team.id if kind == "team" else team.organization_id

    def _send(
        self, exchange: Exchange, target: str, body: bytes | None, authorization: str | None
    ) -> WsgiResponse:
        headers = {
            name: self._identities.text(value)
            for name, value in exchange.request.headers.items()
            if name in _SENT_HEADERS
        }
        if body and "content-type" not in headers:
            headers["content-type"] = exchange.request.media_type or "application/json"
        if exchange.credentials is not None and exchange.credentials[0] == PATH_SCHEME:
            # Its credentials are in the path.
            target = target.replace(exchange.credentials[1], (authorization or "").rpartition(" ")[2])
        elif authorization is not None:
            headers["authorization"] = authorization
        host = exchange.host if _is_servable(exchange.host) else "localhost"
        headers["host"] = host
        response = call_wsgi(
            self._app.wsgi_app, exchange.method, exchange.scheme, host, target, headers.items(), body
        )
        if response.stream is None:
            return response
        pieces = b"".join(response.stream)
        return WsgiResponse(response.status, response.reason, response.headers, pieces)

    # --- credentials -------------------------------------------------------------------------------

    def _authorization(self, exchange: Exchange) -> str | None:
        if exchange.credentials is None:
            if exchange.shows_credentials or exchange.status == 401:
                return None
            return f"Token {self._handle.main_token().token}"
        scheme, credentials = exchange.credentials
        if exchange.path.startswith("/mcp") and scheme == "Bearer":
            # MCP servers take this word for any token.
            return f"Bearer {self._token_text(exchange, credentials)}"
        # An access token of OAuth is another kind of token here, which takes another word.
        return f"{scheme if exchange.status == 401 else 'Token'} {self._token_text(exchange, credentials)}"

    def _token_text(self, exchange: Exchange, credentials: str) -> str:
        """Returns the token that stands for the credentials of an exchange."""
        if self._identities.has_text(credentials):
            return self._identities.text(credentials)
        if exchange.status == 401 and credentials not in self._valid:
            return _UNKNOWN_TOKEN
        return self._token(credentials)

    def _token(self, credentials: str) -> str:
        """Returns the token that stands for credentials of the recording."""
        if credentials not in self._tokens:
            self._tokens[credentials] = token = self._create_token(credentials)
            # Requests have it in other places too, such as the key of a connection to Make itself.
            self._identities.bind_name(credentials, token)
        return self._tokens[credentials]

    def _create_token(self, credentials: str) -> str:
        lacking = self._lacking.get(credentials, set())
        scopes = self._scopes.get(credentials)
        if scopes is None and lacking:
            self.assumptions.append(f"a token lacks {', '.join(sorted(lacking))}, as a 403 says")
        main = self._handle.main_token()
        with self._handle.locked() as world:
            user = self._user(world, credentials)
            is_main = user.id == main.user_id and (not lacking if scopes is None else scopes == main.scopes)
            if is_main and main.token not in self._tokens.values():
                return main.token
            granted = frozenset(SCOPES) - lacking if scopes is None else scopes
            row = organizations.create_token(world, user, granted, label="replay")
        return row.token

    def _user(self, world: World, credentials: str) -> User:
        id = self._user_ids.get(credentials)
        if self._has_state and id is not None and (user := world.users.get(id)) is not None:
            return user
        return self._handle.main_user()

    # --- comparison --------------------------------------------------------------------------------

    def _compare(
        self, exchange: Exchange, endpoint: Endpoint | None, emulated: _EmulatedResponse
    ) -> Iterator[Difference]:
        recorded = exchange.response.json()
        if endpoint is None and exchange.api_path is not None and exchange.status < 400 <= emulated.status:
            yield Difference("", "route", str(exchange.status), str(emulated.status))
            return
        if exchange.status != emulated.status:
            yield Difference("status", "status", str(exchange.status), str(emulated.status))
        else:
            yield from self._compare_headers(exchange, emulated)
        if exchange.response.body is None:
            return
        if exchange.status >= 400 and emulated.status >= 400:
            yield from self._compare_errors(recorded, emulated)
        elif exchange.status < 400 and emulated.status < 400:
            yield from self._compare_bodies(exchange, endpoint, recorded, emulated)

    def _compare_headers(self, exchange: Exchange, emulated: _EmulatedResponse) -> Iterator[Difference]:
        theirs, ours = exchange.response.headers, emulated.headers
        if not self._has_headers:
            return
        for name in _COMPARED_HEADERS:
            if (name in theirs) != (name in ours):
                yield Difference(name, "header", theirs.get(name, "none"), ours.get(name, "none"))
        if (session := theirs.get(_SESSION_HEADER)) and _SESSION_HEADER in ours:
            self._identities.bind_name(session, ours[_SESSION_HEADER])
        if exchange.response.body:
            kinds = [headers.get("content-type", "").partition(";")[0] for headers in (theirs, ours)]
            if all(kinds) and kinds[0] != kinds[1]:
                yield Difference("content-type", "value", *kinds)

    def _compare_errors(self, recorded: Json, emulated: _EmulatedResponse) -> Iterator[Difference]:
        theirs, ours = as_mapping(recorded), as_mapping(emulated.json)
        if type_name(recorded) != type_name(emulated.json):
            yield Difference("the body", "type", type_name(recorded), type_name(emulated.json))
            return
        if theirs.get("code") != ours.get("code"):
            yield Difference("code", "code", excerpt(theirs.get("code")), excerpt(ours.get("code")))
            return
        # Sentences name ids.
        text = self._identities.numbers(orjson.dumps(recorded).decode(), self._absent)
        comparison = JsonComparison(self._identities, prebound=True)
        yield from comparison.compare(orjson.loads(text), emulated.json)

    def _compare_bodies(
        self, exchange: Exchange, endpoint: Endpoint | None, recorded: Json, emulated: _EmulatedResponse
    ) -> Iterator[Difference]:
        if recorded is None or emulated.json is None:
            theirs = (exchange.response.body or b"").decode(errors="replace")
            ours = emulated.body.decode(errors="replace")
            if theirs != self._identities.recorded_text(ours):
                yield Difference("the body", "body", _body_excerpt(theirs), _body_excerpt(ours))
            return
        found: dict[tuple[str, str], Difference] = {}
        if endpoint is not None:
            for each in self._find_drift(exchange, endpoint, recorded):
                found.setdefault((each.path, each.kind), each)
        for each in self._compare_json(exchange, endpoint, recorded, emulated.json):
            found.setdefault((each.path, each.kind), each)
        yield from found.values()

    def _find_drift(self, exchange: Exchange, endpoint: Endpoint, recorded: Json) -> Iterator[Difference]:
        """Yields the differences of a recorded answer from the declared shape of its route."""
        if exchange.status != endpoint.status:
            return
        columns = [
            value
            for name, value in parse_qsl(exchange.query)
            if name.startswith("cols[") or (name == "cols" and endpoint.plain_cols)
        ]
        kinds = {"missing": "additional", "unknown": "missing", "type": "type"}
        for each in drift.find_drift(endpoint.route, recorded, columns=columns or None):
            yield Difference(each.path, kinds[each.kind], each.found, each.expected)

    def _compare_json(
        self, exchange: Exchange, endpoint: Endpoint | None, recorded: Json, emulated: Json
    ) -> Iterator[Difference]:
        if self._has_state:
            yield from JsonComparison(self._identities, prebound=True).compare(recorded, emulated)
            return
        if endpoint is None or self._is_about_created(exchange, endpoint):
            if endpoint is not None and endpoint.method == "POST":
                self._created.update(_rows_of(recorded))
            comparison = JsonComparison(self._identities, prebound=False, created=self._created)
            yield from comparison.compare(recorded, emulated)
            return
        comparison = JsonComparison(
            self._identities, prebound=False, only_introduced=True, created=self._created
        )
        for name, theirs, ours in self._rows_of_lists(recorded, emulated):
            yield from comparison.compare(theirs, ours, name, name)
        if endpoint.method != "GET":
            yield from self._compare_echo(exchange, comparison, recorded, emulated)

    def _is_about_created(self, exchange: Exchange, endpoint: Endpoint) -> bool:
        """Returns true if an answer follows from the recording alone: it creates something, or is about what was created."""
        _, values = self._match(exchange)
        ids = [
            (kind, int(values[name]))
            for name, kind in endpoint.path_types
            if kind is not None and values[name].isdigit()
        ]
        is_known = all(each in self._created or each[0] in _HOME_KINDS for each in ids)
        return is_known and (endpoint.method == "POST" or any(each in self._created for each in ids))

    def _note_absent(self, exchange: Exchange) -> None:
        """Notes what a request created that is not replayed."""
        if exchange.method == "POST" and exchange.status < 400:
            self._identities.absent.update(_rows_of(exchange.response.json()))

    @staticmethod
    def _rows_of_lists(recorded: Json, emulated: Json) -> Iterator[tuple[str, Json, Json]]:
        theirs, ours = as_mapping(recorded), as_mapping(emulated)
        for name, rows in theirs.items():
            if isinstance(rows, list) and isinstance(ours.get(name), list):
                yield name, rows, ours[name]

    @staticmethod
    def _compare_echo(
        exchange: Exchange, comparison: JsonComparison, recorded: Json, emulated: Json
    ) -> Iterator[Difference]:
        """Yields the differences of the fields that the request has set."""
        sent = as_mapping(exchange.request.json())
        for name, row in as_mapping(recorded).items():
            theirs, ours = as_mapping(row), as_mapping(as_mapping(emulated).get(name))
            for field in sent:
                if field in theirs and field in ours:
                    yield from comparison.compare(theirs[field], ours[field], f"{name}.{field}", field, name)


class _EmulatedResponse:
    def __init__(self, response: WsgiResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers}
        self.body = response.body
        media_type = self.headers.get("content-type", "").partition(";")[0].strip()
        self.json = Message(self.headers, self.body, media_type).json()


def _rows_of(body: Json) -> Iterator[tuple[str, int]]:
    """Yields kind and id of the resources in the envelope of an answer."""
    for name, row in as_mapping(body).items():
        id, kind = as_mapping(row).get("id"), kind_of("id", name)
        if kind is not None and is_integer(id):
            yield kind, id


def _body_excerpt(body: str) -> str:
    return excerpt(body) if body else "nothing"


def _is_servable(host: str) -> bool:
    name = host_name(host)
    return (
        zone_of_host(name) is not None
        or name in ("localhost", "mcp.make.com")
        or name.replace(".", "").isdigit()
    )
