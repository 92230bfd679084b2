"""Comparison of a recorded response with the emulator's: status, headers that clients rely on, and body.

What the world has in common with the account of the recording decides on the values that must be equal: all of them, those of what the
recording created, or those that a request set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

import orjson

from ..client.wsgi_client import WsgiResponse
from ..contract import drift
from ..http.endpoint import Endpoint
from ..json_types import Json, as_mapping, is_integer
from ..lazy_dataclasses import dataclass
from .archive import Exchange, Message
from .comparison import Difference, JsonComparison, excerpt, type_name
from .identities import HOME_KINDS, Identities, kind_of

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


@dataclass(frozen=True, slots=True)
class EmulatedResponse:
    """Response of the emulator; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Json


def read_response(response: WsgiResponse) -> EmulatedResponse:
    """Returns a response, of which a stream is read to its end."""
    headers = {name.lower(): value for name, value in response.headers}
    body = response.body if response.stream is None else b"".join(response.stream)
    media_type = headers.get("content-type", "").partition(";")[0].strip()
    return EmulatedResponse(response.status, headers, body, Message(headers, body, media_type).json())


class ResponseComparison:
    """Comparison of the responses of one recording, in its order.

    Args:
        has_state: true if the world has the state that the recording started from.
    """

    def __init__(self, identities: Identities, *, has_state: bool) -> None:
        self._identities = identities
        self._has_state = has_state
        #: Kind and recorded id of what the recording created.
        self._created: set[tuple[str, int]] = set()
        #: True once a response has headers: a request log keeps none.
        self.has_headers = False

    def learn(self, exchange: Exchange) -> None:
        """Learns from a response what the recording has of all."""
        self.has_headers = self.has_headers or bool(exchange.response.headers.keys() - {"content-type"})

    def compare(
        self,
        exchange: Exchange,
        endpoint: Endpoint | None,
        path: Mapping[str, str],
        emulated: EmulatedResponse,
    ) -> Iterator[Difference]:
        """Yields the differences of a response.

        Args:
            path: the recorded values of the parameters of the path.
        """
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
            yield from self._compare_errors(endpoint, recorded, emulated)
        elif exchange.status < 400 and emulated.status < 400:
            yield from self._compare_bodies(exchange, endpoint, path, recorded, emulated)

    def _compare_headers(self, exchange: Exchange, emulated: EmulatedResponse) -> Iterator[Difference]:
        theirs, ours = exchange.response.headers, emulated.headers
        if not self.has_headers:
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

    def _compare_errors(
        self, endpoint: Endpoint | None, recorded: Json, emulated: EmulatedResponse
    ) -> Iterator[Difference]:
        theirs, ours = as_mapping(recorded), as_mapping(emulated.json)
        if type_name(recorded) != type_name(emulated.json):
            yield Difference("the body", "type", type_name(recorded), type_name(emulated.json))
            return
        if theirs.get("code") != ours.get("code"):
            yield Difference("code", "code", excerpt(theirs.get("code")), excerpt(ours.get("code")))
            return
        if endpoint is not None:
            # Sentences name ids; those in an unknown path are sent as they were recorded.
            recorded = orjson.loads(self._identities.numbers(orjson.dumps(recorded).decode()))
        yield from JsonComparison(self._identities, prebound=True).compare(recorded, emulated.json)

    def _compare_bodies(
        self,
        exchange: Exchange,
        endpoint: Endpoint | None,
        path: Mapping[str, str],
        recorded: Json,
        emulated: EmulatedResponse,
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
        for each in self._compare_json(exchange, endpoint, path, recorded, emulated.json):
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
        self,
        exchange: Exchange,
        endpoint: Endpoint | None,
        path: Mapping[str, str],
        recorded: Json,
        emulated: Json,
    ) -> Iterator[Difference]:
        if self._has_state:
            yield from JsonComparison(self._identities, prebound=True).compare(recorded, emulated)
            return
        if endpoint is None or self._is_about_created(endpoint, path):
            if endpoint is not None and endpoint.method == "POST":
                self._created.update(created_resources(recorded))
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

    def _is_about_created(self, endpoint: Endpoint, path: Mapping[str, str]) -> bool:
        """Returns true if an answer follows from the recording alone: it creates something, or is about what was created."""
        ids = [
            (kind, int(path[name]))
            for name, kind in endpoint.path_types
            if kind is not None and path[name].isdigit()
        ]
        is_known = all(each in self._created or each[0] in HOME_KINDS for each in ids)
        return is_known and (endpoint.method == "POST" or any(each in self._created for each in ids))

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


def created_resources(body: Json) -> Iterator[tuple[str, int]]:
    """Yields kind and id of the resources in the envelope of an answer."""
    for name, row in as_mapping(body).items():
        id, kind = as_mapping(row).get("id"), kind_of("id", name)
        if kind is not None and is_integer(id):
            yield kind, id


def _body_excerpt(body: str) -> str:
    return excerpt(body) if body else "nothing"
