"""The JSON Schema of seeds, which editors use, follows from the shape by which seeds are checked."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from make_emulator import seeds
from make_emulator.resources import fixture_path
from make_emulator.seeds.yaml_reader import parse_text

SCHEMA = json.loads(seeds.json_schema_text())
WORLDS = sorted(fixture_path("worlds").glob("*.yaml"))


def read_seed(path: Path) -> dict[str, Any]:
    return dict(parse_text(path.read_text("utf-8"), str(path)).data)


def test_the_shipped_schema_is_up_to_date() -> None:
    shipped = fixture_path("seed.schema.json").read_text("utf-8")
    assert shipped == seeds.json_schema_text(), (
        "run make-emulator init --schema fixtures/seed.schema.json --force"
    )


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", [*WORLDS, fixture_path("starter.yaml")], ids=lambda path: path.stem)
def test_every_shipped_seed_fits_the_schema_and_names_it(path: Path) -> None:
    jsonschema.validate(read_seed(path), SCHEMA)
    assert path.read_text("utf-8").startswith("# yaml-language-server: $schema=")


def test_every_key_is_described() -> None:
    for section in (SCHEMA, *SCHEMA["$defs"].values()):
        assert section["description"]
        assert section["additionalProperties"] is False


@pytest.mark.parametrize(
    "seed",
    [
        {},
        {"organizations": []},
        {"organizations": [{}]},
        {"organizations": [{"name": "A", "plan": "gold"}]},
        {"organizations": [{"name": "A", "created": "yesterday"}]},
        {"organizations": [{"name": "A", "members": [{"role": "Member"}]}]},
        {"organizations": [{"name": "A"}], "users": []},
        {"organizations": [{"name": "A"}], "tokens": [{"scopes": ["teams:raed"]}]},
        {"organizations": [{"name": "A"}], "colour": "red"},
        {"organizations": [{"name": "A", "teams": [{"name": "T", "generate": {"scenarios": -1}}]}]},
    ],
    ids=json.dumps,
)
def test_schema_and_check_reject_the_same(seed: Any) -> None:
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(seed)
    with pytest.raises(seeds.SeedError):
        seeds.check(seed)


# --- any seed ------------------------------------------------------------------------------------

AGENCY: Any = read_seed(fixture_path("worlds", "agency.yaml"))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


PLACES = [place for place in places(AGENCY) if place]

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 9),
    st.sampled_from([2**53, 2**63 - 1, -(2**62), 1.5, float(10**300)]),
    st.sampled_from(
        ["", "Mia Member", "-2h", "-999999d", "2999-01-01", "greeting", "1", "\ud7ff", "x" * 300, "a\0b"]
    ),
    st.lists(st.sampled_from([1, "a", None, {}, []]), max_size=3),
    st.dictionaries(
        st.sampled_from(["name", "id", "type", "flow", "io"]), st.sampled_from([1, "a", None, {}, []])
    ),
)


@settings(max_examples=60, deadline=None)
@given(place=st.sampled_from(PLACES), value=ANYTHING)
def test_any_seed_is_built_or_rejected_with_its_issues(place: tuple[Any, ...], value: Any) -> None:
    seed = copy.deepcopy(AGENCY)
    owner = seed
    for part in place[:-1]:
        owner = owner[part]
    owner[place[-1]] = value
    issues: Sequence[seeds.SeedIssue] | None = None
    try:
        seeds.check(seed)
    except seeds.SeedError as error:
        issues = error.issues
    assert issues is None or (issues and all("\n" not in str(issue) for issue in issues))
