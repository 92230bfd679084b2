"""The documentation: its Python blocks run, and its links lead to files."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from make_emulator import seeds
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

_BLOCK = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


def files_of(page: Path) -> dict[str, str]:
    """The Python files that a page shows, by the name in their first line."""
    return dict(_BLOCK.findall(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT / "docs").as_posix())
@pytest.mark.usefixtures("few_plugins")
def test_the_python_of_a_page_runs(page: Path, pytester: pytest.Pytester) -> None:
    shown = page.read_text(encoding="utf-8").count("```python\n")
    files = files_of(page)
    assert len(files) == shown, "every Python block names its file in the first line"
    if not files:
        return
    for name, code in files.items():
        (pytester.path / name).write_text(code, encoding="utf-8")
    result = pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider", "-q")
    outcomes = result.parseoutcomes()
    assert outcomes.pop("passed") > 0
    assert outcomes == {}


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
    assert re.match(r"# [^\n]+\n\n[\w`*\[][^|\n]+", text)


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


def test_every_shipped_seed_is_listed() -> None:
    shown = SEEDS.partition("\n| seed |")[2].partition("\n\n")[0]
    listed = re.findall(r"^\| `(\w+)` \|", shown, flags=re.MULTILINE)
    assert sorted(listed) == seeds.list_seeds()
