"""Builds a world from a checked seed.

What can only be told while building, such as records that do not fit into their store, is gathered as faults, too;
a world with faults is thrown away by whoever asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..registry import WorldSpec
from ..world import organizations
from ..world.exceptions import DomainError
from ..world.models import User
from ..world.world import World
from ..world.zones import zone_host
from .blueprint_library import issue_texts
from .issues import SeedError, SeedIssue, SeedPath
from .loader import load
from .team_builder import TeamBuilder, create_variable
from .validation import Seed, SeedRow


def build(world: World, specification: WorldSpec) -> None:
    """Fill an empty world.

    Raises:
        SeedError: if the seed makes no sense.
        ValueError: if there is no such zone.
    """
    if specification.zone is not None:
        zone_host(specification.zone)
    WorldBuilder(world, specification, load(specification.seed)).build()


def check(seed: Any) -> Seed:
    """Load a seed and lay it out in a world of its own, to see whether it makes sense.

    Raises:
        SeedError: with every fault of it.
    """
    loaded = load(seed)
    world = World("check")
    world.clock.freeze()
    WorldBuilder(world, WorldSpec(name="check"), loaded).build()
    return loaded


class WorldBuilder:
    """Lays out one seed; it remembers the world's now, and what goes wrong."""

    def __init__(self, world: World, specification: WorldSpec, seed: Seed) -> None:
        self.world = world
        self.now = world.now()
        self._specification = specification
        self._seed = seed
        self._issues: list[SeedIssue] = []
        self._users: dict[int, User] = {}

    def build(self) -> None:
        for row in self._seed.users:
            self._users[row["id"]] = organizations.create_user(
                self.world,
                name=row["name"],
                email=row["email"],
                id=row["id"],
                is_admin=row.get("admin", False),
            )
        for place, row in enumerate(self._seed.organizations):
            with self.collect_issues("organizations", place) as path:
                self._organization(row, path, is_first=place == 0)
        for row in self._seed.tokens:
            # A fixed token names the default world only; the worlds beside it get their own.
            token = row.get("token") if self._specification.name == "default" else None
            user = self._users[row["user"]]
            organizations.create_token(self.world, user, row["scopes"], label=row["label"], token=token)
        self.world.clock.set(self.now)
        if self._issues:
            raise SeedError(self._issues)

    @contextmanager
    def collect_issues(self, *path: str | int) -> Iterator[SeedPath]:
        """What is refused in here is a fault of this place of the seed."""
        try:
            yield path
        except DomainError as refusal:
            self._issues.extend(self._seed.document.issue_at(path, text) for text in issue_texts(refusal))
        except (ValueError, OverflowError) as error:
            self._issues.append(self._seed.document.issue_at(path, str(error)))

    def move_clock_to(self, row: SeedRow, key: str, path: SeedPath) -> None:
        """Move the clock to a time that a row names, as `fields.Moment` reads it; stay if it names none."""
        if key not in row:
            return
        moment, offset = row[key]
        moment = (moment or self.now) + offset
        with self.collect_issues(*path, key):
            if moment > self.now:
                raise ValueError("a time of a seed must not lie in the future")
            self.world.clock.set(moment)

    def _organization(self, row: SeedRow, path: SeedPath, *, is_first: bool) -> None:
        self.move_clock_to(row, "created", path)
        zone, plan = row["zone"], row["plan"]
        if is_first:
            zone = self._specification.zone or zone
            plan = self._specification.plan or plan
        owner = self._users[row["owner"]]
        organization, _ = organizations.create_organization(
            self.world,
            owner,
            name=row["name"],
            country_id=row["country_id"],
            timezone_id=row["timezone_id"],
            zone=zone_host(zone),
            id=row["id"],
        )
        for member in row["members"]:
            organizations.add_organization_member(
                self.world, self._users[member["user"]], organization, role_id=member["role"]
            )
        for place, variable in enumerate(row["variables"]):
            with self.collect_issues(*path, "variables", place):
                create_variable(self.world, owner, organization, variable)
        for place, team_row in enumerate(row["teams"]):
            with self.collect_issues(*path, "teams", place) as team_path:
                team, _ = organizations.create_team(
                    self.world, owner, organization, name=team_row["name"], id=team_row["id"]
                )
                for member in team_row["members"]:
                    organizations.add_team_member(
                        self.world, self._users[member["user"]], team, role_id=member["role"]
                    )
                TeamBuilder(self, team, owner, team_path).build(team_row)
        self.world.clock.set(self.now)
        # Last, as if the plan had been changed today: a seed may hold more than the plan lets one create.
        organizations.change_plan(
            self.world, organization, plan, row["license"] if plan == row["plan"] else {}
        )
