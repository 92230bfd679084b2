"""Stubs of responses, for requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import responses

from . import automation
from .stubs import load_bodies

BODIES = load_bodies()


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as created:
        yield created


@pytest.fixture
def stubs() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        for (method, path, _), body in zip(automation.CALLS, BODIES, strict=True):
            mock.add(method, automation.BASE_URL + path, json=body)
        yield mock


def test_the_automation(number: int, stubs: responses.RequestsMock, session: requests.Session) -> None:
    bodies = automation.run_automation(session, automation.BASE_URL, {"Authorization": "Token any"})
    automation.check(bodies)
