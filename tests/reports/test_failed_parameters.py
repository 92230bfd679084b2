"""The parameters that failed: named wherever a run is shown, and left out of the answers of the API."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from helpers.api import ApiClient, assert_ok, json_of
from helpers.blueprints import exported_module, write_blueprint
from helpers.engine import EngineHarness, module
from helpers.webhooks import WebhookHarness
from make_emulator.blueprint_import import export
from make_emulator.cli.main import main
from make_emulator.engine.runtime import module_scripts
from make_emulator.server import logging as server_logging
from make_emulator.world.exceptions import MalformedBlueprintError
from make_emulator.world.models import Execution, ModuleScript

#: A request of HTTP 3 without two of the switches that it needs.
REQUEST = exported_module(
    3,
    "http:ActionSendData",
    {
        "url": "https://example.com", "method": "get", "serializeUrl": False, "shareCookies": False,
        "parseResponse": False, "rejectUnauthorized": True, "followRedirect": True, "useQuerystring": False, "followAllRedirects": False,
    },
    version=3,
)  # fmt: skip
MISSING = [
    "Missing value of required parameter 'gzip'.",
    "Missing value of required parameter 'useMtls'.",
]
MESSAGE = "Validation failed for 2 parameter(s)."


def explain(path: Path, *arguments: str) -> str:
    return CliRunner().invoke(main, ["explain", str(path), *arguments], env={"COLUMNS": "100"}).output


@pytest.fixture
def failed(api: ApiClient) -> str:
    """The id of a run that failed."""
    blueprint = json.dumps({"name": "Fetch", "flow": [REQUEST], "metadata": {}})
    body = {"teamId": 1, "blueprint": blueprint, "scheduling": '{"type": "on-demand"}'}
    id = assert_ok(api.post("/scenarios?confirmed=true", json=body))["scenario"]["id"]
    assert_ok(api.post(f"/scenarios/{id}/start"))
    run = str(assert_ok(api.post(f"/scenarios/{id}/run", json={}))["executionId"])
    assert_ok(api.control("POST", "/worlds/default/clock/advance", json={"seconds": 60}))
    return run


def test_explain_names_each_parameter(tmp_path: Path) -> None:
    path = write_blueprint(tmp_path / "a.json", REQUEST)
    text = explain(path)
    assert f"BundleValidationError: {MESSAGE}" in text
    # Once at the operation, and once at the end.
    assert [text.count(issue) for issue in MISSING] == [2, 2]
    document = json.loads(explain(path, "--format", "json"))
    assert document["error"]["issues"] == document["events"][0]["error"]["issues"] == MISSING
    assert document["error"]["message"] == MESSAGE


def test_survey_names_each_parameter(tmp_path: Path) -> None:
    write_blueprint(tmp_path / "a.json", REQUEST)
    result = CliRunner().invoke(main, ["survey", str(tmp_path)], env={"COLUMNS": "100"})
    assert [line.strip() for line in result.output.splitlines()[1:4]] == [
        f"3 http:ActionSendData: BundleValidationError: {MESSAGE}",
        *MISSING,
    ]
    document = json.loads(CliRunner().invoke(main, ["survey", str(tmp_path), "--format", "json"]).output)
    assert document["blueprints"][0]["cause"]["issues"] == MISSING


def test_steps_story_and_dashboard_name_each_parameter(api: ApiClient, failed: str) -> None:
    trace = json_of(api.control("GET", f"/worlds/default/executions/{failed}/steps"))
    assert trace["steps"][0]["error"] == {
        "name": "BundleValidationError",
        "message": MESSAGE,
        "issues": MISSING,
    }
    sentence = (
        f"module 3 (http:ActionSendData) ran and failed: BundleValidationError: {MESSAGE} {' '.join(MISSING)}"
    )
    assert trace["story"] == [sentence]
    page = api.control("GET", f"/execution?world=default&id={failed}").text
    assert all(issue.replace("'", "&#39;") in page for issue in MISSING)


def test_the_api_shows_only_the_number(api: ApiClient, failed: str) -> None:
    run = next(row for row in api.world.logs if isinstance(row, Execution) and row.id == failed)
    path = f"/scenarios/{run.scenario_id}"
    assert json_of(api.get(f"{path}/executions/{failed}"))["error"] == {
        "name": "BundleValidationError",
        "message": MESSAGE,
    }
    [log] = [row for row in json_of(api.get(f"{path}/logs"))["scenarioLogs"] if row.get("id") == failed]
    assert log["error"] == {"name": "BundleValidationError", "message": MESSAGE}
    for response in (api.get(f"{path}/logs/{failed}"), api.get(f"{path}/logs")):
        assert "gzip" not in response.text


def test_the_runs_of_a_world_are_listed_with_their_errors(api: ApiClient, failed: str) -> None:
    [run] = json_of(api.control("GET", "/worlds/default/executions?status=ERROR&limit=1"))["executions"]
    assert (run["id"], run["status"], run["error"]["issues"]) == (failed, "ERROR", MISSING)
    assert run["sentence"] == (
        f"scenario {run['scenarioId']} (Fetch): run {failed} ended in module 3 (http:ActionSendData) with "
        f"BundleValidationError: {MESSAGE} {' '.join(MISSING)}"
    )
    rows = json_of(api.control("GET", "/worlds/default/executions"))["executions"]
    assert rows[0]["id"] == failed
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    assert {row["error"] is None for row in rows if row["status"] == "SUCCESS"} == {True}


@pytest.mark.parametrize("query", ["status=error", "limit=-1", "limit=x", "state=ERROR"])
def test_an_invalid_query_for_runs_is_rejected(api: ApiClient, query: str) -> None:
    assert api.control("GET", f"/worlds/default/executions?{query}").status_code == 400


def test_a_failed_run_has_a_line_in_the_log(api: ApiClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "make_emulator")
    harness = WebhookHarness(api)
    harness.listen({**REQUEST, "mapper": {**REQUEST["mapper"], "gzip": True}})
    assert harness.send(json={"a": 1}).status_code == 200
    [run] = harness.runs()
    [record] = [record for record in caplog.records if record.name == "make_emulator.runs"]
    assert record.getMessage() == (
        f"scenario {run.scenario_id} (Listener): run {run.id} ended in module 3 (http:ActionSendData) with "
        f"BundleValidationError: Validation failed for 1 parameter(s). {MISSING[1]}"
    )
    assert caplog.records.index(record) < len(caplog.records) - 1, "the line of the request comes after it"
    text = server_logging._TextFormatter("%(message)s").format(record)
    assert text == f"2026-03-02T12:00:00.{run.duration:03d}Z  {record.getMessage()}"
    line = json.loads(server_logging._JsonFormatter().format(record))
    assert (line["scenario"], line["execution"], line["message"]) == (
        run.scenario_id,
        run.id,
        record.getMessage(),
    )
    assert line["at"] == text[:24]


def test_a_run_that_ends_well_has_no_line(api: ApiClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "make_emulator")
    harness = WebhookHarness(api)
    harness.listen()
    assert harness.send(json={"a": 1}).status_code == 200
    assert [record for record in caplog.records if record.name == "make_emulator.runs"] == []


def test_the_log_of_runs_has_no_secrets_and_no_lines_of_others(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "make_emulator")
    harness = EngineHarness()
    secret = "Bearer abcdef0123456789abcdef"
    harness.run(module(1, "builtin:ThrowError", {"message": f"no\n2026  {secret}"}))
    [record] = caplog.records
    assert "\n" not in record.getMessage()
    assert "abcdef0123456789" not in record.getMessage()


def test_a_called_scenario_passes_on_what_failed() -> None:
    harness = EngineHarness()
    callee = harness.scenario(module(1, "util:SetVariable2", {"value": 1}), is_active=True)
    call = {
        **module(2, "scenario-service:CallSubscenario"),
        "parameters": {"scenario": callee.id, "shouldWaitForExecutionEnd": True},
    }
    execution = harness.run(call)
    assert execution.error is not None
    assert execution.error.issues == (
        "Missing value of required parameter 'name'.",
        "Missing value of required parameter 'scope'.",
    )


def test_the_pytest_report_has_the_failed_runs(pytester: pytest.Pytester, few_plugins: None) -> None:
    blueprint = json.dumps({"name": "Fetch", "flow": [REQUEST], "metadata": {}})
    pytester.makepyfile(
        f"""
        def test_fails(make_client, make_world):
            body = {{"teamId": 1, "blueprint": {blueprint!r}, "scheduling": '{{"type": "on-demand"}}'}}
            made = make_client.post("/scenarios?confirmed=true", json=body).json()["scenario"]["id"]
            make_client.post(f"/scenarios/{{made}}/start")
            run = make_client.post(f"/scenarios/{{made}}/run").json()["executionId"]
            assert [row["id"] for row in make_world.executions("ERROR")][0] == run
            assert False

        def test_fails_without_runs(make_client):
            make_client.get("/scenarios/1")
            assert False
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["*- runs in the Make world -*", f"*(Fetch): run * in module 3 *{MESSAGE} {' '.join(MISSING)}"]
    )
    assert result.stdout.str().count("- runs in the Make world -") == 1


# --- hints ---------------------------------------------------------------------------------------


def hint_of(*flow: Any) -> str | None:
    harness = EngineHarness()
    module_scripts.save_script(
        harness.world,
        ModuleScript(
            module="acme:find",
            output=[{"email": "ann@example.com", "First Name": "Ann", "rows": [{"id": 5}], "none": ""}],
        ),
    )
    execution = harness.run(module(1, "acme:find"), *flow)
    assert execution.error is not None
    return execution.error.hint


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("{{1.emial}}", "{{1.emial}} is empty: module 1 has no 'emial'; did you mean 'email'?"),
        (
            "{{1.address}}",
            "{{1.address}} is empty: module 1 has no 'address', but email, First Name, rows, none.",
        ),
        ("{{1.First Name}}", "A name with blanks needs backticks: {{1.`First Name`}}."),
        ("{{1.none}}", "{{1.none}} is empty."),
        ("{{4.email}}", "{{4.email}} is empty: module 4 does not come before this one."),
        ("{{1.rows[2].id}}", "{{1.rows[2].id}} is empty: there are 1 items."),
        ("{{1.rows.id}}", "{{1.rows.id}} is empty: an item of the array is needed before 'id'."),
        ("{{1.rows[1].di}}", "{{1.rows[1].di}} is empty: module 1 has no 'di', but id."),
        ("{{1.email.x}}", "{{1.email.x}} is empty."),
        ("{{trim(ifempty(1.emial; first(1.none2).x))}}", None),
        ("", None),
    ],
)
def test_a_missing_value_has_a_hint_on_the_reference(value: str, hint: str | None) -> None:
    found = hint_of(module(2, "util:SetVariable2", {"name": value, "scope": "roundtrip"}))
    if "ifempty" not in value:
        assert found == hint
        return
    assert found is not None
    assert (
        set(found.split(". "))
        == {
            "{{1.none2}} is empty: module 1 has no 'none2'; did you mean 'none'?",
        }
        or "module 1 has no 'emial'; did you mean 'email'?" in found
    )


def test_a_field_with_the_wrong_name_has_a_hint() -> None:
    hint = hint_of(module(2, "util:SetVariable2", {"nmae": "x", "scope": "roundtrip"}))
    assert hint == ("The mapper has 'nmae', which is no field of util:SetVariable2; did you mean 'name'?")


def test_a_value_that_is_no_option_has_a_hint_with_the_options() -> None:
    hint = hint_of(module(2, "util:SetVariable2", {"name": "x", "scope": "forever"}))
    assert hint == "'scope' is one of: roundtrip, execution."


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("lenght", "Make has no function 'lenght'; did you mean 'length'?"),
        ("toJSON", "Make has no function 'toJSON'; use the module json:CreateJSON or json:TransformToJSON."),
        ("zzz", "Make has no function 'zzz'."),
    ],
)
def test_a_function_that_does_not_exist_has_a_hint(name: str, hint: str) -> None:
    for expression in (f"{{{{{name}(1)}}}}", f"{{{{if(true; {name}(1).x; 2)}}}}"):
        for mapped in (expression, [expression], {"a": [expression]}):
            assert hint_of(module(2, "util:SetVariable2", {"name": "x", "value": mapped})) == hint


def test_a_value_that_an_operator_does_not_take_names_its_field() -> None:
    harness = EngineHarness()
    execution = harness.run(
        module(1, "json:ParseJSON", {"json": '{"row": {"a": 1}}'}),
        module(2, "util:SetVariable2", {"name": "x", "scope": "roundtrip", "value": '{{1.row + "x"}}'}),
    )
    assert execution.error is not None
    assert execution.error.issues == ("Invalid value in parameter 'value'.",)


def test_a_blueprint_that_make_would_reject_has_the_hint_of_its_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reject(blueprint: Any) -> None:
        raise MalformedBlueprintError("Module not found 'a:b' version '1'.", hint="Did you mean 'a:c'?")

    monkeypatch.setattr(export, "parse_blueprint", reject)
    path = write_blueprint(tmp_path / "a.json", REQUEST)
    result = CliRunner().invoke(main, ["explain", str(path)])
    assert result.stderr == (
        f"make-emulator: {path} is no blueprint: Module not found 'a:b' version '1' (Did you mean 'a:c'?)\n"
    )
    surveyed = CliRunner().invoke(main, ["survey", str(path), "--format", "json"]).output
    assert json.loads(surveyed)["blueprints"][0]["cause"]["hint"] == "Did you mean 'a:c'?"


def test_a_confidential_scenario_shows_no_names_of_data() -> None:
    execution = EngineHarness().run(
        module(1, "util:SetVariable2", {"nmae": "x", "scope": "roundtrip"}), settings={"confidential": True}
    )
    assert execution.error is not None
    assert execution.error.issues == ("Missing value of required parameter 'name'.",)
    assert execution.error.hint is None


# --- the caller of a webhook ---------------------------------------------------------------------

RETURN = exported_module(2, "scenario-service:ReturnData", {"total": 5}, version=2)
TRIGGER = exported_module(1, "gateway:CustomWebHook")
NO_RESPONSE = "200 Accepted, as no module gateway:WebhookRespond ran"
RETURNED = f"{NO_RESPONSE}; scenario-service:ReturnData does not respond to a webhook"


def test_explain_says_what_the_caller_of_a_webhook_gets(tmp_path: Path) -> None:
    def answer(*flow: Any) -> tuple[Any, str]:
        path = write_blueprint(tmp_path / "a.json", *flow)
        document = json.loads(explain(path, "--input", '{"a": 1}', "--format", "json"))
        return document["answer"], " ".join(explain(path, "--input", '{"a": 1}').split())

    view, text = answer(TRIGGER, RETURN)
    assert view == {"status": 200, "body": "Accepted", "default": RETURNED.partition(", ")[2]}
    assert f"response: {RETURNED}" in text
    respond = exported_module(3, "gateway:WebhookRespond", {"status": "201", "body": "ok", "headers": []})
    view, text = answer(TRIGGER, respond)
    assert view == {"status": 201, "body": "ok"}
    assert "Accepted" not in text
    broken = exported_module(2, "json:ParseJSON", {"json": "{"})
    assert answer(TRIGGER, broken)[0]["status"] == 200
    view, text = answer(TRIGGER, broken, respond)
    assert (view["status"], view["body"]) == (500, "Scenario failed to complete.")
    assert "response: 500 Scenario failed to complete." in text


def test_the_story_says_what_the_caller_of_a_webhook_got(api: ApiClient) -> None:
    harness = WebhookHarness(api)
    harness.listen({**RETURN, "id": 5})
    response = harness.send(json={"a": 1})
    assert (response.status_code, response.text) == (200, "Accepted")
    [run] = harness.runs()
    story = json_of(api.control("GET", f"/worlds/default/executions/{run.id}/steps"))["story"]
    assert story[-1] == f"the caller of the webhook got {RETURNED}"


def test_an_error_outside_of_the_modules_ends_the_story() -> None:
    from make_emulator.reports.trace_view import TraceView

    harness = EngineHarness()
    execution = harness.run(module(1, "util:SetVariable2", {"name": "x"}, version=9))
    assert TraceView.from_execution(execution).sentences() == [
        "the run ended with BlueprintValidationError: Module not found 'util:SetVariable2' version '9'. "
        "Module 1: 'util:SetVariable2' exists in version 1, not in version 9."
    ]
