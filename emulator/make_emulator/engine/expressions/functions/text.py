"""Text functions. Positions count from 0, as in Make."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from html import escape
from urllib.parse import quote, unquote

from .. import utf16
from ..context import Environment, is_equal_within_budget
from ..errors import ExpressionError
from ..regex.matcher import parse_regex_literal
from ..values import Value, as_text, is_array
from .expectations import Expectation, same_as_result
from .registry import argument_at, array_at, function, integer_at, text_at

_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d\u20e3]")
_TAG = re.compile(r"<[^<>]*>")
_MARKDOWN = re.compile(r"[\\`*_{}\[\]()#+\-.!|>~]")
#: White space that JavaScript's trim removes.
_JAVASCRIPT_WHITESPACE = "\t\n\v\f\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)


def _define_text_function(
    name: str, body: Callable[[str], str], expects: Expectation | None = same_as_result
) -> None:
    @function(name, 1, expects=expects)
    def one(env: Environment, values: Sequence[Value]) -> Value:
        text = text_at(env, values, 0)
        # The slowest of these process each character in Python.
        env.budget.charge(1 + len(text) // 20)
        made = body(text)
        env.budget.charge_text(len(made))
        return made


_define_text_function("lower", str.lower)
_define_text_function("upper", str.upper)
_define_text_function("trim", lambda text: text.strip(_JAVASCRIPT_WHITESPACE))
_define_text_function("capitalize", lambda text: text[:1].upper() + text[1:])
_define_text_function("startcase", lambda text: re.sub(r"\S+", lambda word: _capitalize_word(word[0]), text))
# The characters that JavaScript's encodeURIComponent leaves as they are.
_define_text_function("encodeURL", lambda text: quote(text, safe="-_.!~*'()", errors="replace"), expects=None)
_define_text_function("decodeURL", lambda text: unquote(text, errors="replace"))
_define_text_function("escapeHTML", lambda text: escape(text, quote=True).replace("&#x27;", "&#39;"))
# ``# Header`` becomes ``&#35; Header`` (Workfront Fusion, the same engine); which characters more is assumed.
_define_text_function("escapeMarkdown", lambda text: _MARKDOWN.sub(lambda found: f"&#{ord(found[0])};", text))
_define_text_function("stripHTML", lambda text: _TAG.sub("", text))


def _capitalize_word(word: str) -> str:
    return word[:1].upper() + word[1:].lower()


@function("length", 1)
def _length(env: Environment, values: Sequence[Value]) -> Value:
    value = values[0]
    if is_array(value) or isinstance(value, (Mapping, bytes)):
        return len(value)
    return utf16.length(text_at(env, values, 0))


@function("replace", 3, expects=same_as_result)
def _replace(env: Environment, values: Sequence[Value]) -> Value:
    """Replaces every occurrence of a text, or the matches of a pattern ``/…/flags`` without named groups (Help centre)."""
    text, search, replacement = (text_at(env, values, place) for place in range(3))
    if not search:
        return text
    pattern = parse_regex_literal(search)
    if pattern is not None:
        if pattern.program.names:
            raise ExpressionError("Named groups are not supported.")
        return pattern.replace(text, replacement, env.budget)
    env.budget.charge_text(len(text) + text.count(search) * len(replacement))
    return text.replace(search, replacement)


@function("replaceEmojiCharacters", 2)
def _replace_emoji(env: Environment, values: Sequence[Value]) -> Value:
    text, replacement = text_at(env, values, 0), text_at(env, values, 1)
    pieces = _EMOJI.split(text)
    env.budget.charge_text(len(text) + len(pieces) * len(replacement))
    return replacement.join(pieces)


@function("substring", 2, 3, expects=same_as_result)
def _substring(env: Environment, values: Sequence[Value]) -> Value:
    """``substring("Hello"; 1; 3)`` is "el"; a start behind the end is swapped with it, as in JavaScript."""
    text = text_at(env, values, 0)
    length = utf16.length(text)
    start = min(max(integer_at(values, 1), 0), length)
    end = min(max(integer_at(values, 2, length), 0), length)
    return utf16.substring(text, min(start, end), max(start, end))


@function("indexOf", 2, 3)
def _index_of(env: Environment, values: Sequence[Value]) -> Value:
    if is_array(values[0]):
        array = array_at(env, values, 0)
        env.budget.charge(len(array))
        found = (
            place for place, item in enumerate(array) if is_equal_within_budget(item, values[1], env.budget)
        )
        return next(found, -1)
    return utf16.find(text_at(env, values, 0), text_at(env, values, 1), max(integer_at(values, 2, 0), 0))


@function("contains", 2)
def _contains(env: Environment, values: Sequence[Value]) -> Value:
    """True if a text has another in it, case-sensitive, or an array has an item."""
    if is_array(values[0]):
        array = array_at(env, values, 0)
        env.budget.charge(len(array))
        return any(is_equal_within_budget(item, values[1], env.budget) for item in array)
    return text_at(env, values, 1) in text_at(env, values, 0)


@function("split", 1, 2)
def _split(env: Environment, values: Sequence[Value]) -> Value:
    """Without a separator the whole text is the only item; an empty one splits into characters, as in JavaScript."""
    text, separator = text_at(env, values, 0), text_at(env, values, 1)
    if argument_at(values, 1) is None:
        return [text]
    env.budget.charge_items(text.count(separator) if separator else 2 * len(text))
    return text.split(separator) if separator else utf16.split_units(text)


@function("toString", 1, expects=same_as_result)
def _to_string(env: Environment, values: Sequence[Value]) -> Value:
    """Converts to text; a collection does not become JSON, nor does an array of them (seen by practitioners)."""
    value = values[0]
    if isinstance(value, Mapping):
        return "{object}"
    if is_array(value) and any(isinstance(item, Mapping) for item in value):
        env.budget.charge_items(len(value))
        texts = ("{object}" if isinstance(item, Mapping) else as_text(item) for item in value)
        return f"[{','.join(texts)}]"
    return text_at(env, values, 0)


@function("ascii", 1, 2, expects=same_as_result)
def _ascii(env: Environment, values: Sequence[Value]) -> Value:
    """Removes characters outside of ASCII, after their accents if the second argument is true."""
    text = text_at(env, values, 0)
    if argument_at(values, 1) in (True, "true"):
        text = unicodedata.normalize("NFKD", text)
        env.budget.charge_text(len(text))
    return text.encode("ascii", "ignore").decode()
