"""The typed client of the npm package against the declarations of the control API: routes, bodies and responses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from flask import Flask

from helpers.valid_requests import VALID_REQUESTS
from make_emulator import MakeEmulator, control
from make_emulator.app import create_app
from make_emulator.client.control import ControlClient, ControlError
from make_emulator.control.params import FieldTypes

from .conftest import ROOT, Project, RunCode

pytestmark = pytest.mark.e2e

CHANGES = ("PUT", "POST", "PATCH")


def declared_routes(app: Flask) -> dict[str, str]:
    """Returns the routes of the control API, such as ``GET /worlds/{name}``, by method and endpoint."""
    return {
        f"{method} {rule.endpoint}": f"{method} {_template(rule.rule)}"
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("control.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def _template(rule: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule).removeprefix("/_emulator")


def test_the_client_has_every_route_and_no_other(run_code: RunCode) -> None:
    routes = run_code(
        "import { CONTROL_ROUTES } from 'make-emulator'; console.log(JSON.stringify(CONTROL_ROUTES));"
    )
    assert sorted(routes) == sorted(declared_routes(create_app()).values())


#: Routes whose query parameter is documented at the route above.
_INHERITED = {"GET /modules/{app}": {"world"}, "GET /modules/{app}/{module}": {"world"}}


def test_the_queries_have_the_parameters_of_the_reference(run_code: RunCode) -> None:
    queries = run_code(
        """
        import { CONTROL_ROUTES, queryParametersOf } from 'make-emulator';
        console.log(JSON.stringify(Object.fromEntries(CONTROL_ROUTES.map((route) => [route, queryParametersOf(route)]))));
        """
    )
    reference = (ROOT / "docs/reference/control-api.md").read_text("utf-8")
    for route, names in queries.items():
        [text] = re.findall(rf"^\| `{re.escape(route)}` \| (.*) \|$", reference, flags=re.MULTILINE)
        documented = set(re.findall(r"`\??(\w+)=", text)) | _INHERITED.get(route, set())
        assert set(names) == documented, route


class _FieldsSeen(BaseException):
    """End of a handler that has said which fields its body may have."""

    def __init__(self, fields: FieldTypes) -> None:
        super().__init__()
        self.fields = fields


def _stop_at_fields(fields: FieldTypes) -> None:
    raise _FieldsSeen(fields)


def declared_bodies(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, set[str]]]:
    """Yields each route that parses a body, with the fields that it knows."""
    for info in iter_modules(control.__path__):
        module = import_module(f"make_emulator.control.{info.name}")
        if hasattr(module, "parse_body"):
            monkeypatch.setattr(module, "parse_body", _stop_at_fields)
    app = create_app()
    client = app.test_client()
    for route in declared_routes(app).values():
        method, path = route.split(" ")
        if method not in CHANGES:
            continue
        target = path.replace("{name}", "default").replace("{module}", "slack:CreateMessage")
        target = re.sub(r"\{\w+\}", "1", target)
        try:
            client.open(f"/_emulator{target}", method=method)
        except _FieldsSeen as seen:
            yield route, set(seen.fields)


#: Routes whose body is a document of its own, or that have none.
_OTHER_BODIES = {"PUT /worlds/{name}/snapshot", "POST /worlds/{name}/reset"}


def test_the_bodies_have_the_fields_of_the_declarations(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = dict(declared_bodies(monkeypatch))
    routes = {route for route in declared_routes(create_app()).values() if route.startswith(CHANGES)}
    assert routes - bodies.keys() == _OTHER_BODIES
    lines = ["import type { BodyOf } from 'make-emulator';"]
    for number, (route, fields) in enumerate(bodies.items()):
        # A literal has to name every field, and may name no other.
        values = ", ".join(f"{name}: true" for name in sorted(fields))
        kind = f"Record<keyof BodyOf<'{route}'>, true>" if fields else f"BodyOf<'{route}'>"
        lines.append(
            f"export const body{number}: {kind} = {{ {values} }};"
            if fields
            else f"export type NoBody{number} = [{kind}] extends [never] ? true : false;"
            f"\nexport const none{number}: NoBody{number} = true;"
        )
    check_types(project, "\n".join(lines))


def check_types(project: Project, code: str) -> None:
    options = {
        "strict": True,
        "noEmit": True,
        "module": "nodenext",
        "target": "es2022",
        "types": ["node"],
        "skipLibCheck": True,
    }
    project.write(
        {"tsconfig.json": json.dumps({"compilerOptions": options, "files": ["check.mts"]}), "check.mts": code}
    )
    done = project.run_tool("tsc", "--project", ".", "--pretty", "false")
    assert (done.stdout, done.returncode) == ("", 0)


# --- responses -----------------------------------------------------------------------------------


def test_real_responses_have_the_declared_types(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    responses: list[tuple[str, Any]] = []
    call = ControlClient.call

    with MakeEmulator() as make:
        routes = declared_routes(make.app)
        adapter = make.app.url_map.bind("127.0.0.1")

        def recorded(self: ControlClient, method: str, *path: str, **options: Any) -> Any:
            response = call(self, method, *path, **options)
            endpoint, _ = adapter.match("/_emulator/" + "/".join(path), method)
            responses.append((routes[f"{method} {endpoint}"], response))
            return response

        monkeypatch.setattr(ControlClient, "call", recorded)
        use_every_route(make)
        assert {route for route, _ in responses} == set(routes.values())
    lines = ["import type { ResponseOf } from 'make-emulator';"]
    for number, (route, response) in enumerate(responses):
        # A literal may have no member that the type does not declare.
        value = "undefined" if response is None else json.dumps(response)
        lines.append(f"export const response{number}: ResponseOf<'{route}'> = {value};")
    check_types(project, "\n".join(lines))


def use_every_route(make: MakeEmulator) -> None:
    """Calls every route of the control API, in a world with rows of every kind."""
    control = make.control
    world = make.create_world(zone="us1")
    client = world._client

    def blueprint(name: str) -> Any:
        return json.loads((ROOT / f"fixtures/blueprints/{name}.json").read_text("utf-8"))

    control.is_healthy()
    control.call("GET", "openapi.json")
    control.call("GET", "ready")
    wrong = {"name": "Wrong", "flow": [{"id": 1, "module": "http:ActionSendDat", "version": 3}]}
    control.call("POST", "lint", body={"blueprint": wrong})
    control.call("POST", "mend", body={"blueprint": wrong})
    control.call("POST", "drawing", body={"blueprint": blueprint("order-status-api")})
    control.call("GET", "modules")
    control.call("GET", "modules", "slack")
    control.call("GET", "modules", "slack", "CreateMessage")
    control.call("GET", "modules", "http", "ActionSendData")
    control.worlds()
    client.describe()
    client.change_settings(rate_limit=False)

    for module in ("slack:CreateMessage", "http:ActionSendData"):
        world.modules.script(module, error="RateLimitError", times=1, duration_ms=5)
    world.modules.script("slack:CreateMessage", output={"ts": "1"})
    client.call("GET", "modules", "slack:CreateMessage")
    world.modules.all()
    world.modules.clear("slack:CreateMessage")
    world.modules.clear()
    world.modules.declare(
        "acme:Ship", versions=[1], connection_types=["acme"], output=[{"name": "id", "type": "text"}]
    )
    world.modules.declared()
    world.modules.withdraw("acme:Ship")
    world.faults.add("rate-limit", method="GET", path="/x*", token="admin", times=2, probability=0.5, seed=3)
    world.faults.add(action="reset", delay_ms=5, path="/y")
    world.faults.all()
    world.faults.clear()
    world.clock.freeze()
    world.clock.advance(minutes=1)
    world.clock.now  # noqa: B018 - a call

    world.http.respond(
        "https://api.example.com/*", method="GET", json={"a": [1]}, headers={"X-A": "b"}, times=9
    )
    world.http.respond("https://pages.example.com/*", pages=[1, {"a": 2}])
    world.http.respond("https://down.example.com/*", error="timeout", delay_ms=3)
    imported = client.call(
        "POST",
        "import",
        body={
            "files": [
                *({"name": path.name, "document": blueprint(path.stem)} for path in _blueprints()),
                {"name": "wrong.json", "document": "no JSON"},
            ],
            "activate": True,
        },
    )
    for row in imported["scenarios"]:
        if row["active"]:
            _run(make, world.token, row["scenarioId"])
    for hook in [row for row in imported["stubs"] if row.get("url")]:
        control.post(hook["url"].removeprefix(make.url), b'{"order": "A2", "amount": 3}', "application/json")
    runs = client.call("GET", "executions")["executions"]
    for run in runs:
        world.execution(run["id"])
        client.call("GET", "executions", run["id"])
        drawing = ("scenarios", str(run["scenarioId"]), "drawing")
        client.call("GET", *drawing, query={"execution": run["id"]})
    client.call("GET", "scenarios", "1", "drawing")
    for row in client.call("GET", "scenarios")["scenarios"]:
        client.call("GET", "scenarios", str(row["id"]))
    client.call("GET", "events")
    for row in client.call("GET", "data-stores")["dataStores"]:
        client.call("GET", "data-stores", str(row["id"]), "records")
    client.call("GET", "tokens")
    client.call("GET", "variables")
    client.call_unlogged("PATCH", "/scenarios/1", {"name": "Prepared"})
    mailhook = {"name": "Mails", "teamId": world.team_id, "typeName": "gateway-mailhook"}
    made = control.api("POST", "/hooks", world.token, mailhook)
    client.call("POST", "hooks", str(made["hook"]["id"]), "mail", body={"subject": "x", "text": "y"})
    world.http.rules  # noqa: B018 - a call
    world.outbox.all()

    agent = world.agents.create("ops", {"scenarios/1": ["read", "run"], "data-stores": "full"}, runs="check")
    list(world.agents)
    world.agents["ops"]
    for path in ("/scenarios/1", "/teams/1", "/scenarios/5"):
        _get(make, path, str(agent.token))
    world.requests.all()
    world.access_report()
    world.coverage()
    world.provenance()
    world.mcp.call("teams_list", {"organizationId": world.organization_id})
    world.mcp.sessions()
    client.call("DELETE", "agents", "ops")

    checkpoint = world.checkpoint("before")
    client.call("GET", "checkpoints")
    control.api("PATCH", "/scenarios/1", world.token, {"name": "Changed"})
    control.api("POST", "/teams", world.token, {"name": "New", "organizationId": world.organization_id})
    control.api("DELETE", "/scenarios/4?confirmed=true", world.token)
    _run(make, world.token, 1, {"name": "Zoe"})
    checkpoint.changes()
    checkpoint.undo("scenario", 1)
    checkpoint.undo()

    created = world.oauth.create_client(redirect_uris=["https://app.example/back"])
    world.oauth.create_client(public=True)
    world.oauth.clients()
    url = (
        f"{world.oauth.authorization_url}?response_type=code&client_id={created.id}"
        "&redirect_uri=https%3A%2F%2Fapp.example%2Fback&scope=scenarios%3Aread"
    )
    for decision in ("approve", "refuse"):
        opened = client.call("POST", "oauth", "requests", body={"url": url})["request"]
        world.oauth.requests()
        client.call("POST", "oauth", "requests", str(opened["id"]), decision, body={})

    toolbox = client.call("POST", "toolboxes", body={"name": "Tools", "tools": [1]})["toolbox"]
    client.call("POST", "toolboxes", str(toolbox["id"]), "keys", body={})
    client.call("GET", "toolboxes")
    client.call("DELETE", "toolboxes", str(toolbox["id"]))
    client.call("PUT", "connections", "1", body={"verify": "invalid", "message": "Gone."})
    client.call("PUT", "connections", "1", body={"verify": "ok"})
    credentials = VALID_REQUESTS["POST /credential-requests/requests/v2"]
    control.api(
        "POST", f"/credential-requests/requests/v2?teamId={world.team_id}", world.token, credentials.body
    )
    [request] = world.credential_requests.list()
    world.credential_requests.approve(request["id"])
    client.create_token(["teams:read"])
    world.restore(world.snapshot())
    world.http.clear()
    world.outbox.clear()
    world.requests.clear()
    world.reset()
    world.delete()


def _blueprints() -> list[Path]:
    return sorted((ROOT / "fixtures/blueprints").glob("*.json"))


def _run(make: MakeEmulator, token: str, scenario: int, inputs: Any = None) -> None:
    body = {"responsive": True, **({"data": inputs} if inputs else {})}
    # It may need inputs, or fail: its trace is one too.
    with suppress(ControlError):
        make.control.api("POST", f"/scenarios/{scenario}/run", token, body)


def _get(make: MakeEmulator, path: str, token: str) -> None:
    # A request that is refused is one of the log, too.
    with suppress(ControlError):
        make.control.api("GET", path, token)
