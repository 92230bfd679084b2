"""The documentation site: it builds strictly, has every page in its navigation, and loads nothing from another host."""

from __future__ import annotations

import importlib.util
import json
import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

from helpers.documentation import ROOT, build_site
from helpers.sharing import share
from tools import take_screenshots

DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
ADDRESS: str = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]["Documentation"]
#: Attributes by which an element loads something, or sends it.
_LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "form": "action"}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site, which the processes of the session share."""
    return share(tmp_path_factory, "documentation", build_site)


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_hooks", DOCS / "site_hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Html(HTMLParser):
    """Parser that collects what a page loads, and its visible tables, headings and code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _LOADS and values.get("rel") not in ("canonical", "prev", "next"):
            self.loads.append(values.get(_LOADS[tag]) or "")


def html_file(site: Path, page: str) -> Path:
    """The file of the site that has a page of docs/."""
    path = Path(page)
    folder = path.parent if path.name == "README.md" else path.with_suffix("")
    return site / folder / "index.html"


def article(site: Path, page: str) -> str:
    """The HTML of a page without its blocks of code."""
    text = html_file(site, page).read_text("utf-8")
    body = text[text.index("<article") : text.index("</article>")]
    return re.sub(r"<pre.*?</pre>", "", body, flags=re.DOTALL)


def test_every_page_is_built(site: Path) -> None:
    missing = [page for page in PAGES if not html_file(site, page).is_file()]
    assert missing == []


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    loads = {
        (path.relative_to(site).as_posix(), target)
        for path in site.rglob("*.html")
        for target in _Html(path.read_text("utf-8")).loads
        if re.match(r"(?i)(https?:)?//", target)
    }
    assert loads == set()
    styles = "".join(path.read_text("utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"url\(\s*['\"]?(?:https?:)?//[^)]*\)|@import[^;]*", styles) == []


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith("reference/fidelity/")])
def test_the_markdown_of_a_page_is_rendered(site: Path, page: str) -> None:
    body = article(site, page)
    # Python-Markdown wants a blank line before a list, and four blanks before a list within it; GitHub does not.
    assert (
        re.findall(r"<(?:p|li)>(?:(?!</p>|</li>|<ul>|<ol>).)*\n\s*[-*] [^<\n]*", body, flags=re.DOTALL) == []
    )
    assert re.findall(r"<p>\s*\|[^\n]*", body) == []
    assert re.findall(r"<code>[^<]*\\\|[^<]*</code>", body) == []
    assert "```" not in body


def test_a_page_has_one_title_that_no_other_page_has(site: Path) -> None:
    titles: dict[str, str] = {}
    for page in PAGES:
        found = re.findall(r"<h1[^>]*>(.*?)<a", article(site, page), flags=re.DOTALL)
        assert len(found) == 1, page
        assert titles.setdefault(found[0], page) == page


def test_the_title_of_a_page_is_its_name_in_the_navigation(site: Path) -> None:
    text = (site / "index.html").read_text("utf-8")
    names = {" ".join(name.split()) for name in re.findall(r'<span class="md-ellipsis">([^<]+)', text)}
    for page in PAGES:
        [title] = re.findall(r"<h1[^>]*>(.*?)<a", article(site, page), flags=re.DOTALL)
        in_navigation = re.sub(r"^Fidelity: |</?code>", "", title)
        assert Path(page).name == "README.md" or in_navigation in names


def test_every_screenshot_is_taken_by_the_command_and_shown_in_both_colours(site: Path) -> None:
    files = {path.name: path.stat().st_size for path in (DOCS / "assets").glob("*.webp")}
    assert set(files) == set(take_screenshots.SCREENSHOTS)
    assert {name for name, size in files.items() if size > take_screenshots.MAX_SIZE} == set()
    assert sum(files.values()) < 1_500_000
    shown: set[str] = set()
    for page in PAGES:
        for tag in re.findall(r"<img [^>]*>", article(site, page)):
            match = re.search(r'src="[^"]*assets/([\w-]+\.webp)(#only-\w+)?"', tag)
            if match is None:
                continue
            name, scheme = match.groups(default="")
            shown.add(name)
            has_twin = name.replace(".webp", "-dark.webp") in files
            assert scheme == (
                "#only-dark" if name.endswith("-dark.webp") else "#only-light" if has_twin else ""
            )
            alt = re.search(r'alt="([^"]*)"', tag)
            assert alt is not None
            assert len(alt[1]) > 20
    assert shown == set(files)


def test_every_page_is_found_by_the_search(site: Path) -> None:
    index = json.loads((site / "search/search_index.json").read_text("utf-8"))
    found = {entry["location"].partition("#")[0] for entry in index["docs"]}
    wanted = {html_file(Path(), page).parent.as_posix().removeprefix(".") for page in PAGES}
    assert {location.rstrip("/") for location in found} == wanted


def test_the_navigation_has_the_sections_of_the_index_and_every_page_once(hooks: ModuleType) -> None:
    entries = hooks.navigation((DOCS / "README.md").read_text("utf-8"))
    assert [next(iter(entry)) for entry in entries] == [
        "Home",
        "Tutorial",
        "How to",
        "Reference",
        "Explanation",
    ]
    assert sorted(hooks.page_names(entries)) == PAGES


def test_llms_txt_leads_to_the_markdown_of_every_page(site: Path) -> None:
    index = (site / "llms.txt").read_text("utf-8")
    assert index.startswith("# make-emulator\n\n> ")
    assert "/fidelity/plans.md" not in index.partition("\n## Optional\n")[0]
    base = re.escape(ADDRESS)
    linked = re.findall(rf"^- \[[^\]]+\]\({base}([^)]+\.md)\): .+\.?$", index, flags=re.MULTILINE)
    assert sorted(linked) == PAGES
    for page in linked:
        title = (DOCS / page).read_text("utf-8").partition("# ")[2].partition("\n")[0]
        assert f"# {title}\n" in (site / page).read_text("utf-8")


def test_llms_full_txt_has_every_page_but_the_ledger(site: Path) -> None:
    full = (site / "llms-full.txt").read_text("utf-8")
    names = re.findall(rf"^<!-- {re.escape(ADDRESS)}([\w/-]+\.md) -->$", full, flags=re.MULTILINE)
    assert sorted(names) == [page for page in PAGES if not page.startswith("reference/fidelity/")]
    assert "def test_an_order_is_stored(agent, make_client, make_world):" in full


def test_a_link_out_of_the_documentation_is_a_path_of_the_repository(hooks: ModuleType) -> None:
    assert hooks.repository_path("how-to/lint.md", "../../fixtures/blueprints/SOURCES.md#sources") == (
        "fixtures/blueprints/SOURCES.md"
    )
    for inside in ("mend.md", "../README.md", "#rules", "https://example.com/", "../../../elsewhere.md"):
        assert hooks.repository_path("how-to/lint.md", inside) is None
