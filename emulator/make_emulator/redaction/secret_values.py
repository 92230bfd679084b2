"""Secrets of a world that are recognized by value, wherever they occur: tokens, udids, credentials."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, quote_plus

import orjson

from .rules import MASK

#: The least length of a value that is masked within texts, and of one that is masked where it is the whole text.
MIN_LENGTH, MIN_WHOLE_LENGTH = 6, 3

# Tokens and udids, of which a world may have thousands, are looked up in a set; every other value is searched for.
_KEY = re.compile(r"[0-9A-Za-z-]{32}(?:[0-9A-Za-z-]{4})?")
_KEY_RUN = re.compile(r"[0-9A-Za-z-]{32,}")
_KEY_LENGTHS = (36, 32)
#: The number of keys up to which each is searched for, which takes less time than the look-up of every run.
_FEW_KEYS = 200

#: Characters that have another form within JSON.
_ESCAPED = re.compile(r"[\x00-\x1f\"\\\x7f]")


class SecretValues:
    """Set of secret texts.

    Args:
        texts: the texts; those are ignored that are so short that test data have them too.
        passwords: texts that are secret although they may be short: a short one is masked where it is the whole text.
    """

    __slots__ = ("_keys", "_texts", "_whole")

    def __init__(self, texts: Iterable[str] = (), passwords: Iterable[str] = ()) -> None:
        passwords = frozenset(passwords)
        values = {text for text in (*texts, *passwords) if len(text) >= MIN_LENGTH and not _is_masked(text)}
        self._keys = frozenset(text for text in values if _KEY.fullmatch(text))
        forms = {form for text in values - self._keys for form in _written_forms(text)}
        # The longest first: a value may contain another one.
        self._texts = tuple(sorted(forms, key=lambda text: (-len(text), text)))
        self._whole = frozenset(
            text for text in passwords if MIN_WHOLE_LENGTH <= len(text) < MIN_LENGTH and not _is_masked(text)
        )

    def __bool__(self) -> bool:
        return bool(self._keys or self._texts or self._whole)

    def __or__(self, other: SecretValues) -> SecretValues:
        if not other:
            return self
        if not self:
            return other
        return self._of(
            self._keys | other._keys,
            tuple(sorted({*self._texts, *other._texts}, key=lambda text: (-len(text), text))),
            self._whole | other._whole,
        )

    @classmethod
    def _of(cls, keys: frozenset[str], texts: tuple[str, ...], whole: frozenset[str]) -> SecretValues:
        values = cls.__new__(cls)
        values._keys, values._texts, values._whole = keys, texts, whole
        return values

    def occurring_in(self, value: Any) -> SecretValues:
        """Returns those that JSON may contain: searching all of it at once is faster than text by text."""
        if not self:
            return self
        try:
            document = orjson.dumps(value, default=_unfrozen, option=orjson.OPT_NON_STR_KEYS).decode()
        except TypeError:
            return self  # not representable, such as half of a surrogate pair
        if len(self._keys) <= _FEW_KEYS:
            keys = frozenset(key for key in self._keys if key in document)
        else:
            keys = frozenset(key for run in _KEY_RUN.findall(document) for key in self._keys_in(run))
        texts = tuple(text for text in self._texts if text in document or _ESCAPED.search(text))
        whole = frozenset(text for text in self._whole if text in document or _ESCAPED.search(text))
        return self._of(keys, texts, whole) if keys or texts or whole else NO_SECRETS

    def mask(self, text: str, stand_in: Callable[[str], str] | None = None) -> str:
        """Returns a text in which every occurrence of a secret is `MASK`.

        Args:
            stand_in: the mask of a token or udid, where they have different ones.
        """
        if text in self._whole:
            return MASK
        if self._keys and len(text) >= _KEY_LENGTHS[-1]:
            text = _KEY_RUN.sub(lambda match: self._mask_run(match[0], stand_in), text)
        for secret in self._texts:
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    def mask_cut(self, text: str) -> str:
        """Returns the start of a longer text without secrets, nor the start of one at its end."""
        text = self.mask(text)
        for secret in (*self._keys, *self._texts):
            tail = text[-len(secret) :]
            at = tail.find(secret[:MIN_LENGTH])
            while at >= 0:
                if secret.startswith(tail[at:]):
                    return text[: len(text) - len(tail) + at] + MASK
                at = tail.find(secret[:MIN_LENGTH], at + 1)
        return text

    def _mask_run(self, run: str, stand_in: Callable[[str], str] | None) -> str:
        for key in self._keys_in(run):
            run = run.replace(key, MASK if stand_in is None else stand_in(key))
        return run

    def _keys_in(self, run: str) -> list[str]:
        """Returns the keys within a run of their characters, which may be longer than they are."""
        if run in self._keys:
            return [run]
        if len(self._keys) < len(run):
            return [key for key in self._keys if key in run]
        return [
            key
            for length in _KEY_LENGTHS
            for start in range(len(run) - length + 1)
            if (key := run[start : start + length]) in self._keys
        ]


#: Nothing that is recognized by value.
NO_SECRETS = SecretValues()


def _is_masked(text: str) -> bool:
    return not text.strip("*")


def _written_forms(text: str) -> set[str]:
    """Returns a text as it is, within a URL and a form, and within JSON."""
    if not text.isascii() and text.encode(errors="ignore").decode() != text:
        return {text}  # half of a surrogate pair has no other form
    return {text, quote(text, safe=""), quote(text), quote_plus(text), orjson.dumps(text).decode()[1:-1]}


def _unfrozen(value: Any) -> Any:
    """Returns a frozen object or sequence as one that has a form in JSON."""
    if hasattr(value, "items"):
        return dict(value.items())
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not serializable as JSON")
