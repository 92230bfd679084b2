"""The comparison: every peer's start-up, throughput and memory, in turns, so that a noisy machine disturbs all alike."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from ..load import Connection, UnexpectedResponseError, generate_load
from ..measurement import Effort
from ..processes import ServerProcess
from .catalog import PEERS, Peer
from .packages import UnavailableError
from .work import Bodies, Operation, Work

CONNECTIONS = (1, 8, 32)

#: Creations come last: they make the state of each server larger, by as much as it is fast.
_PHASES = ((Operation.GET, Operation.LIST, Operation.UPDATE), (Operation.CREATE,))


@dataclass(slots=True)
class PeerResult:
    """Measurements of a peer, one a round.

    Args:
        startup: seconds from the start of the process to its first response.
        idle: memory then, in MB; empty where the system does not tell.
        loaded: memory after all rounds.
        rates: correct responses a second, by operation and number of connections.
        answered: all correct responses.
        refused: all other responses.
    """

    name: str
    version: str
    remark: str
    startup: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    loaded: float | None = None
    rates: dict[tuple[Operation, int], list[float]] = field(default_factory=dict)
    answered: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Results of the peers in the order of reports, and why others have none."""

    results: dict[str, PeerResult]
    unavailable: dict[str, str]


@dataclass(slots=True)
class _Running:
    """A server with its work; no two of its requests have the same number."""

    server: ServerProcess
    work: Work
    numbers: Iterator[int] = field(default_factory=count)


def compare(effort: Effort, peers: Sequence[type[Peer]] = PEERS) -> Comparison:
    """Measure all peers that can be had here."""
    bodies = Bodies.read()
    unavailable: dict[str, str] = {}
    measured: dict[str, Peer] = {}
    for kind in peers:
        peer = kind(bodies)
        try:
            peer.install()
        except UnavailableError as error:
            _drop(peer.name, error, unavailable)
        else:
            measured[peer.name] = peer
    results = {name: PeerResult(name, peer.version, peer.remark) for name, peer in measured.items()}
    _measure_startup(measured, results, unavailable, effort)
    with ExitStack() as resources:
        running: dict[str, _Running] = {}
        for name, peer in measured.items():
            try:
                running[name] = _start(peer, resources)
            except _FAILURES as error:
                _drop(name, error, unavailable)
        for operations in _PHASES:
            _measure_rates(running, results, unavailable, effort, operations)
        for name, each in running.items():
            results[name].loaded = each.server.memory()
    return Comparison(
        {name: result for name, result in results.items() if name not in unavailable}, unavailable
    )


#: The exceptions of a server that does not start, answers wrongly or goes away.
_FAILURES = (OSError, RuntimeError, ValueError)


def _drop(name: str, error: Exception, unavailable: dict[str, str]) -> None:
    [reason, *_] = str(error).splitlines() or [type(error).__name__]
    unavailable[name] = reason[:200]
    print(f"{name} is skipped: {reason}", file=sys.stderr)


def _in_turns(names: Sequence[str], number: int) -> list[str]:
    """The names in an order in which another one is the first in every round."""
    start = number % len(names) if names else 0
    return [*names[start:], *names[:start]]


def _measure_startup(
    peers: dict[str, Peer], results: dict[str, PeerResult], unavailable: dict[str, str], effort: Effort
) -> None:
    for number in range(effort.rounds + 1):
        for name in _in_turns(list(peers), number):
            try:
                with tempfile.TemporaryDirectory() as folder, peers[name].start(Path(folder)) as server:
                    taken = server.wait_until_ready(peers[name].first_request(server))
                    memory = server.memory()
            except _FAILURES as error:
                _drop(name, error, unavailable)
                del peers[name]
                continue
            # The first start compiles modules and fills the system's cache of files.
            if number:
                results[name].startup.append(taken)
                if memory is not None:
                    results[name].idle.append(memory)


def _start(peer: Peer, resources: ExitStack) -> _Running:
    """Start a peer, and check that it does all of the work."""
    folder = resources.enter_context(tempfile.TemporaryDirectory())
    server = resources.enter_context(peer.start(Path(folder)))
    server.wait_until_ready(peer.first_request(server))
    running = _Running(server, peer.prepare(server))
    for operation, exchange in running.work.items():
        connection = Connection(server.address)
        try:
            connection.exchange(*next(exchange.numbered(running.numbers)))
        except UnexpectedResponseError as error:
            raise UnexpectedResponseError(f"unexpected response to {operation.value}: {error}") from error
        finally:
            connection.close()
    return running


def _measure_rates(
    running: dict[str, _Running],
    results: dict[str, PeerResult],
    unavailable: dict[str, str],
    effort: Effort,
    operations: Sequence[Operation],
) -> None:
    # The first round warms up servers that compile while they run.
    for number in range(effort.rounds + 1):
        for operation in operations:
            for connections in CONNECTIONS:
                for name in _in_turns(list(running), number):
                    each, result = running[name], results[name]
                    try:
                        load = generate_load(
                            each.server.address,
                            each.work[operation],
                            seconds=effort.seconds,
                            connections=connections,
                            numbers=each.numbers,
                            warm_up=1,
                        )
                    except _FAILURES as error:
                        _drop(name, error, unavailable)
                        del running[name]
                        continue
                    result.answered += load.requests
                    result.refused += load.refused
                    if number:
                        result.rates.setdefault((operation, connections), []).append(load.rate)
