"""Lays out what belongs to one team of a seed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from ..engine import custom_functions
from ..engine.runtime import executor, inputs
from ..engine.scenarios import activation, crud
from ..world import connections, data_stores, folders, functions, hooks, templates, variables
from ..world.models import Organization, Team, User
from ..world.world import World
from . import generator
from .issues import SeedPath
from .validation import SeedRow, iter_rows


def create_variable(world: World, author: User, owner: Organization | Team, row: SeedRow) -> None:
    """A custom variable of a team or an organization."""
    value = row["value"]
    fitting = (id for id in variables.TYPE_NAMES if variables.matches_type(id, value))
    named = {name: id for id, name in variables.TYPE_NAMES.items()}
    type_id = named[row["type"]] if "type" in row else next(fitting)
    variables.create(world, author, owner, name=row["name"], type_id=type_id, value=value)


class BuildContext(Protocol):
    """What a team is built on: `builder.WorldBuilder`."""

    world: World
    now: int

    def collect_issues(self, *path: str | int) -> AbstractContextManager[SeedPath]: ...

    def move_clock_to(self, row: SeedRow, key: str, path: SeedPath) -> None: ...


class TeamBuilder:
    def __init__(self, site: BuildContext, team: Team, owner: User, path: SeedPath) -> None:
        self.context = site
        self.world = site.world
        self.team = team
        self.owner = owner
        self.path = path

    def build(self, row: SeedRow) -> None:
        for kind, lay_out in (
            ("variables", self._variable),
            ("connections", self._connection),
            ("data_structures", self._structure),
            ("hooks", self._hook),
            ("functions", self._function),
            ("folders", self._folder),
        ):
            for item, path in self._each(row, kind):
                with self.context.collect_issues(*path):
                    lay_out(item)
        for item, path in self._each(row, "data_stores"):
            with self.context.collect_issues(*path):
                self._store(item, path)
        for item, path in self._each(row, "scenarios"):
            with self.context.collect_issues(*path):
                self._scenario(item, path)
            self.world.clock.set(self.context.now)
        self.world.clock.set(self.context.now)
        for item, path in self._each(row, "templates"):
            with self.context.collect_issues(*path):
                self._template(item)
        if counts := row.get("generate"):
            generator.generate(self.world, self.team, self.owner, counts)

    def _each(self, row: SeedRow, kind: str) -> Iterator[tuple[SeedRow, SeedPath]]:
        for path, item in iter_rows(row, kind, self.path):
            yield item, path

    def _variable(self, row: SeedRow) -> None:
        create_variable(self.world, self.owner, self.team, row)

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
        # Nothing runs the code: whoever only reads a seed needs no JavaScript engine.
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
        )
        if row["description"]:
            scenario = self.world.scenarios.put(replace(scenario, description=row["description"]))
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

    def _run(self, scenario_id: int, row: SeedRow, run: SeedRow, path: SeedPath) -> None:
        self.context.move_clock_to(run, "at", path)
        spec, given = row["io"].get("input_spec"), run.get("inputs")
        executor.run_scenario(
            self.world,
            self.world.scenarios[scenario_id],
            inputs=inputs.validate_inputs(spec, given) if spec else given,
            kind="auto",
            author_id=self.owner.id if run["manual"] else None,
            trigger_bundle=run.get("bundle"),
        )

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
