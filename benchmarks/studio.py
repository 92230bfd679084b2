"""The studio in Chromium: the first paint and the list of a world with 1,000 scenarios, and the page of a run of 2,000 operations."""

from __future__ import annotations

import json
from typing import Any

import requests

from make_emulator import MakeEmulator, World
from tools.chromium import ChromiumNotFoundError, Page, open_browser

from .measurement import Effort
from .report import Metric

SCENARIOS, OPERATIONS = 1_000, 2_000

#: Milliseconds since the start of the navigation at which an element is there.
_SHOWN = "new Promise((resolve) => { const look = () => document.querySelector(%r) ? resolve(performance.now()) : setTimeout(look, 2); look(); })"
_FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def measure(effort: Effort) -> list[Metric]:
    """Two pages of the studio, each opened anew; nothing where Chromium is not installed."""
    try:
        with MakeEmulator() as make, open_browser() as page:
            scenario, run = _prepare(make.create_world(rate_limit=False, name="studio"))
            studio = f"{make.url}/_emulator/studio#/w/studio/scenarios"
            paints, lists, runs = [], [], []
            for _ in range(effort.rounds):
                lists.append(_open(page, studio, ".list tbody tr"))
                paints.append(float(page.evaluate(_FIRST_PAINT)))
                runs.append(_open(page, f"{studio}/{scenario}/runs/{run}", ".event-line"))
    except ChromiumNotFoundError:
        return []
    return [
        Metric(f"first paint of the studio with {SCENARIOS:,} scenarios", paints, "ms", target=200),
        Metric(f"its list of {SCENARIOS:,} scenarios", lists, "ms"),
        Metric(f"its page of a run of {OPERATIONS:,} operations", runs, "ms", target=1_000),
    ]


def _open(page: Page, url: str, selector: str) -> float:
    """Returns the milliseconds until an element is shown."""
    page.open("about:blank")
    page.open(url)
    return float(page.evaluate(_SHOWN % selector))


def _prepare(world: World) -> tuple[int, str]:
    """Creates the scenarios, and returns the id of one with a long run, and that of the run."""
    with requests.Session() as session:
        session.headers.update(world.headers)

        def create(*flow: dict[str, Any]) -> int:
            blueprint = json.dumps({"name": "Numbers", "flow": flow, "metadata": {}})
            body = {
                "teamId": world.team_id,
                "blueprint": blueprint,
                "scheduling": '{"type": "on-demand"}',
            }
            response = session.post(f"{world.base_url}/scenarios?confirmed=true", json=body, timeout=60)
            response.raise_for_status()
            return int(response.json()["scenario"]["id"])

        mapper = {"start": 1, "repeats": OPERATIONS, "step": 1}
        repeat = {"id": 1, "module": "builtin:BasicRepeater", "version": 1, "mapper": mapper}
        variable = {"name": "a", "scope": "roundtrip", "value": "{{1.i}}"}
        work = {
            "id": 2,
            "module": "util:SetVariable2",
            "version": 1,
            "parameters": {},
            "mapper": variable,
        }
        scenario = create(repeat, work)
        for _ in range(SCENARIOS - 1):
            create({**work, "id": 1, "mapper": {**variable, "value": "x"}})
        session.post(f"{world.base_url}/scenarios/{scenario}/start", timeout=60).raise_for_status()
    return scenario, str(world.run(scenario)["executionId"])
