"""What scenarios sent to services outside of Make: what those are to answer, which requests and mails there were.

Nothing is sent by default. Only the latest are kept, and of each no more than a part, so that no scenario can fill
the server. What was sent stays when a run is rolled back: a service outside would not forget it either.
"""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TypeVar

from .models import HttpRule, Mail, SentRequest
from .tables import Table
from .world import World

_Row = TypeVar("_Row", SentRequest, Mail)

#: How many requests and mails are kept, and how many characters of a body.
MAX_REQUESTS, MAX_MAILS = 1_000, 500
MAX_REQUEST_BODY, MAX_MAIL_TEXT = 20_000, 100_000

#: How many rules a world may have, and how many pages a rule.
MAX_RULES, MAX_RULE_PAGES = 1_000, 1_000


def add_rule(world: World, rule: HttpRule) -> HttpRule:
    """Let a service outside answer as a rule says; it gets the next id. Earlier rules go before it."""
    return world.http_rules.put(replace(rule, id=world.ids.next("http rule")))


def match_rule(world: World, method: str, url: str) -> HttpRule | None:
    """The first rule that answers a request and is not used up; it counts as one more hit."""
    for rule in world.http_rules:
        if rule.left != 0 and rule.method in (None, method) and matches_url(url, rule.url):
            left = None if rule.left is None else rule.left - 1
            return world.http_rules.put(replace(rule, hits=rule.hits + 1, left=left))
    return None


def matches_url(url: str, glob: str) -> bool:
    """Whether an address fits a glob, with its query or without."""
    return fnmatchcase(url, glob) or fnmatchcase(url.partition("?")[0], glob)


def record_request(world: World, request: SentRequest) -> SentRequest:
    """Keep a request; it gets the next id."""
    body = request.body and request.body[:MAX_REQUEST_BODY]
    kept = replace(request, id=world.ids.next("http request"), body=body)
    return _append_bounded(world.http_requests, kept, MAX_REQUESTS)


def record_mail(world: World, mail: Mail) -> Mail:
    """Put a mail into the outbox; it gets the next id."""
    html, text = mail.html and mail.html[:MAX_MAIL_TEXT], mail.text and mail.text[:MAX_MAIL_TEXT]
    return _append_bounded(
        world.outbox, replace(mail, id=world.ids.next("mail"), html=html, text=text), MAX_MAILS
    )


def _append_bounded(table: Table[int, _Row], row: _Row, most: int) -> _Row:
    if len(table) >= most:
        table.remove(next(iter(table)).id)
    return table.put(row)
