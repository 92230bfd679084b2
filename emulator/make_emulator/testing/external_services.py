"""Services outside of Make, as a test plays them: what they answer to scenarios, and what scenarios sent to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import orjson

from ..client.control import ControlClient
from ..redaction.masking import mask
from ..world.external_services import matches_url
from .requests import MAX_REQUESTS_SHOWN, json_includes
from .rows import RemoteSequence

_RESPONSE_SOURCES = {"rule": "from a rule", "network": "from the network", "simulation": "made up"}


class SentRequests(RemoteSequence):
    """The requests that HTTP modules sent, or would have sent, oldest first; secrets are masked."""

    def all(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._control.call("GET", "worlds", self._world, "http")["requests"]
        return rows

    def matching(
        self, method: str | None = None, url: str | None = None, *, json: Any = None
    ) -> list[dict[str, Any]]:
        """The requests that are like that.

        Args:
            url: a glob such as ``https://api.example.com/*``; it may leave out the query.
            json: what the body, JSON or a form, must include: the fields of objects, each of them again as given;
                lists in whole.

        Raises:
            ValueError: if ``json`` holds a secret, which is not shown.
        """
        if json is not None and mask(json) != json:
            raise ValueError("secrets are masked in requests, so leave them out of json=")
        return [row for row in self.all() if _matches(row, method, url, json)]


class WorldHttp:
    """What services outside answer to the HTTP modules of every scenario of a world, and what was sent to them."""

    def __init__(self, control: ControlClient, world: str) -> None:
        self._control = control
        self._world = world
        self.requests = SentRequests(control, world)

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
        error: str | None = None,
    ) -> dict[str, Any]:
        """Let a service answer the requests to an address; returns the rule. Rules that were added earlier go first.

        Args:
            url: a glob such as ``https://api.example.com/*``; it may leave out the query.
            json: the body as JSON; or ``text``: the body as it is.
            pages: in place of them the bodies of all pages, each JSON or a text: a module with a ``paginationType`` puts
                out a bundle for each, as one operation; any other gets the first.
            headers: a header that appears more than once has a list of values.
            times: answer only so many requests, then let later rules answer.
            delay_ms: how long it takes, in the world's time; longer than the module waits is a time-out.
            error: ``timeout`` or ``connection`` in place of an answer.
        """
        if [json, text, pages].count(None) < 2:
            raise ValueError("an answer has json=, text= or pages=, and only one of them")
        wishes: dict[str, Any] = {"url": url, "method": method, "times": times, "error": error}
        wishes |= {
            "pages": pages,
            "body": text if json is None else json,
            "headers": headers,
            "delayMs": delay_ms or None,
        }
        if error is None or status != 200:
            wishes["status"] = status
        body = {field: wish for field, wish in wishes.items() if wish is not None}
        rule: dict[str, Any] = self._control.call("POST", "worlds", self._world, "http", body=body)["rule"]
        return rule

    @property
    def rules(self) -> list[dict[str, Any]]:
        """The rules, with ``hits`` and ``timesLeft``."""
        rows: list[dict[str, Any]] = self._control.call("GET", "worlds", self._world, "http")["rules"]
        return rows

    def clear(self) -> None:
        """Take all rules away, and forget what was sent."""
        self._control.call("DELETE", "worlds", self._world, "http")

    def assert_sent(self, method: str, url: str, *, times: int | None = None, json: Any = None) -> None:
        """Assert that such a request was sent, or was sent exactly so many times; see `SentRequests.matching`.

        Raises:
            AssertionError: with the requests that come closest.
        """
        __tracebackhide__ = True
        count = len(self.requests.matching(method, url, json=json))
        if count == times or (times is None and count):
            return
        wanted = "at least once" if times is None else f"{times} time(s)"
        raise AssertionError(
            f"expected {_describe_expectation(method, url, json)} {wanted}, but it was sent {count} time(s);"
            f" {self._describe_closest(method, url, json)}"
        )

    def assert_not_sent(self, method: str, url: str, *, json: Any = None) -> None:
        """Assert that no such request was sent; see `SentRequests.matching`.

        Raises:
            AssertionError: with the requests that were.
        """
        __tracebackhide__ = True
        rows = self.requests.matching(method, url, json=json)
        if rows:
            sent = "\n".join(_describe_request(row) for row in rows[-MAX_REQUESTS_SHOWN:])
            raise AssertionError(
                f"expected no {_describe_expectation(method, url, json)}, but it was sent {len(rows)} time(s):\n{sent}"
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


def _matches(row: dict[str, Any], method: str | None, url: str | None, json: Any) -> bool:
    return (
        (method is None or row["method"] == method.upper())
        and (url is None or matches_url(row["url"], url))
        and (json is None or json_includes(row["body"], json))
    )


def _distance(row: dict[str, Any], method: str, url: str, json: Any) -> tuple[float, ...]:
    """How far a request is from what was wanted; less is closer."""
    return (
        0 if matches_url(row["url"], url) else 1 - SequenceMatcher(None, row["url"], url).ratio(),
        row["method"] != method.upper(),
        json is not None and not json_includes(row["body"], json),
        row["id"],
    )


def _describe_request(row: dict[str, Any]) -> str:
    got = f"got {row['status']}" if row["status"] else f"failed with {row['error']}"
    return (
        f"  scenario {row['scenarioId']}, module {row['moduleId']} ({row['module']}) sent"
        f" {row['method']} {row['url']} and {got}, {_RESPONSE_SOURCES[row['answeredBy']]}"
    )


def _describe_expectation(method: str, url: str, json: Any) -> str:
    json_text = "" if json is None else f" with a body like {orjson.dumps(json).decode()}"
    return f"{method} {url}{json_text}"
