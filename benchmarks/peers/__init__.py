"""The emulator beside its peers: other emulators and mock servers, which are given the same work.

They are installed from PyPI and npm into a folder of the user's caches; one that cannot be installed or started is
left out. A bare Flask route on the emulator's own server class is the reference.
"""

from __future__ import annotations

from ..measurement import Effort
from ..page import describe_run
from ..report import Metric
from . import tables
from .comparison import compare


def measure(effort: Effort) -> list[Metric]:
    """Start-up, memory and throughput of all."""
    return tables.metrics(compare(effort))


def measure_for_page(effort: Effort) -> tuple[list[Metric], str]:
    """The same, and the tables for the documentation."""
    comparison = compare(effort)
    circumstances = describe_run(effort.rounds, f"{effort.seconds:g} s")
    return tables.metrics(comparison), f"{circumstances}\n\n{tables.markdown(comparison)}"
