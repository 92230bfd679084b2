from __future__ import annotations

from typing import Any

import pytest

from helpers.api import ApiClient, assert_status
from make_emulator.http.provenance import ProvenanceIndex, summarize

DATA = {
    "behaviours": [
        {"id": "teams.get", "status": "observed", "routes": ["GET /teams/{teamId}"]},
        {"id": "teams.sorted", "status": "assumed", "routes": ["GET /teams"], "query": ["pg[sortBy]"]},
        {"id": "visibility.body", "status": "assumed", "statuses": [404], "codes": ["SC404"]},
        {"id": "http.get", "status": "documented", "routes": ["POST /run"], "modules": ["http:*"]},
    ]
}


@pytest.mark.parametrize(
    ("arguments", "behaviours", "weakest"),
    [
        (("GET /teams/{teamId}", 200), ("teams.get",), "observed"),
        (("GET /teams/{teamId}", 404, "SC404"), ("visibility.body",), "assumed"),
        (("GET /teams/{teamId}", 404, "IM005"), (), None),
        (("GET /teams", 200), (), None),
        (("GET /teams", 200, None, ["pg[sortBy]", "other"]), ("teams.sorted",), "assumed"),
        (
            ("POST /run", 200, None, [], ["http:ActionSendData", "json:ParseJSON"]),
            ("http.get",),
            "documented",
        ),
        (("POST /run", 200, None, [], ["json:ParseJSON"]), (), None),
        (("", 404, "SC404"), ("visibility.body",), "assumed"),
    ],
)
def test_the_behaviours_of_a_response(
    arguments: tuple[Any, ...], behaviours: tuple[str, ...], weakest: str | None
) -> None:
    index = ProvenanceIndex(DATA)
    provenance = index.find(*arguments)
    assert provenance.behaviours == behaviours
    assert provenance.weakest == weakest
    assert index.find(*arguments) is provenance


def test_a_summary_has_the_weakest_first() -> None:
    assert summarize({"a.b": 2, "c.d": 1}, {"a.b": "observed", "c.d": "assumed"}) == {
        "behaviours": [
            {"id": "c.d", "status": "assumed", "responses": 1},
            {"id": "a.b", "status": "observed", "responses": 2},
        ],
        "totals": {"observed": 1, "documented": 0, "assumed": 1},
    }


def test_responses_and_the_request_log_name_their_evidence(api: ApiClient) -> None:
    found = api.get("/teams/1")
    hidden = api.get("/teams/999")
    assert found.headers["X-Emulator-Fidelity"] in ("observed", "documented", "assumed")
    assert hidden.headers["X-Emulator-Fidelity"] == "assumed"
    first, second = assert_status(api.control("GET", "/worlds/default/requests"))["requests"]
    assert any(id.startswith("teams.") for id in first["behaviours"])
    assert {"visibility.not-found", "visibility.body"} <= set(second["behaviours"])
    report = assert_status(api.control("GET", "/worlds/default/provenance"))
    responses = {row["id"]: row["responses"] for row in report["behaviours"]}
    assert responses["visibility.not-found"] == 1
    assert report["totals"]["assumed"] >= 1


def test_an_injected_fault_rests_on_nothing(api: ApiClient) -> None:
    api.control("POST", "/worlds/default/faults", json={"path": "/teams/1", "status": 503, "times": 1})
    assert "X-Emulator-Fidelity" not in api.get("/teams/1").headers
    assert "X-Emulator-Fidelity" in api.get("/teams/1").headers
