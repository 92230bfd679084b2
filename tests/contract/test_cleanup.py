"""The last minute of a run: it is not to be hurried, and it believes what it sees."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest
import requests

from make_emulator import MakeEmulator
from make_emulator.contract.cleanup import ResourceCleaner, defer_interrupts
from make_emulator.contract.client import ContractClient
from make_emulator.contract.guard import Guard
from make_emulator.contract.results import ResponseRecorder
from make_emulator.contract.settings import Settings
from make_emulator.contract.target import Target
from make_emulator.throttle import Throttle
from make_emulator.world.enums import SCOPES

HOOK = {"typeName": "gateway-webhook", "method": False, "headers": False, "stringify": False}


@pytest.fixture
def api(make_emulator: MakeEmulator) -> Iterator[ContractClient]:
    world = make_emulator.create_world()
    target = Target(
        Settings(
            base_url=world.base_url,
            token=world.token,
            team_id=world.team_id,
            organization_id=world.organization_id,
        )
    )
    target.session.trust_env = False
    guard = Guard("contract-1", team_id=world.team_id, organization_id=world.organization_id)
    yield ContractClient(target, guard, Throttle(None, target), ResponseRecorder(), scopes=frozenset(SCOPES))
    target.close()
    world.delete()


def hook(api: ContractClient, name: str = "contract-1 hook") -> int:
    return int(api.post("/hooks", {"name": name, "teamId": 1, **HOOK}).ok()["hook"]["id"])


def listed(api: ContractClient) -> list[int]:
    return [row["id"] for row in api.get("/hooks", teamId=1).ok()["hooks"]]


def test_what_no_response_named_is_found_by_its_prefix(api: ContractClient) -> None:
    id = hook(api)
    api.guard.forget("hook", id)
    assert ResourceCleaner(api).remove_all() == []
    assert id not in listed(api)


def test_what_bears_another_prefix_stays(api: ContractClient) -> None:
    others = ContractClient(
        api.target,
        Guard("contract-2", team_id=1, organization_id=1),
        api.throttle,
        api.recorder,
        scopes=api.scopes,
    )
    id = hook(others, "contract-2 hook")
    before = listed(api)
    assert ResourceCleaner(api).remove_all() == []
    assert listed(api) == before
    assert id in before


def test_what_is_gone_already_is_not_left_behind(api: ContractClient) -> None:
    id = hook(api)
    api.call("DELETE", f"/hooks/{id}").ok()
    assert ResourceCleaner(api).remove_all() == []


def test_a_list_is_believed_more_than_the_answer_to_a_deletion(
    api: ContractClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = hook(api)
    monkeypatch.setattr(ResourceCleaner, "remove", lambda self, kind, id: False)
    assert ResourceCleaner(api).remove_all() == [f"hook {id} ('contract-1 hook')"]
    api.call("DELETE", f"/hooks/{id}").ok()
    assert ResourceCleaner(api).remove_all() == []


def test_a_zone_that_answers_no_more_leaves_it_behind(
    api: ContractClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise requests.ConnectionError("gone")

    id = hook(api)
    monkeypatch.setattr(api.target.session, "request", fail)
    assert ResourceCleaner(api).remove_all() == [f"hook {id} ('contract-1 hook')"]


def interrupt_twice(number: signal.Signals) -> None:
    with defer_interrupts():
        signal.raise_signal(number)
        signal.raise_signal(number)


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals go to the main thread"
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_the_first_interruption_only_shows_what_goes_on(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(number)
    with defer_interrupts():
        signal.raise_signal(number)
    assert "interrupt again to leave them behind" in capsys.readouterr().err
    with pytest.raises(KeyboardInterrupt):
        interrupt_twice(number)
    assert signal.getsignal(number) is before
