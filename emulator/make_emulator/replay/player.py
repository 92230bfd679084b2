"""Player of recorded exchanges: sends each request to a fresh world, and compares the response with the recorded one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from urllib.parse import parse_qsl, quote, unquote, urlencode

import orjson

from .. import api
from ..app import create_app, registry_of
from ..client.wsgi_client import WsgiResponse, call_wsgi
from ..contract.guard import UNUSED_ID
from ..http.endpoint import ENCODED_SLASH, Endpoint
from ..http.host_names import host_name
from ..http.provenance import provenance_index
from ..json_types import Json, as_mapping
from ..lazy_dataclasses import dataclass
from ..redaction.archives import has_unnumbered_mask
from ..redaction.rules import MASK
from ..seeds import SeedError
from ..world.clock import format_iso
from ..world.zones import zone_of_host
from .archive import API_PREFIX, PATH_SCHEME, Exchange
from .comparison import Difference
from .credentials import Credentials
from .identities import HOME_KINDS, KINDS, Identities, RequestTranslator, UnknownResourceError
from .responses import ResponseComparison, created_resources, read_response

#: Headers of a request that are sent as they were recorded.
_SENT_HEADERS = frozenset({"accept", "content-type", "mcp-protocol-version", "mcp-session-id", "user-agent"})

#: Status of a recorded response -> why it says nothing about the emulator.
_STATUSES_WITHOUT_EVIDENCE = {
    0: "has no response",
    304: "was answered from the cache of the browser",
    429: "was over the rate limit, which others use up too",
    502: "failed on the way to the service (502)",
    503: "failed on the way to the service (503)",
    504: "failed on the way to the service (504)",
}

#: Kinds whose ids are those of a table.
_TABLE_KINDS = KINDS - {"notification"}

#: Code of the error for a team or an organization that the caller does not see.
_NOT_VISIBLE = "IM002"


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
        seed: the seed, or its name or file.
        started: the moment at which the recording starts, in milliseconds; the clock of the world follows it.
        zone, plan: those of the recording; by default the seed's.
        has_state: true if the seed has the state that the recording started from, so that all values are compared; else only those
            of what the recording itself created or changed.

    Raises:
        SeedError: if the seed is invalid.
    """

    def __init__(
        self,
        seed: Json,
        *,
        started: int,
        zone: str | None = None,
        plan: str | None = None,
        has_state: bool,
    ) -> None:
        create = partial(create_app, seed=seed, zone=zone, plan=plan, hints=False)
        try:
            self._app = create(now=format_iso(started))
        except SeedError:
            # A team that was pulled after the recording has later times. The time of this machine is after both.
            self._app = create()
        handle = registry_of(self._app).default()
        assert handle is not None
        self._handle = handle
        self._has_state = has_state
        #: What was assumed about the recording, in words.
        self.assumptions: list[str] = []
        if plan is not None:
            self.assumptions.append(f"the plan is {plan}, as the limit of calls a minute says")
        self._identities = Identities()
        self._credentials = Credentials(
            handle, self._identities, has_state=has_state, assumptions=self.assumptions
        )
        self._comparison = ResponseComparison(self._identities, has_state=has_state)
        with handle.locked() as world:
            world.clock.freeze()
            #: Milliseconds from a moment of the recording to that of the world.
            self._offset = world.now() - started

    def learn(self, exchange: Exchange) -> None:
        """Learns from a response what earlier requests may need, such as the scopes of their token."""
        self._comparison.learn(exchange)
        self._credentials.learn(exchange, self._match(exchange)[0])

    # --- replay ------------------------------------------------------------------------------------

    def play(self, exchange: Exchange) -> ExchangeResult:
        """Sends the request of an exchange to the world, and compares the response."""
        endpoint, values = self._match(exchange)
        route = self._route_name(exchange, endpoint)
        if reason := self._reason_to_skip(exchange, endpoint):
            self._note_absent(exchange)
            return ExchangeResult(exchange=exchange, route=route, skipped=reason)
        authorization = self._credentials.authorization(exchange)
        unknown: list[str] = []
        try:
            target, body = self._translate(exchange, endpoint, values, unknown)
        except UnknownResourceError as error:
            self._note_absent(exchange)
            return ExchangeResult(exchange=exchange, route=route, skipped=str(error))
        with self._handle.locked() as world:
            world.clock.advance_to(exchange.started + self._offset)
        self._handle.request_log.clear()
        emulated = read_response(self._send(exchange, target, body, authorization))
        if unknown and emulated.status == 404 != exchange.status:
            return ExchangeResult(exchange=exchange, route=route, skipped=unknown[0])
        differences = list(self._comparison.compare(exchange, endpoint, values, emulated))
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
        found = api.MATCHER.match(exchange.method, "/".join(segments))
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
        self, exchange: Exchange, endpoint: Endpoint | None, values: Mapping[str, str], unknown: list[str]
    ) -> tuple[str, bytes | None]:
        """Returns target and body of the request that means the same in the world.

        Raises:
            UnknownResourceError: if the request names something that was there before the recording, and is not in the world.
        """
        find_id = partial(self._find_id, exchange=exchange, unknown=unknown)
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

    def _find_id(self, kind: str, recorded: int, *, exchange: Exchange, unknown: list[str]) -> int:
        """Returns the id that stands for a recorded one; for one that did not exist, an id that does not exist here.

        Args:
            unknown: gets a clause for a resource that is not in the world, although its request failed for another reason.

        Raises:
            UnknownResourceError: if it is not in the world, although its request succeeded.
        """
        if (id := self._identities.id(kind, recorded)) is not None:
            return id
        if (kind, recorded) in self._identities.absent:
            raise UnknownResourceError(f"names {_words(kind)} {recorded}, whose creation was not replayed")
        exists = kind in _TABLE_KINDS and self._handle.world.resource_table(kind).get(recorded) is not None
        if self._has_state and (exists or kind not in _TABLE_KINDS):
            self._identities.bind_id(kind, recorded, recorded)
            return recorded
        if not _is_invisible(exchange):
            home = self._home_id(kind) if kind in HOME_KINDS and not self._has_state else None
            if home is not None and self._identities.bind_id(kind, recorded, home):
                self.assumptions.append(f"{kind} {recorded} of the recording is {kind} {home} of the seed")
                return home
            reason = f"names {_words(kind)} {recorded}, which no earlier answer introduced and the seed does not have"
            if exchange.status < 400:
                raise UnknownResourceError(reason)
            if not self._has_state:
                unknown.append(reason)
        # Numbers that no resource has.
        free = UNUSED_ID - len(self._identities.unused) if exists else recorded
        return self._identities.unused.setdefault((kind, recorded), free)

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
        return call_wsgi(
            self._app.wsgi_app, exchange.method, exchange.scheme, host, target, headers.items(), body
        )

    def _note_absent(self, exchange: Exchange) -> None:
        """Notes what a request created that is not replayed."""
        if exchange.method == "POST" and exchange.status < 400:
            self._identities.absent.update(created_resources(exchange.response.json()))


def _is_invisible(exchange: Exchange) -> bool:
    """Returns true for the answer to a request that names something which does not exist for the caller."""
    return exchange.status == 404 or as_mapping(exchange.response.json()).get("code") == _NOT_VISIBLE


def _words(kind: str) -> str:
    """Returns a kind in words, such as ``data store``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()


def _is_servable(host: str) -> bool:
    name = host_name(host)
    return (
        zone_of_host(name) is not None
        or name in ("localhost", "mcp.make.com")
        or name.replace(".", "").isdigit()
    )
