"""Request log of one world, and assertions over it."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import orjson

from ..client.control import drop_none
from ..client.responses import RequestRow
from ..plain_text import pluralize
from ..redaction.masking import LOG_REDACTOR
from .rows import RemoteSequence

#: How many requests a failed assertion shows.
MAX_REQUESTS_SHOWN = 8


class WorldRequests(RemoteSequence[RequestRow]):
    """The requests that a world received, oldest first; secrets are masked."""

    def all(self) -> list[RequestRow]:
        """Returns the requests, oldest first."""
        return self._get({})

    def matching(
        self,
        method: str | None = None,
        path: str | None = None,
        *,
        status: int | str | None = None,
        json: Any = None,
        user: str | None = None,
        agent: str | None = None,
        decision: str | None = None,
        since: int | None = None,
        limit: int | None = None,
    ) -> list[RequestRow]:
        """Returns the requests that match.

        Args:
            path: a glob such as ``/scenarios/*/run``, without ``/api/v2``; with parameters of the query that the request must
                have, as in ``/scenarios?teamId=1``.
            status: a status, or a class of them such as ``"4xx"``.
            json: the part that the body must include: some fields of objects, at any depth; lists in full.
            user: the name of the user whose token was sent.
            agent: the name of the agent whose token, or OAuth client, it came from.
            decision: a glob such as ``refused: *``.
            since: the ``id`` of a request; only later ones are returned.
            limit: the number of the latest ones to return.

        Raises:
            ValueError: if ``json`` holds a secret, which the request log masks.
        """
        if json is not None and LOG_REDACTOR.mask(json) != json:
            raise ValueError("the request log masks secrets, so leave them out of json=")
        parameters = drop_none(
            method=method,
            path=path,
            status=status,
            user=user,
            agent=agent,
            decision=decision,
            since=since,
            limit=limit if json is None else None,
        )
        rows = self._get({name: str(value) for name, value in parameters.items()})
        if json is None:
            return rows
        rows = [row for row in rows if json_includes(row["requestBody"], json)]
        return rows if limit is None else rows[max(0, len(rows) - limit) :]

    def assert_called(
        self,
        method: str,
        path: str,
        *,
        times: int | None = None,
        status: int | str | None = None,
        json: Any = None,
    ) -> None:
        """Asserts that a matching request was received, or exactly so many of them; see `matching`.

        Raises:
            AssertionError: with the closest requests.
        """
        __tracebackhide__ = True
        count = len(self.matching(method, path, status=status, json=json))
        if count == times or (times is None and count):
            return
        expected = "at least once" if times is None else pluralize(times, "time")
        raise AssertionError(
            f"expected {_describe_expectation(method, path, status, json)} {expected}, but it was received {pluralize(count, 'time')};"
            f" {self._describe_closest(method, path, status, json)}"
        )

    def assert_not_called(
        self, method: str, path: str, *, status: int | str | None = None, json: Any = None
    ) -> None:
        """Asserts that no matching request was received; see `matching`.

        Raises:
            AssertionError: with the requests that were received.
        """
        __tracebackhide__ = True
        rows = self.matching(method, path, status=status, json=json)
        if rows:
            received = "\n".join(f"  {row['sentence']}" for row in rows[-MAX_REQUESTS_SHOWN:])
            raise AssertionError(
                f"expected no {_describe_expectation(method, path, status, json)}, but it was received {pluralize(len(rows), 'time')}:\n{received}"
            )

    def export_har(self, path: str | Path) -> None:
        """Writes the requests to a file as an HTTP archive (HAR 1.2)."""
        archive = self._client.call("GET", "requests", query={"format": "har"})
        Path(path).write_bytes(orjson.dumps(archive, option=orjson.OPT_INDENT_2))

    def clear(self) -> None:
        """Deletes the requests."""
        self._client.call("DELETE", "requests")

    def _get(self, query: Mapping[str, str]) -> list[RequestRow]:
        response = self._client.call("GET", "requests", query=query)
        rows: list[RequestRow] = response["requests"]
        return rows

    def _describe_closest(self, method: str, path: str, status: int | str | None, json: Any) -> str:
        rows = self.all()
        if not rows:
            return "nothing was received"
        glob = _without_query(path)
        near = sorted(rows, key=lambda row: _distance(row, method, glob, status, json))[:MAX_REQUESTS_SHOWN]
        lines = []
        for row in near:
            lines.append(f"  {row['sentence']}")
            if json is not None and row["method"] == method.upper() and fnmatchcase(row["path"], glob):
                lines.append(f"    with the body {orjson.dumps(row['requestBody']).decode()}")
        heading = (
            "received" if len(near) == len(rows) else f"the closest of the {len(rows)} that were received"
        )
        return f"{heading}:\n" + "\n".join(lines)


def _without_query(path: str) -> str:
    """Returns the glob of a path without the parameters behind it, and without ``/api/v2``."""
    glob, _, query = path.partition("?")
    return (glob if "=" in query else path).removeprefix("/api/v2")


def json_includes(body: Any, part: Any) -> bool:
    """Returns whether JSON includes a part: some fields of objects, at any depth; anything else must be equal."""
    if isinstance(part, Mapping):
        return isinstance(body, Mapping) and all(
            name in body and json_includes(body[name], value) for name, value in part.items()
        )
    if isinstance(part, bool) or isinstance(body, bool):
        return body is part
    return bool(body == part)


def _distance(
    row: RequestRow, method: str, path: str, status: int | str | None, json: Any
) -> tuple[float, ...]:
    """Returns the distance of a request from the expected one, as a sort key."""
    expected_status = str(status).lower()
    return (
        0 if fnmatchcase(row["path"], path) else 1 - SequenceMatcher(None, row["path"], path).ratio(),
        row["method"] != method.upper(),
        json is not None and not json_includes(row["requestBody"], json),
        status is not None and expected_status not in (str(row["status"]), f"{row['status'] // 100}xx"),
        row["id"],
    )


def _describe_expectation(method: str, path: str, status: int | str | None, json: Any) -> str:
    status_text = "" if status is None else f" with status {status}"
    json_text = "" if json is None else f" with a body like {orjson.dumps(json).decode()}"
    return f"{method} {path}{status_text}{json_text}"
