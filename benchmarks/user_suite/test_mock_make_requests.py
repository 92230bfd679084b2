"""`mock_make`, for requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from make_emulator import World, mock_make

from . import automation


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as created:
        yield created


@pytest.fixture
def world() -> Iterator[World]:
    with mock_make() as created:
        yield created


def test_the_automation(number: int, world: World, session: requests.Session) -> None:
    bodies = automation.run_automation(session, automation.BASE_URL, world.headers)
    automation.check(bodies)
