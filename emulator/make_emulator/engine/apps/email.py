"""Mails that scenarios send, with the apps "Email" and "Gmail": they go to the outbox of the world, and to nobody else.

What a module puts out is made up in the shape that its blueprint declares, as it is for other apps. Sources: exported
blueprints for names, versions and fields, and for which of them are required.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...world import external_services
from ...world.models import Attachment, Headers, Json, Mail
from ..errors import BundleValidationError, ModuleError
from ..expressions.values import Value, as_bytes, as_text, to_json_value
from ..runtime import connection_checks
from .module_api import Field, ModuleContext, ModuleDefinition, Outcome
from .simulated import SIMULATED

#: Fields of a connection that tell who it sends for, the most telling first.
_ACCOUNT_NAMES = ("value", "userName", "email", "user")

#: Priorities -> what the header says (``nodemailer``).
_PRIORITIES: Mapping[str | None, str] = {"high": "1 (Highest)", "low": "5 (Lowest)"}


def _send(context: ModuleContext) -> Outcome:
    """ "Send an email" of the app "Email": the text or the HTML counts, as ``contentType`` says."""
    mapper = context.mapper
    kind = mapper["contentType"]
    own = {
        "X-Priority": _PRIORITIES.get(mapper.get("priority")),
        "In-Reply-To": mapper.get("inReplyTo"),
        "References": " ".join(_texts(mapper, "references")),
    }
    set_by_fields = tuple((name, value) for name, value in own.items() if value)
    return _send_mail(
        context,
        html=_text(mapper.get("html")) if kind == "html" else None,
        text=_text(mapper.get("text")) if kind == "text" else None,
        headers=(*set_by_fields, *_parse_headers(mapper.get("headers", ()))),
    )


def _send_with_gmail(context: ModuleContext) -> Outcome:
    """ "Send an email" of Gmail: raw HTML, or parts whose texts follow one another."""
    mapper = context.mapper
    if mapper["bodyType"] == "rawHtml":
        html = _text(mapper.get("content"))
    else:
        parts = mapper.get("contents", ())
        html = "".join(_text(part.get("text")) for part in parts if isinstance(part, Mapping))
    return _send_mail(context, html=html, text=None, headers=_parse_headers(mapper.get("emailHeaders", ())))


def _send_with_legacy_gmail(context: ModuleContext) -> Outcome:
    return _send_mail(context, html=_text(context.mapper.get("html")), text=None, headers=())


def _send_mail(context: ModuleContext, *, html: str | None, text: str | None, headers: Headers) -> Outcome:
    """Put a mail into the outbox, and go on with what the module puts out.

    Raises:
        ModuleError: if nobody is to receive it (the text is Node's ``nodemailer``).
    """
    mapper, run = context.mapper, context.run
    to, cc, bcc = (_texts(mapper, field) for field in ("to", "cc", "bcc"))
    if not (to or cc or bcc):
        raise ModuleError("RuntimeError", "No recipients defined")
    files = tuple(_parse_attachments(mapper.get("attachments", ())))
    outcome = SIMULATED.handler(context)
    external_services.record_mail(
        run.world,
        Mail(
            at=run.now(),
            scenario_id=run.scenario.id,
            execution_id=run.execution_id,
            module_id=context.module.id,
            module=context.module.full_name,
            sender=_text(mapper.get("from")) or _account_name(context),
            to=to,
            cc=cc,
            bcc=bcc,
            reply_to=_text(mapper.get("replyTo")) or None,
            subject=_text(mapper.get("subject")),
            html=html,
            text=text,
            attachments=files,
            headers=headers,
        ),
    )
    return outcome


def _text(value: Value) -> str:
    """A text that can be written down, whatever it was mapped from."""
    return str(to_json_value(as_text(value)))


def _texts(mapper: Mapping[str, Any], field: str) -> tuple[str, ...]:
    """The entries of an array of texts; those that came out empty are left out."""
    return tuple(text for item in mapper.get(field, ()) if (text := _text(item).strip()))


def _parse_attachments(rows: Sequence[Value]) -> Iterator[Attachment]:
    for row in rows:
        if not isinstance(row, Mapping) or row.get("data") is None:
            raise BundleValidationError()
        yield Attachment(_text(row.get("fileName")), len(as_bytes(row["data"])))


def _parse_headers(rows: Sequence[Value]) -> Headers:
    """Headers as blueprints have them, under ``key`` or under ``name``."""
    return tuple(
        (name, _text(row.get("value")))
        for row in rows
        if isinstance(row, Mapping) and (name := _text(row.get("key") or row.get("name")))
    )


def _account_name(context: ModuleContext) -> str | None:
    """Who the connection sends for, as far as it tells."""
    parameters = context.module.parameters
    named = parameters.get("account", parameters.get("__IMTCONN__"))
    connection = connection_checks.find_connection(context.run.world, context.run.scenario, named)
    if connection is None:
        return None
    held: Mapping[str, Json] = {**(connection.credentials or {}), **(connection.metadata or {})}
    return next((str(held[name]) for name in _ACCOUNT_NAMES if held.get(name)), None)


_ADDRESS_FIELDS = (
    Field("to", "array", required=True),
    Field("cc", "array"),
    Field("bcc", "array"),
    Field("from", "text"),
    Field("subject", "text"),
    Field("attachments", "array"),
)

MODULES = (
    ModuleDefinition(
        "email:ActionSendEmail",
        _send,
        (
            *_ADDRESS_FIELDS,
            Field("contentType", "text", required=True, choices=("html", "text")),
            Field("html", "text"),
            Field("text", "text"),
            Field("sender", "text"),
            Field("replyTo", "text"),
            Field("inReplyTo", "text"),
            Field("references", "array"),
            Field("priority", "text", choices=("high", "normal", "low")),
            Field("headers", "array"),
        ),
        external=True,
    ),
    ModuleDefinition(
        "google-email:sendAnEmail",
        _send_with_gmail,
        (
            *_ADDRESS_FIELDS,
            Field("bodyType", "text", required=True, choices=("rawHtml", "collection")),
            Field("content", "text"),
            Field("contents", "array"),
            Field("emailHeaders", "array"),
            Field("signature", "text"),
        ),
        external=True,
    ),
    ModuleDefinition(
        "google-email:ActionSendEmail",
        _send_with_legacy_gmail,
        (*_ADDRESS_FIELDS, Field("html", "text")),
        external=True,
    ),
)
