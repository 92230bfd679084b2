"""Search for repairs: the patches of lint's findings are applied one after the other, and those that help are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..json_patch import Patch, PatchError, Path, apply_patch, find_value
from ..json_types import Json, JsonObject, as_mapping
from ..lint import Finding, LintOptions, lint
from ..world.blueprint_refs import iter_modules
from ..world.clock import Clock, format_iso
from ..world.models import ModuleScript
from .description import describe_patch
from .trial import TrialRun, compare, try_run

#: The most repairs that a single one may need to make nothing worse.
_MAX_GROUP = 6
#: The most work for one blueprint: modules that were linted and run, and operations.
_MAX_WORK = 100_000
#: The most work for trials one by one; more repairs are tried many at once, as far as they can be.
_MAX_SINGLE_WORK = 10_000
#: The fewest repairs that are tried at once.
_MIN_BATCH = 4

#: The rule that shows only the first fault of several.
_ONE_AT_A_TIME = "invalid-structure"

NO_REPAIR = "no obvious repair"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A repair that was tried.

    Attributes:
        finding: the finding that it removes.
        patch: of the blueprint after the repairs before it; with those of findings that it would bring.
        before: the run without it.
        after: the run with it.
        changes: a line for each operation.
        others: the number of other repairs that were tried at once with it.
    """

    finding: Finding
    patch: Patch
    scheduling_patch: Patch
    before: TrialRun
    after: TrialRun
    changes: tuple[str, ...]
    others: int = 0

    @property
    def outcome(self) -> str:
        """``SUCCESS instead of ERROR, 4 bundles instead of 0``."""
        return compare(self.after, self.before)

    def to_json(self) -> JsonObject:
        """Returns the members of the finding with the patch that was tried, ``run: {before, after}``, and ``others``, if any."""
        finding = replace(self.finding, patch=self.patch, scheduling_patch=self.scheduling_patch)
        return {
            **finding.to_json(),
            "run": {"before": self.before.to_json(), "after": self.after.to_json()},
            **({"others": self.others} if self.others else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Remainder:
    """A finding that stays, and the reason: no repair is obvious, or the one that is makes something worse."""

    finding: Finding
    reason: str = NO_REPAIR

    def to_json(self) -> JsonObject:
        """Returns the members of the finding, without a patch, and ``reason``."""
        return {**replace(self.finding, patch=(), scheduling_patch=()).to_json(), "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class MendResult:
    """A repaired blueprint.

    Attributes:
        scheduling: the repaired scheduling, if one was given.
        repairs: in the order in which they are applied.
        remainders: the findings that stay.
        before: the run of the blueprint as it was given.
        after: the run of the repaired one.
    """

    blueprint: Mapping[str, Json]
    scheduling: Mapping[str, Json]
    repairs: tuple[Repair, ...]
    remainders: tuple[Remainder, ...]
    before: TrialRun
    after: TrialRun

    @property
    def patch(self) -> Patch:
        """All operations on the blueprint."""
        return tuple(operation for repair in self.repairs for operation in repair.patch)

    @property
    def scheduling_patch(self) -> Patch:
        """All operations on the scheduling."""
        return tuple(operation for repair in self.repairs for operation in repair.scheduling_patch)

    @property
    def has_errors(self) -> bool:
        """True if an error stays."""
        return any(each.finding.severity == "error" for each in self.remainders)

    def to_json(self) -> JsonObject:
        """Returns ``{blueprint, scheduling?, patch, schedulingPatch?, repairs, findings, run: {before, after}}``."""
        document: JsonObject = {
            "blueprint": self.blueprint,
            "scheduling": self.scheduling or None,
            "patch": [operation.to_json() for operation in self.patch],
            "schedulingPatch": [operation.to_json() for operation in self.scheduling_patch] or None,
            "repairs": [repair.to_json() for repair in self.repairs],
            "findings": [remainder.to_json() for remainder in self.remainders],
            "run": {"before": self.before.to_json(), "after": self.after.to_json()},
        }
        return {name: value for name, value in document.items() if value is not None}


def mend(
    blueprint: Mapping[str, Json],
    *,
    options: LintOptions | None = None,
    ignore: Iterable[str] = (),
    io: Json = None,
    now: str | None = None,
    scripts: Sequence[ModuleScript] = (),
) -> MendResult:
    """Returns a blueprint with the obvious repairs that help; the given one stays as it is.

    A repair helps if its finding is gone, no other finding appears, and the run ends no worse than before. Of an error, a
    warning may stay. Notes do not count.

    Args:
        options: what lint knows besides the blueprint; its scheduling is repaired as well.
        ignore: ids of rules that are switched off.
        io: the API's metadata of inputs and outputs, if they are not in the blueprint.
        now: the time of the runs, ISO 8601; by default the system's.
        scripts: outputs of modules in the runs.
    """
    return _Mender(
        options or LintOptions(), tuple(ignore), io, now or format_iso(Clock().now()), scripts
    ).mend(blueprint)


@dataclass(frozen=True, slots=True)
class _State:
    """A blueprint on its way, with its scheduling, findings and run."""

    blueprint: Mapping[str, Json]
    scheduling: Mapping[str, Json]
    findings: Sequence[Finding]


class _RejectedError(Exception):
    """Patch that does not help; the message is the reason."""


class _Mender:
    def __init__(
        self,
        options: LintOptions,
        ignore: tuple[str, ...],
        io: Json,
        now: str,
        scripts: Sequence[ModuleScript],
    ) -> None:
        self._options = options
        self._ignore = ignore
        self._io = io
        self._now = now
        self._scripts = scripts
        self._work = 0

    def mend(self, blueprint: Mapping[str, Json]) -> MendResult:
        state = self._lint(blueprint, self._options.scheduling)
        before = run = self._run(state)
        repairs: list[Repair] = []
        reasons: dict[str, str] = {}
        # A patch that does not help may do so after another one, so those rejected are tried again after each pass that
        # changed something.
        has_changed = True
        while has_changed:
            has_changed, reasons = False, {}
            if batch := self._find_batch(state, run):
                made, state, run = self._try_batch(state, run, batch)
                repairs += made
                has_changed = bool(made)
            while (finding := _next_finding(state, reasons)) is not None:
                try:
                    repair, state = self._try(state, run, finding)
                except _RejectedError as rejection:
                    reasons[_key(finding)] = str(rejection)
                else:
                    repairs.append(repair)
                    run, has_changed = repair.after, True
            has_changed = has_changed and bool(reasons)
        return MendResult(
            blueprint=state.blueprint,
            scheduling=state.scheduling,
            repairs=tuple(repairs),
            remainders=tuple(
                Remainder(finding=finding, reason=reasons.get(_key(finding), NO_REPAIR))
                for finding in state.findings
            ),
            before=before,
            after=run,
        )

    def _find_batch(self, state: _State, run: TrialRun) -> list[Finding]:
        """Returns the findings whose repairs change different places, if they are too many to be tried one by one."""
        found = [each for each in state.findings if each.patch]
        if len(found) * (_count_modules(state) + run.operations) <= _MAX_SINGLE_WORK:
            return []
        touched = _Places()
        return [finding for finding in found if touched.claim(state.blueprint, finding.patch)]

    def _try_batch(
        self, state: _State, run: TrialRun, batch: Sequence[Finding]
    ) -> tuple[list[Repair], _State, TrialRun]:
        """Returns the repairs of findings that help all at once, or else those of each half, with the state and run after them."""
        if len(batch) < _MIN_BATCH or self._work >= _MAX_WORK:
            return [], state, run
        patch = tuple(operation for finding in batch for operation in finding.patch)
        patched = self._lint(as_mapping(apply_patch(state.blueprint, patch)), state.scheduling)
        old, new = _count_rules(state), _count_rules(patched)
        wanted = Counter(finding.rule for finding in batch if finding.severity != "info")
        if not _introduced(state, patched) and all(new[rule] <= old[rule] - wanted[rule] for rule in wanted):
            after = self._run(patched)
            if not after.is_worse_than(run):
                made = [
                    Repair(
                        finding=finding,
                        patch=finding.patch,
                        scheduling_patch=(),
                        before=run,
                        after=after,
                        changes=_describe(state, finding),
                        others=len(batch) - 1,
                    )
                    for finding in batch
                ]
                return made, patched, after
        middle = len(batch) // 2
        first, state, run = self._try_batch(state, run, batch[:middle])
        second, state, run = self._try_batch(state, run, batch[middle:])
        return [*first, *second], state, run

    def _try(self, state: _State, run: TrialRun, finding: Finding) -> tuple[Repair, _State]:
        """Returns the repair of a finding, and the state after it.

        Raises:
            _RejectedError: if it does not help.
        """
        if self._work >= _MAX_WORK:
            raise _RejectedError("not tried: the trials of other repairs took too long")
        patch, scheduling_patch = finding.patch, finding.scheduling_patch
        changes = _describe(state, finding)
        patched = self._patch(state, finding)
        if not _is_gone(state, patched, finding):
            raise _RejectedError("the obvious repair does not remove it")
        while introduced := _introduced(state, patched, finding):
            # What a repair brings to light may have a repair, too.
            following = next((each for each in introduced if each.patch), None)
            if following is None or len(patch) >= _MAX_GROUP:
                texts = "; ".join(f"[{each.rule}] {each.message}" for each in introduced[:3])
                raise _RejectedError(f"the obvious repair brings {texts}")
            changes += _describe(patched, following)
            patched = self._patch(patched, following)
            patch, scheduling_patch = patch + following.patch, scheduling_patch + following.scheduling_patch
        after = self._run(patched)
        if after.is_worse_than(run):
            cause = f": {after.error}" if after.error else ""
            raise _RejectedError(f"with the obvious repair the run ends {compare(after, run)}{cause}")
        return (
            Repair(
                finding=finding,
                patch=patch,
                scheduling_patch=scheduling_patch,
                before=run,
                after=after,
                changes=changes,
            ),
            patched,
        )

    def _patch(self, state: _State, finding: Finding) -> _State:
        try:
            return self._lint(
                as_mapping(apply_patch(state.blueprint, finding.patch)),
                as_mapping(apply_patch(state.scheduling, finding.scheduling_patch)),
            )
        except PatchError as error:
            raise _RejectedError(f"the obvious repair cannot be applied: {error}") from None

    def _lint(self, blueprint: Mapping[str, Json], scheduling: Mapping[str, Json]) -> _State:
        options = replace(self._options, scheduling=scheduling)
        state = _State(blueprint, scheduling, lint(blueprint, options=options, ignore=self._ignore))
        self._work += _count_modules(state)
        return state

    def _run(self, state: _State) -> TrialRun:
        run = try_run(state.blueprint, self._io, now=self._now, scripts=self._scripts)
        self._work += run.operations
        return run


class _Places:
    """Places of a blueprint that patches change, none of which lies in another one or moves it."""

    def __init__(self) -> None:
        self._taken: set[Path] = set()
        self._above: set[Path] = set()

    def claim(self, blueprint: Mapping[str, Json], patch: Patch) -> bool:
        """Takes the places of a patch, or returns false if one is taken or moves others."""
        paths: list[Path] = []
        for operation in patch:
            paths += [operation.path, *([operation.source] if operation.op == "move" else [])]
            shifts = operation.op != "replace" and any(
                not isinstance(_find(blueprint, path[:-1]), Mapping) for path in paths
            )
            if shifts or operation.op == "remove":
                return False
        for path in paths:
            prefixes = {path[:length] for length in range(len(path))}
            if path in self._taken or path in self._above or prefixes & self._taken:
                return False
        for path in paths:
            self._taken.add(path)
            self._above.update(path[:length] for length in range(len(path)))
        return True


def _find(blueprint: Mapping[str, Json], path: Path) -> Json:
    try:
        return find_value(blueprint, path)
    except PatchError:
        return None


def _count_modules(state: _State) -> int:
    return 1 + sum(1 for _ in iter_modules(state.blueprint.get("flow")))


def _next_finding(state: _State, rejected: Mapping[str, str]) -> Finding | None:
    for finding in state.findings:
        if (finding.patch or finding.scheduling_patch) and _key(finding) not in rejected:
            return finding
    return None


def _key(finding: Finding) -> str:
    return repr((finding.rule, finding.path, finding.message, finding.patch, finding.scheduling_patch))


def _is_gone(before: _State, after: _State, finding: Finding) -> bool:
    """Returns true if there is one finding less of a rule; the parser shows one fault of the structure after another."""

    def count(state: _State) -> int:
        return sum(
            each.rule == finding.rule and (finding.rule != _ONE_AT_A_TIME or each.message == finding.message)
            for each in state.findings
        )

    return count(after) < count(before)


def _introduced(before: _State, after: _State, repaired: Finding | None = None) -> list[Finding]:
    """Returns the errors and warnings of rules that have more of them than before.

    Warnings in place of an error are an improvement, unless they are more.
    """
    old, new = _count_rules(before), _count_rules(after)
    risen = {rule for rule, count in new.items() if count > old[rule]}
    found = [each for each in after.findings if each.rule in risen and each.severity != "info"]
    if repaired is not None and repaired.severity == "error" and new.total() <= old.total():
        found = [each for each in found if each.severity == "error"]
    known = {(each.rule, each.message) for each in before.findings}
    return sorted(found, key=lambda each: (each.rule, each.message) in known)


def _count_rules(state: _State) -> Counter[str]:
    return Counter(each.rule for each in state.findings if each.severity != "info")


def _describe(state: _State, finding: Finding) -> tuple[str, ...]:
    return (
        *describe_patch(state.blueprint, finding.patch),
        *describe_patch(state.scheduling, finding.scheduling_patch),
    )
