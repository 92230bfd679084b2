"""Modules that a world declares."""

from __future__ import annotations

from dataclasses import dataclass

from .json_types import FieldSpecs


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomModule:
    """Module of an organization's own app, or another one that the module catalogue does not know.

    ``versions`` are those that exist, none for any. ``kind`` is one of the module catalogue. ``connection_types`` are without
    ``account:``. The fields have names and types as Make's interfaces have them.
    """

    name: str
    versions: tuple[int, ...] = ()
    kind: str = "action"
    connection_parameter: str | None = None
    connection_types: tuple[str, ...] = ()
    parameters: FieldSpecs = ()
    mapper: FieldSpecs = ()
    output: FieldSpecs = ()
