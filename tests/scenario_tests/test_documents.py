"""Test files: what they may hold, and the line of each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from helpers.scenario_tests import mistakes_in, read, write_test_file
from make_emulator.scenario_tests.documents import InvalidTestFileError, find_test_files, read_test_file
from make_emulator.scenario_tests.schema import iter_sections, json_schema
from make_emulator.yaml_documents import parse_yaml

BLUEPRINTS = Path(__file__).parents[2] / "fixtures" / "blueprints"


def test_each_mistake_has_its_line_and_what_was_meant(tmp_path: Path) -> None:
    found = mistakes_in(
        tmp_path,
        """\
        given:
          nov: 2026-03-02
        tests:
          - name: First
            expects: {}
          - name: Second
            given: { webhook: { json: {}, body: x } }
            expect:
              status: succes
              operations: { atmost: 3 }
        """,
    )
    assert found == [
        (
            2,
            "unknown key; there are: inputs, bundles, webhook, mail, now, records, variables, connections, settings; did you mean 'now'?",
        ),
        (4, "the key 'expect' is missing"),
        (
            5,
            "unknown key; there are: name, given, modules, http, expect, cases, marks, skip; did you mean 'expect'?",
        ),
        (7, "'json' is the body already"),
        (9, "this must be one of: success, warning, error; did you mean 'success'?"),
        (10, "unknown key; there are: at_least, at_most; did you mean 'at_most'?"),
    ]


def test_what_the_blueprint_does_not_have_is_a_mistake(tmp_path: Path) -> None:
    found = mistakes_in(
        tmp_path,
        """\
        modules:
          slack:CreateMesage: { output: {} }
          Tell sale: { output: {} }
        tests:
          - name: First
            given:
              inputs: { id: 1 }
              records: { 51: {} }
              connections: { 40: invalid, 41: invalid }
            expect:
              reached: [Kep, 99]
              filters: { Lage: passed, Order: stopped }
              records: { 50: {} }
              calls: { 7: 1 }
              scenarios: { 7: { reached: [1] } }
        """,
    )
    assert [line for line, _ in found] == [2, 3, 7, 8, 9, 11, 11, 12, 12, 14, 15]
    texts = [text for _, text in found]
    assert texts[0].endswith("; did you mean 'slack:CreateMessage'?")
    assert texts[1].endswith("; did you mean 'Tell sales'?")
    assert texts[2].startswith("the scenario takes no inputs: its trigger is gateway:CustomWebHook")
    assert texts[3] == "the blueprint refers to no data store '51'; it refers to: 50"
    assert texts[4].startswith("the blueprint refers to no connection '41'; it refers to: 40")
    assert texts[5].endswith("; did you mean 'Keep'?")
    assert texts[7] == "there is no filter 'Lage'; there are: Large, Small; did you mean 'Large'?"
    assert texts[8] == 'there is no filter before module 1 "Order"'
    assert texts[9] == "the blueprint calls no scenario '7'"
    assert texts[10] == "the file names no blueprint of scenario '7' under 'scenarios'"


@pytest.mark.parametrize(
    ("text", "line", "mistake"),
    [
        ("- a", 1, "a test file must be a mapping"),
        ("tests: ]", 1, "this is not YAML"),
        ("tests: []", 1, "this must be an array of tests"),
        ("given: {}", 1, "the key 'tests' is missing"),
        ("blueprint: other.json\ntests: [{name: a, expect: {}}]", 1, "cannot read"),
        ("scenarios: {x: orders.json}\ntests: [{name: a, expect: {}}]", 1, "'x' is not the id of a scenario"),
        ("tests:\n  - {name: a, expect: {}}\n  - {name: a, expect: {}}", 3, "another test has the name 'a'"),
        ("tests:\n  - {name: '${a}', expect: {}}", 2, "no case has a value 'a': the test has no cases"),
        (
            "tests:\n  - {name: a, cases: [{b: 1}], expect: {operations: '${c}'}}",
            2,
            "no case has a value 'c'; there are: b",
        ),
        (
            "tests:\n  - {name: a, cases: [{b: x}], expect: {operations: '${b}'}}",
            2,
            "this must be a whole number",
        ),
        ("tests:\n  - {name: a, expect: {active: }}", 2, "this is empty; it must be true or false"),
        (
            "tests:\n  - {name: a, http: [{url: x, error: timeout, status: 500}], expect: {}}",
            2,
            "a rule with an 'error' has no response",
        ),
        ("tests:\n  - 5", 2, "this must be a mapping with some of: name"),
        ("tests: !!set {a}", 1, "tag:yaml.org,2002:set is not a kind of value that JSON has"),
    ],
)
def test_a_file_of_another_form_is_a_mistake(tmp_path: Path, text: str, line: int, mistake: str) -> None:
    [(found, said), *_] = mistakes_in(tmp_path, text)
    assert (found, said[: len(mistake)]) == (line, mistake)


def test_a_file_without_a_blueprint_beside_it_names_the_missing_one(tmp_path: Path) -> None:
    path = tmp_path / "alone.test.yaml"
    path.write_text("tests: [{name: a, expect: {}}]")
    with pytest.raises(InvalidTestFileError, match=r"there is no alone\.json beside this file"):
        read_test_file(path)


def test_a_table_has_a_test_for_each_case_with_the_types_of_its_values(tmp_path: Path) -> None:
    file = read(
        tmp_path,
        """\
        tests:
          - name: An order
            cases:
              - { name: large, total: 500, to: [Tell sales] }
              - { total: 5, to: [Keep] }
            given: { webhook: { json: { total: "${total}", text: "of ${total} $${x}" } } }
            expect: { reached: "${to}" }
          - name: Of ${total}
            cases: [{ total: 1 }]
            expect: {}
        """,
    )
    assert [(test.name, test.line) for test in file.tests] == [
        ("An order [large]", 4),
        ("An order [total=5, to=['Keep']]", 5),
        ("Of 1", 9),
    ]
    assert file.tests[0].given == {"webhook": {"json": {"total": 500, "text": "of 500 ${x}"}}}
    assert file.tests[0].expect == {"reached": ["Tell sales"]}


def test_what_a_test_gives_is_added_to_what_the_file_gives(tmp_path: Path) -> None:
    [test] = read(
        tmp_path,
        """\
        given: { now: "2026-01-01T00:00:00Z", records: { 50: { a: { total: 1 } } }, bundles: { id: 1 } }
        modules: { Tell sales: { output: { ts: "1" } } }
        tests:
          - name: a
            given: { now: "2027-01-01T00:00:00Z", webhook: { json: {} } }
            modules: { Customer: { output: {} } }
            expect: {}
        """,
    ).tests
    assert test.given == {
        "now": "2027-01-01T00:00:00Z",
        "records": {"50": {"a": {"total": 1}}},
        "webhook": {"json": {}},
    }
    assert {name: path for name, (path, _) in test.modules.items()} == {
        "Tell sales": ("modules", "Tell sales"),
        "Customer": ("tests", 0, "modules", "Customer"),
    }


def test_the_files_of_a_folder_are_found_but_not_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.test.yaml", "a/c.test.yaml", ".venv/d.test.yaml", "e.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    found = [path.relative_to(tmp_path).as_posix() for path in find_test_files([tmp_path])]
    assert found == ["a/c.test.yaml", "b.test.yaml"]


def test_the_json_schema_accepts_the_shipped_tests() -> None:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    files = sorted(BLUEPRINTS.glob("*.test.yaml"))
    assert len(files) >= 50
    for path in files:
        document = parse_yaml(path.read_text("utf-8"), path.name, not_mapping="", allows_number_keys=True)
        assert [error.message for error in validator.iter_errors(document.data)] == []


@pytest.mark.parametrize(
    "data",
    [
        {"tests": []},
        {"tests": [{"name": "a"}]},
        {"tests": [{"name": "a", "expect": {"status": "ok"}}]},
        {"tests": [{"name": "a", "expect": {"reachd": []}}]},
        {"tests": [{"name": "a", "expect": {"operations": {"at_mst": 1}}}]},
        {"tests": [{"name": "a", "expect": {}, "modules": {"a:b": {"error": {"name": "Oops"}}}}]},
    ],
)
def test_the_json_schema_rejects_what_the_reader_rejects(data: object) -> None:
    assert not Draft202012Validator(json_schema()).is_valid(data)


def test_every_section_and_key_of_the_format_has_a_meaning() -> None:
    sections = list(iter_sections())
    assert {"File", "Test", "Given", "Expect", "Script", "Rule"} <= {section.title for section in sections}
    for section in sections:
        assert section.about.endswith(".")
        assert [key.name for key in section.keys if not key.about.endswith(".")] == []


def test_the_same_file_read_twice_has_the_same_tests(tmp_path: Path) -> None:
    path = write_test_file(tmp_path, "tests: [{name: a, expect: {}}]")
    first, second = read_test_file(path), read_test_file(path, name=Path("x.test.yaml"))
    assert [test.name for test in first.tests] == [test.name for test in second.tests]
    assert second.tests[0].id == "x.test.yaml::a"
