"""Mappers and parameters of any value: a run ends in a state of Make's, never by a defect of the emulator."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.engine import SAMPLE_BUNDLE, EngineHarness, module
from make_emulator.engine.apps import catalog
from make_emulator.world.exceptions import DomainError

#: Values as they stand in mappers: of every type, nested, strange, and computed.
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 2**60),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.sampled_from(
        [
            "{{2.name}}",
            "{{2.number}}",
            "{{2.numbers}}",
            "{{2.people}}",
            "{{2.address}}",
            "{{now}}",
            "{{emptyarray}}",
            "{{ignore}}",
            "{{erase}}",
            "{{emptystring}}",
            "{{2.missing}}",
            "1",
            "-1",
            "true",
            "get",
            "post",
            "raw",
            "application/json",
            "https://example.com/a?b=c#d",
            "<a b='c'>d<e/></a>",
            'a;b\n"c";d',
            '{"a": [1, {"b": null}]}',
            "(a+)+$",
            "\ud800",
        ]
    ),
)
MODULES = catalog.interpreted_modules()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["name", "value", "key", "a", "b", "o", "pattern", "spec"]), inner, max_size=3
        ),
    ),
    max_leaves=6,
)
#: Names of parameters that modules read besides what they declare.
PARAMETERS = (
    "feeder", "datastore", "limit", "filter", "sort", "spec", "values", "type", "hook", "scenario", "space",
    "pattern", "global", "multiline", "sensitive", "singleline", "continueWhenNoRes", "handleErrors", "fn", "separator",
    "rowSeparator", "columns", "rows", "account", "apiKey", "reset", "maxResults", "else", "target", "delimiter",
)  # fmt: skip


@st.composite
def nodes(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A module with anything mapped to its fields, and to some that it does not have."""
    fields = [field.name for field in MODULES[name].fields] or ["data"]
    names = st.sampled_from([*fields, "other"])
    mapper = draw(st.dictionaries(names, VALUES, max_size=len(fields) + 1))
    parameters = draw(st.dictionaries(st.sampled_from(PARAMETERS), VALUES, max_size=4))
    if draw(st.booleans()):
        parameters |= {"feeder": 2, "datastore": 1}
    node = module(3, name, mapper, parameters=parameters)
    app, _, short = name.partition(":")
    version = next(number for number in range(1, 9) if catalog.has_module(app, short, number))
    return node | {"version": version}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_no_mapper_makes_a_module_fail_in_a_way_that_is_ours(name: str) -> None:
    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(nodes(name))
    def check(node: dict[str, Any]) -> None:
        source = module(2, "any-app:Source")
        after = module(4, "util:ComposeTransformer", {"value": "{{3}} and {{3.name}}"})
        harness = EngineHarness()
        try:
            execution = harness.run(source, node, after, trigger_bundle=dict(SAMPLE_BUNDLE))
        except DomainError:
            return
        assert execution.status in (1, 2, 3)
        if execution.error is not None:
            assert execution.error.name != "UnknownError", execution.error.message

    check()
