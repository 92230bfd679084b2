"""The reference in docs/ is made from the code, and says something of each thing."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

from helpers.api import ApiClient
from make_emulator import fidelity
from make_emulator.engine.apps.catalog import interpreted_modules

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(generator: ModuleType) -> Mapping[str, str]:
    made: Mapping[str, str] = generator.pages()
    return {name.removeprefix("docs/reference/"): text for name, text in made.items()}


def test_the_pages_are_those_that_the_code_makes(generator: ModuleType) -> None:
    assert generator.stale() == [], "run make docs"


def test_no_page_is_left_over(pages: Mapping[str, str]) -> None:
    files = {path.relative_to(DOCS / "reference").as_posix() for path in (DOCS / "reference").rglob("*.md")}
    assert files | {"FIDELITY.md"} == set(pages)


def test_each_area_of_the_ledger_has_a_page_with_its_behaviours(pages: Mapping[str, str]) -> None:
    behaviours = fidelity.shipped_behaviours()
    index = pages["fidelity/README.md"]
    for area, group in fidelity.group_by_area(behaviours).items():
        name = fidelity.area_page_name(area)
        assert f"| [{area}]({name}) |" in index
        page = pages[f"fidelity/{name}"]
        assert re.findall(r"^## `(\S+)`$", page, flags=re.MULTILINE) == [each.id for each in group]
        assert re.findall(r"^\*\*(\w+)\*\*: ", page, flags=re.MULTILINE) == [each.status for each in group]


@pytest.mark.parametrize("name", ["control-api.md", "python.md", "pytest.md", "command-line.md"])
def test_nothing_stands_without_a_word_on_it(name: str, pages: Mapping[str, str]) -> None:
    silent = re.findall(r"^\| (`.*`) .*\|  \|$", pages[name], flags=re.MULTILINE)
    assert silent == []


def test_the_fixtures_of_the_plugin_are_all_there(pages: Mapping[str, str]) -> None:
    named = re.findall(r"^\| `(make_\w+)` \|", pages["pytest.md"], flags=re.MULTILINE)
    assert named == [
        "make_emulator",
        "make_world",
        "make_mock",
        "make_client",
        "make_env",
        "make_mcp",
        "make_oauth",
    ]


def test_each_of_the_47_has_its_row(pages: Mapping[str, str]) -> None:
    numbers = re.findall(r"^\| ([\d, ]+) \| `[A-Z]+ /", pages["routes.md"], flags=re.MULTILINE)
    assert sorted(int(each) for row in numbers for each in row.split(", ")) == list(range(1, 48))


def test_each_operation_that_the_vendor_describes_has_its_row(pages: Mapping[str, str]) -> None:
    page = pages["emulated.md"]
    rows = re.findall(r"^\| `([A-Z]+ /\S+)` \| (.+) \|$", page, flags=re.MULTILINE)
    assert len({route for route, _ in rows}) == len(rows) == 467
    states = Counter(state.partition(":")[0] for _, state in rows)
    assert set(states) <= {"yes", "no", "not yet"}
    counts = re.findall(
        r"(\d+) of them are emulated,\n(\d+) are left out .* (\d+) are not emulated yet", page
    )
    assert counts == [tuple(str(states[each]) for each in ("yes", "no", "not yet"))]
    assert dict(rows)["GET /scenarios/{scenarioId}"] == "yes"
    assert dict(rows)["GET /sdk/apps"].startswith("no: The development of custom apps is not emulated")


def test_each_module_that_is_interpreted_has_its_row(pages: Mapping[str, str]) -> None:
    named = re.findall(r"^\| `([\w-]+:\w+)` \|", pages["modules.md"], flags=re.MULTILINE)
    assert sorted(named) == sorted(interpreted_modules())


def test_every_control_call_is_listed_and_every_listed_one_is_there(
    api: ApiClient, pages: Mapping[str, str]
) -> None:
    listed = set(re.findall(r"^\| `([A-Z]+) (/[^`]*)` \|", pages["control-api.md"], flags=re.MULTILINE))
    served = {
        (method, re.sub(r"<(?:int:)?(\w+)>", r"{\1}", rule.rule.removeprefix("/_emulator")))
        for rule in api.app.url_map.iter_rules()
        if rule.rule.startswith("/_emulator")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert listed == served
