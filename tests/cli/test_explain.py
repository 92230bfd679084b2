"""The command ``explain``: what it takes, what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from helpers.blueprints import exported_module, write_blueprint
from make_emulator.cli.main import main
from make_emulator.resources import fixture_path

FOLDER = fixture_path("blueprints")


def explain(
    *arguments: str, columns: int = 100, input: str | bytes | None = None, color: bool = False
) -> Result:
    environment = {"COLUMNS": str(columns), "NO_COLOR": None}
    return CliRunner().invoke(main, ["explain", *arguments], env=environment, input=input, color=color)


def shipped(name: str, *arguments: str, **options: Any) -> Result:
    return explain(str(FOLDER / f"{name}.json"), *arguments, **options)


def written(folder: Path, *flow: Any, **metadata: Any) -> str:
    return str(write_blueprint(folder / "blueprint.json", *flow, name="Test", metadata=metadata))


def test_a_run_is_reported_module_by_module_with_its_routes() -> None:
    result = shipped("lead-intake", "--input", '{"email": "Ann@example.com", "employees": 3}')
    assert result.exit_code == 0
    head, output, end = result.output.split("\n\n")
    assert head.splitlines() == [
        "Lead intake with scoring: 7 modules",
        "  interpreted  gateway:CustomWebHook, util:SetVariables, builtin:BasicRouter",
        "  simulated    hubspotcrm:upsertAContact, slack:CreateMessage, mailchimp:ActionAddSubscriber,",
        "               google-sheets:addRow",
        "               (mock data, shaped by the blueprint)",
        "  stub         connection 4102 (Acme HubSpot)",
        "  stub         connection 4101 (Acme Slack)",
        "  stub         connection 4104 (Acme Mailchimp)",
        "  stub         connection 4103 (Acme Sheets)",
        "  stub         hook 7101 (Website lead form)",
    ]
    assert output.splitlines()[:17] == [
        '1 "New lead" gateway:CustomWebHook',
        '    out: email: "Ann@example.com", employees: 3',
        '2 "Score the lead" util:SetVariables',
        '    in:  variables: [{"name": "email", "value": "ann@example.com"}, {"name": "score", "value": 30}]',
        '         scope: "roundtrip"',
        '    out: email: "ann@example.com", score: 30',
        "3 builtin:BasicRouter",
        '  route 1 of 3 "Hot"',
        '    filter "Hot" before 4: stopped (30 greater than or equal to 80)',
        '  route 2 of 3 "Warm"',
        '    filter "Warm" before 6: stopped (30 greater than or equal to 50)',
        "  no other route is open: takes the fallback",
        "  route 3 of 3 fallback",
        '    filter "Everything else" before 7: passed',
        '    7 "Archive" google-sheets:addRow',
        '        in:  mode: "select"',
        '             spreadsheetId: "/1LeadArchiveSheet"',
    ]
    assert end.startswith("SUCCESS  3 operations, 3 credits, ")


def test_an_error_is_reported_with_its_handler(tmp_path: Path) -> None:
    script = tmp_path / "modules.yaml"
    script.write_text("http:ActionSendData: { error: { name: DataError, message: '[404] Gone' } }")
    result = shipped("subscription-cancel", "--input", '{"email": "a@example.com"}', "--modules", str(script))
    assert result.exit_code == 0
    assert "  scripted     http:ActionSendData\n" in result.output
    assert (
        "    error: DataError: [404] Gone\n"
        "  error handler of 2\n"
        "    4 builtin:BasicRouter\n"
        '      route 1 of 2 "Not found"\n'
        '        filter "Not found" before 5: passed\n'
        '        5 "Nothing to do" builtin:Resume\n'
        '            in:  data: {"state": "was not there"}\n'
        "  error of 2 was resumed with the bundle of the directive\n"
        "3 scenario-service:ReturnData\n"
        '    in:  result: "was not there"\n'
    ) in result.output
    assert result.output.endswith('  outputs: result: "was not there"\n')


def test_a_run_that_ends_with_an_error_ends_the_command_with_1() -> None:
    result = shipped("refund-validation", "--input", '{"order": "A1", "amount": 5, "paid": 2}')
    assert result.exit_code == 1
    assert result.output.endswith(
        "\nERROR  1 operation, 1 credit, 0.1 s of the world's time\n"
        '  RuntimeError: Order A1: a refund of 5 is more than 2. (in "Refuse")\n'
    )
    assert result.stderr == ""


def test_a_warning_ends_it_with_0_and_shows_what_is_stored(tmp_path: Path) -> None:
    script = tmp_path / "modules.yaml"
    script.write_text("google-sheets:addRow: { error: { name: ConnectionError } }")
    result = shipped("scanner-log", "--input", '{"code": "1"}', "--modules", str(script))
    assert result.exit_code == 0
    assert ("  error of 2 was handled by no error handler\n") not in result.output
    assert (
        "  error of 2 had no error handler, and the bundle was stored as an incomplete execution\n"
        in result.output
    )
    assert "\nWARNING  2 operations, 2 credits, " in result.output
    assert result.output.endswith("  stored: 1 incomplete execution\n")


def test_a_break_that_has_nowhere_to_store_says_so(tmp_path: Path) -> None:
    script = tmp_path / "modules.yaml"
    script.write_text("mailchimp:ActionAddSubscriber: { error: { name: RateLimitError } }")
    result = shipped("registration-strict", "--input", '{"email": "a@example.com"}', "--modules", str(script))
    assert result.exit_code == 1
    assert (
        "was handled by break, but incomplete executions are not stored, and the run ended\n" in result.output
    )


def test_what_a_filter_stops_is_reported() -> None:
    result = shipped("telegram-bot", "--input", '{"message": {"chat": {"id": 5}}}')
    assert (
        'filter "A text" before 2: stopped ({{1.message.text}} exists)\n\nSUCCESS  1 operation, '
        in result.output
    )


def test_a_branch_is_shown_with_its_label_and_one_that_is_empty_is_named(tmp_path: Path) -> None:
    condition = [[{"a": "1", "o": "text:equal", "b": "1"}]]
    branches = [{"label": "All", "conditions": condition, "flow": []}, {"type": "else", "disabled": True}]
    node = exported_module(2, "builtin:BasicIfElse", branches=branches)
    trigger = exported_module(1, "util:BasicTrigger", parameters={"values": [{"spec": []}]})
    result = explain(written(tmp_path, trigger, node))
    assert "2 builtin:BasicIfElse\n  takes branch 1, which is empty\n" in result.output
    condition[0][0]["b"] = "2"
    assert "  no branch is open\n" in explain(written(tmp_path, trigger, node)).output
    result = shipped("company-lookup-cache", "--input", '{"domain": "example.com"}')
    assert '3 builtin:BasicIfElse\n  branch 2 of 2 else\n    5 "Ask" http:ActionSendData\n' in result.output


def test_bundles_are_shortened_unless_all_is_requested(tmp_path: Path) -> None:
    blueprint = written(
        tmp_path, exported_module(1, "builtin:BasicRepeater", {"start": 1, "repeats": 5, "step": 1})
    )
    short = explain(blueprint).output
    assert "    out: 5 bundles\n       1. i: 1\n       2. i: 2\n       3. i: 3\n" in short
    assert "          2 more (--full)\n" in short
    assert "       5. i: 5\n" in explain(blueprint, "--full").output
    record = {f"field{number}": "x" * 40 for number in range(12)}
    blueprint = written(tmp_path, exported_module(1, "json:CreateJSON", record))
    short = explain(blueprint).output
    assert "         4 more fields (--full)\n" in short
    assert max(map(len, short.splitlines())) <= 100
    full = explain(blueprint, "--full").output
    assert f'         field11: "{"x" * 40}"\n' in full


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("name", ["lead-intake", "overdue-invoices", "paginated-export"])
def test_no_line_is_longer_than_the_terminal_is_wide(name: str, columns: int) -> None:
    output = shipped(name, "--input", '{"email": "a@example.com"}', columns=columns).output
    assert max(map(len, output.splitlines())) <= columns


def test_there_are_colours_only_where_they_can_be_seen() -> None:
    arguments = ("refund-validation", "--input", '{"amount": 5, "paid": 2}')
    assert "\x1b" not in shipped(*arguments).output
    assert "\x1b[31m" in shipped(*arguments, color=True).output


def test_what_is_in_a_blueprint_cannot_play_with_the_terminal(tmp_path: Path) -> None:
    node = exported_module(1, "json:CreateJSON", {"a\x1b[2J": "b\x1b[2J"})
    node["metadata"] = {"designer": {"name": "c\x1b[2J\nd"}}
    output = explain(written(tmp_path, node)).output
    assert "\x1b" not in output
    assert '1 "c [2J d" json:CreateJSON\n' in output


def test_of_a_long_run_the_beginning_is_reported_and_what_is_too_large_is_left_out(tmp_path: Path) -> None:
    loop = exported_module(1, "builtin:BasicRepeater", {"start": 1, "repeats": 6000, "step": 1})
    counted = exported_module(2, "util:FunctionIncrement", parameters={"reset": "run"})
    lines = explain(written(tmp_path, loop, counted)).output.splitlines()
    assert "2 util:FunctionIncrement, operation 4999" in lines
    assert "2 util:FunctionIncrement, operation 5000" not in lines
    assert lines[-3] == "operations after the first 5,000 are not shown"
    big = exported_module(1, "util:ComposeTransformer", {"value": "x" * 1_500_000})
    twice = exported_module(2, "util:ComposeTransformer", {"value": "{{1.value}}"})
    lines = explain(written(tmp_path, big, twice)).output.splitlines()
    assert lines[-3] == "    too large to show"


def test_of_what_is_confidential_no_data_are_reported(tmp_path: Path) -> None:
    blueprint = written(
        tmp_path, exported_module(1, "json:CreateJSON", {"a": "secret"}), scenario={"confidential": True}
    )
    assert "1 json:CreateJSON\n    confidential: no data are kept\n" in explain(blueprint).output


def test_settings_of_the_wrong_form_are_passed_over(tmp_path: Path) -> None:
    node = exported_module(
        1, "json:CreateJSON", {"a": 1}, metadata={"designer": 5, "restore": [], "expect": {}}
    )
    result = explain(written(tmp_path, node, scenario=[], io=7))
    assert result.exit_code == 0
    assert "SUCCESS" in result.output


def test_secrets_are_masked(tmp_path: Path) -> None:
    switches = ("serializeUrl", "parseResponse", "shareCookies", "rejectUnauthorized", "followRedirect",
                "useQuerystring", "gzip", "useMtls", "followAllRedirects")  # fmt: skip
    headers = [{"name": "Authorization", "value": "Bearer abc"}]
    mapper = {
        "url": "https://example.com",
        "method": "get",
        "headers": headers,
        **dict.fromkeys(switches, False),
    }
    node = exported_module(1, "http:ActionSendData", mapper, version=3)
    for form in ("text", "json"):
        output = explain(written(tmp_path, node), "--format", form).output
        assert "abc" not in output
        assert "********" in output


def test_a_drawing_shows_the_run(tmp_path: Path) -> None:
    path = tmp_path / "run.svg"
    result = shipped("shipping-quote", "--input", '{"country": "DE", "weight": 12}', "--svg", str(path))
    assert result.exit_code == 0, result.output
    root = ElementTree.parse(path).getroot()
    texts = {element.text for element in root.iter() if element.tag.endswith("}text")}
    assert {"Pallet", "European Union", "SUCCESS, 3 operations"} <= texts
    groups = [group.attrib["class"] for group in root.iter() if group.tag.endswith("}g")]
    assert sorted(groups) == ["node good"] * 5 + ["node off"] * 2


def test_json_holds_all_that_is_known() -> None:
    result = shipped("lead-intake", "--input", '{"email": "a@example.com"}', "--format", "json",
                     "--now", "2026-03-02T09:00:00Z")  # fmt: skip
    reported = json.loads(result.stdout)
    assert list(reported) == [
        "name", "modules", "standIns", "findings", "events", "calls", "status", "started", "durationMs", "operations", "credits",
        "incompleteExecutions", "outputs", "answer", "error",
    ]  # fmt: skip
    assert reported["modules"][0] == {
        "id": 1,
        "module": "gateway:CustomWebHook",
        "version": 1,
        "label": "New lead",
        "treatment": "interpreted",
    }
    assert reported["standIns"][0] == {"kind": "connection", "id": 4102, "note": "Acme HubSpot"}
    assert [(event["event"], event["moduleId"]) for event in reported["events"]] == [
        ("operation", 1),
        ("operation", 2),
        ("operation", 3),
        ("filter", 4),
        ("filter", 6),
        ("route", 3),
        ("filter", 7),
        ("operation", 7),
    ]
    hot, _, route, rest = reported["events"][3:7]
    assert hot["conditions"] == [
        [
            {
                "a": "{{2.score}}",
                "o": "number:greaterorequal",
                "b": "80",
                "left": 30,
                "right": "80",
                "holds": False,
            }
        ]
    ]
    assert (
        hot["sentence"]
        == "the bundle was stopped by filter 'Hot' before module 4: 30 greater than or equal to 80"
    )
    assert (route["event"], route["number"], route["fallback"]) == ("route", 3, True)
    assert route["sentence"] == "the bundle took route 3 of module 3, the fallback, as no other was open"
    assert (rest["passed"], rest["conditions"]) == (True, [[]])
    assert (reported["status"], reported["operations"], reported["credits"]) == ("SUCCESS", 3, 3)
    assert reported["started"] == "2026-03-02T09:00:00.000Z"


def test_the_run_of_a_scenario_that_is_called_is_reported_within_the_call(tmp_path: Path) -> None:
    parameters = {"scenario": 77, "shouldWaitForExecutionEnd": True}
    blueprint = written(
        tmp_path, exported_module(1, "scenario-service:CallSubscenario", parameters=parameters)
    )
    large = {"name": "Large", "conditions": [[{"a": "{{1.n}}", "o": "number:greater", "b": "10"}]]}
    other = tmp_path / "other.json"
    other.write_text(
        json.dumps(
            {
                "name": "Inner",
                "flow": [
                    exported_module(1, "json:ParseJSON", {"json": '{"n": 5}'}),
                    exported_module(2, "slack:CreateMessage", filter=large),
                ],
                "metadata": {},
            }
        )
    )
    result = explain(blueprint, "--scenario", f"77={other}")
    assert result.exit_code == 0, result.output
    head, output, _ = result.output.split("\n\n")
    assert "stub" not in head
    assert output.splitlines() == [
        "1 scenario-service:CallSubscenario",
        "    out: {}",
        '    runs scenario 77 "Inner"',
        "      1 json:ParseJSON",
        '          in:  json: "{\\"n\\": 5}"',
        "          out: n: 5",
        '      filter "Large" before 2: stopped (5 greater than 10)',
        "    SUCCESS  1 operation",
    ]
    reported = json.loads(explain(blueprint, "--scenario", f"77={other}", "--format", "json").stdout)
    [(id, call)] = reported["calls"].items()
    assert reported["events"][0]["called"] == id
    assert (call["scenarioId"], call["name"], call["status"]) == (77, "Inner", "SUCCESS")
    assert [event["event"] for event in call["events"]] == ["operation", "filter"]


def test_cycles_are_reported_separately(tmp_path: Path) -> None:
    path = written(tmp_path, exported_module(1, "json:CreateJSON", {"a": 1}), scenario={"roundtrips": 3})
    output = explain(path).output.split("\n\n")[1].splitlines()
    assert [line for line in output if not line.startswith(" ")] == [
        "1 json:CreateJSON",
        "cycle 2",
        "1 json:CreateJSON, operation 2",
        "cycle 3",
        "1 json:CreateJSON, operation 3",
    ]


def test_a_scenario_that_calls_itself_is_reported_as_deep_as_it_went(tmp_path: Path) -> None:
    parameters = {"scenario": 77, "shouldWaitForExecutionEnd": True}
    blueprint = written(
        tmp_path, exported_module(1, "scenario-service:CallSubscenario", parameters=parameters)
    )
    result = explain(blueprint, "--scenario", f"77={blueprint}")
    assert result.exit_code == 1
    assert result.output.count('runs scenario 77 "Test"') == 10
    assert "More than 10 scenarios call each other." in result.output


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        ("77", 2, "'77' does not read ID=FILE.json"),
        ("x=a.json", 2, "'x=a.json' does not read ID=FILE.json"),
        ("77=nowhere.json", 2, "cannot read nowhere.json: No such file or directory"),
        (f"77={FOLDER.parent / 'fidelity.yaml'}", 1, "is no blueprint: not JSON"),
    ],
)
def test_a_called_scenario_that_is_none_is_rejected(
    tmp_path: Path, body: str, code: int, reason: str
) -> None:
    result = explain(written(tmp_path), "--scenario", body)
    assert (result.exit_code, reason in result.stderr) == (code, True), result.stderr


def test_the_same_blueprint_is_always_reported_alike() -> None:
    first = shipped("overdue-invoices", "--now", "2026-03-02T09:00:00Z")
    assert first.exit_code == 0
    assert shipped("overdue-invoices", "--now", "2026-03-02T09:00:00Z").output == first.output


BLUEPRINT = {"name": "Bare", "flow": [exported_module(1, "json:CreateJSON", {"a": 1})], "metadata": {}}


@pytest.mark.parametrize(
    "held",
    [
        BLUEPRINT,
        {"code": "OK", "response": {"blueprint": BLUEPRINT, "scheduling": {"type": "on-demand"}}},
        {"blueprint": BLUEPRINT, "controller": {}},
        {"blueprint": json.dumps(BLUEPRINT)},
    ],
    ids=["export", "api", "template", "nested"],
)
def test_it_takes_exports_answers_of_the_api_and_templates(held: Any) -> None:
    result = explain("-", input=b"\xef\xbb\xbf" + json.dumps(held).encode())
    assert result.exit_code == 0, result.output
    assert result.output.startswith("Bare: 1 module\n")


def test_inputs_and_outputs_are_those_that_the_api_shows() -> None:
    last = exported_module(1, "scenario-service:ReturnData", {"twice": "{{var.input.n * 2}}", "rest": 1}) | {
        "version": 2
    }
    number = {"name": "n", "type": "number", "required": True}
    response = {
        "blueprint": {"name": "Double", "flow": [last], "metadata": {}},
        "metadata": {"input_spec": [number], "output_spec": [{"name": "twice", "type": "number"}]},
    }
    held = json.dumps({"code": "OK", "response": response})
    assert explain("-", input=held).stderr.startswith(
        "make-emulator: the standard input cannot be run: Missing value of required parameter 'n'; "
    )
    assert explain("-", "--input", '{"n": 21}', input=held).output.endswith("  outputs: twice: 42\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON: "),
        (
            '{"name": "x", "flow": [], "metadata": {}, "io": {"input_spec": [{"name": "a", "type": []}]}}',
            "the type of the input or output 'a' is no text",
        ),
        ("[1]", "a blueprint is an object with 'name', 'flow' and 'metadata'"),
        ('{"code": "OK", "response": {}}', "should have required property 'name'; should have required"),
        ('{"blueprint": "{"}', "'blueprint' is not JSON: "),
        ('{"name": "x", "flow": 5, "metadata": {}}', "'flow' should be array"),
        (
            '{"name": "x", "flow": [{"id": 1, "module": "json:No"}], "metadata": {}}',
            "Module not found 'json:No' version '1'",
        ),
        ('{"name": "x", "flow": [{"module": "a:b"}], "metadata": {}}', "'None' is not a valid module id"),
    ],
)
def test_a_file_that_is_no_blueprint_is_rejected_in_one_line(text: str, reason: str) -> None:
    result = explain("-", input=text)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"make-emulator: the standard input is no blueprint: {reason}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--input", "{"], "Invalid value for --input: not JSON"),
        (["--input", "@nowhere.json"], "Invalid value for --input: cannot read nowhere.json"),
        (["--now", "soon"], "Invalid value for --now: 'soon' is not an ISO 8601 time"),
        (["--now", "0001-01-01T00:00:00Z"], "Invalid value for --now: "),
        (["--format", "xml"], "Invalid value for '--format'"),
        (["--modules", "nowhere.yaml"], "Invalid value for '--modules'"),
    ],
)
def test_mistakes_in_the_usage_end_with_2(arguments: list[str], reason: str) -> None:
    result = shipped("greeting", *arguments)
    assert result.exit_code == 2
    assert reason in result.stderr


def test_a_blueprint_that_is_not_there_is_a_mistake_in_the_usage() -> None:
    assert explain("nowhere.json").exit_code == 2
    assert explain().exit_code == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- a", "it must map names of modules to their outputs"),
        ("a: [", "not YAML: "),
        (
            "slack:CreateMessage: 5",
            "'slack:CreateMessage' must have one of: output, error, times, durationMs",
        ),
        ("slack:CreateMessage: { outputs: {} }", "slack:CreateMessage: unknown field 'outputs'"),
        ("slack:CreateMessage: { output: 5 }", "slack:CreateMessage: invalid value of 'output'"),
        ("slack:CreateMessage: { output: [5] }", "slack:CreateMessage: Parameter 'output' must be a bundle"),
        (
            "slack:CreateMessage: { error: { name: Oops } }",
            "slack:CreateMessage: The name of an error must be",
        ),
        (
            "builtin:BasicRouter: { output: {} }",
            "builtin:BasicRouter: Module 'builtin:BasicRouter' emits no bundles",
        ),
    ],
)
def test_a_file_of_modules_is_checked(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "modules.yaml"
    path.write_text(text)
    result = shipped("greeting", "--modules", str(path))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"make-emulator: {path}: {reason}")
    assert result.stderr.count("\n") == 1


def test_inputs_are_checked_and_prompted_for(tmp_path: Path) -> None:
    result = shipped("price-with-tax")
    assert result.exit_code == 1
    assert result.stderr == (
        f"make-emulator: {FOLDER / 'price-with-tax.json'} cannot be run: Missing value of required parameter "
        "'net'; Missing value of required parameter 'country'; --input '{…}' gives the inputs\n"
    )
    given = tmp_path / "inputs.json"
    given.write_text('{"net": 100, "country": "cz"}')
    result = shipped("price-with-tax", "--input", f"@{given}")
    assert result.exit_code == 0
    assert result.output.endswith("  outputs: gross: 121, rate: 21\n")
    result = shipped("price-with-tax", "--input", "[]")
    assert result.stderr.endswith("cannot be run: inputs are a JSON object\n")


def test_a_webhook_that_received_nothing_says_how_to_give_it_a_bundle() -> None:
    result = shipped("webhook-to-datastore")
    assert "  no input     the webhook received nothing; --input " in result.output
    assert "    out: no bundle\n" in result.output


def test_an_unused_input_is_reported(tmp_path: Path) -> None:
    output = explain(
        written(tmp_path, exported_module(1, "json:CreateJSON", {"a": 1})), "--input", "{}"
    ).output
    assert "  input        not used: neither the scenario nor its first module takes any\n" in output
    output = explain(
        written(tmp_path, exported_module(1, "rss:TriggerNewArticle")), "--input", '{"title": "x"}'
    ).output
    assert "not used" not in output
    assert '    out: title: "x"\n' in output


def test_the_response_of_a_webhook_is_reported() -> None:
    result = shipped("order-status-api", "--input", '{"order": "A2"}')
    assert '  response: status: 404, body: "{\\"error\\":\\"There is no such order.\\"}"\n' in result.output
