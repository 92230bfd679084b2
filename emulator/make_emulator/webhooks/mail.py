"""The mail gateway: an SMTP listener that turns a mail to ``<udid>@anything`` into a bundle of the mailhook.

The fields of the bundle are those of Make's e-mail apps; what a mailhook itself puts out is in no public source.
"""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any

import orjson

from ..engine.scenarios import webhook_dispatch
from ..engine.scheduling import scheduler
from ..http.request_log import LogEntry
from ..redaction.masking import MASK
from ..registry import WorldHandle, WorldRegistry
from ..world import hook_queues, hooks
from ..world.clock import format_iso
from ..world.exceptions import QueueFullError
from ..world.models import Hook, Json
from ..world.world import World

#: The largest mail that is taken: the limit of webhooks, as none is known for mail.
MAIL_LIMIT = 5_242_880

#: How long a start or a stop may take, in seconds.
START_STOP_TIMEOUT = 0.8

OK = "250 OK"
UNKNOWN = "550 5.1.1 There is no such mailhook"
DISABLED = "550 5.2.1 The mailhook takes no mail"
FULL = "452 4.2.2 Queue is full"
UNREADABLE = "554 5.6.0 The message cannot be read"

log = logging.getLogger("make_emulator")


class MailServer:
    """Listens for mail from a thread of its own. Use it as a context manager, or call `start` and `stop`."""

    def __init__(self, tenants: WorldRegistry, host: str = "127.0.0.1", port: int = 0) -> None:
        self._gateway = _SmtpHandler(tenants)
        self._host = host
        self._port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Bind, and take mail from now on.

        Raises:
            OSError: if the address cannot be bound.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self._port), family=family, backlog=64)
        self._port = listener.getsockname()[1]
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._serve, args=(self._loop, listener, ready), name="make-emulator-mail", daemon=True
        )
        self._thread.start()
        ready.wait(START_STOP_TIMEOUT)

    def stop(self) -> None:
        """Stop listening and end the connections; returns within a second."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(START_STOP_TIMEOUT)
            self._loop = self._thread = None

    @property
    def port(self) -> int:
        """The port that is bound: the one asked for, or the free one that was found."""
        return self._port

    def _serve(
        self, loop: asyncio.AbstractEventLoop, listener: socket.socket, ready: threading.Event
    ) -> None:
        # Few serve mail, and the library takes a while to import.
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
    """What the SMTP listener asks at each step of a mail; the library calls these by their names."""

    def __init__(self, tenants: WorldRegistry) -> None:
        self._tenants = tenants

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        udid = _udid(address)
        tenant = self._tenants.by_udid(udid)
        if tenant is None:
            return UNKNOWN
        with tenant.locked() as world:
            if (refusal := _rejection_reply(world, _find_mailhook(world, udid))) is not None:
                return refusal
        envelope.rcpt_tos.append(address)
        return OK

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        try:
            bundle = parse_mail(bytes(envelope.content))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return UNREADABLE
        answers = []
        for udid in dict.fromkeys(_udid(str(address)) for address in envelope.rcpt_tos):
            tenant = self._tenants.by_udid(udid)
            answers.append(
                UNKNOWN if tenant is None else deliver_mail(tenant, udid, bundle, len(envelope.content))
            )
        # One answer for all who were named: the first who did not get it decides.
        return next((answer for answer in answers if answer != OK), OK)


def _udid(address: str) -> str:
    return address.partition("@")[0].strip("<").lower()


def _find_mailhook(world: World, udid: str) -> Hook | None:
    hook = next(iter(world.hooks.where(udid=udid)), None)
    return hook if hook is not None and hook.type == "mail" else None


def _rejection_reply(world: World, hook: Hook | None) -> str | None:
    """Why a hook takes no mail now."""
    if hook is None:
        return UNKNOWN
    return DISABLED if not hook.enabled or hooks.is_gone(world, hook) else None


def deliver_mail(tenant: WorldHandle, udid: str, bundle: Json, size: int) -> str:
    """Hand a mail to the scenario of its hook, or to the queue; returns the answer of SMTP."""
    with tenant.locked() as world:
        scheduler.catch_up(world)
        hook = _find_mailhook(world, udid)
        if (refusal := _rejection_reply(world, hook)) is not None or hook is None:
            return refusal or UNKNOWN
        incoming_id = world.ids.hex(32)
        answer, reason = OK, "it waits in the queue"
        try:
            execution = webhook_dispatch.deliver(
                world, hook, bundle, id=incoming_id, size=len(orjson.dumps(bundle))
            )
            if execution is not None:
                reason = f"scenario {execution.scenario_id} ran, execution {execution.id}"
        except QueueFullError as full:
            answer, reason = FULL, full.detail
        hook_queues.write_log(
            world,
            hook,
            id=incoming_id,
            status=1 if answer == OK else 3,
            size=size,
            data={"request": {"timestamp": format_iso(world.now())}, "parsedItems": [bundle]},
        )
        entry = tenant.request_log.begin(LogEntry("MAIL", f"/mail/{MASK}"), world.now())
        entry.organization_id = world.teams[hook.team_id].organization_id
        entry.endpoint = "mailhook"
        entry.decision = "served" if answer == OK else "refused: mailhook"
        entry.summary = f"Somebody sent a mail to hook {hook.id} ({hook.name})"
        entry.reason = reason
        tenant.request_log.finish(entry, int(answer[:3]), answer.encode())
        log.info(entry.sentence(), extra={"entry": entry})
    return answer


# --- mails ---------------------------------------------------------------------------------------


def parse_mail(content: bytes) -> dict[str, Json]:
    """The bundle that a mail becomes."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
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
    """The headers by their lower-case names, decoded; the library's own reading of them stumbles over nonsense."""
    headers: dict[str, str] = {}
    for name, raw in message.raw_items():
        text = _replace_surrogates("".join(str(raw).splitlines()))
        with suppress(ValueError, LookupError, HeaderParseError):
            text = _replace_surrogates(make_header(decode_header(text)))
        headers[_replace_surrogates(name).lower()] = text
    return headers


def _addresses(headers: Mapping[str, str], name: str) -> list[dict[str, str]]:
    pairs = getaddresses([headers.get(name, "")])
    return [{"address": address, "name": who} for who, address in pairs if address]


def _date(text: str) -> str | None:
    try:
        at = parsedate_to_datetime(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        return format_iso(round(at.timestamp() * 1000))
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _body_text(message: EmailMessage, kind: str) -> str:
    """The text of the first body of a kind."""
    part = message.get_body(preferencelist=(kind,))
    if not isinstance(part, EmailMessage):
        return ""
    octets = part.get_payload(decode=True)
    charset = part.get_content_charset("utf-8")
    try:
        text = octets.decode(charset, "replace") if isinstance(octets, bytes) else ""
    except LookupError:
        text = octets.decode("utf-8", "replace") if isinstance(octets, bytes) else ""
    return _replace_surrogates(text).replace("\r\n", "\n")


def _attachments(message: EmailMessage) -> Iterator[dict[str, Json]]:
    """The files of a mail, their data in Base64."""
    for part in message.iter_attachments():
        octets = part.get_payload(decode=True)
        data = octets if isinstance(octets, bytes) else part.as_bytes()
        yield {
            "fileName": _replace_surrogates(part.get_filename() or ""),
            "contentType": part.get_content_type(),
            "contentDisposition": part.get_content_disposition() or "attachment",
            "size": len(data),
            "data": base64.b64encode(data).decode(),
        }


def _replace_surrogates(value: object) -> str:
    """Text that can be written as JSON: no halves of characters."""
    text = str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
