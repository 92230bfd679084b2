"""Runs a blueprint once, in a world that holds nothing but what the blueprint refers to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..engine.apps.catalog import get_support_level
from ..engine.runtime import executor
from ..engine.runtime.inputs import validate_inputs
from ..engine.scenarios import activation, crud
from ..world import organizations
from ..world.exceptions import DomainError
from ..world.models import Execution, Json, ModuleScript, Scenario, Team, User
from ..world.world import World
from .blueprint_file import BlueprintExport, error_text
from .stubs import Stub, create_stubs


@dataclass(frozen=True, slots=True)
class CalledRun:
    """A scenario that another one called, and that run of it."""

    export: BlueprintExport
    execution: Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A blueprint and one run of it."""

    export: BlueprintExport
    #: ``interpreted``, ``scripted``, ``simulated`` -> the modules that are run so, with how often each appears.
    treatments: Mapping[str, Mapping[str, int]]
    stubs: tuple[Stub, ...]
    execution: Execution
    #: Execution id -> a run of a scenario that was called, if its blueprint is known.
    calls: Mapping[str, CalledRun]
    #: How many bundles were stored as incomplete executions.
    incomplete_count: int
    #: Whether something was given to the run.
    has_input: bool


def explain_blueprint(
    export: BlueprintExport,
    *,
    given: Json = None,
    now: str | None = None,
    scripts: Iterable[ModuleScript] = (),
    called: Mapping[int, BlueprintExport] | None = None,
) -> Explanation:
    """Run a blueprint.

    Args:
        given: the scenario's inputs, or what its trigger received: a bundle, or an array of them.
        now: the world's time, ISO 8601; the system's if it is not given.
        called: the scenarios that the blueprint calls, by their ids there; the others are stand-ins.

    Raises:
        ValueError: if the time is none, the inputs do not fit, or a scenario cannot be created.
    """
    called = called or {}
    world = World("explain", now=now)
    world.clock.freeze(now)
    user = organizations.create_user(world, name="You", email="you@example.com")
    organization, _ = organizations.create_organization(
        world, user, name="My organization", country_id=1, timezone_id=113
    )
    team, _ = organizations.create_team(world, user, organization, name="My team")
    try:
        nodes = [node for each in (export, *called.values()) for node in each.nodes]
        stand_ins = create_stubs(world, team, user, nodes, excluded=called)
        for id, other in called.items():
            activation.start(world, user, _create_scenario(world, user, team, other, id=id))
        takes = export.takes_inputs
        if takes and given is not None and not isinstance(given, Mapping):
            raise ValueError("inputs are a JSON object")
        scenario = _create_scenario(world, user, team, export)
        inputs = validate_inputs(export.input_spec, given) if takes else None
    except DomainError as refusal:
        raise ValueError(error_text(refusal)) from None
    for script in scripts:
        world.scripts[script.module] = script
    scripted = frozenset(world.scripts)
    execution = executor.run_scenario(
        world,
        scenario,
        inputs=inputs,
        kind="manual",
        author_id=user.id,
        trigger_bundle=None if takes else given,
    )
    return Explanation(
        export=export,
        treatments=_count_treatments(nodes, scripted),
        stubs=stand_ins,
        execution=execution,
        calls={
            run.id: CalledRun(called[run.scenario_id], run)
            for run in world.logs
            if isinstance(run, Execution) and run.scenario_id in called
        },
        incomplete_count=len(world.incomplete_executions.where(scenario=scenario.id)),
        has_input=given is not None,
    )


def _create_scenario(
    world: World, user: User, team: Team, export: BlueprintExport, *, id: int | None = None
) -> Scenario:
    return crud.create(
        world,
        user,
        team,
        blueprint=export.blueprint,
        scheduling={"type": "on-demand"},
        input_spec=export.input_spec,
        output_spec=export.output_spec,
        confirmed=True,
        id=id,
    )


def _count_treatments(
    nodes: Iterable[Mapping[str, Json]], scripted: frozenset[str]
) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for node in nodes:
        name = node["module"]
        treatment = "scripted" if name in scripted else get_support_level(name)
        found.setdefault(treatment, Counter())[name] += 1
    return found
