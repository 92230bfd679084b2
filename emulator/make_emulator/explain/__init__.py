"""Runs of blueprints without a server, each in a world of its own, rendered as text or JSON."""
