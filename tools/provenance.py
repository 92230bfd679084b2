"""Builder of the provenance index: the behaviours of the ledger, by route, with the conditions under which a response shows them.

An entry of the ledger may state its conditions itself, ``when: {status: [404], code: [IM004], query: [confirmed], modules: ["http:*"]}``.
Else they follow from its statement: the statuses and codes of errors that it names, and the query parameters of its routes that it
names in backticks. An entry without routes belongs to every route if it states a condition, and to no response otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from make_emulator.fidelity import Behaviour
from make_emulator.http.endpoint import Endpoint
from make_emulator.schemas.base import ListField

_STATUS = re.compile(r"\b[45]\d\d\b")
_CODE = re.compile(r"\b(?:IM|SC)\d{3}\b")
_QUOTED = re.compile(r"`([^`]+)`")
_RUN = "POST /scenarios/{scenarioId}/run"

#: Pattern of ids -> patterns of the modules whose runs show the behaviour.
_MODULES: Sequence[tuple[str, tuple[str, ...]]] = (
    (r"http\.", ("http:*",)),
    (r"email\.", ("email:*", "google-email:*")),
    (r"regexp\.", ("regexp:*",)),
    (r"xml\.", ("xml:*",)),
    (r"csv\.", ("csv:*",)),
    (r"util\.", ("util:*",)),
    (r"engine\.(?:numeric-|table-)?aggregator", ("*Aggregator*",)),
    (r"engine\.(?:if-else|merge|branch|nested-if)", ("builtin:BasicIfElse",)),
    (r"engine\.(?:fallback|disabled-route)", ("builtin:BasicRouter",)),
    (r"engine\.(?:subscenario|run-scenario)", ("scenario-service:*Scenario",)),
    (r"engine\.name-a-run", ("builtin:NameARun",)),
)


def build_index(behaviours: Iterable[Behaviour], endpoints: Iterable[Endpoint]) -> str:
    """Returns the text of the index, one behaviour on each line."""
    parameters = {
        f"{endpoint.method} {endpoint.path}": set(_query_parameters(endpoint)) for endpoint in endpoints
    }
    lines = [
        json.dumps(entry, separators=(",", ":"), ensure_ascii=False)
        for behaviour in behaviours
        if (entry := build_entry(behaviour, parameters)) is not None
    ]
    return '{"behaviours": [\n' + ",\n".join(lines) + "\n]}\n"


def build_entry(behaviour: Behaviour, parameters: Mapping[str, set[str]]) -> dict[str, Any] | None:
    """Returns the entry of a behaviour; ``None`` if no response can be said to rest on it."""
    condition: dict[str, Sequence[Any]] = dict(behaviour.when)
    if not condition and behaviour.routes:
        condition = _derive_condition(behaviour, parameters)
    modules = condition.get("modules") or next(
        (patterns for expression, patterns in _MODULES if re.match(expression, behaviour.id)), ()
    )
    entry: dict[str, Any] = {"id": behaviour.id, "status": behaviour.status}
    for key, name in (("status", "statuses"), ("code", "codes"), ("query", "query")):
        if condition.get(key):
            entry[name] = list(condition[key])
    routes = behaviour.routes
    if modules:
        entry["modules"] = list(modules)
        routes = routes or (_RUN,)
    if routes:
        entry["routes"] = list(routes)
    elif not condition:
        return None
    return entry


def _query_parameters(endpoint: Endpoint) -> Iterator[str]:
    if endpoint.query is not None:
        for name, field in endpoint.query.load_fields.items():
            key = field.data_key or name
            yield f"{key}[]" if isinstance(field, ListField) else key
    if endpoint.paging is not None:
        yield from ("pg[limit]", "pg[offset]", "pg[sortBy]", "pg[sortDir]", "pg[returnTotalCount]")
    if endpoint.cols:
        yield "cols[]"


def _derive_condition(behaviour: Behaviour, parameters: Mapping[str, set[str]]) -> dict[str, Sequence[Any]]:
    statement = behaviour.statement
    quoted = {name.partition("=")[0] for name in _QUOTED.findall(statement)}
    known = set().union(*(parameters.get(route, set()) for route in behaviour.routes))
    condition = {
        "status": sorted({int(status) for status in _STATUS.findall(statement)}),
        "code": sorted(set(_CODE.findall(statement))),
        "query": sorted(quoted & known),
    }
    return {name: values for name, values in condition.items() if values}
