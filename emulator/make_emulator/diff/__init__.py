"""Comparison of two seeds, resource by resource and field by field."""

from .compare import ChangedResource, SeedDiff, diff_seeds
from .report import render_json, render_text
from .resources import DiffSide

__all__ = ["ChangedResource", "DiffSide", "SeedDiff", "diff_seeds", "render_json", "render_text"]
