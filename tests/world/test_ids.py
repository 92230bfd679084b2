from __future__ import annotations

import re
import uuid

from make_emulator.world.ids import IdGenerator


def test_the_same_seed_gives_the_same_numbers_and_keys_whatever_the_world_is_called() -> None:
    one, other = IdGenerator(7, salt="a"), IdGenerator(7, salt="b")
    assert [one.next("scenario"), one.next("scenario"), one.hex(32)] == [
        other.next("scenario"),
        other.next("scenario"),
        other.hex(32),
    ]


def test_names_of_a_world_differ_from_world_to_world() -> None:
    one, other = IdGenerator(7, salt="a"), IdGenerator(7, salt="b")
    assert one.uuid4() != other.uuid4()
    assert one.udid() != other.udid()


def test_names_follow_from_seed_and_world() -> None:
    assert (
        IdGenerator(7, salt="a").uuid4()
        == IdGenerator(7, salt="a").uuid4()
        != IdGenerator(8, salt="a").uuid4()
    )


def test_names_and_keys_have_the_shapes_of_make() -> None:
    ids = IdGenerator(0, salt="")
    assert uuid.UUID(ids.uuid4()).version == 4
    assert re.fullmatch(r"[a-z0-9]{32}", ids.udid())
    assert re.fullmatch(r"[0-9a-f]{12}", ids.hex(12))


def test_a_claimed_number_is_not_handed_out_again() -> None:
    ids = IdGenerator(0, salt="")
    ids.reserve("team", 5)
    ids.reserve("team", 3)
    assert ids.next("team") == 6
    assert ids.next("user") == 1
