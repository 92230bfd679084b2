from __future__ import annotations

import unittest
from pathlib import Path

import pytest
import requests

from helpers.api import get_from
from make_emulator import MakeEmulator
from make_emulator.testing import ControlError


def test_the_default_world_is_at_hand(make: MakeEmulator) -> None:
    assert make.token == "11111111-1111-4111-8111-111111111111"
    assert (make.team_id, make.organization_id) == (1, 1)
    assert make.base_url == f"{make.url}/api/v2"
    assert get_from(make.world, "/teams/1").json()["team"]["name"] == "Example Team"


def test_a_world_of_ones_own_has_a_plan_and_a_clock(make: MakeEmulator) -> None:
    world = make.create_world(plan="core", now="2026-01-01T00:00:00Z")
    world.clock.freeze("2026-01-01T00:00:00Z")
    world.clock.advance(minutes=15)
    assert world.clock.now == "2026-01-01T00:15:00.000Z"
    assert world.clock.frozen
    assert get_from(world, "/organizations/1").json()["organization"]["productName"] == "Core"
    world.clock.unfreeze()
    assert not world.clock.frozen


def test_requests_are_asserted_with_a_clear_failure(make: MakeEmulator) -> None:
    world = make.create_world()
    get_from(world, "/scenarios/1/logs")
    get_from(world, "/scenarios/2/logs")
    world.requests.assert_called("GET", "/scenarios/*/logs", times=2)
    world.requests.assert_called("GET", "/scenarios/1/logs")
    with pytest.raises(AssertionError) as failure:
        world.requests.assert_called("POST", "/scenarios/*/run", times=1)
    assert "expected POST /scenarios/*/run 1 time, but it was received 0 times" in str(failure.value)
    assert "Ada Maker (token admin): GET /scenarios/1/logs" in str(failure.value)
    world.requests.clear()
    assert len(world.requests) == 0


def test_a_world_can_be_made_from_a_file_of_ones_own(make: MakeEmulator, tmp_path: Path) -> None:
    file = tmp_path / "seed.yaml"
    file.write_text("organizations:\n  - name: Mine\n    teams: [{ name: Only }]\n")
    for seed in (file, str(file)):
        world = make.create_world(seed=seed)
        assert get_from(world, f"/teams/{world.team_id}").json()["team"]["name"] == "Only"


def test_a_reset_takes_back_what_was_done(make: MakeEmulator) -> None:
    world = make.create_world()
    requests.delete(f"{world.base_url}/scenarios/1", headers=world.headers, timeout=5)
    assert get_from(world, "/scenarios/1").status_code == 404
    world.reset()
    assert get_from(world, "/scenarios/1").status_code == 200


def test_tokens_with_few_scopes_are_made_on_demand(make: MakeEmulator) -> None:
    world = make.create_world()
    world.token = world.create_token(["teams:read"])
    assert get_from(world, "/teams/1").status_code == 200
    assert get_from(world, "/scenarios/1").status_code == 403


def test_a_running_emulator_can_be_attached_to(make: MakeEmulator) -> None:
    attached = MakeEmulator.attach(make.url)
    world = attached.create_world()
    assert get_from(world, "/teams/1").status_code == 200
    world.delete()
    assert get_from(world, "/teams/1").status_code == 401


def test_rejections_of_the_control_api_show_their_reason(make: MakeEmulator) -> None:
    with pytest.raises(ControlError, match="answered 400: Parameter 'plan' must be one of"):
        make.create_world(plan="gold")  # type: ignore[arg-type]
    with pytest.raises(ControlError, match="no emulator answers"):
        MakeEmulator.attach("http://127.0.0.1:9").create_world()
    with pytest.raises(ControlError, match="not the URL"):
        MakeEmulator.attach("127.0.0.1:4747")


def test_an_emulator_that_does_not_run_says_so() -> None:
    with pytest.raises(RuntimeError, match="not running"):
        MakeEmulator().create_world()


def test_a_decorated_function_has_an_emulator_for_each_call() -> None:
    urls: list[str] = []

    @MakeEmulator(seed="empty")
    def ask(path: str, make: MakeEmulator) -> int:
        urls.append(make.url)
        return get_from(make.world, path).status_code

    assert ask("/teams/1") == 200  # type: ignore[call-arg]
    assert ask("/scenarios/1") == 404  # type: ignore[call-arg]
    for url in urls:
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=5)


def test_an_emulator_can_be_started_again() -> None:
    emulator = MakeEmulator()
    for _ in range(2):
        with emulator:
            assert get_from(emulator.world, "/teams/1").status_code == 200


def test_a_test_case_starts_one_for_all_its_tests() -> None:
    class Case(unittest.TestCase):
        make: MakeEmulator

        @classmethod
        def setUpClass(cls) -> None:
            cls.make = MakeEmulator().start()
            cls.addClassCleanup(cls.make.stop)

        def test_one(self) -> None:
            assert get_from(self.make.create_world(), "/teams/1").status_code == 200

    result = unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(unittest.TestResult())
    assert result is not None
    assert (result.testsRun, result.failures, result.errors) == (1, [], [])
    with pytest.raises(RuntimeError, match="not running"):
        Case.make.create_world()
