"""Screenshots of the documentation: the dashboard with a run that failed, taken with Chromium.

``python -m tools.take_screenshots [FOLDER]`` writes them into docs/assets, or into another folder. Time and ids are those of a seed, so
the pages look alike each time.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from make_emulator import MakeEmulator, World
from make_emulator.resources import fixture_path

from .chromium import Page, open_browser

FOLDER = Path(__file__).parents[1] / "docs" / "assets"
NOW = "2026-03-02T12:00:00Z"


#: Waits for an element, opens all details, presses a button, and waits until that is drawn.
_COMPLETE = """
new Promise((resolve, reject) => {
  const end = Date.now() + 30000;
  const shown = %s, pressed = %s;
  const look = () => {
    if (Date.now() > end) return reject(new Error("the page is not complete: " + document.body.innerText));
    if (document.querySelector(shown) === null) return setTimeout(look, 20);
    document.querySelectorAll("details").forEach((each) => { each.open = true; });
    if (pressed !== null) {
      const button = [...document.querySelectorAll("button")].find((each) => each.getAttribute("aria-label") === pressed || each.innerText.trim() === pressed);
      if (!button) return setTimeout(look, 20);
      button.click();
    }
    requestAnimationFrame(() => requestAnimationFrame(resolve));
  };
  look();
})
"""


@dataclass(frozen=True)
class Screenshot:
    """A page of the emulator in a window of a size.

    Args:
        path: below the URL of the server; ``{failed}`` is a run that failed, ``{scenario}`` and ``{run}`` are one in the studio.
        shown: an element that the page has when it is complete.
        pressed: the button that is pressed then.
    """

    path: str
    width: int
    height: int
    is_dark: bool = False
    shown: str = "body"
    pressed: str | None = None


SCREENSHOTS: Mapping[str, Screenshot] = {
    "dashboard.webp": Screenshot("/_emulator/?world=shop", 1280, 860),
    "dashboard-phone.webp": Screenshot("/_emulator/?world=shop", 390, 844, is_dark=True),
    "execution.webp": Screenshot("/_emulator/execution?world=shop&id={failed}", 1280, 780),
    "studio.webp": Screenshot(
        "/_emulator/studio#/w/shop/scenarios/{scenario}/runs/{run}",
        1280,
        720,
        shown=".graph svg, svg",
        pressed="Last event",
    ),
    "api-reference.webp": Screenshot("/_emulator/docs", 1280, 780),
}


_BLUEPRINT = fixture_path("blueprints", "order-status-api.json")


def prepare(world: World) -> dict[str, object]:
    """Sends the requests that the pages show; returns the names of what their paths contain."""
    with requests.Session() as session:
        session.headers.update(world.headers)
        session.get(f"{world.base_url}/scenarios", params={"teamId": world.team_id}, timeout=30)
        session.get(f"{world.base_url}/scenarios/99", timeout=30)
        session.post(f"{world.base_url}/scenarios/1/run", json={"data": {"name": "Zoe"}}, timeout=30)
    world.modules.script("slack:CreateMessage", error={"name": "RateLimitError", "message": "Slow down"})
    failed = world.run(3)["executionId"]
    result = world.import_blueprints(_BLUEPRINT, activate=True)
    scenario = result["scenarios"][0]["scenarioId"]
    [hook] = [stub["id"] for stub in result["stubs"] if stub["kind"] == "hook"]
    world.receive(hook, {"order": "A2"})
    world.clock.advance(seconds=5)
    [run] = [row for row in world.executions() if row["scenarioId"] == scenario]
    world.faults.add(path="/scenarios*", status=503, times=2)
    return {"failed": failed, "scenario": scenario, "run": run["id"]}


def take(folder: Path, *, port: int = 4747) -> Sequence[str]:
    """Takes every screenshot into a folder; returns the names of the files.

    Raises:
        ChromiumNotFoundError: if Chromium is not installed.
    """
    with MakeEmulator(port=port) as make, open_browser("--hide-scrollbars") as page:
        world = make.create_world(name="shop", now=NOW)
        world.clock.freeze()
        ids = prepare(world)
        for name, screenshot in SCREENSHOTS.items():
            url = f"{make.url}{screenshot.path.format(**ids)}"
            (folder / name).write_bytes(_take(page, url, screenshot))
    return list(SCREENSHOTS)


def _take(page: Page, url: str, screenshot: Screenshot) -> bytes:
    page.resize(screenshot.width, screenshot.height, is_dark=screenshot.is_dark)
    # Another page before: of two addresses that differ by their fragment only, the second one is not loaded.
    page.open("about:blank")
    page.open(url)
    page.evaluate(_COMPLETE % (json.dumps(screenshot.shown), json.dumps(screenshot.pressed)))
    return page.screenshot()


def main(arguments: Sequence[str]) -> None:
    """Takes the screenshots."""
    folder = Path(arguments[0]) if arguments else FOLDER
    for name in take(folder):
        print(folder / name)


if __name__ == "__main__":
    main(sys.argv[1:])
