"""Modules that a world declares: created, checked, linted, simulated and shown like those of the catalogue."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner

from helpers.api import ApiClient, assert_status
from helpers.mcp import McpHarness
from make_emulator import MakeEmulator
from make_emulator.cli.main import main
from make_emulator.testing import ControlError

DECLARED = "/worlds/default/declared-modules"
DECLARATION: dict[str, Any] = {
    "versions": [1, 2],
    "kind": "action",
    "connection": {"types": ["account:slack"]},
    "mapper": [{"name": "amount", "type": "number", "required": True}, {"name": "note", "type": "text"}],
    "output": [
        {"name": "id", "type": "uuid"},
        {"name": "paid", "type": "date"},
        {"name": "lines", "type": "array", "spec": [{"name": "sku", "type": "text"}]},
    ],
}


def declare(api: ApiClient, module: str = "acme:Pay", **changes: Any) -> Any:
    return api.control("PUT", f"{DECLARED}/{quote(module, safe=':')}", json={**DECLARATION, **changes})


def blueprint(module: str = "acme:Pay", version: int = 1, **node: Any) -> dict[str, Any]:
    flow = [{"id": 1, "module": module, "version": version, "parameters": {}, "mapper": {}, **node}]
    return {"name": "t", "flow": flow, "metadata": {}}


def create(api: ApiClient, module: str = "acme:Pay", version: int = 1, **node: Any) -> Any:
    text = json.dumps(blueprint(module, version, **node))
    body = {"teamId": 1, "blueprint": text, "scheduling": '{"type": "on-demand"}'}
    return api.post("/scenarios?confirmed=true", json=body)


def test_a_module_is_declared_shown_changed_and_withdrawn(api: ApiClient) -> None:
    made = assert_status(declare(api))["module"]
    assert made["name"] == "acme:Pay"
    assert made["connection"] == {"parameter": "__IMTCONN__", "types": ["slack"]}
    assert made["output"] == DECLARATION["output"]
    assert assert_status(declare(api, versions=[3]))["module"]["versions"] == [3]
    assert [row["versions"] for row in assert_status(api.control("GET", DECLARED))["modules"]] == [[3]]
    assert api.control("DELETE", f"{DECLARED}/acme:Pay").status_code == 204
    assert api.control("DELETE", f"{DECLARED}/acme:Pay").status_code == 404
    assert assert_status(api.control("GET", DECLARED)) == {"modules": []}


@pytest.mark.parametrize(
    ("module", "changes", "text"),
    [
        ("acme", {}, "'acme' is not the name of a module; it has the form app:Module."),
        ("acme:a b", {}, "it has the form app:Module"),
        ("acme:Pay", {"outputs": []}, "Unknown parameter 'outputs'"),
        ("acme:Pay", {"versions": [-1]}, "'versions' must be a list of whole numbers"),
        ("acme:Pay", {"versions": [True]}, "'versions' must be a list of whole numbers"),
        ("acme:Pay", {"kind": "verb"}, "'kind' must be one of: action,"),
        ("acme:Pay", {"connection": {"type": "x"}}, "'connection' must be"),
        ("acme:Pay", {"connection": {"types": [1]}}, "'connection' must be"),
        ("acme:Pay", {"output": [5]}, "A field of 'output' must be an object"),
        ("acme:Pay", {"output": [{"type": "text"}]}, "The field 'None' of 'output' must have a name"),
        ("acme:Pay", {"mapper": [{"name": "a", "required": "yes"}]}, "The field 'a' of 'mapper'"),
        ("acme:Pay", {"mapper": [{"name": "a", "spec": [{"name": ""}]}]}, "The field '' of 'mapper'"),
        ("acme:Pay", {"mapper": [{"name": "a"}] * 1001}, "more than 1000 fields"),
    ],
)
def test_a_declaration_that_is_not_valid_is_400_and_changes_nothing(
    api: ApiClient, module: str, changes: dict[str, Any], text: str
) -> None:
    body = assert_status(declare(api, module, **changes), 400)
    assert text in json.dumps(body)
    assert assert_status(api.control("GET", DECLARED)) == {"modules": []}


def test_fields_that_are_nested_too_deeply_are_400(api: ApiClient) -> None:
    field: dict[str, Any] = {"name": "a"}
    for _ in range(12):
        field = {"name": "a", "type": "collection", "spec": [field]}
    assert "nested 10 times at most" in json.dumps(assert_status(declare(api, output=[field]), 400))


def test_scenarios_with_declared_modules_are_created_without_a_warning(api: ApiClient) -> None:
    assert create(api, "myapp:doIt").status_code == 400
    declare(api, "myapp:doIt", connection={"types": ["slack"]})
    made = create(api, "myapp:doIt", parameters={"__IMTCONN__": 1})
    assert "X-Emulator-Warning" not in made.headers
    assert assert_status(made)["scenario"]["isinvalid"] is False


def test_other_versions_of_a_declared_module_do_not_exist(api: ApiClient) -> None:
    declare(api)
    refused = create(api, version=3)
    assert assert_status(refused, 400)["detail"] == "Module not found 'acme:Pay' version '3'."
    assert "'acme:Pay' is declared in version 1, 2, not in version 3" in refused.headers["X-Emulator-Why"]
    declare(api, versions=[])
    assert_status(create(api, version=3))


def test_other_modules_of_a_declared_app_are_not_known_and_lead_to_those_declared(api: ApiClient) -> None:
    declare(api)
    warned = create(api, "acme:Paid")
    assert warned.headers["X-Emulator-Warning"] == (
        "module 1: the world declares no module 'acme:Paid'; did you mean acme:Pay?"
    )
    api.control("PATCH", "/worlds/default", json={"unknownModules": "refuse"})
    assert assert_status(create(api, "acme:Paid"), 400)["code"] == "IM007"
    assert_status(create(api))


def test_a_declared_connection_is_required_and_must_be_of_its_type(api: ApiClient) -> None:
    declare(api)
    scenario = assert_status(create(api))["scenario"]
    assert scenario["isinvalid"] is True
    started = api.post(f"/scenarios/{scenario['id']}/start")
    assert "acme:Pay, needs the parameter '__IMTCONN__'" in started.headers["X-Emulator-Why"]
    other = create(api, parameters={"__IMTCONN__": 2})
    assert "is not compatible with 'acme:Pay' module" in assert_status(other, 400)["detail"]


def run(api: ApiClient, **node: Any) -> Any:
    id = assert_status(create(api, parameters={"__IMTCONN__": 1}, **node))["scenario"]["id"]
    assert_status(api.post(f"/scenarios/{id}/start"))
    done = assert_status(api.post(f"/scenarios/{id}/run", json={"responsive": True}))
    return assert_status(api.control("GET", f"/worlds/default/executions/{done['executionId']}/steps"))[
        "steps"
    ]


def test_mock_data_have_the_declared_output_and_required_fields_are_checked(api: ApiClient) -> None:
    declare(api)
    [step] = run(api, mapper={"amount": 5})
    [bundle] = step["output"]
    assert set(bundle) == {"id", "paid", "lines"}
    assert len(bundle["id"]) == 36
    assert [set(line) for line in bundle["lines"]] == [{"sku"}, {"sku"}]
    [failed] = run(api)
    assert failed["error"]["name"] == "BundleValidationError"


def test_a_module_of_an_own_app_is_declared_and_scripted_by_its_whole_name(api: ApiClient) -> None:
    name = "app#mine-a1b2c3:Do"
    assert assert_status(declare(api, name))["module"]["name"] == name
    assert assert_status(create(api, name, parameters={"__IMTCONN__": 1}))["scenario"]["isinvalid"] is False
    assert assert_status(create(api, name, version=9), 400)["code"] == "IM007"
    script = api.control("PUT", f"/worlds/default/modules/{quote(name, safe=':')}", json={"output": {"a": 1}})
    assert assert_status(script)["module"]["module"] == name


def test_lint_knows_the_modules_of_the_world_that_is_named(api: ApiClient) -> None:
    declare(api)

    def rules(**body: Any) -> list[str]:
        answer = assert_status(api.control("POST", "/lint", json={"blueprint": blueprint(), **body}))
        return [finding["rule"] for finding in answer["findings"]]

    assert "unknown-module" in rules()
    found = rules(world="default")
    assert "unknown-module" not in found
    assert "missing-connection" in found
    assert "missing-field" in found
    assert api.control("POST", "/lint", json={"blueprint": blueprint(), "world": "no"}).status_code == 404


def test_the_catalogue_shows_declared_modules_of_a_world(api: ApiClient) -> None:
    declare(api)
    assert api.control("GET", "/modules/acme").status_code == 404
    apps = assert_status(api.control("GET", "/modules?world=default"))["apps"]
    assert [app["modules"] for app in apps if app["name"] == "acme"] == [1]
    app = assert_status(api.control("GET", "/modules/acme?world=default"))["app"]
    assert [(row["name"], row["trust"], row["versions"]) for row in app["modules"]] == [
        ("acme:Pay", "declared", [1, 2])
    ]
    module = assert_status(api.control("GET", "/modules/acme/Pay?world=default"))["module"]
    assert [field["name"] for field in module["details"][0]["output"]] == ["id", "paid", "lines"]
    unknown = assert_status(api.control("GET", "/modules/acme/Pax?world=default"), 404)
    assert "Did you mean acme:Pay?" in unknown["detail"]
    page = api.control("GET", "/catalogue?module=acme:Pay&world=default").get_data(as_text=True)
    assert "declared by this world" in page
    assert "lines" in page
    assert "?app=acme" in api.control("GET", "/catalogue?q=acm").get_data(as_text=True)


def test_tools_for_agents_show_declared_modules(api: ApiClient, mcp: McpHarness) -> None:
    mcp_api = ApiClient(mcp.api.app)
    declare(mcp_api)

    ids = {"organizationId": 1}
    [listed] = mcp.json("app-modules_list", {"appName": "acme", "appVersion": 1, **ids})
    assert (listed["name"], listed["trust"]) == ("acme:Pay", "declared")
    got = mcp.json("app-module_get", {"appName": "acme", "appVersion": 2, "moduleName": "Pay", **ids})
    assert [field["name"] for field in got["output"]] == ["id", "paid", "lines"]
    assert "acme" in [app["name"] for app in mcp.json("apps_list")]
    error = mcp.error("app-module_get", {"appName": "acme", "appVersion": 2, "moduleName": "Pax", **ids})
    assert "Did you mean acme:Pay?" in error
    checked = mcp.json("validate_blueprint_schema", {"blueprint": blueprint()})
    rules = {finding["rule"] for finding in (*checked["errors"], *checked["warnings"])}
    assert "unknown-module" not in rules
    assert "missing-connection" in rules


def test_declared_modules_come_back_with_a_snapshot_and_go_with_a_reset(api: ApiClient) -> None:
    declare(api)
    taken = assert_status(api.control("GET", "/worlds/default/snapshot"))
    api.control("POST", "/worlds/default/reset")
    assert assert_status(api.control("GET", DECLARED))["modules"] == []
    assert api.control("PUT", "/worlds/default/snapshot", json=taken).status_code == 200
    assert [row["name"] for row in assert_status(api.control("GET", DECLARED))["modules"]] == ["acme:Pay"]


def test_seeds_declare_modules_by_name_or_in_whole(api: ApiClient) -> None:
    organizations = [{"name": "Own", "teams": [{"name": "Team"}]}]
    modules = ["acme:Ship", {"name": "acme:Pay", **DECLARATION}]
    seed = {"modules": modules, "organizations": organizations}
    world = assert_status(api.control("POST", "/worlds", json={"seed": seed}), 201)["world"]
    rows = assert_status(api.control("GET", f"/worlds/{world['name']}/declared-modules"))["modules"]
    assert [(row["name"], row["versions"]) for row in rows] == [("acme:Pay", [1, 2]), ("acme:Ship", [])]
    wrong = {**seed, "modules": ["acme", {"kind": "action"}, {"name": "a:B", "output": 5}, 7]}
    refused = json.dumps(assert_status(api.control("POST", "/worlds", json={"seed": wrong}), 400))
    assert "'acme' is not the name of a module" in refused
    assert refused.count("A module must be a name, or a mapping with one") == 4
    assert "'output' must be a list of fields" in refused


def test_python_declares_modules_and_the_command_shows_them() -> None:
    with MakeEmulator() as make:
        made = make.world.modules.declare(
            "acme:Pay", versions=[1], connection_types=["slack"], output=[{"name": "id", "type": "uuid"}]
        )
        assert made["connection"] == {"parameter": "__IMTCONN__", "types": ["slack"]}
        assert [row["name"] for row in make.world.modules.declared()] == ["acme:Pay"]
        shown = CliRunner().invoke(main, ["modules", "acme:Pay", "--url", make.url])
        assert shown.output.startswith("acme:Pay: action, version 1, simulated\n")
        assert "    id uuid\n" in shown.output
        without = CliRunner().invoke(main, ["modules", "acme:Pay"])
        assert without.exit_code == 2
        with pytest.raises(ControlError, match="'kind' must be one of"):
            make.world.modules.declare("acme:Pay", kind="verb")  # type: ignore[arg-type]
        make.world.modules.withdraw("acme:Pay")
        assert make.world.modules.declared() == []
        missing = CliRunner().invoke(main, ["modules", "--url", make.url, "--world", "nowhere"])
        assert (missing.exit_code, "nowhere" in missing.output) == (1, True)
