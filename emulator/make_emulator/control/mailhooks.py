"""Test mails to mailhooks in the control API, delivered as SMTP delivers them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

from flask import Blueprint, Response

from ..http.errors import ResourceNotFoundError
from ..http.responses import json_response
from ..json_types import JsonObject
from ..registry import WorldRegistry
from .params import bad_request, parse_body
from .worlds import find_world

MailDelivery: TypeAlias = Callable[[str, bytes], str]
"""Delivery of a mail to the hook of a udid; returns the reply of SMTP."""

_DELIVERED = "250"


def add_routes(blueprint: Blueprint, registry: WorldRegistry, deliver: MailDelivery) -> None:
    """Adds the routes to the control API."""

    @blueprint.post("/worlds/<name>/hooks/<int:hook_id>/mail")
    def send_mail(name: str, hook_id: int) -> Response:
        """Delivers a mail to a mailhook as SMTP does: its scenario runs, or the mail waits in the queue. ``{"from"?, "subject"?, "text"?, "html"?}``."""
        handle = find_world(registry, name)
        params = parse_body({"from": (str,), "subject": (str,), "text": (str,), "html": (str,)})
        with handle.locked() as world:
            hook = world.hooks.get(hook_id)
            if hook is None or hook.type != "mail":
                raise ResourceNotFoundError(f"There is no mailhook {hook_id} in that world.")
            udid, now = hook.udid, world.now()
        reply = deliver(udid, _compose(params, udid, now))
        if not reply.startswith(_DELIVERED):
            raise bad_request(f"The mail was not taken: {reply}.")
        return json_response({"reply": reply})


def _compose(params: JsonObject, udid: str, now: int) -> bytes:
    # Imported here: few servers are sent mails, and start-up is to be short.
    from email.message import EmailMessage
    from email.utils import format_datetime

    mail = EmailMessage()
    try:
        mail["From"] = params.get("from", "tester@example.com")
        mail["To"] = f"{udid}@localhost"
        mail["Subject"] = params.get("subject", "")
        mail["Date"] = format_datetime(datetime.fromtimestamp(now / 1000, UTC))
        mail["Message-ID"] = f"<{now}.{udid}@localhost>"
        mail.set_content(params.get("text", ""))
        if "html" in params:
            mail.add_alternative(params["html"], subtype="html")
        return mail.as_bytes()
    except ValueError as error:
        # A line break in a header, or half a character.
        raise bad_request(f"The mail cannot be written: {error}.") from None
