"""Results of a run: outcomes by test, by route and by behaviour, and drift."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..fidelity import Behaviour
from ..json_types import JsonObject
from .declarations import aspects_to_test, core_endpoints
from .drift import Drift


class ResponseRecorder:
    """Records the responses of the running test until its report drains them."""

    def __init__(self) -> None:
        #: The routes that the running test covers: drift of others does not fail it.
        self.tested_routes: frozenset[str] = frozenset()
        self._drift: set[Drift] = set()
        self._calls: Counter[tuple[str, int]] = Counter()

    def record_response(self, route: str, status: int, drift: Iterable[Drift]) -> None:
        """Records a response."""
        self._calls[route, status] += 1
        self._drift.update(drift)

    def drain(self) -> JsonObject:
        """Returns the records since the last call, as JSON, and clears them."""
        taken = {
            "drift": [drift.as_json() for drift in sorted(self._drift)],
            "calls": [[route, status, count] for (route, status), count in sorted(self._calls.items())],
        }
        self._drift.clear()
        self._calls.clear()
        return taken


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of one test, with the routes and behaviours that it covers."""

    test: str
    outcome: str
    reason: str = ""
    #: Route and aspect, e.g. ``["GET /teams", "paging"]``.
    covers: tuple[tuple[str, str], ...] = ()
    #: Ids of the ledger's behaviours that the test checks.
    fidelity: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(slots=True)
class SuiteRun:
    """Results of a whole run."""

    target: str
    base_url: str = ""
    started: str = ""
    read_only: bool = False
    outcomes: list[Outcome] = field(default_factory=list)
    drift: set[Drift] = field(default_factory=set)
    calls: Counter[tuple[str, int]] = field(default_factory=Counter)
    left_behind: list[str] = field(default_factory=list)
    interrupted: bool = False

    def add(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def add_responses(self, seen: Mapping[str, Any]) -> None:
        """Adds the recorded responses of one test."""
        self.drift.update(Drift(**each) for each in seen["drift"])
        for route, status, count in seen["calls"]:
            self.calls[route, status] += count

    def counts(self) -> dict[str, int]:
        """Returns the number of tests that passed, failed and were skipped."""
        counted = Counter(outcome.outcome for outcome in self.outcomes)
        return {name: counted[name] for name in ("passed", "failed", "skipped")}

    # --- by behaviour ----------------------------------------------------------------------------

    def verdicts(self, behaviours: Iterable[Behaviour]) -> dict[str, str]:
        """Returns behaviour id -> confirmed, contradicted or untested; one failing test contradicts it."""
        outcomes: dict[str, set[str]] = defaultdict(set)
        for outcome in self.outcomes:
            for id in outcome.fidelity:
                outcomes[id].add(outcome.outcome)
        return {behaviour.id: _verdict(outcomes[behaviour.id]) for behaviour in behaviours}

    # --- by route --------------------------------------------------------------------------------

    def routes(self) -> list[JsonObject]:
        """Returns each core route with the outcome of its aspects, its calls and its drift."""
        outcomes: dict[tuple[str, str], set[str]] = defaultdict(set)
        for outcome in self.outcomes:
            for each in outcome.covers:
                outcomes[each].add(outcome.outcome)
        return [
            {
                "route": route,
                "core": list(endpoint.core),
                "summary": endpoint.summary,
                "aspects": {
                    aspect: _aspect_outcome(outcomes[route, aspect]) for aspect in aspects_to_test(endpoint)
                },
                "calls": sum(count for (called, _), count in self.calls.items() if called == route),
                "drift": sum(each.route == route for each in self.drift),
            }
            for route, endpoint in core_endpoints().items()
        ]

    def as_json(self, behaviours: Iterable[Behaviour]) -> JsonObject:
        """Returns the results as a JSON document."""
        behaviours = list(behaviours)
        verdicts = self.verdicts(behaviours)
        return {
            "target": self.target,
            "baseUrl": self.base_url,
            "started": self.started,
            "readOnly": self.read_only,
            "interrupted": self.interrupted,
            "tests": self.counts(),
            "failures": [
                {"test": outcome.test, "reason": outcome.reason, "fidelity": list(outcome.fidelity)}
                for outcome in self.outcomes
                if outcome.outcome == "failed"
            ],
            "skipped": [
                {"test": outcome.test, "reason": outcome.reason}
                for outcome in self.outcomes
                if outcome.outcome == "skipped"
            ],
            "routes": self.routes(),
            "drift": [drift.as_json() for drift in sorted(self.drift)],
            "ledger": [
                {
                    "id": behaviour.id,
                    "status": behaviour.status,
                    "verdict": verdicts[behaviour.id],
                    "statement": behaviour.statement,
                }
                for behaviour in behaviours
            ],
            "leftBehind": list(self.left_behind),
        }


def _verdict(outcomes: set[str]) -> str:
    if "failed" in outcomes:
        return "contradicted"
    return "confirmed" if "passed" in outcomes else "untested"


def _aspect_outcome(outcomes: set[str]) -> str:
    for outcome in ("failed", "passed", "skipped"):
        if outcome in outcomes:
            return outcome
    return "untested"
