"""Laws that functions of expressions keep for all values: round trips, orders, sets, and what they may use up."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from helpers.engine import NOW, evaluation_context
from make_emulator.engine.budget import Budget
from make_emulator.engine.errors import BudgetExceededError, ExpressionError
from make_emulator.engine.expressions import utf16
from make_emulator.engine.expressions.context import Environment
from make_emulator.engine.expressions.dates.format import TOKENS, format_date
from make_emulator.engine.expressions.dates.parse import parse_date
from make_emulator.engine.expressions.evaluator import render
from make_emulator.engine.expressions.functions import FUNCTIONS
from make_emulator.engine.expressions.parser import parse_expression
from make_emulator.engine.expressions.utf16 import to_well_formed
from make_emulator.engine.expressions.values import Value, is_equal


def call(name: str, *values: Value) -> Any:
    return FUNCTIONS[name].apply(evaluation_context(), values)


#: Halves of characters come out of a cut only; texts that arrive are whole.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
PRIMITIVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS
ARRAYS = st.lists(PRIMITIVES, max_size=12)
ZONES = st.sampled_from(
    ["UTC", "Europe/Prague", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
).map(ZoneInfo)
DATES = st.datetimes(datetime(1000, 1, 3), datetime(9999, 12, 28), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)


# --- reading -------------------------------------------------------------------------------------


@given(st.text(max_size=80) | st.text(alphabet="1a.`'\"()[];+-*/%=!<>&| \t", max_size=80))
def test_a_text_is_an_expression_or_rejected(text: str) -> None:
    with suppress(ExpressionError):
        parse_expression(text)


@given(TEXTS)
def test_a_rejection_is_the_same_every_time(text: str) -> None:
    def outcome() -> str:
        try:
            return repr(render("{{" + text.replace("}", "") + "(}}", evaluation_context()))
        except ExpressionError as error:
            return error.message

    assert outcome() == outcome()


# --- round trips ---------------------------------------------------------------------------------


@given(
    DATES,
    ZONES,
    st.sampled_from(
        ["YYYY-MM-DDTHH:mm:ss.SSSZ", "x", "D/M/YYYY h:mm:ss a SSS ZZ", "GGGG-[W]WW-E HH:mm:ss.SSS Z"]
    ),
)
def test_a_date_that_is_written_is_read_again(at: datetime, zone: ZoneInfo, pattern: str) -> None:
    # The offsets of times before the zones were whole minutes are cut when they are written.
    assume((at.astimezone(zone).utcoffset() or timedelta()).total_seconds() % 60 == 0)
    text = format_date(at, pattern, zone)
    assert parse_date(text, pattern, UTC, at) == at


@given(DATES, ZONES, st.lists(st.sampled_from(sorted(TOKENS)), max_size=5).map(" ".join))
def test_every_pattern_writes_every_date(at: datetime, zone: ZoneInfo, pattern: str) -> None:
    assert format_date(at, pattern, zone) or not pattern


@given(st.text(max_size=20), st.text(alphabet="YMDdEHhkmsSaAZXxLQwWgGoezNTy[]\\ -:.0", max_size=12))
def test_reading_a_date_gives_one_or_says_no(text: str, pattern: str) -> None:
    with suppress(ValueError, OverflowError):
        assert parse_date(text, pattern, UTC, datetime(2016, 12, 8, tzinfo=UTC)).tzinfo is UTC


@given(
    DATES, st.integers(-50_000, 50_000), st.sampled_from(["addSeconds", "addMinutes", "addHours", "addDays"])
)
def test_what_is_added_to_a_date_can_be_taken_off(at: datetime, count: int, name: str) -> None:
    assume(1500 < at.year < 9000)
    assert call(name, call(name, at, count), -count) == at


@given(TEXTS)
def test_encodings_can_be_undone(text: str) -> None:
    assert call("decodeURL", call("encodeURL", text)) == text
    assert call("toString", call("toBinary", call("base64", text), "base64")) == text
    assert call("toString", call("toBinary", text.encode().hex(), "hex")) == text


@given(st.lists(TEXTS, min_size=1, max_size=8), st.text(alphabet="-,;#", min_size=1, max_size=2))
def test_what_is_joined_can_be_split(parts: list[str], separator: str) -> None:
    assume(not any(set(separator) & set(part) for part in parts))
    assert call("split", call("join", parts, separator), separator) == parts


@given(st.dictionaries(TEXTS, PRIMITIVES, max_size=6))
def test_a_collection_survives_as_an_array(collection: dict[str, Value]) -> None:
    pairs = call("toArray", collection)
    assert call("map", pairs, "key") == call("keys", collection) == list(collection)
    assert call("toCollection", pairs, "key", "value") == collection


# --- texts in units ------------------------------------------------------------------------------


@given(TEXTS, TEXTS, st.integers(-5, 70), st.integers(-5, 70))
def test_texts_are_counted_and_cut_in_units(text: str, other: str, start: int, end: int) -> None:
    encoded = text.encode("utf-16-le")
    length = call("length", text)
    assert length == len(encoded) // 2 == len(utf16.split_units(text))
    low, high = sorted(max(0, min(place, length)) for place in (start, end))
    cut = call("substring", text, start, end)
    assert cut.encode("utf-16-le", "surrogatepass") == encoded[2 * low : 2 * high]
    assert to_well_formed(call("substring", text, 0, low) + call("substring", text, low)) == text
    place = call("indexOf", text + other, other)
    assert call("substring", text + other, place, place + call("length", other)) == other


# --- orders and sets -----------------------------------------------------------------------------


def counted(array: list[Value]) -> list[str]:
    return sorted(repr(item) for item in array)


@given(ARRAYS, st.sampled_from(["asc", "desc", "asc ci", "desc ci"]))
def test_sorting_keeps_the_items_and_is_done_once(array: list[Value], order: str) -> None:
    ordered = call("sort", array, order)
    assert counted(ordered) == counted(array)
    assert call("sort", ordered, order) == ordered


@given(ARRAYS)
def test_the_other_orders_keep_the_items_too(array: list[Value]) -> None:
    assert call("reverse", call("reverse", array)) == array
    assert counted(call("shuffle", array)) == counted(array)
    assert call("first", array) == call("last", call("reverse", array))


@given(ARRAYS)
def test_what_is_distinct_has_no_two_alike_and_all_kinds(array: list[Value]) -> None:
    unique = call("distinct", array)
    assert unique == call("deduplicate", array) == call("distinct", unique)
    assert all(call("contains", unique, item) for item in array)
    assert not any(is_equal(item, other) for place, item in enumerate(unique) for other in unique[:place])


@given(ARRAYS, ARRAYS)
def test_difference_and_intersection_share_an_array_out(left: list[Value], right: list[Value]) -> None:
    only, both = call("arrayDiff", left, right), call("arrayIntersect", left, right)
    assert counted(only + both) == counted(left)
    assert call("arrayDiff", both, right) == []
    assert call("arrayIntersect", only, right) == []
    assert call("remove", left, *right) == only if right else only == left


@given(ARRAYS, ARRAYS, st.integers(-15, 15), st.integers(-15, 15))
def test_arrays_are_merged_and_sliced_as_python_does_it(
    left: list[Value], right: list[Value], start: int, end: int
) -> None:
    assert (
        call("merge", left, right) == left + right == call("add", left, *right)
        if right
        else call("merge", left) == left
    )
    assert call("slice", left, start, end) == left[start:end]
    assert call("flatten", [left, right]) == left + right


# --- what may be used up -------------------------------------------------------------------------


def nested(inner: str, outer: Callable[[str], str], depth: int) -> str:
    for _ in range(depth):
        inner = outer(inner)
    return "{{" + inner + "}}"


@pytest.mark.parametrize(
    "text",
    [
        nested('"aa"', lambda inner: f'replace({inner}; "a"; "aaaa")', 20),
        nested('"aa"', lambda inner: f'replace({inner}; "/a/g"; "$&$&$&$&")', 20),
        nested('"ab"', lambda inner: f'join(split({inner}; ""); {inner})', 5),
        nested("1.numbers", lambda inner: f"merge({inner}; {inner})", 9) * 60,
        nested("1.numbers", lambda inner: f"arrayDiff({inner}; {inner})", 9) * 60,
        nested('"<b>"', lambda inner: f"escapeHTML({inner}) + escapeMarkdown({inner})", 8) * 60,
        '{{parseDate("1111111111111111111111111111111111111"; "YYYYMDHmsSSSQDDDXx")}}' * 400,
        "{{" + "+".join(['formatDate(now; "' + "LLLL" * 600 + '")'] * 3) + "}}" * 1,
        nested('"😀"', lambda inner: f'{inner} + join(split({inner}; ""); "")', 9) * 60,
    ],
    ids=["replace", "pattern", "join", "merge", "difference", "escape", "dates", "writing", "units"],
)
def test_a_hostile_expression_stops_when_the_work_is_used_up(text: str) -> None:
    budget = Budget(work=100_000)
    env = evaluation_context(budget)
    with suppress(BudgetExceededError, ExpressionError):
        render(text, env)
    # It stops with the step that goes over, and no step is a large part of the whole.
    assert budget.work > -60_000


def test_a_date_is_read_by_its_zone_only_when_it_matters() -> None:
    requested: list[str] = []

    def zone() -> ZoneInfo:
        requested.append("zone")
        return ZoneInfo("Europe/Prague")

    env = Environment(Budget(), now=NOW, zone=zone)
    assert FUNCTIONS["parseDate"].apply(env, [1_481_212_557_536]) == datetime(
        2016, 12, 8, 15, 55, 57, 536_000, UTC
    )
    assert requested == []
    parse_text = partial(FUNCTIONS["parseDate"].apply, env)
    assert parse_text(["2016-12-08 16:00"]) == datetime(2016, 12, 8, 15, tzinfo=UTC)
    assert requested == ["zone"]
