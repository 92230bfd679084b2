"""Redaction of what is run again: scenarios and records read from a real zone, and differences between seeds.

References such as ``{{3.token}}`` are no secrets, and numbers, flags and times stay, so that a scenario still works.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .redactor import Redactor
from .rules import (
    JSON_MEMBER,
    MASK,
    PARAMETER_LISTS,
    QUERY_PARAMETER,
    USERINFO,
    is_harmless,
    is_placeholder,
    is_secret_name,
    is_secret_parameter,
    mask_credential_forms,
    parameter_name,
)

#: Lists of name-value pairs whose names are judged as those of parameters: a mask in doubt is listed for the user.
_PARAMETER_LISTS = PARAMETER_LISTS | {"formDataFields", "inputFields", "variables"}

#: The URL of a webhook or mailhook of Make.
_MAKE_HOOK = re.compile(r"https?://hook\.[\w.-]+/[0-9a-z]{32}\b|\b[0-9a-z]{32}@hook\.[\w.-]+", re.IGNORECASE)
#: What follows the scheme of an Authorization header, or stands for the secret in the URL of a webhook.
_SCHEME_AND_VALUE = re.compile(r"(?:\b(?:Bearer|Basic) |/api/webhooks/\d+/)([^\s\"'{}/?]+)")


class MaskedValue(NamedTuple):
    """Location of a masked value: a step of a pull, and the path in it, e.g. ``flow[0].mapper.headers[1].value``."""

    step: str
    where: str


class Masker:
    """Redactor for documents that have to keep working.

    Args:
        own: texts that are secret whatever their form, such as the token of the pull itself.
    """

    def __init__(self, *own: str) -> None:
        self._own = tuple(text for text in own if text)

    def mask(self, step: str, value: Any) -> tuple[Any, list[MaskedValue]]:
        """Returns a copy of JSON without secrets, and the locations of the masked values."""
        redactor = DocumentRedactor(self._own)
        masked = redactor.redact(value)
        return masked, [MaskedValue(step, path) for path in redactor.masked_paths]

    def text(self, text: str) -> str:
        """Returns a text without what has the form or the place of a secret."""
        return DocumentRedactor(self._own).redact_text(text)


def find_secrets(value: Any, path: str) -> list[str]:
    """Returns the paths of the secrets in JSON, below the path of it.

    Placeholders such as ``YOUR_API_KEY``, the webhooks of Make, which are passed on as links, and public addresses of a
    blockchain are no secrets here.
    """
    finder = _SecretFinder(())
    finder.redact(value, path=path, parent=path)
    return finder.masked_paths


class DocumentRedactor(Redactor):
    """Profile of redaction for documents that have to keep working; ``masked_paths`` are those of the masked values."""

    tracks_paths = True

    def __init__(self, own: tuple[str, ...]) -> None:
        self.masked_paths: list[str] = []
        self._own = own

    def is_secret_name(self, name: str) -> bool:
        return is_secret_name(name)

    def secret_pair_member(self, pair: Mapping[str, Any], parent: str) -> tuple[str, ...]:
        is_secret = is_secret_parameter if parent in _PARAMETER_LISTS else is_secret_name
        for key in ("name", "key"):
            name = pair.get(key)
            if isinstance(name, str) and is_secret(name):
                return ("value", "default")
        return ()

    def redact_text(self, text: str) -> str:
        for own in self._own:
            text = text.replace(own, MASK)
        redacted = self.nested().redact_json_text(text)
        if redacted is not None:
            return redacted
        if "://" in text:
            text = USERINFO.sub(self._mask_userinfo, text)
        if "=" in text:
            text = QUERY_PARAMETER.sub(self._mask_parameter, text)
        if '"' in text:
            text = JSON_MEMBER.sub(self._mask_member, text)
        return mask_credential_forms(text, stand_in=self.stand_in)

    def nested(self) -> DocumentRedactor:
        """Returns a redactor for JSON within a text, whose paths are not those of the document."""
        return type(self)(self._own)

    def keeps_value(self, value: Any) -> bool:
        return not isinstance(value, str) or self.is_harmless(value)

    def is_harmless(self, text: str) -> bool:
        """Returns whether a text stays although its name or place is that of a secret."""
        return is_harmless(text)

    def keeps_member(self, name: str) -> bool:
        return name == "mode"

    def on_masked(self, path: str) -> None:
        self.masked_paths.append(path)

    def _mask_userinfo(self, match: re.Match[str]) -> str:
        return match[0] if self.is_harmless(match[0].replace(":", "")) else self.stand_in(match[0])

    def _mask_parameter(self, match: re.Match[str]) -> str:
        return self._mask_match(match) if is_secret_parameter(parameter_name(match)) else match[0]

    def _mask_member(self, match: re.Match[str]) -> str:
        return self._mask_match(match) if is_secret_name(match["name"]) else match[0]

    def _mask_match(self, match: re.Match[str]) -> str:
        value = match["value"]
        return (
            match[0] if value == MASK or self.is_harmless(value) else match["before"] + self.stand_in(value)
        )


class _SecretFinder(DocumentRedactor):
    """Redactor that leaves what only stands where a secret is to stand."""

    def redact_text(self, text: str) -> str:
        plain = _SCHEME_AND_VALUE.sub(self._drop_placeholder, _MAKE_HOOK.sub("", text))
        return text if super().redact_text(plain) == plain else MASK

    def is_harmless(self, text: str) -> bool:
        return is_harmless(text) or is_placeholder(text)

    def _drop_placeholder(self, match: re.Match[str]) -> str:
        return "" if is_placeholder(match[1]) else match[0]
