"""Log of the server on stderr, as text or JSON, with a line for each request. Log entries have no secrets."""

from __future__ import annotations

import logging
import sys

import orjson

from ..world.clock import format_iso


class _TextFormatter(logging.Formatter):
    """Formatter with the world's time and the sentence of a request."""

    def format(self, record: logging.LogRecord) -> str:
        entry = getattr(record, "entry", None)
        line = super().format(record)
        return line if entry is None else f"{format_iso(entry.at)}  {line}"


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {"level": record.levelname.lower(), "message": record.getMessage()}
        if (entry := getattr(record, "entry", None)) is not None:
            view = entry.to_json()
            line |= {
                name: view[name] for name in ("at", "method", "path", "status", "code", "user", "decision")
            }
        else:
            line["at"] = format_iso(int(record.created * 1000))
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def configure(log_format: str) -> None:
    """Sends the log to stderr as ``text`` or ``json``, or only its warnings for ``none``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if log_format == "json" else _TextFormatter("%(message)s"))
    log = logging.getLogger("make_emulator")
    log.addHandler(handler)
    log.setLevel(logging.WARNING if log_format == "none" else logging.INFO)
    log.propagate = False
