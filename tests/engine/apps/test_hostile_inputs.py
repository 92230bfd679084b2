"""Hostile input of the built-in modules: a run ends, and never by a defect of the emulator."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.engine import EngineHarness, module

NAMES = st.sampled_from(
    [
        *("regexp:Parser", "regexp:AdvancedParser", "regexp:Replace", "regexp:HTMLToText"),
        *("xml:ParseXML", "xml:TransformToXML", "csv:ParseCSV", "csv:Create", "util:FunctionIncrement"),
        "archive:PackAggregator",
    ]
)
TEXTS = st.text("a1 \n<>&;\"'/!-[]().*+?$\\|^{},=:\t\x00é\ud800", max_size=20)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.floats()
    | TEXTS
    | st.sampled_from(["lf", "comma", "other"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    *(
        "pattern",
        "text",
        "value",
        "html",
        "newline",
        "uppercaseHeadings",
        "xml",
        "csv",
        "_attributes",
        "_value",
    ),
    *("global", "sensitive", "multiline", "singleline", "continueWhenNoRes", "ignoreInfiniteLoopsWhenGlobal"),
    *(
        "columnCount",
        "containsHeaders",
        "delimiterType",
        "delimiter",
        "preserveQuotes",
        "includeHeaders",
        "reset",
    ),
)
SETTINGS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(NAMES, SETTINGS, SETTINGS, st.booleans())
def test_no_module_fails_by_a_fault_of_the_emulator(
    name: str, mapper: Any, parameters: Any, fed: bool
) -> None:
    feeder = module(1, "builtin:BasicFeeder", {"array": [{"a": 1}, {"a": "x"}]})
    parameters = parameters | ({"feeder": 1} if fed else {})
    execution = EngineHarness().run(feeder, module(2, name, mapper, parameters=parameters))
    assert execution.error is None or execution.error.name != "UnknownError", execution.error


@settings(deadline=None, max_examples=50)
@given(TEXTS, TEXTS, TEXTS)
def test_any_text_can_be_matched_replaced_and_parsed(pattern: str, text: str, value: str) -> None:
    switches = {"global": True, "singleline": True, "ignoreInfiniteLoopsWhenGlobal": True}
    flows = (
        module(1, "regexp:Parser", {"text": text}, parameters={"pattern": pattern, **switches}),
        module(1, "regexp:Replace", {"pattern": pattern, "text": text, "value": value, "global": True}),
        module(1, "xml:ParseXML", {"xml": f"<a>{text}</a>"}),
        module(1, "csv:ParseCSV", {"csv": text}, parameters={"preserveQuotes": True}),
    )
    for flow in flows:
        execution = EngineHarness().run(flow)
        assert execution.error is None or execution.error.name in ("BundleValidationError", "DataError")
