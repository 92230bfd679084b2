"""The data that the documentation shows: seeds, scripts, configurations and requests are valid."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from helpers.api import ApiClient
from helpers.documentation import ROOT, Block, read_blocks
from make_emulator import seeds
from make_emulator.explain.script_file import parse_scripts
from make_emulator.lint.config import load_config
from make_emulator.scenario_tests.schema import json_schema as scenario_test_schema
from make_emulator.seeds.json_schema import json_schema

#: Languages of data, and of programs that need a library that is not installed here.
LANGUAGES = frozenset({"json", "py", "toml", "yaml"})
#: Keys of files that other programs read; tests/e2e/roles and the tests of charts follow those pages.
FOREIGN = frozenset({"apiVersion", "jobs", "mcpServers", "mcp_servers", "servers", "services"})


def _shown() -> list[Block]:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        block
        for page in pages
        for block in read_blocks(page.relative_to(ROOT).as_posix())
        if block.language in LANGUAGES and block.file_name() is None
    ]


SHOWN = _shown()


def check_seed(block: Block, folder: Path) -> None:
    """A seed, or a part of one: then an organization is added, and the tokens that it names."""
    content = yaml.safe_load(block.text)
    if tokens := [{"label": agent["token"]} for agent in content.get("agents", ()) if "token" in agent]:
        content["tokens"] = tokens
    content.setdefault("organizations", [{"name": "Acme", "teams": [{"name": "Ops"}]}])
    path = folder / "seed.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    assert seeds.summarize(seeds.check(path))


def check_scenario_tests(block: Block, folder: Path) -> None:
    """A test file, or a part of one: tests, or what one of them expects."""
    content = yaml.load(block.text, yaml.BaseLoader)
    if isinstance(content, list):
        content = {"tests": content}
    elif "tests" not in content:
        content = {"tests": [{"name": "A part", **content}]}
    for test in content["tests"]:
        test.pop("cases", None)
        if test["name"] == "…":
            test["expect"] = {}
    # Every value is a text here, so only the keys are compared.
    wrong = [
        error.message
        for error in Draft202012Validator(scenario_test_schema()).iter_errors(content)
        if error.validator in ("additionalProperties", "required")
    ]
    assert wrong == []


def check_scripts(block: Block, folder: Path) -> None:
    assert list(parse_scripts(block.text.encode()))


def check_steps(block: Block, folder: Path) -> None:
    for step in yaml.safe_load(block.text):
        assert step.keys() <= {"name", "uses", "with", "run", "env", "if"}


def check_toml(block: Block, folder: Path) -> None:
    tools = tomllib.loads(block.text).get("tool", {})
    if "make-emulator" in tools:
        (folder / "pyproject.toml").write_text(block.text, "utf-8")
        assert load_config(folder).ignore == ("http-without-handler",)
    else:
        assert tools["pytest"]["ini_options"].keys() <= {"make_settings"}


def check_blueprint(block: Block, folder: Path) -> None:
    assert json.loads(block.text).keys() == {"name", "flow", "metadata"}


def check_program(block: Block, folder: Path) -> None:
    """A program for a library that is not installed here: it compiles, and has the address and the token of the emulator."""
    compile(block.text, block.page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert "http://127.0.0.1:4747/mcp/stateless" in block.text
    assert "Bearer 11111111-1111-4111-8111-111111111111" in block.text


def kind_of(block: Block) -> Callable[[Block, Path], None] | None:
    """Returns the check of a block; ``None`` for a file that another program reads.

    Raises:
        LookupError: if it is of no known kind.
    """
    if block.language == "py":
        return check_program
    content: Any = (
        tomllib.loads(block.text)
        if block.language == "toml"
        else json.loads(block.text)
        if block.language == "json"
        else yaml.safe_load(block.text)
    )
    if isinstance(content, list):
        return check_steps if content[0].keys() & {"run", "uses"} else check_scenario_tests
    keys = content.keys()
    if keys & {"tests", "expect"}:
        return check_scenario_tests
    if keys & FOREIGN:
        return None
    if "tool" in keys:
        return check_toml
    if "flow" in keys:
        return check_blueprint
    if keys <= json_schema()["properties"].keys():
        return check_seed
    if all(re.fullmatch(r"[\w-]+:\w+", key) for key in keys):
        return check_scripts
    raise LookupError(f"{block.page}, {block.heading}: data of no known kind: {', '.join(keys)}")


@pytest.mark.parametrize(
    "block",
    [block for block in SHOWN if '"files"' not in block.text],
    ids=lambda block: f"{block.page}:{block.heading}",
)
def test_the_data_of_a_page_are_valid(block: Block, tmp_path: Path) -> None:
    check = kind_of(block)
    if check is not None:
        check(block, tmp_path)


def test_the_import_that_is_shown_is_accepted(api: ApiClient) -> None:
    [block] = [block for block in SHOWN if '"files"' in block.text]
    imported = api.control("POST", "/worlds/default/import", json=json.loads(block.text))
    assert imported.status_code == 200, imported.text


def test_every_kind_of_data_is_shown() -> None:
    kinds: Mapping[Any, int] = {kind_of(block): 1 for block in SHOWN if '"files"' not in block.text}
    assert {
        check_seed,
        check_scripts,
        check_steps,
        check_toml,
        check_blueprint,
        check_program,
    } <= kinds.keys()
