from __future__ import annotations

from contract.mutants import MUTANTS
from helpers.mcp import ACCEPT, INITIALIZE, frame
from make_emulator import World
from make_emulator.proxy.shadow import Shadow
from make_emulator.replay.player import ExchangeResult

from .conftest import ProxiedZone


def open_shadow(results: list[ExchangeResult]) -> Shadow:
    return Shadow("default", started=1_772_452_800_000, zone=None, has_state=True, report=results.append)


def test_the_shadow_answers_beside_the_zone(proxied: ProxiedZone, world: World) -> None:
    results: list[ExchangeResult] = []
    shadow = open_shadow(results)
    with proxied.open(allow_writes=True) as proxy:
        created = proxy.call(
            "POST", "/api/v2/data-stores", world.token, json={"name": "New", "teamId": 1, "maxSizeMB": 1}
        )
        proxy.call("GET", f"/api/v2/data-stores/{created.json()['dataStore']['id']}", world.token)
        mutant = next(each for each in MUTANTS if each.name == "a field is missing")
        proxied.mutated_app.mutant = mutant
        proxy.call("GET", "/api/v2/scenarios/1", world.token)
        proxied.mutated_app.mutant = None
    for exchange in proxy.exchanges:
        shadow.play(exchange)
    shadow.close()
    assert [[each.path for each in result.differences] for result in results] == [
        [],
        [],
        ["scenario.lastEdit"],
    ]
    report = shadow.summary()
    assert report is not None
    text = report.render_text()
    assert text.startswith("shadow: 3 requests to 127.0.0.1:")
    assert "scenario.lastEdit: not recorded, but the emulator has it" in text


def test_sessions_of_mcp_are_followed(proxied: ProxiedZone, world: World) -> None:
    results: list[ExchangeResult] = []
    shadow = open_shadow(results)
    headers = {"Authorization": f"Token {world.token}", "Accept": ACCEPT}
    with proxied.open() as proxy:
        opened = proxy.call("POST", "/mcp/stream", world.token, headers, json=frame("initialize", INITIALIZE))
        assert opened.status_code == 401
        path = f"/mcp/u/{world.token}/stream"
        opened = proxy.call("POST", path, world.token, headers, json=frame("initialize", INITIALIZE))
        headers["Mcp-Session-Id"] = opened.headers["Mcp-Session-Id"]
        proxy.call("POST", path, world.token, headers, json=frame("ping", id=2))
    for exchange in proxy.exchanges:
        shadow.play(exchange)
    shadow.close()
    assert [result.status for result in results] == [401, 200, 200]
    assert [list(result.differences) for result in results] == [[], [], []]


def test_nothing_is_reported_of_no_call() -> None:
    shadow = open_shadow([])
    shadow.close()
    assert shadow.summary() is None
