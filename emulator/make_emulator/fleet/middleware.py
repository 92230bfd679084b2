"""WSGI middleware of a worker: it forwards the requests to worlds of other workers, and combines responses about all worlds.

A worker accepts every request, so a load balancer that knows nothing of worlds is enough; one that does saves the way over a second
worker. A forwarded request carries the address of the client, and is never forwarded again.
"""

from __future__ import annotations

import itertools
import logging
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException, HTTPResponse
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import orjson

from ..dashboard import consent
from ..dashboard.pages import WORLD_NAMES_KEY
from ..http import faults
from ..oauth.registration import Credentials, create_credentials
from ..oauth.routes import CREDENTIALS_KEY
from ..registry import WorldRegistry
from ..world.slots import slot_of_name
from . import ROUTED_KEY, mail, routing
from .peers import HEADER, Fleet
from .routing import Elsewhere, find_destination, split_target

_HEADER_KEY = "HTTP_X_MAKE_EMULATOR_WORKER"

#: Header of a forwarded registration: id and secret that the client was given.
CLIENT_HEADER = "X-Make-Emulator-Client"
_CLIENT_HEADER_KEY = "HTTP_X_MAKE_EMULATOR_CLIENT"

#: Seconds between two looks at the client while another worker computes the response.
_POLL_INTERVAL = 0.1

#: Seconds that another worker may take to read a piece of a request.
_SEND_TIMEOUT = 30.0

#: Seconds that another worker may take for its part of a combined response.
_PART_TIMEOUT = 10.0

_PIECE = 65_536

#: Headers of one connection (RFC 9110, 7.6.1).
_HOP_HEADERS = frozenset(["connection", "keep-alive", "transfer-encoding", "te", "upgrade"])

#: Responses that are combined from those of all workers: path -> the array that is concatenated.
_COMBINED = {routing.WORLDS: "worlds", routing.KEY_SET: "keys"}

log = logging.getLogger("make_emulator.fleet")


class FleetMiddleware:
    """WSGI middleware of one worker."""

    def __init__(self, app: WSGIApplication, fleet: Fleet, registry: WorldRegistry) -> None:
        self._app = app
        self._registry = registry
        self._fleet = fleet
        #: The workers that get the next worlds without a name.
        self._next_workers = itertools.count(fleet.shard.index)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        target = environ.get("REQUEST_URI") or environ["PATH_INFO"]
        text, client = environ.pop(_HEADER_KEY, None), environ.pop(_CLIENT_HEADER_KEY, None)
        if environ.get(ROUTED_KEY) and target.startswith("/api/"):
            return self._app(environ, start_response)
        path, query = split_target(target)
        if path.startswith(("/_emulator/", consent.PATH)):
            environ[WORLD_NAMES_KEY] = lambda: self._world_names(environ)
        if text is not None and self._accept(environ, text, client):
            if path.startswith(mail.PATH):
                return self._receive_mail(path, environ, start_response)
            return self._app(environ, start_response)
        method = environ["REQUEST_METHOD"]
        destination = find_destination(
            method, path, query, environ.get("HTTP_HOST", ""), environ.get("HTTP_AUTHORIZATION")
        )
        if destination is Elsewhere.BODY:
            index = self._worker_of_body(path, environ)
        elif isinstance(destination, int):
            index = self._fleet.owner(destination)
        else:
            index = self._fleet.shard.index
        if index != self._fleet.shard.index:
            return self._forward(index, environ, start_response)
        if method == "GET" and path in _COMBINED:
            return self._combine(_COMBINED[path], environ, start_response)
        if method == "POST" and path == routing.REGISTER:
            return self._register(environ, start_response)
        return self._app(environ, start_response)

    def _accept(self, environ: WSGIEnvironment, text: str, client: str | None) -> bool:
        """Returns true if another worker forwarded the request; then it seems to come from its client."""
        key, _, rest = text.partition(" ")
        address, _, scheme = rest.partition(" ")
        if not self._fleet.is_key(key):
            return False
        environ["REMOTE_ADDR"] = address
        environ["wsgi.url_scheme"] = scheme
        if client is not None:
            environ[CREDENTIALS_KEY] = Credentials(*client.split(" ", 1))
        return True

    def _worker_of_body(self, path: str, environ: WSGIEnvironment) -> int:
        stream = environ["wsgi.input"]
        body = stream.read()
        stream.seek(0)
        if path in routing.BLUEPRINT_CHECKS:
            name = routing.name_of_checked_world(body)
            return self._fleet.shard.index if name is None else self._fleet.owner(slot_of_name(name))
        if path != routing.WORLDS:
            return self._fleet.owner(routing.slot_of_form(body))
        name = routing.name_of_new_world(body)
        if name is None:
            return next(self._next_workers) % self._fleet.shard.count
        return self._fleet.owner(slot_of_name(name))

    def _receive_mail(
        self, path: str, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        reply = mail.receive(
            self._registry, environ["REQUEST_METHOD"], path, environ["wsgi.input"].read()
        ).encode()
        start_response(
            "200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(reply)))]
        )
        return [reply]

    # --- forwarding ------------------------------------------------------------------------------

    def _forward(
        self, index: int, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Returns the response of another worker.

        Raises:
            InjectedResetError: if it reset the connection; then the client sees the same.
        """
        try:
            connection = self._fleet.dialer.dial(index)
        except OSError as error:
            log.warning("worker %d cannot be reached: %s", index, error)
            return _unavailable(index, start_response)
        try:
            connection.settimeout(_SEND_TIMEOUT)
            self._send(connection, environ, environ["wsgi.input"])
            if not _wait_for_response(connection, environ):
                connection.close()
                return []
            response = HTTPResponse(connection, method=environ["REQUEST_METHOD"])
            response.begin()
        except (OSError, HTTPException) as error:
            connection.close()
            raise faults.InjectedResetError(f"worker {index} reset the connection") from error
        headers = [(name, value) for name, value in response.getheaders() if name.lower() not in _HOP_HEADERS]
        start_response(f"{response.status} {response.reason}", headers)
        return _body(connection, response, environ)

    def _send(self, connection: socket.socket, environ: WSGIEnvironment, body: Any) -> None:
        connection.sendall(_head(environ, self._header(environ)))
        while piece := body.read(_PIECE):
            connection.sendall(piece)

    def _header(self, environ: WSGIEnvironment) -> str:
        return f"{self._fleet.key} {environ.get('REMOTE_ADDR', '')} {environ['wsgi.url_scheme']}"

    # --- all workers -----------------------------------------------------------------------------

    def _combine(self, name: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Returns the response of this worker, with an array that has the items of all workers."""
        status, headers, body = self._call_app(environ)
        if status.startswith("200"):
            document = orjson.loads(body)
            parts = {self._fleet.shard.index: document[name], **self._fetch(name, environ)}
            document[name] = [item for index in sorted(parts) for item in parts[index]]
            body = orjson.dumps(document)
            headers = [each for each in headers if each[0].lower() != "content-length"]
            headers.append(("Content-Length", str(len(body))))
        start_response(status, headers)
        return [body]

    def _register(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Registers a client, which belongs to no world, at all workers."""
        credentials = environ[CREDENTIALS_KEY] = create_credentials()
        stream = environ["wsgi.input"]
        status, headers, body = self._call_app(environ)
        if status.startswith("201"):
            head = _head(
                {**environ, _CLIENT_HEADER_KEY: f"{credentials.id} {credentials.secret}"},
                self._header(environ),
            )
            stream.seek(0)
            message = head + stream.read()
            for index in self._fleet.others():
                self._exchange(index, message)
        start_response(status, headers)
        return [body]

    def _call_app(self, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
        """Returns status, headers and body of the response of this worker."""
        sent: list[Any] = []

        def collect(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Callable[..., Any]:
            sent[:] = [status, headers]
            return lambda _data: None

        chunks = self._app(environ, collect)
        body = b"".join(chunks)
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
        status, headers = sent
        return status, headers, body

    def _world_names(self, environ: WSGIEnvironment) -> list[str]:
        """Returns the names of the worlds of the other workers."""
        parts = self._fetch("worlds", {**environ, "REQUEST_URI": routing.WORLDS, "REQUEST_METHOD": "GET"})
        return [item["name"] for index in sorted(parts) for item in parts[index]]

    def _fetch(self, name: str, environ: WSGIEnvironment) -> dict[int, list[Any]]:
        """Returns the items of each other worker that responds: one that has died has none until it is replaced."""
        others = self._fleet.others()
        with ThreadPoolExecutor(max_workers=min(16, len(others))) as pool:
            parts = dict(
                zip(
                    others,
                    pool.map(lambda index: self._fetch_part(index, name, environ), others),
                    strict=True,
                )
            )
        return {index: items for index, items in parts.items() if items is not None}

    def _fetch_part(self, index: int, name: str, environ: WSGIEnvironment) -> list[Any] | None:
        body = self._exchange(index, _head(environ, self._header(environ), has_body=False))
        try:
            items: list[Any] = orjson.loads(body)[name]
        except (ValueError, LookupError):
            return None
        return items

    def _exchange(self, index: int, message: bytes) -> bytes:
        """Returns the body of another worker's response; an empty one if it cannot be reached."""
        try:
            with self._fleet.dialer.dial(index) as connection:
                connection.settimeout(_PART_TIMEOUT)
                connection.sendall(message)
                response = HTTPResponse(connection)
                response.begin()
                body: bytes = response.read()
        except (OSError, HTTPException) as error:
            log.warning("worker %d cannot be reached: %s", index, error)
            return b""
        if response.status >= 300:
            log.warning("worker %d responded with %d", index, response.status)
        return body


def _head(environ: WSGIEnvironment, header: str, *, has_body: bool = True) -> bytes:
    """Returns the head of a request as another worker gets it."""
    lines = [
        f"{environ['REQUEST_METHOD']} {environ.get('REQUEST_URI') or environ['PATH_INFO']} HTTP/1.1",
        *(f"{name}: {value}" for name, value in _headers(environ) if has_body or name != "Content-Length"),
        f"{HEADER}: {header}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1")


def _headers(environ: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            title = name[5:].replace("_", "-").title()
            # The server has answered an Expect.
            if title.lower() not in _HOP_HEADERS and title != "Expect":
                yield title, value
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            yield name.replace("_", "-").title(), environ[name]


def _wait_for_response(connection: socket.socket, environ: WSGIEnvironment) -> bool:
    """Waits until there is a response, or the end of the connection; false once the client has gone."""
    is_gone: Callable[[], bool] = environ.get(faults.CLIENT_GONE_KEY, lambda: False)
    connection.settimeout(_POLL_INTERVAL)
    while True:
        try:
            connection.recv(1, socket.MSG_PEEK)
            break
        except TimeoutError:
            if is_gone():
                return False
    connection.settimeout(None)
    return True


def _body(connection: socket.socket, response: HTTPResponse, environ: WSGIEnvironment) -> Iterator[bytes]:
    """Yields the pieces of a body as they come."""
    try:
        while piece := response.read1(_PIECE):
            yield piece
        if response.length:
            # It is cut off there, too.
            environ[faults.TRUNCATED_KEY] = True
    except (OSError, HTTPException) as error:
        raise faults.InjectedResetError("another worker reset the connection") from error
    finally:
        response.close()
        connection.close()


def _unavailable(index: int, start_response: StartResponse) -> list[bytes]:
    """Sends the error of a worker that cannot be reached."""
    detail = f"The worker {index} of the fleet, which has this world, cannot be reached."
    body = orjson.dumps({"detail": detail, "message": "Service Unavailable", "code": "SC503"})
    headers = [
        ("Content-Type", "application/json; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Retry-After", "1"),
    ]
    start_response("503 Service Unavailable", headers)
    return [body]
