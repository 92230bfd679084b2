"""Provider of tracers from the environment: exporters, sampler and resource by the variables of OpenTelemetry."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from importlib.metadata import entry_points

from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from ..version import __version__

#: Seconds that the end of the server waits for the last spans to be sent.
SHUTDOWN_TIMEOUT = 1.0

_ENTRY_POINTS = "opentelemetry_traces_exporter"


class UnknownExporterError(ValueError):
    """Exporter of spans that is not installed."""


def create_provider(exporters: Sequence[str]) -> TracerProvider:
    """Returns a provider that sends spans by exporters, in threads of its own.

    Raises:
        UnknownExporterError: if one is not installed.
        ValueError: if a variable of OpenTelemetry is invalid.
    """
    loaded = [_load_exporter(name) for name in exporters]
    attributes = {SERVICE_VERSION: __version__}
    if not os.environ.get("OTEL_SERVICE_NAME") and SERVICE_NAME not in os.environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    ):
        attributes[SERVICE_NAME] = "make-emulator"
    provider = TracerProvider(resource=Resource.create(attributes), shutdown_on_exit=False)
    for exporter in loaded:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def shut_down(provider: TracerProvider) -> None:
    """Sends what is left, for a moment: a collector that does not respond must not hold up the end of the server."""
    thread = threading.Thread(target=provider.shutdown, name="telemetry-shutdown", daemon=True)
    thread.start()
    thread.join(SHUTDOWN_TIMEOUT)


def _load_exporter(name: str) -> SpanExporter:
    for found in entry_points(group=_ENTRY_POINTS, name=name):
        exporter: SpanExporter = found.load()()
        return exporter
    known = sorted({each.name for each in entry_points(group=_ENTRY_POINTS)})
    raise UnknownExporterError(
        f"no exporter of spans is named '{name}'; installed: {', '.join(known) or 'none'}"
    )
