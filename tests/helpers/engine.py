"""A small world in which blueprints are run, for the tests of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from make_emulator.engine.budget import Budget
from make_emulator.engine.expressions.context import Bundle, Environment, Scope
from make_emulator.engine.expressions.evaluator import render
from make_emulator.engine.expressions.values import Value
from make_emulator.engine.runtime import executor, module_scripts
from make_emulator.engine.scheduling import scheduler
from make_emulator.world import data_stores, organizations, scenarios
from make_emulator.world.models import Execution, ExecutionError, FieldSpecs, ModuleScript, Scenario
from make_emulator.world.world import World

#: 2016-12-08T15:55:57.536Z, the moment of the examples in Make's documentation.
NOW = 1_481_212_557_536


def module(id: int, name: str, mapper: Mapping[str, Any] | None = None, **rest: Any) -> dict[str, Any]:
    """A node of a flow."""
    return {"id": id, "module": name, "version": 1, "parameters": {}, "mapper": mapper or {}, **rest}


def set_variable(id: int, value: Any, name: str = "x", **rest: Any) -> dict[str, Any]:
    return module(id, "util:SetVariable2", {"name": name, "scope": "roundtrip", "value": value}, **rest)


def iterator(*items: Any, id: int = 1) -> dict[str, Any]:
    """An iterator that emits a bundle for each of some items."""
    return module(id, "builtin:BasicFeeder", {"array": list(items) or "{{emptyarray}}"})


def add_record_module(id: int, key: str, city: Any, **rest: Any) -> dict[str, Any]:
    """A module that puts a record into the data store of the harness."""
    mapper = {"key": key, "overwrite": True, "data": {"city": city}}
    return module(id, "datastore:AddRecord", mapper, **{"parameters": {"datastore": 1}, **rest})


def parse_json_module(id: int, json: str, *handler: Any) -> dict[str, Any]:
    """A module that parses a text as JSON, with an error handler of these modules."""
    return module(id, "json:ParseJSON", {"json": json}, onerror=list(handler))


def filter_if(a: str, operator: str, b: str = "") -> dict[str, Any]:
    """A filter of one condition."""
    return {"name": "only if", "conditions": [[{"a": a, "o": operator, "b": b}]]}


def return_data(id: int, **mapper: Any) -> dict[str, Any]:
    return {**module(id, "scenario-service:ReturnData", mapper), "version": 2}


class EngineHarness:
    """One team with one data store (id 1: city, number, tags) whose clock stands still."""

    def __init__(self, *, seed: int = 7, strict: bool = False) -> None:
        self.world = World("harness", seed=seed)
        # The limit counts the machine's time, of which a slow one needs more.
        self.world.run_time_limit = 36_000.0
        # In this order, or a millisecond may pass in between.
        self.world.clock.freeze()
        self.world.clock.set(NOW)
        self.user = user = organizations.create_user(self.world, name="Ada", email="ada@example.com")
        organization, _ = organizations.create_organization(
            self.world, user, name="Org", country_id=1, timezone_id=113
        )
        self.team, _ = organizations.create_team(self.world, user, organization, name="Team")
        structure = data_stores.create_structure(
            self.world,
            self.team,
            name="Town",
            spec=[
                {"name": "city", "type": "text"},
                {"name": "number", "type": "number"},
                {"name": "tags", "type": "array"},
            ],
            strict=strict,
        )
        self.store = data_stores.create_store(
            self.world, self.team, name="Towns", max_size_mb=1, structure=structure
        )

    def scenario(
        self,
        *flow: Any,
        metadata: Mapping[str, Any] | None = None,
        output_spec: FieldSpecs = (),
        **rest: Any,
    ) -> Scenario:
        scenario = scenarios.insert(
            self.world,
            {"name": "Test", "flow": list(flow), "metadata": metadata or {}},
            team_id=self.team.id,
            author_id=1,
            scheduling={"type": "on-demand"},
            created=NOW,
            output_spec=output_spec,
        )
        return self.world.scenarios.put(replace(scenario, **rest))

    def run(
        self,
        *flow: Any,
        output_spec: FieldSpecs = (),
        settings: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Execution:
        """Run a blueprint of these modules once, under these settings of its scenario."""
        scenario = self.scenario(*flow, output_spec=output_spec, metadata={"scenario": settings or {}})
        return executor.run_scenario(self.world, scenario, **options)

    def run_until(self, milliseconds: int) -> None:
        """Set the clock to this many milliseconds after ``NOW``, and run what is due by then."""
        self.world.clock.set(NOW + milliseconds)
        scheduler.catch_up(self.world)

    def fail_module(self, name: str, *, error: str, times: int | None = None) -> None:
        """Script a module to fail with a type of error, so many times or always."""
        failure = ExecutionError(name=error, message="no")
        module_scripts.save_script(self.world, ModuleScript(module=name, error=failure, left=times))

    def executions(self) -> list[Execution]:
        """All runs of the world, in order."""
        return [entry for entry in self.world.logs if isinstance(entry, Execution)]

    def add(self, key: str, **data: Any) -> None:
        data_stores.add_record(self.world, self.store, key=key, data=data)

    def data(self, key: str) -> Any:
        return self.world.records[self.store.id, key].data


def error_of(execution: Execution) -> tuple[str, str]:
    """The type and text of the error that ended a run."""
    assert execution.error is not None
    assert execution.status == 3
    return execution.error.name, execution.error.message


def step_module_ids(execution: Execution) -> list[int]:
    """The ids of the modules of the steps of a run, in order."""
    return [step.module_id for step in execution.steps]


def outputs_of(execution: Execution, module_id: int) -> Sequence[Any]:
    """Output bundles of a module, in order."""
    assert execution.error is None, execution.error
    return [bundle for step in execution.steps if step.module_id == module_id for bundle in step.output]


def last_module_output(*flow: Any, harness: EngineHarness | None = None, **options: Any) -> list[Any]:
    """Output bundles of the last of some modules."""
    return list(outputs_of((harness or EngineHarness()).run(*flow, **options), flow[-1]["id"]))


#: Output of the module with id 1, for expressions.
SAMPLE_BUNDLE: Mapping[str, Value] = {
    "name": "Ada",
    "First Name": "Grace",
    "number": 4,
    "zero": 0,
    "price": 2.5,
    "digits": "42",
    "yes": True,
    "no": False,
    "empty": "",
    "nothing": None,
    "numbers": [3, 1, 2],
    "words": ["b", "A", "c", "b"],
    "nested": [[1, [2]], 3],
    "people": [
        {"name": "Bob", "age": 22, "kind": "work", "at": {"town": "Brno"}},
        {"name": "Ann", "age": 31, "kind": "home", "at": {"town": "Praha"}},
        {"name": "Cid", "age": 9, "kind": "play"},
    ],
    "address": {"street": "Main", "0": "zeroth"},
    "date": "2016-06-20T17:26:44.356Z",
}


def evaluation_context(
    budget: Budget | None = None, bundle: Mapping[str, Value] = SAMPLE_BUNDLE
) -> Environment:
    return Environment(
        budget or Budget(),
        scope=Scope().with_bundle(1, Bundle(bundle, 2, 5)),
        variables={"executionId": "e1", "scenario": {"id": 9}, "var": {"input": {"city": "Oslo"}}},
        now=NOW,
    )


def render_text(text: str, bundle: Mapping[str, Value] = SAMPLE_BUNDLE) -> Value:
    """Value of a mapped text."""
    return render(text, evaluation_context(bundle=bundle))
