"""Queries of a request log."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict

from ..http.errors import BadRequestError
from ..http.request_log import LogEntry, RequestLog

_NUMBER_PATTERN = re.compile(r"[0-9]{1,15}", re.ASCII)
_STATUS_PATTERN = re.compile(r"[1-9](?:[0-9][0-9]|xx)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestQuery:
    """Filter of log entries. ``path`` (without ``/api/v2``) and ``decision`` are globs.

    The path may end with parameters of the query that a request must have, as in ``/scenarios?teamId=1``.
    """

    method: str | None = None
    path: str | None = None
    #: A status such as 404, or a class of them such as 4xx.
    status: str | None = None
    decision: str | None = None
    #: The name of the user.
    user: str | None = None
    #: The name of the agent.
    agent: str | None = None
    #: The id of the entry before the first one.
    since: int = 0
    #: The number of the latest entries to return.
    limit: int | None = None

    def select(self, log: RequestLog) -> list[LogEntry]:
        """Returns the entries that match, oldest first."""
        wanted: dict[str, Collection[Any]] = {
            name: (value,)
            for name, value in (("method", self.method), ("user", self.user), ("agent", self.agent))
            if value is not None
        }
        if self.status is not None:
            known = log.values("status")
            wanted["status"] = [code for code in known if self.status in (str(code), f"{code // 100}xx")]
        if self.path is not None:
            wanted["path"] = log.find_paths(_split_path(self.path)[0])
        return log.select(wanted, since=self.since, limit=self.limit, matches=self._matches)

    def _matches(self, entry: LogEntry) -> bool:
        if self.decision is not None and not fnmatchcase(entry.decision, self.decision):
            return False
        parameters = _split_path(self.path)[1] if self.path is not None else {}
        return not parameters or parameters.items() <= _group(_masked_parameters(entry)).items()


@lru_cache(maxsize=16)
def _split_path(path: str) -> tuple[str, Mapping[str, Sequence[str]]]:
    """Returns the glob of a path, and the parameters behind it; a ``?`` without any stands for a character."""
    glob, _, query = path.partition("?")
    if "=" not in query:
        return path, {}
    return glob, _group(parse_qsl(query, keep_blank_values=True))


def _masked_parameters(entry: LogEntry) -> Iterable[tuple[str, str]]:
    return entry.redactor.mask_parameters(entry.query_string)


def _group(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def parse_query(arguments: MultiDict[str, str]) -> RequestQuery:
    """Parses a query from the parameters of a request.

    Raises:
        BadRequestError: if a parameter is unknown, invalid, or repeated.
    """
    values: dict[str, str | int] = {}
    for name, texts in arguments.lists():
        parse = _PARAMETERS.get(name)
        if parse is None:
            raise BadRequestError(f"Unknown parameter '{name}'.", suberrors=[])
        value = parse(texts[0]) if len(texts) == 1 else None
        if value is None:
            raise BadRequestError(f"Invalid value of parameter '{name}'.", suberrors=[])
        values[name] = value
    return RequestQuery(**values)  # type: ignore[arg-type]


def _parse_number(text: str) -> int | None:
    return int(text) if _NUMBER_PATTERN.fullmatch(text) else None


def _parse_status(text: str) -> str | None:
    return text.lower() if _STATUS_PATTERN.fullmatch(text.lower()) else None


_PARAMETERS: Mapping[str, Callable[[str], str | int | None]] = {
    "method": str.upper,
    "path": lambda text: text.removeprefix("/api/v2") or None,
    "status": _parse_status,
    "decision": lambda text: text or None,
    "user": lambda text: text or None,
    "agent": lambda text: text or None,
    "since": _parse_number,
    "limit": _parse_number,
}
