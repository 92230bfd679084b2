"""Recording of a session of requests as an HTTP archive, as a browser or mitmproxy would export it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

from make_emulator.proxy.recorder import make_entry

HarEntry = dict[str, Any]


def har_entry(response: requests.Response, at: datetime) -> HarEntry:
    """The entry of a response and its request."""
    request = response.request
    entry: HarEntry = {
        "startedDateTime": at.isoformat(),
        "time": 12.5,
        "request": {
            "method": request.method,
            "url": request.url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": name, "value": value} for name, value in request.headers.items()],
            "queryString": [],
            "headersSize": -1,
            "bodySize": len(request.body or b""),
        },
        "response": {
            "status": response.status_code,
            "statusText": response.reason,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": name, "value": value} for name, value in response.headers.items()],
            "content": {
                "size": len(response.content),
                "mimeType": response.headers.get("Content-Type", ""),
                "text": response.text,
            },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(response.content),
        },
        "cache": {},
        "timings": {"send": 0, "wait": 12.5, "receive": 0},
    }
    if request.body:
        text = request.body if isinstance(request.body, str) else request.body.decode()
        entry["request"]["postData"] = {"mimeType": request.headers.get("Content-Type", ""), "text": text}
    return entry


class Recorder:
    """Session that keeps what it sent and received, a second apart from `start` on.

    Args:
        rename: puts the addresses of a zone in the place of the server's.
        proxied: calls every address at the server of the base URL, as clients of the proxy do.
    """

    def __init__(
        self, base_url: str, token: str, *, rename: bool = False, proxied: bool = False, verify: Any = True
    ) -> None:
        self.base_url = base_url
        self.token: str | None = token
        self.entries: list[HarEntry] = []
        self.start = datetime(2026, 3, 2, 12, tzinfo=UTC)
        self.rename = rename
        self._proxied = proxied
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = verify

    def call(
        self, method: str, path: str, json: Any = None, *, token: str | None = None, **options: Any
    ) -> Any:
        """Send a request below ``/api/v2``, or to a whole URL; returns the JSON of the response, if it is some."""
        headers = dict(options.pop("headers", {}))
        if credentials := token if token is not None else self.token:
            headers.setdefault("Authorization", f"Token {credentials}")
        url = path if "://" in path else self.base_url + path
        if self._proxied:
            parts, own = urlsplit(url), urlsplit(self.base_url)
            url = urlunsplit((own.scheme, own.netloc, parts.path, parts.query, ""))
        response = self._session.request(
            method, url, json=json, headers=headers, allow_redirects=False, timeout=30, **options
        )
        at = self.start + timedelta(seconds=len(self.entries))
        self.entries.append(har_entry(response, at))
        try:
            return response.json()
        except ValueError:
            return None

    def get(self, path: str, **options: Any) -> Any:
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> Any:
        return self.call("POST", path, json, **options)

    def archive(self) -> dict[str, Any]:
        """The archive so far."""
        text = json.dumps(
            {"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": self.entries}}
        )
        if self.rename:
            origin = self.base_url.removesuffix("/api/v2")
            text = text.replace(f"{origin}/hook/", "https://hook.eu1.make.com/")
            text = text.replace(origin, "https://eu1.make.com")
        document: dict[str, Any] = json.loads(text)
        return document

    def write(self, path: Path, change: Callable[[dict[str, Any]], None] | None = None) -> Path:
        """Write the archive to a file; ``change`` may change it before."""
        document = self.archive()
        if change is not None:
            change(document)
        path.write_text(json.dumps(document), "utf-8")
        return path


class RecordingApp:
    """WSGI application that keeps what it was asked and answered, as an archive with the times of a world."""

    def __init__(self, app: Any, now: Callable[[], int]) -> None:
        self._app = app
        self._now = now
        self.entries: list[HarEntry] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(dict(environ), populate_request=False)
        if request.path.startswith("/_emulator"):
            answered: Iterable[bytes] = self._app(environ, start_response)
            return answered
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        started = self._now()
        pieces, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        response = Response(b"".join(pieces), status, headers)
        self.entries.append(
            make_entry(
                started=started,
                elapsed=1.0,
                method=request.method,
                url=f"{request.host_url.rstrip('/')}{environ['REQUEST_URI']}",
                request_headers=list(request.headers.items()),
                request_body=body,
                status=response.status_code,
                reason=status.partition(" ")[2],
                response_headers=list(response.headers.items()),
                response_body=response.get_data(),
            )
        )
        return response(environ, start_response)

    def archive(self) -> dict[str, Any]:
        """The archive so far."""
        creator = {"name": "test", "version": "1"}
        return {"log": {"version": "1.2", "creator": creator, "entries": list(self.entries)}}
