"""A scenario of the built-in apps, created, started and run through the REST API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from helpers.api import ApiClient, assert_ok


def module(id: int, name: str, mapper: Mapping[str, Any], parameters: Any = None) -> dict[str, Any]:
    return {"id": id, "module": name, "version": 1, "parameters": parameters or {}, "mapper": mapper}


#: Rows of a table -> the order that each row's text names -> one document.
FLOW = [
    module(
        1, "csv:ParseCSV", {"csv": "{{var.input.table}}"}, {"containsHeaders": True, "delimiterType": "comma"}
    ),
    module(2, "regexp:HTMLToText", {"html": "{{1.col2}}", "newline": "lf", "uppercaseHeadings": False}),
    module(
        3,
        "regexp:Parser",
        {"text": "{{2.text}}"},
        {"pattern": r"order (?<number>\d+)", "global": False, "sensitive": False, "continueWhenNoRes": False},
    ),
    module(4, "util:FunctionIncrement", {}, {"reset": "execution"}),
    module(
        5,
        "builtin:BasicAggregator",
        {"_attributes": {"place": "{{4.i}}"}, "_value": "{{3.number}}", "name": "{{1.col1}}"},
        {"feeder": 1},
    ),
    module(6, "xml:TransformToXML", {"orders": {"order": "{{5.array}}"}}),
    module(7, "xml:ParseXML", {"xml": "{{6.xml}}"}),
    {
        **module(8, "scenario-service:ReturnData", {"xml": "{{6.xml}}", "last": "{{last(7.orders.order)}}"}),
        "version": 2,
    },
]


@pytest.fixture
def scenario(api: ApiClient) -> int:
    body = {
        "teamId": 1,
        "blueprint": json.dumps({"name": "Orders", "flow": FLOW, "metadata": {"version": 1}}),
        "scheduling": json.dumps({"type": "on-demand"}),
        "metadata": {
            "input_spec": [{"name": "table", "type": "text", "required": True}],
            "output_spec": [{"name": "xml", "type": "text"}, {"name": "last", "type": "any"}],
        },
    }
    created = assert_ok(api.post("/scenarios", json=body))["scenario"]
    assert {"csv", "regexp", "util", "xml"} < set(created["usedPackages"])
    assert_ok(api.post(f"/scenarios/{created['id']}/start"))
    return int(created["id"])


def run(api: ApiClient, scenario: int, table: str) -> dict[str, Any]:
    response = api.post(f"/scenarios/{scenario}/run", json={"data": {"table": table}, "responsive": True})
    return assert_ok(response)


def test_a_table_becomes_a_document(api: ApiClient, scenario: int) -> None:
    table = 'name,text\nAnn,"<p>Order <b>17</b></p>"\nBob,nothing\nCid,"Order&nbsp;x, order 18"\n'
    made = run(api, scenario, table)
    assert made["status"] == 1
    assert made["outputs"] == {
        "xml": '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<orders>\n  <order place="1">\n    17\n    <name>Ann</name>\n  </order>\n'
        '  <order place="2">\n    18\n    <name>Cid</name>\n  </order>\n</orders>',
        "last": {"_value": 18, "_attributes": {"place": 2}, "name": ["Cid"]},
    }


def test_what_a_module_cannot_read_is_the_error_of_the_run(api: ApiClient, scenario: int) -> None:
    response = api.post(
        f"/scenarios/{scenario}/run", json={"data": {"table": "name,text\nAnn"}, "responsive": True}
    )
    assert response.status_code < 500
    [log] = [
        row
        for row in assert_ok(api.get(f"/scenarios/{scenario}/logs"))["scenarioLogs"]
        if row.get("status") == 3
    ]
    detail = assert_ok(api.get(f"/scenarios/{scenario}/executions/{log['id']}"))
    assert detail["status"] == "ERROR"
    assert detail["error"]["name"] == "DataError"
    assert detail["error"]["message"] == "Number of columns on line 2 does not match header"


def test_a_blueprint_with_a_route_that_is_not_built_yet_is_taken_as_it_is(api: ApiClient) -> None:
    empty = {"id": None, "module": "placeholder:Placeholder", "metadata": {"designer": {"x": 0, "y": 0}}}
    flow = [
        {"id": 1, "module": "util:BasicTrigger", "version": 1, "parameters": {"values": []}},
        {
            "id": 2,
            "module": "builtin:BasicRouter",
            "version": 1,
            "mapper": None,
            "routes": [{"flow": [empty]}],
        },
    ]
    body = {
        "teamId": 1,
        "blueprint": json.dumps({"name": "Half", "flow": flow, "metadata": {}}),
        "scheduling": json.dumps({"type": "on-demand"}),
    }
    created = assert_ok(api.post("/scenarios?confirmed=true", json=body))["scenario"]
    assert created["usedPackages"] == ["util", "builtin"]
    held = assert_ok(api.get(f"/scenarios/{created['id']}/blueprint"))["response"]["blueprint"]
    assert held["flow"][1]["routes"][0]["flow"] == [empty]
    assert_ok(api.post(f"/scenarios/{created['id']}/start"))
    assert assert_ok(api.post(f"/scenarios/{created['id']}/run", json={"responsive": True}))["status"] == 1
