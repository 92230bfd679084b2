"""The fixtures of the pytest plugin: a world of a server, in this process or a sidecar, for requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from make_emulator import World

from . import automation


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as created:
        yield created


def test_the_automation(number: int, make_world: World, session: requests.Session) -> None:
    bodies = automation.run_automation(session, make_world.base_url, make_world.headers)
    automation.check(bodies)
