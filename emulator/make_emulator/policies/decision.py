"""Decisions: whether the grants of an agent allow an action on a resource. A pure function of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..world.models import Agent, Grant
from .grants import EVERY_KIND, allowed_actions, describe_levels
from .resources import Access, Resource


class Decision(NamedTuple):
    """Decision on one access of an agent."""

    is_allowed: bool
    #: The grant that decided; ``None`` if there is none for the resource.
    grant: Grant | None = None


def decide(agent: Agent, action: str, resource: Resource) -> Decision:
    """Returns the decision on an action of an agent.

    The grant for the single resource decides, or else the one for its kind, or else the one for every kind; without any
    of them nothing is allowed.
    """
    grants = {grant.resource: grant for grant in agent.grants}
    for name in (str(resource), resource.kind, EVERY_KIND):
        if (grant := grants.get(name)) is not None:
            return Decision(action in allowed_actions(grant), grant)
    return Decision(False)


def is_allowed(agent: Agent, access: Access) -> bool:
    """Returns True if the agent may do that."""
    return decide(agent, access.action, access.resource).is_allowed


def permitted_ids(agent: Agent, action: str, kind: str) -> Callable[[str], bool]:
    """Returns the function that is true of the ids of those resources of a kind on which the agent may do that.

    It is that of `decide`, for a list of many.
    """
    prefix = f"{kind}/"
    singles = {
        grant.resource.removeprefix(prefix): action in allowed_actions(grant)
        for grant in agent.grants
        if grant.resource.startswith(prefix)
    }
    default = decide(agent, action, Resource(kind)).is_allowed
    return lambda id: singles.get(id, default)


def can_ever(agent: Agent, action: str, kind: str) -> bool:
    """Returns True if there may be a resource of a kind on which the agent may do that."""
    if decide(agent, action, Resource(kind)).is_allowed:
        return True
    return any(
        grant.resource.startswith(f"{kind}/") and action in allowed_actions(grant) for grant in agent.grants
    )


def explain_rejection(agent: Agent, access: Access, grant: Grant | None) -> str:
    """Returns the reason of a rejection as a clause.

    Args:
        grant: the grant that decided.
    """
    why = (
        "nothing is granted for it" if grant is None else f"it has {grant.resource}: {describe_levels(grant)}"
    )
    return f"the agent {agent.name} lacks the grant {access} ({why})"
