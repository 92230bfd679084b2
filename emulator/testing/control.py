"""A client of the control API, over HTTP or straight into the application: the same calls either way."""

from __future__ import annotations

import http.client
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import orjson
from flask import Flask


class ControlError(RuntimeError):
    """The control API refused a call."""


class Transport(Protocol):
    """Carries one request to the emulator and brings back status and body."""

    def send(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]: ...


class LocalTransport:
    """Calls the application in this process, without a socket."""

    def __init__(self, app: Flask, url: str, key: str | None = None) -> None:
        self._app = app
        self._url = url
        self._headers = {"X-Emulator-Key": key} if key else {}

    def send(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        response = self._app.test_client().open(
            path, method=method, data=body, base_url=self._url, headers=self._headers
        )
        return response.status_code, response.get_data()


class HttpTransport:
    """Calls a server elsewhere, such as a sidecar."""

    def __init__(self, url: str, key: str | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ControlError(f"{url!r} is not the URL of an emulator")
        self._url = parts
        self._headers = {"X-Emulator-Key": key} if key else {}

    def send(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        assert self._url.hostname is not None
        connection = kind(self._url.hostname, self._url.port, timeout=30)
        try:
            connection.request(method, path, body, self._headers)
            response = connection.getresponse()
            return response.status, response.read()
        except OSError as error:
            raise ControlError(f"no emulator answers at {self._url.geturl()}: {error}") from None
        finally:
            connection.close()


class Control:
    """The calls of the control API."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def call(self, method: str, *path: str, body: Any = None) -> Any:
        """Call ``/_emulator/<path>`` and return the JSON of the answer.

        Raises:
            ControlError: if the emulator refuses, with its reason.
        """
        target = "/_emulator/" + "/".join(quote(part, safe="") for part in path)
        data = None if body is None else orjson.dumps(body)
        status, answer = self._transport.send(method, target, data)
        if status >= 400:
            try:
                reason = orjson.loads(answer).get("detail", "")
            except orjson.JSONDecodeError:
                reason = answer.decode(errors="replace")
            raise ControlError(f"{method} {target} answered {status}: {reason}")
        return orjson.loads(answer) if answer else None
