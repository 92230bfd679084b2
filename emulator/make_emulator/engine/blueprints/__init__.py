"""Blueprints: model, parser and conditions."""
