"""Builder of a world from a validated seed.

Issues that are found only while building, such as records that do not fit into their store, are collected, too; the
caller discards a world with issues.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ..engine import custom_functions, inputs
from ..engine.budget import Budget
from ..engine.runtime import executor
from ..engine.scenarios import activation, crud
from ..policies import agents
from ..registry import DEFAULT_WORLD, WorldSpec
from ..world import (
    connections,
    credential_requests,
    custom_properties,
    custom_roles,
    data_stores,
    devices,
    folders,
    functions,
    hooks,
    keys,
    oauth,
    organizations,
    private_spaces,
    settings,
    templates,
    toolboxes,
    variables,
)
from ..world.exceptions import DomainError
from ..world.models import CredentialComponent, OAuthClient, Organization, Team, Token, User
from ..world.world import World
from ..world.zones import zone_host
from . import generator, prototypes
from .blueprint_library import issue_texts
from .issues import SeedError, SeedIssue, SeedPath
from .loader import load
from .seed import Seed, SeedRow, iter_rows


def build(world: World, specification: WorldSpec) -> None:
    """Build a seed, and the public templates, into an empty world.

    Raises:
        SeedError: if the seed is invalid.
        ValueError: if there is no such zone.
    """
    if specification.zone is not None:
        zone_host(specification.zone)
    seed = load(specification.seed)
    if prototypes.load(world, specification, seed):
        return
    with world.ids.recorded_names() as names:
        templates.install_public_templates(world)
        WorldBuilder(world, specification, seed).build()
    prototypes.keep(world, specification, seed, names)


def check(seed: Any) -> Seed:
    """Load a seed and build it into a world of its own, to validate it.

    Raises:
        SeedError: with every issue.
    """
    loaded = load(seed)
    world = World("check")
    world.clock.freeze()
    WorldBuilder(world, WorldSpec(name="check"), loaded).build()
    return loaded


class WorldBuilder:
    """Builder of one seed; it holds the world's now, and the issues."""

    def __init__(self, world: World, specification: WorldSpec, seed: Seed) -> None:
        self.world = world
        self.now = world.now()
        self._specification = specification
        self._seed = seed
        #: All runs of the seed share it.
        self.budget = Budget(seconds=world.run_time_limit)
        self._issues: list[SeedIssue] = []
        self._users: dict[int, User] = {}
        # By the identities of their rows, which agents refer to.
        self._tokens: dict[int, Token] = {}
        self._clients: dict[int, OAuthClient] = {}

    def build(self) -> None:
        """Build the users, organizations and tokens of the seed.

        Raises:
            SeedError: with every issue that was found while building.
        """
        settings.apply(self.world, self._seed.settings)
        self.world.custom_modules.update({module.name: module for module in self._seed.modules})
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
            # A fixed token belongs to the default world only; other worlds get their own.
            token = row.get("token") if self.is_default_world else None
            user = self._users[row["user"]]
            made = organizations.create_token(
                self.world, user, row["scopes"], label=row["label"], token=token
            )
            self._tokens[id(row)] = made
        for row in self._seed.oauth_clients:
            self._clients[id(row)] = self._oauth_client(row)
        for row in self._seed.agents:
            self._agent(row)
        self.world.clock.set(self.now)
        if self._issues:
            raise SeedError(self._issues)

    def _agent(self, row: SeedRow) -> None:
        token, client = row["token"], row["oauth_client"]
        agents.put(
            self.world,
            row["name"],
            row["allow"],
            user=next(iter(self._users.values())),
            token=None if token is None else self._tokens[id(token)],
            client=None if client is None else self._clients[id(client)],
            runs=row["runs"],
        )

    def _oauth_client(self, row: SeedRow) -> OAuthClient:
        is_default = self.is_default_world
        return oauth.create_client(
            self.world,
            name=row["name"],
            redirect_uris=row["redirect_uris"],
            scopes=row["scopes"],
            is_public=row["public"],
            allows_loopback=row["allow_loopback"],
            auto_approve=row["auto_approve"],
            rotates_refresh_tokens=row["rotate_refresh_tokens"],
            # As fixed tokens, they are those of the default world only.
            id=row.get("id") if is_default else None,
            secret=row.get("secret") if is_default else None,
        )

    @property
    def is_default_world(self) -> bool:
        """True for the world that a server starts with."""
        return self._specification.name == DEFAULT_WORLD

    @contextmanager
    def collect_issues(self, *path: str | int) -> Iterator[SeedPath]:
        """Collect domain errors in this context as issues at a path of the seed."""
        try:
            yield path
        except DomainError as error:
            self._issues.extend(self._seed.document.issue_at(path, text) for text in issue_texts(error))
        except (ValueError, OverflowError) as error:
            self._issues.append(self._seed.document.issue_at(path, str(error)))

    def move_clock_to(self, row: SeedRow, key: str, path: SeedPath) -> None:
        """Set the clock to a time of a row, as `fields.TimeField` reads it; no change if the row has none."""
        if key not in row:
            return
        moment, offset = row[key]
        moment = (moment or self.now) + offset
        with self.collect_issues(*path, key):
            if moment > self.now:
                raise ValueError("a time of a seed must not be in the future")
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
        for place, role in enumerate(row["custom_roles"]):
            with self.collect_issues(*path, "customRoles", place):
                custom_roles.create(self.world, organization, **role)
        for member in row["members"]:
            organizations.add_organization_member(
                self.world, self._users[member["user"]], organization, role_id=member["role"]
            )
        for place, variable in enumerate(row["variables"]):
            with self.collect_issues(*path, "variables", place):
                _create_variable(self.world, owner, organization, variable)
        if "custom_properties" in row:
            structure = custom_properties.create_structure(self.world, organization)
            for place, item in enumerate(row["custom_properties"]):
                with self.collect_issues(*path, "customProperties", place):
                    custom_properties.create_item(self.world, structure, **item)
        for place, team_row in enumerate(row["teams"]):
            with self.collect_issues(*path, "teams", place) as team_path:
                team = self._team(organization, owner, team_row)
                for member in team_row["members"]:
                    organizations.add_team_member(
                        self.world, self._users[member["user"]], team, role_id=member["role"]
                    )
                author = owner if team.owner_id is None else self._users[team.owner_id]
                _TeamBuilder(self, team, author, team_path).build(team_row)
        self.world.clock.set(self.now)
        # Last, as if the plan had been changed today: a seed may hold more than the plan lets one create.
        organizations.change_plan(
            self.world, organization, plan, row["license"] if plan == row["plan"] else {}
        )

    def _team(self, organization: Organization, creator: User, row: SeedRow) -> Team:
        """Creates a team, or the private space of a user."""
        id, name, owner_id = row["id"], row["name"], row["private_space_of"]
        if owner_id is None:
            return organizations.create_team(self.world, creator, organization, name=name, id=id)[0]
        if (owner_id, organization.id) not in self.world.organization_members:
            raise ValueError("the user of a private space must be a member of the organization")
        return private_spaces.create(self.world, organization, self._users[owner_id], name=name, id=id)


class _TeamBuilder:
    """Builder of the resources of one team."""

    def __init__(self, context: WorldBuilder, team: Team, owner: User, path: SeedPath) -> None:
        self.context = context
        self.world = context.world
        self.team = team
        self.owner = owner
        self.path = path

    def build(self, row: SeedRow) -> None:
        """Insert the resources of the team's row, in the order of their references."""
        for kind, insert in (
            ("variables", self._variable),
            ("connections", self._connection),
            ("keys", self._key),
            ("devices", self._device),
            ("data_structures", self._structure),
            ("hooks", self._hook),
            ("functions", self._function),
            ("folders", self._folder),
        ):
            for item, path in self._each(row, kind):
                with self.context.collect_issues(*path):
                    insert(item)
        for item, path in self._each(row, "credential_requests"):
            with self.context.collect_issues(*path):
                self._credential_request(item, path)
        for item, path in self._each(row, "data_stores"):
            with self.context.collect_issues(*path):
                self._store(item, path)
        for item, path in self._each(row, "scenarios"):
            with self.context.collect_issues(*path):
                self._scenario(item, path)
            self.world.clock.set(self.context.now)
        self.world.clock.set(self.context.now)
        for item, path in self._each(row, "toolboxes"):
            self._toolbox(item, path)
        for item, path in self._each(row, "templates"):
            with self.context.collect_issues(*path):
                self._template(item)
        if counts := row.get("generate"):
            generator.generate(self.world, self.team, self.owner, counts)

    def _each(self, row: SeedRow, kind: str) -> Iterator[tuple[SeedRow, SeedPath]]:
        for path, item in iter_rows(row, kind, self.path):
            yield item, path

    def _variable(self, row: SeedRow) -> None:
        _create_variable(self.world, self.owner, self.team, row)

    def _connection(self, row: SeedRow) -> None:
        connections.insert(
            self.world,
            self.team.id,
            name=row["name"],
            type_name=row["type"],
            account_label=row.get("label"),
            account_type=row.get("account_type"),
            theme=row.get("theme"),
            metadata=row.get("metadata"),
            scopes=row["scopes"],
            author_id=self.owner.id,
            id=row["id"],
        )

    def _key(self, row: SeedRow) -> None:
        keys.create(
            self.world,
            self.team,
            name=row["name"],
            type_name=row["type"],
            parameters=row.get("parameters"),
            id=row["id"],
        )

    def _credential_request(self, row: SeedRow, path: SeedPath) -> None:
        kinds: tuple[tuple[CredentialComponent, str, str], ...] = (
            ("account", "connections", "connection"),
            ("keychain", "keys", "key"),
        )
        rows = [
            (component, reference, (*path, section, place), item)
            for component, section, reference in kinds
            for place, item in enumerate(row[section])
        ]
        self.context.move_clock_to(row, "created", path)
        request = credential_requests.create(
            self.world,
            self.world.users[row["user"]] if row["user"] is not None else self.owner,
            self.team.id,
            [self._credential_spec(component, item) for component, _, _, item in rows],
            name=row["name"],
            description=row.get("description"),
            provider=self.world.users[row["provider"]] if row["provider"] is not None else None,
            is_action=row["provider"] is None,
        )
        created = credential_requests.credentials_of(self.world, request)
        for credential, (_, reference, here, item) in zip(created, rows, strict=True):
            with self.context.collect_issues(*here):
                if item[reference] is not None:
                    credential = credential_requests.authorize_with(self.world, credential, item[reference])
                if "declined" in item:
                    credential_requests.decline(self.world, credential, item["declined"] or None)
        self.world.clock.set(self.context.now)

    @staticmethod
    def _credential_spec(component: CredentialComponent, row: SeedRow) -> credential_requests.CredentialSpec:
        return credential_requests.CredentialSpec(
            component=component,
            name=row["type"],
            description=row.get("description"),
            scope=row.get("scopes", ()),
            name_override=row.get("name"),
            app_name=row.get("app"),
            app_modules=row["app_modules"],
            app_version=row.get("app_version"),
        )

    def _device(self, row: SeedRow) -> None:
        device = devices.create(
            self.world,
            self.team,
            name=row["name"],
            scope=row["scope"],
            info=row.get("info"),
            id=row["id"],
        )
        for message in row["incomings"]:
            devices.enqueue(self.world, device, devices.INCOMING, **message)

    def _hook(self, row: SeedRow) -> None:
        kind = hooks.all_hook_types().get(row["type"])
        data = row["data"]
        if kind is not None:
            data = hooks.validate_hook_data(self.world, self.team.id, kind, data, use_defaults=True)
        hooks.insert(
            self.world,
            self.team.id,
            name=row["name"],
            type_name=row["type"],
            data=data,
            enabled=row["enabled"],
            alone_since=self.context.now,
            id=row["id"],
        )

    def _function(self, row: SeedRow) -> None:
        # The code is not run: reading a seed takes no JavaScript engine.
        custom_functions.check_name(row["name"])
        functions.create(
            self.world,
            self.owner,
            self.team,
            name=row["name"],
            description=row["description"],
            code=row["code"],
            id=row["id"],
        )

    def _folder(self, row: SeedRow) -> None:
        parent = self.world.folders[row["parent"]] if row["parent"] is not None else None
        folders.create(self.world, self.team, name=row["name"], parent=parent, id=row["id"])

    def _structure(self, row: SeedRow) -> None:
        data_stores.create_structure(
            self.world, self.team, name=row["name"], spec=row["spec"], strict=row["strict"], id=row["id"]
        )

    def _store(self, row: SeedRow, path: SeedPath) -> None:
        structure_id = row["data_structure"]
        store = data_stores.create_store(
            self.world,
            self.team,
            name=row["name"],
            max_size_mb=row["max_size_mb"],
            structure=self.world.data_structures[structure_id] if structure_id is not None else None,
            id=row["id"],
        )
        for place, record in enumerate(row["records"]):
            with self.context.collect_issues(*path, "records", place):
                data_stores.add_record(self.world, store, key=record["key"], data=record.get("data"))

    def _scenario(self, row: SeedRow, path: SeedPath) -> None:
        self.context.move_clock_to(row, "created", path)
        scenario = crud.create(
            self.world,
            self.owner,
            self.team,
            blueprint=row["blueprint"],
            scheduling=row["scheduling"],
            folder=self.world.folders[row["folder"]] if row["folder"] is not None else None,
            input_spec=row["io"].get("input_spec"),
            output_spec=row["io"].get("output_spec"),
            confirmed=True,
            id=row["id"],
            is_tool=row["type"] == "tool",
        )
        if row["description"]:
            scenario = self.world.scenarios.put(replace(scenario, description=row["description"]))
        if "custom_properties" in row:
            with self.context.collect_issues(*path, "customProperties"):
                custom_properties.create_values(self.world, scenario, row["custom_properties"])
        if row["active"]:
            with self.context.collect_issues(*path, "active"):
                self.context.move_clock_to(row, "started", path)
                activation.start(self.world, self.owner, scenario)
        for place, run in enumerate(row["runs"]):
            with self.context.collect_issues(*path, "runs", place) as here:
                self._run(scenario.id, row, run, here)
        self.world.clock.set(self.context.now)
        if row["invalid"]:
            scenario = replace(
                self.world.scenarios[scenario.id], is_invalid=True, is_active=False, next_exec=None
            )
            self.world.scenarios.put(scenario)
        activation.reschedule(self.world, self.world.scenarios[scenario.id])

    def _toolbox(self, row: SeedRow, path: SeedPath) -> None:
        # Fixed names by which clients find it belong to the default world only.
        is_default = self.context.is_default_world
        uuid = row.get("uuid") if is_default else None
        toolbox = toolboxes.create(
            self.world, self.team, self.owner, name=row["name"], id=row["id"], uuid=uuid
        )
        for place, tool in enumerate(row["tools"]):
            with self.context.collect_issues(*path, "tools", place):
                toolboxes.add_tool(
                    self.world,
                    toolbox,
                    self.world.scenarios[tool["scenario"]],
                    label=tool["label"],
                    description=tool["description"],
                    is_read_only=tool["read_only"],
                )
        for key in row["keys"]:
            text = key.get("key") if is_default else None
            toolboxes.create_key(self.world, toolbox, label=key["label"], key=text)

    def _run(self, scenario_id: int, row: SeedRow, run: SeedRow, path: SeedPath) -> None:
        self.context.move_clock_to(run, "at", path)
        spec, values = row["io"].get("input_spec"), run.get("inputs")
        executor.run_scenario(
            self.world,
            self.world.scenarios[scenario_id],
            inputs=inputs.validate_inputs(spec, values) if spec else values,
            kind="auto",
            author_id=self.owner.id if run["manual"] else None,
            trigger_bundle=run.get("bundle"),
            budget=self.context.budget,
        )
        if self.context.budget.is_exhausted:
            raise ValueError("the runs of the seed take too long together")

    def _template(self, row: SeedRow) -> None:
        templates.insert(
            self.world,
            self.team.id,
            name=row["name"],
            description=row.get("description"),
            language=row["language"],
            blueprint=row["blueprint"],
            scheduling=row["scheduling"],
            controller=templates.default_controller(row["name"], row["blueprint"]["flow"]),
            id=row["id"],
        )


def _create_variable(world: World, author: User, owner: Organization | Team, row: SeedRow) -> None:
    """Insert a custom variable of a team or an organization."""
    value = row["value"]
    fitting = (id for id in variables.TYPE_NAMES if variables.matches_type(id, value))
    named = {name: id for id, name in variables.TYPE_NAMES.items()}
    type_id = named[row["type"]] if "type" in row else next(fitting)
    variables.create(world, author, owner, name=row["name"], type_id=type_id, value=value)
