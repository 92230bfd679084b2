"""Authorization: the token's scopes, the user's role, and the plan of the organization."""

from __future__ import annotations

from collections.abc import Mapping

from ...world import roles
from ...world.exceptions import MissingPermissionError
from ...world.models import OAuthAccess
from ...world.settings import API_ACCESS
from ..context import RequestContext
from ..errors import ApiAccessError, FeatureUnavailableError, ForbiddenError, MakeError

#: Features whose lack has an error of its own.
_PLAN_ERRORS: Mapping[str, type[MakeError]] = {"custom_properties": FeatureUnavailableError}


def check_scopes(context: RequestContext) -> None:
    """Raises ForbiddenError (SC403) unless the token has every scope of the endpoint, and reaches as far as it does."""
    endpoint = context.require_endpoint()
    if endpoint.is_public:
        return
    entry, token = context.entry, context.require_caller().token
    entry.decision = "refused: scope"
    if missing := [scope for scope in endpoint.scopes if scope not in token.scopes]:
        entry.missing = tuple(missing)
        entry.reason = f"the token lacks {', '.join(missing)}"
        raise ForbiddenError
    if endpoint.spans_organizations and token.only_organization_id is not None:
        entry.decision = "refused: organization"
        entry.reason = f"the access token is bound to organization {token.only_organization_id}"
        raise ForbiddenError


def check_api_access(context: RequestContext) -> None:
    """Raises ApiAccessError (SC403) for an API token in a world without access by token, but for lists."""
    context.entry.decision = "refused: plan"
    call, endpoint = context.require_call(), context.require_endpoint()
    if API_ACCESS.of(call.world) or call.organization is None or isinstance(call.token, OAuthAccess):
        return
    if endpoint.method != "GET" or endpoint.path_types:
        raise ApiAccessError(
            hint="The setting apiAccess of the world is false: tokens may list, and nothing else."
        )


def check_role(context: RequestContext) -> None:
    """Raises MissingPermissionError (IM002) unless the user's role allows this for each resource that the call names."""
    context.entry.decision = "refused: role"
    call = context.require_call()
    for permission in context.require_endpoint().required_permissions(call.body):
        for named in call.rows.values():
            for row in named if isinstance(named, list) else (named,):
                if roles.lacks_permission(call.world, call.user, permission, row):
                    raise MissingPermissionError(permission)


def check_plan(context: RequestContext) -> None:
    """Raises ForbiddenError (SC403), or the error of the feature, unless the organization's plan includes it."""
    context.entry.decision = "refused: plan"
    plan, organization = context.require_endpoint().plan, context.require_call().organization
    if plan and organization and not getattr(organization.license, plan):
        raise _PLAN_ERRORS.get(plan, ForbiddenError)(
            f"The plan of the organization does not include {plan.replace('_', ' ')}."
        )
