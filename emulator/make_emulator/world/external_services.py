"""External services: mock responses, and the log of requests and mails that scenarios sent to them.

Nothing is sent by default. The logs are bounded in number and size, so that no scenario can exhaust the server's
memory. A rollback of a run does not remove its entries, as an external service would not undo them either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any, TypeVar

from .clock import DAY
from .models import Headers, HttpRule, Json, Mail, SentRequest
from .tables import Table
from .transport import INVALID_HEADER_CHARACTERS
from .world import World

_Row = TypeVar("_Row", SentRequest, Mail)

#: The most requests and mails in the logs, and the most characters of a body.
MAX_REQUESTS, MAX_MAILS = 1_000, 500
MAX_REQUEST_BODY, MAX_MAIL_TEXT = 20_000, 100_000

#: Make's names of the errors of requests without a response, by their causes.
ERROR_NAMES: Mapping[str, str] = {
    "timeout": "ModuleTimeoutError",
    "connection": "ConnectionError",
    "size": "MaxFileSizeExceededError",
}

#: The most rules that are compared with a request that none of them matches.
MAX_RULES_COMPARED = 100

#: The most rules of a world, and the most pages of a rule.
MAX_RULES, MAX_RULE_PAGES = 1_000, 1_000

#: Parameters of a rule -> their types.
_BODY_TYPES = (dict, list, str, int, float, bool)
RULE_FIELDS: Mapping[str, tuple[type, ...]] = {
    "method": (str,),
    "url": (str,),
    "status": (int,),
    "headers": (dict,),
    "body": _BODY_TYPES,
    "pages": (list,),
    "times": (int,),
    "delayMs": (int,),
    "error": (str,),
}

#: Causes of a missing response that a rule can have.
RULE_ERRORS = ("timeout", "connection")
_METHOD = re.compile(r"[A-Za-z]{1,20}", re.ASCII)


def parse_rule(params: Mapping[str, Any]) -> HttpRule:
    """Returns the rule of parameters that have the types of `RULE_FIELDS`.

    Raises:
        ValueError: if they contradict each other, or are out of range.
    """
    url, method, status = params.get("url"), params.get("method"), params.get("status", 200)
    error, times, delay = params.get("error"), params.get("times"), params.get("delayMs", 0)
    if not url:
        raise ValueError("Missing value of required parameter 'url'.")
    if method is not None and not _METHOD.fullmatch(method):
        raise ValueError("Parameter 'method' must be the name of a method.")
    if not 200 <= status <= 599:
        raise ValueError("Parameter 'status' must be from 200 to 599.")
    if times is not None and times < 1:
        raise ValueError("Parameter 'times' must be at least 1.")
    if not 0 <= delay <= DAY:
        raise ValueError(f"Parameter 'delayMs' must be from 0 to {DAY}.")
    if error is not None and error not in RULE_ERRORS:
        raise ValueError(f"Parameter 'error' must be one of: {', '.join(RULE_ERRORS)}.")
    if error is not None and params.keys() & {"status", "headers", "body", "pages"}:
        raise ValueError(
            "A rule has an 'error', or a response with 'status', 'headers', 'body', 'pages'; not both."
        )
    if params.keys() >= {"body", "pages"}:
        raise ValueError("A rule has a 'body' or 'pages'; not both.")
    return HttpRule(
        method=method and method.upper(),
        url=url,
        status=status,
        headers=_parse_headers(params.get("headers", {})),
        body=params.get("body"),
        pages=_parse_pages(params["pages"]) if "pages" in params else (),
        error=error,
        delay=delay,
        left=times,
    )


def _parse_pages(params: Sequence[Json]) -> tuple[Json, ...]:
    if not 1 <= len(params) <= MAX_RULE_PAGES or any(type(page) not in _BODY_TYPES for page in params):
        raise ValueError(f"Parameter 'pages' must be a list of 1 to {MAX_RULE_PAGES} bodies, JSON or text.")
    return tuple(params)


def _parse_headers(params: Mapping[str, Json]) -> Headers:
    """``{name: value}``; a list of values is one header each."""
    headers: list[tuple[str, str]] = []
    for name, given in params.items():
        for value in given if isinstance(given, list) else [given]:
            if not name or not isinstance(value, str) or INVALID_HEADER_CHARACTERS.search(name + value):
                raise ValueError(
                    "Parameter 'headers' must be an object of names and texts, or lists of texts."
                )
            headers.append((name, value))
    return tuple(headers)


def add_rule(world: World, rule: HttpRule) -> HttpRule:
    """Adds a rule under the next id; earlier rules take precedence."""
    return world.http_rules.put(replace(rule, id=world.ids.next("http rule")))


def match_rule(world: World, method: str, url: str) -> HttpRule | None:
    """The first rule that matches a request and is not exhausted; its hits are counted."""
    for rule in world.http_rules:
        if rule.left != 0 and rule.method in (None, method) and matches_url(url, rule.url):
            left = None if rule.left is None else rule.left - 1
            return world.http_rules.put(replace(rule, hits=rule.hits + 1, left=left))
    return None


def nearest_rule(world: World, method: str, url: str) -> HttpRule | None:
    """The rule that comes nearest to a request: by its URL, then by its method; ``None`` without rules."""

    def likeness(rule: HttpRule) -> tuple[float, bool, int]:
        is_same = matches_url(url, rule.url)
        ratio = 1.0 if is_same else SequenceMatcher(None, rule.url, url, autojunk=False).ratio()
        return ratio, rule.method in (None, method), -rule.id

    return max(islice(world.http_rules, MAX_RULES_COMPARED), key=likeness, default=None)


def matches_url(url: str, glob: str) -> bool:
    """Returns True if a URL matches a glob, with its query or without."""
    return fnmatchcase(url, glob) or fnmatchcase(url.partition("?")[0], glob)


def record_request(world: World, request: SentRequest) -> SentRequest:
    """Logs a request under the next id."""
    body = request.body and request.body[:MAX_REQUEST_BODY]
    logged = replace(request, id=world.ids.next("http request"), body=body)
    return _append_bounded(world.http_requests, logged, MAX_REQUESTS)


def record_mail(world: World, mail: Mail) -> Mail:
    """Adds a mail to the outbox under the next id."""
    html, text = mail.html and mail.html[:MAX_MAIL_TEXT], mail.text and mail.text[:MAX_MAIL_TEXT]
    return _append_bounded(
        world.outbox, replace(mail, id=world.ids.next("mail"), html=html, text=text), MAX_MAILS
    )


def _append_bounded(table: Table[int, _Row], row: _Row, most: int) -> _Row:
    if len(table) >= most:
        table.remove(next(iter(table)).id)
    return table.put(row)
