"""Log of the server on stderr, as text or JSON: a line for each request, and for each run that fails. It has no secrets."""

from __future__ import annotations

import logging
import sys

import orjson

from ..world.clock import format_iso


def _world_time(record: logging.LogRecord) -> int | None:
    """Returns the world's time of a line about a request or a run; ``None`` for any other line."""
    at = getattr(getattr(record, "entry", record), "at", None)
    return at if isinstance(at, int) else None


class _TextFormatter(logging.Formatter):
    """Formatter with the world's time and the sentence of a request or a run."""

    def format(self, record: logging.LogRecord) -> str:
        at = _world_time(record)
        line = super().format(record)
        return line if at is None else f"{format_iso(at)}  {line}"


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {"level": record.levelname.lower(), "message": record.getMessage()}
        if (entry := getattr(record, "entry", None)) is not None:
            view = entry.to_json()
            line |= {
                name: view[name] for name in ("at", "method", "path", "status", "code", "user", "decision")
            }
        else:
            at = _world_time(record)
            line["at"] = format_iso(int(record.created * 1000) if at is None else at)
            line |= {name: vars(record)[name] for name in ("scenario", "execution") if name in vars(record)}
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
