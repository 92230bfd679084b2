"""Scenarios: creation, activation and dispatch of webhooks."""
