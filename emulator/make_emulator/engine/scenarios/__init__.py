"""Scenarios: creation, changes, activation."""
