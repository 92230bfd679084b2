"""Requests of the app "HTTP" and who answers them, for the tests of the engine."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from make_emulator.world import external_services
from make_emulator.world.models import Execution, HttpRule, SentRequest
from make_emulator.world.transport import HttpResponse, NoResponseError, OutgoingRequest

from .engine import EngineHarness, module, outputs_of

URL = "https://api.example.com/items"

#: Fields that an exported blueprint has in every request of version 3, and of version 4.
V3_MAPPER: Mapping[str, Any] = {
    "url": URL, "serializeUrl": False, "method": "get", "headers": [], "qs": [], "bodyType": "", "parseResponse": True,
    "authUser": "", "authPass": "", "timeout": "", "shareCookies": False, "ca": "", "rejectUnauthorized": True,
    "followRedirect": True, "useQuerystring": False, "gzip": True, "useMtls": False, "followAllRedirects": False,
}  # fmt: skip
V4_MAPPER: Mapping[str, Any] = {
    "url": URL, "method": "get", "headers": [], "parseResponse": True, "stopOnHttpError": True, "allowRedirects": True,
    "shareCookies": False, "requestCompressedContent": True,
}  # fmt: skip


def http_v3_module(
    id: int = 1, name: str = "ActionSendData", parameters: Mapping[str, Any] | None = None, **mapper: Any
) -> dict[str, Any]:
    return module(id, f"http:{name}", {**V3_MAPPER, **mapper}, version=3, parameters=parameters or {})


def http_v4_module(
    id: int = 1, parameters: Mapping[str, Any] | None = None, metadata: Any = None, **mapper: Any
) -> dict[str, Any]:
    chosen = parameters or {"authenticationType": "noAuth"}
    return module(
        id, "http:MakeRequest", {**V4_MAPPER, **mapper}, version=4, parameters=chosen, metadata=metadata or {}
    )


def add_http_rule(harness: EngineHarness, url: str = "*", **rule: Any) -> None:
    external_services.add_rule(harness.world, HttpRule(url=url, **rule))


def sent_request(harness: EngineHarness) -> SentRequest:
    """The one request that was sent."""
    [request] = harness.world.http_requests
    return request


def header_of(request: SentRequest, name: str) -> str | None:
    return {key.lower(): value for key, value in request.headers}.get(name.lower())


def single_output(run: Execution, id: int = 1) -> Any:
    [bundle] = outputs_of(run, id)
    return bundle


class RecordingTransport:
    """Transport that records the requests that it receives."""

    def __init__(self, *outcomes: HttpResponse | NoResponseError) -> None:
        self.outcomes = list(outcomes)
        self.requests: list[OutgoingRequest] = []

    def __call__(self, request: OutgoingRequest, interruption: threading.Event | None = None) -> HttpResponse:
        self.requests.append(request)
        outcome = self.outcomes.pop(0) if self.outcomes else HttpResponse(status=200)
        if isinstance(outcome, NoResponseError):
            raise outcome
        return outcome
