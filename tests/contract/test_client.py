"""The client of the suite: what it does not call, and how it waits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from make_emulator import MakeEmulator, World
from make_emulator.contract.client import ContractClient
from make_emulator.contract.guard import Guard, UnsafeCallError
from make_emulator.contract.results import ResponseRecorder
from make_emulator.contract.settings import Settings
from make_emulator.contract.target import Target, probe_target
from make_emulator.throttle import Throttle
from make_emulator.world.enums import SCOPES


class WorldTimer:
    """Clock on which sleeping moves the clock of a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self._world.advance(seconds)


class Begun:
    """A client of a world, as the suite makes one, but with the world's clock in place of sleep."""

    def __init__(self, world: World) -> None:
        settings = Settings(
            base_url=world.base_url,
            token=world.token,
            team_id=world.team_id,
            organization_id=world.organization_id,
        )
        self.world, self.target, self.recorder = world, Target(settings), ResponseRecorder()
        self.target.session.trust_env = False

    def client(self, limit: int | None = None, **how: Any) -> ContractClient:
        guard = Guard("contract-1", team_id=self.world.team_id, organization_id=self.world.organization_id)
        throttle = Throttle(limit, WorldTimer(self.world), share=0.9, margin=0.5)
        how = {"scopes": frozenset(SCOPES), **how}
        return ContractClient(self.target, guard, throttle, self.recorder, **how)


@pytest.fixture
def begun(make_emulator: MakeEmulator) -> Iterator[Begun]:
    """A world on the plan Core: 60 calls a minute."""
    begun = Begun(make_emulator.create_world(plan="core"))
    yield begun
    begun.target.close()
    begun.world.delete()


def test_the_licence_and_the_scopes_are_known_before_the_first_test(begun: Begun) -> None:
    scopes, license = probe_target(begun.target)
    assert scopes == SCOPES
    assert license["apiLimit"] == 60
    assert begun.world.requests[0]["path"] == "/organizations/1"


def test_a_call_that_came_too_fast_is_repeated_a_minute_later(begun: Begun) -> None:
    api = begun.client(limit=10_000)
    responses = [api.get("/teams/1").status for _ in range(70)]
    assert set(responses) == {200}
    assert api.throttle.waited == 61


def test_a_route_that_the_token_may_not_call_is_skipped(begun: Begun) -> None:
    api = begun.client(scopes=frozenset(["teams:write"]))
    with pytest.raises(pytest.skip.Exception, match="the token lacks teams:read"):
        api.get("/teams/1")
    assert api.call("GET", "/teams/1", any_scope=True).status == 200


def test_what_the_plan_excludes_is_skipped(begun: Begun) -> None:
    api = begun.client(license={"creatingTemplates": False})
    with pytest.raises(pytest.skip.Exception, match="the plan does not include this"):
        api.post("/templates", {"teamId": 1})


def test_what_exceeds_the_plan_is_skipped(begun: Begun) -> None:
    api = begun.client()
    made = api.post("/data-stores", {"name": "contract-1 big", "teamId": 1, "maxSizeMB": 1000})
    assert made.body["code"] == "IM003"
    with pytest.raises(pytest.skip.Exception, match="the plan allows no more: Not enough space in storage"):
        made.ok()


def test_reading_only_never_sends_anything_else(begun: Begun) -> None:
    api = begun.client(read_only=True)
    with pytest.raises(pytest.skip.Exception, match="--read-only"):
        api.post("/scenarios/1/run")
    assert api.get("/teams/1").fits()["team"]["id"] == 1
    assert [each["method"] for each in begun.world.requests.all()] == ["GET"]


def test_what_is_not_the_runs_own_is_never_sent(begun: Begun) -> None:
    api = begun.client()
    with pytest.raises(UnsafeCallError):
        api.post("/scenarios/1/run")
    with pytest.raises(UnsafeCallError):
        api.delete("/scenarios/1")
    with pytest.raises(UnsafeCallError):
        api.call("POST", "/teams", data=b'{"name": "Somebody\'s", "organizationId": 1}')
    assert begun.world.requests.all() == []


def test_failures_show_the_route_and_what_came(begun: Begun) -> None:
    response = begun.client().get("/teams/77")
    with pytest.raises(
        pytest.fail.Exception, match=r"GET /teams/\{teamId\} answered 404, not 200: \{\"detail\""
    ):
        response.ok()
    with pytest.raises(pytest.fail.Exception, match="answered 404, not 403"):
        response.refused(403)
    with pytest.raises(pytest.fail.Exception, match="with the code SC404, not IM002"):
        response.refused(404, "IM002")
    assert begun.recorder.drain()["calls"] == [["GET /teams/{teamId}", 404, 1]]
