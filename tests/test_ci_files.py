"""Workflows, the action, the recipes for CI and the issue forms: valid by their public schemas, and shown as they are."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.documentation import read_blocks

ROOT = Path(__file__).parents[1]

#: Schema -> the files that it holds for.
SCHEMAS = {
    "github-actions": ["action.yml"],
    "github-workflows": [".github/workflows/*.yml", "examples/ci/github-*.yml"],
    "github-issue-forms": [".github/ISSUE_TEMPLATE/[!c]*.yml"],
    "github-issue-config": [".github/ISSUE_TEMPLATE/config.yml"],
    "dependabot": [".github/dependabot.yml"],
    "gitlab-ci": ["examples/ci/gitlab-*.yml"],
    "circle-ci": ["examples/ci/circleci.yml"],
    "azure-pipelines": ["examples/ci/azure-pipelines.yml"],
    "compose-spec": ["compose.yaml"],
}
PAGES = [f"docs/how-to/{name}.md" for name in ("ci", "github-actions", "scenario-tests-ci", "testcontainers")]


def files_of(globs: list[str]) -> list[Path]:
    files = [path for glob in globs for path in sorted(ROOT.glob(glob))]
    assert files, globs
    return files


def check(schema: str, *files: Path) -> subprocess.CompletedProcess[str]:
    # Of the schemas that come with the tool: nothing is downloaded.
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", "--no-cache"]
    # The schema of Azure has patterns that are none with the flag "u".
    command += ["--regex-variant", "nonunicode"]
    # Azure writes booleans as strings, too.
    transform = ["--data-transform", schema] if schema in ("azure-pipelines", "gitlab-ci") else []
    return subprocess.run(
        [*command, *transform, *map(str, files)], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_files_are_valid_by_their_schema(schema: str) -> None:
    done = check(schema, *files_of(SCHEMAS[schema]))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_file_that_is_not_valid_is_found(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("on: push\njobs: {test: {runs_on: ubuntu-latest}}\n")
    assert check("github-workflows", wrong).returncode == 1


def test_every_file_of_ci_has_a_schema() -> None:
    known = {path for globs in SCHEMAS.values() for path in files_of(globs)}
    found = {
        path
        for suffix in ("*.yml", "*.yaml")
        for folder in (".github", "examples")
        for path in (ROOT / folder).rglob(suffix)
    }
    assert found <= known


def test_the_compose_file_of_the_guide_is_valid(tmp_path: Path) -> None:
    blocks = [block for block in read_blocks("docs/how-to/compose.md") if block.language == "yaml"]
    assert blocks
    for number, block in enumerate(blocks):
        path = tmp_path / f"compose-{number}.yaml"
        path.write_text(block.text)
        done = check("compose-spec", path)
        assert done.returncode == 0, done.stdout


# --- the pages -----------------------------------------------------------------------------------


def examples() -> list[Path]:
    return [
        path
        for path in sorted((ROOT / "examples").rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]


@pytest.mark.parametrize("path", examples(), ids=lambda path: path.name)
def test_an_example_is_shown_as_it_is(path: Path) -> None:
    shown = [block.text for page in PAGES for block in read_blocks(page)]
    assert path.read_text("utf-8").removeprefix("#!/bin/sh\n") in shown


def test_a_recipe_that_is_shown_is_a_file() -> None:
    texts = {path.read_text("utf-8").removeprefix("#!/bin/sh\n") for path in examples()}
    shown = [
        block for page in PAGES for block in read_blocks(page) if block.language not in ("console", "text")
    ]
    assert [block.text.splitlines()[0] for block in shown if block.text not in texts] == []


def test_the_page_of_the_action_has_all_inputs_and_outputs() -> None:
    action: Any = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    page = (ROOT / "docs/how-to/github-actions.md").read_text("utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| (.*?) \|(?: (`?.*?`?) ?\|)?$", page, flags=re.MULTILINE)
    documented = {name: (text.replace("`", ""), default.strip("` ")) for name, text, default in rows}
    expected = {name: (row["description"], row["default"]) for name, row in action["inputs"].items()}
    expected |= {name: (row["description"], "") for name, row in action["outputs"].items()}
    assert documented == expected


# --- the workflows -------------------------------------------------------------------------------


def workflows() -> Iterator[tuple[str, Any]]:
    for path in sorted((ROOT / ".github/workflows").glob("*.yml")):
        yield path.name, yaml.safe_load(path.read_text("utf-8"))


def test_a_workflow_may_read_only_unless_a_job_says_so_and_ends_in_time() -> None:
    for name, workflow in workflows():
        assert workflow["permissions"] == {"contents": "read"}, name
        for job, spec in workflow["jobs"].items():
            assert "uses" in spec or spec["timeout-minutes"] <= 120, f"{name}: {job}"


def test_no_expression_is_pasted_into_a_script() -> None:
    for name, workflow in workflows():
        for spec in workflow["jobs"].values():
            for step in spec.get("steps", []):
                assert "${{" not in step.get("run", ""), f"{name}: {step}"


def test_every_supported_python_is_tested_on_every_system() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    supported = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)
    jobs = dict(workflows())["test.yml"]["jobs"]
    assert jobs["test"]["strategy"]["matrix"] == {"os": ["ubuntu", "macos"], "python": supported}
    assert jobs["windows"]["strategy"]["matrix"]["python"] == supported


def test_the_commands_of_the_workflows_exist() -> None:
    targets = set(
        re.findall(r"^([a-z-]+):.* ## ", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)
    )
    used = {
        word
        for _, workflow in workflows()
        for spec in workflow["jobs"].values()
        for step in spec.get("steps", [])
        for line in step.get("run", "").splitlines()
        if line.startswith("make ")
        for word in line.split()[1:]
        if "=" not in word
    }
    assert used >= {"lint", "typecheck", "site", "test", "test-conformance", "test-slow"}
    assert used <= targets


def test_the_forms_ask_for_a_har_and_the_report() -> None:
    for name in ("bug", "difference"):
        form = yaml.safe_load((ROOT / f".github/ISSUE_TEMPLATE/{name}.yml").read_text("utf-8"))
        fields = {each.get("id"): each for each in form["body"]}
        assert "format=har" in fields["har"]["attributes"]["description"]
        assert fields["report"]["attributes"]["label"] == "Output of make-emulator report"
        assert fields["report"]["validations"] == {"required": True}


def test_the_feature_of_dev_containers_has_what_its_script_reads() -> None:
    folder = ROOT / "devcontainer/src/make-emulator"
    feature = json.loads((folder / "devcontainer-feature.json").read_text("utf-8"))
    assert feature["id"] == folder.name
    assert re.fullmatch(r"\d+\.\d+\.\d+", feature["version"])
    script = (folder / "install.sh").read_text("utf-8")
    for name, option in feature["options"].items():
        assert option["type"] == "string"
        assert re.search(rf"\$\{{?{name.upper()}\b", script), name
