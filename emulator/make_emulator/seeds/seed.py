"""Validated seed: rows that a world is built from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path as File
from typing import Any

from ..lazy_dataclasses import dataclass
from ..world.models import CustomModule
from .blueprint_library import file_stamp
from .issues import IssueLocator, SeedPath

SeedRow = dict[str, Any]

#: Kind of resource -> the key of its list in a team.
TEAM_RESOURCE_KEYS = {
    "connection": "connections",
    "key": "keys",
    "device": "devices",
    "hook": "hooks",
    "function": "functions",
    "folder": "folders",
    "dataStructure": "data_structures",
    "dataStore": "data_stores",
    "scenario": "scenarios",
    "toolbox": "toolboxes",
    "template": "templates",
}


@dataclass(frozen=True)
class Seed:
    """Validated seed: every row has its id, every reference is an id, every blueprint was read."""

    settings: SeedRow
    users: list[SeedRow]
    tokens: list[SeedRow]
    oauth_clients: list[SeedRow]
    agents: list[SeedRow]
    modules: Sequence[CustomModule]
    organizations: list[SeedRow]
    document: IssueLocator
    file_stamps: Mapping[File, tuple[int, int]] = field(default_factory=dict)

    def is_fresh(self) -> bool:
        """Returns True if the files of its blueprints are unchanged."""
        try:
            return all(file_stamp(path) == before for path, before in self.file_stamps.items())
        except OSError:
            return False


def iter_rows(owner: SeedRow, key: str, path: SeedPath) -> Iterator[tuple[SeedPath, SeedRow]]:
    """The rows of a list, each with its path."""
    for place, row in enumerate(owner.get(key, ())):
        yield (*path, camel_case(key), place), row


def camel_case(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)
