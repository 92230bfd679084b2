"""Language models of teams. Source: the vendor's OpenAPI document."""

from __future__ import annotations

from ..http.endpoint import ApiCall, EndpointGroup
from ..http.envelope import Envelope
from ..json_types import Json
from ..schemas.llm_configuration import LlmConfigurationUpdate
from ..world import llm_configuration
from ..world.models import Team

group = EndpointGroup("language models")


@group.get(
    "/teams/{teamId}/llm-configuration",
    scopes=["teams:read"],
    permission="team view",
    response=Envelope(),
)
def get_llm_configuration(call: ApiCall, team: Team) -> dict[str, Json]:
    """Get the language models that AI mapping and the AI toolkit use in a team."""
    return llm_configuration.get(call.world, team)


@group.patch(
    "/teams/{teamId}/llm-configuration",
    scopes=["teams:write"],
    permission="team edit",
    body=LlmConfigurationUpdate,
    response=Envelope(),
)
def update_llm_configuration(call: ApiCall, team: Team) -> dict[str, Json]:
    """Change some of the language models of a team."""
    fields = LlmConfigurationUpdate().load_fields
    changes = {str(fields[name].data_key): value for name, value in call.body.items()}
    return llm_configuration.update(call.world, team, changes)
