"""Tests of scenarios in YAML: their files, their runs in worlds of their own, coverage, mutants and sweeps of faults."""
