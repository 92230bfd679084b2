"""Benchmarks: every metric is a ratio against a bare Flask route, measured in the same run.

Run it with ``python -m benchmarks``. Ratios hold from machine to machine; absolute values are information.
"""
