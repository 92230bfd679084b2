"""Reports of a replay: text, JSON, HTML, and JUnit XML."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from ..dashboard import templates
from ..json_types import JsonObject
from ..lazy_dataclasses import dataclass
from ..plain_text import escape_control_characters, pluralize
from ..world.clock import format_iso
from .archive import Archive
from .comparison import Difference
from .ledger import CONFIRMED, CONTRADICTED, LedgerIndex, LedgerLink
from .player import ExchangeResult

#: Relation of an entry of the ledger -> word for it.
_RELATIONS = {CONTRADICTED: "contradicts", CONFIRMED: "confirms"}

#: The most requests without a comparison that the text lists.
_MAX_SKIPPED = 20


@dataclass(frozen=True, slots=True)
class RouteDifference:
    """Difference of a route that one or several exchanges show."""

    route: str
    difference: Difference
    requests: Sequence[int]
    links: Sequence[LedgerLink]

    def as_json(self) -> JsonObject:
        difference = self.difference
        return {
            "route": self.route,
            "path": difference.path,
            "kind": difference.kind,
            "recorded": difference.recorded,
            "emulated": difference.emulated,
            "requests": list(self.requests),
            "ledger": [link.as_json() for link in self.links],
        }


class ReplayReport:
    """Report of one replay.

    Args:
        source: the name of the archive.
        seed: the name of the seed that the world was made from.
    """

    def __init__(
        self,
        source: str,
        archive: Archive,
        results: Sequence[ExchangeResult],
        *,
        seed: str,
        has_state: bool,
        assumptions: Sequence[str] = (),
        ledger: LedgerIndex | None = None,
    ) -> None:
        self.source = source
        self.archive = archive
        self.results = results
        self.seed = seed
        self.has_state = has_state
        self.assumptions = list(dict.fromkeys(assumptions))
        self._ledger = ledger or LedgerIndex()
        self.differences = list(self._group())
        contradicted = {
            link.behaviour.id
            for each in self.differences
            for link in each.links
            if link.relation == CONTRADICTED
        }
        self.verdicts = self._ledger.verdicts(results, contradicted)

    def _group(self) -> Iterator[RouteDifference]:
        """Yields the differences by route and field, in the order in which they were found."""
        groups: dict[tuple[str, str, str], list[tuple[ExchangeResult, Difference]]] = {}
        for result in self.results:
            for difference in result.differences:
                key = result.route, difference.path, difference.kind
                groups.setdefault(key, []).append((result, difference))
        for (route, _, _), shown in groups.items():
            result, difference = shown[0]
            numbers = list(dict.fromkeys(each.exchange.number for each, _ in shown))
            yield RouteDifference(route, difference, numbers, self._ledger.find_links(result, difference))

    # --- figures -----------------------------------------------------------------------------------

    @property
    def compared(self) -> list[ExchangeResult]:
        return [result for result in self.results if not result.skipped]

    @property
    def skipped(self) -> list[ExchangeResult]:
        return [result for result in self.results if result.skipped]

    @property
    def different(self) -> list[ExchangeResult]:
        return [result for result in self.compared if result.differences]

    def counts(self) -> dict[str, int]:
        """Returns the numbers of requests."""
        return {
            "total": len(self.results),
            "compared": len(self.compared),
            "same": len(self.compared) - len(self.different),
            "different": len(self.different),
            "skipped": len(self.skipped),
            "others": self.archive.others,
        }

    # --- text --------------------------------------------------------------------------------------

    def render_text(self) -> str:
        """Returns the report for a terminal."""
        return "".join(f"{escape_control_characters(line)}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        counts, verdicts = self.counts(), Counter(self.verdicts.values())
        hosts = ", ".join(self.archive.hosts)
        yield f"{self.source}: {pluralize(counts['total'], 'request')} to {hosts}"
        yield f"  compared      {counts['compared']}, of which {counts['same']} are answered as recorded"
        if counts["skipped"]:
            yield f"  not compared  {counts['skipped']}"
        yield f"  ledger        {pluralize(verdicts[CONFIRMED], 'behaviour')} confirmed, {verdicts[CONTRADICTED]} contradicted"
        route = None
        for each in self.differences:
            if each.route != route:
                route = each.route
                yield ""
                yield route
            more = f" and {len(each.requests) - 1} more" if len(each.requests) > 1 else ""
            yield f"  {each.difference.sentence()}  [request {each.requests[0]}{more}]"
            yield from (f"    {self._describe_link(link)}" for link in each.links)
        if self.skipped:
            yield ""
            yield "Not compared"
            for result in self.skipped[:_MAX_SKIPPED]:
                yield f"  request {result.exchange.number}, {result.exchange.name}: {result.skipped}"
            if len(self.skipped) > _MAX_SKIPPED:
                yield f"  and {len(self.skipped) - _MAX_SKIPPED} more"
        if self.assumptions:
            yield ""
            yield "Assumed"
            yield from (f"  {text}" for text in self.assumptions)
        if not self.has_state:
            yield ""
            yield (
                "Values of what was there before the recording were not compared. To compare them, read the team with "
                "make-emulator pull, and replay with --seed."
            )

    @staticmethod
    def _describe_link(link: LedgerLink) -> str:
        behaviour = link.behaviour
        relation = _RELATIONS.get(link.relation, "see")
        return f"{relation} {behaviour.id} ({behaviour.status}): {behaviour.statement}"

    # --- JSON --------------------------------------------------------------------------------------

    def as_json(self) -> JsonObject:
        """Returns the report as a JSON object."""
        return {
            "archive": self.source,
            "hosts": self.archive.hosts,
            "seed": self.seed,
            "comparesState": self.has_state,
            "requests": self.counts(),
            "differences": [each.as_json() for each in self.differences],
            "exchanges": [_exchange_json(result) for result in self.results],
            "ledger": {
                verdict: [id for id, found in self.verdicts.items() if found == verdict]
                for verdict in (CONFIRMED, CONTRADICTED)
            },
            "assumptions": self.assumptions,
        }

    def render_json(self) -> str:
        """Returns the report as JSON."""
        return json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n"

    # --- HTML --------------------------------------------------------------------------------------

    def render_html(self) -> str:
        """Returns the report as one self-contained HTML page."""
        report = self.as_json()
        first = min(result.exchange.started for result in self.results)
        shown = Counter(self.verdicts.values())
        return templates.render_html(
            "replay",
            report=report,
            started=format_iso(first),
            confirmed=shown[CONFIRMED],
            contradicted=[
                self._ledger.behaviour(id) for id, verdict in self.verdicts.items() if verdict == CONTRADICTED
            ],
            sentences=[each.difference.sentence() for each in self.differences],
        )

    # --- JUnit -------------------------------------------------------------------------------------

    def render_junit(self) -> bytes:
        """Returns the report as JUnit XML: a test case for each request."""
        counts = self.counts()
        suite = ElementTree.Element(
            "testsuite",
            name=f"make-emulator replay {self.source}",
            tests=str(counts["total"]),
            failures=str(counts["different"]),
            errors="0",
            skipped=str(counts["skipped"]),
        )
        for result in self.results:
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=result.route,
                name=_xml_text(f"{result.exchange.number} {result.exchange.name}"),
                time="0",
            )
            if result.skipped:
                ElementTree.SubElement(case, "skipped", message=_xml_text(result.skipped))
            elif result.differences:
                sentences = [_xml_text(difference.sentence()) for difference in result.differences]
                failure = ElementTree.SubElement(case, "failure", message=sentences[0])
                failure.text = "\n".join(sentences)
        suites = ElementTree.Element("testsuites")
        suites.append(suite)
        encoded: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
        return encoded


def _exchange_json(result: ExchangeResult) -> JsonObject:
    exchange = result.exchange
    outcome = "skipped" if result.skipped else "different" if result.differences else "same"
    return {
        "number": exchange.number,
        "at": format_iso(exchange.started),
        "method": exchange.method,
        "path": exchange.name.partition(" ")[2],
        "route": result.route,
        "outcome": outcome,
        "recordedStatus": exchange.status,
        "emulatedStatus": result.status or None,
        "reason": result.skipped or None,
        "differences": [difference.sentence() for difference in result.differences],
    }


def _xml_text(text: str) -> str:
    """Returns a text without the characters that XML does not allow."""
    return escape_control_characters(text).encode("utf-8", "replace").decode()
