"""Services outside: what they answer, what was asked of them, and the mails that were sent."""

from __future__ import annotations

from dataclasses import dataclass

from .json_types import Headers, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRule:
    """What a service outside is to answer to requests of scenarios; see `make_emulator.world.external_services`.

    ``url`` is a glob, ``method`` ``None`` for any; ``body`` is JSON, or a text as it is. ``pages`` are the bodies of a
    service that pages, in place of ``body``: a module that pages gets all of them, any other the first. ``delay`` is
    how many milliseconds the answer takes, ``error`` is ``"timeout"`` or ``"connection"`` where there is none. ``left``
    is how many requests are still answered (``None`` for all), ``hits`` how many were.
    """

    id: int = 0
    method: str | None = None
    url: str
    status: int = 200
    headers: Headers = ()
    body: Json = None
    pages: tuple[Json, ...] = ()
    error: str | None = None
    delay: int = 0
    left: int | None = None
    hits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """A request that a module sent, or would have sent; credentials of connections are masked in it.

    ``answered_by`` is ``"rule"``, ``"network"`` or, where the answer was made up, ``"simulation"``; ``error`` is the
    name of what went wrong where there was no answer, ``pages`` how many pages came as one. ``size`` counts the bytes of the body, of which ``body`` may
    hold a part only.
    """

    id: int = 0
    at: int
    scenario_id: int
    execution_id: str
    module_id: int
    module: str
    method: str
    url: str
    headers: Headers = ()
    body: str | None = None
    size: int = 0
    answered_by: str
    rule_id: int | None = None
    status: int | None = None
    pages: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came along with a mail: its name, and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that a module sent. Nobody received it: it lies in the outbox of the world."""

    id: int = 0
    at: int
    scenario_id: int
    execution_id: str
    module_id: int
    module: str
    sender: str | None = None
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: str | None = None
    subject: str = ""
    html: str | None = None
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    headers: Headers = ()
