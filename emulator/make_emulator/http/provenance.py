"""Provenance of responses: the entries of the fidelity ledger that a response rests on.

The index, ``fixtures/fidelity-index.json``, is made from the ledger by `tools.update_fidelity`: for each route, the behaviours
with the conditions under which they show. It is read with the first response.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from ..lazy_dataclasses import dataclass
from ..resources import fixture_path

#: Statuses from the strongest evidence to the weakest.
STATUSES = ("observed", "documented", "assumed")


class Provenance(NamedTuple):
    """Behaviours that a response rests on, and the weakest of their statuses; ``None`` if there is no behaviour."""

    behaviours: tuple[str, ...]
    weakest: str | None


NO_PROVENANCE = Provenance((), None)


@dataclass(frozen=True, slots=True)
class BehaviourCondition:
    """A behaviour, and when a response shows it; an empty condition holds always.

    Attributes:
        statuses: HTTP statuses; empty for those below 400.
        codes: error codes of Make.
        query: names of query parameters, of which the request has one.
        modules: patterns of module names, of which the run has one.
    """

    id: str
    status: str
    statuses: frozenset[int] = frozenset()
    codes: frozenset[str] = frozenset()
    query: frozenset[str] = frozenset()
    modules: tuple[str, ...] = ()

    def holds(self, status: int, code: str | None, query: frozenset[str], modules: frozenset[str]) -> bool:
        """Returns true if a response shows the behaviour."""
        if self.codes or self.statuses:
            if (self.codes and code not in self.codes) or (self.statuses and status not in self.statuses):
                return False
        elif status >= 400:
            return False
        if self.query and not self.query & query:
            return False
        return not self.modules or any(
            fnmatch.fnmatchcase(module, pattern) for module in modules for pattern in self.modules
        )


class ProvenanceIndex:
    """Behaviours by route, and those of every route."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        entries: Sequence[Mapping[str, Any]] = data["behaviours"]
        self.statuses: Mapping[str, str] = {entry["id"]: entry["status"] for entry in entries}
        self._general = [entry for entry in entries if "routes" not in entry]
        self._by_route: dict[str, list[Mapping[str, Any]]] = {}
        for entry in entries:
            for route in entry.get("routes", ()):
                self._by_route.setdefault(route, []).append(entry)
        #: Those that a response was checked for: most are of routes that a process never serves.
        self._conditions: dict[str, BehaviourCondition] = {}
        #: Found before, for most responses by the shorter key; each has its own, as a set costs as much as the look-up.
        self._cache: dict[tuple[str, int, str | None, frozenset[str], frozenset[str]], Provenance] = {}
        self._without_sets: dict[tuple[str, int, str | None], Provenance] = {}

    def find(
        self,
        route: str,
        status: int,
        code: str | None = None,
        query: Collection[str] = (),
        modules: Collection[str] = (),
    ) -> Provenance:
        """Returns the provenance of a response.

        Args:
            route: as the endpoint is declared, such as ``GET /teams/{teamId}``; empty if no endpoint was found.
            modules: full names of the modules that a run had.
        """
        if not query and not modules:
            short_key = route, status, code
            found = self._without_sets.get(short_key)
            if found is None:
                found = self._without_sets[short_key] = self._make(*short_key, frozenset(), frozenset())
            return found
        key = route, status, code, frozenset(query), frozenset(modules)
        found = self._cache.get(key)
        if found is None:
            found = self._make(*key)
            # Callers choose the names of parameters, so that there is no end of keys.
            if len(self._cache) < 10_000:
                self._cache[key] = found
        return found

    def _make(
        self, route: str, status: int, code: str | None, query: frozenset[str], modules: frozenset[str]
    ) -> Provenance:
        return make_provenance(
            condition
            for entries in (self._by_route.get(route, ()), self._general)
            for condition in map(self._condition, entries)
            if condition.holds(status, code, query, modules)
        )

    def _condition(self, entry: Mapping[str, Any]) -> BehaviourCondition:
        condition = self._conditions.get(entry["id"])
        if condition is None:
            condition = self._conditions[entry["id"]] = BehaviourCondition(
                id=entry["id"],
                status=entry["status"],
                statuses=frozenset(entry.get("statuses", ())),
                codes=frozenset(entry.get("codes", ())),
                query=frozenset(entry.get("query", ())),
                modules=tuple(entry.get("modules", ())),
            )
        return condition


def make_provenance(behaviours: Iterable[BehaviourCondition]) -> Provenance:
    """Returns the provenance that rests on some behaviours."""
    rests_on = list(behaviours)
    if not rests_on:
        return NO_PROVENANCE
    return Provenance(tuple(each.id for each in rests_on), weakest_status(each.status for each in rests_on))


def weakest_status(statuses: Iterable[str]) -> str:
    """Returns the status of the weakest evidence."""
    return max(statuses, key=STATUSES.index)


def weaker_than(status: str, required: str) -> bool:
    """Returns true if a status is weaker evidence than the required one."""
    return STATUSES.index(status) > STATUSES.index(required)


@cache
def provenance_index() -> ProvenanceIndex:
    """Returns the shipped index, read once a process."""
    # Imported here, as the index is read with the first response.
    import orjson

    return ProvenanceIndex(orjson.loads(fixture_path("fidelity-index.json").read_bytes()))


def summarize(counts: Mapping[str, int], statuses: Mapping[str, str]) -> dict[str, Any]:
    """Returns ``{behaviours: [{id, status, responses}], totals: {observed, documented, assumed}}``, the weakest first."""
    order = sorted(counts, key=lambda id: (-STATUSES.index(statuses[id]), id))
    totals = dict.fromkeys(STATUSES, 0)
    for id in order:
        totals[statuses[id]] += 1
    return {
        "behaviours": [{"id": id, "status": statuses[id], "responses": counts[id]} for id in order],
        "totals": totals,
    }
