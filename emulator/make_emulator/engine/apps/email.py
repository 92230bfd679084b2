"""Apps "Email" and "Gmail": mails that scenarios send go to the outbox of the world, and nowhere else.

The output is mock data in the shape that the blueprint declares. Sources: exported blueprints for names, versions and
fields, and for which of them are required. The apps are known in part: other modules are simulated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...world import external_services
from ...world.models import Attachment, Headers, Json, Mail
from ..errors import BundleValidationError, missing_parameter
from ..expressions.values import Value, as_bytes, as_text, to_json_value
from .app import App, Field
from .context import ModuleContext, Outcome
from .simulated import simulate

EMAIL = App("email", is_complete=False, is_built_in=True)
GMAIL = App("google-email", is_complete=False)

#: Fields of a connection that name the sender, the most specific first.
_ACCOUNT_NAMES = ("value", "userName", "email", "user")

#: Priority -> value of the header ``X-Priority`` (``nodemailer``).
_PRIORITIES: Mapping[str, str] = {"high": "1 (Highest)", "low": "5 (Lowest)"}


_ADDRESS_FIELDS = (
    Field("to", "array", required=True, item="email"),
    Field("cc", "array", item="email"),
    Field("bcc", "array", item="email"),
    Field("from", "text"),
    Field("subject", "text"),
    Field("attachments", "array"),
)


@EMAIL.module(
    "ActionSendEmail",
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
    versions=None,
    external=True,
)
def _send(context: ModuleContext) -> Outcome:
    """Sends an email: the content is the text or the HTML, as ``contentType`` says."""
    kind = context.text("contentType")
    defaults = {
        "X-Priority": _PRIORITIES.get(context.text("priority")),
        "In-Reply-To": context.text("inReplyTo"),
        "References": " ".join(_texts(context, "references")),
    }
    set_by_fields = tuple((name, value) for name, value in defaults.items() if value)
    return _send_mail(
        context,
        html=_text(context.text("html")) if kind == "html" else None,
        text=_text(context.text("text")) if kind == "text" else None,
        headers=(*set_by_fields, *_parse_headers(context.array("headers"))),
    )


@GMAIL.module(
    "sendAnEmail",
    *_ADDRESS_FIELDS,
    Field("bodyType", "text", required=True, choices=("rawHtml", "collection")),
    Field("content", "text"),
    Field("contents", "array"),
    Field("emailHeaders", "array"),
    Field("signature", "text"),
    versions=None,
    external=True,
)
def _send_with_gmail(context: ModuleContext) -> Outcome:
    """Sends an email with Gmail: the content is raw HTML, or the texts of several parts."""
    if context.text("bodyType") == "rawHtml":
        html = _text(context.text("content"))
    else:
        parts = context.array("contents")
        html = "".join(_text(part.get("text")) for part in parts if isinstance(part, Mapping))
    return _send_mail(context, html=html, text=None, headers=_parse_headers(context.array("emailHeaders")))


@GMAIL.module("ActionSendEmail", *_ADDRESS_FIELDS, Field("html", "text"), versions=None, external=True)
def _send_with_legacy_gmail(context: ModuleContext) -> Outcome:
    return _send_mail(context, html=_text(context.text("html")), text=None, headers=())


def _send_mail(context: ModuleContext, *, html: str | None, text: str | None, headers: Headers) -> Outcome:
    """Puts a mail into the outbox, and returns the mock output of the module."""
    run = context.run
    to, cc, bcc = (_texts(context, field) for field in ("to", "cc", "bcc"))
    files = tuple(_parse_attachments(context.array("attachments")))
    outcome = simulate(context)
    external_services.record_mail(
        run.world,
        Mail(
            at=run.now(),
            scenario_id=run.scenario.id,
            execution_id=run.execution_id,
            module_id=context.module.id,
            module=context.module.full_name,
            sender=_text(context.text("from")) or _account_name(context),
            to=to,
            cc=cc,
            bcc=bcc,
            reply_to=_text(context.text("replyTo")) or None,
            subject=_text(context.text("subject")),
            html=html,
            text=text,
            attachments=files,
            headers=headers,
        ),
    )
    return outcome


def _text(value: Value) -> str:
    """Converts any value to a text of valid characters."""
    return str(to_json_value(as_text(value)))


def _texts(context: ModuleContext, field: str) -> tuple[str, ...]:
    """Returns the items of an array of texts, without empty ones."""
    return tuple(text for item in context.array(field) if (text := _text(item).strip()))


def _parse_attachments(rows: Sequence[Value]) -> Iterator[Attachment]:
    for row in rows:
        if not isinstance(row, Mapping) or row.get("data") is None:
            raise BundleValidationError(missing_parameter("data"))
        yield Attachment(_text(row.get("fileName")), len(as_bytes(row["data"])))


def _parse_headers(rows: Sequence[Value]) -> Headers:
    """Parses rows of headers, whose name is under ``key`` or ``name``."""
    return tuple(
        (name, _text(row.get("value")))
        for row in rows
        if isinstance(row, Mapping) and (name := _text(row.get("key") or row.get("name")))
    )


def _account_name(context: ModuleContext) -> str | None:
    """Returns the sender that the connection of the module names."""
    parameters = context.module.parameters
    connection = context.find_connection(parameters.get("account", parameters.get("__IMTCONN__")))
    if connection is None:
        return None
    values: Mapping[str, Json] = {**(connection.credentials or {}), **(connection.metadata or {})}
    return next((str(values[name]) for name in _ACCOUNT_NAMES if values.get(name)), None)
