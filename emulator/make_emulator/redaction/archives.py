"""Redaction of HTTP archives that are replayed: equal secrets get equal masks, such as ``********-3``.

Tokens and addresses of webhooks that one answer introduces are recognized in later requests although they are masked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .blueprints import DocumentRedactor
from .rules import FORM_FIELD, MASK, is_secret_name

_NUMBERED_MASK = re.compile(rf"{re.escape(MASK)}-([0-9]+)")
_SCHEME = re.compile(r"(?:bearer|basic|token|digest)\s+", re.IGNORECASE)

#: Paths in bodies of the API of rows about secrets, of which only what is a secret by its own name is masked.
_ROWS = frozenset(
    {"apiToken", "apiTokens", "authorization", "credential", "credentials", "requestDetail.credentials"}
)
#: What Make shows in place of the rest of a token.
_PARTIAL_MASK = "-****"

#: The least length of a secret that is masked wherever it occurs; test data may have a shorter one by chance.
_MIN_LENGTH = 16


_UNNUMBERED_MASK = re.compile(rf"{re.escape(MASK)}(?!-[0-9])")


def has_unnumbered_mask(text: str) -> bool:
    """Returns true if a text has a mask that does not show which secret it stands for."""
    return _UNNUMBERED_MASK.search(text) is not None


class Pseudonyms:
    """Numbered masks of the secrets of one archive.

    Args:
        text: the archive, whose masks keep their numbers if it was masked before.
    """

    def __init__(self, text: str = "") -> None:
        self._last = max((int(match[1]) for match in _NUMBERED_MASK.finditer(text)), default=0)
        self._masks: dict[str, str] = {}

    def mask(self, secret: str) -> str:
        """Returns the mask of a secret; the name of a scheme before it, such as ``Token``, stays."""
        scheme = _SCHEME.match(secret)
        start = scheme.end() if scheme else 0
        value = secret[start:]
        if not value.strip("*") or _NUMBERED_MASK.fullmatch(value):
            return secret
        if value not in self._masks:
            self._last += 1
            self._masks[value] = f"{MASK}-{self._last}"
        return secret[:start] + self._masks[value]

    def mask_known(self, text: str) -> str:
        """Returns a text in which every secret that has a mask is replaced, whatever it stands under."""
        for secret, mask in self._masks.items():
            if len(secret) >= _MIN_LENGTH and secret in text:
                text = text.replace(secret, mask)
        return text


class ArchiveRedactor(DocumentRedactor):
    """Profile for the requests and responses of an archive."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        super().__init__(())
        self._pseudonyms = pseudonyms

    def nested(self) -> ArchiveRedactor:
        return self

    def stand_in(self, secret: str) -> str:
        return self._pseudonyms.mask(secret)

    def redact_text(self, text: str) -> str:
        try:
            redacted = super().redact_text(self._pseudonyms.mask_known(text))
        except RecursionError:
            return MASK  # nested too deeply to be read
        return FORM_FIELD.sub(self._mask_form_field, redacted) if "form-data" in redacted else redacted

    def redact_headers(self, headers: list[Mapping[str, str]]) -> list[Mapping[str, str]]:
        """Returns headers, each an object with name and value, without secrets."""
        masked: list[Mapping[str, str]] = self.redact(headers, parent="headers")
        return masked

    def keeps_value(self, value: Any) -> bool:
        # Make shows the beginning of a token, such as 11111111-****.
        return super().keeps_value(value) or (isinstance(value, str) and _PARTIAL_MASK in value)

    def _redact_all(self, value: Any, path: str) -> Any:
        if path in _ROWS and _holds_rows(value):
            return self.redact(value, path=path)
        # A number stays one, so that the request is as valid as it was.
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return 0
        return super()._redact_all(value, path)

    def _mask_form_field(self, match: re.Match[str]) -> str:
        return self._mask_match(match) if is_secret_name(match["name"]) else match[0]


def _holds_rows(value: Any) -> bool:
    """Returns true for an object, or a list of objects."""
    rows = value if isinstance(value, list) else [value]
    return all(isinstance(row, Mapping) for row in rows)
