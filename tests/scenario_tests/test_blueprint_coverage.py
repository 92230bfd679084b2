"""Coverage of blueprints: its parts, what a run covers, and its reports."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from helpers.blueprints import exported_module
from helpers.scenario_tests import condition, named, results_of, write_test_file
from make_emulator.cli.main import main
from make_emulator.resources import fixture_path
from make_emulator.scenario_tests.coverage import BlueprintCoverage, CoverageCollector
from make_emulator.scenario_tests.coverage_reports import ReportFormatError, coverage_svg, render_report

SMALL = """\
tests:
  - name: small
    given: { webhook: { json: { id: 1, total: 50 } } }
    expect: {}
"""


def covered(folder: Path, *texts: str, flow: tuple[object, ...] = ()) -> BlueprintCoverage:
    collector = CoverageCollector()
    for text in texts:
        for result in results_of(folder, text, *flow):
            assert result.run is not None, result.failures
            collector.add_run(result.run)
    [coverage] = collector.blueprints()
    return coverage


def test_the_parts_that_no_test_covers_are_named_with_their_lines(tmp_path: Path) -> None:
    coverage = covered(tmp_path, SMALL)
    text = (tmp_path / "orders.json").read_text()
    assert [part.missed for part in coverage.missing] == [
        'the error handler of 2 "Customer" was not used',
        'module 9 "Without a customer" was not reached',
        "route 1 of module 3 (builtin:BasicRouter) was not taken",
        'module 4 "Tell sales" was not reached',
        'no bundle passed filter "Large" before 4',
        'no bundle was stopped by filter "Small" before 5',
    ]
    assert {part.line for part in coverage.missing} == {1}, "the file of this test is one line"
    pretty = BlueprintCoverage(tmp_path / "orders.json", json.dumps(json.loads(text), indent=1).encode())
    lines = json.dumps(json.loads(text), indent=1).splitlines()
    [part] = [part for part in pretty.parts if part.text == 'module 4 "Tell sales"']
    assert lines[part.line : part.line + 2] == ['       "id": 4,', '       "module": "slack:CreateMessage",']


def test_several_tests_cover_together(tmp_path: Path) -> None:
    large = SMALL.replace("total: 50", "total: 500").replace("small", "large")
    failing = SMALL + '    http: [{ url: "*", error: timeout }]\n'
    coverage = covered(tmp_path, SMALL, large, failing)
    assert coverage.missing == []
    assert coverage.hits["4:module"] == 1
    assert coverage.hits["2:module"] == 3


def test_branches_and_the_fallback_count_and_disabled_ones_do_not(tmp_path: Path) -> None:
    def branch(id: int, **rest: object) -> dict[str, object]:
        return {
            "flow": [
                named(id, "util:SetVariable2", f"V{id}", {"name": "a", "value": "1", "scope": "roundtrip"})
            ],
            **rest,
        }

    flow = (
        named(1, "gateway:CustomWebHook", "Hook", parameters={"hook": 70}),
        {
            **exported_module(2, "builtin:BasicIfElse"),
            "branches": [
                branch(
                    3,
                    type="condition",
                    label="Yes",
                    conditions=condition("{{1.n}}", "number:greater", "1"),
                    merge=True,
                ),
                branch(4, type="condition", conditions=condition("{{1.n}}", "exist"), disabled=True),
                {"flow": [], "type": "else", "label": "No", "merge": True},
            ],
        },
        {
            **exported_module(5, "builtin:BasicMerge", {}),
            "filters": [{"name": "Of yes", "conditions": condition("{{1.n}}", "number:less", "9")}, None],
        },
        {
            **exported_module(6, "builtin:BasicRouter", parameters={"else": 1}),
            "routes": [
                {
                    "flow": [
                        {
                            **named(
                                7,
                                "slack:CreateMessage",
                                "Post",
                                {"text": "x"},
                                version=4,
                                parameters={"__IMTCONN__": 4},
                            ),
                            "filter": {
                                "name": "Never",
                                "conditions": condition("{{1.n}}", "number:less", "0"),
                            },
                        }
                    ]
                },
                {
                    "flow": [
                        named(
                            8, "util:SetVariable2", "Else", {"name": "a", "value": "1", "scope": "roundtrip"}
                        )
                    ]
                },
                {"flow": [exported_module(10, "placeholder:Placeholder")]},
                {
                    "flow": [
                        named(
                            9, "util:SetVariable2", "Off", {"name": "a", "value": "1", "scope": "roundtrip"}
                        )
                    ],
                    "disabled": True,
                },
            ],
        },
    )
    coverage = covered(
        tmp_path,
        "tests: [{ name: a, given: { webhook: { json: { n: 5 } } }, expect: {} }]",
        flow=flow,
    )
    shown = {part.text: coverage.hits[part.key] for part in coverage.parts if part.kind != "module"}
    assert shown == {
        'branch 1 "Yes" of module 2 (builtin:BasicIfElse)': 1,
        'branch 2 "No" of module 2 (builtin:BasicIfElse)': 0,
        'filter "Of yes" before 5: passed': 1,
        'filter "Of yes" before 5: stopped': 0,
        "route 1 of module 6 (builtin:BasicRouter)": 0,
        'filter "Never" before 7: passed': 0,
        'filter "Never" before 7: stopped': 1,
        "fallback of module 6 (builtin:BasicRouter)": 1,
    }


def test_a_filter_without_conditions_has_no_sides(tmp_path: Path) -> None:
    path = fixture_path("blueprints", "lead-intake.json")
    parts = BlueprintCoverage(path, path.read_bytes()).parts
    assert not [part for part in parts if "Everything else" in part.text]


def test_a_blueprint_in_a_response_of_the_api_has_lines_too(tmp_path: Path) -> None:
    blueprint = {"name": "n", "flow": [exported_module(1, "util:BasicTrigger")], "metadata": {}}
    data = json.dumps({"code": "OK", "response": {"blueprint": blueprint}}, indent=1).encode()
    [part] = BlueprintCoverage(tmp_path / "x.json", data).parts
    assert part.line == 7


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["test", *map(str, arguments)], env={"COLUMNS": "120"})


def test_the_command_shows_the_table_and_fails_under_a_percentage(tmp_path: Path) -> None:
    path = write_test_file(tmp_path, SMALL)
    result = run(path, "--coverage", "--fail-under", "70")
    assert result.exit_code == 1
    table = result.output.split("\n\n")[1].splitlines()
    blueprint = tmp_path / "orders.json"
    assert [line.split() for line in table] == [
        ["coverage", "modules", "routes", "filters", "handlers", "all"],
        [str(blueprint), "5", "of", "7", "1", "of", "2", "2", "of", "4", "0", "of", "1", "57", "%"],
    ]
    assert f'{blueprint}:1: module 4 "Tell sales" was not reached\n' in result.output
    assert "make-emulator: the coverage is 57.14 %, less than 70 %\n" in result.output
    assert run(path, "--fail-under", "57").exit_code == 0
    assert "coverage" not in run(path, "--fail-under", "57").output


def test_the_reports_of_the_command_agree(tmp_path: Path) -> None:
    path = write_test_file(tmp_path, SMALL)
    files = [tmp_path / f"c.{suffix}" for suffix in ("json", "info", "xml", "svg", "html")]
    options = [option for file in files for option in ("--coverage-report", file)]
    result = run(path, "--format", "json", *options)
    assert result.exit_code == 0, result.output
    document = json.loads((tmp_path / "c.json").read_text())
    assert json.loads(result.output)["coverage"] == document
    assert document["percent"] == 57.14
    [blueprint] = document["blueprints"]
    assert blueprint["totals"]["modules"] == {"covered": 5, "of": 7}
    assert sum(part["hits"] > 0 for part in blueprint["parts"]) == 8

    lcov = (tmp_path / "c.info").read_text().splitlines()
    assert lcov[:2] == ["TN:", f"SF:{tmp_path / 'orders.json'}"]
    assert {"LF:7", "LH:5", "BRF:7", "BRH:3", "BRDA:1,0,0,0", "end_of_record"} <= set(lcov)
    assert sum(line.startswith("BRDA:") for line in lcov) == 7
    assert [line for line in lcov if line.endswith(",-")] != []

    root = ElementTree.parse(tmp_path / "c.xml").getroot()
    assert (root.get("line-rate"), root.get("branch-rate")) == ("0.7143", "0.4286")
    [line] = root.iter("line")
    assert line.get("condition-coverage") == "42% (3/7)"

    svg = ElementTree.parse(tmp_path / "c.svg").getroot()
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    html = (tmp_path / "c.html").read_text()
    assert "<h1>Coverage of scenarios: 57 %</h1>" in html
    assert "<li>line 1: module 4 &quot;Tell sales&quot; was not reached</li>" in html


def test_the_drawing_shows_what_was_covered(tmp_path: Path) -> None:
    svg = coverage_svg(covered(tmp_path, SMALL))
    root = ElementTree.fromstring(svg)
    classes = {
        str(group.findtext("{http://www.w3.org/2000/svg}title")).partition(" (")[0]: group.get("class")
        for group in root.iter("{http://www.w3.org/2000/svg}g")
    }
    assert classes == {
        "Order": "node good",
        "Customer": "node warn",
        "Without a customer": "node bad",
        "Router": "node warn",
        "Tell sales": "node bad",
        "Keep": "node good",
        "Respond": "node good",
    }
    assert "57 % of 14 parts covered" in svg


def test_a_report_of_no_format_is_a_mistake_in_the_usage(tmp_path: Path) -> None:
    path = write_test_file(tmp_path, SMALL)
    result = run(path, "--coverage-report", tmp_path / "c.txt")
    assert result.exit_code == 2
    assert "'c.txt' ends like no report; there are: .json, .info, .xml, .svg, .html" in result.output
    other = write_test_file(tmp_path, SMALL, name="other")
    two = run(path, other, "--coverage-report", tmp_path / "c.svg")
    assert two.exit_code == 2
    assert "an SVG shows one blueprint, and 2 blueprints were tested; a file .html shows all" in two.output


def test_nothing_to_cover_is_covered(tmp_path: Path) -> None:
    with pytest.raises(ReportFormatError, match="ends like no report"):
        render_report(Path("x"), [])
    assert json.loads(render_report(Path("x.json"), [])) == {"percent": 100.0, "blueprints": []}


def test_all_parts_of_the_shipped_blueprints_are_covered() -> None:
    result = run(fixture_path("blueprints"), "--fail-under", "100", "--format", "json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)["coverage"]
    assert len(document["blueprints"]) >= 55
