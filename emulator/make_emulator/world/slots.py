"""Slots of worlds: the part of a name, and of every generated look-up key, that says which worker of a fleet has the world.

The slot of a world is a hash of its name. Its generated keys (tokens, udids, OAuth clients, codes, token ids) begin with the slot and a mark,
so that a load balancer finds the worker of a request in the request itself, without a shared store. Slots do not depend on the number
of workers, so a stored state can be served by more or fewer of them. Keys without a mark are those that the seed of the default
world chooses: they belong to its slot.
"""

from __future__ import annotations

import re
import zlib

from ..lazy_dataclasses import dataclass

#: Number of slots: three hexadecimal digits.
SLOTS = 4096

#: The digits between the slot and the random part of a generated key.
MARK = "e5107"

#: Name and slot of the default world, which also has the keys that no world generated.
DEFAULT_NAME = "default"
DEFAULT_SLOT = 0

#: The digits of slot and mark.
TAG_LENGTH = 8

_TAG = re.compile(rf"([0-9a-f]{{3}}){MARK}", re.IGNORECASE)


def slot_of_name(name: str) -> int:
    """Returns the slot of the world of a name: the CRC-32 of its UTF-8, which load balancers can compute too."""
    if name == DEFAULT_NAME:
        return DEFAULT_SLOT
    return zlib.crc32(name.encode("utf-8", "surrogatepass")) % SLOTS


def slot_of_key(key: str) -> int | None:
    """Returns the slot that a look-up key begins with; ``None`` for one that no world generated."""
    found = _TAG.match(key)
    return int(found[1], 16) if found else None


def tag(slot: int) -> str:
    """Returns the digits with which the keys of a slot begin."""
    return f"{slot:03x}{MARK}"


@dataclass(frozen=True, slots=True)
class Shard:
    """The slots of one worker of a fleet.

    Args:
        index: the number of the worker, from 0.
        count: the number of workers.
    """

    index: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count <= SLOTS:
            raise ValueError(f"there is no worker {self.index} of {self.count}")

    @property
    def is_first(self) -> bool:
        """True for the worker of the default world."""
        return self.index == worker_of(DEFAULT_SLOT, self.count)

    def has_name(self, name: str) -> bool:
        """Returns true if a world of that name belongs to the worker."""
        return self.count == 1 or worker_of(slot_of_name(name), self.count) == self.index

    def has_key(self, key: str) -> bool:
        """Returns true if requests with that look-up key are sent to the worker."""
        if self.count == 1:
            return True
        slot = slot_of_key(key)
        return worker_of(DEFAULT_SLOT if slot is None else slot, self.count) == self.index


#: All slots, for a server that is alone.
WHOLE = Shard()


def worker_of(slot: int, count: int) -> int:
    """Returns the number of the worker that a slot belongs to."""
    return slot % count
