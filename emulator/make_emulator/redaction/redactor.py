"""Traversal of JSON that replaces secrets, for all profiles of redaction.

A profile is a subclass: it says which names are secret, how a text is masked, and which values under a secret name stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from .rules import MASK, PARAMETER_LISTS


class Redactor:
    """Base of the profiles; one that is not overridden masks nothing."""

    #: Whether `on_masked` needs paths, which take time to build.
    tracks_paths = False
    #: Whether `redact_key` masks anything.
    redacts_keys = False

    def redact(self, value: Any, *, path: str = "", parent: str = "") -> Any:
        """Returns a copy of JSON without secrets.

        Args:
            path: where the value stands, e.g. ``flow[0].mapper.headers[1].value``.
            parent: the name of the member that holds the value, or the list it is an item of.
        """
        # The most frequent kinds first; checks against an abstract class are the slowest.
        if isinstance(value, str):
            masked = self.redact_text(value)
            if masked != value:
                self.on_masked(path)
            return masked
        if value is None or isinstance(value, (int, float)):
            return value
        if isinstance(value, list):
            if not self.tracks_paths:
                return [self.redact(item, parent=parent) for item in value]
            return [
                self.redact(item, path=f"{path}[{index}]", parent=parent) for index, item in enumerate(value)
            ]
        return self._redact_object(value, path, parent) if isinstance(value, Mapping) else value

    def _redact_object(self, value: Mapping[str, Any], path: str, parent: str) -> dict[str, Any]:
        pair = self.secret_pair_member(value, parent)
        # In a list of pairs, such as {"key": "Accept", "value": "*/*"}, "key" is no parameter.
        has_parameters = parent in PARAMETER_LISTS and not (
            "value" in value and value.keys() & {"key", "name"}
        )
        is_secret = self.is_secret_parameter if has_parameters else self.is_secret_name
        copy: dict[str, Any] = {}
        for name, item in value.items():
            text = str(name)
            here = self._join(path, text) if self.tracks_paths else ""
            key = self.redact_key(text) if self.redacts_keys else name
            if name in pair or is_secret(text):
                copy[key] = self._redact_all(item, here)
            else:
                copy[key] = self.redact(item, path=here, parent=text)
        return copy

    def _redact_all(self, value: Any, path: str) -> Any:
        """Masks every value under the name of a secret."""
        if isinstance(value, Mapping):
            return {
                name: item
                if self.keeps_member(str(name))
                else self._redact_all(item, self._join(path, str(name)))
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self._redact_all(item, f"{path}[{index}]") for index, item in enumerate(value)]
        if value == MASK or self.keeps_value(value):
            return value
        self.on_masked(path)
        return self.stand_in(value) if isinstance(value, str) else MASK

    def _join(self, path: str, name: str) -> str:
        if not self.tracks_paths:
            return ""
        return f"{path}.{name}" if path else name

    def redact_json_text(self, text: str) -> str | None:
        """Redacts a text that is JSON, as blueprints are; returns ``None`` for any other text."""
        if text[:1] not in ("{", "["):
            return None
        try:
            held = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        redacted = self.redact(held)
        if redacted == held:
            return text
        try:
            return orjson.dumps(redacted).decode()
        except TypeError:
            return MASK  # nested more deeply than can be written

    # --- profile ---------------------------------------------------------------------------------------

    def is_secret_name(self, name: str) -> bool:
        """Returns whether everything under a name is secret."""
        return False

    def is_secret_parameter(self, name: str) -> bool:
        """Returns whether everything under the name of a header or a parameter is secret."""
        return self.is_secret_name(name)

    def redact_key(self, name: str) -> str:
        """Masks the secrets within the name of a member."""
        return name

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

    def stand_in(self, secret: str) -> str:
        """Returns the mask of a secret text."""
        return MASK

    def on_masked(self, path: str) -> None:
        """Called for each replaced value, with its path."""
