"""A client of the control API, over HTTP or straight into the application: the same calls either way."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

import orjson
from flask import Flask


class ControlError(RuntimeError):
    """The emulator refused a call; ``status`` is what it answered, if it answered."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class Transport(Protocol):
    """Carries one request to the emulator and brings back status and body."""

    def send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]: ...


class LocalTransport:
    """Calls the application in this process, without a socket."""

    def __init__(self, app: Flask, url: str, key: str | None = None) -> None:
        self._app = app
        self._url = url
        self._headers = {"X-Emulator-Key": key} if key else {}

    def send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        response = self._app.test_client().open(
            path, method=method, data=body, base_url=self._url, headers={**self._headers, **(headers or {})}
        )
        return response.status_code, response.get_data()


class HttpTransport:
    """Calls a server elsewhere, such as a sidecar."""

    def __init__(self, url: str, key: str | None = None) -> None:
        try:
            parts = urlsplit(url)
            self._port = parts.port
        except ValueError as error:
            raise ControlError(f"{url!r} is not the URL of an emulator: {error}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ControlError(f"{url!r} is not the URL of an emulator, such as http://127.0.0.1:4747")
        self._url = parts
        self._headers = {"X-Emulator-Key": key} if key else {}

    def send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        assert self._url.hostname is not None
        connection = kind(self._url.hostname, self._port, timeout=30)
        try:
            connection.request(method, path, body, {**self._headers, **(headers or {})})
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise ControlError(
                f"no emulator answers at {self._url.geturl()}: {_describe_connection_error(error)}"
            ) from None
        finally:
            connection.close()


class ControlClient:
    """The calls of the control API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def call(self, method: str, *path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """Call ``/_emulator/<path>`` and return the JSON of the answer.

        Raises:
            ControlError: if the emulator refuses, with its reason.
        """
        data = None if body is None else orjson.dumps(body)
        return self._json(method, _request_target(path, query), data, None)

    def text(self, *path: str, query: Mapping[str, str] | None = None) -> str:
        """Get ``/_emulator/<path>``, and return the answer as text.

        Raises:
            ControlError: if the emulator refuses, with its reason.
        """
        return self._send("GET", _request_target(path, query), None, None).decode()

    def api(self, method: str, path: str, token: str, body: Any = None) -> Any:
        """Call ``/api/v2<path>`` with a token and return the JSON of the answer.

        Raises:
            ControlError: if the emulator refuses, with its reason.
        """
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        data = None if body is None else orjson.dumps(body)
        return self._json(method, f"/api/v2{path}", data, headers)

    def post(self, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        """Send a body to any path of the server; returns the status and the body of the answer."""
        return self._transport.send("POST", path, body, {"Content-Type": content_type})

    def _json(self, method: str, target: str, data: bytes | None, headers: Mapping[str, str] | None) -> Any:
        answer = self._send(method, target, data, headers)
        try:
            return orjson.loads(answer) if answer else None
        except orjson.JSONDecodeError:
            raise ControlError(
                f"{method} {target} was not answered by an emulator: no JSON came back"
            ) from None

    def _send(self, method: str, target: str, data: bytes | None, headers: Mapping[str, str] | None) -> bytes:
        status, answer = self._transport.send(method, target, data, headers)
        if status >= 400:
            try:
                told = orjson.loads(answer)
                reason = told.get("detail") or told.get("message", "")
            except (orjson.JSONDecodeError, AttributeError):
                # Some other server's page: its first words will do.
                reason = " ".join(answer.decode(errors="replace").split())[:200]
            raise ControlError(f"{method} {target} answered {status}: {reason}", status)
        return answer


def _describe_connection_error(error: Exception) -> str:
    """Why nobody answers, in one line."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({error.verify_message}); SSL_CERT_FILE names the file of its CA"
        )
    if isinstance(error, ConnectionRefusedError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())


def _request_target(path: Sequence[str], query: Mapping[str, str] | None) -> str:
    target = "/_emulator/" + "/".join(quote(part, safe="") for part in path)
    return f"{target}?{urlencode(query)}" if query else target
