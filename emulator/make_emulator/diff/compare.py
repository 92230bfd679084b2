"""Compares two sides: what only one of them has, and in what the others differ."""

from __future__ import annotations

from dataclasses import dataclass

from ..importer import Masker
from .json_diff import Change, diff_json
from .resources import DiffOptions, DiffSide, Resource, list_resources


@dataclass(frozen=True, slots=True)
class ChangedResource:
    """A thing that both sides have, and the places at which it differs."""

    a: Resource
    b: Resource
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class SeedDiff:
    """What a comparison of two sides came to. ``added`` is what only the second has."""

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
    """Compare two sides.

    Args:
        by_name: whether things are the same that have the same name, whatever their ids; left out, if the teams
            have other ids.
        include_history: whether times, past executions and places on the canvas count.
    """
    teams_a, teams_b = a.teams(), b.teams()
    if by_name is None:
        by_name = {team["id"] for _, team in teams_a} != {team["id"] for _, team in teams_b}
    view = DiffOptions(
        by_name=by_name,
        include_history=include_history,
        records=a.has_records and b.has_records,
        one_team=len(teams_a) == len(teams_b) == 1,
    )
    of_a = {thing.identity: thing for thing in list_resources(a, view)}
    of_b = {thing.identity: thing for thing in list_resources(b, view)}
    # A secret that one side masks is no difference.
    mask = Masker().mask
    changed = []
    for identity, thing in of_a.items():
        if other := of_b.get(identity):
            fields, other_fields = mask("", thing.fields)[0], mask("", other.fields)[0]
            if found := list(diff_json(fields, other_fields)):
                changed.append(ChangedResource(thing, other, found))
    return SeedDiff(
        a.label,
        b.label,
        added=[thing for identity, thing in of_b.items() if identity not in of_a],
        removed=[thing for identity, thing in of_a.items() if identity not in of_b],
        changed=changed,
    )
