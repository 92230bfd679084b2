"""Lazy dataclasses, compared with those of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import threading
from collections.abc import Callable
from dataclasses import field
from typing import Any, ClassVar

import orjson
import pytest

from make_emulator import lazy_dataclasses

OPTIONS = [
    {},
    {"slots": True},
    {"frozen": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "kw_only": True},
    {"slots": True, "eq": False},
    {"frozen": True, "slots": True, "repr": False},
]


def declare(dataclass: Callable[..., Any], **options: bool) -> Any:
    """Returns a dataclass with every kind of field."""

    @dataclass(**options)
    class Row:
        """Row."""

        limit: ClassVar[int] = 3
        id: int
        name: str = "unnamed"
        tags: list[str] = field(default_factory=list)
        secret: str = field(default="s", repr=False)
        cached: int = field(default=7, init=False, compare=False)
        seen: list[int] = field(default_factory=list, init=False)
        note: str = field(default="", kw_only=True)

    return Row


@pytest.fixture(params=OPTIONS, ids=lambda options: "-".join(options) or "plain")
def both(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """The same class, lazy and of the standard library."""
    return declare(lazy_dataclasses.dataclass, **request.param), declare(
        dataclasses.dataclass, **request.param
    )


def outcome(call: Callable[[], object]) -> object:
    """Returns the result of a call, or the type of its error."""
    try:
        return call()
    except Exception as error:
        return type(error)


def calls(row: Any) -> list[object]:
    """Returns the outcomes of all that can be done with a class."""
    first, second = row(id=1, tags=["a"]), row(id=1, tags=["a"])
    other = row(id=2, name="n", secret="t", note="x")
    return [
        outcome(lambda: dataclasses.asdict(row(1, "a", ["b"], "c", note="d"))),
        outcome(lambda: row()),
        outcome(lambda: row(id=1, cached=8)),
        outcome(lambda: row(id=1, other=8)),
        outcome(lambda: row(1, "a", ["b"], "c", "d")),
        dataclasses.asdict(first),
        dataclasses.asdict(other),
        dataclasses.asdict(dataclasses.replace(first, name="changed")),
        first == second,
        first == other,
        first != other,
        first == 1,
        outcome(lambda: hash(first) == hash(second)),
        outcome(lambda: hash(dataclasses.replace(first, tags=(), cached=9))),
        repr(other) if "Row(" in repr(other) else "",
        outcome(lambda: setattr(first, "name", "n")),
        # Python 3.11 raises a TypeError for a class with slots, by mistake.
        isinstance(outcome(lambda: setattr(first, "unknown", "n")), type),
        outcome(lambda: delattr(second, "name")),
        outcome(lambda: getattr(second, "name", None)),
        row(id=1).seen is row(id=1).seen,
        row(id=1).cached,
        row.limit,
        row.__match_args__,
        [(each.name, each.type) for each in dataclasses.fields(row)],
        orjson.loads(orjson.dumps(other)),
        dataclasses.asdict(copy.copy(other)),
        dataclasses.asdict(copy.deepcopy(other)),
        hasattr(first, "__dict__"),
    ]


def test_a_lazy_dataclass_does_what_one_of_the_standard_library_does(both: tuple[Any, Any]) -> None:
    lazy, standard = both
    assert calls(lazy) == calls(standard)
    # Once more, with the compiled methods.
    assert calls(lazy) == calls(standard)


@lazy_dataclasses.dataclass(frozen=True, slots=True)
class Point:
    """A point."""

    x: int
    y: int = 0


@lazy_dataclasses.dataclass(frozen=True, slots=True)
class Solid(Point):
    """A point in space, which must not lie below the ground."""

    z: int = 0

    def __post_init__(self) -> None:
        if self.z < 0:
            raise ValueError(self.z)


@lazy_dataclasses.dataclass(frozen=True, slots=True)
class Named:
    """A row with methods of its own."""

    id: int
    name: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named) and self.id == other.id

    def __hash__(self) -> int:
        return 5

    def __repr__(self) -> str:
        return self.name


def test_a_frozen_row_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(Solid(1, z=3))) == Solid(1, 0, 3)


def test_a_subclass_has_the_fields_and_methods_of_both() -> None:
    assert Point(1) == Point(1, 0)
    assert Solid(1, 2, 3) != Point(1, 2)
    assert repr(Solid(1, z=3)) == "Solid(x=1, y=0, z=3)"
    assert hash(Solid(1, 2, 3)) == hash((1, 2, 3))
    with pytest.raises(ValueError, match="-1"):
        Solid(1, z=-1)


def test_an_assignment_to_a_frozen_field_names_it() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
        Point(1).x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
        del Point(1).x


def test_methods_of_the_body_stay() -> None:
    assert Named(1, "a") == Named(1, "b")
    assert (hash(Named(1, "a")), repr(Named(1, "a"))) == (5, "a")


def test_a_repr_ends_where_a_row_contains_itself() -> None:
    row = declare(lazy_dataclasses.dataclass)(1)
    row.tags.append(row)
    assert "tags=[...]" in repr(row)


def test_a_class_is_compiled_by_many_threads_at_once() -> None:
    row = declare(lazy_dataclasses.dataclass, frozen=True, slots=True)
    barrier, made = threading.Barrier(8), []

    def make(number: int) -> None:
        barrier.wait()
        made.append(row(number))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.id for each in made) == list(range(8))


def test_methods_are_compiled_when_they_are_called() -> None:
    row = declare(lazy_dataclasses.dataclass, frozen=True, slots=True)
    before = row.__init__
    row(1)
    assert row.__init__ is not before
    compiled = row.__init__
    row(2)
    assert row.__init__ is compiled
    assert compiled.__qualname__.endswith("Row.__init__")
