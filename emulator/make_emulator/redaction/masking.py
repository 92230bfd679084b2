"""Redaction of output that is shown: request log, traces, pages, archives. It masks in doubt."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl

import orjson

from ..json_types import Json
from .redactor import Redactor
from .rules import MASK, SECRET_QUERY_PARAMETER, USERINFO, is_secret_name, mask_secret_forms

__all__ = [
    "MASK",
    "format_query",
    "is_secret_name",
    "mask",
    "mask_all",
    "mask_body",
    "mask_field_values",
    "mask_object",
    "mask_query",
    "mask_text",
    "mask_texts",
]

#: A name and its value in JSON that was cut off, plain or inside of a string that itself holds JSON.
_JSON_PAIRS = (
    re.compile(r'(?P<name>"(?:[^"\\]|\\.){0,100}"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|-?[0-9][0-9.eE+-]*)'),
    re.compile(r'(?P<name>\\"[^"\\]{0,100}\\"\s*:\s*)(?:\\"(?:[^"]|(?<=\\\\\\)")*"?|-?[0-9][0-9.eE+-]*)'),
)
#: The rest of a secret that the cut may have left.
_TRUNCATED_TAIL = re.compile(r"[^\s\"',:{}\[\]]{1,64}\Z")
_FORM_BODY = re.compile(rb"[^\s=&{}\[\]\"]+=[^\s{}\[\]\"]*")


class _OutputRedactor(Redactor):
    """Masks every text and number under a secret name, and whatever has the form of a secret."""

    def is_secret_name(self, name: str) -> bool:
        return is_secret_name(name)

    def secret_pair_member(self, pair: Mapping[str, Json], parent: str) -> tuple[str, ...]:
        if "value" in pair:
            for key in ("name", "key"):
                name = pair.get(key)
                if isinstance(name, str) and is_secret_name(name):
                    return ("value",)
        return ()

    def redact_text(self, text: str) -> str:
        redacted = self.redact_json_text(text)
        return mask_text(text) if redacted is None else redacted


_redactor = _OutputRedactor()


def mask(value: Json) -> Json:
    """Returns a copy of JSON in which every secret, by its name or its form, is `MASK`."""
    return _redactor.redact(value)


def mask_object(value: Mapping[str, Json]) -> dict[str, Json]:
    """Returns a copy of a JSON object without secrets, see `mask`."""
    return _redactor.redact_object(value)


def mask_text(text: str) -> str:
    """Returns a text in which everything that has the form of a secret is `MASK`."""
    if "?" in text and "=" in text:
        text = SECRET_QUERY_PARAMETER.sub(rf"\g<before>{MASK}", text)
    if "://" in text and "@" in text:
        text = USERINFO.sub(MASK, text)
    return mask_secret_forms(text)


def mask_texts(value: dict[str, Json], secrets: Collection[str]) -> dict[str, Json]:
    """Returns a copy of a JSON object in which every occurrence of the given texts is `MASK`, within other texts too."""
    if not secrets:
        return value
    pattern = re.compile("|".join(sorted(map(re.escape, secrets), key=len, reverse=True)))
    masked: dict[str, Json] = orjson.loads(pattern.sub(MASK, orjson.dumps(value).decode()))
    return masked


def mask_query(query: str) -> dict[str, Json]:
    """Returns the parameters of a query or a form; a repeated name has a list of its values."""
    values: dict[str, list[str]] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(text)
    return mask_object({name: texts[0] if len(texts) == 1 else texts for name, texts in values.items()})


def format_query(query: str) -> str:
    """Returns a query decoded for reading, without secrets."""
    pairs = ((name, item) for name, value in mask_query(query).items() for item in _as_list(value))
    return "&".join(f"{name}={item}" for name, item in pairs)


def _as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def mask_body(body: bytes, *, cut: bool) -> Json:
    """Returns a body without secrets: JSON and forms as objects, any other as text.

    Args:
        cut: whether the body is only the start of a longer one.
    """
    if not body:
        return None
    if cut:
        text = _TRUNCATED_TAIL.sub("", body.decode(errors="replace"))
        for pairs in _JSON_PAIRS:
            text = pairs.sub(_mask_pair, text)
        return f"(the first {len(body)} bytes) " + mask_text(text)
    try:
        return mask(orjson.loads(body))
    except orjson.JSONDecodeError:
        text = body.decode(errors="replace")
    return mask_query(text) if _FORM_BODY.fullmatch(body) else mask_text(text)


def mask_field_values(body: bytes) -> bytes:
    """Returns a body of which only the names of its fields may be kept, as JSON with every value masked."""
    try:
        held = orjson.loads(body)
    except orjson.JSONDecodeError:
        return b""
    return orjson.dumps(dict.fromkeys(held, MASK)) if isinstance(held, dict) else b""


def mask_all(value: Json) -> Json:
    """Returns a copy of JSON in which every value except ``null`` is `MASK`; names stay."""
    if isinstance(value, Mapping):
        return {name: mask_all(item) for name, item in value.items()}
    if isinstance(value, list):
        return [mask_all(item) for item in value]
    return value if value is None else MASK


def _mask_pair(pair: re.Match[str]) -> str:
    return pair["name"] + MASK if is_secret_name(pair["name"].rstrip(': \t\r\n\\"')) else pair[0]
