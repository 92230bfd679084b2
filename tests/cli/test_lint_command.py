from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from make_emulator.cli.main import main

BLUEPRINT: dict[str, Any] = {
    "name": "Greeting",
    "flow": [
        {"id": 1, "module": "gateway:CustomWebHook", "version": 1, "parameters": {"hook": 1}},
        {"id": 2, "module": "slack:SendMessage", "version": 4, "mapper": {"text": "{{3.x}}"}},
    ],
    "metadata": {"version": 1},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "greeting.json").write_text(json.dumps(BLUEPRINT, indent=2), "utf-8")
    (tmp_path / "package.json").write_text('{"name": "no blueprint"}', "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["lint", *arguments])


def test_findings_have_file_line_rule_and_suggestion(folder: Path) -> None:
    result = run(".")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "greeting.json:17: error [unknown-reference] {{3.x}}: There is no module 3; the modules before this one: 1.",
        "greeting.json:14: warning [unknown-module] No module 'slack:SendMessage' is known. It may exist: the catalogue is not "
        "complete. Did you mean slack:CreateMessage?",
        "",
        "1 blueprint: 1 error, 1 warning",
    ]


def test_exit_codes(folder: Path) -> None:
    assert run("greeting.json", "--ignore", "unknown-reference").exit_code == 0
    assert run("greeting.json", "--ignore", "unknown-reference", "--strict").exit_code == 1
    unknown = run("greeting.json", "--ignore", "unknown-referense")
    assert unknown.exit_code == 2
    assert "no rule 'unknown-referense'; did you mean 'unknown-reference'?" in unknown.output
    assert run("absent.json").exit_code == 2
    assert "holds no blueprint" not in run("package.json").output
    named = run("package.json")
    assert named.exit_code == 1
    assert "[invalid-structure]" in named.output


def test_a_file_that_is_not_json_has_its_line(folder: Path) -> None:
    (folder / "broken.json").write_text('{\n"flow": [\n', "utf-8")
    result = run("broken.json")
    assert result.exit_code == 1
    assert result.output.startswith("broken.json:")
    assert "error [not-json] The file is not JSON" in result.output


def test_json_and_sarif_and_annotations(folder: Path) -> None:
    [file] = json.loads(run("greeting.json", "--format", "json").output)["files"]
    assert file["findings"][0] == {
        "rule": "unknown-reference",
        "severity": "error",
        "moduleId": 2,
        "path": "flow[1].mapper.text",
        "line": 17,
        "message": "{{3.x}}: There is no module 3; the modules before this one: 1.",
        "patch": [{"op": "replace", "path": "/flow/1/mapper/text", "value": "{{1.x}}"}],
    }
    [sarif] = json.loads(run("greeting.json", "--format", "sarif").output)["runs"]
    assert {result["ruleId"] for result in sarif["results"]} <= {
        rule["id"] for rule in sarif["tool"]["driver"]["rules"]
    }
    location = sarif["results"][0]["locations"][0]["physicalLocation"]
    assert location == {"artifactLocation": {"uri": "greeting.json"}, "region": {"startLine": 17}}
    assert sarif["columnKind"] == "unicodeCodePoints"
    [fix] = sarif["results"][1]["fixes"]
    assert fix["description"]["text"] == "Did you mean slack:CreateMessage?"
    [change] = fix["artifactChanges"]
    assert change["artifactLocation"] == {"uri": "greeting.json"}
    [part] = change["replacements"]
    line = (folder / "greeting.json").read_text("utf-8").splitlines()[13]
    region = part["deletedRegion"]
    assert (region["startLine"], region["endLine"]) == (14, 14)
    start, end = region["startColumn"] - 1, region["endColumn"] - 1
    assert (
        line[:start] + part["insertedContent"]["text"] + line[end:]
        == '      "module": "slack:CreateMessage",'
    )
    annotations = run("greeting.json", "--format", "github").output.splitlines()
    assert annotations[0] == (
        "::error file=greeting.json,line=17,title=unknown-reference::{{3.x}}: There is no module 3; the modules before this one: 1."
    )


def test_a_fix_repeats_no_secret(folder: Path) -> None:
    def fixes(header: str) -> list[Any]:
        handler = {"id": 3, "module": "builtin:Resume", "version": 1, "mapper": {"token": header}}
        request = {
            "id": 2,
            "module": "http:ActionGetFile",
            "version": 3,
            "mapper": {"url": "https://x.example"},
        }
        document = {**BLUEPRINT, "flow": [BLUEPRINT["flow"][0], request, handler]}
        (folder / "greeting.json").write_text(json.dumps(document), "utf-8")
        output = run("greeting.json", "--format", "sarif").output
        assert header not in output or header == "{{1.token}}"
        [log] = json.loads(output)["runs"]
        return [each.get("fixes") for each in log["results"] if each["ruleId"] == "misplaced-directive"]

    assert fixes("Bearer sk-live-0123456789abcdef") == [None]
    [[fix]] = fixes("{{1.token}}")
    assert fix["description"]["text"] == "Apply the obvious repair."


def test_configuration_is_read_from_the_project(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(
        '[tool.make-emulator.lint]\nignore = ["unknown-module", "unknown-reference"]\n', "utf-8"
    )
    assert run("greeting.json").output == "1 blueprint: no findings\n"
    (folder / "make-emulator-lint.toml").write_text('ignore = ["unknown-module"]\n', "utf-8")
    assert run("greeting.json").exit_code == 1
    (folder / "make-emulator-lint.toml").write_text("ignored = []\n", "utf-8")
    mistake = run("greeting.json")
    assert mistake.exit_code == 2
    assert "unknown key 'ignored'; did you mean 'ignore'?" in mistake.output


def test_a_request_of_the_api_is_linted_with_its_scheduling(folder: Path) -> None:
    body = {
        "blueprint": json.dumps({**BLUEPRINT, "flow": BLUEPRINT["flow"][:1]}),
        "scheduling": json.dumps({"type": "indefinitely", "interval": 30}),
    }
    (folder / "body.json").write_text(json.dumps(body), "utf-8")
    result = run("body.json")
    assert (
        "body.json:1: error [interval-too-short] The interval is 30 seconds; the plan allows 60 or more."
        in result.output
    )


def calling(id: int, name: str) -> dict[str, Any]:
    start = {"id": 1, "module": "scenario-service:StartSubscenario", "version": 2, "mapper": {}}
    parameters = {"scenario": f"SCN_{id}", "shouldWaitForExecutionEnd": True}
    call = {"id": 2, "module": "scenario-service:CallSubscenario", "version": 2, "mapper": {}}
    return {"name": name, "flow": [start, {**call, "parameters": parameters}], "metadata": {}}


def test_exports_of_a_folder_that_call_each_other_in_a_loop_are_found(tmp_path: Path) -> None:
    for id, called in ((77, 78), (78, 79), (79, 78)):
        (tmp_path / f"{id}.json").write_text(json.dumps(calling(called, f"S{id}"), indent=1), "utf-8")
    lines = [line for line in run(str(tmp_path)).output.splitlines() if "scenario-loop" in line]
    assert [Path(line.partition(".json")[0]).name for line in lines] == ["78", "79"]
    assert "calls scenario 79, which calls this one again" in lines[0]
    # A file by itself has nothing to call.
    assert "scenario-loop" not in run(str(tmp_path / "78.json")).output


def test_the_scheduling_of_a_response_has_its_own_line(folder: Path) -> None:
    blueprint = {**BLUEPRINT, "flow": BLUEPRINT["flow"][:1]}
    scheduling = {"type": "hourly"}
    body = {"code": "OK", "response": {"blueprint": blueprint, "scheduling": scheduling}}
    text = json.dumps(body, indent=1)
    (folder / "response.json").write_text(text, "utf-8")
    line = text[: text.index('"scheduling"')].count("\n") + 1
    assert f"response.json:{line}: error [invalid-scheduling]" in run("response.json").output


#: The members that SARIF 2.1.0 requires of what lint writes, and their types (OASIS, sarif-schema-2.1.0).
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
REGION = {
    "type": "object",
    "properties": {
        name: {"type": "integer", "minimum": 1}
        for name in ("startLine", "startColumn", "endLine", "endColumn")
    },
    "additionalProperties": False,
}
ARTIFACT = {
    "type": "object",
    "required": ["uri"],
    "properties": {"uri": {"type": "string", "pattern": "^[!-~]+$", "format": "uri-reference"}},
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id", "shortDescription", "defaultConfiguration"],
                                            "properties": {
                                                "shortDescription": TEXT,
                                                "defaultConfiguration": {"properties": {"level": LEVEL}},
                                            },
                                        },
                                    }
                                },
                            }
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message", "ruleId", "ruleIndex", "level", "locations"],
                            "additionalProperties": False,
                            "properties": {
                                "message": TEXT,
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": LEVEL,
                                "locations": {
                                    "type": "array",
                                    "minItems": 1,
                                    "items": {
                                        "type": "object",
                                        "required": ["physicalLocation"],
                                        "additionalProperties": False,
                                        "properties": {
                                            "physicalLocation": {
                                                "type": "object",
                                                "required": ["artifactLocation", "region"],
                                                "properties": {
                                                    "artifactLocation": ARTIFACT,
                                                    "region": REGION,
                                                },
                                            },
                                            "logicalLocations": {"type": "array", "uniqueItems": True},
                                        },
                                    },
                                },
                                "fixes": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "required": ["artifactChanges"],
                                        "properties": {
                                            "description": TEXT,
                                            "artifactChanges": {
                                                "type": "array",
                                                "minItems": 1,
                                                "items": {
                                                    "type": "object",
                                                    "required": ["artifactLocation", "replacements"],
                                                    "properties": {
                                                        "artifactLocation": ARTIFACT,
                                                        "replacements": {
                                                            "type": "array",
                                                            "minItems": 1,
                                                            "items": {
                                                                "type": "object",
                                                                "required": ["deletedRegion"],
                                                                "properties": {"deletedRegion": REGION},
                                                            },
                                                        },
                                                    },
                                                },
                                            },
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def test_a_sarif_log_has_what_the_standard_requires(folder: Path) -> None:
    other = folder / "my blueprints" / "grüße.json"
    other.parent.mkdir()
    node = {**BLUEPRINT["flow"][1], "mapper": {"text": "{{uper(1.x)}}"}}
    other.write_text(json.dumps({**BLUEPRINT, "flow": [BLUEPRINT["flow"][0], node]}), "utf-8")
    (folder / "broken.json").write_text('{"flow": [', "utf-8")
    (folder / "bare.json").write_text('{"flow": []}', "utf-8")
    log = json.loads(run(".", "--format", "sarif").output)
    jsonschema.Draft7Validator(SARIF, format_checker=jsonschema.FormatChecker()).validate(log)
    [result_run] = log["runs"]
    rules = [rule["id"] for rule in result_run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    for result in result_run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    uris = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in result_run["results"]
    }
    assert uris == {"greeting.json", "my%20blueprints/gr%C3%BC%C3%9Fe.json", "broken.json", "bare.json"}
    assert {result["ruleId"] for result in result_run["results"]} >= {"not-json", "unknown-function"}
    assert any("fixes" in result for result in result_run["results"])
    absolute = json.loads(run(str(other), "--format", "sarif").output)["runs"][0]["results"][0]
    assert absolute["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == other.as_uri()
