"""Notifications and e-mail preferences of the caller. Source: the vendor's OpenAPI document.

The document declares no scope for e-mail preferences: here they take those of users.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from ..http.endpoint import ApiCall, EndpointGroup, NoPermissionRequired
from ..http.envelope import Envelope, EnvelopeField, many, one, value
from ..http.errors import BadRequestError
from ..http.paging import Paging
from ..json_types import Json
from ..schemas.notifications import (
    MarkAsReadQuery,
    NotificationIdOut,
    NotificationListItem,
    NotificationOut,
    NotificationsDelete,
    NotificationsQuery,
    PreferenceUpdate,
    TeamNotificationOut,
    TeamNotificationUpdate,
    ZoneQuery,
)
from ..world import notifications
from ..world.enums import IMT_ZONES
from ..world.exceptions import AccessDeniedError
from ..world.models import Notification, Organization, Team, User
from ..world.notifications import EmailKind, TeamNotification
from .ordering import by_id

group = EndpointGroup("notifications")

_OF_THE_CALLER = NoPermissionRequired("it is about the caller")


def _zone_id(call: ApiCall) -> int:
    zones = {organization.zone for organization in call.visibility.organizations()}
    return next((zone.id for zone in IMT_ZONES if zone.domain in zones), 1)


def _require_self(call: ApiCall, user: User) -> None:
    """Raises AccessDeniedError if the path names another user than the caller."""
    if user.id != call.user.id:
        raise AccessDeniedError("Access denied.")


# --- notifications -------------------------------------------------------------------------------


@group.get(
    "/notifications",
    scopes=["notifications:read"],
    permission=_OF_THE_CALLER,
    query=NotificationsQuery,
    response=Envelope(
        {
            "notifications": EnvelopeField(NotificationListItem, many=True),
            "userUnreadNotifications": EnvelopeField(),
            "userZoneNotifications": EnvelopeField(),
        }
    ),
    paging=Paging(sort_keys={"id": by_id}, sort="id", descending=True),
)
def list_notifications(call: ApiCall) -> dict[str, object]:
    """List the notifications of the caller, newest first."""
    page = call.page
    assert page is not None, "the endpoint has pages"
    rows = notifications.notifications_of(call.world, call.user, unread_only=call.query["unread_only"])
    if page.descending:
        rows.reverse()
    unread = len(notifications.notifications_of(call.world, call.user, unread_only=True))
    return {
        "notifications": rows[page.offset : page.offset + page.limit],
        "userUnreadNotifications": unread,
        "userZoneNotifications": [{"imtZoneId": _zone_id(call), "unreadNotifications": unread}],
    }


@group.get(
    "/notifications/{notificationId}",
    scopes=["notifications:read"],
    permission=_OF_THE_CALLER,
    query=ZoneQuery,
    response=one("notification", NotificationOut),
)
def get_notification(call: ApiCall, notification_id: str) -> Notification:
    """Get a notification of the caller with its text."""
    return notifications.find(call.world, call.user, notification_id)


@group.delete(
    "/notifications",
    scopes=["notifications:write"],
    permission=_OF_THE_CALLER,
    query=ZoneQuery,
    body=NotificationsDelete,
    response=many("notifications", NotificationIdOut),
)
def delete_notifications(call: ApiCall) -> list[Notification]:
    """Delete notifications of the caller; unknown ids are left out of the answer."""
    return notifications.delete(call.world, call.user, call.body["ids"])


@group.post(
    "/notifications/mark-as-read",
    scopes=["notifications:write"],
    permission=_OF_THE_CALLER,
    query=MarkAsReadQuery,
    response=many("notifications", NotificationIdOut),
)
def mark_notifications_as_read(call: ApiCall) -> list[Notification]:
    """Mark all notifications of the caller as read."""
    return notifications.mark_all_as_read(call.world, call.user)


@group.get(
    "/users/unread-notifications",
    scopes=["user:read"],
    permission=_OF_THE_CALLER,
    response=Envelope(
        {"userUnreadNotifications": EnvelopeField(), "userZoneUnreadNotifications": EnvelopeField()}
    ),
)
def count_unread_notifications(call: ApiCall) -> dict[str, object]:
    """Get the number of unread notifications of the caller."""
    unread = len(notifications.notifications_of(call.world, call.user, unread_only=True))
    return {
        "userUnreadNotifications": unread,
        "userZoneUnreadNotifications": [{"zoneId": _zone_id(call), "unreadNotifications": unread}],
    }


# --- e-mail notifications of a team's scenarios --------------------------------------------------


@group.get(
    "/users/{userId}/user-team-notifications/{teamId}",
    scopes=["user:read"],
    permission="team view",
    response=many("userTeamNotifications", TeamNotificationOut),
)
def list_team_notifications(call: ApiCall, user: User, team: Team) -> list[TeamNotification]:
    """List the e-mails about a team's scenarios that the caller has chosen."""
    _require_self(call, user)
    return notifications.team_notifications(call.world, user, team)


@group.get(
    "/users/{userId}/user-team-notifications/{teamId}/{notificationId}",
    scopes=["user:read"],
    permission="team view",
    response=one("userTeamNotification", TeamNotificationOut),
)
def get_team_notification(call: ApiCall, user: User, team: Team, notification_id: str) -> TeamNotification:
    """Get the choice of the caller about one kind of e-mail."""
    _require_self(call, user)
    return notifications.find_team_notification(call.world, user, team, notification_id)


@group.put(
    "/users/{userId}/user-team-notifications/{teamId}/{notificationId}",
    scopes=["user:write"],
    permission="scenario notifications",
    body=TeamNotificationUpdate,
    response=one("userTeamNotification", TeamNotificationOut),
)
def set_team_notification(call: ApiCall, user: User, team: Team, notification_id: str) -> TeamNotification:
    """Switch one kind of e-mail about a team's scenarios on or off for the caller."""
    _require_self(call, user)
    notifications.find_team_notification(call.world, user, team, notification_id)
    notifications.set_preference(call.world, user, team, notification_id, enabled=call.body["enabled"])
    return notifications.find_team_notification(call.world, user, team, notification_id)


# --- e-mail preferences --------------------------------------------------------------------------


def _preferences(
    call: ApiCall, kinds: Iterable[EmailKind], team: Team | None = None, *, flag: str = "enabled"
) -> list[Json]:
    return [
        {
            "id": int(kind.id) if flag == "subscribed" else kind.id,
            flag: notifications.is_enabled(call.world, call.user, team, kind.id),
            "label": kind.label,
            "description": kind.description,
        }
        for kind in kinds
    ]


def _account(user: User) -> dict[str, Json]:
    return {
        "id": user.id,
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"mailto:{user.email}")),
        "email": user.email,
        "is_email_verified": True,
    }


def _set_preference(call: ApiCall, kinds: Iterable[EmailKind], team: Team | None = None) -> dict[str, Json]:
    id, enabled = call.body["id"], call.body["enabled"]
    if id not in {kind.id for kind in kinds}:
        raise BadRequestError(f"There is no preference '{id}'.", suberrors=[])
    notifications.set_preference(call.world, call.user, team, id, enabled=enabled)
    return {"id": id, "enabled": enabled}


def _check_team(organization: Organization, team: Team) -> None:
    if team.organization_id != organization.id:
        raise BadRequestError("The team belongs to another organization", suberrors=[])


@group.get(
    "/mailhub/users/{userId}/preferences",
    scopes=["user:read"],
    permission=_OF_THE_CALLER,
    response=value("preferences"),
)
def get_email_preferences(call: ApiCall, user: User) -> dict[str, Json]:
    """Get the e-mails that the caller has chosen."""
    _require_self(call, user)
    preferences = _preferences(call, notifications.GLOBAL_KINDS)
    chosen: dict[str, Json] = {"isEmailVerified": True, "preferences": preferences}
    return {**_account(user), "global": chosen, "zones": []}


@group.patch(
    "/mailhub/users/{userId}/preferences",
    scopes=["user:write"],
    permission=_OF_THE_CALLER,
    body=PreferenceUpdate,
    response=value("preferences"),
)
def set_email_preference(call: ApiCall, user: User) -> dict[str, Json]:
    """Switch a kind of e-mail on or off for the caller."""
    _require_self(call, user)
    return {"global": {"preferences": _set_preference(call, notifications.GLOBAL_KINDS)}}


_TEAM_PATH = "/mailhub/users/{userId}/organizations/{organizationId}/teams/{teamId}"


@group.get(
    f"{_TEAM_PATH}/preferences",
    scopes=["user:read"],
    permission="team view",
    response=Envelope(),
)
def get_team_email_preferences(
    call: ApiCall, user: User, organization: Organization, team: Team
) -> dict[str, Json]:
    """Get the e-mails about a team that the caller has chosen."""
    _require_self(call, user)
    _check_team(organization, team)
    chosen: dict[str, Json] = {
        "native": _preferences(call, notifications.NATIVE_KINDS, team, flag="subscribed"),
        "marketing": _preferences(call, notifications.TEAM_KINDS, team),
    }
    return {**_account(user), "team": {"teamId": team.id, "teamName": team.name, "preferences": chosen}}


@group.patch(
    f"{_TEAM_PATH}/preferences",
    scopes=["user:write"],
    permission="team view",
    body=PreferenceUpdate,
    response=value("team"),
)
def set_team_email_preference(
    call: ApiCall, user: User, organization: Organization, team: Team
) -> dict[str, Json]:
    """Switch a kind of e-mail about a team on or off for the caller."""
    _require_self(call, user)
    _check_team(organization, team)
    return {"preferences": _set_preference(call, notifications.TEAM_KINDS, team)}


@group.patch(
    f"{_TEAM_PATH}/native-preferences",
    scopes=["user:write"],
    permission="team view",
    body=PreferenceUpdate,
    response=value("team"),
)
def set_native_email_preference(
    call: ApiCall, user: User, organization: Organization, team: Team
) -> dict[str, Json]:
    """Switch a kind of e-mail about a team's scenarios on or off for the caller."""
    _require_self(call, user)
    _check_team(organization, team)
    return {"preferences": _set_preference(call, notifications.NATIVE_KINDS, team)}
