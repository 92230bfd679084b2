"""Custom functions of teams, and the history of their code."""

from __future__ import annotations

from ...lazy_dataclasses import dataclass


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
    """Change of the code of a custom function, with the previous code."""

    id: int
    function_id: int
    previous_code: str
    updated: int
    updated_by: int
