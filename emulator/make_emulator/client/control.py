"""Client of the control API, over HTTP or in process.

`ControlClient` makes the calls of a server, `WorldClient` those of one world on it. Commands, the pytest plugin and the
contract suite all use them.
"""

from __future__ import annotations

import http.client
import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

import orjson

from ..blueprint_import.files import read_files
from ..error_reasons import connection_error_reason, os_error_reason
from ..json_types import Json, JsonObject

if TYPE_CHECKING:
    from flask import Flask

    from .responses import (
        CoverageReport,
        CredentialRequestRow,
        Finding,
        ImportResult,
        MendResult,
        ProvenanceReport,
        TokenAccess,
    )
    from .wsgi_client import WsgiResponse

#: Endings of seed files; any other text is the name of a seed.
_SEED_FILE_SUFFIXES = (".yaml", ".yml", ".json")

#: The most seconds that a server may take for the next part of a response, and for that of a large document.
_TIMEOUT, _STREAM_TIMEOUT = 30, 600

#: The bytes that are sent or received at a time.
_PIECE_SIZE = 65_536

_JSON_HEADERS = {"Content-Type": "application/json"}

_REDACTED = {"redact": "true"}
_COPY = {"copy": "true"}


class ControlError(RuntimeError):
    """A call that failed; ``status`` is the HTTP status, or ``None`` without a response."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class Transport(Protocol):
    """Carrier of requests to an emulator, a base of classes that have `send` alone."""

    def send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Sends a request; returns the status and the body of the response."""

    @contextmanager
    def stream(
        self, method: str, path: str, body: IO[bytes] | None, headers: Mapping[str, str] | None = None
    ) -> Iterator[tuple[int, Iterator[bytes]]]:
        """Sends a request with a large body, or for one; the status and the pieces of the response are there in the context."""
        status, response = self.send(method, path, None if body is None else body.read(), headers)
        yield status, iter([response])


class LocalTransport(Transport):
    """Transport to an application in this process, without a socket."""

    def __init__(self, app: Flask, url: str, key: str | None = None) -> None:
        # Imported here: it loads Flask, which a client of a server elsewhere does not need.
        from .wsgi_client import call_wsgi

        self._call = partial(call_wsgi, app)
        self._url = urlsplit(url)
        self._headers = {"X-Emulator-Key": key} if key else {}

    def send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        response = self._respond(method, path, body, headers)
        return response.status, response.body if response.stream is None else b"".join(response.stream)

    @contextmanager
    def stream(
        self, method: str, path: str, body: IO[bytes] | None, headers: Mapping[str, str] | None = None
    ) -> Iterator[tuple[int, Iterator[bytes]]]:
        response = self._respond(method, path, body, headers)
        if response.stream is None:
            yield response.status, iter([response.body])
            return
        with closing(response.stream):
            yield response.status, response.stream

    def _respond(
        self, method: str, path: str, body: bytes | IO[bytes] | None, headers: Mapping[str, str] | None
    ) -> WsgiResponse:
        sent = {**self._headers, **(headers or {})}
        return self._call(method, self._url.scheme, self._url.netloc, path, sent.items(), body)


class HttpTransport(Transport):
    """Transport to a server, such as a sidecar, over HTTP or HTTPS.

    Args:
        ca_file: the certificate of the authority to trust, instead of those that the system trusts.

    Raises:
        ControlError: if the URL or the file is invalid; `send`, if no server responds.
    """

    def __init__(self, url: str, key: str | None = None, ca_file: Path | None = None) -> None:
        try:
            parts = urlsplit(url)
            self._port = parts.port
        except ValueError as error:
            raise ControlError(f"{url!r} is not the URL of an emulator: {error}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ControlError(f"{url!r} is not the URL of an emulator, such as http://127.0.0.1:4747")
        self._url = parts
        self._headers = {"X-Emulator-Key": key} if key else {}
        self._tls_context = None if ca_file is None else _trusting_context(ca_file)

    def send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        with self._respond(method, path, body, headers, _TIMEOUT) as response:
            return response.status, b"".join(self._read_pieces(response))

    @contextmanager
    def stream(
        self, method: str, path: str, body: IO[bytes] | None, headers: Mapping[str, str] | None = None
    ) -> Iterator[tuple[int, Iterator[bytes]]]:
        size = {} if body is None else {"Content-Length": str(os.fstat(body.fileno()).st_size)}
        with self._respond(method, path, body, {**(headers or {}), **size}, _STREAM_TIMEOUT) as response:
            yield response.status, self._read_pieces(response)

    @contextmanager
    def _respond(
        self,
        method: str,
        path: str,
        body: bytes | IO[bytes] | None,
        headers: Mapping[str, str] | None,
        timeout: float,
    ) -> Iterator[http.client.HTTPResponse]:
        host = self._url.hostname
        assert host is not None
        connection = (
            http.client.HTTPSConnection(
                host, self._port, timeout=timeout, blocksize=_PIECE_SIZE, context=self._tls_context
            )
            if self._url.scheme == "https"
            else http.client.HTTPConnection(host, self._port, timeout=timeout, blocksize=_PIECE_SIZE)
        )
        try:
            with self._connection_errors():
                try:
                    connection.request(method, path, body, {**self._headers, **(headers or {})})
                except (BrokenPipeError, ConnectionResetError):
                    # A server that refuses a large body closes the connection, and may have said why.
                    if connection.sock is None:
                        raise
                response = connection.getresponse()
            yield response
        finally:
            connection.close()

    def _read_pieces(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        while True:
            with self._connection_errors():
                piece = response.read(_PIECE_SIZE)
                if not piece and response.length:
                    raise http.client.IncompleteRead(piece, response.length)
            if not piece:
                return
            yield piece

    @contextmanager
    def _connection_errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            raise ControlError(
                f"no emulator answers at {self._url.geturl()}: {_describe_connection_error(error)}"
            ) from None


class ControlClient:
    """Client of the control API of one server."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def is_healthy(self) -> bool:
        """Returns whether an emulator serves requests there."""
        try:
            health = self.call("GET", "health")
        except ControlError:
            return False
        return isinstance(health, dict) and health.get("status") == "ok"

    def worlds(self) -> list[JsonObject]:
        """Returns the descriptions of all worlds."""
        rows: list[JsonObject] = self.call("GET", "worlds")["worlds"]
        return rows

    def world(self, name: str) -> WorldClient:
        """Returns the client of the world of that name, which need not exist yet."""
        return WorldClient(self, name)

    def create_world(
        self,
        name: str | None = None,
        *,
        seed: Any = None,
        plan: str | None = None,
        zone: str | None = None,
        now: str | None = None,
        rate_limit: bool | None = None,
        **settings: bool | str,
    ) -> JsonObject:
        """Creates a world and returns its description.

        Args:
            seed: the name of a shipped seed, the seed itself, or the path of a seed file (a `Path`, or a text that
                ends in ``.yaml``, ``.yml`` or ``.json``), which is read by this process, not by the server.

        Raises:
            ControlError: if the server rejects the world.
            SeedError: if the seed file is invalid.
            OSError: if it cannot be read.
        """
        if isinstance(seed, Path) or (isinstance(seed, str) and seed.endswith(_SEED_FILE_SUFFIXES)):
            # PyYAML is loaded for seed files only.
            from ..seeds.yaml_reader import parse_text

            seed = parse_text(Path(seed).read_text(encoding="utf-8"), str(seed)).data
        own = {_camel_case(setting): value for setting, value in settings.items()}
        body = drop_none(name=name, seed=seed, plan=plan, zone=zone, now=now, rateLimit=rate_limit, **own)
        world: JsonObject = self.call("POST", "worlds", body=body)["world"]
        return world

    # --- any call ----------------------------------------------------------------------------------------

    def call(self, method: str, *path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """Calls ``/_emulator/<path>`` and returns the JSON of the response.

        Raises:
            ControlError: if the call fails, with the reason.
        """
        data = None if body is None else orjson.dumps(body)
        headers = None if data is None else _JSON_HEADERS
        return self._json(method, _request_target(path, query), data, headers)

    def text(self, *path: str, query: Mapping[str, str] | None = None) -> str:
        """Gets ``/_emulator/<path>`` and returns the response as text.

        Raises:
            ControlError: if the call fails, with the reason.
        """
        target = _request_target(path, query)
        status, response = self._transport.send("GET", target, None)
        if status >= 400:
            raise _call_error("GET", target, status, response)
        return response.decode()

    def api(self, method: str, path: str, token: str, body: Any = None) -> Any:
        """Calls ``/api/v2<path>`` with a token and returns the JSON of the response.

        Raises:
            ControlError: if the call fails, with the reason.
        """
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        data = None if body is None else orjson.dumps(body)
        return self._json(method, f"/api/v2{path}", data, headers)

    def download(self, *path: str, query: Mapping[str, str] | None = None) -> Iterator[bytes]:
        """Gets ``/_emulator/<path>``, a large JSON object, in pieces.

        Raises:
            ControlError: if the call fails, with the reason, or the object is not complete.
        """
        target = _request_target(path, query)
        with self._transport.stream("GET", target, None) as (status, pieces):
            if status >= 400:
                raise _call_error("GET", target, status, b"".join(pieces))
            last = b""
            for piece in pieces:
                if not last and not piece.startswith(b"{"):
                    break
                last = piece
                yield piece
            else:
                if last.rstrip().endswith(b"}"):
                    return
            raise _no_json_error("GET", target)

    def upload(self, file: IO[bytes], *path: str, query: Mapping[str, str] | None = None) -> Any:
        """Puts a large JSON document in a file to ``/_emulator/<path>``, and returns the JSON of the response.

        Raises:
            ControlError: if the call fails, with the reason.
        """
        target = _request_target(path, query)
        with self._transport.stream("PUT", target, file, _JSON_HEADERS) as (status, pieces):
            return _parse("PUT", target, status, b"".join(pieces))

    def post(self, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        """Posts a body to any path of the server; returns the status and the body of the response."""
        return self._transport.send("POST", path, body, {"Content-Type": content_type})

    def mcp(self, path: str, token: str, body: bytes, access: Mapping[str, Any]) -> tuple[int, bytes]:
        """Posts a message to the stateless transport of the MCP server below a path; returns the status and the body of the response.

        Args:
            access: access control parameters; a list repeats one.
        """
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        }
        query = [
            (f"{name}[]" if isinstance(value, (list, tuple)) else name, each)
            for name, value in access.items()
            for each in (value if isinstance(value, (list, tuple)) else [value])
        ]
        target = f"{path}/stateless" + (f"?{urlencode(query)}" if query else "")
        return self._transport.send("POST", target, body, headers)

    def _json(self, method: str, target: str, data: bytes | None, headers: Mapping[str, str] | None) -> Any:
        status, response = self._transport.send(method, target, data, headers)
        return _parse(method, target, status, response)


def _parse(method: str, target: str, status: int, response: bytes) -> Any:
    """Returns the JSON of the response to a call.

    Raises:
        ControlError: if the call failed, with the reason.
    """
    if status >= 400:
        raise _call_error(method, target, status, response)
    try:
        return orjson.loads(response) if response else None
    except orjson.JSONDecodeError:
        raise _no_json_error(method, target) from None


def _call_error(method: str, target: str, status: int, response: bytes) -> ControlError:
    try:
        body = orjson.loads(response)
        reason = body.get("detail") or body.get("message", "")
    except (orjson.JSONDecodeError, AttributeError):
        # The page of some other server: its first words are the best reason.
        reason = " ".join(response.decode(errors="replace").split())[:200]
    return ControlError(f"{method} {target} answered {status}: {reason}", status)


def _no_json_error(method: str, target: str) -> ControlError:
    return ControlError(f"{method} {target} was not answered by an emulator: no JSON came back")


class WorldClient:
    """Client of the control API of one world; every method raises `ControlError` if its call fails."""

    def __init__(self, control: ControlClient, name: str) -> None:
        self.control = control
        self.name = name

    def call(self, method: str, *path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """Calls ``/_emulator/worlds/<name>/<path>`` and returns the JSON of the response."""
        return self.control.call(method, "worlds", self.name, *path, body=body, query=query)

    def describe(self) -> JsonObject:
        """Returns the world's name, base URL, token, ids, zone and plan."""
        description: JsonObject = self.call("GET")["world"]
        return description

    def change_settings(self, *, rate_limit: bool | None = None, **settings: bool | str) -> JsonObject:
        """Changes settings of the world, such as ``api_access=False``; returns its description."""
        own = {_camel_case(setting): value for setting, value in settings.items()}
        body = drop_none(rateLimit=rate_limit, **own)
        description: JsonObject = self.call("PATCH", body=body)["world"]
        return description

    def reset(self) -> JsonObject:
        """Resets the world to its seed; returns its description."""
        description: JsonObject = self.call("POST", "reset")["world"]
        return description

    def delete(self) -> None:
        """Deletes the world and its tokens."""
        self.call("DELETE")

    def import_blueprints(
        self, path: Path, *, team_id: int | None = None, activate: bool = False
    ) -> ImportResult:
        """Imports an exported blueprint, or those of a folder, as scenarios; returns scenarios, stubs and rejected files.

        Args:
            team_id: the team of the scenarios; the first one, by default.
            activate: activate the scenarios, as far as they can be.

        Raises:
            OSError: if a file cannot be read.
            ValueError: if there is no blueprint.
        """
        files = [{"name": file.name, "document": file.document} for file in read_files(path)]
        answer: ImportResult = self.call(
            "POST", "import", body=drop_none(files=files, teamId=team_id, activate=activate)
        )
        return answer

    def lint(
        self,
        blueprint: Json = None,
        *,
        scenario_id: int | None = None,
        scheduling: JsonObject | None = None,
        team_id: int | None = None,
        ignore: Sequence[str] = (),
    ) -> list[Finding]:
        """Returns the findings of lint on a blueprint, or on that of a scenario, with what a team of the world has.

        Args:
            team_id: the team; that of the scenario, or the first one, by default.
            ignore: ids of rules that are switched off.
        """
        body = self._lint_body(blueprint, scenario_id, scheduling, team_id, ignore)
        findings: list[Finding] = self.control.call("POST", "lint", body=body)["findings"]
        return findings

    def mend(
        self,
        blueprint: Json = None,
        *,
        scenario_id: int | None = None,
        scheduling: JsonObject | None = None,
        team_id: int | None = None,
        ignore: Sequence[str] = (),
    ) -> MendResult:
        """Returns a blueprint, or that of a scenario, with its obvious repairs, the patches, and the findings that stay.

        Args:
            team_id: the team; that of the scenario, or the first one, by default.
            ignore: ids of rules that are switched off.
        """
        body = self._lint_body(blueprint, scenario_id, scheduling, team_id, ignore)
        mended: MendResult = self.control.call("POST", "mend", body=body)
        return mended

    def _lint_body(
        self,
        blueprint: Json,
        scenario_id: int | None,
        scheduling: JsonObject | None,
        team_id: int | None,
        ignore: Sequence[str],
    ) -> JsonObject:
        return drop_none(
            blueprint=blueprint,
            scenarioId=scenario_id,
            scheduling=scheduling,
            teamId=team_id,
            ignore=list(ignore),
            world=self.name,
        )

    def snapshot(self, *, redact: bool = False) -> JsonObject:
        """Returns the state of the world as one JSON document.

        Args:
            redact: leave out every secret; such a document cannot be restored.
        """
        document: JsonObject = self.call("GET", "snapshot", query=_REDACTED if redact else None)
        return document

    def iter_snapshot(self, *, redact: bool = False) -> Iterator[bytes]:
        """Yields the pieces of the document that `snapshot` returns, which is never in memory as a whole."""
        query = _REDACTED if redact else None
        return self.control.download("worlds", self.name, "snapshot", query=query)

    def restore(self, snapshot: Any, *, copy: bool = False) -> JsonObject:
        """Restores the state in a snapshot; returns the world's description.

        Args:
            copy: give tokens, hooks and OAuth clients new keys, so that the world of the snapshot may still be there.
        """
        query = _COPY if copy else None
        description: JsonObject = self.call("PUT", "snapshot", body=snapshot, query=query)["world"]
        return description

    def load_snapshot(self, file: IO[bytes], *, copy: bool = False) -> JsonObject:
        """Restores the state in a snapshot that is read from a file; see `restore`."""
        query = _COPY if copy else None
        description: JsonObject = self.control.upload(file, "worlds", self.name, "snapshot", query=query)[
            "world"
        ]
        return description

    def create_token(self, scopes: Sequence[str], *, user_id: int | None = None) -> str:
        """Creates an API token with these scopes."""
        body = {"scopes": list(scopes), "userId": user_id}
        return str(self.call("POST", "tokens", body=body)["token"])

    def clock(self) -> JsonObject:
        """Returns the world's clock: ``now`` (ISO 8601) and ``frozen``."""
        clock: JsonObject = self.call("GET", "clock")
        return clock

    def set_clock(self, *, now: str | None = None, frozen: bool | None = None) -> None:
        """Sets the time of the clock, freezes it, or lets it run."""
        self.call("PATCH", "clock", body=drop_none(now=now, frozen=frozen))

    def advance_clock(self, seconds: float) -> None:
        """Advances the clock."""
        self.call("POST", "clock", "advance", body={"seconds": seconds})

    def credential_requests(self) -> list[CredentialRequestRow]:
        """Returns the credential requests of all teams, each with its credentials."""
        rows: list[CredentialRequestRow] = self.call("GET", "credential-requests")["credentialRequests"]
        return rows

    def approve_credential_request(
        self, id: str, data: Mapping[str, Mapping[str, Any]] | None = None
    ) -> CredentialRequestRow:
        """Authorizes the pending credentials of a request; ``data`` are those of the services by credential."""
        body = {} if data is None else {"data": data}
        approved: JsonObject = self.call("POST", "credential-requests", id, "approve", body=body)
        row: CredentialRequestRow = approved["credentialRequest"]
        return row

    def call_unlogged(self, method: str, path: str, body: Json = None) -> Any:
        """Calls the API without a trace in the request log; returns the JSON of its response."""
        target = "/" + path.removeprefix("/api/v2").lstrip("/")
        sent = drop_none(method=method.upper(), path=target, body=body)
        return self.call("POST", "unlogged-calls", body=sent)

    def provenance(self) -> ProvenanceReport:
        """Returns the provenance report: the behaviours of the fidelity ledger that the responses rest on."""
        report: ProvenanceReport = self.call("GET", "provenance")
        return report

    def coverage(self) -> CoverageReport:
        """Returns the coverage report: which endpoints were called, by class of status."""
        report: CoverageReport = self.call("GET", "coverage")
        return report

    def access_report(self) -> list[TokenAccess]:
        """Returns the access report: for each token the scopes granted, used, never used and missing."""
        rows: list[TokenAccess] = self.call("GET", "access-report")["tokens"]
        return rows

    def access_report_text(self, format: str) -> str:
        """Returns the access report as ``text``, ``markdown`` or ``json``, or the least ``policy`` as YAML."""
        return self.control.text("worlds", self.name, "access-report", query={"format": format})


def drop_none(**values: Any) -> JsonObject:
    """Returns the values that are not ``None``, by name: the body or the query of a call with optional parameters."""
    return {name: value for name, value in values.items() if value is not None}


def _trusting_context(ca_file: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except ssl.SSLError:
        raise ControlError(f"{ca_file} holds no certificate") from None
    except OSError as error:
        raise ControlError(f"cannot read {ca_file}: {os_error_reason(error)}") from None


def _describe_connection_error(error: Exception) -> str:
    """Returns the reason why no server responds, in one line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({error.verify_message}); SSL_CERT_FILE names the file of its CA"
        )
    return connection_error_reason(error)


def _request_target(path: Sequence[str], query: Mapping[str, str] | None) -> str:
    target = "/_emulator/" + "/".join(quote(part, safe="") for part in path)
    return f"{target}?{urlencode(query)}" if query else target


def _camel_case(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)
