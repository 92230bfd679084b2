"""Builds a world from a checked seed.

What can only be told while building, such as records that do not fit into their store, is gathered as faults, too;
a world with faults is thrown away by whoever asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..middleware.tenant import Specification
from ..world import people
from ..world.models import User
from ..world.refusals import Refusal
from ..world.world import World
from ..world.zones import host_of
from .blueprints import texts
from .checking import Row, Seed
from .faults import Fault, Path, SeedError
from .loading import load
from .teams import TeamBuilder, lay_out_variable


def build(world: World, specification: Specification) -> None:
    """Fill an empty world.

    Raises:
        SeedError: if the seed makes no sense.
        ValueError: if there is no such zone.
    """
    if specification.zone is not None:
        host_of(specification.zone)
    Builder(world, specification, load(specification.seed)).build()


def check(seed: Any) -> Seed:
    """Load a seed and lay it out in a world of its own, to see whether it makes sense.

    Raises:
        SeedError: with every fault of it.
    """
    loaded = load(seed)
    world = World("check")
    world.clock.freeze()
    Builder(world, Specification(name="check"), loaded).build()
    return loaded


class Builder:
    """Lays out one seed; it remembers the world's now, and what goes wrong."""

    def __init__(self, world: World, specification: Specification, seed: Seed) -> None:
        self.world = world
        self.now = world.now()
        self._specification = specification
        self._seed = seed
        self._faults: list[Fault] = []
        self._users: dict[int, User] = {}

    def build(self) -> None:
        for row in self._seed.users:
            self._users[row["id"]] = people.create_user(
                self.world,
                name=row["name"],
                email=row["email"],
                id=row["id"],
                is_admin=row.get("admin", False),
            )
        for place, row in enumerate(self._seed.organizations):
            with self.place("organizations", place) as path:
                self._organization(row, path, is_first=place == 0)
        for row in self._seed.tokens:
            # A fixed token names the default world only; the worlds beside it get their own.
            token = row.get("token") if self._specification.name == "default" else None
            user = self._users[row["user"]]
            people.create_token(self.world, user, row["scopes"], label=row["label"], token=token)
        self.world.clock.set(self.now)
        if self._faults:
            raise SeedError(self._faults)

    @contextmanager
    def place(self, *path: str | int) -> Iterator[Path]:
        """What is refused in here is a fault of this place of the seed."""
        try:
            yield path
        except Refusal as refusal:
            self._faults.extend(self._seed.document.fault(path, text) for text in texts(refusal))
        except (ValueError, OverflowError) as error:
            self._faults.append(self._seed.document.fault(path, str(error)))

    def go_to(self, row: Row, key: str, path: Path) -> None:
        """Move the clock to a time that a row names, as `fields.Moment` reads it; stay if it names none."""
        if key not in row:
            return
        moment, offset = row[key]
        moment = (moment or self.now) + offset
        with self.place(*path, key):
            if moment > self.now:
                raise ValueError("a time of a seed must not lie in the future")
            self.world.clock.set(moment)

    def _organization(self, row: Row, path: Path, *, is_first: bool) -> None:
        self.go_to(row, "created", path)
        zone, plan = row["zone"], row["plan"]
        if is_first:
            zone = self._specification.zone or zone
            plan = self._specification.plan or plan
        owner = self._users[row["owner"]]
        organization, _ = people.create_organization(
            self.world,
            owner,
            name=row["name"],
            country_id=row["country_id"],
            timezone_id=row["timezone_id"],
            zone=host_of(zone),
            id=row["id"],
        )
        for member in row["members"]:
            people.join_organization(
                self.world, self._users[member["user"]], organization, role_id=member["role"]
            )
        for place, variable in enumerate(row["variables"]):
            with self.place(*path, "variables", place):
                lay_out_variable(self.world, owner, organization, variable)
        for place, team_row in enumerate(row["teams"]):
            with self.place(*path, "teams", place) as team_path:
                team, _ = people.create_team(
                    self.world, owner, organization, name=team_row["name"], id=team_row["id"]
                )
                for member in team_row["members"]:
                    people.join_team(self.world, self._users[member["user"]], team, role_id=member["role"])
                TeamBuilder(self, team, owner, team_path).build(team_row)
        self.world.clock.set(self.now)
        # Last, as if the plan had been changed today: a seed may hold more than the plan lets one create.
        people.change_plan(self.world, organization, plan, row["license"] if plan == row["plan"] else {})
