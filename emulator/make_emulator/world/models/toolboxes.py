"""MCP toolboxes: chosen scenarios of a team as an MCP server of their own, with keys of their own."""

from __future__ import annotations

from dataclasses import field

from ...lazy_dataclasses import dataclass
from .organizations import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """MCP toolbox of a team; ``uuid`` is in its URL. Its scenarios run as the user who created it."""

    id: int
    uuid: str
    name: str
    team_id: int
    created_by: int
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolboxTool:
    """A scenario in a toolbox; an empty label or description is that of the scenario."""

    id: int
    toolbox_id: int
    scenario_id: int
    label: str = ""
    description: str = ""
    is_read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolboxKey:
    """Key of a toolbox. Its text is a secret."""

    key: str = field(repr=False)
    toolbox_id: int
    label: str
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolboxAccess(Token):
    """Access by a key of a toolbox, in the form of an API token. It is stored in no table."""

    toolbox_id: int
    organization_id: int

    @property
    def only_organization_id(self) -> int | None:
        return self.organization_id
