"""The command ``test``: what it runs, what it prints, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from helpers.blueprints import exported_module, write_blueprint
from helpers.scenario_tests import write_test_file
from make_emulator import World
from make_emulator.cli.main import main
from make_emulator.resources import fixture_path
from make_emulator.scenario_tests.schema import json_schema
from make_emulator.scenario_tests.watch import FileWatcher

TESTS = """\
modules: { Tell sales: { output: { ts: "1" } } }
tests:
  - name: large
    given: { webhook: { json: { id: 1, total: 500 } } }
    expect: { reached: [Tell sales] }
  - name: small
    given: { webhook: { json: { id: 1, total: 50 } } }
    expect: { reached: [Tell sales] }
  - name: later
    skip: not written yet
    expect: {}
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["test", *map(str, arguments)], env={"COLUMNS": "120"})


def test_failures_are_shown_with_their_stories_and_the_exit_code_is_1(tmp_path: Path) -> None:
    path = write_test_file(tmp_path, TESTS)
    result = run(tmp_path, "--verbose")
    assert result.exit_code == 1
    head, failure, story, end = result.output.split("\n\n")
    assert head.splitlines() == [
        f"failed   {path}: 1 failed, 1 skipped, 1 passed",
        "  passed   large",
        "  failed   small",
        "  skipped  later (not written yet)",
    ]
    assert failure.splitlines() == [
        f"FAILED {path}::small",
        f'  {path}:8: expected a bundle to reach module 4 "Tell sales", but none did',
        "      closest: the bundle was stopped by filter 'Large' before module 4: 50 greater than 100",
    ]
    assert story.startswith('  the run until there:\n    1 "Order" gateway:CustomWebHook\n')
    assert end.startswith("1 failed, 1 skipped, 1 passed in ")


def test_tests_are_chosen_by_a_text(tmp_path: Path) -> None:
    write_test_file(tmp_path, TESTS)
    result = run(tmp_path, "-k", "::large")
    assert result.exit_code == 0
    assert "1 passed in " in result.output
    missing = run(tmp_path, "-k", "nothing")
    assert missing.exit_code == 2
    assert missing.output == (
        f"make-emulator: no tests that contain 'nothing' in {tmp_path} (they are in files *.test.yaml);"
        " see main test --help\n"
    )


def test_the_json_has_every_test_with_its_failures_and_story(tmp_path: Path) -> None:
    path = write_test_file(tmp_path, TESTS)
    result = run(path, "--format", "json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["summary"] == {"failed": 1, "skipped": 1, "passed": 1}
    assert [(test["name"], test["line"], test["outcome"]) for test in document["tests"]] == [
        ("large", 3, "passed"),
        ("small", 6, "failed"),
        ("later", 9, "skipped"),
    ]
    [failure] = document["tests"][1]["failures"]
    assert failure["line"] == 8
    assert "the run until there:" in document["tests"][1]["story"]
    assert (document["unused"], document["mistakes"]) == ([], [])


def test_a_mistake_in_one_file_does_not_keep_the_others_from_running(tmp_path: Path) -> None:
    write_test_file(tmp_path, TESTS)
    write_test_file(tmp_path, "tests: [{name: a, expect: {}, giben: {}}]", name="other")
    result = run(tmp_path)
    assert result.exit_code == 2
    mistake = (
        f"{tmp_path / 'other.test.yaml'}:1: tests[0].giben: unknown key; there are: name, given, modules, http,"
        " expect, cases, marks, skip; did you mean 'given'?"
    )
    assert mistake in result.output.splitlines()
    assert "1 failed, 1 skipped, 1 passed in " in result.output


def test_what_was_not_used_is_shown_with_its_line(tmp_path: Path) -> None:
    path = write_test_file(
        tmp_path,
        """\
        modules:
          Tell sales: { output: { ts: "1" } }
        tests:
          - { name: small, given: { webhook: { json: { id: 1, total: 5 } } }, expect: {} }
        """,
    )
    result = run(path)
    assert result.exit_code == 0
    assert f"{path}:2: script of Tell sales was not used\n" in result.output


def test_junit_xml_has_a_suite_for_each_file(tmp_path: Path) -> None:
    path = write_test_file(tmp_path, TESTS)
    broken = write_test_file(tmp_path, "tests: []", name="broken")
    report = tmp_path / "junit.xml"
    assert run(tmp_path, "--junit-xml", report).exit_code == 2
    root = ElementTree.parse(report).getroot()
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == [str(path), str(broken)]
    assert [suites[str(path)].get(name) for name in ("tests", "failures", "errors", "skipped")] == list(
        "3101"
    )
    failure = suites[str(path)].find("testcase[@name='small']/failure")
    assert failure is not None
    assert failure.get("message") == 'expected a bundle to reach module 4 "Tell sales", but none did'
    assert "the run until there:" in str(failure.text)
    error = suites[str(broken)].find("testcase/error")
    assert error is not None
    assert error.get("message") == "this must be an array of tests"


def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    write_test_file(tmp_path, TESTS)
    result = run(tmp_path, "--junit-xml", tmp_path / "no" / "x.xml")
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == (
        f"make-emulator: cannot write {tmp_path / 'no' / 'x.xml'}: No such file or directory"
    )


def test_the_schema_is_printed_without_running_anything() -> None:
    result = run("--schema")
    assert (result.exit_code, json.loads(result.stdout)) == (0, json_schema())


@pytest.mark.parametrize("name", ["lead-intake", "quote-builder"])
def test_the_shipped_tests_pass(name: str) -> None:
    result = run(fixture_path("blueprints", f"{name}.test.yaml"))
    assert result.exit_code == 0, result.output


GOLDEN = """\
tests:
  - name: small
    given: { webhook: { json: { id: 1, total: 50 } } }
    expect:
      operations: 1   # too few
"""


def test_golden_values_are_written_after_the_difference_was_shown(tmp_path: Path) -> None:
    path = write_test_file(tmp_path, GOLDEN)
    result = run(path, "--update")
    assert result.exit_code == 0
    assert "-      operations: 1   # too few\n+      operations: 4   # too few\n" in result.output
    assert f"updated  {path}: 1 golden value\npassed   {path}: 1 passed\n" in result.output
    assert path.read_text() == GOLDEN.replace("operations: 1", "operations: 4")
    assert "updated" not in run(path, "--update").output


@pytest.mark.parametrize(
    "path", sorted(fixture_path("blueprints").glob("*.json")), ids=lambda path: path.stem
)
def test_a_first_test_of_a_blueprint_passes(tmp_path: Path, path: Path) -> None:
    blueprint = tmp_path / path.name
    blueprint.write_bytes(path.read_bytes())
    written = tmp_path / f"{path.stem}.test.yaml"
    result = run("--init", blueprint)
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"Wrote {written}: a run that reached ")
    tested = run(written, "--format", "json")
    assert tested.exit_code == 0, tested.output
    assert json.loads(tested.output)["unused"] == []


def test_a_first_test_replaces_no_file_and_needs_a_blueprint(tmp_path: Path) -> None:
    path = write_test_file(tmp_path, TESTS)
    again = run("--init", tmp_path / "orders.json")
    assert (again.exit_code, again.output) == (1, f"make-emulator: {path} exists already\n")
    assert path.read_text() == TESTS
    (tmp_path / "no.json").write_text("{}")
    none = run("--init", tmp_path / "no.json")
    assert none.exit_code == 1
    assert none.output.startswith(f"make-emulator: {tmp_path / 'no.json'} is no blueprint: ")
    missing = run("--init", tmp_path / "missing.json")
    assert (
        missing.output
        == f"make-emulator: cannot read {tmp_path / 'missing.json'}: No such file or directory\n"
    )


def write_request(path: Path, *headers: dict[str, str]) -> Path:
    switches = ("followAllRedirects", "gzip", "parseResponse", "shareCookies", "useMtls", "useQuerystring")
    request = {
        "url": "https://a.example.com/",
        "method": "get",
        "headers": list(headers),
        "serializeUrl": False,
        "rejectUnauthorized": True,
        "followRedirect": True,
        **dict.fromkeys(switches, False),
    }
    flow = [{"id": 1, "module": "http:ActionSendData", "version": 3, "mapper": request}]
    path.write_text(json.dumps({"name": path.stem, "flow": flow, "metadata": {}}))
    return path


def test_first_tests_are_written_for_several_blueprints_and_folders(tmp_path: Path) -> None:
    a, b = write_request(tmp_path / "a.json"), write_request(tmp_path / "b c.json")
    both = run("--init", a, b)
    assert both.exit_code == 0, both.output
    assert both.output.splitlines() == [
        f"Wrote {tmp_path / name}.test.yaml: a run that reached 1 of 1 modules. Run it: make-emulator test {command}"
        for name, command in (("a", tmp_path / "a.test.yaml"), ("b c", f"'{tmp_path / 'b c.test.yaml'}'"))
    ]
    assert run(tmp_path).exit_code == 0

    (tmp_path / "package.json").write_text('{"name": "no blueprint"}')
    write_request(tmp_path / "d.json")
    folder = run("--init", tmp_path)
    assert folder.exit_code == 0, folder.output
    existing = [f"{tmp_path / name}.test.yaml exists already" for name in ("a", "b c")]
    assert folder.output.splitlines()[:2] == existing
    assert (tmp_path / "d.test.yaml").exists()
    assert not (tmp_path / "package.test.yaml").exists()

    empty = tmp_path / "empty"
    empty.mkdir()
    assert run("--init", empty).output == f"make-emulator: no blueprint in {empty}\n"


def test_first_tests_of_other_blueprints_are_written_in_spite_of_one_that_fails(tmp_path: Path) -> None:
    a, b = write_request(tmp_path / "a.json"), write_request(tmp_path / "b.json")
    (tmp_path / "a.test.yaml").touch()
    (tmp_path / "no.json").write_text("{}")
    result = run("--init", a, tmp_path / "no.json", b)
    assert result.exit_code == 1
    assert f"make-emulator: {tmp_path / 'a.test.yaml'} exists already\n" in result.output
    assert f"make-emulator: {tmp_path / 'no.json'} is no blueprint: " in result.output
    assert (tmp_path / "b.test.yaml").exists()


def test_a_first_test_repeats_no_secret_of_its_blueprint(tmp_path: Path) -> None:
    header = {"name": "Authorization", "value": "Bearer abc-secret-123456789"}
    assert run("--init", write_request(tmp_path / "a.json", header)).exit_code == 0
    text = (tmp_path / "a.test.yaml").read_text()
    assert "abc-secret" not in text
    assert "{name: Authorization, value: $any}" in text
    assert run(tmp_path).exit_code == 0


def test_a_first_test_gives_an_instant_trigger_of_another_app_its_bundles(tmp_path: Path) -> None:
    trigger = {
        "id": 1,
        "module": "acme:WatchOrders",
        "version": 1,
        "parameters": {"__IMTHOOK__": 7},
        "metadata": {"interface": [{"name": "name", "type": "text"}]},
    }
    post = {"id": 2, "module": "acme:Post", "version": 1, "mapper": {"text": "{{1.name}}"}}
    path = tmp_path / "orders.json"
    path.write_text(json.dumps({"name": "Orders", "flow": [trigger, post], "metadata": {"instant": True}}))
    assert run("--init", path).exit_code == 0
    text = (tmp_path / "orders.test.yaml").read_text()
    assert "    given:\n      bundles: {name: " in text
    assert "'1'" not in text
    assert run(tmp_path).exit_code == 0
    swept = CliRunner().invoke(main, ["sweep", str(path)])
    assert swept.output.rstrip().endswith(" of 8"), swept.output


def test_a_run_of_a_world_becomes_a_test(tmp_path: Path, world: World) -> None:
    url = world.base_url.removesuffix("/api/v2")
    options = ("--url", url, "--world", world.name)
    rows = world.executions()
    assert {row["scenarioName"] for row in rows} >= {"Greeting", "Webhook to data store"}
    for row in rows:
        result = run("--from-execution", row["id"], *options, tmp_path)
        assert result.exit_code == 0, result.output
    files = sorted(path.name for path in tmp_path.iterdir())
    assert {"greeting.json", "greeting.test.yaml", "webhook-to-data-store.test.yaml"} <= set(files)
    assert sum(name.endswith(".test.yaml") for name in files) == len(rows)
    tested = run(tmp_path)
    assert tested.exit_code == 0, tested.output
    missing = run("--from-execution", "x", *options, tmp_path)
    assert missing.exit_code == 1
    assert missing.output.startswith(
        f"make-emulator: the world '{world.name}' has no execution 'x'; the latest is "
    )


def test_a_watcher_finds_the_tests_of_changed_files(tmp_path: Path) -> None:
    orders, other = (write_test_file(tmp_path, GOLDEN, name=name) for name in ("orders", "other"))
    watcher = FileWatcher([tmp_path])
    watcher.add({path: {path, path.with_suffix("").with_suffix(".json")} for path in (orders, other)})
    assert watcher.poll() == []
    (tmp_path / "other.json").write_text("{}")
    assert watcher.poll() == [other]
    watcher.add({other: {other, tmp_path / "other.json"}})
    assert watcher.poll() == []
    new = write_test_file(tmp_path, GOLDEN, name="new")
    orders.unlink()
    assert watcher.poll() == [new]


def test_changed_files_are_run_again_until_the_user_ends_it(tmp_path: Path) -> None:
    path = write_test_file(tmp_path, GOLDEN)
    command = [sys.executable, "-u", "-m", "make_emulator", "test", str(tmp_path), "--watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert "1 failed in " in "".join(iter(lambda: next(lines), "waiting for changes; Ctrl-C ends\n"))
        path.write_text(GOLDEN.replace("operations: 1", "operations: 4"))
        again = "".join(iter(lambda: next(lines), "waiting for changes; Ctrl-C ends\n"))
        assert f"changed: {path}\npassed   {path}: 1 passed\n" in again
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("option", [("--update",), ("--format", "json"), ("--junit-xml", "x.xml")])
def test_a_watched_run_writes_nothing(tmp_path: Path, option: tuple[str, ...]) -> None:
    result = run(tmp_path, "--watch", *option)
    assert result.exit_code == 2
    assert "--watch shows results as text" in result.output


def test_a_first_test_of_a_scenario_that_cannot_be_active_or_maps_wrongly_passes(tmp_path: Path) -> None:
    without_hook = tmp_path / "hookless.json"
    write_blueprint(
        without_hook,
        exported_module(1, "gateway:CustomWebHook"),
        exported_module(
            2, "slack:CreateMessage", {"text": "{{1.text}"}, version=4, parameters={"__IMTCONN__": 4}
        ),
    )
    assert run("--init", without_hook).exit_code == 0
    written = tmp_path / "hookless.test.yaml"
    text = written.read_text()
    assert "bundles:" in text or "webhook:" not in text
    assert "modules:\n      '2':\n        error" not in text
    tested = run(written, "--format", "json")
    assert tested.exit_code == 0, tested.output
    assert json.loads(tested.output)["unused"] == []


def test_a_webhook_of_a_scenario_that_cannot_be_active_says_what_else_to_give(tmp_path: Path) -> None:
    path = write_test_file(
        tmp_path,
        "tests: [{ name: a, given: { webhook: { json: {} } }, expect: {} }]",
        exported_module(1, "gateway:CustomWebHook"),
    )
    result = run(path)
    assert result.exit_code == 1
    assert "the scenario cannot be active: " in result.output
    assert "; a run with 'bundles' needs no activation" in result.output
