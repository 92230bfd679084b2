"""The studio in Chromium: its first paint, its lists and long runs, and its frames while a large graph moves.

The time of a frame while a scenario is panned and zoomed stands beside that of an empty page in the same run.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import requests

from make_emulator import MakeEmulator, World
from tools.chromium import ChromiumNotFoundError, Page, open_browser

from .measurement import Effort
from .report import Metric

SCENARIOS, OPERATIONS = 1_000, 2_000
#: Modules of the scenarios that are panned and zoomed.
LARGE = (200, 500)
#: Events of the mouse in a measurement of frames.
EVENTS = 120

#: Milliseconds since the start of the navigation at which an element is there.
_SHOWN = "new Promise((resolve) => { const look = () => document.querySelector(%r) ? resolve(performance.now()) : setTimeout(look, 2); look(); })"
#: Milliseconds of the first paint, which may come after the elements of the page.
_FIRST_PAINT = (
    "new Promise((resolve) => { const look = () => { const [entry] = performance.getEntriesByName('first-contentful-paint');"
    " entry ? resolve(entry.startTime) : setTimeout(look, 2); }; look(); })"
)

#: Records the times of the frames until it is called again, which returns the milliseconds between them.
_RECORD_FRAMES = """
window.frameTimes = [];
window.isRecording = true;
requestAnimationFrame(function record(at) { window.frameTimes.push(at); if (window.isRecording) requestAnimationFrame(record); });
null
"""
_RECORDED_FRAMES = "window.isRecording = false; window.frameTimes.slice(1).map((at, place) => at - window.frameTimes[place]).filter((time) => time > 1)"
_EMPTY_PAGE = "data:text/html,<!doctype html><title>Empty</title>"


def measure(effort: Effort) -> list[Metric]:
    """Two pages of the studio, each opened anew; nothing where Chromium is not installed."""
    try:
        with MakeEmulator() as make, open_browser() as page:
            world = make.create_world(rate_limit=False, name="studio")
            scenario, run = _prepare(world)
            large = {count: _create(world, *_grid(count)) for count in LARGE}
            studio = f"{make.url}/_emulator/studio#/w/studio/scenarios"
            paints, lists, runs = [], [], []
            for _ in range(effort.rounds):
                lists.append(_open(page, studio, ".list tbody tr"))
                paints.append(float(page.evaluate(_FIRST_PAINT)))
                runs.append(_open(page, f"{studio}/{scenario}/runs/{run}", ".event-line"))
            frames = _measure_frames(page, effort.rounds, {n: f"{studio}/{id}" for n, id in large.items()})
    except ChromiumNotFoundError:
        return []
    return [
        Metric(f"first paint of the studio with {SCENARIOS:,} scenarios", paints, "ms", target=200),
        Metric(f"its list of {SCENARIOS:,} scenarios", lists, "ms"),
        Metric(f"its page of a run of {OPERATIONS:,} operations", runs, "ms", target=1_000),
        *frames,
    ]


def _measure_frames(page: Page, rounds: int, urls: Mapping[int, str]) -> list[Metric]:
    """Returns the 95th percentile of the time of a frame while each scenario is panned and zoomed, beside that of an empty page."""
    page.resize(1280, 860)
    empty: list[float] = []
    times: dict[str, list[float]] = {f"{word} {n} modules": [] for n in urls for word in ("pans", "zooms")}
    for _ in range(rounds):
        page.open(_EMPTY_PAGE)
        empty.append(_frame_time(page, _pan))
        for count, url in urls.items():
            _open(page, url, f'[data-node="{count - 1}"]')
            times[f"pans {count} modules"].append(_frame_time(page, _pan))
            times[f"zooms {count} modules"].append(_frame_time(page, _zoom))
    note = f"{statistics.median(empty):.1f} ms on an empty page"
    return [
        Metric(f"frame that {name}, p95", each, "ms", target=2 * statistics.median(empty), note=note)
        for name, each in times.items()
    ]


def _frame_time(page: Page, act: Callable[[Page], None]) -> float:
    """Returns the 95th percentile of the milliseconds between two frames while something is done with the mouse."""
    page.evaluate(_RECORD_FRAMES)
    act(page)
    frames: Sequence[float] = page.evaluate(_RECORDED_FRAMES)
    return statistics.quantiles(frames, n=20)[-1]


def _pan(page: Page) -> None:
    x, y = 500, 450
    page.mouse("mousePressed", x, y)
    for step in range(EVENTS):
        # To and fro, so that modules come and go at each side.
        x, y = (x + 12, y + 5) if step // 20 % 2 else (x - 12, y - 5)
        page.mouse("mouseMoved", x, y, is_pressed=True)
    page.mouse("mouseReleased", x, y)


def _zoom(page: Page) -> None:
    for step in range(EVENTS):
        page.wheel(500, 450, 40 if step // 20 % 2 else -40, with_control=True)


def _open(page: Page, url: str, selector: str) -> float:
    """Returns the milliseconds until an element is shown."""
    page.open("about:blank")
    page.open(url)
    return float(page.evaluate(_SHOWN % selector))


def _create(world: World, *flow: dict[str, Any]) -> int:
    """Creates a scenario, and returns its id."""
    blueprint = json.dumps({"name": "Numbers", "flow": flow, "metadata": {}})
    body = {"teamId": world.team_id, "blueprint": blueprint, "scheduling": '{"type": "on-demand"}'}
    response = requests.post(
        f"{world.base_url}/scenarios?confirmed=true", headers=world.headers, json=body, timeout=60
    )
    response.raise_for_status()
    return int(response.json()["scenario"]["id"])


def _set_variable(id: int, value: str) -> dict[str, Any]:
    mapper = {"name": "a", "scope": "roundtrip", "value": value}
    return {"id": id, "module": "util:SetVariable2", "version": 1, "parameters": {}, "mapper": mapper}


def _grid(count: int) -> Iterator[dict[str, Any]]:
    """Yields modules that the designer placed in rows of 20, one after the other, with filters between them."""
    for place in range(count):
        row, column = divmod(place, 20)
        designer = {"x": 300 * column, "y": 300 * row, "name": f"Keep the total of order {place}"}
        conditions = [[{"a": "{{1.a}}", "o": "text:notequal", "b": "none"}]]
        module = _set_variable(place + 1, "x") | {"metadata": {"designer": designer}}
        yield module | ({"filter": {"name": "Large order", "conditions": conditions}} if place else {})


def _prepare(world: World) -> tuple[int, str]:
    """Creates the scenarios, and returns the id of one with a long run, and that of the run."""
    mapper = {"start": 1, "repeats": OPERATIONS, "step": 1}
    repeat = {"id": 1, "module": "builtin:BasicRepeater", "version": 1, "mapper": mapper}
    scenario = _create(world, repeat, _set_variable(2, "{{1.i}}"))
    for _ in range(SCENARIOS - 1):
        _create(world, _set_variable(1, "x"))
    requests.post(
        f"{world.base_url}/scenarios/{scenario}/start", headers=world.headers, timeout=60
    ).raise_for_status()
    return scenario, str(world.run(scenario)["executionId"])
