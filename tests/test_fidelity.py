"""The fidelity ledger: its data file, the document made from it, and the table of routes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from make_emulator import api, fidelity
from make_emulator.cli.main import main
from make_emulator.resources import fixture_path

GOOD: dict[str, Any] = {
    "id": "teams.get",
    "area": "Teams",
    "statement": "A team can be fetched.",
    "status": "observed",
    "source": "a recorded exchange",
    "routes": ["GET /teams/{teamId}"],
}


def declared() -> list[str]:
    return [f"{endpoint.method} {endpoint.path}" for endpoint in api.endpoints()]


def load(tmp_path: Path, entries: Any) -> tuple[fidelity.Behaviour, ...]:
    path = tmp_path / "fidelity.yaml"
    path.write_text(yaml.safe_dump(entries), "utf-8")
    return fidelity.load_behaviours(path)


# --- the shipped data file -----------------------------------------------------------------------


def test_no_entry_says_a_thing_twice() -> None:
    # YAML takes the last of two values of one name without a word; joining two branches may leave both.
    text = fixture_path("fidelity.yaml").read_text("utf-8")
    for entry in re.split(r"^(?=- id: )", text, flags=re.MULTILINE)[1:]:
        names = re.findall(r"^(?:- |  )(\w+):", entry, flags=re.MULTILINE)
        assert len(names) == len(set(names)), entry


def test_the_shipped_ledger_is_valid_and_uses_every_status() -> None:
    behaviours = fidelity.load_behaviours()
    assert {behaviour.status for behaviour in behaviours} == set(fidelity.STATUSES)


def test_every_statement_is_one_plain_sentence() -> None:
    for behaviour in fidelity.load_behaviours():
        assert re.search(r"[.!]`?$", behaviour.statement), behaviour.id
        assert "\n" not in behaviour.statement + behaviour.source, behaviour.id


def test_every_endpoint_is_named_by_a_behaviour() -> None:
    named = {route for behaviour in fidelity.load_behaviours() for route in behaviour.routes}
    assert named == set(declared())


def test_every_error_code_has_a_behaviour() -> None:
    """The codes that the emulator answers are those of `make_emulator.http.errors`, but for two that it never raises yet."""
    statements = " ".join(behaviour.statement for behaviour in fidelity.load_behaviours())
    source = Path(fidelity.__file__).parent.joinpath("http", "errors.py").read_text("utf-8")
    codes = set(re.findall(r'code = "(\w+)"', source)) - {"SC503"}
    assert {code for code in codes if code not in statements} == set()


def test_a_named_test_exists() -> None:
    root = Path(__file__).parent.parent
    for behaviour in fidelity.load_behaviours():
        if behaviour.test is not None:
            assert (root / behaviour.test.partition("::")[0]).is_file(), behaviour.id


# --- FIDELITY.md ---------------------------------------------------------------------------------


def test_the_document_is_up_to_date() -> None:
    wanted = fidelity.render_markdown(fidelity.load_behaviours())
    assert fidelity.MARKDOWN_PATH.read_text("utf-8") == wanted, "run python -m make_emulator.fidelity --write"


def test_the_module_checks_the_document() -> None:
    command = [sys.executable, "-m", "make_emulator.fidelity"]
    assert subprocess.run([*command, "--check"], check=False).returncode == 0
    wrong = subprocess.run([*command, "--wrong"], check=False, capture_output=True, text=True)
    assert (wrong.returncode, wrong.stderr) == (
        1,
        "usage: python -m make_emulator.fidelity --write | --check\n",
    )


def test_the_document_counts_and_groups_behaviours() -> None:
    one = fidelity.Behaviour(
        id="a.b", area="Area", statement="It is | so.", status="assumed", source="a guess"
    )
    text = fidelity.render_markdown([one])
    assert "| Area | 0 | 0 | 1 | 1 |" in text
    assert "| **All** | 0 | 0 | 1 | 1 |" in text
    assert "\n## Area\n" in text
    assert r"| `a.b` | It is \| so. | assumed | a guess |" in text


# --- a broken data file --------------------------------------------------------------------------


def test_a_good_entry_becomes_a_behaviour(tmp_path: Path) -> None:
    assert load(tmp_path, [GOOD]) == (fidelity.Behaviour(**{**GOOD, "routes": ("GET /teams/{teamId}",)}),)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({}, "the ledger is not a list of behaviours"),
        (["text"], "entry 1 is not a mapping"),
        ([GOOD, GOOD], "teams.get: the id is used 2 times"),
        (
            [{**GOOD, "status": "rumoured"}],
            "teams.get: unknown status 'rumoured', not one of observed, documented",
        ),
        ([{**GOOD, "source": " "}], "teams.get: source is missing"),
        ([{key: GOOD[key] for key in GOOD if key != "source"}], "teams.get: source is missing"),
        ([{key: GOOD[key] for key in GOOD if key != "id"}], "entry 1: id is missing"),
        ([{**GOOD, "id": "Teams get"}], "Teams get: an id is lower-case words with a dot between them"),
        ([{**GOOD, "sauce": "x"}], "teams.get: unknown key 'sauce'"),
        ([{**GOOD, "routes": ["GET /team"]}], "teams.get: there is no route 'GET /team'"),
        ([{**GOOD, "routes": "GET /teams"}], "teams.get: routes must be a list"),
        ([{**GOOD, "test": 5}], "teams.get: routes must be a list, and test a text"),
    ],
)
def test_a_broken_data_file_is_refused_by_name(tmp_path: Path, entries: Any, message: str) -> None:
    with pytest.raises(fidelity.LedgerError, match=re.escape(message)):
        load(tmp_path, entries)


# --- the table of routes -------------------------------------------------------------------------


def test_the_text_table_lists_every_route_within_120_columns() -> None:
    head, *rows, _, legend = fidelity.render_routes(as_json=False).splitlines()
    assert head.split() == ["METHOD", "PATH", "SCOPES", "CORE", "O/D/A"]
    assert [" ".join(row.split()[:2]) for row in rows] == declared()
    assert max(map(len, [head, *rows])) <= 120
    assert legend.startswith("O/D/A: ")


def test_the_text_table_folds_the_scopes_of_one_area() -> None:
    run = next(
        line
        for line in fidelity.render_routes(as_json=False).splitlines()
        if line.split()[1].endswith("/run")
    )
    assert run.split()[:4] == ["POST", "/scenarios/{scenarioId}/run", "scenarios:read+write+run", "9"]


def test_the_json_table_lists_every_route_with_its_counts() -> None:
    rows = json.loads(fidelity.render_routes(as_json=True))
    assert [f"{row['method']} {row['path']}" for row in rows] == declared()
    behaviours = fidelity.load_behaviours()
    for row in rows:
        assert list(row) == ["method", "path", "scopes", "permissions", "core", "plan", "fidelity", "summary"]
        route = f"{row['method']} {row['path']}"
        for status, count in row["fidelity"].items():
            assert count == sum(route in each.routes and each.status == status for each in behaviours)
    users = {row["path"]: row for row in rows if row["path"] in ("/users", "/users/by-permission")}
    reported = {path: (row["scopes"], row["core"], row["plan"]) for path, row in users.items()}
    assert reported == {
        "/users": (["user:read"], [42], None),
        "/users/by-permission": (["user:read"], [43], None),
    }


def test_the_command_line_prints_both_forms() -> None:
    for options, as_json in (([], False), (["--json"], True)):
        result = CliRunner().invoke(main, ["routes", *options])
        assert (result.exit_code, result.output) == (0, fidelity.render_routes(as_json=as_json) + "\n")
