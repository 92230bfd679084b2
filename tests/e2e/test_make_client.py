"""``make-client`` from PyPI, a client that gathers what scenarios did, works on the emulator as it is."""

from __future__ import annotations

import json
import sys
from datetime import date
from urllib.error import HTTPError

import pytest
from make import Make
from make.__main__ import main

from make_emulator import World, mock_make

pytestmark = pytest.mark.e2e

#: 2026-03-10T12:00:00Z, and a day, in milliseconds.
NOW, DAY = 1_773_144_000_000, 86_400_000


@pytest.fixture
def client(make_world: World) -> Make:
    return Make(api_key=make_world.token, team_id=make_world.team_id, base_url=make_world.base_url)


@pytest.mark.make_world(now="2026-03-10T12:00:00Z")
def test_it_lists_scenarios_and_gathers_their_logs(client: Make, make_world: World) -> None:
    make_world.clock.freeze()
    scenarios = client.list_scenarios()
    assert {row["name"]: row["isActive"] for row in scenarios} == {
        "Greeting": True,
        "Webhook to data store": True,
        "Weekly report": True,
        "Order intake": False,
    }
    assert [row["name"] for row in client.list_scenarios(isActive="false")] == ["Order intake"]

    logs = client.get_scenario_logs(1)
    assert [(row["type"], row.get("status")) for row in logs] == [
        ("auto", 1),
        ("auto", 1),
        ("start", None),
        ("modify", None),
    ]
    assert client.get_scenario_logs(1, **{"from": NOW - DAY}) == logs[:1]
    assert client.get_scenario_logs(1, **{"from": NOW - 4 * DAY, "to": NOW - DAY}) == logs[1:2]
    make_world.requests.assert_called("GET", "/scenarios/1/logs", times=3, status=200)


def test_it_gets_one_page_of_logs(client: Make, make_world: World) -> None:
    for _ in range(60):
        make_world.run(1, {"name": "Zoe"})
    make_world.advance(minutes=1)
    logs = client.get_scenario_logs(1)
    # It goes on where the answer names a last entry, which Make was not seen to do unasked.
    assert len(logs) == 50
    assert len(client.get_scenario_logs(1, **{"pg[limit]": 100})) == 64


def test_iso_dates_are_rejected_as_the_documentation_requires_milliseconds(client: Make) -> None:
    with pytest.raises(HTTPError) as refused:
        client.get_scenario_logs(1, **{"from": date(2026, 1, 1), "to": date(2026, 1, 31)})
    with refused.value:
        assert refused.value.code == 400


def test_rejections_are_its_errors(make_world: World, caplog: pytest.LogCaptureFixture) -> None:
    def refused(client: Make, scenario: int) -> int:
        with pytest.raises(HTTPError) as error:
            client.get_scenario_logs(scenario)
        with error.value:
            return error.value.code

    url = make_world.base_url
    assert refused(Make("99999999-9999-4999-8999-999999999999", 1, url), 1) == 401
    assert refused(Make(make_world.create_token(["teams:read"]), 1, url), 1) == 403
    assert refused(Make(make_world.token, 1, url), 5) == 404
    assert "Scenario '5' not found." in caplog.text


def test_its_command_reaches_a_world_instead_of_make(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # By default the client calls this zone.
    with mock_make(zone="us2") as world:
        monkeypatch.setenv("MAKE_API_KEY", world.token)
        monkeypatch.setenv("MAKE_TEAM_ID", str(world.team_id))
        monkeypatch.setattr(sys, "argv", ["make-client", "scenario_logs", "--scenario-id", "1"])
        main()
    assert len(json.loads(capsys.readouterr().out)) == 4
    world.requests.assert_called("GET", "/scenarios/1/logs", times=1)
