"""Blueprints: typed model and parser."""
