"""Readiness of a server: it serves at once, and is ready once its start scripts have ended."""

from __future__ import annotations

from flask import Blueprint, Response

from ..http.responses import json_response
from ..version import __version__

PATH = "/_emulator/ready"


class Readiness:
    """Readiness of one server; a thread may set it while others read it."""

    def __init__(self, *, is_ready: bool = True) -> None:
        self.is_ready = is_ready


def add_readiness_route(blueprint: Blueprint, readiness: Readiness) -> None:
    """Adds the route to the control API."""

    @blueprint.get("/ready")
    def ready() -> Response:
        """Answers 503 with the status ``starting`` until the start scripts of ``serve --on-start`` have ended, then 200 with ``ready``."""
        if readiness.is_ready:
            return json_response({"status": "ready", "version": __version__})
        response = json_response({"status": "starting", "version": __version__}, 503)
        response.headers["Retry-After"] = "1"
        return response
