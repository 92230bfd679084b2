"""Notifications of users, and their choices of e-mails."""

from __future__ import annotations

from ...lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """Message to a user about a scenario; ``type`` is the id of a kind of e-mail notification, ``body`` HTML."""

    id: int
    user_id: int
    type: int
    subject: str
    body: str
    created: int
    read: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailPreference:
    """Choice of a user about a kind of e-mail, in a team, or everywhere if ``team_id`` is 0."""

    user_id: int
    team_id: int
    kind: str
    enabled: bool
