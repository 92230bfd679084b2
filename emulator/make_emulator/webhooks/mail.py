"""Mail gateway: an SMTP listener that delivers a mail to ``<udid>@anything`` as a bundle of the mailhook.

The fields of the bundle are those of Make's e-mail apps; no public source describes the output of a mailhook itself.
"""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import getaddresses, parsedate_to_datetime
from functools import partial
from typing import Any, Protocol

import orjson
from flask import Response

from ..engine.scheduling import webhook_dispatch
from ..http.context import DirectInput, RequestContext
from ..http.pipeline import Pipeline
from ..http.request_log import LogEntry
from ..http.steps import request_log, world_lock
from ..redaction.rules import MASK
from ..registry import WorldRegistry
from ..world import hook_queues, hooks
from ..world.clock import format_iso
from ..world.exceptions import QueueFullError, StateNotStoredError
from ..world.models import Hook, Json
from ..world.world import World
from .payloads import replace_surrogates

#: Maximum size of a mail in bytes: the limit of webhooks, as none is known for mail.
MAIL_LIMIT = 5_242_880

#: Maximum number of parts of a mail, and maximum depth of parts within parts: the time to parse a mail grows with both.
MAX_PARTS = 1_000
MAX_DEPTH = 10

#: Maximum duration of a start or a stop, in seconds.
START_STOP_TIMEOUT = 0.8

OK = "250 OK"
UNKNOWN = "550 5.1.1 There is no such mailhook"
DISABLED = "550 5.2.1 The mailhook takes no mail"
FULL = "452 4.2.2 Queue is full"
NOT_STORED = "452 4.3.1 The mail cannot be stored"
BUSY = "451 4.3.2 The server is busy"
UNREADABLE = "554 5.6.0 The message cannot be read"
TOO_COMPLEX = "554 5.6.0 The message has too many parts"


class Relay(Protocol):
    """Way to mailhooks of other processes."""

    def is_own(self, udid: str) -> bool:
        """Returns true if a hook of that udid would be in this process."""

    def check(self, udid: str) -> str:
        """Returns the reply of SMTP to a recipient."""

    def deliver(self, udid: str, content: bytes) -> str:
        """Returns the reply of SMTP to a mail."""


def open_listener(host: str, port: int) -> socket.socket:
    """Returns a listening socket.

    Raises:
        OSError: if the address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=64)


class MailServer:
    """SMTP listener with a thread of its own. Use it as a context manager, or call `start` and `stop`.

    Args:
        listener: a socket that listens at the address already.
        relay: the way to the hooks of other processes.
    """

    def __init__(
        self,
        registry: WorldRegistry,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        listener: socket.socket | None = None,
        relay: Relay | None = None,
    ) -> None:
        self._gateway = _SmtpHandler(registry, relay)
        self._host = host
        self._port = port
        self._listener = listener
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Bind, and accept mail.

        Raises:
            OSError: if the address cannot be bound.
        """
        listener = self._listener or open_listener(self._host, self._port)
        self._port = listener.getsockname()[1]
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._serve, args=(self._loop, listener, ready), name="make-emulator-mail", daemon=True
        )
        self._thread.start()
        ready.wait(START_STOP_TIMEOUT)

    def stop(self) -> None:
        """Stops listening and ends the connections; returns within a second."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(START_STOP_TIMEOUT)
            self._loop = self._thread = None

    @property
    def port(self) -> int:
        """The port that is bound: the requested one, or the free one that was found."""
        return self._port

    def _serve(
        self, loop: asyncio.AbstractEventLoop, listener: socket.socket, ready: threading.Event
    ) -> None:
        # Imported lazily: few servers take mail, and the library takes a while to import.
        from aiosmtpd.smtp import SMTP

        asyncio.set_event_loop(loop)

        def protocol() -> SMTP:
            return SMTP(
                self._gateway,
                data_size_limit=MAIL_LIMIT,
                enable_SMTPUTF8=True,
                hostname="make-emulator",
                loop=loop,
            )

        server = loop.run_until_complete(loop.create_server(protocol, sock=listener))
        ready.set()
        try:
            loop.run_forever()
        finally:
            server.close()
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    def __enter__(self) -> MailServer:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


class _SmtpHandler:
    """Handler of the SMTP listener; the library calls its methods by their names.

    What may wait for a world is done in a thread of its own, so that the mails of other worlds go on.
    """

    def __init__(self, registry: WorldRegistry, relay: Relay | None) -> None:
        self._registry = registry
        self._relay = relay

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        reply = await _in_thread(partial(self._check_recipient, _udid(address)))
        if reply == OK:
            envelope.rcpt_tos.append(address)
        return reply

    def _check_recipient(self, udid: str) -> str:
        if self._relay is not None and not self._relay.is_own(udid):
            return self._relay.check(udid)
        return check_recipient(self._registry, udid)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        udids = dict.fromkeys(_udid(str(address)) for address in envelope.rcpt_tos)
        return await _in_thread(partial(self._deliver, udids, bytes(envelope.content)))

    def _deliver(self, udids: Iterable[str], content: bytes) -> str:
        own, replies = list(udids), []
        if (relay := self._relay) is not None:
            others = [udid for udid in own if not relay.is_own(udid)]
            own = [udid for udid in own if udid not in others]
            replies = [relay.deliver(udid, content) for udid in others]
        if own:
            replies.append(deliver_content(self._registry, own, content))
        return _joint_reply(replies)


def check_recipient(registry: WorldRegistry, udid: str) -> str:
    """Returns the reply of SMTP to a recipient."""
    handle = registry.by_udid(udid)
    if handle is None:
        return UNKNOWN
    try:
        with handle.locked() as world:
            _find_mailhook(world, udid)
    except MailRejectedError as error:
        return error.reply
    return OK


def deliver_content(registry: WorldRegistry, udids: Iterable[str], content: bytes) -> str:
    """Returns the reply of SMTP to a mail, after its delivery to mailhooks."""
    try:
        bundle = parse_mail(content)
    except TooManyPartsError:
        return TOO_COMPLEX
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return UNREADABLE
    return _joint_reply([deliver_mail(registry, udid, bundle, len(content)) for udid in udids])


def _joint_reply(replies: Iterable[str]) -> str:
    """Returns one reply for all recipients: the first that did not get the mail decides."""
    return next((reply for reply in replies if reply != OK), OK)


async def _in_thread(call: Callable[[], str]) -> str:
    """Returns the reply of a call that is made in a thread of its own, a daemon: it delays no end of the server."""
    loop = asyncio.get_running_loop()
    replied: asyncio.Future[str] = loop.create_future()

    def settle(reply: str | None, error: Exception | None) -> None:
        if replied.cancelled():
            return
        if error is not None:
            replied.set_exception(error)
        else:
            replied.set_result(reply or "")

    def work() -> None:
        reply, failure = None, None
        try:
            reply = call()
        except Exception as error:
            failure = error
        # The loop may have ended meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, reply, failure)

    try:
        threading.Thread(target=work, name="make-emulator-mail-delivery", daemon=True).start()
    except RuntimeError:  # the system has no more threads
        return BUSY
    return await replied


class MailRejectedError(Exception):
    """Mail that is refused; ``reply`` is the reply of SMTP."""

    def __init__(self, reply: str, reason: str = "") -> None:
        super().__init__(reply)
        self.reply = reply
        self.reason = reason or reply


def _udid(address: str) -> str:
    return address.partition("@")[0].strip("<").lower()


def _find_mailhook(world: World, udid: str) -> Hook:
    """Returns a mailhook that accepts mail now; raises MailRejectedError if there is none."""
    hook = next(iter(world.hooks.where(udid=udid)), None)
    if hook is None or hook.type != "mail":
        raise MailRejectedError(UNKNOWN)
    if not hook.enabled or hooks.is_gone(world, hook):
        raise MailRejectedError(DISABLED)
    return hook


# --- delivery ------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class MailContext(RequestContext):
    """State of a mail to one mailhook."""

    udid: str
    bundle: Json
    size: int


def deliver_mail(registry: WorldRegistry, udid: str, bundle: Json, size: int) -> str:
    """Delivers a mail to the scenario of its hook, or to the queue; returns the reply of SMTP."""
    entry = LogEntry("MAIL", f"/mail/{MASK}", endpoint="mailhook", summary="Mail to a hook")
    context = MailContext(registry, DirectInput(), entry, udid=udid, bundle=bundle, size=size)
    return PIPELINE.run(context).get_data(as_text=True)


def _find_world(context: MailContext) -> None:
    context.handle = context.registry.by_udid(context.udid)
    if context.handle is None:
        raise MailRejectedError(UNKNOWN)


def _deliver(context: MailContext) -> None:
    """Delivers the mail, and writes it to the hook's log."""
    world, entry, bundle = context.world, context.entry, context.bundle
    hook = _find_mailhook(world, context.udid)
    entry.organization_id = world.teams[hook.team_id].organization_id
    entry.summary = f"Mail to hook {hook.id} ({hook.name})"
    incoming_id = world.ids.hex(32)
    reply, reason = OK, "it waits in the queue"
    try:
        size = len(orjson.dumps(bundle))
        execution = webhook_dispatch.deliver(world, hook, bundle, id=incoming_id, size=size)
        if execution is not None:
            reason = f"scenario {execution.scenario_id} ran, execution {execution.id}"
    except QueueFullError as error:
        reply, reason = FULL, error.detail
    hook_queues.write_log(
        world,
        hook,
        id=incoming_id,
        status=1 if reply == OK else 3,
        size=context.size,
        data={"request": {"timestamp": format_iso(world.now())}, "parsedItems": [bundle]},
    )
    if reply != OK:
        raise MailRejectedError(reply, reason)
    entry.decision, entry.reason = "served", reason
    context.response = _smtp_response(reply)


def _smtp_response(reply: str) -> Response:
    return Response(reply, status=int(reply[:3]))


def _error_response(context: RequestContext, error: Exception) -> Response:
    if isinstance(error, StateNotStoredError):
        error = MailRejectedError(NOT_STORED, error.detail)
    if not isinstance(error, MailRejectedError):
        raise error
    context.entry.decision, context.entry.reason = "refused: mailhook", error.reason
    return _smtp_response(error.reply)


#: The way of a mail to one mailhook.
PIPELINE: Pipeline[MailContext] = Pipeline(
    request_steps=[_find_world, request_log.begin, world_lock.lock_world, _deliver],
    response_steps=[request_log.finish],
    error_response=_error_response,
)


# --- mails ---------------------------------------------------------------------------------------


class TooManyPartsError(Exception):
    """Mail with more parts than `MAX_PARTS`, or deeper ones than `MAX_DEPTH`."""


class _PartCounter:
    """Factory of the parts of one mail, which ends the parser once there are too many."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, policy: EmailPolicy[EmailMessage] = email.policy.default) -> EmailMessage:
        self._count += 1
        if self._count > MAX_PARTS:
            raise TooManyPartsError
        return _Part(policy)


class _Part(EmailMessage):
    """Part of a mail that knows its depth; the parser attaches each part to its parent before it reads it."""

    depth = 1

    def attach(self, payload: Any) -> None:
        payload.depth = self.depth + 1
        if payload.depth > MAX_DEPTH:
            raise TooManyPartsError
        super().attach(payload)


def parse_mail(content: bytes) -> dict[str, Json]:
    """Returns the bundle of a mail.

    Raises:
        TooManyPartsError: if it has too many parts.
    """
    message = email.message_from_bytes(content, _PartCounter(), policy=email.policy.default)
    headers = _headers(message)
    senders = _addresses(headers, "from")
    return {
        "subject": headers.get("subject", ""),
        "from": senders[0] if senders else {"address": "", "name": ""},
        "to": _addresses(headers, "to"),
        "cc": _addresses(headers, "cc"),
        "date": _date(headers.get("date", "")),
        "messageId": headers.get("message-id", ""),
        "text": _body_text(message, "plain"),
        "html": _body_text(message, "html"),
        "headers": headers,
        "attachments": list(_attachments(message)),
    }


def _headers(message: EmailMessage) -> dict[str, str]:
    """Returns the headers by their lower-case names, decoded; the library's own parser fails on malformed ones."""
    headers: dict[str, str] = {}
    for name, raw in message.raw_items():
        text = replace_surrogates("".join(str(raw).splitlines()))
        with suppress(ValueError, LookupError, HeaderParseError):
            text = replace_surrogates(str(make_header(decode_header(text))))
        headers[replace_surrogates(name).lower()] = text
    return headers


def _addresses(headers: Mapping[str, str], name: str) -> list[dict[str, str]]:
    pairs = getaddresses([headers.get(name, "")])
    return [{"address": address, "name": name} for name, address in pairs if address]


def _date(text: str) -> str | None:
    try:
        at = parsedate_to_datetime(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        return format_iso(round(at.timestamp() * 1000))
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _body_text(message: EmailMessage, kind: str) -> str:
    """Returns the text of the first body of a kind."""
    part = message.get_body(preferencelist=(kind,))
    if not isinstance(part, EmailMessage):
        return ""
    octets = part.get_payload(decode=True)
    charset = part.get_content_charset("utf-8")
    try:
        text = octets.decode(charset, "replace") if isinstance(octets, bytes) else ""
    except LookupError:
        text = octets.decode("utf-8", "replace") if isinstance(octets, bytes) else ""
    return replace_surrogates(text).replace("\r\n", "\n")


def _attachments(message: EmailMessage) -> Iterator[dict[str, Json]]:
    """Yields the files of a mail, their data in Base64."""
    for part in message.iter_attachments():
        octets = part.get_payload(decode=True)
        data = octets if isinstance(octets, bytes) else part.as_bytes()
        yield {
            "fileName": replace_surrogates(part.get_filename() or ""),
            "contentType": part.get_content_type(),
            "contentDisposition": part.get_content_disposition() or "attachment",
            "size": len(data),
            "data": base64.b64encode(data).decode(),
        }
