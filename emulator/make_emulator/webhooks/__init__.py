"""Webhooks and mailhooks."""
