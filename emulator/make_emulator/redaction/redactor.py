"""Traversal of JSON that replaces secrets, for all profiles of redaction.

A profile is a subclass: it says which names are secret, how a text is masked, and which values under a secret name stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from .rules import MASK


class Redactor:
    """Base of the profiles; one that is not overridden masks nothing."""

    def redact(self, value: Any, *, path: str = "", parent: str = "") -> Any:
        """Returns a copy of JSON without secrets.

        Args:
            path: where the value stands, e.g. ``flow[0].mapper.headers[1].value``.
            parent: the name of the member that holds the value, or the list it is an item of.
        """
        if isinstance(value, Mapping):
            pair = self.secret_pair_member(value, parent)
            copy: dict[str, Any] = {}
            for name, item in value.items():
                here = f"{path}.{name}" if path else str(name)
                secret = name in pair or self.is_secret_name(str(name))
                copy[name] = (
                    self._redact_all(item, here) if secret else self.redact(item, path=here, parent=str(name))
                )
            return copy
        if isinstance(value, list):
            return [
                self.redact(item, path=f"{path}[{index}]", parent=parent) for index, item in enumerate(value)
            ]
        if not isinstance(value, str):
            return value
        masked = self.redact_text(value)
        if masked != value:
            self.on_masked(path)
        return masked

    def _redact_all(self, value: Any, path: str) -> Any:
        """Masks every value under the name of a secret."""
        if isinstance(value, Mapping):
            return {
                name: item if self.keeps_member(str(name)) else self._redact_all(item, f"{path}.{name}")
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self._redact_all(item, f"{path}[{index}]") for index, item in enumerate(value)]
        if value == MASK or self.keeps_value(value):
            return value
        self.on_masked(path)
        return MASK

    def redact_json_text(self, text: str) -> str | None:
        """Redacts a text that is JSON, as blueprints are; returns ``None`` for any other text."""
        if text[:1] not in ("{", "["):
            return None
        try:
            held = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        redacted = self.redact(held)
        return text if redacted == held else orjson.dumps(redacted).decode()

    # --- profile ---------------------------------------------------------------------------------------

    def is_secret_name(self, name: str) -> bool:
        """Returns whether everything under a name is secret."""
        return False

    def secret_pair_member(self, pair: Mapping[str, Any], parent: str) -> tuple[str, ...]:
        """Returns the members of a name-value pair that hold a secret: headers and form fields come as such pairs."""
        return ()

    def redact_text(self, text: str) -> str:
        """Masks the secrets within a text."""
        return text

    def keeps_value(self, value: Any) -> bool:
        """Returns whether a value stays although its name is secret."""
        return value is None or isinstance(value, bool)

    def keeps_member(self, name: str) -> bool:
        """Returns whether a member of an object under a secret name stays."""
        return False

    def on_masked(self, path: str) -> None:
        """Called for each replaced value, with its path."""
