"""Generator of deterministic identifiers: the same seed and the same calls yield the same ids."""

from __future__ import annotations

import random
import string
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from ..json_types import Json
from .slots import TAG_LENGTH, slot_of_name, tag

_UDID_ALPHABET = string.ascii_lowercase + string.digits

#: The generators' words have 32 bits; each choice of a character takes two.
_WORD_BITS = 32
_DIGITS_PER_WORD = _WORD_BITS // 4
_WORDS_PER_CHOICE = 2

#: The words that are skipped at once.
_SKIPPED_WORDS = 65_536


class IdGenerator:
    """Generator of the ids of one world.

    Numbers and hexadecimal keys follow from ``seed`` alone, so they are equal in two worlds of one seed.
    Keys by which a server looks up a world (tokens, hook udids) follow from ``salt``, the name of the world, too, so they differ; they
    begin with its slot.
    """

    __slots__ = ("_last", "_name_words", "_names", "_random", "_random_words", "_recorded", "_tag")

    def __init__(self, seed: int, salt: str) -> None:
        self.rename(salt)
        self._random = random.Random(f"ids:{seed}")
        self._names = random.Random(f"names:{seed}:{salt}")
        self._last: defaultdict[str, int] = defaultdict(int)
        self._random_words = 0
        self._name_words = 0
        self._recorded: list[str] | None = None

    def rename(self, name: str) -> None:
        """Begin look-up keys with the slot of another name from now on."""
        self._tag = tag(slot_of_name(name))

    def next(self, kind: str) -> int:
        """The next number of a kind of resource, counted from 1."""
        self._last[kind] += 1
        return self._last[kind]

    def reserve(self, kind: str, number: int) -> None:
        """Marks a number of a seed as used."""
        self._last[kind] = max(self._last[kind], number)

    def assign(self, kind: str, number: int | None = None) -> int:
        """The number of a seed, which is marked as used, or the next one."""
        if number is None:
            return self.next(kind)
        self.reserve(kind, number)
        return number

    def hex(self, digits: int) -> str:
        """Lower-case hexadecimal digits, e.g. 32 for an execution, 12 for a record key."""
        self._random_words += -(-digits // _DIGITS_PER_WORD)
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def uuid4(self) -> str:
        """A look-up key of the world in the form of an API token."""
        self._name_words += 128 // _WORD_BITS
        return self._tagged(str(uuid.UUID(int=self._names.getrandbits(128), version=4)))

    def udid(self) -> str:
        """A look-up key of the world in the form of a hook's udid: 32 characters of [a-z0-9]."""
        self._name_words += 32 * _WORDS_PER_CHOICE
        return self._tagged("".join(self._names.choices(_UDID_ALPHABET, k=32)))

    def _tagged(self, text: str) -> str:
        name = self._tag + text[TAG_LENGTH:]
        if self._recorded is not None:
            self._recorded.append(name)
        return name

    @contextmanager
    def recorded_names(self) -> Iterator[list[str]]:
        """Records the look-up keys that are yielded meanwhile."""
        names: list[str] = []
        self._recorded = names
        try:
            yield names
        finally:
            self._recorded = None

    def yield_like(self, names: Sequence[str]) -> list[str]:
        """Yields look-up keys in the forms of these, which another generator has yielded."""
        return [self.udid() if name.isalnum() else self.uuid4() for name in names]

    @property
    def last(self) -> Mapping[str, int]:
        """The last number of each kind of resource, as it is now."""
        return self._last

    @property
    def words(self) -> tuple[int, int]:
        """The words that the two generators, of keys and of look-up keys, have yielded since the last `set_state`."""
        return self._random_words, self._name_words

    def skip(self, random_words: int, name_words: int) -> None:
        """Skip words of the two generators, as if ids had been taken."""
        for generator, words in ((self._random, random_words), (self._names, name_words)):
            for done in range(0, words, _SKIPPED_WORDS):
                generator.getrandbits(_WORD_BITS * min(_SKIPPED_WORDS, words - done))

    def state(self) -> dict[str, Json]:
        """The state from which the next ids follow: the last numbers, and the two generators as tuples of integers."""
        return {
            "last": dict(self._last),
            "random": self._random.getstate()[1],
            "names": self._names.getstate()[1],
        }

    def set_state(
        self, last: Mapping[str, int], *, random: tuple[int, ...], names: tuple[int, ...] | None = None
    ) -> None:
        """Restores a state, without ``names`` except for that of the generator of look-up keys.

        Raises:
            ValueError: if it is not a state of a generator.
        """
        self._random.setstate((3, random, None))
        if names is not None:
            self._names.setstate((3, names, None))
        self._last = defaultdict(int, last)
        self._random_words = self._name_words = 0
