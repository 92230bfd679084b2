"""Runs a blueprint once, in a world that holds nothing but what the blueprint refers to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..engine import executor, lifecycle, running
from ..engine.inputs import checked_inputs
from ..engine.modules import how_run
from ..world import people
from ..world.models import Execution, Json, Scenario, Script, Team, User
from ..world.refusals import Refusal
from ..world.world import World
from .reading import Export, words_of
from .standins import StandIn, furnish


@dataclass(frozen=True, slots=True)
class Called:
    """A scenario that another one called, and that run of it."""

    export: Export
    execution: Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A blueprint and one run of it."""

    export: Export
    #: ``interpreted``, ``scripted``, ``simulated`` -> the modules that are run so, with how often each appears.
    treatments: Mapping[str, Mapping[str, int]]
    stand_ins: tuple[StandIn, ...]
    execution: Execution
    #: Execution id -> a run of a scenario that was called, if its blueprint is known.
    calls: Mapping[str, Called]
    #: How many bundles were stored as incomplete executions.
    incomplete: int
    #: Whether something was given to the run.
    fed: bool


def explain(
    export: Export,
    *,
    given: Json = None,
    now: str | None = None,
    scripts: Iterable[Script] = (),
    called: Mapping[int, Export] | None = None,
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
    user = people.create_user(world, name="You", email="you@example.com")
    organization, _ = people.create_organization(
        world, user, name="My organization", country_id=1, timezone_id=113
    )
    team, _ = people.create_team(world, user, organization, name="My team")
    try:
        nodes = [node for each in (export, *called.values()) for node in each.nodes]
        stand_ins = furnish(world, team, user, nodes, spared=called)
        for id, other in called.items():
            running.start(world, user, _scenario(world, user, team, other, id=id))
        takes = export.takes_inputs
        if takes and given is not None and not isinstance(given, Mapping):
            raise ValueError("inputs are a JSON object")
        scenario = _scenario(world, user, team, export)
        inputs = checked_inputs(export.input_spec, given) if takes else None
    except Refusal as refusal:
        raise ValueError(words_of(refusal)) from None
    for script in scripts:
        world.scripts[script.module] = script
    scripted = frozenset(world.scripts)
    execution = executor.run(
        world,
        scenario,
        inputs=inputs,
        kind="manual",
        author_id=user.id,
        trigger_bundle=None if takes else given,
    )
    return Explanation(
        export=export,
        treatments=_treatments(nodes, scripted),
        stand_ins=stand_ins,
        execution=execution,
        calls={
            run.id: Called(called[run.scenario_id], run)
            for run in world.logs
            if isinstance(run, Execution) and run.scenario_id in called
        },
        incomplete=len(world.incomplete_executions.where(scenario=scenario.id)),
        fed=given is not None,
    )


def _scenario(world: World, user: User, team: Team, export: Export, *, id: int | None = None) -> Scenario:
    return lifecycle.create(
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


def _treatments(nodes: Iterable[Mapping[str, Json]], scripted: frozenset[str]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for node in nodes:
        name = node["module"]
        treatment = "scripted" if name in scripted else how_run(name)
        found.setdefault(treatment, Counter())[name] += 1
    return found
