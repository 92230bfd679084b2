"""What the documentation shows is what happens: its Python blocks run, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").rglob("*.md"))

_BLOCK = re.compile(r"^```python\n# (\w+\.py)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


def files_of(page: Path) -> dict[str, str]:
    """The Python files that a page shows, by the name in their first line."""
    return dict(_BLOCK.findall(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
