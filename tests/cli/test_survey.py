"""The command ``survey``: its report of a folder of blueprints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from helpers.blueprints import exported_module, write_blueprint
from make_emulator.cli.main import main
from make_emulator.explain.blueprint_file import parse_export
from make_emulator.explain.survey import sample_input
from make_emulator.resources import fixture_path

NOW = "2026-03-02T12:00:00Z"


def survey(*arguments: str | Path, columns: int = 120) -> Result:
    environment = {"COLUMNS": str(columns), "NO_COLOR": None}
    return CliRunner().invoke(main, ["survey", *map(str, arguments), "--now", NOW], env=environment)


def document(*arguments: str | Path) -> Any:
    return json.loads(survey(*arguments, "--format", "json").output)


FILTER = {
    "name": "",
    "conditions": [[{"a": "{{1.a}}", "o": "text:equal", "b": "x"}, {"a": "1", "o": "notexist"}]],
}


def test_each_file_is_reported_with_its_end_and_the_sum_of_all(tmp_path: Path) -> None:
    good = write_blueprint(
        tmp_path / "a.json",
        exported_module(1, "acme:find"),
        exported_module(2, "acme:use", {"x": "{{1.y}}"}, filter=FILTER),
    )
    bad = write_blueprint(
        tmp_path / "b.json",
        exported_module(1, "acme:find"),
        exported_module(2, "builtin:ThrowError", {"message": "No"}),
    )
    none = write_blueprint(tmp_path / "deep" / "c.json", exported_module(1, "builtin:Iterator"))
    (tmp_path / "package.json").write_text('{"name": "x"}')
    (tmp_path / "d.json").write_text("[1, 2")
    result = survey(tmp_path)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        f"SUCCESS  {good}  1 of 2 modules, 1 operation",
        f"ERROR    {bad}  2 of 2 modules, 1 operation",
        "         2 builtin:ThrowError: RuntimeError: No",
        f"REFUSED  {none}",
        "         Module not found 'builtin:Iterator' version '1'",
        "           Module 1: the app 'builtin' has no module 'builtin:Iterator'; did you mean builtin:BasicFeeder?",
        "",
        "3 blueprints: 1 SUCCESS, 1 ERROR, 1 REFUSED; 1 other file skipped",
        f"not JSON: {tmp_path / 'd.json'}",
        "lint: 4 warnings (make-emulator lint shows them)",
        "mock data (script other outputs with --modules FILE.yaml):",
        "  acme:find (2), acme:use (1)",
    ]


def test_it_ends_well_if_all_blueprints_do(tmp_path: Path) -> None:
    write_blueprint(tmp_path / "a.json", exported_module(1, "builtin:ThrowWarning", {"message": "Mind"}))
    result = survey(tmp_path)
    assert result.exit_code == 0
    assert result.output.splitlines()[0].startswith("WARNING  ")
    assert result.output.splitlines()[-1] == "1 blueprint: 1 WARNING"


def test_a_file_that_was_named_is_reported_whatever_it_holds(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "x"}')
    result = survey(tmp_path / "package.json")
    assert result.exit_code == 1
    assert "REFUSED" in result.output
    assert "should have required property 'flow'" in result.output


@pytest.mark.parametrize(
    "wrap", [lambda held: {"response": {"blueprint": held}}, lambda held: {"blueprint": json.dumps(held)}]
)
def test_answers_of_the_api_in_a_folder_are_blueprints_too(tmp_path: Path, wrap: Any) -> None:
    held = {"name": "n", "flow": [exported_module(1, "acme:find")], "metadata": {}}
    (tmp_path / "a.json").write_text(json.dumps(wrap(held)))
    assert document(tmp_path)["summary"] == {"SUCCESS": 1}


def test_a_folder_without_blueprints_is_a_mistake(tmp_path: Path) -> None:
    result = survey(tmp_path)
    assert result.exit_code == 1
    assert result.output == f"make-emulator: no blueprint in {tmp_path}\n"
    assert survey(tmp_path / "missing").exit_code == 2


def test_programs_get_one_object_with_what_was_not_reached_and_how_modules_were_run(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}")
    path = write_blueprint(
        tmp_path / "a.json",
        exported_module(1, "gateway:CustomWebHook", parameters={"hook": 7}),
        exported_module(2, "json:ParseJSON", {"json": "nothing"}, metadata={"designer": {"name": "Read"}}),
        exported_module(3, "slack:CreateMessage"),
    )
    surveyed = document(tmp_path)
    findings = surveyed["blueprints"][0]["findings"]
    assert [(finding["rule"], finding["moduleId"]) for finding in findings] == [
        ("unknown-version", 3),
    ]
    assert surveyed == {
        "summary": {"ERROR": 1},
        "blueprints": [
            {
                "file": str(path),
                "status": "ERROR",
                "name": "a",
                "modules": 3,
                "notReached": [3],
                "operations": 2,
                "treatments": {
                    "interpreted": {"gateway:CustomWebHook": 1, "json:ParseJSON": 1},
                    "simulated": {"slack:CreateMessage": 1},
                },
                "cause": {
                    "name": "DataError",
                    "message": "Source is not valid JSON.",
                    "moduleId": 2,
                    "module": "json:ParseJSON",
                    "label": "Read",
                },
                "findings": findings,
            }
        ],
        "passedOver": [str(other)],
        "notJson": [],
    }


def test_the_output_of_modules_can_be_scripted(tmp_path: Path) -> None:
    path = write_blueprint(
        tmp_path / "a.json",
        exported_module(1, "acme:find"),
        exported_module(2, "builtin:ThrowError", filter=FILTER),
    )
    script = tmp_path / "modules.yaml"
    script.write_text("acme:find: { error: { name: RateLimitError, message: Slow down } }")
    [reported] = document(path, "--modules", script)["blueprints"]
    assert reported["treatments"]["scripted"] == {"acme:find": 1}
    assert reported["cause"]["message"] == "Slow down"
    script.write_text("acme:find: 3")
    assert survey(path, "--modules", script).output == (
        f"make-emulator: {script}: 'acme:find' must have one of: output, error, times, durationMs\n"
    )


def test_a_webhook_receives_what_is_mapped_of_it(tmp_path: Path) -> None:
    path = write_blueprint(
        tmp_path / "a.json",
        exported_module(1, "gateway:CustomWebHook", parameters={"hook": 7}),
        exported_module(2, "builtin:BasicFeeder", {"array": "{{1.lines}}"}),
        exported_module(3, "acme:use", {"x": "{{2.price}} {{round(2.price)}}"}),
    )
    bundle: Any = sample_input(parse_export(path.read_bytes()), NOW)
    assert list(bundle) == ["lines"]
    assert all(isinstance(line["price"], float) for line in bundle["lines"])
    [reported] = document(path)["blueprints"]
    assert (reported["status"], reported["notReached"], reported["operations"]) == ("SUCCESS", [], 4)


def test_a_scenario_gets_inputs_of_the_declared_types(tmp_path: Path) -> None:
    spec = [
        {
            "name": "speed",
            "type": "select",
            "options": [{"value": "fast"}, {"value": "slow"}],
            "required": True,
        },
        {"name": "when", "type": "date", "required": True},
        {"name": "lines", "type": "array", "spec": [{"name": "sku", "type": "text", "required": True}]},
        {"name": "note", "type": "text"},
    ]
    start = {**exported_module(1, "scenario-service:StartSubscenario"), "version": 2}
    use = exported_module(2, "acme:use", {"x": "{{round(1.note)}}"}, filter=FILTER)
    path = write_blueprint(tmp_path / "a.json", start, use, io={"input_spec": spec, "output_spec": []})
    inputs: Any = sample_input(parse_export(path.read_bytes()), NOW)
    assert inputs["speed"] in ("fast", "slow")
    assert [set(line) for line in inputs["lines"]] == [{"sku"}, {"sku"}]
    assert isinstance(inputs["note"], str)
    assert document(path)["blueprints"][0]["status"] == "SUCCESS"


def test_a_long_line_is_cut_to_the_terminal(tmp_path: Path) -> None:
    write_blueprint(tmp_path / "a.json", exported_module(1, "builtin:ThrowError", {"message": "No " * 100}))
    result = survey(tmp_path, columns=60)
    assert max(map(len, result.output.splitlines())) <= 60
    assert "…" in result.output


def test_a_name_cannot_play_tricks_on_the_terminal(tmp_path: Path) -> None:
    label = {"designer": {"name": "\x1b[2J\nok"}}
    write_blueprint(
        tmp_path / "a.json", exported_module(1, "builtin:ThrowError", {"message": "\x1b[2J"}, metadata=label)
    )
    output = survey(tmp_path).output
    assert "\x1b" not in output
    assert len(output.splitlines()) == 4


def test_the_samples_that_cannot_end_well_with_generated_data_are_known() -> None:
    reported = document(fixture_path("blueprints"))["blueprints"]
    bad = {
        Path(row["file"]).stem: row["cause"]["message"]
        for row in reported
        if row["status"] in ("ERROR", "REFUSED")
    }
    assert bad.pop("transfer-between-accounts") == "Record not found."
    # One of two amounts is the larger one, so this one may end well.
    bad.pop("refund-validation", None)
    assert bad == {}


def test_the_same_folder_is_reported_the_same_each_time() -> None:
    assert document(fixture_path("blueprints")) == document(fixture_path("blueprints"))


def test_the_old_spelling_of_the_json_format_is_accepted(tmp_path: Path) -> None:
    write_blueprint(tmp_path / "a.json", exported_module(1, "acme:find"))
    assert survey(tmp_path, "--json").output == survey(tmp_path, "--format", "json").output
    assert "--json" not in CliRunner().invoke(main, ["survey", "--help"]).output
