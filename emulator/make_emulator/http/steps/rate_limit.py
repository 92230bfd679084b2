"""Requests a minute: a fixed window of 60 s per organization, opened by its first call.

Sources: API documentation, "Rate limiting" (the figures by plan, the message); recorded headers (the window is
fixed, the reset is in Unix seconds, calls that belong to no organization count in a bucket of 10,000).
"""

from __future__ import annotations

from dataclasses import dataclass

from ...world.clock import MINUTE, SECOND
from ...world.models import Organization, Team, User
from ...world.world import World

#: Calls a minute that belong to no organization, such as listing organizations.
NO_ORGANIZATION_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """What is left of a window after a call was counted."""

    limit: int
    remaining: int
    reset: int
    exceeded: bool

    def headers(self) -> list[tuple[str, str]]:
        return [
            ("X-RateLimit-Limit", str(self.limit)),
            ("X-RateLimit-Remaining", str(self.remaining)),
            ("X-RateLimit-Reset", str(self.reset)),
        ]


def count_request(world: World, organization: Organization | None, user: User) -> RateLimitStatus | None:
    """Count a call of this moment; ``None`` in a world whose rate limit is off."""
    if not world.rate_limited:
        return None
    if organization is not None:
        bucket, limit = ("organization", organization.id), organization.license.api_limit
    else:
        bucket, limit = ("user", user.id), NO_ORGANIZATION_LIMIT
    opened, calls = world.count_call(bucket, MINUTE)
    return RateLimitStatus(
        limit=limit,
        remaining=max(limit - calls, 0),
        reset=(opened + MINUTE) // SECOND,
        exceeded=calls > limit,
    )


def exhausted_status(world: World, team: Team | None) -> RateLimitStatus:
    """What is left for a call that came too late, in a window that opens now."""
    limit = world.organizations[team.organization_id].license.api_limit if team else NO_ORGANIZATION_LIMIT
    return RateLimitStatus(limit, 0, reset=-(-(world.now() + MINUTE) // SECOND), exceeded=True)
