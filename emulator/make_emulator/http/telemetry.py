"""Protocol of telemetry of requests, which records spans of runs, too."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from ..world.telemetry import RunTelemetry
from .request_log import LogEntry


class RequestTelemetry(RunTelemetry, Protocol):
    """Recorder of spans of requests, and of runs."""

    def call(self, route: str) -> AbstractContextManager[None]:
        """Returns the context of a call of an endpoint without HTTP."""

    def record_request(self, entry: LogEntry, world: str) -> None:
        """Adds what is known of a request at its end to its span."""
