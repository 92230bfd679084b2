"""The documentation site in a real browser, and the screenshots that it shows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from helpers.chromium import Page, open_browser
from helpers.documentation import build_site
from helpers.sharing import share
from tools import take_screenshots
from tools.chromium import ChromiumNotFoundError

pytestmark = pytest.mark.e2e

#: A page of each kind: text, code, drawings, screenshots, wide tables, long names.
PAGES = [
    "",
    "tutorial/",
    "how-to/clients/",
    "how-to/dashboard/",
    "how-to/explain/",
    "how-to/studio/",
    "explanation/how-it-works/",
    "explanation/alternatives/",
    "explanation/how-fast/",
    "reference/command-line/",
    "reference/control-api/",
    "reference/emulated/",
    "reference/fidelity/",
    "reference/fidelity/plans/",
]

#: The parts of a page that are wider than the window and do not scroll by themselves; all that it has loaded; broken images.
MEASURE = """
({
  width: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  loaded: performance.getEntriesByType("resource").map((each) => each.name),
  broken: [...document.images].filter((each) => each.naturalWidth === 0).map((each) => each.src),
  title: document.querySelector("article h1").innerText.replace("\\u00b6", "").trim(),
})
"""
AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
#: What of a page misses the rules of WCAG 2 on the levels A and AA.
VIOLATIONS = """
axe.run(document, { runOnly: ["wcag2a", "wcag2aa"], resultTypes: ["violations"], preload: false }).then((done) =>
  done.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")}`)))
"""
#: Types a word into the search, and waits for a result.
SEARCH = """
new Promise((resolve) => {
  const input = document.querySelector("input[data-md-component=search-query]");
  document.querySelector("[data-md-toggle=search]").click();
  input.focus();
  input.value = "mock_make";
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new KeyboardEvent("keyup", { bubbles: true }));
  const look = () => {
    const found = document.querySelector(".md-search-result__link");
    found ? resolve(found.getAttribute("href")) : setTimeout(look, 20);
  };
  look();
})
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with open_browser() as page:
        # Without the colours that an earlier page stored.
        page.call("Page.addScriptToEvaluateOnNewDocument", source="localStorage.clear()")
        yield page


@pytest.fixture(scope="module")
def site_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = share(tmp_path_factory, "documentation", build_site)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def show(page: Page, url: str, width: int, *, is_dark: bool = False) -> None:
    """Opens a page in a window of a width."""
    # The page before it would store the colours that the user now prefers.
    page.open("about:blank")
    page.resize(width, 860, is_dark=is_dark)
    page.open(url)


def check_fit(page: Page, site_url: str) -> None:
    """The page that is open fits the window, and loads from its own host."""
    measured = page.evaluate(MEASURE)
    assert measured["width"] <= 0
    assert measured["broken"] == []
    assert measured["title"]
    assert [name for name in measured["loaded"] if not name.startswith(site_url)] == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_phone(page: Page, site_url: str, path: str) -> None:
    show(page, site_url + path, 390)
    check_fit(page, site_url)


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_screen_and_is_accessible(page: Page, site_url: str, path: str, is_dark: bool) -> None:
    show(page, site_url + path, 1280, is_dark=is_dark)
    check_fit(page, site_url)
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run `npm ci` in tests/e2e")
    page.evaluate(f"{AXE.read_text('utf-8')}; null")
    assert page.evaluate("document.body.dataset.mdColorScheme") == ("slate" if is_dark else "default")
    assert page.evaluate(VIOLATIONS) == []


def test_the_search_finds_a_page(page: Page, site_url: str) -> None:
    show(page, site_url, 1280)
    found = page.evaluate(SEARCH)
    assert found.startswith(site_url)
    page.open(found)
    assert "mock_make" in page.evaluate("document.querySelector('article').innerText")


def test_the_screenshots_are_taken_by_a_command(tmp_path: Path) -> None:
    try:
        names = take_screenshots.take(tmp_path, port=0)
    except ChromiumNotFoundError as error:
        pytest.skip(str(error))
    for name in names:
        content = (tmp_path / name).read_bytes()
        assert content[:4] == b"RIFF"
        assert content[8:12] == b"WEBP"
        assert 5_000 < len(content) <= take_screenshots.MAX_SIZE
