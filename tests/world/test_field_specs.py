"""Accessors of a field's specification."""

from __future__ import annotations

import pytest

from make_emulator.json_types import Json
from make_emulator.world.field_specs import field_name, field_type, inner_fields


def test_a_field_has_a_name_and_a_type() -> None:
    assert field_name({"name": "size", "type": "number"}) == "size"
    assert field_type({"name": "size", "type": "number"}) == "number"
    assert field_type({"name": "size"}) == "any"


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ([{"name": "a"}, {"name": "b"}], [{"name": "a"}, {"name": "b"}]),
        ([{"name": "a"}, "b", None], [{"name": "a"}]),
        ([], []),
        (None, None),
        ("text", None),
        ({"type": "text"}, None),
    ],
)
def test_inner_fields_are_the_objects_of_a_list(spec: Json, fields: Json) -> None:
    assert inner_fields({"name": "outer", "type": "collection", "spec": spec}) == fields
