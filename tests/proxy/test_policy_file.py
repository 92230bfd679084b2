from __future__ import annotations

from pathlib import Path

import pytest
import requests
import yaml

from make_emulator import MakeEmulator
from make_emulator.policies.grants import write_grants
from make_emulator.proxy.policy_file import PolicyFileError, read_policy


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "agents.yaml"


def test_the_agents_of_a_seed_are_a_policy(path: Path) -> None:
    path.write_text(
        "agents:\n- name: ops\n  token: ops\n  allow: {scenarios/1: [read, run], hooks: off}\n"
        "- name: ci\n  allow: {'*': read}\n"
        "organizations:\n- name: Acme\n",
        "utf-8",
    )
    ops = read_policy(path, "ops")
    assert (ops.name, write_grants(ops.grants)) == ("ops", {"scenarios/1": ["read", "run"], "hooks": "off"})
    assert write_grants(read_policy(path, "ci").grants) == {"*": "read"}


def test_the_policy_of_an_access_report_is_one(path: Path) -> None:
    with MakeEmulator() as make:
        world = make.create_world()
        ops = world.agents.create("ops", {"*": "full"})
        requests.get(f"{world.base_url}/scenarios/1", headers=ops.headers, timeout=30).raise_for_status()
        path.write_text(make.control.world(world.name).access_report_text("policy"), "utf-8")
    assert write_grants(read_policy(path, "ops").grants) == {"scenarios/1": "read"}


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        ("agents: [", None, "is not YAML: "),
        ("[]", None, "has no agents: a policy is a list of them, each with name and allow"),
        ("agents: []", None, "has no agents"),
        ("agents: [{allow: {}}]", None, "an agent has no name"),
        ("agents: [{name: a, alow: {}}]", None, "a has an unknown key 'alow'; did you mean 'allow'?"),
        ("agents: [{name: a}]", None, "a: must be a mapping of resources to grants"),
        (
            "agents: [{name: a, allow: {scenario: read}}]",
            None,
            "there is no kind of resource 'scenario'; did you mean 'scenarios'?",
        ),
        (
            "agents: [{name: a, allow: {}}, {name: b, allow: {}}]",
            None,
            "has the agents a, b: choose one with --agent",
        ),
        ("agents: [{name: ops, allow: {}}]", "opps", "has no agent 'opps'; did you mean 'ops'?"),
        (
            "agents: [{name: a, allow: {}, runs: check}]",
            None,
            "a has 'runs: check', which cannot be enforced at a zone",
        ),
    ],
)
def test_a_mistake_is_one_clear_line(content: str, name: str | None, problem: str, path: Path) -> None:
    path.write_text(content, "utf-8")
    with pytest.raises(PolicyFileError) as raised:
        read_policy(path, name)
    assert problem in str(raised.value)
    assert str(raised.value).startswith(f"{path}")
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read(path: Path) -> None:
    with pytest.raises(PolicyFileError, match="cannot read"):
        read_policy(path)


def test_an_agent_without_grants_may_do_nothing(path: Path) -> None:
    path.write_text(yaml.safe_dump({"agents": [{"name": "a", "allow": {}}]}), "utf-8")
    assert read_policy(path).grants == ()
