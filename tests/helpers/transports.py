"""Transports that stand in for the network of a world."""

from __future__ import annotations

import threading

from make_emulator.world.transport import HttpResponse, NoResponseError, OutgoingRequest


class HeldService:
    """Transport that answers once the test lets it."""

    def __init__(self) -> None:
        self.called, self.gate = threading.Event(), threading.Event()

    def __call__(self, request: OutgoingRequest, interruption: threading.Event | None = None) -> HttpResponse:
        assert interruption is not None
        self.called.set()
        while not self.gate.wait(0.005):
            if interruption.is_set():
                raise NoResponseError("connection", "The request was interrupted.")
        return HttpResponse(status=200)
