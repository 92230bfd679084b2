"""An emulator that speaks HTTPS, and clients from npm that trust it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from make_emulator import MakeEmulator

from ..conftest import RunScript, script_runner


@pytest.fixture(scope="session")
def make_emulator() -> Iterator[MakeEmulator]:
    with MakeEmulator(tls=True) as make:
        yield make


@pytest.fixture
def environment(environment: Mapping[str, str], make_emulator: MakeEmulator) -> Mapping[str, str]:
    return {**environment, "NODE_EXTRA_CA_CERTS": str(make_emulator.ca_file)}


@pytest.fixture
def cli(node: str, environment: Mapping[str, str]) -> RunScript:
    return script_runner(node, environment, "cli")


@pytest.fixture
def mcp(node: str, environment: Mapping[str, str]) -> RunScript:
    return script_runner(node, environment, "mcp")
