"""Custom functions of teams, and what was changed in them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomFunction:
    """A JavaScript function that a team uses in its expressions."""

    id: int
    name: str
    team_id: int
    description: str
    code: str
    created: int
    updated: int
    created_by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionChange:
    """That the code of a custom function was changed: what it was before, and by whom."""

    id: int
    function_id: int
    previous_code: str
    updated: int
    updated_by: int
