"""Policy files: the agents of a seed, or of ``make-emulator access-report --policy``, with their grants."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ..error_reasons import os_error_reason
from ..plain_text import did_you_mean, printable
from ..policies.agents import CHECK
from ..policies.grants import InvalidGrantsError, parse_grants
from ..world.models import Agent

#: Keys of an agent in a seed. Which token is the agent's is said by the one that runs the proxy.
_KEYS = frozenset({"name", "allow", "runs", "token", "oauthClient"})


class PolicyFileError(ValueError):
    """File that is no policy; the message is one line."""


def read_policy(path: Path, name: str | None = None) -> Agent:
    """Returns the agent of a policy file.

    Args:
        name: the name of the agent, needed for a file with several.

    Raises:
        PolicyFileError: if it cannot be read, is no policy, or has no such agent.
    """
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise PolicyFileError(f"cannot read {path}: {os_error_reason(error)}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PolicyFileError(f"{path} is not YAML: {printable(error)}") from None
    rows = document.get("agents") if isinstance(document, Mapping) else None
    if not isinstance(rows, list) or not rows:
        raise PolicyFileError(f"{path} has no agents: a policy is a list of them, each with name and allow")
    agents = {agent.name: agent for agent in (_parse_agent(path, row) for row in rows)}
    if name is None and len(agents) > 1:
        raise PolicyFileError(f"{path} has the agents {', '.join(agents)}: choose one with --agent")
    if name is not None and name not in agents:
        raise PolicyFileError(f"{path} has no agent {name!r}{did_you_mean(name, agents)}")
    agent = agents[name] if name is not None else next(iter(agents.values()))
    if agent.runs == CHECK:
        raise PolicyFileError(
            f"{path}: {agent.name} has 'runs: check', which cannot be enforced at a zone: its runs use whatever their scenarios use"
        )
    return agent


def _parse_agent(path: Path, row: Any) -> Agent:
    name = row.get("name") if isinstance(row, Mapping) else None
    if not isinstance(row, Mapping) or not isinstance(name, str) or not name:
        raise PolicyFileError(f"{path}: an agent has no name")
    for key in row:
        if key not in _KEYS:
            raise PolicyFileError(f"{path}: {name} has an unknown key {key!r}{did_you_mean(key, _KEYS)}")
    try:
        grants = parse_grants(row.get("allow"))
    except InvalidGrantsError as error:
        raise PolicyFileError(f"{path}: {name}: {printable(error)}") from None
    return Agent(name=name, grants=grants, runs=row.get("runs", "trust"), created=0)
