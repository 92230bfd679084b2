"""Settings of OpenTelemetry in the environment; this module needs none of its packages."""

from __future__ import annotations

from collections.abc import Mapping

#: Protocol of OTLP -> the name of its exporter.
_OTLP_EXPORTERS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_DEFAULT_PROTOCOL = "http/protobuf"

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def exporter_names(environ: Mapping[str, str]) -> list[str]:
    """Returns the exporters of spans that variables such as ``OTEL_TRACES_EXPORTER`` select; none if nothing is to be recorded.

    The specification makes OTLP the default. Here, an end point has to be set, too: most servers are started without a collector.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return []
    selected = environ.get("OTEL_TRACES_EXPORTER", "").strip()
    if not selected:
        selected = "otlp" if any(environ.get(name) for name in _ENDPOINTS) else "none"
    names = [name.strip() for name in selected.split(",")]
    return [_otlp_name(environ) if name == "otlp" else name for name in names if name not in ("", "none")]


def _otlp_name(environ: Mapping[str, str]) -> str:
    protocol = (
        environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
        or environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
        or _DEFAULT_PROTOCOL
    )
    return _OTLP_EXPORTERS.get(protocol, protocol)
