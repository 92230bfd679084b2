"""A consultant with exported blueprints, who writes no code: explain, lint, mend, survey, test, import."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.request import Request, urlopen
from xml.etree import ElementTree

import pytest

from helpers.api import ADMIN_TOKEN
from helpers.documentation import ROOT

from .reader import Reader

pytestmark = pytest.mark.e2e

BLUEPRINTS = ROOT / "fixtures/blueprints"


def export(reader: Reader, name: str, target: str) -> Path:
    """A file that the consultant has exported from Make."""
    path = reader.folder / target
    path.parent.mkdir(exist_ok=True)
    shutil.copy(BLUEPRINTS / name, path)
    return path


def test_a_blueprint_is_explained_and_drawn(reader: Reader) -> None:
    page = "docs/how-to/explain.md"
    export(reader, "lead-intake.json", "blueprint.json")
    [(command, _)] = reader.block(page, "console", "Run and debug a blueprint without a server").commands()
    assert "SUCCESS" in reader.run(command)
    assert "`--svg FILE.svg`" in (ROOT / page).read_text("utf-8")
    reader.run(f"{command} --svg run.svg")
    assert ElementTree.parse(reader.folder / "run.svg").getroot().tag.endswith("svg")


def test_a_folder_of_exports_is_surveyed(reader: Reader) -> None:
    (reader.folder / "fixtures").symlink_to(ROOT / "fixtures")
    reader.follow("docs/how-to/explain.md", "Check a whole folder")


def test_mistakes_are_found_and_repaired(reader: Reader) -> None:
    lint = "docs/how-to/lint.md"
    title = "Lint blueprints: find mistakes without running them"
    (reader.folder / "blueprints").mkdir()
    reader.shell.write(reader.block(lint, "json", title), "blueprints/greeting.json")
    reader.follow(lint, title)

    mend = "docs/how-to/mend.md"
    path = reader.shell.write(reader.block(mend, "json", "Repair blueprints automatically"), "greeting.json")
    reader.follow(mend, "Repair blueprints automatically")
    assert "`--write` writes the repairs into the files" in (ROOT / mend).read_text("utf-8")
    reader.shell.run("make-emulator mend greeting.json --write")
    assert "{{upper(1.name)}}" in path.read_text("utf-8")


def test_a_first_test_is_written_and_refined(reader: Reader) -> None:
    page = "docs/how-to/scenario-tests.md"
    export(reader, "lead-intake.json", "lead-intake.json")
    reader.follow(page, "Test Make scenarios with YAML files")
    tests = reader.folder / "lead-intake.test.yaml"
    assert "tests:" in tests.read_text("utf-8")

    reader.shell.write(reader.block(page, "yaml", "Test Make scenarios with YAML files"), tests.name)
    assert "1 passed" in reader.run("make-emulator test")


def test_exports_become_scenarios(reader: Reader) -> None:
    export(reader, "lead-intake.json", "exports/lead-intake.json")
    reader.follow("docs/how-to/import.md")
    url = reader.shell.localize("http://127.0.0.1:4747/api/v2/scenarios?teamId=1")
    with urlopen(Request(url, headers={"Authorization": f"Token {ADMIN_TOKEN}"}), timeout=60) as response:
        scenarios = json.load(response)["scenarios"]
    assert json.loads((BLUEPRINTS / "lead-intake.json").read_text("utf-8"))["name"] in {
        row["name"] for row in scenarios
    }


@pytest.mark.parametrize("name", ["explain", "lint", "mend", "import", "pull"])
def test_the_tests_of_a_guide_pass(reader: Reader, name: str) -> None:
    for block in reader.blocks(f"docs/how-to/{name}.md"):
        if block.language == "python":
            reader.shell.write(block)
    reader.test()
