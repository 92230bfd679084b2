"""The documentation: its Python blocks run, and its links lead to files."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import requests
from click.testing import CliRunner

from helpers.docker_daemon import docker_daemon
from helpers.documentation import read_blocks
from make_emulator import World, seeds
from make_emulator.cli.main import main
from make_emulator.engine.custom_functions import find_code_error
from make_emulator.http.pipeline import API_PIPELINE
from make_emulator.server.tls import CA_BUNDLE_VARIABLES
from tools import draw_documentation

ROOT = Path(__file__).parent.parent
#: All pages but those of the areas of the fidelity ledger, which are generated.
PAGES = sorted(
    path
    for path in (ROOT / "docs").rglob("*.md")
    if path.parent.name != "fidelity" or path.name == "README.md"
)

CLIENTS, SEEDS = (
    (ROOT / f"docs/how-to/{name}.md").read_text(encoding="utf-8") for name in ("clients", "seeds")
)

_BLOCK = re.compile(
    r"^```(?:gherkin|python|robotframework)\n# ([\w/]+\.(?:feature|py|robot))\n(.*?)^```",
    flags=re.MULTILINE | re.DOTALL,
)

#: Modules that run the files of a page instead of pytest, with their arguments.
RUNNERS = {
    "how-to/behave.md": ["behave"],
    "how-to/robot-framework.md": [
        "robot",
        "--output",
        "NONE",
        "--log",
        "NONE",
        "--report",
        "NONE",
        "greeting.robot",
    ],
}


def name_of(page: Path) -> str:
    return page.relative_to(ROOT / "docs").as_posix()


def files_of(page: Path) -> dict[str, str]:
    """The files of tests that a page shows, by the name in their first line."""
    return dict(_BLOCK.findall(page.read_text(encoding="utf-8")))


def write_files(page: Path, folder: Path) -> None:
    """Writes the files of a page to a folder."""
    for name, code in files_of(page).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(code, encoding="utf-8")


def run_module(folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit status and the output of a module that Python runs in a folder."""
    command = [sys.executable, "-W", "error", "-m", *arguments]
    result = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return result.returncode, result.stdout


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_of_tests_names_its_file_in_the_first_line(page: Path) -> None:
    shown = re.findall(
        r"^```(?:gherkin|python|robotframework)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert len(files_of(page)) == len(shown)


@pytest.fixture
def docker(page: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A daemon for the page that needs one."""
    if page.stem != "testcontainers":
        yield
        return
    with docker_daemon() as daemon:
        for name, value in daemon.variables.items():
            monkeypatch.setenv(name, value)
        yield


@pytest.mark.parametrize("page", [page for page in PAGES if name_of(page) not in RUNNERS], ids=name_of)
@pytest.mark.usefixtures("few_plugins", "docker")
def test_the_python_of_a_page_runs(page: Path, pytester: pytest.Pytester) -> None:
    if not files_of(page):
        return
    write_files(page, pytester.path)
    result = pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider", "-q")
    outcomes = result.parseoutcomes()
    assert outcomes.pop("passed") > 0
    assert outcomes == {}


def test_the_cases_of_unittest_run_without_pytest(tmp_path: Path) -> None:
    write_files(ROOT / "docs/how-to/unittest.md", tmp_path)
    status, output = run_module(tmp_path, "unittest")
    assert (status, "Ran 3 tests" in output) == (0, True), output


@pytest.mark.parametrize("page", RUNNERS)
def test_the_files_of_a_page_run_and_a_failure_shows_the_activity_of_the_world(
    page: str, tmp_path: Path
) -> None:
    write_files(ROOT / "docs" / page, tmp_path)
    status, output = run_module(tmp_path, *RUNNERS[page])
    assert status == 0, output
    assert "POST /scenarios/1/run" not in output
    [tests] = [*tmp_path.glob("**/*.feature"), *tmp_path.glob("**/*.robot")]
    tests.write_text(tests.read_text("utf-8").replace("Hello, Zoe!", "Hello, Max!"), "utf-8")
    status, output = run_module(tmp_path, *RUNNERS[page])
    assert status == 1, output
    assert "Ada Maker (token admin): POST /scenarios/1/run in organization 1 -> 200" in output
    assert "module 1 (scenario-service:ReturnData) ran" in output


def test_every_key_of_the_json_of_explain_is_documented() -> None:
    page = (ROOT / "docs/how-to/explain.md").read_text(encoding="utf-8")
    section = page.partition("## JSON output")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", section, flags=re.MULTILINE)
    documented = [key for cell in cells for key in re.findall(r"`(\w+)`", cell)]
    blueprint = ROOT / "fixtures/blueprints/greeting.json"
    result = CliRunner().invoke(
        main, ["explain", str(blueprint), "--input", '{"name": "Zoe"}', "--format", "json"]
    )
    assert documented == list(json.loads(result.stdout))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT / "docs").as_posix())
def test_a_page_opens_with_its_title_and_a_sentence(page: Path) -> None:
    text = re.sub(r"<!--.*?-->\s*", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.match(r"# [^\n]+\n\n(?!```)[\w`*\[][^|\n]+", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT / "docs").as_posix())
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_index_leads_to_every_page() -> None:
    linked = re.findall(r"\]\(([^)#]+)", (ROOT / "docs/README.md").read_text(encoding="utf-8"))
    pages = {str(page.relative_to(ROOT / "docs")) for page in PAGES}
    assert pages - set(linked) == {"README.md"}


def test_the_variables_that_are_shown_are_the_ones_that_are_printed() -> None:
    [shown] = re.findall(r"^```text\n([^`]*CA file[^`]*)^```", CLIENTS, flags=re.MULTILINE)
    assert re.findall(r"export (\w+)=", shown) == list(CA_BUNDLE_VARIABLES)


def test_the_seed_that_is_shown_is_valid(tmp_path: Path) -> None:
    [seed] = re.findall(r"^```yaml\n(.*?)^```", SEEDS, flags=re.MULTILINE | re.DOTALL)
    path = tmp_path / "seed.yaml"
    path.write_text(seed, "utf-8")
    assert seeds.summarize(seeds.check(path)) == "1 user, 1 organization, 1 team"


def test_the_functions_that_are_shown_are_valid(tmp_path: Path) -> None:
    page = (ROOT / "docs/how-to/custom-functions.md").read_text(encoding="utf-8")
    [seed] = re.findall(r"^```yaml\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    path = tmp_path / "seed.yaml"
    path.write_text(seed, "utf-8")
    checked = seeds.check(path)
    assert seeds.summarize(checked) == "1 user, 1 organization, 1 team, 1 function"
    [function] = checked.organizations[0]["teams"][0]["functions"]
    assert find_code_error(function["code"]) is None


def test_the_survey_is_as_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs/how-to/explain.md").read_text(encoding="utf-8")
    [(call, reported)] = re.findall(
        r"^```console\n\$ (make-emulator survey .*)\n([^`]*)^```", page, flags=re.MULTILINE
    )
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(main, shlex.split(call)[1:], env={"COLUMNS": "100"})
    assert result.output == reported
    assert result.exit_code == 1


def test_the_repairs_are_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs/how-to/mend.md").read_text(encoding="utf-8")
    [blueprint] = re.findall(r"^```json\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    [(call, reported)] = re.findall(
        r"^```console\n\$ (make-emulator mend .*)\n([^`]*)^```", page, flags=re.MULTILINE
    )
    (tmp_path / "greeting.json").write_text(blueprint, "utf-8")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, shlex.split(call)[1:])
    assert result.output == reported
    assert result.exit_code == 1


def test_the_drawings_are_those_that_the_code_makes() -> None:
    assert draw_documentation.stale() == [], "run make docs"
    for drawing in draw_documentation.drawings().values():
        ElementTree.fromstring(drawing)


def test_a_drawing_has_every_step_of_the_pipeline() -> None:
    drawn = [box for group in draw_documentation.request_groups() for box in group.boxes]
    assert len(drawn) == len(API_PIPELINE.request_steps) + len(API_PIPELINE.response_steps)
    described = {*draw_documentation.REQUEST_STEPS.values(), *draw_documentation.RESPONSE_STEPS.values()}
    assert set(drawn) == described


def test_the_figures_of_the_comparison_are_those_that_were_measured() -> None:
    folder = ROOT / "docs/explanation"
    page, measured = ((folder / name).read_text("utf-8") for name in ("alternatives.md", "how-fast.md"))
    figures = re.findall(r"[\d,.]+ (?:ms|MB)|\d+,\d{3}", page)
    assert len(figures) == 10
    assert [figure for figure in figures if f" {figure} " not in measured] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT / "docs").as_posix())
def test_an_image_has_a_text_and_is_small(page: Path) -> None:
    for text, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        assert len(text) > 20, target
        assert (page.parent / target).stat().st_size < 150_000, target


def test_the_decisions_about_an_agent_read_as_shown(make_world: World) -> None:
    [reason], statements = (
        block.text.splitlines() for block in read_blocks("docs/how-to/agents.md") if block.language == "text"
    )
    ops = make_world.agents.create("ops", {"scenarios/1": ["read", "run"]})
    scenario = f"{make_world.base_url}/scenarios/1"
    assert requests.get(scenario, headers=ops.headers, timeout=60).status_code == 200
    refused = requests.delete(f"{scenario}?confirmed=true", headers=ops.headers, timeout=60)
    assert refused.headers["X-Emulator-Why"].startswith(reason)
    # The page has the names of its own seed.
    named = [line.replace("Order intake", "Greeting").replace("Ops", "Example Team") for line in statements]
    assert [row["statement"] for row in make_world.requests.all()] == named


def test_the_contract_test_that_is_shown_is_one_of_the_suite() -> None:
    [shown] = [block.text for block in read_blocks("docs/how-to/contract.md") if block.language == "text"]
    assert shown in (ROOT / "contract_tests/test_teams_and_organizations.py").read_text("utf-8")


def test_every_shipped_seed_is_listed() -> None:
    shown = SEEDS.partition("\n| seed |")[2].partition("\n\n")[0]
    listed = re.findall(r"^\| `(\w+)` \|", shown, flags=re.MULTILINE)
    assert sorted(listed) == seeds.list_seeds()
