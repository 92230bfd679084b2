"""Server-sent events: the encoding of events, and streams of messages that stay open.

Source: the WHATWG standard, "Server-sent events"; comment frames every 15 seconds as the official TypeScript SDK sends them.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator

EVENT_STREAM = "text/event-stream"

#: Headers of every event stream.
STREAM_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}

#: Seconds between comment frames, by which both sides notice that the other is gone.
KEEPALIVE_INTERVAL = 15.0

#: Seconds between looks at the connection of an open stream: 200 streams cost 800 looks a second.
POLL_INTERVAL = 0.25

KEEPALIVE = b": keepalive\n\n"


def encode_event(event: str, data: bytes) -> bytes:
    """Returns one event, whose data has no line break."""
    return b"event: %b\ndata: %b\n\n" % (event.encode("ascii"), data)


def encode_message(message: bytes) -> bytes:
    """Returns the event of the JSON of a message."""
    return encode_event("message", message)


class EventStream:
    """Stream of events to one client, which stays open until one of the two sides closes it."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def send(self, message: bytes) -> None:
        """Send the JSON of a message."""
        self._events.put(encode_message(message))

    def close(self) -> None:
        """End the stream after what was sent."""
        self._events.put(None)

    def events(
        self, first: bytes, is_gone: Callable[[], bool], on_close: Callable[[], None]
    ) -> Iterator[bytes]:
        """Yields the events as they are sent, with comment frames between them.

        Args:
            first: sent at once, so that the client gets the head of the response.
            is_gone: returns true once the client, or the server, is gone.
            on_close: called when the stream has ended.
        """
        try:
            yield first
            silent_since = time.monotonic()
            while not is_gone():
                try:
                    event = self._events.get(timeout=POLL_INTERVAL)
                except queue.Empty:
                    if time.monotonic() - silent_since < KEEPALIVE_INTERVAL:
                        continue
                    event = KEEPALIVE
                if event is None:
                    return
                yield event
                silent_since = time.monotonic()
        finally:
            on_close()
