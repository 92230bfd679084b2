"""Replays of executions: a run with the trigger data and the inputs of an earlier one.

Sources: the vendor's OpenAPI document; the vendor's SDK, ``scenarios.replay`` (August 2026).
"""

from __future__ import annotations

from dataclasses import replace

from ...world import blueprint_refs
from ...world.consumption import is_exhausted, organization_of
from ...world.exceptions import InvalidStateError, NotReplayableError, OperationsExhaustedError
from ...world.executions import is_replayable
from ...world.models import Execution, Json, Scenario, User
from ...world.world import World
from ..run_state import AgentRun
from ..runtime import executor


def replay(
    world: World,
    user: User,
    scenario: Scenario,
    execution: Execution,
    *,
    agent_run: AgentRun | None = None,
) -> Execution:
    """Runs the current blueprint of a scenario with the data that an earlier run received.

    Args:
        agent_run: the agent that starts it, if its modules need the grants of the agent.

    Raises:
        InvalidStateError: if the scenario is not active.
        NotReplayableError: if the data of the run are not stored.
        OperationsExhaustedError: if the organization has no operations left (Make's IM310).
    """
    if not scenario.is_active:
        raise InvalidStateError("The scenario is not active.")
    if not is_replayable(world, execution):
        raise NotReplayableError("Execution is not replayable")
    if is_exhausted(world, organization_of(world, scenario.team_id)):
        raise OperationsExhaustedError("The organization has no operations left.")
    replayed = executor.run_scenario(
        world,
        scenario,
        inputs=execution.inputs,
        kind="manual",
        author_id=user.id,
        trigger_bundle=_trigger_bundles(world, scenario, execution),
        agent_run=agent_run,
    )
    replayed = replace(replayed, replay_of=execution.id)
    if (scenario.id, replayed.id) in world.logs:
        world.logs.put(replayed)
    return replayed


def _trigger_bundles(world: World, scenario: Scenario, execution: Execution) -> Json:
    """Returns the bundles that the trigger of a run output; ``None`` of a scenario that takes inputs, or has no trigger."""
    blueprint = world.blueprints[scenario.id, scenario.blueprint_version].blueprint
    first = blueprint_refs.first_module(blueprint["flow"]).get("id")
    received: list[Json] = [
        bundle for step in execution.steps if step.module_id == first for bundle in step.output
    ]
    return received or None
