from __future__ import annotations

import json
from typing import Any

import pytest

from make_emulator import api
from make_emulator.fidelity import Behaviour, shipped_behaviours
from make_emulator.resources import fixture_path
from tools.provenance import build_entry, build_index


def behaviour(statement: str, **values: Any) -> Behaviour:
    return Behaviour(id="x.y", area="X", statement=statement, status="assumed", source="s", **values)


PARAMETERS = {"DELETE /teams/{teamId}": {"confirmed"}, "GET /teams": {"pg[limit]"}}
ROUTE = ("DELETE /teams/{teamId}",)


@pytest.mark.parametrize(
    ("entry", "conditions"),
    [
        (
            behaviour("A deletion is 406 IM004.", routes=ROUTE),
            {"statuses": [406], "codes": ["IM004"], "routes": list(ROUTE)},
        ),
        (
            behaviour("Without `confirmed=true` nothing goes.", routes=ROUTE),
            {"query": ["confirmed"], "routes": list(ROUTE)},
        ),
        (behaviour("A team has a name.", routes=ROUTE), {"routes": list(ROUTE)}),
        (behaviour("A team is 404.", when={"status": (404,)}), {"statuses": [404]}),
    ],
)
def test_conditions_follow_from_the_statement(entry: Behaviour, conditions: dict[str, Any]) -> None:
    assert build_entry(entry, PARAMETERS) == {"id": "x.y", "status": "assumed", **conditions}


def test_a_behaviour_without_routes_and_conditions_belongs_to_no_response() -> None:
    assert build_entry(behaviour("An unknown path is 404."), PARAMETERS) is None


def test_the_shipped_index_is_up_to_date() -> None:
    shipped = fixture_path("fidelity-index.json").read_text("utf-8")
    assert shipped == build_index(shipped_behaviours(), api.endpoints()), "run make docs"


def test_every_route_has_a_behaviour_for_its_success() -> None:
    entries = json.loads(fixture_path("fidelity-index.json").read_text("utf-8"))["behaviours"]
    covered = {
        route
        for entry in entries
        if min(entry.get("statuses", [200])) < 400 and "codes" not in entry
        for route in entry.get("routes", ())
    }
    assert {f"{endpoint.method} {endpoint.path}" for endpoint in api.endpoints()} - covered == set()
