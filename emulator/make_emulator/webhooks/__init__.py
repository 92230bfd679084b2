"""Webhooks and mailhooks: deliveries that start scenarios."""
