"""Feature controls of organizations. Source: the vendor's OpenAPI document.

The document declares no scope: here they take those of organizations and teams.
"""

from __future__ import annotations

from ..http.endpoint import ApiCall, EndpointGroup
from ..http.envelope import Envelope, EnvelopeField, one
from ..schemas.feature_controls import (
    FeatureControlOut,
    FeatureControlsQuery,
    FeatureControlState,
    FeatureControlUpdate,
)
from ..world import feature_controls
from ..world.feature_controls import FeatureControl
from ..world.models import Organization, Team

group = EndpointGroup("feature controls")

_LIST = Envelope(
    {
        "enableAllControlFeatures": EnvelopeField(),
        "featureControls": EnvelopeField(FeatureControlOut, many=True),
    }
)


@group.get(
    "/organizations/{organizationId}/feature-controls",
    scopes=["organizations:read"],
    permission="organization view",
    query=FeatureControlsQuery,
    response=_LIST,
    cols=True,
)
def list_feature_controls(call: ApiCall, organization: Organization) -> dict[str, object]:
    """List the features that an organization can switch off."""
    return _controls(call, organization)


@group.patch(
    "/organizations/{organizationId}/feature-controls",
    scopes=["organizations:write"],
    permission="organization edit",
    body=FeatureControlUpdate,
    response=one("featureControls", FeatureControlState),
)
def switch_feature_control(call: ApiCall, organization: Organization) -> FeatureControl:
    """Switch a feature of an organization on or off."""
    return feature_controls.switch(call.world, organization, call.body["id"], enabled=call.body["enabled"])


@group.get(
    "/teams/{teamId}/feature-controls",
    scopes=["teams:read"],
    permission="team view",
    query=FeatureControlsQuery,
    response=_LIST,
    cols=True,
)
def list_feature_controls_of_team(call: ApiCall, team: Team) -> dict[str, object]:
    """List the features that the organization of a team can switch off."""
    return _controls(call, call.visibility.organization_of(team))


def _controls(call: ApiCall, organization: Organization) -> dict[str, object]:
    name = call.query.get("feature_control_name")
    return {
        "enableAllControlFeatures": False,
        "featureControls": feature_controls.list_controls(organization, name),
    }
