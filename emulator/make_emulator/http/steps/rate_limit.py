"""Requests a minute: a fixed window of 60 s per organization, opened by its first call.

Sources: API documentation, "Rate limiting" (the figures by plan, the message); recorded headers (the window is
fixed, the reset is in Unix seconds, calls that belong to no organization count in a bucket of 10,000).
"""

from __future__ import annotations

from ...world.clock import MINUTE, SECOND
from ...world.models import Organization, Team, User
from ...world.world import World
from ..context import RateLimitStatus, RequestContext
from ..errors import RateLimitError

#: Calls a minute that belong to no organization, such as listing organizations.
NO_ORGANIZATION_LIMIT = 10_000


def count(context: RequestContext) -> None:
    """Counts the request. It comes before the checks of role and plan: a refused call counts too."""
    if context.require_endpoint().rate_limited:
        call = context.require_call()
        context.rate_limit_status = count_request(call.world, call.organization, call.user)


def check(context: RequestContext) -> None:
    """Raises RateLimitError (SC429) if the window is used up."""
    context.entry.decision = "refused: rate limit"
    if context.rate_limit_status is not None and context.rate_limit_status.exceeded:
        raise RateLimitError


def add_headers(context: RequestContext) -> None:
    """Adds the state of the window to the response."""
    if context.rate_limit_status is not None and context.response is not None:
        context.response.headers.extend(context.rate_limit_status.headers())


def count_request(world: World, organization: Organization | None, user: User) -> RateLimitStatus | None:
    """Counts a call of this moment; ``None`` in a world whose rate limit is off."""
    if organization is not None:
        bucket, limit = ("organization", organization.id), organization.license.api_limit
    else:
        bucket, limit = ("user", user.id), NO_ORGANIZATION_LIMIT
    return count_in_window(world, bucket, limit, MINUTE)


def count_in_window(world: World, bucket: tuple[str, int], limit: int, window: int) -> RateLimitStatus | None:
    """Counts a call in a fixed window of a number of milliseconds; ``None`` in a world whose rate limit is off."""
    if not world.rate_limited:
        return None
    opened, calls = world.count_call(bucket, window)
    return RateLimitStatus(
        limit=limit,
        remaining=max(limit - calls, 0),
        reset=(opened + window) // SECOND,
        exceeded=calls > limit,
    )


def exhausted_status(world: World, team: Team | None) -> RateLimitStatus:
    """Returns the status of a call beyond the limit, in a window that opens now."""
    limit = world.organizations[team.organization_id].license.api_limit if team else NO_ORGANIZATION_LIMIT
    return RateLimitStatus(limit, 0, reset=-(-(world.now() + MINUTE) // SECOND), exceeded=True)
