"""Drawings of scenarios in the control API."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from helpers.api import ApiClient, assert_status
from helpers.webhooks import WebhookHarness

ROUTES = {
    "id": 3,
    "module": "builtin:BasicRouter",
    "version": 1,
    "mapper": None,
    "routes": [
        {
            "flow": [
                {
                    "id": 4,
                    "module": "util:SetVariable2",
                    "version": 1,
                    "parameters": {},
                    "mapper": {"name": "a", "scope": "roundtrip", "value": "1"},
                    "filter": {
                        "name": "Large",
                        "conditions": [[{"a": "{{1.total}}", "o": "number:greater", "b": "100"}]],
                    },
                }
            ]
        },
        {
            "flow": [
                {
                    "id": 5,
                    "module": "json:ParseJSON",
                    "version": 1,
                    "parameters": {"type": ""},
                    "mapper": {"json": "{"},
                }
            ]
        },
    ],
}


def test_a_run_is_marked_on_the_drawing_of_its_scenario(api: ApiClient) -> None:
    harness = WebhookHarness(api)
    scenario = harness.listen(ROUTES)
    harness.send(json={"total": 5})
    [row] = assert_status(api.control("GET", "/worlds/default/executions?limit=1"))["executions"]
    path = f"/worlds/default/scenarios/{scenario}/drawing"
    plain = assert_status(api.control("GET", path))
    drawn = assert_status(api.control("GET", f"{path}?execution={row['id']}"))
    assert drawn["drawing"] == plain["drawing"]
    assert "marks" not in plain
    ids = [node["id"] for node in drawn["drawing"]["nodes"]]
    assert ids == [1, 3, 4, 5]
    assert {ids[mark["index"]]: (mark["tone"], mark["badge"]) for mark in drawn["marks"]["nodes"]} == {
        1: ("good", "1"),
        3: ("good", ""),
        4: ("off", ""),
        5: ("bad", "1"),
    }
    edges = {(ids[mark["source"]], ids[mark["target"]]): mark for mark in drawn["marks"]["edges"]}
    assert (edges[3, 4]["tone"], edges[3, 4]["title"]) == ("off", "0 of 1 bundle passed")
    assert edges[1, 3]["tone"] == edges[3, 5]["tone"] == "good"
    svg = api.control("GET", f"{path}?execution={row['id']}&format=svg")
    assert svg.content_type == "image/svg+xml"
    assert "sandbox" in svg.headers["Content-Security-Policy"]
    assert ElementTree.fromstring(svg.get_data()).tag.endswith("svg")


def test_a_blueprint_that_cannot_run_is_drawn(api: ApiClient) -> None:
    body = {"blueprint": {"flow": [{"module": "no:Such"}, {"id": "x"}, 7]}}
    drawing = assert_status(api.control("POST", "/drawing", json=body))["drawing"]
    assert [node["title"] for node in drawing["nodes"]] == ["Such", ""]
    assert api.control("POST", "/drawing?format=svg", json=body).content_type == "image/svg+xml"


@pytest.mark.parametrize("body", [{}, {"blueprint": "{"}, {"blueprint": 1}, {"other": 1}])
def test_what_is_no_blueprint_is_rejected(api: ApiClient, body: object) -> None:
    assert_status(api.control("POST", "/drawing", json=body), 400)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/worlds/none/scenarios/1/drawing", 404),
        ("/worlds/default/scenarios/99999/drawing", 404),
        ("/worlds/default/scenarios/1/drawing?execution=none", 404),
        ("/worlds/default/scenarios/1/drawing?format=png", 400),
    ],
)
def test_what_cannot_be_drawn_is_told(api: ApiClient, path: str, status: int) -> None:
    assert_status(api.control("GET", path), status)


def test_a_run_of_another_scenario_is_rejected(api: ApiClient) -> None:
    runs = assert_status(api.control("GET", "/worlds/default/executions"))["executions"]
    run = next(row for row in runs if row["scenarioId"] != 1)
    assert_status(api.control("GET", f"/worlds/default/scenarios/1/drawing?execution={run['id']}"), 400)
