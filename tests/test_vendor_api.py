"""The vendor's own description of the API, in fixtures/vendor-api.yaml, and every declared route held against it."""

from __future__ import annotations

import re
from collections import Counter

from helpers import vendor_api
from helpers.vendor_api import METHODS, kind_of
from make_emulator.json_types import Json, JsonObject
from make_emulator.resources import fixture_path

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
