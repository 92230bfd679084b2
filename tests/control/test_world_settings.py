"""Settings of a world over the control API, in seeds, snapshots, Python and on the command line, and what they change."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.error import HTTPError

import pytest
from click.testing import CliRunner

import make_emulator
from helpers.api import ApiClient, assert_ok, assert_refused, assert_status, json_of
from helpers.webhooks import WebhookHarness
from make_emulator.app import create_app
from make_emulator.cli.main import main
from make_emulator.http.hints import HEADER
from make_emulator.seeds import SeedError

FORBIDDEN = {
    "detail": "Forbidden to use token authorization for this organization.",
    "message": "Permission denied",
    "code": "SC403",
    "suberrors": [],
}


def change(api: ApiClient, **values: Any) -> dict[str, Any]:
    """The settings of the default world after a change."""
    response = api.control("PATCH", "/worlds/default", json=values)
    settings: dict[str, Any] = assert_ok(response)["settings"]
    return settings


# --- where they are set --------------------------------------------------------------------------


def test_a_world_shows_its_settings(api: ApiClient) -> None:
    assert assert_ok(api.control("GET", "/worlds/default"))["settings"] == {
        "rateLimit": True,
        "apiAccess": True,
        "blueprintChangeStops": False,
        "filteredUserAgents": False,
        "inactiveHooks": "queue",
        "runInactive": False,
        "unknownModules": "warn",
        "unmatched": "mock",
    }


def test_a_change_leaves_the_other_settings_and_a_reset_takes_it_back(api: ApiClient) -> None:
    assert change(api, apiAccess=False)["apiAccess"] is False
    settings = change(api, runInactive=True, rateLimit=False)
    assert (settings["apiAccess"], settings["runInactive"], settings["rateLimit"]) == (False, True, False)
    assert change(api) == settings
    reset = assert_ok(api.control("POST", "/worlds/default/reset"))["settings"]
    assert (reset["apiAccess"], reset["runInactive"], reset["rateLimit"]) == (True, False, True)


def test_a_new_world_may_have_settings_which_a_reset_keeps(api: ApiClient) -> None:
    made = assert_status(api.control("POST", "/worlds", json={"name": "w", "apiAccess": False}), 201)
    assert made["settings"]["apiAccess"] is False
    assert_ok(api.control("PATCH", "/worlds/w", json={"apiAccess": True}))
    assert assert_ok(api.control("POST", "/worlds/w/reset"))["settings"]["apiAccess"] is False


@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", "/worlds/default"), ("POST", "/worlds")], ids=["change", "create"]
)
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"apiAccess": "no"}, "Invalid value of parameter 'apiAccess'."),
        ({"inactiveHooks": "drop"}, "The setting 'inactiveHooks' must be one of: queue, reject."),
        ({"inactiveHooks": "reject", "unknown": 1}, "Unknown parameter 'unknown'."),
    ],
)
def test_wrong_settings_are_refused_and_change_nothing(
    api: ApiClient, method: str, path: str, body: dict[str, Any], text: str
) -> None:
    assert_refused(api.control(method, path, json=body), detail=text)
    assert dict(api.world.settings) == {}
    assert len(json_of(api.control("GET", "/worlds"))["worlds"]) == 1


def test_an_unknown_world_has_no_settings(api: ApiClient) -> None:
    assert_refused(api.control("PATCH", "/worlds/nowhere", json={}), 404)


def test_a_seed_has_settings_which_those_of_the_world_replace(api: ApiClient) -> None:
    seed = {
        "settings": {"apiAccess": False, "inactiveHooks": "reject"},
        "organizations": [{"name": "O", "teams": [{"name": "T"}]}],
    }
    body = {"name": "s", "seed": seed, "apiAccess": True}
    settings = assert_status(api.control("POST", "/worlds", json=body), 201)["settings"]
    assert (settings["apiAccess"], settings["inactiveHooks"]) == (True, "reject")


def test_a_seed_with_a_wrong_setting_is_refused() -> None:
    organizations = [{"name": "O", "teams": [{"name": "T"}]}]
    with pytest.raises(SeedError, match="did you mean 'apiAccess'"):
        create_app(seed={"settings": {"apiAcces": False}, "organizations": organizations})


def test_a_snapshot_has_the_settings_and_an_earlier_one_the_defaults(api: ApiClient) -> None:
    change(api, apiAccess=False)
    document = json_of(api.control("GET", "/worlds/default/snapshot"))
    change(api, apiAccess=True)
    assert api.control("PUT", "/worlds/default/snapshot", json=document).status_code == 200
    assert change(api)["apiAccess"] is False
    del document["settings"]
    assert api.control("PUT", "/worlds/default/snapshot", json=document).status_code == 200
    assert change(api)["apiAccess"] is True


def test_settings_in_python(make: make_emulator.MakeEmulator) -> None:
    world = make.create_world(api_access=False)
    try:
        with pytest.raises(HTTPError, match="403") as refused:
            urllib.request.urlopen(
                urllib.request.Request(f"{world.base_url}/scenarios/1", headers=world.headers), timeout=10
            )
        refused.value.close()
        world.change_settings(api_access=True)
        request = urllib.request.Request(f"{world.base_url}/scenarios/1", headers=world.headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            assert response.status == 200
    finally:
        world.delete()


def test_settings_of_a_world_without_a_socket() -> None:
    with make_emulator.mock_make(inactive_hooks="reject") as world:
        assert world._client.call("GET")["settings"]["inactiveHooks"] == "reject"


@pytest.mark.make_world(run_inactive=True)
def test_the_marker_has_settings(make_world: make_emulator.World, make_client: Any) -> None:
    body = {"data": {"sku": "A-1", "quantity": 1}}
    assert make_client.post("/scenarios/4/run", json=body).status_code == 200


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("apiAccess", "A setting has the form NAME=VALUE"),
        ("apiAcces=false", "did you mean 'apiAccess'"),
        ("apiAccess=no", "must be one of: true, false"),
    ],
)
def test_the_command_line_says_what_is_wrong_with_a_setting(option: str, text: str) -> None:
    result = CliRunner().invoke(main, ["serve", "--port", "0", "--setting", option])
    assert result.exit_code in (1, 2)
    assert text in result.output


# --- what they change ----------------------------------------------------------------------------


def test_without_access_tokens_may_list_and_nothing_else(api: ApiClient) -> None:
    change(api, apiAccess=False)
    for path in ("/scenarios?teamId=1", "/teams?organizationId=1", "/hooks?teamId=1", "/users/me"):
        assert_ok(api.get(path))
    assert_ok(api.get("/organizations"))
    for method, path in (
        ("GET", "/scenarios/1"),
        ("GET", "/scenarios/1/blueprint"),
        ("GET", "/teams/1"),
        ("GET", "/hooks/1"),
        ("POST", "/scenarios/1/run"),
        ("DELETE", "/scenarios/1"),
        ("POST", "/hooks/1/enable"),
    ):
        response = api.call(method, path, json={} if method == "POST" else None)
        assert assert_refused(response, 403) == FORBIDDEN, path
        assert "apiAccess" in response.headers[HEADER]
    body = {"teamId": 1, "name": "d", "maxSizeMB": 1}
    assert assert_refused(api.post("/data-stores", json=body), 403) == FORBIDDEN
    assert len(api.world.scenarios) == 5
    # What is hidden stays hidden.
    assert_refused(api.get("/scenarios/5"), 404, code="SC404")


def test_a_webhook_of_an_inactive_scenario_is_queued_or_rejected(paused_gateway: WebhookHarness) -> None:
    hook = paused_gateway
    # A hook that learns takes everything.
    assert_ok(hook.api.post(f"/hooks/{hook.hook}/learn-stop"))
    assert hook.send(json={"n": 1}).status_code == 200
    change(hook.api, inactiveHooks="reject")
    rejected = hook.send(json={"n": 2})
    assert (rejected.status_code, rejected.get_data(as_text=True)) == (
        410,
        "There is no scenario listening for this webhook.",
    )
    change(hook.api, inactiveHooks="queue")
    assert hook.send(json={"n": 3}).status_code == 200
    assert len(hook.waiting()) == 2


def test_inactive_scenarios_run_on_request_if_the_world_says_so(api: ApiClient) -> None:
    text = json.dumps(
        {
            "name": "t",
            "flow": [
                {
                    "id": 1, "module": "scenario-service:ReturnData", "version": 2,
                    "parameters": {}, "mapper": {"answer": "1"}, "metadata": {},
                }
            ],
            "metadata": {},
        }
    )  # fmt: skip
    body = {"teamId": 1, "blueprint": text, "scheduling": '{"type":"on-demand"}'}
    id = assert_ok(api.post("/scenarios", json=body))["scenario"]["id"]
    assert_refused(api.post(f"/scenarios/{id}/run", json={}), 422, code="IM325")
    change(api, runInactive=True)
    assert assert_ok(api.post(f"/scenarios/{id}/run", json={"responsive": True}))["status"] == 1
    assert assert_ok(api.get(f"/scenarios/{id}"))["scenario"]["isActive"] is False


@pytest.mark.parametrize("stops", [False, True])
def test_a_new_blueprint_stops_an_active_scenario_if_the_world_says_so(api: ApiClient, stops: bool) -> None:
    change(api, blueprintChangeStops=stops)
    current = assert_ok(api.get("/scenarios/1/blueprint"))["response"]["blueprint"]
    changed = assert_ok(api.patch("/scenarios/1", json={"blueprint": json.dumps(current)}))["scenario"]
    assert changed["isActive"] is not stops
    renamed = assert_ok(api.patch("/scenarios/1", json={"name": "New"}))["scenario"]
    assert renamed["isActive"] is not stops


def test_the_user_agent_of_urllib_is_refused_if_the_world_says_so(api: ApiClient) -> None:
    agent = {"User-Agent": "Python-urllib/3.11"}
    assert_ok(api.get("/users/me", headers=agent))
    change(api, filteredUserAgents=True)
    response = api.get("/users/me", headers=agent)
    assert (response.status_code, response.get_data(as_text=True)) == (403, "error code: 1010")
    assert response.content_type.startswith("text/plain")
    assert_ok(api.get("/users/me", headers={"User-Agent": "my-client/1.0"}))
