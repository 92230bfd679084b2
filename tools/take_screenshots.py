"""Screenshots of the documentation: the dashboard with a run that failed, taken with Chromium.

``python -m tools.take_screenshots [FOLDER]`` writes them into docs/assets, or into another folder. Time and ids are those of a seed, so
the pages look the same each time.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from make_emulator import MakeEmulator, World

from .chromium import Page, open_browser

FOLDER = Path(__file__).parents[1] / "docs" / "assets"
NOW = "2026-03-02T12:00:00Z"


@dataclass(frozen=True)
class Screenshot:
    """A page of the emulator in a window of a size.

    Args:
        path: below the URL of the server; ``{execution}`` is the failed run.
    """

    path: str
    width: int
    height: int
    is_dark: bool = False


SCREENSHOTS: Mapping[str, Screenshot] = {
    "dashboard.webp": Screenshot("/_emulator/?world=shop", 1280, 860),
    "dashboard-phone.webp": Screenshot("/_emulator/?world=shop", 390, 844, is_dark=True),
    "execution.webp": Screenshot("/_emulator/execution?world=shop&id={execution}", 1280, 780),
    "api-reference.webp": Screenshot("/_emulator/docs", 1280, 780),
}


def prepare(world: World) -> str:
    """Sends the requests that the pages show; returns the id of a run that failed."""
    with requests.Session() as session:
        session.headers.update(world.headers)
        session.get(f"{world.base_url}/scenarios", params={"teamId": world.team_id}, timeout=30)
        session.get(f"{world.base_url}/scenarios/99", timeout=30)
        session.post(f"{world.base_url}/scenarios/1/run", json={"data": {"name": "Zoe"}}, timeout=30)
    world.modules.script("slack:CreateMessage", error={"name": "RateLimitError", "message": "Slow down"})
    execution = str(world.run(3)["executionId"])
    world.clock.advance(seconds=5)
    world.faults.add(path="/scenarios*", status=503, times=2)
    return execution


def take(folder: Path, *, port: int = 4747) -> Sequence[str]:
    """Takes every screenshot into a folder; returns the names of the files.

    Raises:
        ChromiumNotFoundError: if Chromium is not installed.
    """
    with MakeEmulator(port=port) as make, open_browser("--hide-scrollbars") as page:
        world = make.create_world(name="shop", now=NOW)
        world.clock.freeze()
        execution = prepare(world)
        for name, screenshot in SCREENSHOTS.items():
            url = f"{make.url}{screenshot.path.format(execution=execution)}"
            (folder / name).write_bytes(_take(page, url, screenshot))
    return list(SCREENSHOTS)


def _take(page: Page, url: str, screenshot: Screenshot) -> bytes:
    page.resize(screenshot.width, screenshot.height, is_dark=screenshot.is_dark)
    page.open(url)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    return page.screenshot()


def main(arguments: Sequence[str]) -> None:
    """Takes the screenshots."""
    folder = Path(arguments[0]) if arguments else FOLDER
    for name in take(folder):
        print(folder / name)


if __name__ == "__main__":
    main(sys.argv[1:])
