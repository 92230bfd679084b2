from __future__ import annotations

import pytest
from click.testing import CliRunner

from make_emulator.cli.main import main
from make_emulator.world.slots import MARK


def test_the_configuration_has_a_server_and_a_rule_for_each_worker() -> None:
    done = CliRunner().invoke(
        main, ["balancer", "--workers", "2", "--worker-url", "http://make-{index}.make:4747"]
    )
    assert done.exit_code == 0
    lines = [line.strip() for line in done.output.splitlines()]
    assert "bind :4747" in lines
    assert "server worker0 make-0.make:4747 # default world" in lines
    assert "server worker1 make-1.make:4747" in lines
    assert "use-server worker1 if { var(txn.worker) -m int 1 }" in lines
    assert MARK in done.output


def test_an_ipv6_address_is_written_in_brackets() -> None:
    done = CliRunner().invoke(
        main, ["balancer", "--workers", "1", "--worker-url", "http://[fd00::{index}]:80", "--listen", ":80"]
    )
    assert "server worker0 [fd00::0]:80" in done.output


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--workers", "2", "--worker-url", "http://make:4747"], "has no {index}"),
        (["--workers", "2", "--worker-url", "https://make-{index}"], "is no URL of a worker"),
        (["--workers", "2", "--worker-url", "http://make-{index}/api"], "is no URL of a worker"),
        (["--workers", "2", "--worker-url", "http://make-{index}:x"], "--worker-url"),
        (["--workers", "0", "--worker-url", "http://make-{index}"], "--workers"),
        (["--workers", "2"], "--worker-url"),
    ],
)
def test_what_is_no_fleet_is_a_mistake_in_the_usage(arguments: list[str], reason: str) -> None:
    done = CliRunner().invoke(main, ["balancer", *arguments])
    assert done.exit_code == 2
    assert reason in done.output
    assert len(done.output.splitlines()) == 1


_WORKER = ["--workers", "2", "--worker-index", "1", "--worker-url", "http://make-{index}:1"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--worker-index", "1"], "--worker-url and --worker-index go together"),
        (["--worker-url", "http://make-{index}"], "--worker-url and --worker-index go together"),
        (_WORKER, "needs --control-key"),
        ([*_WORKER, "--control-key", "k", "--tls"], "the load balancer serves HTTPS"),
        ([*_WORKER, "--control-key", "k", "--worker-index", "2"], "there is no worker 2 of 2"),
        ([*_WORKER, "--control-key", "k", "--worker-index", "make"], "does not end with a number"),
        ([*_WORKER, "--control-key", "k", "--worker-url", "http://make"], "has no {index}"),
    ],
)
def test_a_worker_that_cannot_be_is_a_mistake_in_the_usage(arguments: list[str], reason: str) -> None:
    done = CliRunner().invoke(main, ["serve", *arguments])
    assert done.exit_code == 2
    assert reason in done.output
    assert len(done.output.splitlines()) == 1
