"""Regular expressions, compared with Python's where the two languages agree."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from make_emulator.engine.budget import Budget
from make_emulator.engine.errors import BudgetExceededError, ExpressionError
from make_emulator.engine.expressions.regex.matcher import compile_regex, parse_regex_literal

PATTERNS = [
    *("a", "a*", "(a|b)*c", "^a", r"\d+", r"(\w+)@(\w+)\.com", "a{2,3}", "a{2}", "a{1,}?b", "[a-c]+", "[^a]"),
    *(
        "(a+)+b",
        "(?:ab)+",
        "a|ab|abc",
        "(a)(b)?c",
        r"\bab\b",
        "a??b",
        "(a|b)(?=c)",
        "a(?!b)",
        "^(a|b)*",
        r"[\d-]",
    ),
    *(
        "a.c",
        "(a)|(b)",
        "(?=(a+))a*b",
        "()",
        r"\s\S",
        r"[\w.]+",
        r"\Bb",
        "(a{2}){2}",
        "(a|ab)(c|bcd)(d*)",
    ),
    *(
        "(?<=a)b",
        "(?<!a)b",
        "(?<=ab|cd)m",
        "(?<=(a))b",
        "(?<=^)a",
        "(?<![ab])c",
        r"(?<=a\b)\W",
        "(?<=(?=ab)a)b",
    ),
    *("(?<=(?<!a)b)c", "a(?<=a)b", "(?!a)(?<=b)", "(?<=[^a]{2})b"),
]


@given(st.sampled_from(PATTERNS), st.text(alphabet="aabbcd@.1 \nm", max_size=12))
@example("(a|ab)(c|bcd)(d*)", "abcd")
def test_matches_are_those_of_a_backtracking_matcher(pattern: str, text: str) -> None:
    expected = re.sub(pattern, lambda found: f"<{found[0]}>", text, flags=re.ASCII)
    assert compile_regex(pattern, "g").replace(text, "<$&>", Budget()) == expected
    found = re.search(pattern, text, flags=re.ASCII)
    assert compile_regex(pattern).has_match(text, Budget()) == (found is not None)
    if found and found.re.groups:
        captured = f"{text[: found.start()]}[{found[1] or ''}]{text[found.end() :]}"
        assert compile_regex(pattern).replace(text, "[$1]", Budget()) == captured


@pytest.mark.parametrize(
    ("search", "text", "replacement", "expected"),
    [
        ("/o/", "foo", "0", "f0o"),
        ("/o/g", "foo", "0", "f00"),
        ("/FOO/gi", "foo Foo", "x", "x x"),
        ("/^a/gm", "a\na", "b", "b\nb"),
        ("/a$/g", "a\na", "b", "a\nb"),
        (r"/\B(?=(\d{3})+(?!\d))/g", "1234567", ",", "1,234,567"),
        (r"/(\w+) (\w+)/", "Ada Lovelace", "$2, $1 $$1 $3", "Lovelace, Ada $1 $3"),
        (r"/\u0041\x42/", "AB", "ok", "ok"),
        (r"/[^\D1]/g", "a12", "x", "a1x"),
        ("/x*/g", "ab", "-", "-a-b-"),
        ("/a||b/g", "b", "-", "-b-"),
        (r"/(?<=a.*)b/g", "bacbb", "-", "bac--"),
        (r"/(?<!a+)b/g", "baab", "-", "-aab"),
        (r"/(?<=\$)\d+(\.\d*)?/", "€5 $10.50", "x", "€5 $x"),
        (r"/(?<last>\w+) (?<$f>\w+)/", "King Ada", "$<$f> $<last> $1$<none>", "Ada King King"),
        ("/(a)/", "a", "$<n> $10 $01 $0 $$1 $", "$<n> a0 a $0 $1 $"),
    ],
)
def test_replacing_follows_javascript(search: str, text: str, replacement: str, expected: str) -> None:
    pattern = parse_regex_literal(search)
    assert pattern is not None
    assert pattern.replace(text, replacement, Budget()) == expected


@pytest.mark.parametrize("search", ["a", "/", "//", "a/b", "/a/1", "/usr", "/a.b/s", "/a/gsi"])
def test_other_texts_are_no_patterns(search: str) -> None:
    assert parse_regex_literal(search) is None


@pytest.mark.parametrize(
    "source",
    [
        "(",
        ")",
        "[",
        "a**",
        "*",
        "\\",
        "(?<n>a)(?<n>b)",
        "(?<1>a)",
        "(?<n",
        "(?<=a",
        r"(a)\1",
        r"(?<n>a)\k<n>",
        "a{3,2}",
        "[b-a]",
        "(a{999}){999}",
        "(" * 99,
    ],
)
def test_what_is_no_pattern_or_not_supported_is_rejected(source: str) -> None:
    with pytest.raises(ExpressionError):
        compile_regex(source)


def test_unknown_flags_are_rejected() -> None:
    with pytest.raises(ExpressionError, match="Invalid flags"):
        parse_regex_literal("/a/y")


@pytest.mark.parametrize("source", ["(a+)+$", "(a*)*b", "a*a*a*a*a*b", "(a|aa)+$", "(?:a?){50}a{50}b"])
def test_patterns_that_choke_other_matchers_are_matched_in_bounded_work(source: str) -> None:
    assert compile_regex(source).has_match("a" * 500 + "!", Budget()) is False


@pytest.mark.parametrize("source", ["(?<=a*)c", "(?<=(a+)+b)c", "(?<!(?<=a*)*b)c"])
def test_looking_behind_is_paid_for(source: str) -> None:
    with pytest.raises(BudgetExceededError):
        compile_regex(source).has_match("a" * 20_000, Budget(work=1_000_000))


def test_matching_is_paid_for() -> None:
    with pytest.raises(BudgetExceededError):
        compile_regex("(a*)*b").has_match("a" * 100_000, Budget(work=10_000))
