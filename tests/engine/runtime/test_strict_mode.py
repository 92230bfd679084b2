"""The setting ``unmatched: fail``: no outside service is simulated."""

from __future__ import annotations

from typing import Any

import pytest

import make_emulator
from helpers.api import ApiClient, assert_ok
from helpers.engine import module, return_data, set_variable
from helpers.scenarios import create_live_scenario, create_smtp_connection, http_request_module
from make_emulator import World
from make_emulator.world import external_services, settings
from make_emulator.world.models import HttpRule

ORDERS = "https://api.example.com/orders"


@pytest.fixture
def strict_world(make: make_emulator.MakeEmulator) -> World:
    # Three failures in a row stop a scenario.
    return make.create_world(unmatched="fail", run_inactive=True)


def slack_module(id: int = 1, **rest: Any) -> dict[str, Any]:
    return module(id, "acme:CreateMessage", {"text": "Hi"}, **rest)


def error_message(world: World, id: int) -> str:
    """The message of the error that a run ends with."""
    result = world.run(id)
    assert (result["status"], result["error"]["name"]) == (3, "RuntimeError"), result
    message: str = result["error"]["message"]
    return message


def test_the_nearest_rule_is_named_with_the_reason_why_it_does_not_match(strict_world: World) -> None:
    world = strict_world
    id = create_live_scenario(world, http_request_module(ORDERS))
    start = f"No rule matches POST {ORDERS}"
    assert error_message(world, id) == f"{start} (the world has no rules)."
    world.http.respond("https://else.where/*", json={})
    assert error_message(world, id) == f"{start} (the nearest is 'any https://else.where/*')."
    world.http.respond("https://api.example.com/order", json={})
    assert error_message(world, id) == f"{start} (the nearest is 'any https://api.example.com/order')."
    world.http.respond("https://api.example.com/*", method="GET", json={})
    assert (
        error_message(world, id)
        == f"{start} (the nearest is 'GET https://api.example.com/*', of another method)."
    )
    world.http.respond("https://api.example.com/*", method="POST", json={}, times=1)
    assert world.run(id)["status"] == 1
    assert error_message(world, id) == f"{start} ('POST https://api.example.com/*' is used up)."


def test_a_request_that_nothing_answers_is_logged_as_such(strict_world: World) -> None:
    world = strict_world
    id = create_live_scenario(world, http_request_module(f"{ORDERS}?token=s3cret-s3cret-s3cret"))
    assert "s3cret" not in error_message(world, id)
    [request] = world.http.requests
    assert (request["answeredBy"], request["status"], request["error"]) == ("nothing", None, "RuntimeError")
    with pytest.raises(AssertionError, match="failed with RuntimeError, as no rule matches it"):
        world.http.assert_sent("DELETE", ORDERS)


def test_no_error_handler_takes_it(strict_world: World) -> None:
    handled = {**http_request_module(ORDERS), "onerror": [module(9, "builtin:Ignore")]}
    id = create_live_scenario(strict_world, handled)
    assert error_message(strict_world, id).startswith("No rule matches")


def test_the_nearest_script_is_named(strict_world: World) -> None:
    world = strict_world
    id = create_live_scenario(world, slack_module())
    start = "No script matches module 1 (acme:CreateMessage)"
    assert error_message(world, id) == f"{start}; the world has no scripts."
    world.modules.script("stripe:ListCharges", output={})
    assert error_message(world, id) == f"{start}; the nearest is of 'stripe:ListCharges'."
    world.modules.script("acme:CreateMessages", output={})
    assert error_message(world, id) == f"{start}; the nearest is of 'acme:CreateMessages'."
    world.modules.script("acme:CreateMessage", output={"ts": "1"}, times=1)
    assert world.run(id)["status"] == 1
    assert error_message(world, id) == f"{start}: its script is used up."


def test_a_script_without_output_does_not_respond(strict_world: World) -> None:
    world = strict_world
    id = create_live_scenario(world, slack_module())
    world.modules.script("acme:CreateMessage", duration_ms=1_000)
    assert error_message(world, id) == "The script of module 1 (acme:CreateMessage) has no output."
    world.change_settings(unmatched="mock")
    assert world.run(id)["status"] == 1


def test_a_called_scenario_is_as_strict(strict_world: World) -> None:
    world = strict_world
    called = create_live_scenario(world, slack_module())
    parameters = {"scenario": called, "shouldWaitForExecutionEnd": True}
    call = module(1, "scenario-service:CallSubscenario", {}, parameters=parameters, version=2)
    id = create_live_scenario(world, call)
    assert error_message(world, id).startswith("No script matches module 1 (acme:CreateMessage)")


def test_modules_of_make_itself_and_mails_need_no_script(strict_world: World) -> None:
    mail = {
        "to": ["ann@example.com"],
        "subject": "Hi",
        "contentType": "text",
        "text": "Hi",
    }
    account = create_smtp_connection(strict_world)
    id = create_live_scenario(
        strict_world,
        set_variable(1, "a"),
        module(2, "email:ActionSendEmail", mail, parameters={"account": account}, version=7),
        return_data(3, done=True),
    )
    assert strict_world.run(id)["status"] == 1
    strict_world.outbox.assert_sent(to="ann@example.com")


def test_a_trigger_emits_what_the_run_received(api: ApiClient) -> None:
    settings.apply(api.world, {"unmatched": "fail"})
    first = assert_ok(
        api.post("/scenarios/2/run", json={"responsive": True, "data": {"sku": "A-1", "quantity": 1}})
    )
    assert first["status"] == 1


@pytest.mark.parametrize(
    ("method", "url", "nearest"),
    [
        ("GET", "https://b.example.com/x", 2),
        ("POST", "https://b.example.com/x", 3),
        ("POST", "https://a.example.com/y", 1),
        ("GET", "https://c.example.com/zz", 4),
    ],
)
def test_a_rule_is_near_by_its_url_then_by_its_method(
    api: ApiClient, method: str, url: str, nearest: int
) -> None:
    for rule in (
        HttpRule(url="https://a.example.com/*", method="GET"),
        HttpRule(url="https://b.example.com/*", method="GET", left=0),
        HttpRule(url="https://b.example.com/x", method="POST", left=0),
        HttpRule(url="https://c.example.com/z"),
    ):
        external_services.add_rule(api.world, rule)
    found = external_services.nearest_rule(api.world, method, url)
    assert found is not None
    assert found.id == nearest


# --- pytest ----------------------------------------------------------------------------------------

_TEST = """
    import pytest

    def test_strict(make_world):
        assert make_world._client.call("GET")["settings"]["unmatched"] == "fail"

    @pytest.mark.make_world(unmatched="mock")
    def test_marked(make_world):
        assert make_world._client.call("GET")["settings"]["unmatched"] == "mock"
"""


def test_an_option_has_the_settings_of_all_tests(pytester: pytest.Pytester, few_plugins: None) -> None:
    pytester.makepyfile(_TEST)
    pytester.runpytest("--make-setting", "unmatched=fail").assert_outcomes(passed=2)
    pytester.makeini("[pytest]\nmake_settings =\n    unmatched=fail\n    api_access=true\n")
    pytester.runpytest().assert_outcomes(passed=2)
    pytester.makeini("[pytest]\nmake_settings = unmatched=mock\n")
    pytester.runpytest("--make-setting", "unmatched=fail").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("text", "issue"),
    [
        ("unmatched", "A setting has the form NAME=VALUE, not 'unmatched'."),
        ("unmatchd=fail", "There is no setting 'unmatchd'"),
        ("unmatched=no", "The setting 'unmatched' must be one of: mock, fail."),
    ],
)
def test_an_invalid_option_is_one_line(
    pytester: pytest.Pytester, few_plugins: None, text: str, issue: str
) -> None:
    result = pytester.runpytest("--make-setting", text)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: make_settings: {issue}*"])
