"""`mock_make`, for httpx."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from make_emulator import World, mock_make

from . import automation


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    # One for all tests: creating one loads the system's certificates, which takes longer than all else.
    with httpx.Client() as created:
        yield created


@pytest.fixture
def world() -> Iterator[World]:
    with mock_make() as created:
        yield created


def test_the_automation(number: int, world: World, client: httpx.Client) -> None:
    bodies = automation.run_automation(client, automation.BASE_URL, world.headers)
    automation.check(bodies)
