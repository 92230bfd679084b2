"""Stubs of respx, for httpx."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import respx

from . import automation
from .stubs import load_bodies

BODIES = load_bodies()


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    # One for all tests: creating one loads the system's certificates, which takes longer than all else.
    with httpx.Client() as created:
        yield created


@pytest.fixture
def stubs() -> Iterator[respx.MockRouter]:
    with respx.mock() as router:
        for (method, path, _), body in zip(automation.CALLS, BODIES, strict=True):
            router.request(method, automation.BASE_URL + path).respond(json=body)
        yield router


def test_the_automation(number: int, stubs: respx.MockRouter, client: httpx.Client) -> None:
    bodies = automation.run_automation(client, automation.BASE_URL, {"Authorization": "Token any"})
    automation.check(bodies)
