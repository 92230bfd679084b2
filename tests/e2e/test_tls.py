"""Node's fetch, and the vendor's client over https, as soon as they are told of the throwaway authority."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from emulator import MakeEmulator, World

from .conftest import RunSdk

pytestmark = pytest.mark.e2e

FETCH = """
const answer = await fetch(process.argv[1], { headers: JSON.parse(process.argv[2]) });
console.log(JSON.stringify(await answer.json()));
"""


@pytest.fixture(scope="module")
def make_emulator() -> Iterator[MakeEmulator]:
    with MakeEmulator(tls=True) as make:
        yield make


@pytest.fixture(autouse=True)
def _told(make_emulator: MakeEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(make_emulator.ca_file))


def fetch(node: str, world: World, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [node, "--input-type=module", "--eval", FETCH, f"{world.base_url}/teams/1"]
    return subprocess.run(
        [*command, json.dumps(world.headers)],
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )


def test_fetch_trusts_the_server_when_it_is_told(node: str, make_world: World) -> None:
    told = fetch(node, make_world)
    assert json.loads(told.stdout)["team"]["name"] == "Example Team", told.stderr
    untold = fetch(node, make_world, NODE_EXTRA_CA_CERTS="")
    assert untold.returncode != 0
    assert "UNABLE_TO_VERIFY_LEAF_SIGNATURE" in untold.stderr or "SELF_SIGNED" in untold.stderr


@pytest.mark.make_world(rate_limit=False)
def test_the_vendors_client_does_its_job_over_https(sdk: RunSdk, make_world: World) -> None:
    assert make_world.base_url.startswith("https://")
    done = sdk("main-job", records=10, limit=5)
    assert [row["id"] for row in done["organizations"]] == [make_world.organization_id]
