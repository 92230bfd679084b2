"""Run of a blueprint, once, in a world that has only stubs of the resources it refers to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..blueprint_import.export import BlueprintExport, BlueprintRejectedError
from ..blueprint_import.stubs import Stub, create_stubs
from ..engine.apps.catalog import get_support_level
from ..engine.apps.webhooks import RESPOND_MODULE
from ..engine.inputs import validate_inputs
from ..engine.runtime import executor
from ..engine.scenarios import activation, crud
from ..lint import Finding, lint
from ..reports.trace_view import DefaultResponse, default_response
from ..world import organizations
from ..world.exceptions import DomainError
from ..world.models import Execution, Json, ModuleScript, Scenario, Team, User
from ..world.world import World


@dataclass(frozen=True, slots=True)
class CalledRun:
    """Run of a scenario that another one called, with its blueprint."""

    export: BlueprintExport
    execution: Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Blueprint and one run of it."""

    export: BlueprintExport
    #: ``interpreted``, ``scripted``, ``simulated``, ``unknown`` -> the modules run that way, with the number of each.
    treatments: Mapping[str, Mapping[str, int]]
    stubs: tuple[Stub, ...]
    execution: Execution
    #: Execution id -> the run of a called scenario, if its blueprint is known.
    calls: Mapping[str, CalledRun]
    #: The number of bundles stored as incomplete executions.
    incomplete_count: int
    #: Whether the run has inputs or a trigger bundle.
    has_input: bool
    #: Errors and warnings of lint.
    findings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedWorld:
    """World of one blueprint: its scenario, the scenarios that it calls, and stubs of what they refer to."""

    world: World
    user: User
    team: Team
    export: BlueprintExport
    scenario: Scenario
    #: Id -> the blueprint of a called scenario that is no stub.
    called: Mapping[int, BlueprintExport]
    stubs: tuple[Stub, ...]

    @property
    def nodes(self) -> list[Mapping[str, Json]]:
        """All modules of all blueprints."""
        return [node for each in (self.export, *self.called.values()) for node in each.nodes]

    def find_calls(self) -> dict[str, CalledRun]:
        """Returns the runs of called scenarios by their ids."""
        return {
            run.id: CalledRun(self.called[run.scenario_id], run)
            for run in self.world.logs
            if isinstance(run, Execution) and run.scenario_id in self.called
        }


def prepare_world(
    export: BlueprintExport,
    *,
    now: str | None = None,
    called: Mapping[int, BlueprintExport] | None = None,
    scheduling: Mapping[str, Json] | None = None,
    nodes: Sequence[Mapping[str, Json]] | None = None,
) -> PreparedWorld:
    """Creates a world with the scenario of a blueprint, whose clock is frozen; nothing has run yet.

    Args:
        now: the world's time, ISO 8601; by default the system's.
        called: the blueprints of called scenarios, by their ids; the others are stubs.
        scheduling: of the scenario, by default on demand.
        nodes: the modules whose resources get stubs, by default those of all blueprints.

    Raises:
        BlueprintRejectedError: if a scenario cannot be created.
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
        if nodes is None:
            nodes = [node for each in (export, *called.values()) for node in each.nodes]
        stubs = create_stubs(world, team, user, nodes, excluded=called)
        for id, other in called.items():
            activation.start(world, user, _create_scenario(world, user, team, other, id=id))
        scenario = _create_scenario(world, user, team, export, scheduling=scheduling)
    except DomainError as error:
        raise BlueprintRejectedError(error) from None
    return PreparedWorld(
        world=world,
        user=user,
        team=team,
        export=export,
        scenario=scenario,
        called=called,
        stubs=stubs,
    )


def explain_blueprint(
    export: BlueprintExport,
    *,
    input: Json = None,
    now: str | None = None,
    scripts: Iterable[ModuleScript] = (),
    called: Mapping[int, BlueprintExport] | None = None,
    is_linted: bool = True,
) -> Explanation:
    """Runs a blueprint.

    Args:
        input: the scenario's inputs, or the trigger's payload: a bundle, or an array of them.
        now: the world's time, ISO 8601; by default the system's.
        called: the blueprints of called scenarios, by their ids; the others are stubs.
        is_linted: false to leave the findings of lint out.

    Raises:
        ValueError: if the time or the inputs are invalid, or a scenario cannot be created.
    """
    prepared = prepare_world(export, now=now, called=called)
    world, scenario = prepared.world, prepared.scenario
    takes_inputs = export.takes_inputs
    if takes_inputs and input is not None and not isinstance(input, Mapping):
        raise ValueError("inputs are a JSON object")
    data = input if isinstance(input, Mapping) else None
    try:
        inputs = validate_inputs(export.input_spec, data) if takes_inputs else None
    except DomainError as error:
        raise BlueprintRejectedError(error) from None
    for script in scripts:
        world.scripts[script.module] = script
    scripted = frozenset(world.scripts)
    execution = executor.run_scenario(
        world,
        scenario,
        inputs=inputs,
        kind="manual",
        author_id=prepared.user.id,
        trigger_bundle=None if takes_inputs else input,
    )
    return Explanation(
        export=export,
        treatments=_count_treatments(prepared.nodes, scripted),
        stubs=prepared.stubs,
        execution=execution,
        calls=prepared.find_calls(),
        incomplete_count=len(world.incomplete_executions.where(scenario=scenario.id)),
        has_input=input is not None,
        findings=[finding for finding in lint(export.blueprint) if finding.severity != "info"]
        if is_linted
        else (),
    )


def find_default_response(explanation: Explanation) -> DefaultResponse | None:
    """Returns the response that the caller of the webhook gets if no module responded to it."""
    has_responder = any(node["module"] == RESPOND_MODULE for node in explanation.export.nodes)
    return default_response(explanation.execution, has_responder=has_responder)


def _create_scenario(
    world: World,
    user: User,
    team: Team,
    export: BlueprintExport,
    *,
    id: int | None = None,
    scheduling: Mapping[str, Json] | None = None,
) -> Scenario:
    return crud.create(
        world,
        user,
        team,
        blueprint=export.blueprint,
        scheduling=scheduling or {"type": "on-demand"},
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
        name = str(node["module"])
        treatment = "scripted" if name in scripted else get_support_level(name)
        found.setdefault(treatment, Counter())[name] += 1
    return found
