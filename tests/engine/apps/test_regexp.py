"""The app "Text parser": what its modules match, replace and strip, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.engine import EngineHarness, error_of, last_module_output, module, set_variable
from make_emulator.engine.budget import MAX_ITEMS
from make_emulator.engine.formats.html_to_text import html_to_text


def match(pattern: str, text: Any, *switches: str, id: int = 1) -> Any:
    """Match pattern, with all its switches off but these."""
    names = ("global", "sensitive", "multiline", "singleline", "continueWhenNoRes")
    parameters = dict.fromkeys(names, False) | dict.fromkeys(switches, True)
    return module(id, "regexp:Parser", {"text": text}, parameters={"pattern": pattern, **parameters})


def replace(pattern: str, value: str, text: str, *switches: str) -> Any:
    mapper = {"pattern": pattern, "value": value, "text": text, **dict.fromkeys(switches, True)}
    return module(1, "regexp:Replace", mapper)


def to_text(html: str, newline: str = "lf", uppercase: bool = False) -> Any:
    mapper = {"html": html, "newline": newline, "uppercaseHeadings": uppercase}
    return module(1, "regexp:HTMLToText", mapper)


# --- Match pattern -------------------------------------------------------------------------------


def test_every_match_is_a_bundle_with_its_place_its_groups_and_the_whole_of_it() -> None:
    assert last_module_output(match(r"\.(.+)", "a.docx\n\nb.pdf", "global")) == [
        {"i": 1, "$1": "docx", "__IMTMATCH__": ".docx"},
        {"i": 2, "$1": "pdf", "__IMTMATCH__": ".pdf"},
    ]


def test_groups_are_mapped_by_their_names_in_backticks() -> None:
    flow = (
        match(r"(?<year>\d+)-(\d+)", "on 2016-12"),
        set_variable(2, "{{1.`$2`}}/{{1.year}} {{1.__IMTMATCH__}}"),
    )
    assert last_module_output(*flow) == [{"x": "12/2016 2016-12"}]


def test_unless_it_is_global_only_the_first_match_is_output() -> None:
    assert last_module_output(match(r"\d", "a1b2")) == [{"i": 1, "__IMTMATCH__": "1"}]


def test_a_group_that_has_a_name_comes_under_it_and_one_that_took_no_part_is_nothing() -> None:
    pattern = r"(?<name>[^<(]+)<(?<email>[^>]+)>(x)?(?:y)?[(](z)?"
    assert last_module_output(match(pattern, "Ada<a@b.c>(")) == [
        {"i": 1, "name": "Ada", "email": "a@b.c", "$3": None, "$4": None, "__IMTMATCH__": "Ada<a@b.c>("}
    ]


@pytest.mark.parametrize(
    ("pattern", "text", "switch"),
    [("ada", "ADA", "sensitive"), ("^b$", "a\nb\nc", "multiline"), ("a.b", "a\nb", "singleline")],
)
def test_each_switch_decides_what_matches(pattern: str, text: str, switch: str) -> None:
    found = {bool(last_module_output(match(pattern, text, *switches))) for switches in ((), (switch,))}
    assert found == {True, False}


def test_a_dot_in_a_class_and_a_dot_that_is_escaped_stay_what_they_are() -> None:
    assert last_module_output(match(r"[.]\.(.)", "..\n", "singleline"))[0]["$1"] == "\n"
    assert last_module_output(match(r"a[.]b|a\.b", "a\nb", "singleline")) == []


def test_a_pattern_may_look_behind() -> None:
    assert last_module_output(match(r"(?<=Name: )\w+", "Name: Ada")) == [{"i": 1, "__IMTMATCH__": "Ada"}]


def test_without_a_match_the_path_ends_unless_the_module_is_set_to_go_on() -> None:
    after = set_variable(2, "{{1.__IMTLENGTH__}}{{1.i}}on")
    assert last_module_output(match("x", "abc"), after) == []
    assert last_module_output(match("x", "abc", "continueWhenNoRes"), after) == [{"x": "0on"}]
    assert last_module_output(match("x", "{{9.nothing}}", "continueWhenNoRes")) == [{}]


def test_a_global_search_that_would_never_end_is_an_error_unless_it_is_set_to_go_on() -> None:
    execution = EngineHarness().run(match(r"\d*", "a1", "global"))
    assert error_of(execution)[0] == "RuntimeError"
    assert last_module_output(match(r"\d*", "a1")) == [{"i": 1, "__IMTMATCH__": ""}]
    bundles = last_module_output(match(r"\d*", "a1", "global", "ignoreInfiniteLoopsWhenGlobal"))
    assert [bundle["__IMTMATCH__"] for bundle in bundles] == ["", "1", ""]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "Invalid regular expression '('."),
        ("(?<a>x)(?<a>y)", "Invalid regular expression '(?<a>x)(?<a>y)'."),
        ("(?<1>x)", "Invalid regular expression '(?<1>x)'."),
        (r"(?<a>x)\k<a>", "Back references in regular expressions are not supported."),
        ("a" * 2_000, "The regular expression is too long."),
    ],
)
def test_a_pattern_that_is_none_is_rejected(pattern: str, reason: str) -> None:
    assert error_of(EngineHarness().run(match(pattern, "x"))) == ("DataError", reason)


def test_a_pattern_is_required() -> None:
    missing = ("BundleValidationError", "Validation failed for 1 parameter(s).")
    assert error_of(EngineHarness().run(match("", "x"))) == missing
    assert error_of(EngineHarness().run(module(1, "regexp:AdvancedParser", {"text": "x"}))) == missing


def test_the_advanced_module_maps_its_pattern() -> None:
    parameters = {"global": True, "sensitive": True, "advancedParser": True}
    mapper = {"pattern": "{{'(' + 'b' + ')'}}", "text": "abab"}
    found = last_module_output(module(1, "regexp:AdvancedParser", mapper, parameters=parameters))
    assert [bundle["$1"] for bundle in found] == ["b", "b"]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "([a-zA-Z]+)*$", "(?<n>a+)+b"])
def test_a_pattern_that_stops_other_engines_ends_within_the_budget(pattern: str) -> None:
    execution = EngineHarness().run(match(pattern, "a" * 20_000 + "!"))
    assert execution.error is None or execution.error.name == "ScenarioTimeoutError"


def test_a_pattern_without_end_is_rejected_at_once() -> None:
    mapper = {"pattern": "(?<a>." * 800_000, "text": "x"}
    assert "too long" in error_of(EngineHarness().run(module(1, "regexp:AdvancedParser", mapper)))[1]


def test_matches_without_number_use_up_the_budget() -> None:
    too_large = ("DataSizeLimitExceededError", "The data are too large.")
    for count in (MAX_ITEMS + 1, 15 * MAX_ITEMS):
        assert error_of(EngineHarness().run(match("a", "a" * count, "global"))) == too_large


# --- Replace -------------------------------------------------------------------------------------


def test_the_first_match_is_replaced_or_all_of_them() -> None:
    assert last_module_output(replace("A", "-", "banana")) == [{"text": "b-nana"}]
    assert last_module_output(replace("a", "-", "banana", "global")) == [{"text": "b-n-n-"}]
    assert last_module_output(replace("A", "-", "banana", "sensitive")) == [{"text": "banana"}]


def test_a_new_value_may_name_groups_by_number_or_by_name() -> None:
    assert last_module_output(replace(r"(?<a>\w+) (?<b>\w+)", "$<b> $1 $<c>|$&", "Ada King")) == [
        {"text": "King Ada |Ada King"}
    ]
    assert last_module_output(replace(r"(\w+) (\w+)", "$2 $<b>$$<x", "Ada King")) == [
        {"text": "King $<b>$<x"}
    ]


# --- HTML to text --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One &amp; <b>two</b></p><p>three</p>", "One & two\n\nthree"),
        ("a<br>b<br/><br>c", "a\nb\n\nc"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<a href='https://x.y/?a=1&amp;b'>here</a>.", "here [https://x.y/?a=1&b]."),
        ("<a name=x>here</a>", "here"),
        ('<img alt="A > B" src=i.png>', "A > B [i.png]"),
        ("<ul><li>a<li>b<ol><li>x</li><li>y</li></ol></ul>c", " * a\n * b\n    1. x\n    2. y\n\nc"),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "a b\n1 2"),
        ("<head><title>t</title></head><script>if (a<b) {}</script><style>p</style>x", "x"),
        ("<html><head><meta charset=x><title>t</title><body>x</body>", "x"),
        ("a<!-- b --><!DOCTYPE html><?x y?>c", "ac"),
        ("a <!-- b", "a"),
        ("<pre>  a\n b</pre>", "  a\n b"),
        ("  many \n\t spaces&nbsp;here ", "many spaces\xa0here"),
        ("1 < 2 <3 a>b", "1 < 2 <3 a>b"),
        ("", ""),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert last_module_output(to_text(html)) == [{"text": text}]


def test_headings_are_shouted_and_lines_end_as_the_module_is_set() -> None:
    assert last_module_output(to_text("<h1>Hi</h1>x", "crlf", uppercase=True)) == [{"text": "HI\r\n\r\nx"}]
    assert last_module_output(to_text("<h1>Hi</h1>x", "cr")) == [{"text": "Hi\r\rx"}]
    assert error_of(EngineHarness().run(to_text("x", "vt"))) == (
        "BundleValidationError",
        "Validation failed for 1 parameter(s).",
    )


HOSTILE = (
    *("<", "<a ", '<a href="', "<a'", "<!--", "<ul>", "</ul>", "<script>", "&", "&#x", "<pre>", "<br>"),
    *("<a x=1>", "<img alt=1 src=2>", "<li>", "<![CDATA[", "<a b c d=", "<p>"),
)


@pytest.mark.parametrize("part", HOSTILE)
def test_broken_html_takes_time_in_proportion_to_its_length(part: str) -> None:
    html_to_text(part * (400_000 // len(part)) + "x=" * 1_000 + ">", uppercase_headings=True)
    html_to_text(f"<img {part[:1] * 200_000}>", uppercase_headings=False)


@given(
    st.lists(st.sampled_from([*HOSTILE, ">", "</a>", "</li>", "</p>", " a ", "\n", "'", "é"]), max_size=30)
)
def test_any_html_becomes_text_that_is_no_longer_than_it_by_much(parts: list[str]) -> None:
    html = "".join(parts)
    text = html_to_text(html, uppercase_headings=False)
    assert len(text) <= 60 * len(html) + 10
    assert "<p>" not in text


# --- elements of a text --------------------------------------------------------------------------

TEXT = "Ann <ann.b@example.com>, see https://example.com/a?b=1. Call +1 (555) 010-0199, 7 times; ann.b@example.com"


def elements(mapper: dict[str, Any], parameters: dict[str, Any] | None = None, **rest: Any) -> list[Any]:
    return last_module_output(
        module(1, "regexp:GetElementsFromText", {"text": TEXT, **mapper}, parameters=parameters or {}, **rest)
    )


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("email", ["ann.b@example.com", "ann.b@example.com"]),
        ("E-mail address", ["ann.b@example.com", "ann.b@example.com"]),
        ("url", ["https://example.com/a?b=1"]),
        ("phoneNumber", ["+1 (555) 010-0199"]),
        (r"\bsee|Call\b", ["see", "Call"]),
        ("nothing like this", []),
    ],
)
def test_the_elements_of_a_text_follow_from_text_and_pattern(pattern: str, found: list[str]) -> None:
    assert elements({"pattern": pattern}) == [{"match": each} for each in found]
    assert elements({}, {"pattern": pattern}) == [{"match": each} for each in found]


def test_elements_have_the_declared_name_and_occur_once_if_asked_for() -> None:
    interface = {"metadata": {"interface": [{"name": "element", "type": "text"}]}}
    assert elements({"pattern": "email", "ignoreDuplicates": True}, **interface) == [
        {"element": "ann.b@example.com"}
    ]


def test_a_search_for_elements_that_finds_none_may_continue() -> None:
    assert elements({"pattern": "hashtag"}, {"continueWhenNoRes": True}) == [{}]
