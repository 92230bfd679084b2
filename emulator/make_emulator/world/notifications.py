"""Notifications of users about the runs of their teams' scenarios, and their e-mail preferences. No mail is sent.

Sources: the vendor's OpenAPI document ("Notifications", "Users > User team notifications", "Users > User email preferences").
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from html import escape

from ..lazy_dataclasses import dataclass
from .exceptions import NotFoundError
from .models import EmailPreference, Execution, Notification, Scenario, Team, User
from .roles import team_permissions
from .world import World

ERRORS, WARNINGS, DEACTIVATION = 1, 2, 6

#: The most notifications of a user; older ones are dropped. The emulator's own limit.
MAX_NOTIFICATIONS = 500

_STATUS_KINDS = {2: WARNINGS, 3: ERRORS}
_PERMISSION = "scenario notifications"


@dataclass(frozen=True, slots=True)
class EmailKind:
    """Kind of e-mail that a user may choose. The ids and defaults are documented, the texts are the emulator's."""

    id: str
    label: str
    description: str
    is_default: bool = False


#: E-mails about scenarios, chosen for each team.
NATIVE_KINDS = (
    EmailKind("6", "Deactivation", "A scenario was deactivated.", is_default=True),
    EmailKind("2", "Warnings", "A scenario ended with a warning."),
    EmailKind("1", "Errors", "A scenario ended with an error.", is_default=True),
)
#: Other e-mails, chosen for each team.
TEAM_KINDS = (EmailKind("onboarding", "Tips for success", "How to go on with Make."),)
#: E-mails chosen once.
GLOBAL_KINDS = (
    EmailKind("use_cases", "Use cases", "What others do with Make."),
    EmailKind("product_updates", "Product updates", "New releases and changes."),
    EmailKind("app_updates", "App updates", "New apps and changed ones."),
    EmailKind("events_and_webinars", "Events and webinars", "Demonstrations and talks."),
    EmailKind("promotions", "Offers and promotions", "Discounts."),
    EmailKind("channel_partner_updates", "Partnerships", "News for partners."),
    EmailKind("academy", "Academy", "Courses and videos."),
    EmailKind("blog", "Blog and newsletter", "Articles."),
)


@dataclass(frozen=True, slots=True)
class TeamNotification:
    """Choice of a user about e-mails on a team's scenarios."""

    user_id: int
    team_id: int
    notification_id: int
    enabled: bool


# --- notifications -------------------------------------------------------------------------------


def notify_of_run(world: World, scenario: Scenario, execution: Execution, *, is_deactivated: bool) -> None:
    """Notifies the members of a scenario's team of a run that failed, and of the end of the scenario's activity."""
    if (kind := _STATUS_KINDS.get(execution.status)) is not None:
        word = "error" if kind == ERRORS else "warning"
        text = f"{execution.error.name}: {execution.error.message}" if execution.error else ""
        subject = f"Encountered {word} in scenario {scenario.name}"
        _notify(world, scenario, execution, kind, subject, [text] if text else [])
    if is_deactivated:
        _notify(world, scenario, execution, DEACTIVATION, f"Scenario {scenario.name} was deactivated", [])


def _notify(
    world: World, scenario: Scenario, execution: Execution, type: int, subject: str, details: Iterable[str]
) -> None:
    team = world.teams[scenario.team_id]
    body = _body(world, scenario, execution, subject, details)
    for member in list(world.team_members.where(team=team.id)):
        user = world.users[member.user_id]
        if _PERMISSION not in team_permissions(world, user, team) or not is_enabled(
            world, user, team, str(type)
        ):
            continue
        world.notifications.put(
            Notification(
                id=world.ids.next("notification"),
                user_id=user.id,
                type=type,
                subject=subject,
                body=body,
                created=execution.ends,
            )
        )
        surplus = len(world.notifications.where(user=user.id)) - MAX_NOTIFICATIONS
        if surplus > 0:
            oldest = sorted(row.id for row in world.notifications.where(user=user.id))
            for id in oldest[:surplus]:
                world.notifications.remove(id)


def _body(
    world: World, scenario: Scenario, execution: Execution, subject: str, details: Iterable[str]
) -> str:
    """HTML: the subject, links to the scenario's log, organization, team and execution, and the details (documented)."""
    team = world.teams[scenario.team_id]
    organization = world.organizations[team.organization_id]
    base = f"https://{organization.zone}"
    logs = f"{base}/{team.id}/scenarios/{scenario.id}/logs"
    links = {
        scenario.name: logs,
        organization.name: f"{base}/organization/{organization.id}/dashboard",
        team.name: f"{base}/{team.id}/team/dashboard",
        execution.id: f"{logs}/{execution.id}",
    }
    items = "".join(f'<li><a href="{url}">{escape(name)}</a></li>' for name, url in links.items())
    codes = "".join(f"<li><code>{escape(text)}</code></li>" for text in details)
    return f"<p>{escape(subject)}</p><ul>{items}</ul>" + (f"<ul>{codes}</ul>" if codes else "")


def notifications_of(world: World, user: User, *, unread_only: bool = False) -> list[Notification]:
    """The notifications of a user that the world's time has reached, oldest first."""
    now = world.now()
    return sorted(
        (
            row
            for row in world.notifications.where(user=user.id)
            if row.created <= now and not (unread_only and row.read is not None)
        ),
        key=lambda row: row.id,
    )


def find(world: World, user: User, id: str) -> Notification:
    """The notification of a user with an id.

    Raises:
        NotFoundError: if there is none.
    """
    for row in notifications_of(world, user):
        if str(row.id) == id:
            return row
    raise NotFoundError("notification", id)


def delete(world: World, user: User, ids: Collection[str]) -> list[Notification]:
    """Deletes notifications; returns those that there were."""
    rows = [row for row in notifications_of(world, user) if str(row.id) in ids]
    for row in rows:
        world.notifications.remove(row.id)
    return rows


def mark_all_as_read(world: World, user: User) -> list[Notification]:
    """Marks all notifications as read; returns those that were not."""
    now = world.now()
    rows = notifications_of(world, user, unread_only=True)
    return [world.notifications.put(replace(row, read=now)) for row in rows]


# --- e-mail preferences --------------------------------------------------------------------------


def is_enabled(world: World, user: User, team: Team | None, kind: str) -> bool:
    """Returns whether a user wants e-mails of a kind, in a team or everywhere."""
    chosen = world.email_preferences.get((user.id, team.id if team else 0, kind))
    if chosen is not None:
        return chosen.enabled
    return any(each.is_default for each in (*NATIVE_KINDS, *TEAM_KINDS, *GLOBAL_KINDS) if each.id == kind)


def set_preference(world: World, user: User, team: Team | None, kind: str, *, enabled: bool) -> None:
    """Sets the choice of a user about a kind of e-mail."""
    world.email_preferences.put(
        EmailPreference(user_id=user.id, team_id=team.id if team else 0, kind=kind, enabled=enabled)
    )


def team_notifications(world: World, user: User, team: Team) -> list[TeamNotification]:
    """The choices of a user about a team's scenarios, by id."""
    return [
        TeamNotification(user.id, team.id, id, is_enabled(world, user, team, str(id)))
        for id in sorted(int(kind.id) for kind in NATIVE_KINDS)
    ]


def find_team_notification(world: World, user: User, team: Team, id: str) -> TeamNotification:
    """One choice of a user about a team's scenarios.

    Raises:
        NotFoundError: if there is no such kind.
    """
    for row in team_notifications(world, user, team):
        if str(row.notification_id) == id:
            return row
    raise NotFoundError("notification", id)
