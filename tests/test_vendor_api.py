"""The vendor's own description of the API, in fixtures/vendor-api.yaml, and every declared route held against it."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any

import pytest
from marshmallow import fields
from werkzeug.datastructures import MultiDict

from helpers import vendor_api, vendor_comparison
from helpers.populated_app import PopulatedApp
from helpers.valid_requests import VALID_REQUESTS, request_path, route_of
from helpers.vendor_api import METHODS, kind_of
from make_emulator import fidelity
from make_emulator.http.endpoint import ApiCall, EndpointGroup
from make_emulator.http.envelope import one
from make_emulator.json_types import Json, JsonObject
from make_emulator.resources import fixture_path
from make_emulator.schemas.base import BodySchema, Choice, Int, QuerySchema, ResponseSchema, Text

#: Groups of which only the names are kept.
NAMED_GROUPS = {"admin", "affiliate", "cashier", "mailhub", "sdk", "sso"}


# --- the data file -------------------------------------------------------------------------------


def test_the_file_has_the_operations_of_the_document() -> None:
    document = vendor_api.load_document()
    assert len(vendor_api.operations()) == document["total"] == 467


def test_no_operation_is_described_twice() -> None:
    # YAML takes the last of two entries of one name without a word.
    text = fixture_path("vendor-api.yaml").read_text("utf-8").partition("\noperations:\n")[2]
    names = re.findall(r"^  (\S.*):$", text, flags=re.MULTILINE)
    assert len(names) == len(set(names)) == 467


def test_operations_are_sorted_by_path_and_method() -> None:
    keys = [(each.path.split("/"), METHODS.index(each.method)) for each in vendor_api.operations()]
    assert keys == sorted(keys)


def test_only_what_lies_outside_a_team_is_named_without_more() -> None:
    groups = {each.path.split("/")[1] for each in vendor_api.operations() if not each.summary}
    assert groups - {"organizations"} == NAMED_GROUPS
    described = Counter(bool(each.summary) for each in vendor_api.operations())
    assert described == {True: 342, False: 125}


def test_every_default_column_is_a_column() -> None:
    for operation in vendor_api.operations():
        if operation.default_columns is not None and operation.columns:
            assert set(operation.default_columns) <= set(operation.columns), operation.route


def test_shapes_tell_kinds_bounds_marks_and_choices() -> None:
    create = next(each for each in vendor_api.operations() if each.route == "POST /users/custom-roles")
    assert create.body is not None
    assert create.body.fields is not None
    name, category = create.body.fields["name"], create.body.fields["permissionType"]
    assert (name.shape.bounds, name.is_required, name.is_nullable) == ((1, 50), True, False)
    assert category.shape.choices == ("organization", "team")
    assert create.body.fields["description"].is_nullable
    assert create.body.fields["permissions"].shape.items == vendor_api.Shape(kinds=frozenset({"integer"}))


def test_a_value_of_another_kind_is_found() -> None:
    usage = next(each for each in vendor_api.operations() if each.route == "GET /teams/{teamId}/usage")
    assert usage.answer is not None
    good: JsonObject = {"date": "2026-03-02", "operations": 1, "dataTransfer": 5, "centicredits": 100}
    assert list(usage.answer.accepts({"data": [good]})) == []
    assert list(usage.answer.accepts({"data": [{**good, "operations": "1"}]})) == ["data[].operations"]
    values: list[Json] = [None, True, 1, 1.0, 1.5, "", [], {}]
    assert [kind_of(each) for each in values] == [
        "null",
        "boolean",
        "integer",
        "integer",
        "number",
        "string",
        "array",
        "object",
    ]


# --- the declarations ----------------------------------------------------------------------------

SERVED = {operation.route: operation for operation in vendor_comparison.served_operations()}

every_served_operation = pytest.mark.parametrize("route", SERVED)


@pytest.fixture(scope="module")
def target() -> PopulatedApp:
    return PopulatedApp()


@cache
def _differences(route: str, target: PopulatedApp) -> tuple[str, ...]:
    """The differences of a route, in its declaration and in the response to its valid request."""
    operation = SERVED[route]
    endpoint = vendor_comparison.endpoint_of(operation)
    assert endpoint is not None
    request = VALID_REQUESTS[route_of(endpoint)]
    options: dict[str, Any] = {} if request.body is None else {"json": request.body}
    target.reset_if_changed()
    response = target.call(
        endpoint.method, request_path(endpoint), query_string=dict(request.query), **options
    )
    assert response.status_code == operation.status, response.get_data(as_text=True)
    found = [
        *vendor_comparison.differences(operation, endpoint),
        *vendor_comparison.answer_differences(operation, response.get_json(silent=True)),
    ]
    return tuple(f"{route}: {part}" for part in dict.fromkeys(found))


@every_served_operation
def test_a_route_is_as_the_vendor_describes_it(route: str, target: PopulatedApp) -> None:
    """A difference is mended, or named under ``leftOut`` in the entry of fixtures/fidelity.yaml that states its reason."""
    behaviours = fidelity.shipped_behaviours()
    unexplained = [
        line for line in _differences(route, target) if fidelity.find_left_out(behaviours, line) is None
    ]
    assert unexplained == [], (
        "the vendor's document has no such route: name it under leftOut in the entry of fixtures/fidelity.yaml that has its source"
    )


WITH_COLUMNS = [route for route, operation in SERVED.items() if operation.columns]


@pytest.mark.parametrize("route", WITH_COLUMNS)
def test_every_column_that_the_vendor_describes_can_be_requested(route: str, target: PopulatedApp) -> None:
    operation = SERVED[route]
    endpoint = vendor_comparison.endpoint_of(operation)
    assert endpoint is not None
    behaviours = fidelity.shipped_behaviours()
    columns = [
        name
        for name in operation.columns or ()
        if fidelity.find_left_out(behaviours, f"{route}: column {name}") is None
    ]
    request = VALID_REQUESTS[route_of(endpoint)]
    options: dict[str, Any] = {} if request.body is None else {"json": request.body}
    target.reset_if_changed()
    query = {**request.query, operation.columns_parameter: columns}
    response = target.call(endpoint.method, request_path(endpoint), query_string=MultiDict(query), **options)
    assert response.status_code == operation.status, response.get_data(as_text=True)
    assert response.json is not None
    assert endpoint.response.schema is not None
    omitted = endpoint.response.schema.omit_none
    rows = next(iter(response.json.values()))
    for row in rows if isinstance(rows, list) else [rows]:
        assert list(row) == [name for name in columns if name in row or name not in omitted]


def test_what_the_ledger_leaves_out_is_left_out(target: PopulatedApp) -> None:
    """No entry names a part that is emulated by now, or that the description does not have."""
    behaviours = fidelity.shipped_behaviours()
    missing = [each for each in vendor_api.operations() if each.route not in SERVED]
    parts = [(each.route, *(f"flag {flag}" for flag in each.flags)) for each in missing]
    parts += [(line,) for route in SERVED for line in _differences(route, target)]
    parts += [(line,) for line in _undocumented_routes()]
    stale = [
        f"{behaviour.id}: {name}"
        for behaviour in behaviours
        for name in behaviour.left_out
        if not any(fidelity.leaves_out(name, *each) for each in parts)
    ]
    assert stale == []


def test_a_route_that_the_description_lacks_is_known_from_another_source() -> None:
    unexplained = [
        line
        for line in _undocumented_routes()
        if fidelity.find_left_out(fidelity.shipped_behaviours(), line) is None
    ]
    assert unexplained == []


def _undocumented_routes() -> list[str]:
    return [f"{route_of(each)}: undocumented" for each in vendor_comparison.undocumented_endpoints()]


def test_each_kind_of_difference_is_found() -> None:
    """The comparison itself: a declaration that lacks each part of what a description has."""
    group = EndpointGroup("things")

    class Query(QuerySchema):
        status = Choice("1", "2")
        size = Int(1)
        extra = Text()

    class Body(BodySchema):
        name = Text(64)
        kind = fields.Boolean()
        more = Text()

    class Thing(ResponseSchema):
        id = fields.String()
        color = fields.String(metadata={"extra": True})

    @group.post(
        "/things", scopes=["things:read"], query=Query, body=Body, response=one("thing", Thing), cols=True
    )
    def create_thing(call: ApiCall) -> None:
        """Create a thing."""

    operation = vendor_api.parse_operation(
        "POST /things",
        {
            "scopes": ["things:write"],
            "query": {"status": "enum(1|2|3)", "size*": "string", "page": "integer"},
            "columns": ["id", "color", "label"],
            "defaultColumns": ["id", "color"],
            "body": {"name*": "string(1..128)", "kind": "string", "note?": "string"},
            "answer": {"thing": {"id": "integer", "color": "string", "label": "string"}},
        },
    )
    found = vendor_comparison.differences(operation, group.endpoints[0], group.endpoints)
    assert list(found) == [
        "scopes",
        "query status choices",
        "query size required",
        "query page",
        "query extra undocumented",
        "column label",
        "default column color",
        "body name required",
        "body name bounds",
        "body kind type",
        "body note",
        "body more undocumented",
        "answer thing.id type",
    ]
    answer: JsonObject = {"thing": {"id": 1, "color": 2}}
    in_answer = vendor_comparison.answer_differences(operation, answer, group.endpoints)
    assert list(in_answer) == ["answer thing.color type", "answer thing.label"]
