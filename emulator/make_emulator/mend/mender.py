"""Search for repairs: the patches of lint's findings are applied one after the other, and those that help are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..json_patch import Patch, PatchError, apply_patch
from ..json_types import Json, JsonObject, as_mapping
from ..lint import Finding, LintOptions, lint
from ..world.clock import Clock, format_iso
from ..world.models import ModuleScript
from .description import describe_patch
from .trial import TrialRun, compare, try_run

#: The most repairs that a single one may need to make nothing worse.
_MAX_GROUP = 6
#: The most trial runs for one blueprint.
_MAX_TRIALS = 500

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
    """

    finding: Finding
    patch: Patch
    scheduling_patch: Patch
    before: TrialRun
    after: TrialRun
    changes: tuple[str, ...]

    @property
    def outcome(self) -> str:
        """``SUCCESS instead of ERROR, 4 bundles instead of 0``."""
        return compare(self.after, self.before)

    def to_json(self) -> JsonObject:
        """Returns the members of the finding with the patch that was tried, and ``run: {before, after}``."""
        finding = replace(self.finding, patch=self.patch, scheduling_patch=self.scheduling_patch)
        return {
            **finding.to_json(),
            "run": {"before": self.before.to_json(), "after": self.after.to_json()},
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
        self._trials = 0

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

    def _try(self, state: _State, run: TrialRun, finding: Finding) -> tuple[Repair, _State]:
        """Returns the repair of a finding, and the state after it.

        Raises:
            _RejectedError: if it does not help.
        """
        if self._trials >= _MAX_TRIALS:
            raise _RejectedError(f"not tried: {_MAX_TRIALS} repairs were")
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
        return _State(blueprint, scheduling, lint(blueprint, options=options, ignore=self._ignore))

    def _run(self, state: _State) -> TrialRun:
        self._trials += 1
        return try_run(state.blueprint, self._io, now=self._now, scripts=self._scripts)


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


def _introduced(before: _State, after: _State, repaired: Finding) -> list[Finding]:
    """Returns the errors and warnings of rules that have more of them than before.

    Warnings in place of an error are an improvement, unless they are more.
    """
    old, new = _count_rules(before), _count_rules(after)
    risen = {rule for rule, count in new.items() if count > old[rule]}
    found = [each for each in after.findings if each.rule in risen and each.severity != "info"]
    if repaired.severity == "error" and new.total() <= old.total():
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
