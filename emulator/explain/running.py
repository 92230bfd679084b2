"""Runs a blueprint once, in a world that holds nothing but what the blueprint refers to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..engine import executor, lifecycle
from ..engine.inputs import checked_inputs
from ..engine.modules import how_run
from ..world import people
from ..world.models import Execution, Json, Script
from ..world.refusals import Refusal
from ..world.world import World
from .reading import Export, words_of
from .standins import StandIn, furnish
from .tracing import Event, Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A blueprint and one run of it."""

    export: Export
    #: ``interpreted``, ``scripted``, ``simulated`` -> the modules that are run so, with how often each appears.
    treatments: Mapping[str, Mapping[str, int]]
    stand_ins: tuple[StandIn, ...]
    story: tuple[Event, ...]
    execution: Execution
    #: How many bundles were stored as incomplete executions.
    incomplete: int
    #: Whether something was given to the run.
    fed: bool


def explain(
    export: Export, *, given: Json = None, now: str | None = None, scripts: Iterable[Script] = ()
) -> Explanation:
    """Run a blueprint.

    Args:
        given: the scenario's inputs, or what its trigger received: a bundle, or an array of them.
        now: the world's time, ISO 8601; the system's if it is not given.

    Raises:
        ValueError: if the time is none, the inputs do not fit, or the scenario cannot be created.
    """
    world = World("explain", now=now)
    world.clock.freeze(now)
    user = people.create_user(world, name="You", email="you@example.com")
    organization, _ = people.create_organization(
        world, user, name="My organization", country_id=1, timezone_id=113
    )
    team, _ = people.create_team(world, user, organization, name="My team")
    try:
        stand_ins = furnish(world, team, user, export.nodes)
        takes = export.takes_inputs
        if takes and given is not None and not isinstance(given, Mapping):
            raise ValueError("inputs are a JSON object")
        scenario = lifecycle.create(
            world,
            user,
            team,
            blueprint=export.blueprint,
            scheduling={"type": "on-demand"},
            input_spec=export.input_spec,
            output_spec=export.output_spec,
            confirmed=True,
        )
        inputs = checked_inputs(export.input_spec, given) if takes else None
    except Refusal as refusal:
        raise ValueError(words_of(refusal)) from None
    for script in scripts:
        world.scripts[script.module] = script
    scripted = frozenset(world.scripts)
    watch = Watch()
    execution = executor.run(
        world,
        scenario,
        inputs=inputs,
        kind="manual",
        author_id=user.id,
        trigger_bundle=None if takes else given,
        observer=watch,
    )
    return Explanation(
        export=export,
        treatments=_treatments(export, scripted),
        stand_ins=stand_ins,
        story=tuple(watch.story(execution.steps)),
        execution=execution,
        incomplete=len(world.incomplete_executions.where(scenario=scenario.id)),
        fed=given is not None,
    )


def _treatments(export: Export, scripted: frozenset[str]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for node in export.nodes:
        name = node["module"]
        treatment = "scripted" if name in scripted else how_run(name)
        found.setdefault(treatment, Counter())[name] += 1
    return found
