"""The pytest plugin, active on install: fixtures for an emulator, isolated worlds and a client."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import requests

    from . import MakeEmulator, World

_WORLD = pytest.StashKey["World"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("make-emulator").addoption(
        "--make-emulator-url",
        default=None,
        metavar="URL",
        help="Use the emulator that runs there, instead of starting one (or set MAKE_EMULATOR_URL).",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "make_world(seed=None, plan=None, scopes=None, zone=None, now=None): what make_world is made from.",
    )


@pytest.fixture(scope="session")
def make_emulator(pytestconfig: pytest.Config) -> Iterator[MakeEmulator]:
    """One emulator for the whole test run: started here, or a sidecar named by ``--make-emulator-url``."""
    # Imported on use: a test run that never asks for an emulator does not pay for one.
    from . import MakeEmulator

    url = pytestconfig.getoption("--make-emulator-url") or os.environ.get("MAKE_EMULATOR_URL")
    if url:
        yield MakeEmulator.attach(url, control_key=os.environ.get("MAKE_EMULATOR_CONTROL_KEY"))
        return
    with MakeEmulator() as emulator:
        yield emulator


@pytest.fixture
def make_world(make_emulator: MakeEmulator, request: pytest.FixtureRequest) -> Iterator[World]:
    """A world of the test's own; the marker ``make_world`` says what it is made from."""
    marker = request.node.get_closest_marker("make_world")
    wishes: dict[str, Any] = dict(marker.kwargs) if marker else {}
    scopes = wishes.pop("scopes", None)
    world = make_emulator.create_world(**wishes)
    if scopes is not None:
        world.token = world.create_token(scopes)
    request.node.stash[_WORLD] = world
    yield world
    world.delete()


@pytest.fixture
def make_client(make_world: World) -> Iterator[requests.Session]:
    """A session whose relative paths go to the world's API, with its token."""
    import requests

    class Client(requests.Session):
        def request(
            self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any
        ) -> requests.Response:
            text = url.decode() if isinstance(url, bytes) else url
            if "://" not in text:
                text = f"{make_world.base_url}/{text.lstrip('/')}"
            return super().request(method, text, *args, **kwargs)

    with Client() as client:
        client.headers.update(make_world.headers)
        client.trust_env = False
        yield client


@pytest.fixture
def make_env(make_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Sets MAKE_API_KEY, MAKE_ZONE, MAKE_BASE_URL, MAKE_TEAM and MAKE_ORGANIZATION for the code under test."""
    monkeypatch.setenv("MAKE_API_KEY", make_world.token)
    monkeypatch.setenv("MAKE_ZONE", make_world.base_url.removesuffix("/api/v2").partition("://")[2])
    monkeypatch.setenv("MAKE_BASE_URL", make_world.base_url)
    monkeypatch.setenv("MAKE_TEAM", str(make_world.team_id))
    monkeypatch.setenv("MAKE_ORGANIZATION", str(make_world.organization_id))
    return make_world


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show, under a failed test, what its world was asked."""
    report = yield
    world = item.stash.get(_WORLD, None)
    if report.when == "call" and report.failed and world is not None:
        lines = [f"{row['at']}  {row['sentence']}" for row in world.requests.all()]
        report.sections.append(("requests to the Make world", "\n".join(lines) or "none"))
    return report
