"""Modules that Make does not have, or that the catalogue does not know: refused, or flagged in header, log and lint."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.api import ApiClient, assert_status
from make_emulator import MakeEmulator


def create(api: ApiClient, *modules: dict[str, Any], **body: Any) -> Any:
    flow = [{"id": place, "version": 1, "mapper": {}, **module} for place, module in enumerate(modules, 1)]
    blueprint = {"name": "t", "flow": flow, "metadata": {}}
    document = {
        "teamId": 1,
        "blueprint": json.dumps(blueprint),
        "scheduling": json.dumps({"type": "on-demand"}),
        **body,
    }
    return api.post("/scenarios?confirmed=true", json=document)


@pytest.mark.parametrize(
    ("module", "hint"),
    [
        ({"module": "myapp:doIt"}, "Module 1: Make has no app 'myapp'"),
        (
            {"module": "gmail:sendEmail"},
            "Module 1: Make has no app 'gmail', only 'google-email'; did you mean google-email:sendAnEmail",
        ),
        ({"module": "stripe:ActionCreateCustomer"}, "did you mean stripe:createCustomer?"),
        ({"module": "google-sheets:ActionAddRow", "version": 2}, "did you mean google-sheets:addRow?"),
        ({"module": "datastore:SearchRecords"}, "did you mean datastore:SearchRecord?"),
        ({"module": "builtin:Sleep"}, "did you mean util:FunctionSleep?"),
    ],
)
def test_a_module_that_make_does_not_have_is_refused(
    api: ApiClient, module: dict[str, Any], hint: str
) -> None:
    response = create(api, module)
    assert response.status_code == 400
    assert response.json["code"] == "IM007"
    assert (
        response.json["detail"]
        == f"Module not found '{module['module']}' version '{module.get('version', 1)}'."
    )
    assert hint in response.headers["X-Emulator-Why"]
    log = assert_status(api.control("GET", "/worlds/default/requests"))["requests"]
    assert hint in log[-1]["sentence"]


def test_the_same_holds_for_changes(api: ApiClient) -> None:
    blueprint = {"name": "t", "flow": [{"id": 1, "module": "myapp:doIt", "version": 1}], "metadata": {}}
    response = api.patch("/scenarios/1", json={"blueprint": json.dumps(blueprint)})
    assert response.status_code == 400
    assert "no app 'myapp'" in response.headers["X-Emulator-Why"]


@pytest.mark.parametrize(
    ("module", "warning"),
    [
        (
            {"module": "slack:SendMessage", "version": 4},
            "module 1: no module 'slack:SendMessage' is known; did you mean slack:CreateMessage?",
        ),
        (
            {"module": "slack:CreateMessage"},
            "module 1: 'slack:CreateMessage' is known in version 3, 4, not in version 1",
        ),
        ({"module": "somebodys-app:Do"}, "module 1: the app 'somebodys-app' is not known"),
    ],
)
def test_a_module_that_is_not_known_is_accepted_with_a_warning(
    api: ApiClient, module: dict[str, Any], warning: str
) -> None:
    response = create(api, module)
    assert response.status_code == 200
    assert response.headers["X-Emulator-Warning"] == warning
    log = assert_status(api.control("GET", "/worlds/default/requests"))["requests"]
    assert log[-1]["sentence"].endswith(f"-> 200: {warning}")


def test_known_modules_have_no_warning(api: ApiClient) -> None:
    known = {"module": "json:ParseJSON", "parameters": {"type": ""}, "mapper": {"json": "{}"}}
    assert "X-Emulator-Warning" not in create(api, known).headers
    own = create(api, {"module": "app#mine-a1b2c3:Do"})
    assert own.status_code == 200
    assert "X-Emulator-Warning" not in own.headers


def test_a_world_can_refuse_or_accept_what_is_not_known(api: ApiClient) -> None:
    unknown = {"module": "slack:SendMessage", "version": 4}
    changed = assert_status(api.control("PATCH", "/worlds/default", json={"unknownModules": "refuse"}))

    assert changed["settings"]["unknownModules"] == "refuse"
    refused = create(api, unknown)
    assert (refused.status_code, refused.json["code"]) == (400, "IM007")
    assert_status(api.control("PATCH", "/worlds/default", json={"unknownModules": "accept"}))
    assert "X-Emulator-Warning" not in create(api, unknown).headers


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/worlds/default", {"unknownModules": "maybe"}),
        ("PATCH", "/worlds/default", {"unmatched": "x"}),
        ("PATCH", "/worlds/default", {"unknownModule": "warn"}),
        ("POST", "/worlds", {"unknownModules": "maybe"}),
    ],
)
def test_wrong_settings_are_400(api: ApiClient, method: str, path: str, body: dict[str, Any]) -> None:
    assert_status(api.control(method, path, json=body), 400)


def test_a_seed_declares_modules_of_its_own(api: ApiClient) -> None:
    seed = {"modules": ["myapp:doIt"], "organizations": [{"name": "Own", "teams": [{"name": "Team"}]}]}
    world = assert_status(
        api.control("POST", "/worlds", json={"seed": seed, "unknownModules": "refuse"}), 201
    )["world"]
    own = ApiClient(api.app, world["token"])
    made = create(own, {"module": "myapp:doIt"}, teamId=world["teamId"])
    assert made.status_code == 200, made.text
    assert "X-Emulator-Warning" not in made.headers


REQUEST = {
    "module": "http:ActionGetFile",
    "version": 3,
    "parameters": {"handleErrors": False},
    "mapper": {
        "url": "https://api.example.com/orders",
        "serializeUrl": False,
        "method": "get",
        "shareCookies": False,
    },
}


def test_http_requests_that_no_rule_matches_can_end_the_run() -> None:
    with MakeEmulator() as make:
        world = make.create_world(unmatched="fail")
        id = _Client(world).scenario(REQUEST)
        assert world.run(id)["error"]["message"] == "No rule matches GET https://api.example.com/orders."
        world.http.respond("https://api.example.com/order", json={})
        assert world.run(id)["error"]["message"] == (
            "No rule matches GET https://api.example.com/orders; the nearest is 'any https://api.example.com/order'."
        )
        world.http.respond("https://api.example.com/orders", json={})
        assert world.run(id)["status"] == 1


def test_calls_that_nothing_matches_can_end_the_run() -> None:
    with MakeEmulator() as make:
        world = make.create_world(unmatched="fail")
        api = _Client(world)
        id = api.scenario(
            {"module": "slack:CreateMessage", "version": 4, "parameters": {"__IMTCONN__": api.slack()}}
        )
        world.modules.script("slack:createMessage", output={"ts": "1"})
        run = world.run(id)
        assert run["error"]["message"] == (
            "No script matches module 1 (slack:CreateMessage); did you mean 'slack:createMessage'?"
        )
        world.modules.script("slack:CreateMessage", output={"ts": "1"})
        assert world.run(id)["status"] == 1


class _Client:
    def __init__(self, world: Any) -> None:
        import requests

        self.world = world
        self.session = requests.Session()
        self.session.headers.update(world.headers)

    def slack(self) -> int:
        body = {"accountName": "Slack", "accountType": "slack2"}
        rows = self.session.get(
            f"{self.world.base_url}/connections", params={"teamId": self.world.team_id}
        ).json()
        found = [row["id"] for row in rows["connections"] if row["accountName"].startswith("slack")]
        assert found, (rows, body)
        return int(found[0])

    def scenario(self, *modules: dict[str, Any]) -> int:
        flow = [
            {"id": place, "version": 1, "mapper": {}, **module} for place, module in enumerate(modules, 1)
        ]
        document = {
            "teamId": self.world.team_id,
            "blueprint": json.dumps({"name": "t", "flow": flow, "metadata": {}}),
            "scheduling": json.dumps({"type": "on-demand"}),
        }
        made = self.session.post(f"{self.world.base_url}/scenarios?confirmed=true", json=document)
        assert made.status_code == 200, made.text
        id = int(made.json()["scenario"]["id"])
        started = self.session.post(f"{self.world.base_url}/scenarios/{id}/start")
        assert started.status_code == 200, started.text
        return id
