"""Roles of users in teams and organizations."""

from __future__ import annotations

from ...lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """Set of permissions of a user in a team or an organization: one of Make's own, or a custom one of an organization."""

    id: int
    name: str
    #: ``team`` or ``organization``.
    category: str
    subsidiary: bool
    permissions: frozenset[str]
    #: False for an id that no source shows, which is the emulator's own.
    has_known_id: bool = True
    identifier: str | None = None
    description: str | None = None
    #: The organization of a custom role.
    organization_id: int | None = None

    @property
    def permission_list(self) -> list[str]:
        """The permissions in alphabetical order."""
        return sorted(self.permissions)

    @property
    def management_type(self) -> str:
        """Kind of management: Make's own roles cannot be changed."""
        return "system_locked" if self.organization_id is None else "custom_managed"
