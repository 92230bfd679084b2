"""Statements of decisions in plain English: who, what, where, and the decision.

``ops read scenario 1 "Order intake" in team Ops: allowed by scenarios/1: read``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..lazy_dataclasses import dataclass
from ..world.models import Grant, Organization, Team
from ..world.schema import text_id_parameters
from ..world.world import World
from .grants import describe_levels
from .resources import APPS, READ, ROWS, RUN, WRITE, Access, Resource

#: Kind -> its name for a single resource, where that does not follow from the kind.
_NOUNS: Mapping[str, str] = {
    "credential-requests": "credential request",
    "dlqs": "incomplete execution",
    "enums": "enumeration",
    "scenarios-shared": "shared scenario",
}

#: Kind of what belongs to another resource -> the kind of that.
_PARTS: Mapping[str, str] = {"organization-variables": "organization", "team-variables": "team"}

#: Verb -> its past.
_PAST: Mapping[str, str] = {
    "call": "called",
    "change": "changed",
    "create": "created",
    "delete": "deleted",
    "list": "listed",
    "read": "read",
    "run": "ran",
    "use": "used",
    "write to": "wrote to",
}

_MAX_NAME_LENGTH = 60

_PLAIN_NAME = re.compile(r"[^:;,\"\\]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedDecision:
    """Decision on an access, in words."""

    verb: str
    #: The resource, such as ``scenario 1 "Order intake" in team Ops``.
    subject: str
    is_allowed: bool
    #: The grants that decided; empty if there are none.
    grant: str = ""
    #: The module of a run that the agent started; empty for the request itself.
    module: str = ""

    def state(self, agent: str, status: int) -> str:
        """Returns the sentence about a request of an agent with the status of its response."""
        who, by = (f"the run of {agent}", f" by {self.module}") if self.module else (agent, "")
        what = f"{self.subject}{by}"
        if not self.is_allowed:
            why = f"it has {self.grant}" if self.grant else "nothing is granted for it"
            return f"{who} tried to {self.verb} {what}: refused, {why}"
        if status >= 400 and not self.module:
            return f"{who} tried to {self.verb} {what}: allowed by {self.grant}, but answered {status}"
        return f"{who} {_PAST[self.verb]} {what}: allowed by {self.grant}"


def state_all(agent: str, decisions: Sequence[StatedDecision], status: int) -> str:
    """Returns the sentences about a request, as one line."""
    return "; ".join(decision.state(agent, status) for decision in decisions)


def describe_grant(grant: Grant | None) -> str:
    """Returns a grant as a policy has it; empty for none."""
    return f"{grant.resource}: {describe_levels(grant)}" if grant is not None else ""


def verb_of_request(method: str, access: Access) -> str:
    """Returns what a request with a method does to the resource of an access."""
    if access.action == WRITE:
        return "delete" if method == "DELETE" else "create" if access.resource.id is None else "change"
    return "list" if access.action == READ and access.resource.id is None else access.action


def verb_of_module(access: Access) -> str:
    """Returns what a module of a run does to the resource of an access."""
    if access.action == RUN:
        return "call" if access.resource.kind == "scenarios" else "use"
    return "write to" if access.action == WRITE else "read"


def describe_resource(world: World, resource: Resource, *, verb: str, place: object = None) -> str:
    """Returns a resource in words: its kind, id, name and team.

    Args:
        place: the team or the organization that a request names, for a kind as a whole.
    """
    if resource.kind == APPS and resource.id is not None:
        return f"the app {resource.id}"
    if resource.id is None:
        noun = _plural(resource.kind) if verb != "create" else _with_article(_noun(resource.kind))
        return noun + _describe_place(place)
    owner = _PARTS.get(resource.kind)
    row = _find(world, resource)
    name = getattr(row, "name", None) or getattr(row, "title", None)
    label = f" {_quote(name)}" if isinstance(name, str) and name else ""
    team = world.teams.get(getattr(row, "team_id", 0) or 0)
    if owner is not None:
        return f"variables of {owner} {resource.id}{label}"
    return f"{_noun(resource.kind)} {resource.id}{label}{_describe_place(team)}"


def _quote(name: str) -> str:
    """Returns a name in quotation marks that it cannot end itself."""
    text = name[:_MAX_NAME_LENGTH].replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _plain(name: str) -> str:
    """Returns a name as it is, or in quotation marks if it could be taken for a part of the sentence."""
    return name[:_MAX_NAME_LENGTH] if _PLAIN_NAME.fullmatch(name) else _quote(name)


def _find(world: World, resource: Resource) -> Any:
    row = ROWS.get(resource.kind)
    if row is None or resource.id is None:
        return None
    if f"{row}Id" in text_id_parameters():
        return world.resource_table(row).get(resource.id)
    return world.resource_table(row).get(int(resource.id)) if resource.id.isdigit() else None


def _describe_place(place: object) -> str:
    if isinstance(place, Team):
        return f" in team {_plain(place.name)}"
    if isinstance(place, Organization):
        return f" in organization {_plain(place.name)}"
    return ""


def _noun(kind: str) -> str:
    return _NOUNS.get(kind) or kind.replace("-", " ").removesuffix("s")


def _plural(kind: str) -> str:
    return f"{_noun(kind)}s" if not kind.endswith("variables") else kind.replace("-", " ")


def _with_article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeio" else f"a {noun}"
