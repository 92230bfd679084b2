"""Fixtures of the contract tests: the client (`make_emulator.contract.plugin`) and the resources."""

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
pytest_collection_modifyitems = plugin.pytest_collection_modifyitems
pytest_runtest_setup = plugin.pytest_runtest_setup
pytest_runtest_makereport = plugin.pytest_runtest_makereport
pytest_terminal_summary = plugin.pytest_terminal_summary
target, license, api, _probed = plugin.target, plugin.license, plugin.api, plugin._probed


@pytest.fixture(scope="session")
def shared(api: ContractClient) -> Resources:
    """Resources that all tests share and none changes; each is created on first use."""
    return Resources(api)


@pytest.fixture
def make(api: ContractClient, shared: Resources) -> Iterator[FreshResources]:
    """Resources of one test; they are deleted after it, as is all else that the test created."""
    before = set(api.guard.created)
    yield FreshResources(api)
    cleaner = ResourceCleaner(api)
    # The youngest first: a resource is younger than those that it uses.
    for kind, id in reversed([each for each in api.guard.created if each not in before | shared.created]):
        cleaner.remove(kind, id)
