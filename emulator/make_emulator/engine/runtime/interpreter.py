"""Goes through a blueprint and writes down what happened.

A loop over a stack of frames, so a blueprint's length is no matter of Python's. The last frame is worked on
first, hence every bundle goes all the way down before the next one starts, and routes follow one another.
Sources: Help centre, "Operations", "Router", "Aggregator", "If-else and merge"; recorded runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from ...world.models import ExecutionError
from ..apps.app import ModuleDefinition, coerce_mapper
from ..apps.catalog import get_definition
from ..apps.context import (
    NO_RESULTS,
    BundleGroup,
    ChooseBranch,
    Emit,
    ErrorDirective,
    ModuleContext,
    Outcome,
    ReturnOutputs,
    RunRoutes,
)
from ..blueprints.conditions import Filter
from ..blueprints.model import Blueprint, Module, Route
from ..errors import BudgetExceededError, ExecutionInterruptedError, FatalError, ModuleError
from ..expressions.context import Bundle, Environment, Scope
from ..expressions.evaluator import render_deep
from ..expressions.values import TimeZoneProvider, Value
from ..run_state import RunState, ScenarioCall
from . import module_scripts
from .aggregation import Accumulator, FlowPosition, MergePoint, iter_aggregators
from .error_handling import FailedBundle, FailedBundleCollector, to_execution_error
from .filters import conditions_hold, evaluate_conditions
from .frames import EmitBundles, EnterModule, FlushAggregator, Frame, ModuleFailure
from .prepared_modules import PreparedModule
from .trace import ExecutionTrace

#: Credits are counted in hundredths; an operation costs one credit (recorded).
CENTICREDITS_PER_OPERATION = 100

Bundles: TypeAlias = Sequence[Mapping[str, Value]]


class Interpreter:
    """Computes one run; what came of it is read off its attributes."""

    def __init__(self, run: RunState, blueprint: Blueprint, *, zone: TimeZoneProvider) -> None:
        self._run = run
        self._zone = zone
        self._stack: list[Frame] = []
        #: Feeder -> the places of its aggregators; aggregator -> what it gathers now, the innermost loop last.
        self._feeders = blueprint.feeders
        self._aggregators_by_feeder: dict[int, list[FlowPosition]] = {}
        self._accumulators: dict[int, list[Accumulator]] = {}
        self._prepared_modules: dict[int, PreparedModule] = {}
        self._failed_bundle_collector = FailedBundleCollector(
            run, stores_incomplete_executions=blueprint.stores_incomplete_executions
        )
        self.trace = ExecutionTrace(confidential=blueprint.confidential)
        self.operations = 0
        self.centicredits = 0
        self.transfer = 0
        self.outputs: Mapping[str, Value] | None = None
        self.error: ExecutionError | None = None
        #: Whether a module ended the run before all bundles were through.
        self.ended = False
        #: Whether it ended because it took too long.
        self.interrupted = False

    @property
    def failed_bundles(self) -> Sequence[FailedBundle]:
        """The bundles that are to be stored as incomplete executions."""
        return self._failed_bundle_collector.failed_bundles

    def start_cycle(self, place: FlowPosition, scope: Scope, after: MergePoint | None = None) -> None:
        """Begin a cycle with a bundle at a place; what gathers the bundles of its way gathers it alone."""
        self.trace.cycle += 1
        flow, position = place
        if not flow:
            return
        walk = EnterModule(flow, position, scope, merge_point=after)
        for module_id in scope.bundles():
            self._open_aggregators(walk, self._find_aggregators(module_id, flow, position))
        self._stack.append(walk)

    def run_frames(self) -> None:
        """Work off everything; raises nothing but what ends the run, which is in ``error`` by then."""
        while self._stack:
            frame = self._stack.pop()
            if isinstance(frame, EmitBundles):
                self._emit_next_bundle(frame)
                continue
            walk = frame if isinstance(frame, EnterModule) else frame.origin
            try:
                if isinstance(frame, EnterModule):
                    self._enter_module(frame)
                else:
                    self._flush_aggregator(frame)
            except ModuleError as error:
                self._handle_error(walk, error)

    def _emit_next_bundle(self, frame: EmitBundles) -> None:
        """Send the next bundle on its way; the frame stays only as long as there are more."""
        walk, place = frame.origin, frame.next_index
        if place + 1 < len(frame.bundles):
            frame.next_index += 1
            self._stack.append(frame)
        bundle = Bundle(frame.bundles[place], place + 1, len(frame.bundles))
        if frame.bundles is NO_RESULTS:
            bundle = Bundle(frame.bundles[place], index=0, length=0)
        scope = walk.scope.with_bundle(walk.module.id, bundle)
        if walk.position + 1 < len(walk.flow):
            self._stack.append(
                EnterModule(walk.flow, walk.position + 1, scope, walk.handled_failure, walk.merge_point)
            )
        elif walk.merge_point is not None:
            self._stack.append(_enter_merge(walk.merge_point, scope, walk.handled_failure))

    def _enter_module(self, walk: EnterModule) -> None:
        station = self._prepare_module(walk.flow[walk.position])
        self._run.budget.charge()
        branch, scope = walk.merged_from or (None, walk.scope)
        env = self._environment(scope)
        gates = station.filters if branch is None else station.filters_for(branch)
        if gates and not all(self._passes_filter(station.module, gate, env) for gate in gates):
            if walk.handled_failure is not None and walk.is_handler_start:
                self._handle_uncaught(walk.handled_failure)
            return
        if station.route is not None:
            self.trace.record_route(station.route[0], scope, station.route[1])
        kind = station.kind or station.load_kind()
        if kind.combine is not None:
            self._accumulate(kind, station, walk, env)
            return
        self._count_operation(kind)
        match self._run_operation(kind, station, walk, env, branch):
            case Emit(bundles, transfer):
                self.transfer += transfer
                self._emit_bundles(walk, bundles)
            case RunRoutes(routes):
                self._enter_routes(walk, routes, env)
            case ChooseBranch(arms):
                taken = next(
                    (
                        n
                        for n, arm in enumerate(arms)
                        if arm.groups is None or conditions_hold(arm.groups, env)
                    ),
                    None,
                )
                self.trace.record_branch(station.module, scope, taken)
                if taken is not None:
                    self._enter_branch(walk, arms[taken].flow, arms[taken].merge_index)
            case ReturnOutputs(outputs):
                self.outputs = outputs
                self._end_run()
            case ErrorDirective(decision, mapper):
                self._apply_directive(walk, decision, mapper)

    def _passes_filter(self, module: Module, gate: Filter, env: Environment) -> bool:
        if not self.trace.has_room:
            self.trace.decisions_left_out += 1
            return conditions_hold(gate.groups, env)
        passed, groups = evaluate_conditions(gate.groups, env)
        self.trace.record_filter(module, gate, env.scope, passed=passed, groups=groups)
        return passed

    def _prepare_module(self, module: Module) -> PreparedModule:
        """A module made ready for its bundles."""
        station = self._prepared_modules.get(module.id)
        if station is None:
            station = self._prepared_modules[module.id] = PreparedModule(module)
            for place, route in enumerate(module.routes):
                if route.flow and not route.is_fallback:
                    self._prepare_module(route.flow[0]).route = module, place
        return station

    def _environment(self, scope: Scope) -> Environment:
        run = self._run
        return Environment(run.budget, scope, run.names, run.random, run.now(), self._zone, run.functions)

    def _count_operation(self, kind: ModuleDefinition) -> None:
        self._run.budget.charge_operation()
        self.operations += kind.billed
        self.centicredits += CENTICREDITS_PER_OPERATION * (kind.billed and not kind.is_free)
        self._run.stopwatch.add_operation(external=kind.external)

    def _run_operation(
        self,
        kind: ModuleDefinition,
        station: PreparedModule,
        walk: EnterModule,
        env: Environment,
        branch: int | None,
    ) -> Outcome:
        """One operation of a module, written down whether it succeeds or not."""
        module = station.module
        mapper: Mapping[str, Value] = {}
        call: ScenarioCall | None = None
        try:
            mapper = coerce_mapper(kind, station.evaluate_mapper(env), env.zone)
            outcome = module_scripts.run_operation(
                kind, ModuleContext(self._run, module, mapper, env, first=walk.scope.is_empty, branch=branch)
            )
            if isinstance(outcome, ScenarioCall):
                call = outcome
                outcome = Emit([self._run.call(call)])
            bundles = outcome.bundles if isinstance(outcome, Emit) else ()
            self._check_limits(bundles)
        except ModuleError as error:
            self.trace.record_step(
                kind, module, walk.scope, mapper, error=to_execution_error(error, module), call=call
            )
            raise
        self.trace.record_step(kind, module, walk.scope, mapper, bundles, call=call)
        return outcome

    def _check_limits(self, bundles: Bundles) -> None:
        """Whether there is room for what a module put out, and time left."""
        budget = self._run.budget
        if len(bundles) > 1:
            budget.charge_items(len(bundles))
        for bundle in bundles:
            budget.charge_weight(bundle)
        self._run.check_time_limit()

    # --- the ways of a bundle --------------------------------------------------------------------

    def _emit_bundles(self, walk: EnterModule, bundles: Bundles) -> None:
        """What a module put out goes on; once it is all through, the aggregators that it feeds put out theirs."""
        id = walk.module.id
        if id in self._feeders:
            places = self._aggregators_by_feeder.get(id)
            if places is None:
                places = self._aggregators_by_feeder[id] = self._find_aggregators(
                    id, walk.flow, walk.position + 1
                )
            self._open_aggregators(walk, places)
        if bundles and (walk.position + 1 < len(walk.flow) or walk.merge_point is not None):
            self._stack.append(EmitBundles(walk, bundles))

    def _enter_routes(self, walk: EnterModule, all_routes: Sequence[Route], env: Environment) -> None:
        """Let a bundle take every route of a router, and a fallback if all others are closed to it."""
        routes = [route for route in all_routes if route.flow and not route.is_disabled]
        if any(route.is_fallback for route in routes):
            others = [route for route in routes if not route.is_fallback]
            if self._has_open_route(others, env):
                routes = others
            else:
                routes = [route for route in routes if route.is_fallback]
                self.trace.record_route(walk.module, walk.scope, all_routes.index(routes[0]), fallback=True)
        self._stack.extend(
            EnterModule(route.flow, 0, walk.scope, walk.handled_failure, walk.merge_point)
            for route in reversed(routes)
        )

    def _has_open_route(self, routes: Sequence[Route], env: Environment) -> bool:
        """Whether a bundle may take any of some routes. If not, it is told what closed each of them."""
        closed = []
        for route in routes:
            station = self._prepare_module(route.flow[0])
            for gate in station.filters:
                passed, groups = evaluate_conditions(gate.groups, env)
                if not passed:
                    closed.append((station.module, gate, groups))
                    break
            else:
                return True
        for module, gate, groups in closed:
            self.trace.record_filter(module, gate, env.scope, passed=False, groups=groups)
        return False

    def _enter_branch(self, walk: EnterModule, flow: Sequence[Module], merges_as: int | None) -> None:
        """Let a bundle take a branch, which may come together with others behind the if-else."""
        after = None
        if merges_as is not None and walk.position + 1 < len(walk.flow):
            after = MergePoint(walk.flow, walk.position + 1, merges_as, walk.scope, walk.merge_point)
        if flow:
            self._stack.append(EnterModule(flow, 0, walk.scope, walk.handled_failure, after))
        elif after is not None:
            self._stack.append(_enter_merge(after, walk.scope, walk.handled_failure))

    def _end_run(self) -> None:
        self.ended = True
        self._stack.clear()
        self._accumulators.clear()

    # --- aggregators -----------------------------------------------------------------------------

    def _find_aggregators(self, module_id: int, flow: Sequence[Module], position: int) -> list[FlowPosition]:
        """The aggregators of a module's bundles from a position of a flow on."""
        if module_id not in self._feeders:
            return []
        return [place for place in iter_aggregators(flow, position) if place[0][place[1]].feeder == module_id]

    def _open_aggregators(self, walk: EnterModule, places: Sequence[FlowPosition]) -> None:
        """Begin to gather at some aggregators, the first of which will put out first."""
        self._run.budget.charge(8 * len(places))
        for flow, position in reversed(places):
            gathering = Accumulator()
            self._accumulators.setdefault(flow[position].id, []).append(gathering)
            self._stack.append(
                FlushAggregator(EnterModule(flow, position, walk.scope, walk.handled_failure), gathering)
            )

    def _accumulate(
        self, kind: ModuleDefinition, station: PreparedModule, walk: EnterModule, env: Environment
    ) -> None:
        module = station.module
        gatherings = self._accumulators.get(module.id)
        if not gatherings:
            feeder = str(module.parameters.get("feeder"))[:50]
            text = f"Module '{module.full_name}' ({module.id}) has no source: '{feeder}' does not lead to it."
            raise FatalError("BlueprintValidationError", text)
        try:
            item = coerce_mapper(kind, station.evaluate_mapper(env), env.zone)
            key = render_deep(module.group_by, env) if module.group_by is not None else None
        except ModuleError as error:
            self.trace.record_step(kind, module, walk.scope, {}, error=to_execution_error(error, module))
            raise
        gatherings[-1].merge_point = walk.merge_point
        gatherings[-1].add(key, item)

    def _flush_aggregator(self, frame: FlushAggregator) -> None:
        """An aggregation is one operation, however many bundles it gathered."""
        walk, module = frame.origin, frame.origin.module
        self._accumulators[module.id].pop()
        groups = frame.accumulator.groups
        if not groups and module.stops_if_empty:
            return
        kind = get_definition(module)
        self._count_operation(kind)
        items = [item for group in groups for item in group.items]
        try:
            bundles = [self._combine_group(kind, walk, group) for group in groups or [BundleGroup(None)]]
            self._check_limits(bundles)
        except ModuleError as error:
            self.trace.record_step(kind, module, walk.scope, items, error=to_execution_error(error, module))
            raise
        self.trace.record_step(kind, module, walk.scope, items, bundles)
        self._emit_bundles(replace(walk, merge_point=frame.accumulator.merge_point), bundles)

    def _combine_group(
        self, kind: ModuleDefinition, walk: EnterModule, group: BundleGroup
    ) -> Mapping[str, Value]:
        module, env = walk.module, self._environment(walk.scope)
        assert kind.combine is not None
        bundle = kind.combine(ModuleContext(self._run, module, {}, env, first=False), group)
        return {**bundle, "__IMTKEY__": group.key} if module.group_by else bundle

    # --- errors ----------------------------------------------------------------------------------

    def _handle_error(self, walk: EnterModule, error: ModuleError) -> None:
        """Hand an error to the module's error handler, if it has one."""
        failure, module = ModuleFailure(error, walk), walk.module
        if module.onerror and not isinstance(error, FatalError):
            scope = walk.scope.with_bundle(module.id, Bundle(error.error_bundle))
            self.trace.record_handler(module, walk.scope, error.name)
            self._stack.append(EnterModule(module.onerror, 0, scope, failure))
            return
        self._handle_uncaught(failure)

    def _handle_uncaught(self, failure: ModuleFailure) -> None:
        """Nobody handles a failure, or the filter of its handler is closed: the run is over, unless failures are kept."""
        try:
            kept = self._failed_bundle_collector.store_unhandled(failure)
        except BudgetExceededError as spent:
            failure, kept = ModuleFailure(spent, failure.origin), False
        if not kept:
            self._stop_with_error(failure)
        else:
            self.trace.record_error_decision(failure.origin.module, failure.origin.scope, "kept")

    def _apply_directive(self, walk: EnterModule, decision: str, mapper: Mapping[str, Value]) -> None:
        """Do what the directive at the end of an error handler says; without one the bundle is dropped."""
        failure = walk.handled_failure
        if failure is None:
            raise FatalError(
                "RuntimeError", f"Module '{walk.module.full_name}' stands outside of an error handler."
            )
        self.trace.record_error_decision(failure.origin.module, failure.origin.scope, decision)
        match decision:
            case "resume":
                self._emit_bundles(failure.origin, [mapper])
            case "commit":
                self._end_run()
            case "rollback":
                self._stop_with_error(failure)
            case "break":
                if not self._failed_bundle_collector.store_for_break(failure, mapper):
                    self._stop_with_error(failure)

    def _stop_with_error(self, failure: ModuleFailure) -> None:
        self._end_run()
        if isinstance(failure.error, ExecutionInterruptedError):
            self.interrupted = self._run.has_warning = True
            return
        self.error = to_execution_error(failure.error, failure.origin.module)


def _enter_merge(junction: MergePoint, came: Scope, handling: ModuleFailure | None) -> EnterModule:
    """On to the merge, which sees what was on the way through the branch; what follows it does not."""
    return EnterModule(
        junction.flow,
        junction.position,
        junction.scope,
        handling,
        junction.merge_point,
        merged_from=(junction.branch, came),
    )
