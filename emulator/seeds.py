"""Builds a world from a seed: a YAML file in ``fixtures/worlds``, a file of the user's, or the same as an object.

A seed names users, organizations and teams, and in each team what it holds. Times are written relative to the
world's now, e.g. ``-2h``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import yaml

from .data import fixture
from .engine import executor, lifecycle
from .middleware.tenant import Specification
from .world import datastores, people
from .world.clock import DAY, MINUTE, SECOND
from .world.enums import SCOPES
from .world.models import Connection, Hook, Team, Template, User
from .world.plans import PLANS
from .world.refusals import Refusal
from .world.world import World

_UNITS = {"s": SECOND, "m": MINUTE, "h": 60 * MINUTE, "d": DAY}
_AGO = re.compile(r"-([0-9]{1,6})([smhd])", re.ASCII)

#: What stands in a seed for a set of scopes.
SCOPE_SETS = {
    "all": SCOPES,
    "read": frozenset(scope for scope in SCOPES if scope.endswith(":read")),
}


class SeedError(ValueError):
    """A seed that makes no sense, with the place of the fault."""


def load(seed: Any) -> Mapping[str, Any]:
    """Read a seed given by name, by path, or as an object.

    Raises:
        SeedError: if there is no such seed, or it is not a mapping.
    """
    if isinstance(seed, Mapping):
        return seed
    path = fixture("worlds", f"{seed}.yaml")
    if not path.is_file():
        path = Path(str(seed))
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        raise SeedError(f"there is no seed named {seed!r}, nor a file of that name") from None
    try:
        return _parsed(text)
    except yaml.YAMLError as error:
        raise SeedError(f"{path}: {error}") from None


@lru_cache(maxsize=8)
def _parsed(text: str) -> Mapping[str, Any]:
    data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not isinstance(data, Mapping):
        raise SeedError("a seed must be a mapping")
    return data


def build(world: World, specification: Specification) -> None:
    """Fill an empty world.

    Raises:
        SeedError: if the seed makes no sense.
    """
    try:
        _Builder(world, specification).build(load(specification.seed))
    except (KeyError, TypeError, AttributeError) as error:
        raise SeedError(f"the seed is malformed: {type(error).__name__}: {error}") from error
    except Refusal as refusal:
        raise SeedError(
            f"the seed is refused: {refusal.detail} {' '.join(getattr(refusal, 'faults', ()))}"
        ) from refusal


class _Builder:
    def __init__(self, world: World, specification: Specification) -> None:
        self.world = world
        self.specification = specification
        self.now = world.now()
        self.users: dict[int, User] = {}

    def build(self, seed: Mapping[str, Any]) -> None:
        for row in seed["users"]:
            self.users[row["id"]] = people.create_user(
                self.world,
                name=row["name"],
                email=row["email"],
                id=row["id"],
                is_admin=row.get("admin", False),
            )
        for number, row in enumerate(seed["organizations"]):
            self._organization(row, is_first=number == 0)
        if not seed.get("tokens"):
            raise SeedError("a seed needs a token, or nobody could call its world")
        for row in seed["tokens"]:
            self._token(row)
        self.world.clock.set(self.now)

    def _at(self, text: str | None) -> None:
        """Move the clock to a time of the seed."""
        if text is None:
            return
        match = _AGO.fullmatch(text)
        if match is None:
            raise SeedError(f"{text!r} is not a time such as -2h or -30d")
        self.world.clock.set(self.now - int(match[1]) * _UNITS[match[2]])

    def _token(self, row: Mapping[str, Any]) -> None:
        scopes = row["scopes"]
        # A fixed token names the default world only; the worlds beside it get their own.
        token = row.get("token") if self.specification.name == "default" else None
        people.create_token(
            self.world,
            self.users[row["user"]],
            SCOPE_SETS[scopes] if isinstance(scopes, str) else scopes,
            label=row["label"],
            token=token,
        )

    def _organization(self, row: Mapping[str, Any], *, is_first: bool) -> None:
        self._at(row.get("created"))
        zone, plan = row.get("zone", "eu1.make.com"), row.get("plan", "enterprise")
        if is_first:
            zone = self.specification.zone or zone
            plan = self.specification.plan or plan
        if plan not in PLANS:
            raise SeedError(f"there is no plan named {plan!r}; there are: {', '.join(PLANS)}")
        owner = self.users[row["owner"]]
        organization, _ = people.create_organization(
            self.world,
            owner,
            name=row["name"],
            country_id=row.get("countryId", 59),
            timezone_id=row.get("timezoneId", 113),
            zone=zone if "." in zone else f"{zone}.make.com",
            id=row["id"],
        )
        for member in row.get("members", ()):
            people.join_organization(
                self.world, self.users[member["user"]], organization, role_id=member["role"]
            )
        for team_row in row.get("teams", ()):
            team, _ = people.create_team(
                self.world, owner, organization, name=team_row["name"], id=team_row["id"]
            )
            for member in team_row.get("members", ()):
                people.join_team(self.world, self.users[member["user"]], team, role_id=member["role"])
            self._team(team, owner, team_row)
        # Last, as if the plan had been changed today: a seed may hold more than the plan lets one create.
        people.change_plan(self.world, organization, plan)

    def _team(self, team: Team, owner: User, row: Mapping[str, Any]) -> None:
        self._connections(team, owner, row.get("connections", ()))
        self._hooks(team, row.get("hooks", ()))
        self._data(team, row)
        for scenario in row.get("scenarios", ()):
            self._scenario(team, owner, scenario)
        for template in row.get("templates", ()):
            self._template(team, template)

    def _connections(self, team: Team, owner: User, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            self.world.ids.claim("connection", row["id"])
            self.world.connections.put(
                Connection(
                    id=row["id"],
                    name=row["name"],
                    team_id=team.id,
                    account_name=row["type"],
                    account_label=row["label"],
                    account_type=row.get("accountType", "oauth"),
                    theme=row.get("theme", "#c73a63"),
                    metadata=row.get("metadata"),
                    scopes=tuple(row.get("scopes", ())),
                    author_id=owner.id,
                )
            )

    def _hooks(self, team: Team, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            self.world.ids.claim("hook", row["id"])
            self.world.hooks.put(
                Hook(
                    id=row["id"],
                    name=row["name"],
                    team_id=team.id,
                    udid=self.world.ids.udid(),
                    type="mail" if row["type"] == "gateway-mailhook" else "web",
                    type_name=row["type"],
                    theme="#c73a63",
                    data={"teamId": team.id, **row.get("data", {})},
                )
            )

    def _data(self, team: Team, row: Mapping[str, Any]) -> None:
        structures = {}
        for structure in row.get("dataStructures", ()):
            structures[structure["id"]] = datastores.create_structure(
                self.world,
                team,
                name=structure["name"],
                spec=structure["spec"],
                strict=structure.get("strict", False),
                id=structure["id"],
            )
        for store in row.get("dataStores", ()):
            created = datastores.create_store(
                self.world,
                team,
                name=store["name"],
                max_size_mb=store.get("maxSizeMB", 1),
                structure=structures.get(store.get("dataStructure")),
                id=store["id"],
            )
            for record in store.get("records", ()):
                datastores.add_record(self.world, created, key=str(record["key"]), data=record.get("data"))

    def _scenario(self, team: Team, owner: User, row: Mapping[str, Any]) -> None:
        self._at(row.get("created"))
        blueprint = _blueprint(row["blueprint"])
        io = blueprint.pop("io", {})
        scenario = lifecycle.create(
            self.world,
            owner,
            team,
            blueprint={**blueprint, "name": row.get("name", blueprint["name"])},
            scheduling=row["scheduling"],
            input_spec=io.get("input_spec"),
            output_spec=io.get("output_spec"),
            confirmed=True,
            id=row["id"],
        )
        if row.get("active", False):
            self._at(row.get("started"))
            lifecycle.start(self.world, owner, scenario)
        for run in row.get("runs", ()):
            self._at(run["at"])
            executor.run(
                self.world,
                self.world.scenarios[scenario.id],
                inputs=run.get("inputs"),
                kind="auto",
                author_id=owner.id if run.get("manual", True) else None,
                trigger_bundle=run.get("bundle"),
            )
        self.world.clock.set(self.now)
        lifecycle.await_next(self.world, self.world.scenarios[scenario.id])

    def _template(self, team: Team, row: Mapping[str, Any]) -> None:
        self.world.ids.claim("template", row["id"])
        blueprint = _blueprint(row["blueprint"])
        blueprint.pop("io", None)
        apps = dict.fromkeys(node["module"].partition(":")[0] for node in blueprint["flow"])
        self.world.templates.put(
            Template(
                id=row["id"],
                name=row["name"],
                team_id=team.id,
                description=row.get("description"),
                language=row.get("language", "en"),
                used_apps=tuple(apps),
                blueprint=blueprint,
                scheduling=row.get("scheduling", {"type": "indefinitely", "interval": 900}),
                controller={"name": row["name"], "modules": {}, "idSequence": len(blueprint["flow"]) + 1},
                created=self.world.now(),
            )
        )


def _blueprint(source: Any) -> dict[str, Any]:
    """A blueprint given as an object, or by the name of a file in ``fixtures/blueprints``."""
    if isinstance(source, Mapping):
        return dict(source)
    path = fixture("blueprints", f"{source}.json")
    try:
        data: dict[str, Any] = orjson.loads(path.read_bytes())
    except OSError:
        raise SeedError(f"there is no blueprint named {source!r}") from None
    return data
