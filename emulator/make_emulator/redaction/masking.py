"""Secrets, blotted out: by the names under which they stand and by the forms that they have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

MASK = "********"

_SECRET_NAME = re.compile(
    r"pass(word|phrase|wd)?$|pwd|secret|token|(api|access|private|auth|encryption)[-_ ]?key|credential"
    r"|authori[sz]ation|cookie|bearer|signature|(^|[-_ ])auth$|^udid$",
    re.IGNORECASE,
)
#: Tokens of the API, what follows the word of an Authorization header, and the names of hooks in addresses.
_SECRET_PATTERN = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b"
    r"|\b(bearer|basic)\s+[^\s\"']+|\btoken\s+[^\s\"']{16,}"
    r"|(?<=/hook/)[0-9a-z]{32}\b|\b[0-9a-z]{32}(?=@hook\.)|(?<=//hook\.eu[12]\.make\.com/)[0-9a-z]{32}\b",
    re.IGNORECASE,
)
#: A parameter of an address within a text.
_SECRET_PARAMETER = re.compile(
    r"(?P<name>[?&][\w.-]{0,40}(?:token|secret|password|passwd|pwd|signature|api[-_]?key|access[-_]?key)[\w.-]{0,40}=)"
    r"[^\s&#\"'\\]+",
    re.IGNORECASE,
)
#: In JSON that was cut off: a name and its value, plain or inside of a string that itself holds JSON.
_JSON_PAIRS = (
    re.compile(r'(?P<name>"(?:[^"\\]|\\.){0,100}"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|-?[0-9][0-9.eE+-]*)'),
    re.compile(r'(?P<name>\\"[^"\\]{0,100}\\"\s*:\s*)(?:\\"(?:[^"]|(?<=\\\\\\)")*"?|-?[0-9][0-9.eE+-]*)'),
)
#: What the cut may have left of a secret.
_TRUNCATED_TAIL = re.compile(r"[^\s\"',:{}\[\]]{1,64}\Z")
_FORM_BODY = re.compile(rb"[^\s=&{}\[\]\"]+=[^\s{}\[\]\"]*")


def is_secret_name(name: str) -> bool:
    """Whether what stands under a name is a secret, going by the name."""
    return _SECRET_NAME.search(name) is not None


def mask(value: Any) -> Any:
    """A copy of JSON in which what looks like a secret, by its name or its form, is blotted out."""
    if isinstance(value, Mapping):
        masked = {
            name: _mask_all(item) if is_secret_name(str(name)) else mask(item) for name, item in value.items()
        }
        for name in ("name", "key"):
            # Headers and form fields often come as pairs of a name and a value.
            if "value" in masked and isinstance(value.get(name), str) and is_secret_name(value[name]):
                masked["value"] = _mask_all(value["value"])
        return masked
    if isinstance(value, list):
        return [mask(item) for item in value]
    return _mask_string(value) if isinstance(value, str) else value


def mask_text(text: str) -> str:
    """A text in which what has the form of a secret is blotted out."""
    if "?" in text and "=" in text:
        text = _SECRET_PARAMETER.sub(rf"\g<name>{MASK}", text)
    return _SECRET_PATTERN.sub(MASK, text)


def mask_query(query: str) -> dict[str, Any]:
    """The parameters of a query or a form; a name that repeats has a list of its values."""
    values: dict[str, list[str]] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(text)
    flat = {name: texts[0] if len(texts) == 1 else texts for name, texts in values.items()}
    masked: dict[str, Any] = mask(flat)
    return masked


def format_query(query: str) -> str:
    """A query as people read it: decoded, without secrets."""
    pairs = ((name, item) for name, value in mask_query(query).items() for item in _as_list(value))
    return "&".join(f"{name}={item}" for name, item in pairs)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def mask_body(body: bytes, *, cut: bool) -> Any:
    """A body as it may be shown: JSON and forms as objects, anything else as text."""
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
    """A body of which only the names of its fields may be kept: as JSON, with every value blotted out."""
    try:
        held = orjson.loads(body)
    except orjson.JSONDecodeError:
        return b""
    return orjson.dumps(dict.fromkeys(held, MASK)) if isinstance(held, dict) else b""


def _mask_all(value: Any) -> Any:
    """Whatever stands under the name of a secret: every text and number in it."""
    if isinstance(value, Mapping):
        return {name: _mask_all(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_mask_all(item) for item in value]
    return value if value is None or isinstance(value, bool) else MASK


def _mask_string(text: str) -> str:
    """A string may hold JSON, as blueprints do."""
    if text[:1] in ("{", "["):
        try:
            held = orjson.loads(text)
        except orjson.JSONDecodeError:
            return mask_text(text)
        masked = mask(held)
        return text if masked == held else orjson.dumps(masked).decode()
    return mask_text(text)


def _mask_pair(pair: re.Match[str]) -> str:
    return pair["name"] + MASK if is_secret_name(pair["name"].rstrip(': \t\r\n\\"')) else pair[0]
