"""One HTTP request carried straight into a WSGI application: no socket, no test client."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]

_DEFAULT_PORTS = {"http": "80", "https": "443"}

#: Methods for which clients send ``Content-Length: 0`` when there is no body.
_METHODS_WITH_BODY = frozenset(["POST", "PUT", "PATCH"])


@dataclass(frozen=True, slots=True)
class WsgiResponse:
    """What the application answered."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def missing_bytes(self) -> int:
        """How many octets of the body were announced but did not come."""
        announced = next((value for name, value in self.headers if name.lower() == "content-length"), None)
        return 0 if announced is None else max(int(announced) - len(self.body), 0)


def body_bytes(body: Any) -> bytes:
    """The octets of a body: ``None``, text, bytes, a file, or an iterable of text and bytes."""
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        return body_bytes(body.read())
    if isinstance(body, (bytearray, memoryview)):
        return bytes(body)
    try:
        return b"".join(map(body_bytes, body))
    except TypeError:
        return bytes(memoryview(body))


def call_wsgi(
    app: WsgiApp,
    method: str,
    scheme: str,
    host: str,
    target: str,
    headers: Iterable[tuple[Any, Any]],
    body: Any = None,
    *,
    chunked: bool = False,
    timeout: float | None = None,
) -> WsgiResponse:
    """Let an application answer one request.

    Args:
        host: the host that is called, with its port unless that is the scheme's own.
        target: path and query, encoded, as they stand in a request line.
        headers: names and values, text or bytes.
        chunked: whether the client sends the body in chunks, without a length.
        timeout: how many seconds the client waits for the answer.

    Raises:
        TimeoutError: if the answer took longer than that.
        OSError: what the application raises to break the connection, e.g. ConnectionResetError.
    """
    environ = _build_environ(method, scheme, host, target)
    for name, value in headers:
        text = value if isinstance(value, str) else value.decode("latin-1")
        key = _environ_key(name)
        environ[key] = f"{environ[key]}, {text}" if key in environ and key != "HTTP_HOST" else text
    data = body_bytes(body)
    if "CONTENT_LENGTH" not in environ:
        whole = body is None or isinstance(body, (bytes, str))
        if chunked or "HTTP_TRANSFER_ENCODING" in environ or not whole:
            environ["HTTP_TRANSFER_ENCODING"] = "chunked"
            environ["wsgi.input_terminated"] = True
        elif data or method in _METHODS_WITH_BODY:
            environ["CONTENT_LENGTH"] = str(len(data))
    environ["wsgi.input"] = io.BytesIO(data)
    if timeout is None:
        return _run_app(app, environ)
    started = time.perf_counter()
    answer = _run_app(app, environ)
    if time.perf_counter() - started > timeout:
        raise TimeoutError("timed out")
    return answer


def _build_environ(method: str, scheme: str, host: str, target: str) -> dict[str, Any]:
    path, _, query = target.partition("?")
    name, _, port = host.rpartition(":") if host[-1:].isdigit() and ":" in host else (host, "", "")
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1") if "%" in path or not path.isascii() else path,
        "QUERY_STRING": query,
        "REQUEST_URI": target,
        "SERVER_NAME": name,
        "SERVER_PORT": port or _DEFAULT_PORTS[scheme],
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


@lru_cache(maxsize=1024)
def _environ_key(name: str | bytes) -> str:
    """The name of a header in a WSGI environment."""
    text = (name if isinstance(name, str) else name.decode("latin-1")).upper().replace("-", "_")
    return text if text in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{text}"


def _run_app(app: WsgiApp, environ: dict[str, Any]) -> WsgiResponse:
    started: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started[:] = status, headers
        return written.append

    pieces = app(environ, start_response)
    try:
        written.extend(pieces)
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
    code, _, reason = started[0].partition(" ")
    return WsgiResponse(int(code), reason, started[1], b"".join(written))
