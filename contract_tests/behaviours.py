"""Tables of behaviours, and runs of small scenarios whose result is read from the response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from .resources import Resources, module

#: Id of the module that returns the result of a flow.
LAST = 99


def behaviour(*row: Any, checks: str | tuple[str, ...]) -> Any:
    """Returns a row of a table that checks behaviours of the fidelity ledger."""
    ids = (checks,) if isinstance(checks, str) else checks
    return pytest.param(*row, id=ids[0], marks=pytest.mark.fidelity(*ids))


def step(id: int, name: str, mapper: Any = None, *, version: int = 1, **rest: Any) -> dict[str, Any]:
    """Returns a module with an id, which later ones refer to; ``rest`` has filters, routes or error handlers."""
    return {**module(name, mapper=mapper, version=version), "id": id, **rest}


def return_data(value: Any, id: int = LAST) -> dict[str, Any]:
    """Returns the module that ends a run with a result."""
    return step(id, "scenario-service:ReturnData", {"result": value}, version=2)


def parsed(id: int, text: str, **rest: Any) -> dict[str, Any]:
    """Returns a module that parses JSON; text that is not JSON makes it fail."""
    return step(id, "json:ParseJSON", {"json": text}, parameters={"type": ""}, **rest)


def iterator(id: int, *items: Any) -> dict[str, Any]:
    """Returns a module that emits a bundle for each item."""
    return step(id, "builtin:BasicFeeder", {"array": list(items)})


def gathered(id: int, feeder: int, value: Any, **rest: Any) -> dict[str, Any]:
    """Returns an array aggregator of one field ``v``."""
    return step(id, "builtin:BasicAggregator", {"v": value}, parameters={"feeder": feeder}, **rest)


def variable(id: int, value: Any, name: str = "x", **rest: Any) -> dict[str, Any]:
    """Returns a module that sets a variable."""
    mapper = {"name": name, "scope": "roundtrip", "value": value}
    return step(id, "util:SetVariable2", mapper, **rest)


def passes(a: Any, operator: str, b: Any = "") -> dict[str, Any]:
    """Returns a filter of one condition."""
    return {"name": "", "conditions": [[{"a": a, "o": operator, "b": b}]]}


def live(
    make: Resources,
    *flow: Mapping[str, Any],
    settings: Mapping[str, Any] | None = None,
    type: str = "any",
    inputs: Any = None,
    team: int | None = None,
) -> int:
    """Creates a live scenario that returns a ``result``; returns its id."""
    spec = {"input_spec": inputs, "output_spec": [{"name": "result", "type": type}]}
    more: dict[str, Any] = {} if team is None else {"teamId": team}
    return make.live_scenario(*flow, settings=settings, metadata=spec, **more)


def run(
    make: Resources,
    *flow: Mapping[str, Any],
    settings: Mapping[str, Any] | None = None,
    type: str = "any",
) -> dict[str, Any]:
    """Runs a new scenario once and returns the response."""
    return run_again(make, live(make, *flow, settings=settings, type=type))


def run_again(make: Resources, scenario: int, **data: Any) -> dict[str, Any]:
    """Runs a scenario and returns the response."""
    body = {"responsive": True, **({"data": data} if data else {})}
    response: dict[str, Any] = make.api.post(f"/scenarios/{scenario}/run", body).ok()
    return response


def result(make: Resources, *flow: Mapping[str, Any], **how: Any) -> Any:
    """Returns the result of a flow that succeeds."""
    response = run(make, *flow, **how)
    assert response.get("error") is None
    assert response["status"] == 1
    return response["outputs"]["result"]


def failure(make: Resources, *flow: Mapping[str, Any], **how: Any) -> tuple[str, str]:
    """Returns name and message of the error with which a flow fails."""
    response = run(make, *flow, **how)
    assert response["status"] == 3, response
    return response["error"]["name"], response["error"]["message"]


def log_of(make: Resources, scenario: int, execution: str) -> dict[str, Any]:
    """Returns the log of a run."""
    path = f"/scenarios/{scenario}/logs/{execution}"
    answer = make.api.poll_until(lambda: make.api.get(path), lambda answer: answer.status == 200)
    log: dict[str, Any] = answer.ok()["scenarioLog"]
    return log
