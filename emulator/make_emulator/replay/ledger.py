"""Entries of the fidelity ledger that a recording contradicts or confirms."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from ..fidelity import Behaviour, shipped_behaviours
from ..lazy_dataclasses import dataclass
from .comparison import Difference
from .player import ExchangeResult

#: Relations of an entry to a difference: it says otherwise, it says what was recorded, or it is about the same route.
CONTRADICTED, CONFIRMED, RELATED = "contradicted", "confirmed", "related"

#: The most entries that are named at one difference.
_MAX_LINKS = 3
_MAX_RELATED = 1

#: Kinds of differences of the whole response, whose entries depend on its status and its code.
_OF_RESPONSE = frozenset({"status", "code"})

#: Part of a path without declared routes -> the area of the entries about it.
_AREAS: Mapping[str, str] = {" /hook/": "Webhooks and mailhooks", " /mcp": "MCP server"}

#: The entry about paths that the emulator does not have.
_UNKNOWN_PATH = "routes.unknown"

_PARAMETER = re.compile(r"\{\w+\}")
_WORD = re.compile(r"[A-Za-z][A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class LedgerLink:
    """An entry of the ledger, and its relation to a difference."""

    behaviour: Behaviour
    relation: str

    def as_json(self) -> dict[str, str]:
        behaviour = self.behaviour
        return {
            "id": behaviour.id,
            "status": behaviour.status,
            "relation": self.relation,
            "statement": behaviour.statement,
        }


class LedgerIndex:
    """Ledger by the ids of its entries."""

    def __init__(self, behaviours: Iterable[Behaviour] | None = None) -> None:
        entries = shipped_behaviours() if behaviours is None else behaviours
        self._by_id: Mapping[str, Behaviour] = {behaviour.id: behaviour for behaviour in entries}

    def find_links(self, result: ExchangeResult, difference: Difference) -> list[LedgerLink]:
        """Returns the entries that a difference contradicts or confirms, or else the nearest ones of the route."""
        if difference.kind == "route":
            left_out = [LedgerLink(each, CONFIRMED) for each in self._left_out(result)][:_MAX_LINKS]
            return left_out or [LedgerLink(each, CONTRADICTED) for each in self._of([_UNKNOWN_PATH])]
        if difference.kind in _OF_RESPONSE:
            links = self._links(
                self._of(result.behaviours - result.recorded_behaviours), CONTRADICTED, result
            )
            links += self._links(self._of(result.recorded_behaviours - result.behaviours), CONFIRMED, result)
            # Most entries of a success hold for its body whatever the number of the status.
            naming = [link for link in links if _names_status(link.behaviour, difference)]
            links = naming or links
        else:
            links = self._links(self._mentioning(result, difference), CONTRADICTED, result)
        return links or [LedgerLink(each, RELATED) for each in self._related(result, difference)]

    @staticmethod
    def _links(behaviours: Iterable[Behaviour], relation: str, result: ExchangeResult) -> list[LedgerLink]:
        """Returns links to the first entries, those of the route before those of every route."""
        ordered = sorted(behaviours, key=lambda behaviour: result.route not in behaviour.routes)
        return [LedgerLink(each, relation) for each in ordered[:_MAX_LINKS]]

    def _related(self, result: ExchangeResult, difference: Difference) -> list[Behaviour]:
        """Returns the nearest entries of the route, or of what has no routes: webhooks, and the MCP server."""
        own = [each for each in self._of(result.behaviours) if result.route in each.routes]
        area = next((area for part, area in _AREAS.items() if part in result.route), None)
        beside = [each for each in self._by_id.values() if each.area == area]
        beside.sort(key=lambda behaviour: not _names_status(behaviour, difference))
        return (own or beside or self._of(result.behaviours))[:_MAX_RELATED]

    def verdicts(self, results: Iterable[ExchangeResult], contradicted: Collection[str]) -> dict[str, str]:
        """Returns the ids of the entries that the recording shows, each with its verdict."""
        found = dict.fromkeys(
            (
                id
                for result in results
                if not result.skipped and not result.differences
                for id in result.behaviours
            ),
            CONFIRMED,
        )
        found.update(dict.fromkeys(contradicted, CONTRADICTED))
        return {id: found[id] for id in self._by_id if id in found}

    def behaviour(self, id: str) -> Behaviour:
        """Returns the entry of an id."""
        return self._by_id[id]

    def _of(self, ids: Iterable[str]) -> list[Behaviour]:
        known = set(ids)
        return [behaviour for id, behaviour in self._by_id.items() if id in known]

    def _mentioning(self, result: ExchangeResult, difference: Difference) -> list[Behaviour]:
        """Returns the entries whose statement names the field of a difference, or the order of a list.

        Entries of every route count for what every route has: pages, errors and headers.
        """
        words = set(_WORD.findall(difference.path.rpartition(".")[2])) - {"the", "body", "id"}
        if difference.kind == "order":
            words |= {"order", "sorted", "newest"}
        if not words:
            return []
        pattern = re.compile(
            rf"(?<![\w-])(?:{'|'.join(map(re.escape, sorted(words)))})(?![\w-])", re.IGNORECASE
        )
        mentioning = [each for each in self._by_id.values() if pattern.search(each.statement)]
        if difference.kind == "header" or difference.path.startswith("pg") or result.exchange.status >= 400:
            return [
                each
                for each in mentioning
                if each.id in result.behaviours and (result.route in each.routes or not each.routes)
            ]
        own = [each for each in mentioning if result.route in each.routes]
        areas = {each.area for each in self._by_id.values() if result.route in each.routes}
        # What is true of a resource on every route stands at one of them.
        quoted = [f"`{word}`" for word in words]
        return own or [
            each
            for each in mentioning
            if each.area in areas and any(word in each.statement for word in quoted)
        ]

    def _left_out(self, result: ExchangeResult) -> Iterator[Behaviour]:
        for behaviour in self._by_id.values():
            patterns = (_PARAMETER.sub("*", each) for each in behaviour.left_out if ":" not in each)
            if any(fnmatchcase(result.exchange.name, pattern) for pattern in patterns):
                yield behaviour


def _names_status(behaviour: Behaviour, difference: Difference) -> bool:
    """Returns true if an entry names the status, or the code, of a difference."""
    return any(
        re.search(rf"(?<!\w){re.escape(text.strip(chr(34)))}(?!\w)", behaviour.statement)
        for text in (difference.recorded, difference.emulated)
    )
