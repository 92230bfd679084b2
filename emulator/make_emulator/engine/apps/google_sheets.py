"""App "Google Sheets": simulated. Source: the vendor's notes on modules that fail with 400 (blueprint-construction)."""

from __future__ import annotations

from .app import App

APP = App("google-sheets", is_complete=False)
for _name in ("addRow", "updateRow"):
    APP.simulated(_name, versions=None, requires=("mapper", "valueInputOption"))
