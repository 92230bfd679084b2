"""The fidelity ledger: its data file, its output formats, and the table of routes."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from make_emulator import api, fidelity
from make_emulator.cli.main import main
from make_emulator.cli.routes import list_routes, render_text
from make_emulator.resources import data_folder, fixture_path
from tools import update_fidelity

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
    return fidelity.load_behaviours(path, routes=declared())


# --- the shipped data file -----------------------------------------------------------------------


def test_no_entry_says_a_thing_twice() -> None:
    # YAML takes the last of two values of one name without a word; joining two branches may leave both.
    text = fixture_path("fidelity.yaml").read_text("utf-8")
    for entry in re.split(r"^(?=- id: )", text, flags=re.MULTILINE)[1:]:
        names = re.findall(r"^(?:- |  )(\w+):", entry, flags=re.MULTILINE)
        assert len(names) == len(set(names)), entry


def test_the_shipped_ledger_is_valid_and_uses_every_status() -> None:
    behaviours = fidelity.shipped_behaviours()
    assert {behaviour.status for behaviour in behaviours} == set(fidelity.STATUSES)


def test_every_statement_is_one_plain_sentence() -> None:
    for behaviour in fidelity.shipped_behaviours():
        assert re.search(r"[.!]`?$", behaviour.statement), behaviour.id
        assert "\n" not in behaviour.statement + behaviour.source, behaviour.id


def test_every_endpoint_is_named_by_a_behaviour() -> None:
    named = {route for behaviour in fidelity.shipped_behaviours() for route in behaviour.routes}
    assert named == set(declared()), "name the route under routes: in an entry of fixtures/fidelity.yaml"


def test_every_error_code_has_a_behaviour() -> None:
    """The codes that the emulator answers are those of `make_emulator.http.errors`, but for two that it never raises yet."""
    statements = " ".join(behaviour.statement for behaviour in fidelity.shipped_behaviours())
    source = Path(fidelity.__file__).parent.joinpath("http", "errors.py").read_text("utf-8")
    codes = set(re.findall(r'code = "(\w+)"', source)) - {"SC503"}
    assert {code for code in codes if code not in statements} == set()


def test_a_named_test_exists() -> None:
    root = Path(__file__).parent.parent
    for behaviour in fidelity.shipped_behaviours():
        if behaviour.test is not None:
            assert (root / behaviour.test.partition("::")[0]).is_file(), behaviour.id


# --- output formats ------------------------------------------------------------------------------


def show(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["fidelity", *arguments], env={"COLUMNS": "1000"})


def test_the_command_shows_the_counts_of_each_area() -> None:
    head, *rows, total = show().output.splitlines()
    assert head.split() == ["area", "observed", "documented", "assumed"]
    assert [row.rsplit(maxsplit=3)[0].strip() for row in rows] == fidelity.list_areas(
        fidelity.shipped_behaviours()
    )
    assert sum(int(number) for number in total.split()[1:]) == len(fidelity.shipped_behaviours())


def test_an_area_limits_the_command_to_its_behaviours() -> None:
    result = show("hooks")
    _, counts, _, area, *lines = result.output.splitlines()
    hooks = [each for each in fidelity.shipped_behaviours() if each.area == "Hooks"]
    assert (counts.split()[0], area) == ("Hooks", "Hooks")
    assert [line[14:] for line in lines[::2]] == [each.statement for each in hooks]
    assert lines[1].strip() == f"{hooks[0].id}; source: {hooks[0].source}"


def test_a_part_of_a_name_shows_every_area_that_contains_it() -> None:
    areas = {row["area"] for row in json.loads(show("engine", "--format", "json").output)["areas"]}
    assert areas == {each.area for each in fidelity.shipped_behaviours() if each.area.startswith("Engine")}


def test_an_unknown_area_is_a_mistake_in_the_usage() -> None:
    result = show("weather")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "make-emulator: no area matches 'weather'; the areas are: Authentication, "
    )


def test_the_json_format_holds_every_field() -> None:
    document = json.loads(show("--format", "json").output)
    assert sum(row["observed"] + row["documented"] + row["assumed"] for row in document["areas"]) == len(
        document["behaviours"]
    )
    for row, behaviour in zip(document["behaviours"], fidelity.shipped_behaviours(), strict=True):
        when = {key: list(values) for key, values in behaviour.when.items()}
        lists = {"routes": list(behaviour.routes), "when": when, "left_out": list(behaviour.left_out)}
        assert row == {**asdict(behaviour), **lists}


def test_the_markdown_format_is_the_whole_document() -> None:
    assert show("--format", "markdown").output == fidelity.render_markdown(fidelity.shipped_behaviours())


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
def test_a_broken_data_file_is_rejected_by_name(tmp_path: Path, entries: Any, message: str) -> None:
    with pytest.raises(fidelity.LedgerError, match=re.escape(message)):
        load(tmp_path, entries)


# --- the writer ----------------------------------------------------------------------------------


def test_the_data_file_names_the_tests_that_the_marks_name() -> None:
    path = fixture_path("fidelity.yaml")
    text = path.read_text("utf-8")
    behaviours = fidelity.load_behaviours(path, routes=declared())
    assert update_fidelity.link_tests(text, behaviours, data_folder("contract_tests")) == text, (
        "run make docs"
    )


def test_the_writer_rejects_unknown_arguments() -> None:
    with pytest.raises(SystemExit, match=re.escape("usage: python -m tools.update_fidelity [--check]")):
        update_fidelity.main(["--wrong"])


def test_marks_are_read_from_the_tests(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(
        "import pytest\n@pytest.mark.fidelity('a.one', 'a.two')\n@pytest.mark.covers('GET /teams', 'cols')\n"
        "def test_first(): ...\n@pytest.mark.fidelity('a.one')\ndef test_second(): ...\n",
        "utf-8",
    )
    test = "contract_tests/test_x.py::test_first"
    assert update_fidelity.find_linked_tests(tmp_path) == {"a.one": test, "a.two": test}


# --- the table of routes -------------------------------------------------------------------------


def shown() -> str:
    return render_text(list_routes(api.endpoints(), fidelity.shipped_behaviours()))


def test_the_text_table_lists_every_route_and_all_but_long_paths_within_120_columns() -> None:
    head, *rows, _, legend = shown().splitlines()
    assert head.split() == ["METHOD", "PATH", "SCOPES", "CORE", "O/D/A"]
    assert [" ".join(row.split()[:2]) for row in rows] == declared()
    assert max(len(row) for row in [head, *rows] if len(row.split()[1]) <= 57) <= 120
    assert legend.startswith("O/D/A: ")


def test_the_text_table_folds_the_scopes_of_one_area() -> None:
    run = next(line for line in shown().splitlines() if line.split()[1].endswith("/run"))
    assert run.split()[:4] == ["POST", "/scenarios/{scenarioId}/run", "scenarios:read+write+run", "9"]


def test_the_json_table_lists_every_route_with_its_counts() -> None:
    rows = list_routes(api.endpoints(), fidelity.shipped_behaviours())
    assert [f"{row['method']} {row['path']}" for row in rows] == declared()
    behaviours = fidelity.shipped_behaviours()
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


def test_the_command_prints_both_formats() -> None:
    rows = list_routes(api.endpoints(), fidelity.shipped_behaviours())
    as_json = [json.loads(show_routes(*options)) for options in (["--format", "json"], ["--json"])]
    assert as_json == [json.loads(json.dumps(rows))] * 2
    assert show_routes("--format", "text") == shown() + "\n"


def show_routes(*options: str) -> str:
    result = CliRunner().invoke(main, ["routes", *options], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    return result.output


def test_scores_show_the_shares_of_evidence_and_of_tested_behaviours() -> None:
    behaviours = [
        fidelity.Behaviour(
            **{**GOOD, "id": "a.b", "routes": ("GET /teams",), "test": "contract_tests/x.py::y"}
        ),
        fidelity.Behaviour(
            **{**GOOD, "id": "c.d", "status": "assumed", "routes": ("GET /teams", "GET /users")}
        ),
    ]
    [teams, every] = fidelity.score_areas(behaviours)
    assert (teams.name, teams.evidence, teams.coverage, every.name) == ("Teams", 0.5, 0.5, "all")
    assert [(each.name, each.evidence) for each in fidelity.score_routes(behaviours)] == [
        ("GET /teams", 0.5),
        ("GET /users", 0.0),
    ]


def test_the_command_shows_the_score() -> None:
    text = show("--score", "teams").output
    assert re.search(r"^area +observed +documented +assumed +evidence +tested$", text, re.MULTILINE)
    assert re.search(r"^GET /teams/\{teamId\} .*%", text, re.MULTILINE)
    document = json.loads(show("--score", "--format", "json").output)
    assert document["areas"][-1]["name"] == "all"
    assert show("--score", "--format", "markdown").output.startswith("# Fidelity score\n")
