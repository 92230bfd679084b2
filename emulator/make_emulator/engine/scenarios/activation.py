"""Activation of scenarios: start, stop, and runs on request.

Errors have Make's texts where a source has them; the fidelity ledger marks those that are assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ...json_types import as_mapping
from ...plain_text import pluralize
from ...world import blueprint_refs, executions, scenarios
from ...world.clock import SECOND
from ...world.consumption import is_exhausted, organization_of
from ...world.enums import get_timezone
from ...world.exceptions import (
    ConnectionNotFoundError,
    DomainError,
    ExecutionTimeoutError,
    IncompatibleConnectionError,
    InvalidParametersError,
    InvalidStateError,
    OperationsExhaustedError,
    PlanLimitError,
    ScenarioNotActiveError,
    ScenarioStateError,
)
from ...world.models import Execution, Json, Scenario, Team, User
from ...world.settings import RUN_INACTIVE
from ...world.world import World
from .. import inputs
from ..apps import connection_types
from ..blueprints.completeness import find_blueprint_errors
from ..run_state import AgentRun
from ..runtime import executor
from ..scheduling import run_callbacks, schedule, sequential, webhook_dispatch

#: Time that a responsive call waits for its run (API documentation, "Run a scenario").
RESPONSIVE_TIMEOUT = 40 * SECOND


def start(world: World, user: User, scenario: Scenario) -> Scenario:
    """Activates a scenario, which runs once it is due.

    Raises:
        ScenarioStateError: if it is active (Make's IM306).
        InvalidStateError: if it contains errors, or is locked.
        PlanLimitError: if the plan allows no more active scenarios.
        InvalidParametersError: if it is to run at intervals and has no interval.
    """
    if scenario.is_active:
        raise ScenarioStateError(
            "Scenario is already running", hint=f"Scenario {scenario.id} is active already."
        )
    blueprint = world.blueprints[scenario.id, scenario.blueprint_version].blueprint
    if scenario.is_locked:
        raise InvalidStateError(
            "Scenario is locked.",
            hint=f"A run of scenario {scenario.id} ended with an UnexpectedError, which locks it until Make's staff unlock it.",
        )
    if scenario.is_invalid:
        raise InvalidStateError("Scenario contains errors.", hint=_explain_errors(world, scenario, blueprint))
    organization = organization_of(world, scenario.team_id)
    active = sum(row.is_active for row in world.scenarios.where(organization=organization.id))
    if active >= organization.license.scenarios:
        raise PlanLimitError(
            "Maximum number of active scenarios has been exceeded",
            hint=f"The plan of organization {organization.id} allows {pluralize(organization.license.scenarios, 'active scenario')}.",
        )
    check_connections(world, world.teams[scenario.team_id], blueprint)
    check_can_activate(world, blueprint, scenario.scheduling)
    scenarios.record_event(world, scenario, user, "start")
    return world.scenarios.put(
        replace(scenario, is_active=True, errors_in_a_row=0, next_exec=first_run(world, scenario))
    )


def check_can_activate(world: World, blueprint: Mapping[str, Json], scheduling: Mapping[str, Json]) -> None:
    """Checks that a blueprint with a scheduling can be active.

    Raises:
        InvalidStateError: if it has no modules, or a module lacks a required connection, hook or data store.
        InvalidParametersError: if it has no interval to run at, or no instant trigger to run immediately (Help centre,
            "Schedule a scenario").
    """
    if errors := list(find_blueprint_errors(blueprint, world.custom_modules)):
        raise InvalidStateError("Scenario contains errors.", hint=" ".join(errors))
    if scheduling.get("type") == "indefinitely" and scheduling.get("interval") is None:
        raise InvalidParametersError(
            "Invalid interval.", hint="The scheduling has the type indefinitely and no interval, in seconds."
        )
    if scheduling.get("type") == "immediately" and blueprint_refs.find_trigger_hook_id(blueprint) is None:
        raise InvalidParametersError("Only a scenario with an instant trigger can run immediately.")


def _explain_errors(world: World, scenario: Scenario, blueprint: Mapping[str, Json]) -> str:
    """Returns the reasons for which a scenario is invalid."""
    if errors := list(find_blueprint_errors(blueprint, world.custom_modules)):
        return " ".join(errors)
    return (
        f"Scenario {scenario.id} became invalid by a change of what it uses, or by errors of its runs: "
        "a new blueprint makes it valid."
    )


def stop(world: World, user: User, scenario: Scenario) -> Scenario:
    """Deactivates a scenario; runs that have not ended end after their current module.

    Raises:
        ScenarioStateError: if it is not active (Make's IM306).
    """
    if not scenario.is_active:
        raise ScenarioStateError("Scenario is not running", hint=f"Scenario {scenario.id} is not active.")
    for execution in executions.list_running(world, scenario):
        executions.stop(world, execution, force=False)
    scenarios.record_event(world, scenario, user, "stop")
    return world.scenarios.put(replace(scenario, is_active=False, next_exec=None))


def run_now(
    world: World,
    user: User,
    scenario: Scenario,
    *,
    data: Mapping[str, Json] | None,
    responsive: bool,
    callback_url: str | None = None,
    status_url: Callable[[Execution], str] = lambda execution: execution.id,
    agent_run: AgentRun | None = None,
) -> Execution:
    """Runs an active scenario now; a responsive call advances the clock to the end of the run.

    Args:
        callback_url: the URL to call when the run has ended, unless the response of a responsive call shows it.
        status_url: makes the URL of the run that the callback names.
        agent_run: the agent that starts it, if its modules need the grants of the agent.

    Raises:
        ScenarioNotActiveError: if the scenario is not active (Make's IM325).
        ScenarioStateError: if another run of a scenario with sequential processing has not ended.
        InvalidParametersError: if the data do not fit the scenario's inputs.
        OperationsExhaustedError: if the organization has no operations left (Make's IM310).
        ExecutionTimeoutError: if a responsive run takes longer than 40 seconds; it is not stopped.
    """
    if not scenario.is_active and not RUN_INACTIVE.of(world):
        raise ScenarioNotActiveError(
            hint=f"Scenario {scenario.id} is not active; start it with POST /scenarios/{scenario.id}/start."
        )
    if sequential.is_running(world, scenario) or sequential.earliest_start(world, scenario) > world.now():
        raise ScenarioStateError(
            "Scenario is already being executed",
            hint=f"Scenario {scenario.id} processes its runs sequentially, and one of them has not ended yet.",
        )
    if is_exhausted(world, organization_of(world, scenario.team_id)):
        raise OperationsExhaustedError("The organization has no operations left.")
    version = world.blueprints[scenario.id, scenario.blueprint_version]
    # The trigger of a hook emits the data, or without any, the bundles of the queue.
    at_hook = scenario.hook_id is not None
    taken = webhook_dispatch.open_queue_batch(world, scenario) if data is None else None
    execution = executor.run_scenario(
        world,
        scenario,
        inputs=None if at_hook else inputs.validate_inputs(version.input_spec or (), data),
        kind="auto",
        author_id=user.id,
        trigger_bundle=taken.take() if taken is not None else data if at_hook else None,
        more=taken.take if taken is not None else None,
        taken=taken,
        agent_run=agent_run,
    )
    if callback_url is not None and not (responsive and execution.duration <= RESPONSIVE_TIMEOUT):
        run_callbacks.schedule(world, execution, callback_url, status_url(execution))
    if responsive:
        # The computation may have taken longer than the run takes in the world.
        world.clock.advance_to(min(execution.ends, execution.started + RESPONSIVE_TIMEOUT))
        if execution.duration > RESPONSIVE_TIMEOUT:
            raise ExecutionTimeoutError("The scenario is still running.")
    return execution


def reschedule(world: World, scenario: Scenario) -> None:
    """Schedules the first run of an active scenario from now on; missed runs are skipped."""
    if scenario.is_active:
        world.scenarios.put(replace(scenario, next_exec=first_run(world, scenario)))


def first_run(world: World, scenario: Scenario) -> int | None:
    """Returns the time of the first run of a scenario that is started now; ``None`` for never."""
    turn = webhook_dispatch.next_queue_run(world, replace(scenario, is_active=True), world.now())
    if turn is not None:
        return turn
    zone = get_timezone(organization_of(world, scenario.team_id).timezone_id)
    return schedule.first_run(scenario.scheduling, world.now(), zone)


def check_connections(world: World, team: Team, blueprint: Mapping[str, Json]) -> None:
    """Checks the connections that a blueprint uses.

    Raises:
        DomainError: if a module has a text in place of the id of a connection.
        ConnectionNotFoundError: if the team does not have a connection.
        IncompatibleConnectionError: if a module does not take a connection of that type (Make's IM007).
    """
    for node in blueprint_refs.iter_modules(blueprint["flow"]):
        _check_connection_id(world, node)
        for parameter, id in blueprint_refs.iter_module_references(node, "connection"):
            connection = world.connections.get(id)
            if connection is None or connection.team_id != team.id:
                app, _ = blueprint_refs.split_module_name(node)
                raise ConnectionNotFoundError(
                    f"Connection not found '{app}:{id}'.",
                    hint=f"Module {node.get('id')}, {node['module']}: the team has no connection {id}.",
                )
            accepted = connection_types.accepted_types(node, parameter, world.custom_modules)
            if not connection_types.is_compatible(connection.account_name, accepted):
                raise IncompatibleConnectionError(
                    f"Provided account '{id}' is not compatible with '{node['module']}' module.",
                    hint=f"Module {node.get('id')} takes a connection of the type {' or '.join(accepted)}; connection {id} has "
                    f"the type {connection.account_name}.",
                )


def _check_connection_id(world: World, node: Mapping[str, Json]) -> None:
    """Raises DomainError if the connection of a module is a text; of expressions, only an input of the scenario is none."""
    for parameter in connection_types.connection_parameters(node, world.custom_modules):
        id = as_mapping(node.get("parameters")).get(parameter)
        if blueprint_refs.is_dynamic_connection(id):
            continue
        if isinstance(id, str) and id and not (id.isascii() and id.isdigit()):
            raise DomainError(
                f'invalid input syntax for type integer: "{id[:100]}"',
                hint=f"Module {node.get('id')}, {node['module']}: {parameter} must be the id of a connection, a whole number.",
            )
