"""Requests of the app "HTTP" and who answers them, for the tests of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab import Lab, module, outputs_of

from emulator.world import outside
from emulator.world.models import Execution, HttpRequest, HttpRule, Json
from emulator.world.transport import Answer, Outgoing, Unanswered

URL = "https://api.example.com/items"

#: What an exported blueprint has in every request of version 3, and of version 4.
LEGACY: Mapping[str, Json] = {
    "url": URL, "serializeUrl": False, "method": "get", "headers": [], "qs": [], "bodyType": "", "parseResponse": True,
    "authUser": "", "authPass": "", "timeout": "", "shareCookies": False, "ca": "", "rejectUnauthorized": True,
    "followRedirect": True, "useQuerystring": False, "gzip": True, "useMtls": False, "followAllRedirects": False,
}  # fmt: skip
REQUEST: Mapping[str, Json] = {
    "url": URL, "method": "get", "headers": [], "parseResponse": True, "stopOnHttpError": True, "allowRedirects": True,
    "shareCookies": False, "requestCompressedContent": True,
}  # fmt: skip


def legacy(
    id: int = 1, name: str = "ActionSendData", parameters: Mapping[str, Json] | None = None, **mapper: Json
) -> dict[str, Json]:
    return module(id, f"http:{name}", {**LEGACY, **mapper}, version=3, parameters=parameters or {})


def request(
    id: int = 1, parameters: Mapping[str, Json] | None = None, metadata: Json = None, **mapper: Json
) -> dict[str, Json]:
    chosen = parameters or {"authenticationType": "noAuth"}
    return module(
        id, "http:MakeRequest", {**REQUEST, **mapper}, version=4, parameters=chosen, metadata=metadata or {}
    )


def answer(lab: Lab, url: str = "*", **rule: Any) -> None:
    outside.add_rule(lab.world, HttpRule(url=url, **rule))


def sent(lab: Lab) -> HttpRequest:
    """The one request that was sent."""
    [request] = lab.world.http_requests
    return request


def header(request: HttpRequest, name: str) -> str | None:
    return {key.lower(): value for key, value in request.headers}.get(name.lower())


def only(run: Execution, id: int = 1) -> Json:
    [bundle] = outputs_of(run, id)
    return bundle


class Recorder:
    """A network that takes note of what reaches it."""

    def __init__(self, *outcomes: Answer | Unanswered) -> None:
        self.outcomes = list(outcomes)
        self.requests: list[Outgoing] = []

    def __call__(self, request: Outgoing) -> Answer:
        self.requests.append(request)
        outcome = self.outcomes.pop(0) if self.outcomes else Answer(status=200)
        if isinstance(outcome, Unanswered):
            raise outcome
        return outcome
