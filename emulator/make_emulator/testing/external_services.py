"""Mock external services of one world: their responses to HTTP modules, the requests sent, and assertions over those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Literal

import orjson

from ..client.control import WorldClient, drop_none
from ..client.responses import HttpRule, SentRequest
from ..plain_text import pluralize
from ..redaction.masking import TRACE_REDACTOR
from ..world.external_services import matches_url
from .requests import MAX_REQUESTS_SHOWN, json_includes
from .rows import RemoteSequence

_RESPONSE_SOURCES = {
    "rule": "from a rule",
    "network": "from the network",
    "simulation": "from mock data",
    "nothing": "as no rule matches it",
}


class SentRequests(RemoteSequence[SentRequest]):
    """The requests that HTTP modules sent, or would have sent, oldest first; secrets are masked."""

    def all(self) -> list[SentRequest]:
        rows: list[SentRequest] = self._client.call("GET", "http")["requests"]
        return rows

    def matching(
        self, method: str | None = None, url: str | None = None, *, json: Any = None
    ) -> list[SentRequest]:
        """Returns the requests that match.

        Args:
            url: a glob such as ``https://api.example.com/*``; it may leave out the query.
            json: the part that the body, JSON or a form, must include: some fields of objects, at any depth; lists in
                full.

        Raises:
            ValueError: if ``json`` holds a secret, which is masked in requests.
        """
        if json is not None and TRACE_REDACTOR.mask(json) != json:
            raise ValueError("secrets are masked in requests, so leave them out of json=")
        return [row for row in self.all() if _matches(row, method, url, json)]


class WorldHttp:
    """Mock external services: responses to the HTTP modules of every scenario of a world, and the requests that they sent."""

    def __init__(self, client: WorldClient) -> None:
        self._client = client
        self.requests = SentRequests(client)

    def respond(
        self,
        url: str,
        *,
        method: str | None = None,
        status: int = 200,
        json: Any = None,
        text: str | None = None,
        pages: Sequence[Any] | None = None,
        headers: Mapping[str, str | Sequence[str]] | None = None,
        times: int | None = None,
        delay_ms: int = 0,
        error: Literal["timeout", "connection"] | None = None,
    ) -> HttpRule:
        """Adds a rule: the response to requests to a URL; returns the rule. Rules that were added earlier go first.

        Args:
            url: a glob such as ``https://api.example.com/*``; it may leave out the query.
            json: the body as JSON; or ``text``: the body as text.
            pages: instead of both, the bodies of all pages, each JSON or a text: a module with a ``paginationType``
                outputs a bundle for each, as one operation; any other receives the first.
            headers: a header that appears more than once has a list of values.
            times: apply to only so many requests, then leave the others to later rules.
            delay_ms: the duration in the world's time; longer than the timeout of the module is a timeout.
            error: ``timeout`` or ``connection`` instead of a response.

        Raises:
            ValueError: if more than one of json, text and pages is given.
            ControlError: if the rule is invalid.
        """
        if [json, text, pages].count(None) < 2:
            raise ValueError("a response has json=, text= or pages=, and only one of them")
        body = drop_none(
            url=url,
            method=method,
            times=times,
            error=error,
            pages=pages,
            body=text if json is None else json,
            headers=headers,
            delayMs=delay_ms or None,
            status=status if error is None or status != 200 else None,
        )
        rule: HttpRule = self._client.call("POST", "http", body=body)["rule"]
        return rule

    @property
    def rules(self) -> list[HttpRule]:
        """Rules, with ``hits`` and ``timesLeft``."""
        rows: list[HttpRule] = self._client.call("GET", "http")["rules"]
        return rows

    def clear(self) -> None:
        """Removes all rules and deletes the requests."""
        self._client.call("DELETE", "http")

    def assert_sent(self, method: str, url: str, *, times: int | None = None, json: Any = None) -> None:
        """Asserts that a matching request was sent, or exactly so many of them; see `SentRequests.matching`.

        Raises:
            AssertionError: with the closest requests.
        """
        __tracebackhide__ = True
        count = len(self.requests.matching(method, url, json=json))
        if count == times or (times is None and count):
            return
        expected = "at least once" if times is None else pluralize(times, "time")
        raise AssertionError(
            f"expected {_describe_expectation(method, url, json)} {expected}, but it was sent {pluralize(count, 'time')};"
            f" {self._describe_closest(method, url, json)}"
        )

    def assert_not_sent(self, method: str, url: str, *, json: Any = None) -> None:
        """Asserts that no matching request was sent; see `SentRequests.matching`.

        Raises:
            AssertionError: with the requests that were sent.
        """
        __tracebackhide__ = True
        rows = self.requests.matching(method, url, json=json)
        if rows:
            sent = "\n".join(_describe_request(row) for row in rows[-MAX_REQUESTS_SHOWN:])
            raise AssertionError(
                f"expected no {_describe_expectation(method, url, json)}, but it was sent {pluralize(len(rows), 'time')}:\n{sent}"
            )

    def _describe_closest(self, method: str, url: str, json: Any) -> str:
        rows = self.requests.all()
        if not rows:
            return "nothing was sent at all"
        near = sorted(rows, key=lambda row: _distance(row, method, url, json))[:MAX_REQUESTS_SHOWN]
        lines = []
        for row in near:
            lines.append(_describe_request(row))
            if json is not None and _matches(row, method, url, None):
                lines.append(f"    with the body {orjson.dumps(row['body']).decode()}")
        heading = (
            "this was sent" if len(near) == len(rows) else f"the closest of the {len(rows)} that were sent"
        )
        return f"{heading}:\n" + "\n".join(lines)


def _matches(row: SentRequest, method: str | None, url: str | None, json: Any) -> bool:
    return (
        (method is None or row["method"] == method.upper())
        and (url is None or matches_url(row["url"], url))
        and (json is None or json_includes(row["body"], json))
    )


def _distance(row: SentRequest, method: str, url: str, json: Any) -> tuple[float, ...]:
    """Returns the distance of a request from the expected one, as a sort key."""
    return (
        0 if matches_url(row["url"], url) else 1 - SequenceMatcher(None, row["url"], url).ratio(),
        row["method"] != method.upper(),
        json is not None and not json_includes(row["body"], json),
        row["id"],
    )


def _describe_request(row: SentRequest) -> str:
    got = f"got {row['status']}" if row["status"] else f"failed with {row['error']}"
    return (
        f"  scenario {row['scenarioId']}, module {row['moduleId']} ({row['module']}) sent"
        f" {row['method']} {row['url']} and {got}, {_RESPONSE_SOURCES[row['answeredBy']]}"
    )


def _describe_expectation(method: str, url: str, json: Any) -> str:
    json_text = "" if json is None else f" with a body like {orjson.dumps(json).decode()}"
    return f"{method} {url}{json_text}"
