"""Mock responses of external services, and the requests and mails that were sent to them."""

from __future__ import annotations

from typing import ClassVar

from ...lazy_dataclasses import dataclass
from .json_types import Headers, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRule:
    """Mock response of an external service to requests of scenarios; see `make_emulator.world.external_services`.

    ``url`` is a glob, ``method`` ``None`` for any; ``body`` is JSON, or a text as it is. ``pages`` are the bodies of a
    service that pages, in place of ``body``: a module that pages gets all of them, any other the first. ``delay`` is
    the milliseconds that the response takes, ``error`` is ``"timeout"`` or ``"connection"`` where there is none. ``left``
    is the number of requests that still match (``None`` for all), ``hits`` the number of those that did.
    """

    #: Fields that changes add to.
    COUNTERS: ClassVar = ("left", "hits")

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
    """Request that a module sent, or would have sent; credentials of connections are masked in it.

    ``answered_by`` is ``"rule"``, ``"network"``, ``"simulation"`` for mock data, or ``"nothing"``; ``error`` is the name of the error
    where there was no response, ``pages`` the number of pages in the response. ``size`` counts the bytes of the body,
    which ``body`` may hold in part only.
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
    """Attachment of a mail: its name, and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Mail that a module sent to the outbox of the world; it is not delivered."""

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
