"""External services in the control API: response rules, the requests that scenarios sent, and the outbox.

Secrets are masked in requests, as in traces. A mail is shown as it was sent: tests of mails check its content.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from flask import Blueprint, Response, request

from ..http.responses import json_response
from ..redaction.masking import TRACE_REDACTOR, OutputRedactor
from ..registry import WorldRegistry
from ..world import external_services
from ..world.clock import format_iso
from ..world.models import Headers, HttpRule, Json, Mail, SentRequest
from .params import bad_request, parse_body
from .worlds import find_world


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.get("/worlds/<name>/http")
    def list_http(name: str) -> Response:
        """Response rules for external services, each with its number of matches; and the requests of scenarios, oldest first."""
        handle = find_world(registry, name)
        with handle.locked() as world:
            rules, requests = list(world.http_rules), list(world.http_requests)
        redactor = TRACE_REDACTOR.with_secrets(handle.secret_values())
        return json_response(
            {
                "rules": [_rule_view(rule, redactor) for rule in rules],
                "requests": [_request_view(sent, redactor) for sent in requests],
            }
        )

    @blueprint.post("/worlds/<name>/http")
    def add_rule(name: str) -> Response:
        """Adds a response rule.

        ``{"url" (a glob), "method"?, "status"?, "headers"?, "body"? (JSON or text) or "pages"? (a list
        of them, for modules that page), "times"?, "delayMs"?, "error"?: "timeout"|"connection"}``.
        """
        handle, rule = find_world(registry, name), _parse_rule(parse_body(external_services.RULE_FIELDS))
        with handle.locked(for_change=True) as world:
            if len(world.http_rules) >= external_services.MAX_RULES:
                raise bad_request(f"A world has at most {external_services.MAX_RULES} rules.")
            rule = external_services.add_rule(world, rule)
            redactor = TRACE_REDACTOR.with_secrets(handle.secret_values())
        return json_response({"rule": _rule_view(rule, redactor)}, 201)

    @blueprint.delete("/worlds/<name>/http")
    def clear_http(name: str) -> Response:
        """Clears the rules and the requests."""
        with find_world(registry, name).locked(for_change=True) as world:
            world.http_rules.clear()
            world.http_requests.clear()
        return Response(status=204)

    @blueprint.get("/worlds/<name>/outbox")
    def list_outbox(name: str) -> Response:
        """Mails that scenarios sent; ``?to=`` and ``subject=`` are globs."""
        if unknown := request.args.keys() - {"to", "subject"}:
            raise bad_request(f"Unknown parameter '{min(unknown)}'.")
        to, subject = request.args.get("to"), request.args.get("subject")
        handle = find_world(registry, name)
        with handle.locked() as world:
            mails = list(world.outbox)
        redactor = TRACE_REDACTOR.with_secrets(handle.secret_values())
        return json_response(
            {"mails": [_mail_view(mail, redactor) for mail in mails if _is_match(mail, to, subject)]}
        )

    @blueprint.delete("/worlds/<name>/outbox")
    def clear_outbox(name: str) -> Response:
        """Clears the outbox."""
        with find_world(registry, name).locked(for_change=True) as world:
            world.outbox.clear()
        return Response(status=204)


# --- requests ------------------------------------------------------------------------------------


def _parse_rule(params: dict[str, Any]) -> HttpRule:
    try:
        return external_services.parse_rule(params)
    except ValueError as error:
        raise bad_request(str(error)) from None


def _rule_view(rule: HttpRule, redactor: OutputRedactor) -> dict[str, Json]:
    view = {
        "id": rule.id,
        "method": rule.method,
        "url": redactor.mask_url(rule.url),
        "status": None if rule.error else rule.status,
        "headers": redactor.mask(_header_pairs(rule.headers)) or None,
        "body": redactor.mask(rule.body),
        "pages": redactor.mask(list(rule.pages)) or None,
        "error": rule.error,
        "delayMs": rule.delay,
        "timesLeft": rule.left,
        "hits": rule.hits,
    }
    return {name: value for name, value in view.items() if value is not None}


def _request_view(sent: SentRequest, redactor: OutputRedactor) -> dict[str, Json]:
    cut = sent.body is not None and len(sent.body) >= external_services.MAX_REQUEST_BODY
    return {
        "id": sent.id,
        "at": format_iso(sent.at),
        "scenarioId": sent.scenario_id,
        "executionId": sent.execution_id,
        "moduleId": sent.module_id,
        "module": sent.module,
        "method": sent.method,
        "url": redactor.mask_url(sent.url),
        "headers": redactor.mask(_header_pairs(sent.headers)),
        "body": redactor.mask_body((sent.body or "").encode(), cut=cut),
        "size": sent.size,
        "answeredBy": sent.answered_by,
        "ruleId": sent.rule_id,
        "status": sent.status,
        "pages": sent.pages,
        "error": sent.error,
    }


def _header_pairs(headers: Headers) -> list[Json]:
    return [{"name": name, "value": value} for name, value in headers]


# --- mails ---------------------------------------------------------------------------------------


def _is_match(mail: Mail, to: str | None, subject: str | None) -> bool:
    """Returns true if a recipient of a mail matches a glob, and its subject another; case is ignored."""
    recipients = (*mail.to, *mail.cc, *mail.bcc)
    if to is not None and not any(fnmatchcase(one.lower(), to.lower()) for one in recipients):
        return False
    return subject is None or fnmatchcase(mail.subject.lower(), subject.lower())


def _mail_view(mail: Mail, redactor: OutputRedactor) -> dict[str, Json]:
    return {
        "id": mail.id,
        "at": format_iso(mail.at),
        "scenarioId": mail.scenario_id,
        "executionId": mail.execution_id,
        "moduleId": mail.module_id,
        "module": mail.module,
        "from": mail.sender,
        "to": list(mail.to),
        "cc": list(mail.cc),
        "bcc": list(mail.bcc),
        "replyTo": mail.reply_to,
        "subject": mail.subject,
        "html": mail.html,
        "text": mail.text,
        "attachments": [{"name": file.name, "size": file.size} for file in mail.attachments],
        "headers": redactor.mask(_header_pairs(mail.headers)),
    }
