"""Masks what people typed into scenarios and records and should not leave the zone: keys, passwords, tokens.

Three things give a secret away: the name under which it stands (``password``, the value of a header ``X-Api-Key``), its
place in an address (``https://user:pass@…``, ``?api_key=…``), and its form (``sk-…``, ``xoxb-…``, a JWT). References
such as ``{{3.token}}`` are no secrets, and numbers, flags and times are left alone, so that a scenario still does what it did.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from .masking import MASK, is_secret_name

#: Names that tell of a secret only where parameters and headers are told, beside those that always do.
_SECRET_PARAMETER_NAME = re.compile(r"(^|[-_ ])(key|code|sig|appid|pat)$|key$", re.IGNORECASE)
#: Lists of pairs in which such names stand.
_PAIR_LISTS = frozenset(
    ["headers", "qs", "queryString", "queryParameters", "formDataFields", "inputFields", "variables"]
)
#: Names that hold a word of the above and count or describe instead.
_HARMLESS_NAME = re.compile(
    r"(max|min|num|count|total|limit|used|output|input|prompt|completion)[-_ a-z]*tokens?$"
    r"|(token|secret|password|cookie|key)[-_ ]?s?[-_ ]?(type|count|limit|used|name|id|url|uri|chain|expir\w*|lifetime|length)$"
    r"|^(page|next|prev|continuation|sync|cursor)[-_ ]?(page)?[-_ ]?token$",
    re.IGNORECASE,
)
#: Texts that are no secret wherever they stand: a mapping, a flag, a time, a mere scheme.
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_HARMLESS_VALUE = re.compile(
    r"\s*(?:(?:bearer|basic|token|apikey|api-key|digest)\b\s*)?(?:true|false|null|\d{4}-\d\d-\d\d[T\d:.Z+-]*)?\s*",
    re.IGNORECASE,
)

#: Keys that the services give a form by which anybody knows them.
_KEY_FORMATS = re.compile(
    r"\b(?:sk|pk|rk)[-_](?:live[-_]|test[-_]|proj[-_]|ant[-_]|or[-_])?[A-Za-z0-9_-]{16,}"
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-[A-Za-z0-9-]{10,}"
    r"|\b(?:gh[opsru]_|github_pat_|glpat-|shp(?:at|ca|pa|ss)_|dop_v1_|npm_|hf_|SG\.|ntn_|secret_)[A-Za-z0-9_.-]{16,}"
    r"|\bpat[A-Za-z0-9]{14}\.[0-9a-f]{64}\b|\bpat-[a-z0-9]+-[0-9a-f-]{36}\b"
    r"|\bA(?:KIA|SIA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{35}|\bya29\.[A-Za-z0-9_-]{20,}|\bEAA[A-Za-z0-9]{40,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<=\bBearer )[A-Za-z0-9._~+/=-]{8,}|(?<=\bBasic )[A-Za-z0-9+/=]{8,}"
    r"|(?<=/bot)\d{6,}:[A-Za-z0-9_-]{30,}"
    r"|(?<=hooks\.slack\.com/services/)[A-Za-z0-9/]{20,}|(?<=/api/webhooks/)\d+/[A-Za-z0-9_-]{20,}"
    r"|(?<=make\.com/)[0-9a-z]{32}\b|(?<=integromat\.com/)[0-9a-z]{32}\b|\b[0-9a-z]{32}(?=@hook\.)"
    r"|(?<=/hook/)[0-9a-z]{32}\b"
)
#: The user and the password of an address; what follows a name in a query, a form, or JSON that holds references.
_USERINFO = re.compile(r"(?<=://)([^\s/@?#'\"<>]+)(?=@)")
_QUERY_PARAMETER = re.compile(
    r"(?P<before>(?:^|[?&;])(?P<name>[A-Za-z0-9_.\-\[\]]{1,60})=)(?P<value>[^&\s#\"'<>]+)"
)
_JSON_MEMBER = re.compile(
    r"(?P<before>\"(?P<name>[A-Za-z0-9_. -]{1,60})\"\s*:\s*\")(?P<value>(?:[^\"\\]|\\.)+)(?=\")"
)


class MaskedValue(NamedTuple):
    """Where something was masked: in which step of a pull, and where in it, e.g. ``flow[0].mapper.headers[1].value``."""

    step: str
    where: str


class Masker:
    """Masks secrets.

    Args:
        own: texts that are secret whatever they look like, such as the token of the pull itself.
    """

    def __init__(self, *own: str) -> None:
        self._known_secrets = tuple(text for text in own if text)

    def mask(self, step: str, value: Any) -> tuple[Any, list[MaskedValue]]:
        """A copy of JSON without secrets, and where they were."""
        found: list[MaskedValue] = []
        return self._value(value, "", "", found, step), found

    def _value(self, value: Any, where: str, within: str, found: list[MaskedValue], step: str) -> Any:
        if isinstance(value, Mapping):
            return self._object(value, where, within, found, step)
        if isinstance(value, list):
            return [
                self._value(item, f"{where}[{place}]", within, found, step)
                for place, item in enumerate(value)
            ]
        if not isinstance(value, str):
            return value
        masked = self.text(value)
        if masked != value:
            found.append(MaskedValue(step, where))
        return masked

    def _object(
        self, value: Mapping[str, Any], where: str, within: str, found: list[MaskedValue], step: str
    ) -> dict[str, Any]:
        copy: dict[str, Any] = {}
        for name, item in value.items():
            here = f"{where}.{name}" if where else str(name)
            if _is_secret_name(str(name)) or (
                name in ("value", "default") and _is_pair_secret(value, within)
            ):
                copy[name] = self._mask_all(item, here, found, step)
            else:
                copy[name] = self._value(item, here, str(name), found, step)
        return copy

    def _mask_all(self, value: Any, where: str, found: list[MaskedValue], step: str) -> Any:
        """What stands under the name of a secret: every text in it, but for references and the like."""
        if isinstance(value, Mapping):
            return {
                name: item if name == "mode" else self._mask_all(item, f"{where}.{name}", found, step)
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [
                self._mask_all(item, f"{where}[{place}]", found, step) for place, item in enumerate(value)
            ]
        if not isinstance(value, str) or value == MASK or _is_harmless(value):
            return value
        found.append(MaskedValue(step, where))
        return MASK

    def text(self, text: str) -> str:
        """A text without what has the form or the place of a secret."""
        for own in self._known_secrets:
            text = text.replace(own, MASK)
        if text[:1] in ("{", "["):
            try:
                held = orjson.loads(text)
            except orjson.JSONDecodeError:
                pass
            else:
                masked, found = self.mask("", held)
                return orjson.dumps(masked).decode() if found else text
        if "://" in text:
            text = _USERINFO.sub(_mask_userinfo, text)
        if "=" in text:
            text = _QUERY_PARAMETER.sub(lambda match: _mask_named_value(match, in_query=True), text)
        if '"' in text:
            text = _JSON_MEMBER.sub(lambda match: _mask_named_value(match, in_query=False), text)
        return _KEY_FORMATS.sub(MASK, text)


def _is_secret_name(name: str) -> bool:
    return is_secret_name(name) and not _HARMLESS_NAME.search(name)


def _is_pair_secret(pair: Mapping[str, Any], within: str) -> bool:
    """Whether a pair of a name and a value, as headers and parameters come, holds a secret."""
    for key in ("name", "key"):
        name = pair.get(key)
        if isinstance(name, str) and (
            _is_secret_name(name) or (within in _PAIR_LISTS and _SECRET_PARAMETER_NAME.search(name))
        ):
            return True
    return False


def _is_harmless(text: str) -> bool:
    return _HARMLESS_VALUE.fullmatch(_EXPRESSION.sub("", text)) is not None


def _mask_userinfo(match: re.Match[str]) -> str:
    return match[0] if _is_harmless(match[0].replace(":", "")) else MASK


def _mask_named_value(match: re.Match[str], *, in_query: bool) -> str:
    secret = _is_secret_name(match["name"]) or (in_query and _SECRET_PARAMETER_NAME.search(match["name"]))
    if not secret or match["value"] == MASK or _is_harmless(match["value"]):
        return match[0]
    return match["before"] + MASK
