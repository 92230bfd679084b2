"""The seed that ``make-emulator init`` writes: what it shows can be used as it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from make_emulator import MakeEmulator, World, seeds


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    seed = tmp_path / "seed.yaml"
    seed.write_text(seeds.starter_text(), encoding="utf-8")
    with MakeEmulator(seed=seed) as make:
        yield make.world


def test_a_summary_counts_the_variables_of_organizations_and_of_teams(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text(seeds.starter_text(), encoding="utf-8")
    assert seeds.summarize(seeds.check(seed)) == (
        "2 users, 1 organization, 1 team, 1 OAuth client, 3 variables, 1 connection, 1 hook, 1 function, 1 folder, "
        "1 data structure, 1 data store, 2 scenarios, 1 record, 1 execution"
    )


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("{{gross(10)}}", 12.1),
        ("{{var.team.MAX_QUANTITY}}", 100),
        ("{{var.organization.SHOP_URL}}", "https://shop.example.com"),
        ('{{formatDate(var.team.OPENED; "YYYY")}}', "2026"),
    ],
)
def test_its_function_and_its_variables_are_there_for_expressions(
    world: World, expression: str, value: object
) -> None:
    module = {
        "id": 1,
        "module": "util:SetVariable2",
        "version": 1,
        "parameters": {},
        "mapper": {"name": "x", "scope": "roundtrip", "value": expression},
    }
    body = {
        "teamId": world.team_id,
        "blueprint": json.dumps({"name": "Shown", "flow": [module], "metadata": {}}),
        "scheduling": '{"type": "on-demand"}',
    }
    with requests.Session() as session:
        session.headers.update(world.headers)
        path = f"{world.base_url}/scenarios"
        scenario = session.post(f"{path}?confirmed=true", json=body).json()["scenario"]["id"]
        assert session.post(f"{path}/{scenario}/start").status_code == 200
    [step] = world.steps(world.run(scenario)["executionId"])
    assert step["output"] == [{"x": value}]
