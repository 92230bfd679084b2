"""Screenshots of the documentation: pages of the emulator with what happens in an example, taken with Chromium.

``python -m tools.take_screenshots [FOLDER]`` writes them into docs/assets, or into another folder. Time and ids are those of a seed, so
the pages look alike each time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import requests

from make_emulator import MakeEmulator, World
from make_emulator.resources import fixture_path

from .chromium import Page, open_browser

FOLDER = Path(__file__).parents[1] / "docs" / "assets"
NOW = "2026-03-02T12:00:00Z"

#: The most bytes of a screenshot.
MAX_SIZE = 60_000

#: Waits until an expression is true in the page, and until that is drawn.
_UNTIL = """
new Promise((resolve, reject) => {
  const end = Date.now() + 30000;
  const look = () => {
    if (Date.now() > end) return reject(new Error("the page is not complete: " + document.body.innerText));
    if (!(%s)) return setTimeout(look, 20);
    document.activeElement?.blur();
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(null))));
  };
  look();
})
"""


def _shows(selector: str) -> str:
    """An expression that is true once an element is there."""
    return f"document.querySelector({json.dumps(selector)})"


def _press(text: str) -> str:
    """An expression that presses a button by its text, and is true once it has."""
    name = json.dumps(text)
    return (
        "[...document.querySelectorAll('button, summary')].find((each) =>"
        f" (each.getAttribute('aria-label') === {name} || each.innerText.trim() === {name}) && (each.click(), true))"
    )


def _drop(name: str, text: str) -> str:
    """An expression that drops a file onto the area of the import."""
    return (
        "(() => { const area = document.querySelector('.drop'); if (!area) return false; const data = new DataTransfer();"
        f" data.items.add(new File([{json.dumps(text)}], {json.dumps(name)}, {{type: 'application/json'}}));"
        " return area.dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: data})) || true; })()"
    )


@dataclass(frozen=True)
class Screenshot:
    """A page of the emulator in a window of a size.

    Args:
        url: ``{url}`` is that of the server, the other names are those that `prepare` returns.
        steps: expressions of which each becomes true once its work in the page is done.
        resets: whether the world that the page changes is reset before.
    """

    url: str
    width: int
    height: int
    is_dark: bool = False
    steps: tuple[str, ...] = ()
    resets: bool = False


#: An export with a mistake: a value is mapped from a module that the scenario does not have.
_EXPORT = (
    fixture_path("blueprints", "lead-intake.json")
    .read_text("utf-8")
    .replace("{{lower(trim(1.email))}}", "{{lower(trim(9.email))}}")
)

#: True once lint has marked the modules of a graph.
_LINTED = "performance.getEntriesByType('resource').some((each) => each.name.endsWith('/lint'))"

#: Name -> page, and the steps.
_SUBJECTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "scenario": (
        "{studio}/scenarios/{scenario}",
        (
            _shows("[data-node]"),
            _shows(".tabs"),
            _press("Run"),
            _shows(".side textarea, .side input"),
            _LINTED,
        ),
    ),
    "run": (
        "{studio}/scenarios/{scenario}/runs/{run}",
        (_shows("[data-badge]"), _press("Last event"), _shows(".event.current .detail")),
    ),
    "coverage": ("{coverage}", (_shows("svg"),)),
    "requests": ("{studio}/requests/{refused}", (_shows(".log-row"), _shows(".facts"))),
    "import": (
        "{url}/_emulator/studio#/w/exports/scenarios",
        (_shows(".list td a"), _drop("lead-intake.json", _EXPORT), _shows(".findings li")),
    ),
    "consent": ("{consent}", (_shows("button[value=approve]"),)),
}

#: Heights of those that need more, or less, of a wide window.
_HEIGHTS = {"coverage": 860, "consent": 800}
_WIDE, _NARROW = (1280, 720), (390, 844)


def _screenshots() -> Iterator[tuple[str, Screenshot]]:
    """Yields each subject in a wide and a narrow window, light and dark: ``run``, ``run-dark``, ``run-phone``, ``run-phone-dark``."""
    for subject, (url, steps) in _SUBJECTS.items():
        for window, (width, height) in (("", _WIDE), ("-phone", _NARROW)):
            tall = height if window else _HEIGHTS.get(subject, height)
            for scheme in ("", "-dark"):
                yield (
                    f"{subject}{window}{scheme}.webp",
                    Screenshot(url, width, tall, bool(scheme), steps, resets=subject == "import"),
                )
    dashboard = "{url}/_emulator/?world=shop"
    yield "dashboard.webp", Screenshot(dashboard, 1280, 860)
    yield "dashboard-phone.webp", Screenshot(dashboard, 390, 844, is_dark=True)
    timeline = "{url}/_emulator/execution?world=shop&id={failed}"
    yield "execution.webp", Screenshot(timeline, 1280, 780, steps=(_OPEN_ALL,))
    yield "api-reference.webp", Screenshot("{url}/_emulator/docs", 1280, 780, steps=(_OPEN_ALL,))


#: Opens all details.
_OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; }) ?? true"

SCREENSHOTS: Mapping[str, Screenshot] = dict(_screenshots())


def prepare(make: MakeEmulator, folder: Path) -> dict[str, str]:
    """Makes what the pages show; returns the names in their addresses.

    Args:
        folder: an empty folder for files that the pages are made from.
    """
    world = make.create_world(name="shop", now=NOW)
    world.clock.freeze(NOW)
    with requests.Session() as session:
        session.headers.update(world.headers)
        session.get(f"{world.base_url}/scenarios", params={"teamId": world.team_id}, timeout=30)
        session.get(f"{world.base_url}/scenarios/99", timeout=30)
        session.post(f"{world.base_url}/scenarios/1/run", json={"data": {"name": "Zoe"}}, timeout=30)
        reader = world.create_token(["scenarios:read"])
        stopped = f"{world.base_url}/scenarios/1/stop"
        session.post(stopped, headers={"Authorization": f"Token {reader}"}, timeout=30)
    world.modules.script("slack:CreateMessage", error={"name": "RateLimitError", "message": "Slow down"})
    failed = str(world.run(3)["executionId"])
    result = world.import_blueprints(fixture_path("blueprints", "order-status-api.json"), activate=True)
    scenario = result["scenarios"][0]["scenarioId"]
    [hook] = [stub["id"] for stub in result["stubs"] if stub["kind"] == "hook"]
    world.receive(hook, {"order": "A2"})
    world.clock.advance(seconds=5)
    [run] = [row for row in world.executions() if row["scenarioId"] == scenario]
    world.faults.add(path="/scenarios*", status=503, times=2)
    log = make.control.call("GET", "worlds", "shop", "requests")["requests"]
    [refused] = [row for row in log if row["path"].endswith("/stop")]
    return {
        "url": make.url,
        "studio": f"{make.url}/_emulator/studio#/w/shop",
        "failed": failed,
        "scenario": str(scenario),
        "run": str(run["id"]),
        "refused": str(refused["id"]),
        "consent": _consent_url(world),
        "coverage": _write_coverage(folder).as_uri(),
    }


def _consent_url(world: World) -> str:
    client = world.oauth.create_client("Reporter", scopes=["teams:read", "scenarios:read", "scenarios:run"])
    query = {
        "client_id": client.id,
        "response_type": "code",
        "redirect_uri": "http://127.0.0.1:8000/callback",
        "scope": "teams:read scenarios:read scenarios:run",
        "state": "s",
    }
    return f"{world.oauth.authorization_url}?{urlencode(query)}"


_TESTS = """\
tests:
  - name: A hot lead goes to sales
    given:
      webhook: { json: { email: ann@example.com, name: Ann, employees: 80, budget: 20000 } }
    expect:
      reached: [Contact in the CRM, Tell sales]
"""


def _write_coverage(folder: Path) -> Path:
    """Writes the report of the coverage of a scenario by one test; returns its path."""
    (folder / "lead-intake.json").write_bytes(fixture_path("blueprints", "lead-intake.json").read_bytes())
    (folder / "lead-intake.test.yaml").write_text(_TESTS, "utf-8")
    command = [sys.executable, "-m", "make_emulator", "test", "--coverage-report", "coverage.html"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / "coverage.html"


@contextmanager
def opened_pages(*, port: int = 4747) -> Iterator[Callable[[Screenshot], Page]]:
    """A function that opens the page of a screenshot, and waits until it is complete.

    Raises:
        ChromiumNotFoundError: if Chromium is not installed.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        MakeEmulator(port=port) as make,
        open_browser("--hide-scrollbars") as page,
    ):
        names = prepare(make, Path(folder))
        exports = make.create_world(name="exports", now=NOW)
        exports.clock.freeze(NOW)

        def show(screenshot: Screenshot) -> Page:
            if screenshot.resets:
                exports.reset()
                exports.clock.freeze(NOW)
            page.resize(screenshot.width, screenshot.height, is_dark=screenshot.is_dark)
            # Another page before: of two addresses that differ by their fragment only, the second one is not loaded.
            page.open("about:blank")
            page.open(screenshot.url.format(**names))
            for step in (*screenshot.steps, "true"):
                page.evaluate(_UNTIL % step)
            return page

        yield show


def take(folder: Path, *, port: int = 4747) -> Sequence[str]:
    """Takes every screenshot into a folder; returns the names of the files.

    Raises:
        ChromiumNotFoundError: if Chromium is not installed.
    """
    with opened_pages(port=port) as show:
        for name, screenshot in SCREENSHOTS.items():
            (folder / name).write_bytes(show(screenshot).screenshot(MAX_SIZE))
    return list(SCREENSHOTS)


def main(arguments: Sequence[str]) -> None:
    """Takes the screenshots."""
    folder = Path(arguments[0]) if arguments else FOLDER
    for name in take(folder):
        print(folder / name)


if __name__ == "__main__":
    main(sys.argv[1:])
