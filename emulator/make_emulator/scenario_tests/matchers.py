"""Matchers: comparison of an expected value with the actual one.

A collection is compared in part: what it does not name may be anything. An array is compared whole and in order. A collection of
keys such as ``$regex`` is a matcher, and so are the texts ``$any`` and ``$absent``. A key such as ``$1``, which modules do output, is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import TypeGuard

from ..document_issues import DocumentPath
from ..json_types import Json, is_integer
from ..lazy_dataclasses import dataclass
from ..plain_text import did_you_mean
from ..world.clock import parse_iso

#: Texts that are matchers, and the form of their keys.
ANY, ABSENT = "$any", "$absent"
_MATCHER_NAME = re.compile(r"\$[A-Za-z_]+", re.ASCII)


class _Missing:
    """Value of a field that a collection does not have."""

    def __repr__(self) -> str:
        return "nothing"


MISSING = _Missing()


@dataclass(frozen=True, slots=True)
class Difference:
    """Difference at a path of the actual value; ``expected`` is in words or JSON, ``actual`` may be `MISSING`."""

    path: DocumentPath
    expected: str
    actual: Json | _Missing


@dataclass(frozen=True, slots=True)
class Matcher:
    """Matcher of a key such as ``$regex``.

    Attributes:
        about: the meaning, for the reference.
        check: returns a sentence about an argument that is none.
        matches: compares the actual value.
    """

    name: str
    about: str
    check: Callable[[Json], str | None]
    matches: Callable[[Json, Json], bool]


def find_differences(
    expected: Json, actual: Json | _Missing, path: DocumentPath = (), *, exact: bool = False
) -> Iterator[Difference]:
    """Yields the differences of an actual value from the expected one.

    Args:
        exact: collections are compared whole, until a matcher ``$subset``.
    """
    if expected == ABSENT:
        if not isinstance(actual, _Missing):
            yield Difference(path, "nothing", actual)
        return
    if isinstance(actual, _Missing):
        yield Difference(path, describe(expected), actual)
        return
    if expected == ANY:
        return
    if _is_matcher(expected):
        yield from _find_matcher_differences(expected, actual, path)
    elif isinstance(expected, Mapping):
        if not isinstance(actual, Mapping):
            yield Difference(path, describe(expected), actual)
            return
        for name, value in expected.items():
            yield from find_differences(value, actual.get(name, MISSING), (*path, name), exact=exact)
        if exact:
            for name in actual:
                if name not in expected:
                    yield Difference((*path, name), "nothing", actual[name])
    elif isinstance(expected, list):
        yield from _find_array_differences(expected, actual, path, exact=exact)
    elif not _equals(expected, actual):
        yield Difference(path, describe(expected), actual)


def matches(expected: Json, actual: Json | _Missing, *, exact: bool = False) -> bool:
    """Returns true if a value is as expected."""
    return next(find_differences(expected, actual, exact=exact), None) is None


def merge(expected: Json, actual: Json | _Missing, *, exact: bool = False) -> Json:
    """Returns an expected value that the actual one meets, and that keeps the form of the present one.

    Matchers that match stay, and of collections only the fields that are named are compared; an empty value becomes the whole.
    """
    if isinstance(actual, _Missing):
        return ABSENT
    if matches(expected, actual, exact=exact):
        return expected
    if _is_matcher(expected):
        [name, *others] = expected
        if name in ("$exact", "$subset") and not others:
            return {name: merge(expected[name], actual, exact=name == "$exact")}
        return actual
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        merged = {
            name: merge(value, actual.get(name, MISSING), exact=exact) for name, value in expected.items()
        }
        if exact:
            merged = {name: value for name, value in merged.items() if value != ABSENT}
            merged |= {name: value for name, value in actual.items() if name not in expected}
        return merged
    if isinstance(expected, list) and isinstance(actual, (list, tuple)):
        return [
            merge(expected[place], item, exact=exact) if place < len(expected) else item
            for place, item in enumerate(actual)
        ]
    return actual


def describe(expected: Json) -> str:
    """Returns an expected value as JSON, with matchers in words, such as ``a text that matches "^A"``."""
    if expected == ANY:
        return "any value"
    if expected == ABSENT:
        return "nothing"
    if _is_matcher(expected):
        return " and ".join(
            _describe_matcher(name, value) for name, value in expected.items() if name != "$within"
        )
    return json_text(expected)


def _describe_matcher(name: str, value: Json) -> str:
    words = {
        "$type": "a value of the type",
        "$regex": "a text that matches",
        "$glob": "a text like",
        "$approx": "about",
        "$contains": "something that contains",
        "$length": "of the length",
        "$not": "anything but",
        "$one_of": "one of",
        "$at_least": "at least",
        "$at_most": "at most",
        "$exact": "exactly",
        "$subset": "something with",
    }
    return f"{words[name]} {value if name == '$type' else json_text(value)}"


def json_text(value: Json) -> str:
    """Returns a value as JSON."""
    # Imported here, since a test that passes describes nothing.
    import json

    return json.dumps(value, ensure_ascii=False, default=str)


def _is_matcher(value: Json) -> TypeGuard[Mapping[str, Json]]:
    return isinstance(value, Mapping) and bool(value) and all(name in MATCHERS for name in value)


def _equals(expected: Json, actual: Json) -> bool:
    """Returns true for equal values of the same JSON type: ``1`` equals ``1.0``, but neither ``true`` nor ``"1"``."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    return expected == actual


def _find_array_differences(
    expected: list[Json], actual: Json, path: DocumentPath, *, exact: bool
) -> Iterator[Difference]:
    if not isinstance(actual, (list, tuple)):
        yield Difference(path, describe(expected), actual)
        return
    for place, value in enumerate(expected):
        found: Json | _Missing = actual[place] if place < len(actual) else MISSING
        yield from find_differences(value, found, (*path, place), exact=exact)
    for place in range(len(expected), len(actual)):
        yield Difference((*path, place), "nothing", actual[place])


def _find_matcher_differences(
    matcher: Mapping[str, Json], actual: Json, path: DocumentPath
) -> Iterator[Difference]:
    for name, argument in matcher.items():
        if name in ("$exact", "$subset"):
            yield from find_differences(argument, actual, path, exact=name == "$exact")
        elif name == "$approx":
            if not _is_close(argument, actual, matcher.get("$within")):
                yield Difference(path, describe({name: argument}), actual)
        elif not MATCHERS[name].matches(argument, actual):
            yield Difference(path, describe({name: argument}), actual)


def find_matcher_issues(value: Json, path: DocumentPath) -> Iterator[tuple[DocumentPath, str]]:
    """Yields the mistakes in the matchers of an expected value."""
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from find_matcher_issues(item, (*path, place))
    elif isinstance(value, Mapping):
        named = [name for name in value if _MATCHER_NAME.fullmatch(name)]
        is_matcher = len(named) == len(value)
        if not is_matcher and (known := next((name for name in named if name in MATCHERS), None)):
            yield path, f"'{known}' stands beside fields; a matcher stands alone"
            return
        for name, item in value.items():
            if not is_matcher:
                yield from find_matcher_issues(item, (*path, name))
            elif name not in MATCHERS:
                there = ", ".join(MATCHERS)
                yield (*path, name), f"unknown matcher; there are: {there}{did_you_mean(name, MATCHERS)}"
            elif (text := MATCHERS[name].check(item)) is not None:
                yield (*path, name), text
            elif name in ("$exact", "$subset", "$not", "$contains", "$one_of"):
                yield from find_matcher_issues(item, (*path, name))
        if is_matcher and "$within" in named and "$approx" not in named:
            yield path, "'$within' needs '$approx' beside it"


# --- the matchers --------------------------------------------------------------------------------

#: Types by the names of `$type`.
_TYPES: Mapping[str, Callable[[Json], bool]] = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "integer": is_integer,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, (list, tuple)),
    "collection": lambda value: isinstance(value, Mapping),
    "date": lambda value: _is_date(value),
    "empty": lambda value: value is None or value == "",
}


def _is_date(value: Json) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse_iso(value)
    except (ValueError, OverflowError):
        return False
    return True


def _check_type(argument: Json) -> str | None:
    if isinstance(argument, str) and argument in _TYPES:
        return None
    return f"this must be one of: {', '.join(_TYPES)}{did_you_mean(argument, _TYPES)}"


def _check_regex(argument: Json) -> str | None:
    if not isinstance(argument, str):
        return "this must be a regular expression"
    try:
        re.compile(argument)
    except (re.error, OverflowError, RecursionError) as error:
        return f"this is no regular expression: {error}"
    return None


def _check_text(argument: Json) -> str | None:
    return None if isinstance(argument, str) else "this must be a text"


def _check_number(argument: Json) -> str | None:
    return None if _TYPES["number"](argument) else "this must be a number"


def _check_length(argument: Json) -> str | None:
    return None if is_integer(argument) and argument >= 0 else "this must be a whole number"


def _check_list(argument: Json) -> str | None:
    return None if isinstance(argument, list) and argument else "this must be an array of values"


def _check_nothing(argument: Json) -> str | None:
    return None


def _is_close(expected: Json, actual: Json, within: Json) -> bool:
    if not isinstance(expected, (int, float)) or not isinstance(actual, (int, float)):
        return False
    if isinstance(actual, bool):
        return False
    tolerance = within if isinstance(within, (int, float)) else max(1e-6 * abs(expected), 1e-12)
    return abs(expected - actual) <= tolerance


def _contains(argument: Json, actual: Json) -> bool:
    """True for an array that has an element like the argument, or like each of an array of them; for a text, a part of it."""
    if isinstance(actual, str):
        return isinstance(argument, str) and argument in actual
    if not isinstance(actual, (list, tuple)):
        return False
    wanted = argument if isinstance(argument, list) else [argument]
    return all(any(matches(one, item) for item in actual) for one in wanted)


def _is_at_least(argument: Json, actual: Json) -> bool:
    return _is_number(actual) and _is_number(argument) and actual >= argument  # type: ignore[operator]


def _is_at_most(argument: Json, actual: Json) -> bool:
    return _is_number(actual) and _is_number(argument) and actual <= argument  # type: ignore[operator]


def _is_number(value: Json) -> bool:
    return _TYPES["number"](value)


MATCHERS: Mapping[str, Matcher] = {
    matcher.name: matcher
    for matcher in (
        Matcher(
            "$type",
            f"A value of a type: {', '.join(_TYPES)}.",
            _check_type,
            lambda argument, actual: isinstance(argument, str) and _TYPES[argument](actual),
        ),
        Matcher(
            "$regex",
            "A text in which a regular expression is found.",
            _check_regex,
            lambda argument, actual: isinstance(actual, str) and re.search(str(argument), actual) is not None,
        ),
        Matcher(
            "$glob",
            "A text like a pattern with `*` and `?`.",
            _check_text,
            lambda argument, actual: isinstance(actual, str) and fnmatchcase(actual, str(argument)),
        ),
        Matcher(
            "$approx",
            "A number close to another one: a millionth of it, or what `$within` says.",
            _check_number,
            lambda argument, actual: _is_close(argument, actual, None),
        ),
        Matcher(
            "$within",
            "The distance that `$approx` allows.",
            _check_number,
            lambda argument, actual: True,
        ),
        Matcher(
            "$contains",
            "A text with a part, or an array with an element like a value, or like each of several.",
            _check_nothing,
            _contains,
        ),
        Matcher(
            "$length",
            "A text, array or collection of a length.",
            _check_length,
            lambda argument, actual: (
                isinstance(actual, (str, list, tuple, Mapping)) and len(actual) == argument
            ),
        ),
        Matcher("$at_least", "A number that is not less.", _check_number, _is_at_least),
        Matcher("$at_most", "A number that is not greater.", _check_number, _is_at_most),
        Matcher(
            "$one_of",
            "A value like one of several.",
            _check_list,
            lambda argument, actual: (
                isinstance(argument, list) and any(matches(one, actual) for one in argument)
            ),
        ),
        Matcher(
            "$not",
            "A value unlike another one.",
            _check_nothing,
            lambda argument, actual: not matches(argument, actual),
        ),
        Matcher(
            "$exact",
            "A value without fields that are not named, down to the innermost.",
            _check_nothing,
            lambda argument, actual: matches(argument, actual, exact=True),
        ),
        Matcher(
            "$subset",
            "Inside of `$exact`: a value that may have further fields.",
            _check_nothing,
            lambda argument, actual: matches(argument, actual),
        ),
    )
}
"""Every matcher by its key."""
