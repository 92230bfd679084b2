"""Schemas of requests and responses: one module a resource group, written with marshmallow."""

from __future__ import annotations

from ..lazy_patterns import compile_lazily

with compile_lazily("marshmallow.validate"):
    import marshmallow as ma

__all__ = ["ma"]
