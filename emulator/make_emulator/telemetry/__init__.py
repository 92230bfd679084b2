"""Telemetry by OpenTelemetry: a span for each request, run, operation of a module, and request to the network."""
