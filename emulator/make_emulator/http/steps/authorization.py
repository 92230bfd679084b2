"""What the caller may do: the token's scopes, the user's role, and what the organization's plan includes."""

from __future__ import annotations

from ...world import roles
from ...world.exceptions import MissingPermissionError
from ...world.models import Organization, Token
from ..endpoint import ApiCall, Endpoint
from ..errors import ForbiddenError


def missing_scopes(endpoint: Endpoint, token: Token) -> list[str]:
    """The scopes that an endpoint needs and a token lacks."""
    return [scope for scope in endpoint.scopes if scope not in token.scopes]


def check_scopes(endpoint: Endpoint, token: Token) -> None:
    """Raise Forbidden (SC403) unless the token has every scope of the endpoint."""
    if missing_scopes(endpoint, token):
        raise ForbiddenError


def check_role(endpoint: Endpoint, call: ApiCall) -> None:
    """Raise Insufficient (IM002) unless the user's role lets them do this to each thing that the call names."""
    for permission in endpoint.required_permissions(call.body):
        for named in call.rows.values():
            for row in named if isinstance(named, list) else (named,):
                if roles.lacks_permission(call.world, call.user, permission, row):
                    raise MissingPermissionError(permission)


def check_plan(endpoint: Endpoint, organization: Organization | None) -> None:
    """Raise Forbidden (SC403) unless the organization's plan includes what the endpoint does."""
    if endpoint.plan and organization and not getattr(organization.license, endpoint.plan):
        raise ForbiddenError(
            f"The plan of the organization does not include {endpoint.plan.replace('_', ' ')}."
        )
