"""Recorder of the traffic of the proxy as an HTTP archive without secrets, which is complete after each exchange."""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from ..io import write_atomically
from ..json_types import JsonObject
from ..redaction.archives import Pseudonyms
from ..replay.archive import Exchange, mask_entry, parse_exchange
from ..version import __version__
from ..world.clock import format_iso

_CREATOR = {"name": "make-emulator proxy", "version": __version__}
_HEAD = orjson.dumps({"log": {"version": "1.2", "creator": _CREATOR, "entries": []}}).removesuffix(b"]}}")
_TAIL = b"\n]}}\n"

#: The most bytes of a body that are recorded; of a longer one, only the size.
BODY_LIMIT = 8 * 1024 * 1024


class Recorder:
    """Recorder of exchanges.

    Args:
        path: the file of the archive, which is replaced; ``None`` to keep none.

    Raises:
        OSError: if the file cannot be written.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._pseudonyms = Pseudonyms()
        self._lock = threading.Lock()
        #: Number of recorded exchanges.
        self.count = 0
        self._end = len(_HEAD)
        if path is not None:
            write_atomically(path, _HEAD + _TAIL)

    def record(self, entry: JsonObject) -> Exchange:
        """Adds an exchange to the archive; returns it without secrets.

        Raises:
            OSError: if the file cannot be written.
        """
        with self._lock:
            masked = mask_entry(entry, self._pseudonyms)
            self.count += 1
            if self._path is not None:
                separator = b",\n" if self.count > 1 else b"\n"
                self._append(separator + orjson.dumps(masked))
            return parse_exchange(self.count, masked, shows_credentials=True)

    def _append(self, data: bytes) -> None:
        assert self._path is not None
        with self._path.open("r+b") as file:
            file.seek(self._end)
            file.write(data + _TAIL)
        self._end += len(data)

    def close(self) -> None:
        """Masks what turned out to be a secret after it was recorded.

        Raises:
            OSError: if the file cannot be written.
        """
        with self._lock:
            if self._path is None:
                return
            text = self._path.read_text("utf-8")
            masked = self._pseudonyms.mask_known(text)
            if masked != text:
                write_atomically(self._path, masked.encode())


def make_entry(
    *,
    started: int,
    elapsed: float,
    method: str,
    url: str,
    request_headers: Sequence[tuple[str, str]],
    request_body: bytes,
    status: int,
    reason: str,
    response_headers: Sequence[tuple[str, str]],
    response_body: bytes | None,
) -> JsonObject:
    """Returns the entry of an exchange, with its secrets.

    Args:
        started: milliseconds since the epoch.
        elapsed: milliseconds until the end of the response.
        response_body: as it was encoded; ``None`` if it is too long.
    """
    types = {name.lower(): value for name, value in response_headers}
    content: dict[str, Any] = {"size": -1, "mimeType": types.get("content-type", "")}
    if response_body is not None:
        plain = decode_body(response_body, types.get("content-encoding", ""))
        content["size"] = len(plain)
        content["text"] = plain.decode(errors="replace")
    entry: JsonObject = {
        "startedDateTime": format_iso(started),
        "time": elapsed,
        "request": {
            "method": method,
            "url": url,
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": name, "value": value} for name, value in request_headers],
        },
        "response": {
            "status": status,
            "statusText": reason,
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": name, "value": value} for name, value in response_headers],
            "content": content,
        },
    }
    if request_body:
        kind = next((value for name, value in request_headers if name.lower() == "content-type"), "")
        entry["request"]["postData"] = {"mimeType": kind, "text": request_body.decode(errors="replace")}
    return entry


def decode_body(body: bytes, coding: str) -> bytes:
    """Returns a body without its content coding; one that is broken off, or of another coding, as it is."""
    try:
        match coding.strip().lower():
            case "gzip" | "x-gzip":
                return gzip.decompress(body)
            case "deflate":
                return zlib.decompress(body)
    except (OSError, EOFError, zlib.error):
        pass
    return body
