"""Goes through a blueprint and writes down what happened.

A loop over a stack of frames, so a blueprint's length is no matter of Python's. The last frame is worked on
first, hence every bundle goes all the way down before the next one starts, and routes follow one another.
Sources: Help centre, "Operations", "Router", "Aggregator", "If-else and merge"; recorded runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from ..world.models import ExecutionError
from . import scripts
from .blueprint import Blueprint, Module, Route
from .conditions import Filter
from .errors import Exhausted, Fatal, Interrupted, ModuleError
from .filters import judged, passes
from .frames import Close, Failure, Frame, Spread, Walk
from .gathering import Gathering, Group, Junction, Place, aggregators
from .iml.environment import Bundle, Environment, Scope
from .iml.evaluate import fill_deep
from .iml.values import Value, Zone
from .journal import Journal
from .modules import kind_of
from .modules.registry import (
    NO_RESULTS,
    Branch,
    CallScenario,
    Choose,
    Directive,
    Emit,
    Kind,
    ModuleContext,
    Outcome,
    Return,
    Run,
    fitted,
)
from .recovery import Broken, Recovery, described
from .stations import Station

#: Credits are counted in hundredths; an operation costs one credit (recorded).
CENTICREDITS = 100

Bundles: TypeAlias = Sequence[Mapping[str, Value]]


class Interpreter:
    """Computes one run; what came of it is read off its attributes."""

    def __init__(self, run: Run, blueprint: Blueprint, *, zone: Zone) -> None:
        self._run = run
        self._zone = zone
        self._stack: list[Frame] = []
        #: Feeder -> the places of its aggregators; aggregator -> what it gathers now, the innermost loop last.
        self._feeders = blueprint.feeders
        self._fed: dict[int, list[Place]] = {}
        self._gatherings: dict[int, list[Gathering]] = {}
        self._stations: dict[int, Station] = {}
        self._recovery = Recovery(run, keeps_failures=blueprint.keeps_failures)
        self.journal = Journal(confidential=blueprint.confidential)
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
    def broken(self) -> Sequence[Broken]:
        """The bundles that are to be stored as incomplete executions."""
        return self._recovery.broken

    def start(self, place: Place, scope: Scope, after: Junction | None = None) -> None:
        """Begin a cycle with a bundle at a place; what gathers the bundles of its way gathers it alone."""
        self.journal.cycle += 1
        flow, position = place
        if not flow:
            return
        walk = Walk(flow, position, scope, after=after)
        for module_id in scope.bundles():
            self._open(walk, self._fed_by(module_id, flow, position))
        self._stack.append(walk)

    def finish(self) -> None:
        """Work off everything; raises nothing but what ends the run, which is in ``error`` by then."""
        while self._stack:
            frame = self._stack.pop()
            if isinstance(frame, Spread):
                self._spread(frame)
                continue
            walk = frame if isinstance(frame, Walk) else frame.walk
            try:
                if isinstance(frame, Walk):
                    self._walk(frame)
                else:
                    self._close(frame)
            except ModuleError as error:
                self._fail(walk, error)

    def _spread(self, frame: Spread) -> None:
        """Send the next bundle on its way; the frame stays only as long as there are more."""
        walk, place = frame.walk, frame.place
        if place + 1 < len(frame.bundles):
            frame.place += 1
            self._stack.append(frame)
        bundle = Bundle(frame.bundles[place], place + 1, len(frame.bundles))
        if frame.bundles is NO_RESULTS:
            bundle = Bundle(frame.bundles[place], index=0, length=0)
        scope = walk.scope.having(walk.module.id, bundle)
        if walk.position + 1 < len(walk.flow):
            self._stack.append(Walk(walk.flow, walk.position + 1, scope, walk.handling, walk.after))
        elif walk.after is not None:
            self._stack.append(_joining(walk.after, scope, walk.handling))

    def _walk(self, walk: Walk) -> None:
        station = self._station(walk.flow[walk.position])
        self._run.budget.step()
        branch, scope = walk.came_by or (None, walk.scope)
        env = self._environment(scope)
        gates = station.gates if branch is None else station.gates_for(branch)
        if gates and not all(self._lets_through(station.module, gate, env) for gate in gates):
            if walk.handling is not None and walk.begins_handler:
                self._leave(walk.handling)
            return
        if station.route is not None:
            self.journal.took_route(station.route[0], scope, station.route[1])
        kind = station.kind or station.open()
        if kind.combine is not None:
            self._gather(kind, station, walk, env)
            return
        self._count(kind)
        match self._operate(kind, station, walk, env, branch):
            case Emit(bundles, transfer):
                self.transfer += transfer
                self._emit(walk, bundles)
            case Branch(routes):
                self._send(walk, routes, env)
            case Choose(arms):
                taken = next(
                    (n for n, arm in enumerate(arms) if arm.groups is None or passes(arm.groups, env)), None
                )
                self.journal.took_branch(station.module, scope, taken)
                if taken is not None:
                    self._enter(walk, arms[taken].flow, arms[taken].merges_as)
            case Return(outputs):
                self.outputs = outputs
                self._end()
            case Directive(decision, mapper):
                self._direct(walk, decision, mapper)

    def _lets_through(self, module: Module, gate: Filter, env: Environment) -> bool:
        if not self.journal.has_room:
            self.journal.decisions_left_out += 1
            return passes(gate.groups, env)
        passed, groups = judged(gate.groups, env)
        self.journal.filtered(module, gate, env.scope, passed=passed, groups=groups)
        return passed

    def _station(self, module: Module) -> Station:
        """A module made ready for its bundles."""
        station = self._stations.get(module.id)
        if station is None:
            station = self._stations[module.id] = Station(module)
            for place, route in enumerate(module.routes):
                if route.flow and not route.is_fallback:
                    self._station(route.flow[0]).route = module, place
        return station

    def _environment(self, scope: Scope) -> Environment:
        run = self._run
        return Environment(run.budget, scope, run.names, run.random, run.now(), self._zone, run.functions)

    def _count(self, kind: Kind) -> None:
        self._run.budget.operation()
        self.operations += kind.billed
        self.centicredits += CENTICREDITS * (kind.billed and not kind.free)
        self._run.stopwatch.operation(external=kind.external)

    def _operate(
        self, kind: Kind, station: Station, walk: Walk, env: Environment, branch: int | None
    ) -> Outcome:
        """One operation of a module, written down whether it succeeds or not."""
        module = station.module
        mapper: Mapping[str, Value] = {}
        call: CallScenario | None = None
        try:
            mapper = fitted(kind, station.mapped(env), env.zone)
            outcome = scripts.play(
                kind, ModuleContext(self._run, module, mapper, env, first=walk.scope.empty, branch=branch)
            )
            if isinstance(outcome, CallScenario):
                call = outcome
                outcome = Emit([self._run.call(call)])
            bundles = outcome.bundles if isinstance(outcome, Emit) else ()
            self._check(bundles)
        except ModuleError as error:
            self.journal.note(kind, module, walk.scope, mapper, error=described(error, module), call=call)
            raise
        self.journal.note(kind, module, walk.scope, mapper, bundles, call=call)
        return outcome

    def _check(self, bundles: Bundles) -> None:
        """Whether there is room for what a module put out, and time left."""
        budget = self._run.budget
        if len(bundles) > 1:
            budget.items(len(bundles))
        for bundle in bundles:
            budget.weigh(bundle)
        self._run.keep_time()

    # --- the ways of a bundle --------------------------------------------------------------------

    def _emit(self, walk: Walk, bundles: Bundles) -> None:
        """What a module put out goes on; once it is all through, the aggregators that it feeds put out theirs."""
        id = walk.module.id
        if id in self._feeders:
            places = self._fed.get(id)
            if places is None:
                places = self._fed[id] = self._fed_by(id, walk.flow, walk.position + 1)
            self._open(walk, places)
        if bundles and (walk.position + 1 < len(walk.flow) or walk.after is not None):
            self._stack.append(Spread(walk, bundles))

    def _send(self, walk: Walk, all_routes: Sequence[Route], env: Environment) -> None:
        """Let a bundle take every route of a router, and a fallback if all others are closed to it."""
        routes = [route for route in all_routes if route.flow and not route.is_disabled]
        if any(route.is_fallback for route in routes):
            others = [route for route in routes if not route.is_fallback]
            if self._any_is_open(others, env):
                routes = others
            else:
                routes = [route for route in routes if route.is_fallback]
                self.journal.took_route(walk.module, walk.scope, all_routes.index(routes[0]), fallback=True)
        self._stack.extend(
            Walk(route.flow, 0, walk.scope, walk.handling, walk.after) for route in reversed(routes)
        )

    def _any_is_open(self, routes: Sequence[Route], env: Environment) -> bool:
        """Whether a bundle may take any of some routes. If not, it is told what closed each of them."""
        closed = []
        for route in routes:
            station = self._station(route.flow[0])
            for gate in station.gates:
                passed, groups = judged(gate.groups, env)
                if not passed:
                    closed.append((station.module, gate, groups))
                    break
            else:
                return True
        for module, gate, groups in closed:
            self.journal.filtered(module, gate, env.scope, passed=False, groups=groups)
        return False

    def _enter(self, walk: Walk, flow: Sequence[Module], merges_as: int | None) -> None:
        """Let a bundle take a branch, which may come together with others behind the if-else."""
        after = None
        if merges_as is not None and walk.position + 1 < len(walk.flow):
            after = Junction(walk.flow, walk.position + 1, merges_as, walk.scope, walk.after)
        if flow:
            self._stack.append(Walk(flow, 0, walk.scope, walk.handling, after))
        elif after is not None:
            self._stack.append(_joining(after, walk.scope, walk.handling))

    def _end(self) -> None:
        self.ended = True
        self._stack.clear()
        self._gatherings.clear()

    # --- aggregators -----------------------------------------------------------------------------

    def _fed_by(self, module_id: int, flow: Sequence[Module], position: int) -> list[Place]:
        """The aggregators of a module's bundles from a position of a flow on."""
        if module_id not in self._feeders:
            return []
        return [place for place in aggregators(flow, position) if place[0][place[1]].feeder == module_id]

    def _open(self, walk: Walk, places: Sequence[Place]) -> None:
        """Begin to gather at some aggregators, the first of which will put out first."""
        self._run.budget.step(8 * len(places))
        for flow, position in reversed(places):
            gathering = Gathering()
            self._gatherings.setdefault(flow[position].id, []).append(gathering)
            self._stack.append(Close(Walk(flow, position, walk.scope, walk.handling), gathering))

    def _gather(self, kind: Kind, station: Station, walk: Walk, env: Environment) -> None:
        module = station.module
        gatherings = self._gatherings.get(module.id)
        if not gatherings:
            feeder = str(module.parameters.get("feeder"))[:50]
            text = f"Module '{module.full_name}' ({module.id}) has no source: '{feeder}' does not lead to it."
            raise Fatal("BlueprintValidationError", text)
        try:
            item = fitted(kind, station.mapped(env), env.zone)
            key = fill_deep(module.group_by, env) if module.group_by is not None else None
        except ModuleError as error:
            self.journal.note(kind, module, walk.scope, {}, error=described(error, module))
            raise
        gatherings[-1].after = walk.after
        gatherings[-1].add(key, item)

    def _close(self, frame: Close) -> None:
        """An aggregation is one operation, however many bundles it gathered."""
        walk, module = frame.walk, frame.walk.module
        self._gatherings[module.id].pop()
        groups = frame.gathering.groups
        if not groups and module.stops_if_empty:
            return
        kind = kind_of(module)
        self._count(kind)
        items = [item for group in groups for item in group.items]
        try:
            bundles = [self._combined(kind, walk, group) for group in groups or [Group(None)]]
            self._check(bundles)
        except ModuleError as error:
            self.journal.note(kind, module, walk.scope, items, error=described(error, module))
            raise
        self.journal.note(kind, module, walk.scope, items, bundles)
        self._emit(replace(walk, after=frame.gathering.after), bundles)

    def _combined(self, kind: Kind, walk: Walk, group: Group) -> Mapping[str, Value]:
        module, env = walk.module, self._environment(walk.scope)
        assert kind.combine is not None
        bundle = kind.combine(ModuleContext(self._run, module, {}, env, first=False), group)
        return {**bundle, "__IMTKEY__": group.key} if module.group_by else bundle

    # --- errors ----------------------------------------------------------------------------------

    def _fail(self, walk: Walk, error: ModuleError) -> None:
        """Hand an error to the module's error handler, if it has one."""
        failure, module = Failure(error, walk), walk.module
        if module.onerror and not isinstance(error, Fatal):
            scope = walk.scope.having(module.id, Bundle(error.report))
            self.journal.handled(module, walk.scope, error.name)
            self._stack.append(Walk(module.onerror, 0, scope, failure))
            return
        self._leave(failure)

    def _leave(self, failure: Failure) -> None:
        """Nobody handles a failure, or the filter of its handler is closed: the run is over, unless failures are kept."""
        try:
            kept = self._recovery.keeps(failure)
        except Exhausted as spent:
            failure, kept = Failure(spent, failure.walk), False
        if not kept:
            self._stop(failure)
        else:
            self.journal.decided(failure.walk.module, failure.walk.scope, "kept")

    def _direct(self, walk: Walk, decision: str, mapper: Mapping[str, Value]) -> None:
        """Do what the directive at the end of an error handler says; without one the bundle is dropped."""
        failure = walk.handling
        if failure is None:
            raise Fatal(
                "RuntimeError", f"Module '{walk.module.full_name}' stands outside of an error handler."
            )
        self.journal.decided(failure.walk.module, failure.walk.scope, decision)
        match decision:
            case "resume":
                self._emit(failure.walk, [mapper])
            case "commit":
                self._end()
            case "rollback":
                self._stop(failure)
            case "break":
                if not self._recovery.breaks(failure, mapper):
                    self._stop(failure)

    def _stop(self, failure: Failure) -> None:
        self._end()
        if isinstance(failure.error, Interrupted):
            self.interrupted = self._run.warned = True
            return
        self.error = described(failure.error, failure.walk.module)


def _joining(junction: Junction, came: Scope, handling: Failure | None) -> Walk:
    """On to the merge, which sees what was on the way through the branch; what follows it does not."""
    return Walk(
        junction.flow,
        junction.position,
        junction.scope,
        handling,
        junction.after,
        came_by=(junction.branch, came),
    )
