"""Prototypes: a world of a seed that was built a moment ago is the same as one that is built, and its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.api import NOON
from make_emulator import seeds
from make_emulator.app import create_app, registry_of
from make_emulator.engine.scenarios import activation
from make_emulator.registry import WorldSpec
from make_emulator.seeds import builder, prototypes
from make_emulator.world import snapshot
from make_emulator.world.clock import parse_iso
from make_emulator.world.world import World

SEED: dict[str, Any] = {"organizations": [{"name": "Acme", "teams": [{"name": "Ops"}]}]}

#: A seed in which look-up keys occur in several tables, also within texts.
KEYS: dict[str, Any] = {
    "users": [{"name": "Ada Maker", "email": "ada@example.com"}],
    "tokens": [
        {"label": "admin", "user": 1, "scopes": "all"},
        {"label": "reader", "user": 1, "scopes": ["teams:read"]},
    ],
    "oauthClients": [{"name": "App", "redirectUris": ["https://example.com/done"], "scopes": ["teams:read"]}],
    "organizations": [
        {
            "name": "Acme",
            "teams": [
                {
                    "name": "Ops",
                    "hooks": [{"id": 1, "name": "Orders"}, {"id": 2, "name": "Returns"}],
                    "scenarios": [{"id": 1, "blueprint": "greeting", "scheduling": {"type": "on-demand"}}],
                    "toolboxes": [{"name": "Tools", "tools": [], "keys": [{"label": "key"}]}],
                }
            ],
        }
    ],
}


@pytest.fixture(autouse=True)
def _no_prototypes() -> Iterator[None]:
    prototypes.forget()
    yield
    prototypes.forget()


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the worlds that are built."""
    names: list[str] = []
    build = builder.WorldBuilder.build

    def counted(self: builder.WorldBuilder) -> None:
        names.append(self.world.name)
        build(self)

    monkeypatch.setattr(builder.WorldBuilder, "build", counted)
    return names


def world_of(now: str = NOON, **options: Any) -> World:
    """A world whose clock is frozen at a moment; its specification has no time unless one is given."""
    spec = WorldSpec(**{"name": "default", "seed": "default"} | options)
    world = World(spec.name, seed=spec.world_seed)
    world.clock.freeze(now)
    seeds.build(world, spec)
    return world


@pytest.mark.parametrize("seed", ["default", "agency", "free", "empty"])
def test_a_world_of_a_prototype_equals_a_built_one(seed: str, builds: list[str]) -> None:
    built, copied = world_of(seed=seed), world_of(seed=seed)
    assert builds == ["default"]
    assert snapshot.take(copied) == snapshot.take(built)
    assert copied.lookup_keys() == built.lookup_keys()
    assert [copied.ids.uuid4(), copied.ids.hex(32), copied.ids.next("scenario")] == [
        built.ids.uuid4(),
        built.ids.hex(32),
        built.ids.next("scenario"),
    ]


def test_both_worlds_do_the_same_from_then_on(builds: list[str]) -> None:
    executions = []
    for world in (world_of(), world_of()):
        execution = activation.run_now(
            world, next(iter(world.users)), world.scenarios[1], data={"name": "Zoe"}, responsive=True
        )
        executions.append((execution.id, snapshot.take(world)))
    assert builds == ["default"]
    assert executions[0] == executions[1]


def test_a_change_of_a_world_is_not_one_of_the_prototype(builds: list[str]) -> None:
    before = snapshot.take(world_of())
    changed = world_of()
    changed.scenarios.remove(1)
    changed.records.clear()
    changed.settings["api_access"] = False
    changed.ids.next("scenario")
    assert snapshot.take(world_of()) == before
    assert builds == ["default"]


@pytest.mark.parametrize("seed", ["default", "agency", "free", "empty", KEYS])
def test_a_world_of_another_name_has_its_own_keys(seed: Any, builds: list[str]) -> None:
    expected = world_of(seed=seed, name="two")
    prototypes.forget()
    one, two, three, again = (world_of(seed=seed, name=name) for name in ("one", "two", "three", "one"))
    assert builds == ["two", "one"]
    assert snapshot.take(two) == snapshot.take(expected)
    assert two.lookup_keys() == expected.lookup_keys()
    assert two.ids.uuid4() == expected.ids.uuid4()
    assert len(set(one.lookup_keys()) | set(two.lookup_keys()) | set(three.lookup_keys())) == 3 * len(
        set(one.lookup_keys())
    )
    assert snapshot.take(again) == snapshot.take(one)


def test_no_key_of_another_world_is_left_in_any_row() -> None:
    one, two = (world_of(seed=KEYS, name=name) for name in ("one", "two"))
    text = snapshot.dumps(snapshot.take(two)).decode()
    assert len(one.lookup_keys()) >= 4
    assert [key for key in one.lookup_keys() if key in text] == []


@pytest.mark.parametrize(
    "options",
    [
        {"name": "another"},
        {"seed": "agency"},
        {"seed": SEED},
        {"world_seed": 7},
        {"plan": "core"},
        {"zone": "us1"},
    ],
)
def test_another_specification_has_another_world(options: dict[str, Any], builds: list[str]) -> None:
    expected = snapshot.take(world_of(**options))
    prototypes.forget()
    world_of()
    assert snapshot.take(world_of(**options)) == expected
    assert len(builds) == 3


@pytest.mark.parametrize(
    ("now", "is_built"),
    [
        ("2026-03-02T12:00:00.250Z", False),
        ("2026-03-02T12:00:00.251Z", True),
        ("2026-03-02T11:59:59.999Z", True),
        ("2027-03-02T12:00:00Z", True),
    ],
)
def test_a_prototype_is_used_for_a_moment(now: str, is_built: bool, builds: list[str]) -> None:
    first = world_of()
    world = world_of(now)
    assert len(builds) == 1 + is_built
    assert world.now() == parse_iso(now)
    age = parse_iso(NOON) - first.scenarios[1].created
    assert world.now() - world.scenarios[1].created == (
        age if is_built else age + world.now() - parse_iso(NOON)
    )


def test_a_changed_seed_is_built_again(builds: list[str], tmp_path: Path) -> None:
    file = tmp_path / "seed.yaml"
    for name in ("Ops", "Sales"):
        file.write_text(f"organizations: [{{name: Acme, teams: [{{name: {name}}}]}}]", encoding="utf-8")
        assert [team.name for team in world_of(seed=str(file)).teams] == [name]
    assert len(builds) == 2


def test_a_large_world_is_no_prototype(builds: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prototypes, "_MAX_ROWS", 20)
    world_of()
    world_of()
    assert len(builds) == 2


def test_the_oldest_prototype_is_forgotten(builds: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prototypes, "_CACHE_SIZE", 2)
    for number in (1, 2, 3, 3, 2, 1):
        world_of(world_seed=number, seed=SEED)
    assert len(builds) == 4


def test_an_invalid_seed_leaves_no_prototype(builds: list[str]) -> None:
    seed = {
        "organizations": [
            {
                "name": "Acme",
                "teams": [
                    {
                        "name": "Ops",
                        "scenarios": [{"blueprint": "greeting", "runs": [{"at": "2030-01-01T00:00:00Z"}]}],
                    }
                ],
            }
        ]
    }
    for _ in range(2):
        with pytest.raises(seeds.SeedError, match="must not be in the future"):
            world_of(seed=seed)
    assert builds == ["default", "default"]


def test_the_settings_of_a_specification_are_its_own(builds: list[str]) -> None:
    registry = registry_of(create_app(seed=SEED, now=NOON))
    closed = registry.get("default")
    assert closed is not None
    registry.delete(closed)
    spec = WorldSpec(name="default", seed=SEED, now=NOON, settings={"apiAccess": False}, rate_limit=False)
    handle = registry.create(spec)
    assert builds == ["default"]
    assert (dict(handle.world.settings), handle.world.rate_limited) == ({"apiAccess": False}, False)
    registry.delete(handle)
    fresh = registry.create(WorldSpec(name="default", seed=SEED, now=NOON))
    assert (dict(fresh.world.settings), fresh.world.rate_limited) == ({}, True)


def test_a_reset_returns_to_the_seed(builds: list[str]) -> None:
    app = create_app(now=NOON)
    handle = registry_of(app).get("default")
    assert handle is not None
    rows = snapshot.take(handle.world)["rows"]
    handle.world.scenarios.clear()
    registry_of(app).reset(handle)
    assert builds == ["default"]
    assert snapshot.take(handle.world)["rows"] == rows
    assert handle.world.public_templates
