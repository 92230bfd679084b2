"""App "Make AI Toolkit": simulated. Source: the vendor's notes on modules that fail with 400 (blueprint-construction)."""

from __future__ import annotations

from .app import App

APP = App("ai-tools", is_complete=False)
APP.simulated("Ask", versions=None, requires=("parameters", "model"))
