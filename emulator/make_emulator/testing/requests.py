"""The requests that a world received, and assertions over them."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import orjson

from ..redaction.masking import mask
from .rows import RemoteSequence

#: How many requests a failed assertion shows.
MAX_REQUESTS_SHOWN = 8


class WorldRequests(RemoteSequence):
    """The requests that a world received, oldest first; secrets are masked."""

    def all(self) -> list[dict[str, Any]]:
        """The requests, oldest first."""
        return self._get({})

    def matching(
        self,
        method: str | None = None,
        path: str | None = None,
        *,
        status: int | str | None = None,
        json: Any = None,
        user: str | None = None,
        decision: str | None = None,
        since: int | None = None,
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        """The requests that are like that.

        Args:
            path: a glob such as ``/scenarios/*/run``, without ``/api/v2``.
            status: a status, or a class of them such as ``"4xx"``.
            json: what the body must include: the fields of objects, each of them again as given; lists in whole.
            user: the name of the user whose token came along.
            decision: a glob such as ``refused: *``.
            since: the ``id`` of a request; only later ones are given.
            limit: how many of the latest to give.

        Raises:
            ValueError: if ``json`` holds a secret, which the journal does not keep.
        """
        if json is not None and mask(json) != json:
            raise ValueError("the journal masks secrets, so leave them out of json=")
        wishes = {
            "method": method,
            "path": path,
            "status": status,
            "user": user,
            "decision": decision,
            "since": since,
            "limit": limit if json is None else None,
        }
        rows = self._get({name: str(wish) for name, wish in wishes.items() if wish is not None})
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
        """Assert that such a request came, or came exactly so many times; see `matching`.

        Raises:
            AssertionError: with the requests that come closest.
        """
        __tracebackhide__ = True
        count = len(self.matching(method, path, status=status, json=json))
        if count == times or (times is None and count):
            return
        wanted = "at least once" if times is None else f"{times} time(s)"
        raise AssertionError(
            f"expected {_describe_expectation(method, path, status, json)} {wanted}, but it came {count} time(s);"
            f" {self._describe_closest(method, path, status, json)}"
        )

    def assert_not_called(
        self, method: str, path: str, *, status: int | str | None = None, json: Any = None
    ) -> None:
        """Assert that no such request came; see `matching`.

        Raises:
            AssertionError: with the requests that did.
        """
        __tracebackhide__ = True
        rows = self.matching(method, path, status=status, json=json)
        if rows:
            came = "\n".join(f"  {row['sentence']}" for row in rows[-MAX_REQUESTS_SHOWN:])
            raise AssertionError(
                f"expected no {_describe_expectation(method, path, status, json)}, but it came {len(rows)} time(s):\n{came}"
            )

    def export_har(self, path: str | Path) -> None:
        """Write the requests to a file as an HTTP archive (HAR 1.2)."""
        archive = self._control.call("GET", "worlds", self._world, "requests", query={"format": "har"})
        Path(path).write_bytes(orjson.dumps(archive, option=orjson.OPT_INDENT_2))

    def clear(self) -> None:
        """Forget them."""
        self._control.call("DELETE", "worlds", self._world, "requests")

    def _get(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        answer = self._control.call("GET", "worlds", self._world, "requests", query=query)
        rows: list[dict[str, Any]] = answer["requests"]
        return rows

    def _describe_closest(self, method: str, path: str, status: int | str | None, json: Any) -> str:
        rows = self.all()
        if not rows:
            return "nothing came at all"
        near = sorted(rows, key=lambda row: _distance(row, method, path, status, json))[:MAX_REQUESTS_SHOWN]
        lines = []
        for row in near:
            lines.append(f"  {row['sentence']}")
            if json is not None and row["method"] == method.upper() and fnmatchcase(row["path"], path):
                lines.append(f"    with the body {orjson.dumps(row['requestBody']).decode()}")
        heading = "this came" if len(near) == len(rows) else f"the closest of the {len(rows)} that came"
        return f"{heading}:\n" + "\n".join(lines)


def json_includes(body: Any, wanted: Any) -> bool:
    """Whether JSON has all that is wanted: the fields of objects, each of them again; anything else as it is."""
    if isinstance(wanted, Mapping):
        return isinstance(body, Mapping) and all(
            name in body and json_includes(body[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, bool) or isinstance(body, bool):
        return body is wanted
    return bool(body == wanted)


def _distance(
    row: dict[str, Any], method: str, path: str, status: int | str | None, json: Any
) -> tuple[float, ...]:
    """How far a request is from what was wanted; less is closer."""
    wanted_status = str(status).lower()
    return (
        0 if fnmatchcase(row["path"], path) else 1 - SequenceMatcher(None, row["path"], path).ratio(),
        row["method"] != method.upper(),
        json is not None and not json_includes(row["requestBody"], json),
        status is not None and wanted_status not in (str(row["status"]), f"{row['status'] // 100}xx"),
        row["id"],
    )


def _describe_expectation(method: str, path: str, status: int | str | None, json: Any) -> str:
    status_text = "" if status is None else f" with status {status}"
    json_text = "" if json is None else f" with a body like {orjson.dumps(json).decode()}"
    return f"{method} {path}{status_text}{json_text}"
