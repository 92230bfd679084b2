"""A DevOps engineer: the emulator as a service of a CI job, with compose, and several workers behind one address."""

from __future__ import annotations

import re
import shlex
import shutil
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml

from helpers.api import ADMIN_TOKEN
from helpers.documentation import ROOT

from .reader import Reader

pytestmark = pytest.mark.e2e

TEST = """
def test_a_scenario_runs(make_client, make_emulator):
    run = make_client.post("/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True}).json()
    assert run["outputs"] == {"greeting": "Hello, Zoe!"}
    assert make_emulator.url == "%s"
"""


def load(reader: Reader, page: str) -> Any:
    """The YAML of a page that has services, with the port of the reader."""
    [block] = [each for each in reader.blocks(page) if each.language == "yaml" and "services:" in each.text]
    return yaml.safe_load(reader.shell.localize(block.text))


def export(reader: Reader, variables: dict[str, Any]) -> None:
    """Sets variables as the service or the job does."""
    for name, value in variables.items():
        reader.run(f"export {name}={shlex.quote(str(value))}")


def test_a_job_tests_against_its_service(reader: Reader) -> None:
    job = load(reader, "docs/how-to/github-actions.md")["jobs"]["test"]
    [service] = job["services"].values()
    assert service["ports"] == [f"{reader.shell.port}:{reader.shell.port}"]
    export(reader, service["env"])
    reader.run("make-emulator serve")

    export(reader, job["env"])
    url = job["env"]["MAKE_EMULATOR_URL"]
    (reader.folder / "test_job.py").write_text(TEST % url, "utf-8")
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert any(run.startswith("pytest") for run in runs)
    reader.test()


def test_a_service_of_compose_is_reached_under_its_name(reader: Reader) -> None:
    services = load(reader, "docs/how-to/compose.md")["services"]
    export(reader, services["make"]["environment"])
    reader.run("make-emulator serve --host 0.0.0.0")

    app = services["app"]["environment"]
    key = services["make"]["environment"]["MAKE_EMULATOR_CONTROL_KEY"]
    name, _, rest = app["MAKE_BASE_URL"].removeprefix("http://").partition(":")
    assert name == "make"
    # The name of the service leads to this machine.
    for path, headers in (
        (f"{rest}/users/me", {"Authorization": f"Token {app['MAKE_API_KEY']}"}),
        (f"{reader.shell.port}/_emulator/worlds", {"X-Emulator-Key": key}),
    ):
        request = Request(
            f"http://127.0.0.1:{path}", headers={**headers, "Host": f"make:{reader.shell.port}"}
        )
        with urlopen(request, timeout=60) as response:
            assert response.status == 200


def test_files_and_variables_configure_a_container(reader: Reader) -> None:
    page = (ROOT / "docs/how-to/docker.md").read_text("utf-8")
    # Outside of a container, as the page says.
    assert "`make-emulator serve --init-dir FOLDER` does the same" in page
    folder = reader.folder / "make"
    folder.mkdir()
    for name in ("10-default", "20-acme"):
        seed = "organizations: [{name: Acme, teams: [{name: Ops}]}]"
        (folder / f"{name}.yaml").write_text(seed, "utf-8")
    shutil.copy(ROOT / "fixtures/blueprints/lead-intake.json", folder / "30-leads.json")
    for name, value in (("PLAN", "core"), ("ZONE", "us1"), ("CONTROL_KEY", "ci")):
        assert f"`MAKE_EMULATOR_{name}`" in page
        reader.run(f"export MAKE_EMULATOR_{name}={value}")
    reader.run("make-emulator serve --init-dir make")

    worlds = reader.run("make-emulator world list").splitlines()
    assert [row.split()[:3] for row in worlds[1:]] == [
        ["default", "core", "us1.make.com"],
        ["acme", "enterprise", "eu1.make.com"],
    ]
    scenarios = reader.run(
        f'curl -sf -H "Authorization: Token {ADMIN_TOKEN}" "http://127.0.0.1:4747/api/v2/scenarios?teamId=1"'
    )
    assert "lead" in scenarios.lower()
    assert reader.run("make-emulator health").startswith("make-emulator ")


def test_workers_serve_behind_one_address(reader: Reader) -> None:
    page = "docs/how-to/fleet.md"
    [(command, shown)] = reader.block(
        page, "console", "Serve hundreds of CI jobs: workers, load balancer, Kubernetes"
    ).commands()
    assert re.search(r"--workers (\d+)", command)
    reader.run(
        command.replace("--workers 4", "--workers 2"), shown.replace("workers       4", "workers       2")
    )
    export(reader, {"MAKE_EMULATOR_URL": f"http://127.0.0.1:{reader.shell.port}"})
    (reader.folder / "test_fleet.py").write_text(TEST % f"http://127.0.0.1:{reader.shell.port}", "utf-8")
    reader.test()


def test_a_script_gives_clients_what_they_need(reader: Reader) -> None:
    page = "docs/how-to/command-line.md"
    script = reader.block(page, "sh", "Give clients what they need")
    reader.run(script.text)
    assert reader.run('echo "$MAKE_BASE_URL"').strip() == "http://127.0.0.1:4747/api/v2"
    reader.run('curl -sf -H "Authorization: Token $MAKE_API_KEY" "$MAKE_BASE_URL/users/me"')
