"""Least policy: for each token and OAuth client the fewest grants with which every request that was made would pass.

Requests that a policy refused do not count. The text is the key ``agents`` of a seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..http.endpoint import Endpoint
from ..http.usage_stats import SCENARIO_TOOL_ENDPOINT
from ..json_types import Json
from ..policies import agents
from ..policies.grants import least_levels
from ..policies.resources import RUN, endpoint_accesses
from ..registry import WorldHandle
from ..world.models import OAuthAccess, ToolboxAccess

DENIED_POLICY = "refused: policy"


def report(handle: WorldHandle, endpoints: Sequence[Endpoint]) -> list[dict[str, Json]]:
    """Returns the agents of a least policy, as a seed has them, in the order of their names."""
    pairs = {
        endpoint.route: endpoint_accesses(endpoint.method, endpoint.path, endpoint.scopes)
        for endpoint in endpoints
    }
    pairs[SCENARIO_TOOL_ENDPOINT] = [("scenarios", RUN)]
    used: dict[str, set[tuple[str, str]]] = {}
    for case in handle.usage_stats.counts():
        if case.decision != DENIED_POLICY and case.endpoint in pairs:
            used.setdefault(case.token, set()).update(pairs[case.endpoint])
    tokens = handle.usage_stats.tokens()
    rows: dict[str, dict[str, Json]] = {}
    actions: dict[str, set[tuple[str, str]]] = {}
    with handle.locked() as world:
        for text, accesses in used.items():
            token = tokens[text]
            if isinstance(token, ToolboxAccess):
                # A key of a toolbox is limited by its tools.
                continue
            agent = agents.find(world, token)
            name = agent.name if agent is not None else token.label
            key = "oauthClient" if isinstance(token, OAuthAccess) else "token"
            # The grants of one client, to several users, are one agent.
            rows.setdefault(name, {"name": name, key: token.label})
            actions.setdefault(name, set()).update(accesses)
    return [{**rows[name], "allow": _allow(actions[name])} for name in sorted(rows)]


def render_yaml(rows: Sequence[Mapping[str, Json]]) -> str:
    """Renders a least policy as YAML that can be pasted into a seed."""
    # Only here: it takes a while to import.
    import yaml

    return yaml.safe_dump({"agents": [dict(row) for row in rows]}, sort_keys=False, allow_unicode=True)


def _allow(accesses: Iterable[tuple[str, str]]) -> dict[str, Json]:
    by_kind: dict[str, set[str]] = {}
    for kind, action in accesses:
        by_kind.setdefault(kind, set()).add(action)
    return {kind: least_levels(by_kind[kind]) for kind in sorted(by_kind)}
