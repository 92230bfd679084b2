"""Node's fetch, and the vendor's client over https, with the throwaway authority as trusted."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping

import pytest

from make_emulator import World

from ..conftest import RunScript

pytestmark = pytest.mark.e2e

FETCH = """
const answer = await fetch(process.argv[1], { headers: JSON.parse(process.argv[2]) });
console.log(JSON.stringify(await answer.json()));
"""


def fetch(node: str, world: World, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = [node, "--input-type=module", "--eval", FETCH, f"{world.base_url}/teams/1"]
    return subprocess.run(
        [*command, json.dumps(world.headers)],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )


def test_fetch_trusts_the_server_when_set_so(
    node: str, make_world: World, environment: Mapping[str, str]
) -> None:
    reported = fetch(node, make_world, environment)
    assert json.loads(reported.stdout)["team"]["name"] == "Example Team", reported.stderr
    untold = fetch(node, make_world, {**environment, "NODE_EXTRA_CA_CERTS": ""})
    assert untold.returncode != 0
    assert "UNABLE_TO_VERIFY_LEAF_SIGNATURE" in untold.stderr or "SELF_SIGNED" in untold.stderr


@pytest.mark.make_world(rate_limit=False)
def test_the_vendors_client_does_its_job_over_https(sdk: RunScript, make_world: World) -> None:
    assert make_world.base_url.startswith("https://")
    done = sdk("main-job", records=10, limit=5)
    assert [row["id"] for row in done["organizations"]] == [make_world.organization_id]
