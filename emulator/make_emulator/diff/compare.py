"""Comparison of two seeds: added, removed and changed resources."""

from __future__ import annotations

from dataclasses import dataclass

from ..redaction.blueprints import Masker
from .json_diff import Change, diff_json
from .resources import DiffOptions, DiffSide, Resource, list_resources


@dataclass(frozen=True, slots=True)
class ChangedResource:
    """Resource of both sides, with its differences."""

    a: Resource
    b: Resource
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class SeedDiff:
    """Result of a comparison; ``added`` are the resources of the second side only."""

    a: str
    b: str
    added: list[Resource]
    removed: list[Resource]
    changed: list[ChangedResource]

    @property
    def is_equal(self) -> bool:
        return not (self.added or self.removed or self.changed)


def diff_seeds(
    a: DiffSide, b: DiffSide, *, by_name: bool | None = None, include_history: bool = False
) -> SeedDiff:
    """Compares two sides.

    Args:
        by_name: whether resources are matched by name rather than by id; by default, if the ids of the teams
            differ.
        include_history: whether to compare times, past executions and positions on the canvas.
    """
    teams_a, teams_b = a.teams(), b.teams()
    if by_name is None:
        by_name = {team["id"] for _, team in teams_a} != {team["id"] for _, team in teams_b}
    options = DiffOptions(
        by_name=by_name,
        include_history=include_history,
        records=a.has_records and b.has_records,
        one_team=len(teams_a) == len(teams_b) == 1,
    )
    of_a = {resource.identity: resource for resource in list_resources(a, options)}
    of_b = {resource.identity: resource for resource in list_resources(b, options)}
    # A secret that one side masks is not a difference.
    mask = Masker().mask
    changed = []
    for identity, resource in of_a.items():
        if other := of_b.get(identity):
            fields, other_fields = mask("", resource.fields)[0], mask("", other.fields)[0]
            if changes := list(diff_json(fields, other_fields)):
                changed.append(ChangedResource(resource, other, changes))
    return SeedDiff(
        a.label,
        b.label,
        added=[resource for identity, resource in of_b.items() if identity not in of_a],
        removed=[resource for identity, resource in of_a.items() if identity not in of_b],
        changed=changed,
    )
