"""What the contract tests share: whom they ask (`make_emulator.contract.plugin`), and the things that they ask about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from make_emulator.contract import plugin
from make_emulator.contract.cleanup import ResourceCleaner
from make_emulator.contract.client import ContractClient

from .resources import FreshResources, Resources

# The hooks and fixtures of the plugin hold for this folder only: other tests may run beside these.
pytest_addoption = plugin.pytest_addoption
pytest_configure = plugin.pytest_configure
pytest_runtest_setup = plugin.pytest_runtest_setup
pytest_runtest_makereport = plugin.pytest_runtest_makereport
pytest_terminal_summary = plugin.pytest_terminal_summary
target, license, api, _surveyed = plugin.target, plugin.license, plugin.api, plugin._surveyed


@pytest.fixture(scope="session")
def shared(api: ContractClient) -> Resources:
    """Things that all tests share and leave as they are; each is made when it is first asked for."""
    return Resources(api)


@pytest.fixture
def make(api: ContractClient, shared: Resources) -> Iterator[FreshResources]:
    """Makes things for one test; they are removed after it, as is all else that the test made."""
    before = set(api.guard.created)
    yield FreshResources(api)
    janitor = ResourceCleaner(api)
    # The youngest first: what uses others is younger than what is used.
    for kind, id in reversed([each for each in api.guard.created if each not in before | shared.created]):
        janitor.remove(kind, id)
