"""Modules that Make does not have, or that the catalogue does not know: refused, or flagged in header, log and lint."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from helpers.api import ApiClient, assert_status, json_of
from make_emulator import MakeEmulator
from make_emulator.resources import fixture_path

SCHEDULING = json.dumps({"type": "on-demand"})
CONTROLLER = json.dumps({"name": "t", "modules": {}, "idSequence": 2})


def blueprint(*modules: dict[str, Any]) -> str:
    flow = [{"id": place, "version": 1, "mapper": {}, **module} for place, module in enumerate(modules, 1)]
    return json.dumps({"name": "t", "flow": flow, "metadata": {}})


def create(api: ApiClient, *modules: dict[str, Any], **body: Any) -> Any:
    document = {"teamId": 1, "blueprint": blueprint(*modules), "scheduling": SCHEDULING, **body}
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


def template(api: ApiClient, text: str) -> Any:
    body = {
        "teamId": 1,
        "language": "en",
        "blueprint": text,
        "scheduling": SCHEDULING,
        "controller": CONTROLLER,
    }
    return api.post("/templates", json=body)


def changed_template(api: ApiClient, text: str) -> Any:
    return api.patch(
        f"/templates/{template(api, blueprint()).json['template']['id']}", json={"blueprint": text}
    )


def retry(api: ApiClient, text: str) -> Any:
    feed = {"module": "builtin:BasicFeeder", "mapper": {"array": ["{"]}}
    parse = {"module": "json:ParseJSON", "mapper": {"json": "{{1.value}}"}}
    broken = json.loads(blueprint(feed, parse)) | {"metadata": {"scenario": {"dlq": True}}}
    body = {"teamId": 1, "blueprint": json.dumps(broken), "scheduling": SCHEDULING}
    scenario = assert_status(api.post("/scenarios", json=body))["scenario"]["id"]
    assert_status(api.post(f"/scenarios/{scenario}/start"))
    assert_status(api.post(f"/scenarios/{scenario}/run", json={"responsive": True}))
    [row] = assert_status(api.get(f"/dlqs?scenarioId={scenario}"))["dlqs"]
    return api.patch(f"/dlqs/{row['id']}", json={"blueprint": text, "failer": 1})


#: Request by which a blueprint enters a world -> a call that sends it.
ENTRIES: dict[str, Callable[[ApiClient, str], Any]] = {
    "PATCH scenario": lambda api, text: api.patch("/scenarios/1?confirmed=true", json={"blueprint": text}),
    "POST template": template,
    "PATCH template": changed_template,
    "PATCH incomplete execution": retry,
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_same_holds_wherever_a_blueprint_enters(api: ApiClient, entry: str) -> None:
    refused = ENTRIES[entry](api, blueprint({"module": "myapp:doIt"}))
    assert (refused.status_code, refused.json["code"]) == (400, "IM007")
    assert refused.json["detail"] == "Module not found 'myapp:doIt' version '1'."
    assert "no app 'myapp'" in refused.headers["X-Emulator-Why"]
    accepted = ENTRIES[entry](api, blueprint({"module": "slack:SendMessage", "version": 4}))
    assert accepted.status_code == 200, accepted.text
    assert "did you mean slack:CreateMessage?" in accepted.headers["X-Emulator-Warning"]
    log = assert_status(api.control("GET", "/worlds/default/requests"))["requests"]
    assert "did you mean slack:CreateMessage?" in log[-1]["sentence"]


def test_the_clone_of_a_scenario_is_warned_of_and_refused_alike(api: ApiClient) -> None:
    made = json_of(create(api, {"module": "slack:SendMessage", "version": 4}))["scenario"]["id"]
    body = {"name": "copy", "teamId": 1, "states": False}
    path = f"/scenarios/{made}/clone?organizationId=1&confirmed=true"
    assert "slack:CreateMessage" in api.post(path, json=body).headers["X-Emulator-Warning"]
    assert_status(api.control("PATCH", "/worlds/default", json={"unknownModules": "refuse"}))
    assert assert_status(api.post(path, json=body), 400)["code"] == "IM007"


def test_many_unknown_modules_are_counted_rather_than_named(api: ApiClient) -> None:
    unknown = [{"module": f"slack:Thing{place}", "version": 4} for place in range(500)]
    response = create(api, *unknown)
    assert response.status_code == 200
    assert response.headers["X-Emulator-Warning"].startswith("module 1: no module 'slack:Thing0' is known")
    log = assert_status(api.control("GET", "/worlds/default/requests"))["requests"]
    assert log[-1]["sentence"].endswith(
        "module 20: no module 'slack:Thing19' is known; 480 more modules not known"
    )


def test_every_invented_name_is_refused_or_flagged_with_the_right_one() -> None:
    api = ApiClient(MakeEmulator().app)
    invented = json.loads(fixture_path("modules.json").read_text("utf-8"))["invented"]
    statuses: Counter[int] = Counter()
    unled = []
    for name, entry in invented.items():
        response = create(api, {"module": name})
        statuses[response.status_code] += 1
        header = "X-Emulator-Warning" if response.status_code == 200 else "X-Emulator-Why"
        likely = entry.get("likely", [entry.get("hint", "")])[0]
        if likely not in response.headers[header]:
            unled.append(name)
    assert set(statuses) == {200, 400}
    assert statuses[400] > 100
    assert unled == []


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
        assert world.run(id)["error"]["message"] == (
            "No rule matches GET https://api.example.com/orders (the world has no rules)."
        )
        world.http.respond("https://api.example.com/order", json={})
        assert world.run(id)["error"]["message"] == (
            "No rule matches GET https://api.example.com/orders (the nearest is 'any https://api.example.com/order')."
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
            "No script matches module 1 (slack:CreateMessage); the nearest is of 'slack:createMessage'."
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
