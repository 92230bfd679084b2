"""Interpreter of blueprints: processes the bundles of one run module by module.

A loop over a stack of frames, so the length of a blueprint does not meet Python's recursion limit. The last frame is
processed first, hence every bundle passes the whole flow before the next one starts, and routes follow one another.
Sources: Help centre, "Operations", "Router", "Aggregator", "If-else and merge"; recorded runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from ...world.models import ExecutionError, Json
from ..apps.app import ModuleDefinition, coerce_mapper, field_error
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
from ..blueprints.model import Blueprint, IfElseBranch, Module, Route
from ..errors import (
    BudgetExceededError,
    BundleValidationError,
    ConversionError,
    ExecutionInterruptedError,
    ExpressionError,
    FatalError,
    ModuleError,
    invalid_parameter,
)
from ..expressions.context import Bundle, Environment, Scope
from ..expressions.evaluator import render_deep
from ..expressions.values import FieldMarker, TimeZoneProvider, Value
from ..filters import conditions_hold, evaluate_conditions, operator_hint
from ..run_state import RunState, ScenarioCall
from . import hints, module_access, module_scripts
from .aggregation import Accumulator, FlowPosition, MergePoint, iter_aggregators
from .failed_bundles import FailedBundle, FailedBundleCollector
from .frames import EmitBundles, EnterModule, FlushAggregator, Frame, ModuleFailure
from .trace import ExecutionTrace, to_execution_error

#: Credits are counted in hundredths; an operation costs one credit (recorded).
CENTICREDITS_PER_OPERATION = 100

Bundles: TypeAlias = Sequence[Mapping[str, Value]]


class Interpreter:
    """Interpreter of one run; its results are its attributes."""

    def __init__(self, run: RunState, blueprint: Blueprint, *, zone: TimeZoneProvider) -> None:
        self._run = run
        self._lock = run.world.lock
        self._telemetry = run.world.telemetry
        self._zone = zone
        self._stack: list[Frame] = []
        #: Feeder -> positions of its aggregators; aggregator -> its open accumulators, the innermost loop last.
        self._feeders = blueprint.feeders
        self._is_confidential = blueprint.confidential
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
        #: True once a module ended the run before all bundles were processed.
        self.ended = False
        #: True once the run exceeded its time limit.
        self.interrupted = False

    @property
    def failed_bundles(self) -> Sequence[FailedBundle]:
        """Bundles to be stored as incomplete executions."""
        return self._failed_bundle_collector.failed_bundles

    def start_cycle(self, start: FlowPosition, scope: Scope, merge_point: MergePoint | None = None) -> None:
        """Begins a cycle with an empty bundle at a position; the aggregators of the modules in ``scope`` receive only this cycle's."""
        self.trace.cycle += 1
        flow, position = start
        if not flow:
            return
        entry = EnterModule(flow, position, scope, merge_point=merge_point)
        for module_id in scope.bundles():
            self._open_aggregators(entry, self._find_aggregators(module_id, flow, position))
        self._stack.append(entry)

    def run_frames(self) -> None:
        """Processes all frames; an error that ends the run is in ``error`` afterwards."""
        while self._stack:
            frame = self._stack.pop()
            # Between two operations the world is whole, and others may change it.
            if self._lock.is_overdue:
                self._run.give_way()
            if isinstance(frame, EmitBundles):
                self._emit_next_bundle(frame)
                continue
            entry = frame if isinstance(frame, EnterModule) else frame.origin
            try:
                if isinstance(frame, EnterModule):
                    self._enter_module(frame)
                else:
                    self._flush_aggregator(frame)
            except ModuleError as error:
                self._handle_error(entry, error)

    def _emit_next_bundle(self, frame: EmitBundles) -> None:
        """Sends the next bundle to the next module; the frame stays on the stack while there are more."""
        entry, index = frame.origin, frame.next_index
        if index + 1 < len(frame.bundles):
            frame.next_index += 1
            self._stack.append(frame)
        bundle = Bundle(frame.bundles[index], index + 1, len(frame.bundles))
        if frame.bundles is NO_RESULTS:
            bundle = Bundle(frame.bundles[index], index=0, length=0)
        scope = entry.scope.with_bundle(entry.module.id, bundle)
        if entry.position + 1 < len(entry.flow):
            self._stack.append(
                EnterModule(entry.flow, entry.position + 1, scope, entry.handled_failure, entry.merge_point)
            )
        elif entry.merge_point is not None:
            self._stack.append(_enter_merge(entry.merge_point, scope, entry.handled_failure))

    def _enter_module(self, entry: EnterModule) -> None:
        prepared = self._prepare_module(entry.flow[entry.position])
        self._run.budget.charge()
        branch, scope = entry.merged_from or (None, entry.scope)
        env = self._environment(scope)
        filters = prepared.filters if branch is None else prepared.filters_for(branch)
        if filters and not all(
            self._passes_filter(prepared.module, module_filter, env) for module_filter in filters
        ):
            if entry.handled_failure is not None and entry.is_handler_start:
                self._handle_uncaught(entry.handled_failure)
            return
        if prepared.route is not None:
            self.trace.record_route(prepared.route[0], scope, prepared.route[1])
        definition = prepared.definition or prepared.load_definition()
        if definition.combine is not None:
            self._accumulate(definition, prepared, entry, env)
            return
        self._count_operation(definition)
        if self._telemetry is None:
            outcome = self._run_operation(definition, prepared, entry, env, branch)
        else:
            with self._telemetry.operation(prepared.module.full_name, prepared.module.id):
                outcome = self._run_operation(definition, prepared, entry, env, branch)
        match outcome:
            case Emit(bundles, transfer):
                self.transfer += transfer
                self._emit_bundles(entry, bundles)
            case RunRoutes(routes):
                self._enter_routes(entry, routes, env)
            case ChooseBranch(branches):
                self._choose_branch(entry, branches, env)
            case ReturnOutputs(outputs):
                self.outputs = outputs
                self._end_run()
            case ErrorDirective(decision, mapper):
                self._apply_directive(entry, decision, mapper)

    def _passes_filter(self, module: Module, module_filter: Filter, env: Environment) -> bool:
        if not self.trace.has_room:
            self.trace.decisions_left_out += 1
            return self._run.budget.evaluate(conditions_hold, module_filter.groups, env)
        passed, groups = self._run.budget.evaluate(evaluate_conditions, module_filter.groups, env)
        self.trace.record_filter(module, module_filter, env.scope, passed=passed, groups=groups)
        return passed

    def _prepare_module(self, module: Module) -> PreparedModule:
        """Returns a module with its state in this run, created at first use."""
        prepared = self._prepared_modules.get(module.id)
        if prepared is None:
            prepared = self._prepared_modules[module.id] = PreparedModule(module)
            for index, route in enumerate(module.routes):
                if route.flow and not route.is_fallback:
                    self._prepare_module(route.flow[0]).route = module, index
        return prepared

    def _environment(self, scope: Scope) -> Environment:
        run = self._run
        return Environment(run.budget, scope, run.names, run.random, run.now(), self._zone, run.functions)

    def _count_operation(self, definition: ModuleDefinition) -> None:
        self._run.budget.charge_operation()
        self.operations += definition.billed
        self.centicredits += CENTICREDITS_PER_OPERATION * (definition.billed and not definition.is_free)
        self._run.stopwatch.add_operation(external=definition.external)

    def _run_operation(
        self,
        definition: ModuleDefinition,
        prepared: PreparedModule,
        entry: EnterModule,
        env: Environment,
        branch: int | None,
    ) -> Outcome:
        """Runs one operation of a module, and records it whether it succeeds or not."""
        module = prepared.module
        mapper: Mapping[str, Value] = {}
        call: ScenarioCall | None = None
        try:
            mapper = coerce_mapper(
                definition, self._run.budget.evaluate(prepared.evaluate_mapper, env), env.zone
            )
            context = ModuleContext(self._run, module, mapper, env, first=entry.scope.is_empty, branch=branch)
            if self._run.agent_run is not None:
                module_access.check(definition, context)
            outcome = module_scripts.run_operation(definition, context)
            if isinstance(outcome, ScenarioCall):
                call = outcome
                outcome = Emit([self._run.call(call)])
            bundles = outcome.bundles if isinstance(outcome, Emit) else ()
            self._check_limits(bundles)
        except ModuleError as error:
            self._add_hint(error, definition, module, env)
            self.trace.record_step(
                definition, module, entry.scope, mapper, error=to_execution_error(error, module), call=call
            )
            raise
        self.trace.record_step(definition, module, entry.scope, mapper, bundles, call=call)
        return outcome

    def _add_hint(
        self, error: ModuleError, definition: ModuleDefinition, module: Module, env: Environment
    ) -> None:
        """Adds what can be said about the parameters that failed; a confidential scenario shows no names of data.

        Of many handled errors, only those that the trace keeps have a hint, which takes time.
        """
        if module.onerror and not self.trace.has_room_for_steps:
            return
        if isinstance(error, BundleValidationError) and not error.issues and error.hint is None:
            error.hint = "A value is not of the type that its place takes."
        if error.issues and not self._is_confidential:
            hint = hints.parameter_hint(definition, module, error.issues, env)
            error.hint = " ".join(text for text in (error.hint, hint) if text) or None

    def _check_limits(self, bundles: Bundles) -> None:
        """Charges the bundles that a module emitted, and checks the time limit."""
        budget = self._run.budget
        if len(bundles) > 1:
            budget.charge_items(len(bundles))
        for bundle in bundles:
            budget.charge_weight(bundle)
        self._run.check_time_limit()

    # --- routes and branches ---------------------------------------------------------------------

    def _emit_bundles(self, entry: EnterModule, bundles: Bundles) -> None:
        """Sends a module's bundles on; after the last one, the aggregators that it feeds emit their aggregations."""
        id = entry.module.id
        if id in self._feeders:
            positions = self._aggregators_by_feeder.get(id)
            if positions is None:
                positions = self._aggregators_by_feeder[id] = self._find_aggregators(
                    id, entry.flow, entry.position + 1
                )
            self._open_aggregators(entry, positions)
        if bundles and (entry.position + 1 < len(entry.flow) or entry.merge_point is not None):
            self._stack.append(EmitBundles(entry, bundles))

    def _enter_routes(self, entry: EnterModule, all_routes: Sequence[Route], env: Environment) -> None:
        """Sends a bundle into every route of a router, or into the fallback if the filters of all others reject it."""
        routes = [route for route in all_routes if route.flow and not route.is_disabled]
        if any(route.is_fallback for route in routes):
            others = [route for route in routes if not route.is_fallback]
            if self._has_open_route(others, env):
                routes = others
            else:
                routes = [route for route in routes if route.is_fallback]
                self.trace.record_route(entry.module, entry.scope, all_routes.index(routes[0]), fallback=True)
        self._stack.extend(
            EnterModule(route.flow, 0, entry.scope, entry.handled_failure, entry.merge_point)
            for route in reversed(routes)
        )

    def _has_open_route(self, routes: Sequence[Route], env: Environment) -> bool:
        """Returns true if a bundle passes the filters of any route; if not, records the filter that rejected it on each."""
        rejected = []
        for route in routes:
            prepared = self._prepare_module(route.flow[0])
            for module_filter in prepared.filters:
                passed, groups = self._run.budget.evaluate(evaluate_conditions, module_filter.groups, env)
                if not passed:
                    rejected.append((prepared.module, module_filter, groups))
                    break
            else:
                return True
        for module, module_filter, groups in rejected:
            self.trace.record_filter(module, module_filter, env.scope, passed=False, groups=groups)
        return False

    def _choose_branch(self, entry: EnterModule, branches: Sequence[IfElseBranch], env: Environment) -> None:
        """Sends a bundle into the first branch whose conditions hold; one without conditions is the else branch."""
        number = next(
            (
                n
                for n, branch in enumerate(branches)
                if branch.groups is None or self._run.budget.evaluate(conditions_hold, branch.groups, env)
            ),
            None,
        )
        self.trace.record_branch(entry.module, entry.scope, number, _branch_hint(branches[:number]))
        if number is not None:
            self._enter_branch(entry, branches[number].flow, branches[number].merge_index)

    def _enter_branch(self, entry: EnterModule, flow: Sequence[Module], merge_index: int | None) -> None:
        """Sends a bundle into a branch, which may merge with others behind the if-else."""
        merge_point = None
        if merge_index is not None and entry.position + 1 < len(entry.flow):
            merge_point = MergePoint(
                entry.flow, entry.position + 1, merge_index, entry.scope, entry.merge_point
            )
        if flow:
            self._stack.append(EnterModule(flow, 0, entry.scope, entry.handled_failure, merge_point))
        elif merge_point is not None:
            self._stack.append(_enter_merge(merge_point, entry.scope, entry.handled_failure))

    def _end_run(self) -> None:
        self.ended = True
        self._stack.clear()
        self._accumulators.clear()

    # --- aggregators -----------------------------------------------------------------------------

    def _find_aggregators(self, module_id: int, flow: Sequence[Module], position: int) -> list[FlowPosition]:
        """Returns the aggregators of a module's bundles from a position of a flow on."""
        if module_id not in self._feeders:
            return []
        return [(flow, n) for flow, n in iter_aggregators(flow, position) if flow[n].feeder == module_id]

    def _open_aggregators(self, entry: EnterModule, positions: Sequence[FlowPosition]) -> None:
        """Opens accumulators for some aggregators, the first of which will emit first."""
        self._run.budget.charge(8 * len(positions))
        for flow, position in reversed(positions):
            accumulator = Accumulator()
            self._accumulators.setdefault(flow[position].id, []).append(accumulator)
            self._stack.append(
                FlushAggregator(EnterModule(flow, position, entry.scope, entry.handled_failure), accumulator)
            )

    def _accumulate(
        self, definition: ModuleDefinition, prepared: PreparedModule, entry: EnterModule, env: Environment
    ) -> None:
        module = prepared.module
        accumulators = self._accumulators.get(module.id)
        if not accumulators:
            feeder = str(module.parameters.get("feeder"))[:50]
            text = f"Module '{module.full_name}' ({module.id}) has no source: '{feeder}' does not lead to it."
            raise FatalError("BlueprintValidationError", text)
        try:
            item = coerce_mapper(
                definition, self._run.budget.evaluate(prepared.evaluate_mapper, env), env.zone
            )
            key = (
                self._run.budget.evaluate(render_deep, module.group_by, env)
                if module.group_by is not None
                else None
            )
        except ModuleError as error:
            self._add_hint(error, definition, module, env)
            self.trace.record_step(
                definition, module, entry.scope, {}, error=to_execution_error(error, module)
            )
            raise
        accumulators[-1].merge_point = entry.merge_point
        accumulators[-1].add(key, item)

    def _flush_aggregator(self, frame: FlushAggregator) -> None:
        """Emits an aggregation, which is one operation, however many bundles it combines."""
        entry, module = frame.origin, frame.origin.module
        self._accumulators[module.id].pop()
        groups = frame.accumulator.groups
        if not groups and module.stops_if_empty:
            return
        definition = get_definition(module)
        self._count_operation(definition)
        if self._telemetry is None:
            bundles = self._combine_groups(definition, entry, groups)
        else:
            with self._telemetry.operation(module.full_name, module.id):
                bundles = self._combine_groups(definition, entry, groups)
        self._emit_bundles(replace(entry, merge_point=frame.accumulator.merge_point), bundles)

    def _combine_groups(
        self, definition: ModuleDefinition, entry: EnterModule, groups: Sequence[BundleGroup]
    ) -> Bundles:
        """Combines the bundles of each group to one, and records the operation whether it succeeds or not."""
        module = entry.module
        items = [item for group in groups for item in group.items]
        try:
            bundles = [
                self._combine_group(definition, entry, group) for group in groups or [BundleGroup(None)]
            ]
            self._check_limits(bundles)
        except ModuleError as error:
            self.trace.record_step(
                definition, module, entry.scope, items, error=to_execution_error(error, module)
            )
            raise
        self.trace.record_step(definition, module, entry.scope, items, bundles)
        return bundles

    def _combine_group(
        self, definition: ModuleDefinition, entry: EnterModule, group: BundleGroup
    ) -> Mapping[str, Value]:
        module, env = entry.module, self._environment(entry.scope)
        assert definition.combine is not None
        context = ModuleContext(self._run, module, {}, env, first=False)
        if definition.computes:
            with self._run.computing(group.items):
                bundle = definition.combine(context, group)
        else:
            bundle = definition.combine(context, group)
        return {**bundle, "__IMTKEY__": group.key} if module.group_by else bundle

    # --- errors ----------------------------------------------------------------------------------

    def _handle_error(self, entry: EnterModule, error: ModuleError) -> None:
        """Passes an error to the module's error handler, if it has one."""
        failure, module = ModuleFailure(error, entry), entry.module
        if module.onerror and not isinstance(error, FatalError):
            scope = entry.scope.with_bundle(module.id, Bundle(error.error_bundle))
            self.trace.record_handler(module, entry.scope, error.name)
            self._stack.append(EnterModule(module.onerror, 0, scope, failure))
            return
        self._handle_uncaught(failure)

    def _handle_uncaught(self, failure: ModuleFailure) -> None:
        """Ends the run for a failure without a handler, or one that its handler's filter rejects, unless the bundle is stored."""
        try:
            is_stored = self._failed_bundle_collector.store_unhandled(failure)
        except BudgetExceededError as error:
            failure, is_stored = ModuleFailure(error, failure.origin), False
        if not is_stored:
            self._stop_with_error(failure)
        else:
            self.trace.record_error_decision(failure.origin.module, failure.origin.scope, "kept")

    def _apply_directive(self, entry: EnterModule, decision: str, mapper: Mapping[str, Value]) -> None:
        """Applies the directive at the end of an error handler; without one the bundle is dropped."""
        failure = entry.handled_failure
        if failure is None:
            raise FatalError(
                "RuntimeError", f"Module '{entry.module.full_name}' stands outside of an error handler."
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


def _branch_hint(closed: Sequence[IfElseBranch]) -> str:
    """Returns sentences about operators that do not exist in the conditions of branches that are not open."""
    operators = dict.fromkeys(
        condition.operator for branch in closed for group in branch.groups or () for condition in group
    )
    return " ".join(hint for operator in operators if (hint := operator_hint(operator)) is not None)


def _enter_merge(merge_point: MergePoint, branch_scope: Scope, failure: ModuleFailure | None) -> EnterModule:
    """Returns the frame of the merge, which sees the scope of the branch; the modules behind it do not."""
    return EnterModule(
        merge_point.flow,
        merge_point.position,
        merge_point.scope,
        failure,
        merge_point.merge_point,
        merged_from=(merge_point.branch, branch_scope),
    )


class PreparedModule:
    """Module of a blueprint in one run: the parts that do not depend on a bundle, computed once."""

    __slots__ = ("_fields", "definition", "filters", "module", "route")

    def __init__(self, module: Module) -> None:
        self.module = module
        #: Filters that each bundle has to pass.
        self.filters: Sequence[Filter] = (module.filter,) if module.filter is not None else ()
        #: Definition of the module; ``None`` until the first bundle.
        self.definition: ModuleDefinition | None = None
        #: For the first module of a router's route: the router, and the index of the route.
        self.route: tuple[Module, int] | None = None
        self._fields = [(name, raw, _needs_evaluation(raw)) for name, raw in module.mapper.items()]

    def load_definition(self) -> ModuleDefinition:
        """Loads the definition of the module.

        Raises:
            ModuleError: if it is not supported.
        """
        self.definition = definition = get_definition(self.module)
        return definition

    def filters_for(self, branch: int | None) -> Sequence[Filter]:
        """Returns the filters that a bundle has to pass: the module's, and a merge's for the branch that the bundle passed."""
        merge_filters = self.module.filters
        module_filter = merge_filters[branch] if branch is not None and branch < len(merge_filters) else None
        return self.filters if module_filter is None else (*self.filters, module_filter)

    def evaluate_mapper(self, env: Environment) -> Mapping[str, Value]:
        """Evaluates the fields of the mapper for one bundle.

        Raises:
            ModuleError: if an expression cannot be evaluated; it names the field.
        """
        mapper: dict[str, Value] = {}
        for name, raw, needs_evaluation in self._fields:
            if not needs_evaluation:
                mapper[name] = raw
                continue
            try:
                value = render_deep(raw, env)
            except ExpressionError as error:
                raise field_error(get_definition(self.module), name, error) from None
            except ConversionError:
                raise BundleValidationError(invalid_parameter(name)) from None
            if value is not FieldMarker.IGNORE:
                mapper[name] = None if value is FieldMarker.ERASE else value
        env.budget.charge_weight(mapper)
        return mapper


def _needs_evaluation(raw: Json) -> bool:
    """True if a field has to be evaluated; collections and arrays are, because they are copied."""
    return "{{" in raw if isinstance(raw, str) else isinstance(raw, (Mapping, list))
