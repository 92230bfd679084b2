from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from make_emulator import MakeEmulator
from make_emulator.cli.main import main
from replay.recording import Recorder


@pytest.fixture(scope="module")
def recording() -> Recorder:
    """A session with the default world."""
    with MakeEmulator() as make:
        world = make.create_world(now="2026-03-02T12:00:00Z")
        client = Recorder(world.base_url, world.token)
        client.get("/teams/1")
        client.get("/hooks?teamId=1")
        client.post("/data-stores", {"name": "Orders of May", "teamId": 1, "maxSizeMB": 1})
        client.get("/teams/99")
    return client


@pytest.fixture
def write(recording: Recorder, tmp_path: Path) -> Callable[..., Path]:
    """Writes the session to a file, with texts of its answers replaced."""

    def write_session(**changes: str) -> Path:
        path = recording.write(tmp_path / "session.har")
        text = path.read_text("utf-8")
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, "utf-8")
        return path

    return write_session


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["replay", *map(str, arguments)])


def test_answers_as_recorded_are_exit_0(write: Callable[..., Path]) -> None:
    result = run(write(), "--seed", "default")
    assert result.exit_code == 0
    first, compared, ledger, *rest = result.output.splitlines()
    assert first.startswith("session.har: 4 requests to 127.0.0.1:")
    assert compared == "  compared      4, of which 4 are answered as recorded"
    assert ledger.endswith("behaviours confirmed, 0 contradicted")
    assert rest == []


def test_a_difference_is_named_by_route_and_field_with_its_entry_of_the_ledger(
    write: Callable[..., Path],
) -> None:
    result = run(write(queueLimit="maxQueue"), "--seed", "default")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[1] == "  compared      4, of which 3 are answered as recorded"
    at = lines.index("GET /hooks")
    assert "  hooks[].queueLimit: not recorded, but the emulator has it (integer)  [request 2]" in lines[at:]
    assert any(line.startswith("    contradicts hooks.queue-limit (") for line in lines[at:])


def test_the_report_as_json(write: Callable[..., Path]) -> None:
    result = run(write(SC404="SC999"), "--format", "json", "--seed", "default")
    assert result.exit_code == 1
    report = json.loads(result.output)
    assert report["requests"] == {
        "total": 4,
        "compared": 4,
        "same": 3,
        "different": 1,
        "skipped": 0,
        "others": 0,
    }
    [difference] = report["differences"]
    links = difference.pop("ledger")
    assert difference == {
        "route": "GET /teams/{teamId}",
        "path": "code",
        "kind": "code",
        "recorded": '"SC999"',
        "emulated": '"SC404"',
        "requests": [4],
    }
    assert {"id", "status", "relation", "statement"} == set(links[0])
    assert links[0]["relation"] == "contradicted"
    assert links[0]["id"] in report["ledger"]["contradicted"]
    assert "teams.list" not in report["ledger"]["contradicted"]
    last = report["exchanges"][-1]
    assert (last["outcome"], last["recordedStatus"], last["emulatedStatus"]) == ("different", 404, 404)


def test_the_report_as_html_and_junit(write: Callable[..., Path], tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    result = run(write(SC404="SC&<9"), "--format", "html", "--junit-xml", junit, "--seed", "default")
    assert result.exit_code == 1
    assert result.output.startswith("<!doctype html>")
    assert "SC&amp;&lt;9" in result.output
    assert "http://" not in result.output.replace("http://www.w3.org", "")
    suites = ElementTree.parse(junit).getroot()
    [suite] = suites
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "1", "0")
    cases = list(suite)
    assert cases[3].get("classname") == "GET /teams/{teamId}"
    assert cases[3].get("name") == "4 GET /teams/99"
    [failure] = cases[3]
    assert failure.get("message") == 'code: "SC&<9" recorded, "SC404" emulated'


def test_the_redacted_archive_has_no_secret_and_is_replayed_alike(
    write: Callable[..., Path], recording: Recorder, tmp_path: Path
) -> None:
    redacted = tmp_path / "redacted.har"
    assert run(write(), "--redact", redacted, "--seed", "default").exit_code == 0
    assert recording.token is not None
    text = redacted.read_text("utf-8")
    assert recording.token not in text
    assert "Token ********-1" in text
    assert run(redacted, "--seed", "default").exit_code == 0


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "is not an HTTP archive: unexpected end of data: line 1 column 2 (char 1)"),
        ("[]", ": not an HTTP archive (HAR): it has no log with entries"),
        ('{"log": {"entries": []}}', ": none of its 0 requests is one to Make, such as to eu1.make.com"),
    ],
)
def test_a_bad_archive_is_one_clear_line(content: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.har"
    path.write_text(content, "utf-8")
    result = run(path)
    assert result.exit_code == 2
    [line] = result.output.splitlines()
    assert line.startswith("make-emulator: ")
    assert line.endswith(problem)


def test_mistakes_in_the_usage_are_exit_2(write: Callable[..., Path]) -> None:
    assert run().exit_code == 2
    assert run(write(), "--format", "xml").exit_code == 2


def test_what_cannot_be_compared_is_exit_2(write: Callable[..., Path], tmp_path: Path) -> None:
    assert run(tmp_path / "absent.har").exit_code == 2
    unknown = run(write(), "--seed", "defualt")
    assert unknown.exit_code == 2
    assert unknown.output.startswith("make-emulator: ")
    assert "defualt" in unknown.output
    absent = run(write(), "--redact", tmp_path / "absent" / "x.har")
    assert absent.exit_code == 2
    assert "there is no folder" in absent.output


def test_an_archive_of_which_nothing_can_be_compared_is_exit_2(tmp_path: Path, recording: Recorder) -> None:
    document = recording.archive()
    for entry in document["log"]["entries"]:
        entry["response"]["status"] = 429
    path = tmp_path / "limited.har"
    path.write_text(json.dumps(document), "utf-8")
    result = run(path)
    assert result.exit_code == 2
    assert result.output.splitlines()[-1] == "make-emulator: no request could be compared"


def test_with_the_pulled_team_all_values_are_compared(tmp_path: Path) -> None:
    seed = tmp_path / "team.yaml"
    with MakeEmulator(seed="agency") as zone:
        world = zone.create_world(seed="agency")
        flags = ["--base-url", world.base_url, "--team-id", str(world.team_id), "--records", "all"]
        pulled = CliRunner().invoke(main, ["pull", *flags, "--token", world.token, "--output", str(seed)])
        assert pulled.exit_code == 0, pulled.output
        client = Recorder(world.base_url, world.token, rename=True)
        for path in ("scenarios", "data-stores", "connections", "hooks", "templates", "data-structures"):
            client.get(f"/{path}?teamId={world.team_id}")
        scenario = client.get(f"/scenarios?teamId={world.team_id}")["scenarios"][0]["id"]
        client.get(f"/scenarios/{scenario}")
        client.get(f"/scenarios/{scenario}/blueprint")
        har = client.write(tmp_path / "session.har")
    result = run(har, "--seed", seed, "--format", "json")
    assert result.exit_code in (0, 1), result.output
    report = json.loads(result.output)
    shown = [(each["route"], each["path"]) for each in report["differences"]]
    assert shown == [], shown
    assert report["requests"]["compared"] == 9
