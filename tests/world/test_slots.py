from __future__ import annotations

import uuid
from collections import Counter

import pytest

from make_emulator.world import slots
from make_emulator.world.ids import IdGenerator
from make_emulator.world.slots import Shard, slot_of_key, slot_of_name


def test_generated_keys_begin_with_the_slot_of_their_world() -> None:
    for name in ("default", "world-1", "Ünïcode", ""):
        ids = IdGenerator(0, salt=name)
        for key in (ids.uuid4(), ids.udid(), ids.uuid4().upper()):
            assert slot_of_key(key) == slot_of_name(name)
        assert uuid.UUID(ids.uuid4()).version == 4


def test_the_slot_of_a_name_is_its_crc_and_that_of_the_default_world_is_the_first() -> None:
    # The check value of CRC-32.
    assert slot_of_name("123456789") == 0xCBF43926 % slots.SLOTS
    assert slot_of_name("default") == 0


@pytest.mark.parametrize(
    "key", ["", "11111111-1111-4111-8111-111111111111", "e5107", "xyze5107", "0xfe5107", " 123e5107"]
)
def test_a_key_that_no_world_generated_has_no_slot(key: str) -> None:
    assert slot_of_key(key) is None


def test_each_name_and_key_belongs_to_one_worker() -> None:
    shards = [Shard(index, 3) for index in range(3)]
    for number in range(200):
        name = f"world-{number}"
        key = IdGenerator(number, salt=name).uuid4()
        assert [shard.has_name(name) for shard in shards] == [shard.has_key(key) for shard in shards]
        assert [shard.has_name(name) for shard in shards].count(True) == 1


def test_worlds_spread_evenly_over_workers() -> None:
    for count in (2, 3, 7, 16):
        owners = Counter(slot_of_name(f"world-{number}") % count for number in range(10_000))
        assert len(owners) == count
        assert max(owners.values()) < 1.2 * 10_000 / count


def test_keys_chosen_by_a_seed_belong_to_the_worker_of_the_default_world() -> None:
    shards = [Shard(index, 4) for index in range(4)]
    key = "11111111-1111-4111-8111-111111111111"
    assert [shard.has_key(key) for shard in shards] == [True, False, False, False]
    assert [shard.has_name("default") for shard in shards] == [True, False, False, False]
    assert [shard.is_first for shard in shards] == [True, False, False, False]


@pytest.mark.parametrize(("index", "count"), [(-1, 2), (2, 2), (0, 0), (0, slots.SLOTS + 1)])
def test_a_worker_that_cannot_be_is_rejected(index: int, count: int) -> None:
    with pytest.raises(ValueError, match="there is no worker"):
        Shard(index, count)
