"""Least policy: for each token and OAuth client the fewest grants with which every request that was made would pass.

A kind that was listed or created is granted as a whole, any other by its single resources. Requests that a policy refused do not
count. The text is the key ``agents`` of a seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..json_types import Json
from ..policies import agents
from ..policies.grants import actions_of_levels, least_levels
from ..policies.resources import READ, Access, parse_access
from ..registry import WorldHandle
from ..world.models import Agent, OAuthAccess, Token, ToolboxAccess
from ..world.world import World

#: Single resources of a kind that are granted one by one; of more the kind is granted.
MAX_SINGLES = 20


def report(handle: WorldHandle) -> list[dict[str, Json]]:
    """Returns the agents of a least policy, as a seed has them, in the order of their names."""
    tokens, accesses = handle.usage_stats.tokens(), handle.usage_stats.accesses()
    rows: dict[str, dict[str, Json]] = {}
    used: dict[str, set[Access]] = {}
    with handle.locked() as world:
        for text, found in accesses.items():
            token = tokens[text]
            if isinstance(token, ToolboxAccess):
                # A key of a toolbox is limited by its tools.
                continue
            agent = agents.find(world, token)
            row = _holder(world, token, agent)
            name = str(row["name"])
            # The grants of one client, to several users, are one agent, and so are the tokens that an agent makes.
            rows.setdefault(name, row)
            used.setdefault(name, set()).update(map(parse_access, found))
    return [{**rows[name], "allow": least_grants(used[name])} for name in sorted(rows)]


def render_yaml(rows: Sequence[Mapping[str, Json]]) -> str:
    """Renders a least policy as YAML that can be pasted into a seed."""
    # Only here: it takes a while to import.
    import yaml

    return yaml.safe_dump({"agents": [dict(row) for row in rows]}, sort_keys=False, allow_unicode=True)


def least_grants(accesses: Iterable[Access]) -> dict[str, Json]:
    """Returns the fewest grants that allow some accesses, as a seed has them."""
    by_kind: dict[str, dict[str | None, set[str]]] = {}
    for action, (kind, id) in accesses:
        by_kind.setdefault(kind, {}).setdefault(id, set()).add(action)
    allow: dict[str, Json] = {}
    for kind in sorted(by_kind):
        singles = by_kind[kind]
        whole = singles.pop(None, set())
        if len(singles) > MAX_SINGLES:
            whole = whole.union(*singles.values())
            singles = {}
        if whole:
            allow[kind] = least_levels(whole)
        for id in sorted(singles, key=_natural_order):
            # It takes the place of the grant of its kind, and must not vanish from lists.
            actions = singles[id] | (whole & {READ})
            if not whole or not actions <= _allowed_by(whole):
                allow[f"{kind}/{id}"] = least_levels(actions)
    return allow


def _allowed_by(actions: set[str]) -> frozenset[str]:
    levels = least_levels(actions)
    names = levels if isinstance(levels, list) else [levels]
    return actions_of_levels(map(str, names))


def _natural_order(id: str | None) -> tuple[int, str]:
    text = id or ""
    return (int(text), text) if text.isascii() and text.isdigit() else (0, text)


def _holder(world: World, token: Token, agent: Agent | None) -> dict[str, Json]:
    """Returns the name of an agent and what it has, a token or an OAuth client."""
    if agent is None:
        key = "oauthClient" if isinstance(token, OAuthAccess) else "token"
        return {"name": token.label, key: token.label}
    row: dict[str, Json] = {"name": agent.name}
    client = world.oauth_clients.get(agent.client_id) if agent.client_id is not None else None
    own = world.tokens.get(agent.token) if agent.token is not None else None
    if own is not None:
        row["token"] = own.label
    if client is not None:
        row["oauthClient"] = client.name
    return row if agent.runs == agents.TRUST else {**row, "runs": agent.runs}
