"""Import of exported blueprints as scenarios of a team, with stubs of what they refer to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from ..engine.blueprints.document import unwrap_document
from ..engine.scenarios import activation, crud
from ..json_types import Json, JsonObject
from ..lint import lint
from ..lint.files import find_scheduling, lint_file
from ..lint.finding import Finding
from ..lint.team import options_for_team
from ..world import blueprint_refs
from ..world.exceptions import DomainError
from ..world.models import Hook, Scenario, Team, User
from ..world.tables import Table
from ..world.world import World
from .export import BlueprintExport, error_text, parse_document
from .files import BlueprintFile
from .links import find_called_ids, find_links, rewrite_calls
from .stubs import Stub, create_stubs


@dataclass(frozen=True, slots=True)
class ImportedScenario:
    """Scenario that a file became; ``inactive_reason`` says why it could not be activated."""

    file: str
    scenario: Scenario
    findings: tuple[Finding, ...]
    inactive_reason: str | None = None


@dataclass(frozen=True, slots=True)
class RejectedFile:
    """File that became no scenario, and left nothing behind."""

    file: str
    message: str
    hint: str | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Scenarios and stubs that an import created, and the files that it rejected."""

    scenarios: tuple[ImportedScenario, ...]
    stubs: tuple[Stub, ...]
    rejected: tuple[RejectedFile, ...]

    def to_json(self, world: World, hook_url: Callable[[Hook], str]) -> JsonObject:
        """Returns ``{scenarios: […], stubs: […], rejected: […]}``, as the control API responds.

        Args:
            hook_url: makes the address of a hook.
        """
        return {
            "scenarios": [
                {
                    "file": each.file,
                    "scenarioId": each.scenario.id,
                    "name": each.scenario.name,
                    "active": each.scenario.is_active,
                    "inactiveReason": each.inactive_reason,
                    "findings": [finding.to_json() for finding in each.findings],
                }
                for each in self.scenarios
            ],
            "stubs": [
                {
                    "kind": stub.kind,
                    "id": stub.id,
                    "note": stub.note,
                    **({"url": hook_url(world.hooks[stub.id])} if stub.kind == "hook" else {}),
                }
                for stub in self.stubs
            ],
            "rejected": [
                {
                    "file": each.file,
                    "message": each.message,
                    "hint": each.hint,
                    "findings": [finding.to_json() for finding in each.findings],
                }
                for each in self.rejected
            ],
        }


def import_files(
    world: World, user: User, team: Team, files: Iterable[BlueprintFile], *, activate: bool = False
) -> ImportResult:
    """Creates a scenario of each file, or rejects the file as a whole; the caller holds the lock of the world.

    A scenario that others call by its id has that id, if it is free; else the calls are rewritten. What modules refer to,
    and the world lacks, is created as stubs.

    Args:
        files: blueprints, each under a name of its own.
        activate: activate the scenarios, as far as they can be.
    """
    return _Import(world, user, team).run(list(files), activate=activate)


class _Import:
    def __init__(self, world: World, user: User, team: Team) -> None:
        self._world = world
        self._user = user
        self._team = team
        self._exports: dict[str, BlueprintExport] = {}
        #: File -> the id that its scenario is to have.
        self._ids: dict[str, int] = {}
        self._schedulings: dict[str, Mapping[str, Json]] = {}
        self._rejections: dict[str, tuple[str, str | None]] = {}

    def run(self, files: list[BlueprintFile], *, activate: bool) -> ImportResult:
        for file in files:
            self._parse(file)
        self._assign_ids()
        stubs: list[Stub] = []
        created: dict[str, Scenario] = {}
        for name, export in self._exports.items():
            try:
                with self._undone_on_error():
                    # Of called scenarios only those become stubs that no file turns out to be.
                    made = create_stubs(self._world, self._team, self._user, export.nodes, calls=False)
                    created[name] = self._create(name, export)
            except DomainError as error:
                self._rejections[name] = error_text(error), error.hint
            else:
                stubs += made
        nodes = [node for name in created for node in self._exports[name].nodes]
        stubs += create_stubs(self._world, self._team, self._user, nodes)
        reasons = {name: self._activate(scenario) for name, scenario in created.items()} if activate else {}
        findings = {file.name: tuple(self._lint(file, created)) for file in files}
        return ImportResult(
            tuple(
                ImportedScenario(name, self._world.scenarios[scenario.id], findings[name], reasons.get(name))
                for name, scenario in created.items()
            ),
            tuple(stubs),
            tuple(
                RejectedFile(file.name, *self._rejections[file.name], findings[file.name])
                for file in files
                if file.name in self._rejections
            ),
        )

    def _parse(self, file: BlueprintFile) -> None:
        try:
            held = _load(file)
            export = parse_document(held)
        except ValueError as error:
            self._rejections[file.name] = str(error), getattr(error, "hint", None)
            return
        self._exports[file.name] = export
        self._schedulings[file.name] = find_scheduling(held) or _default_scheduling(export)

    def _assign_ids(self) -> None:
        # No new scenario may take an id under which another one is called.
        for id in find_called_ids(self._exports.values()):
            self._world.ids.reserve("scenario", id)
        links = find_links(self._exports)
        taken = {id: self._world.ids.next("scenario") for id in links.values() if id in self._world.scenarios}
        self._ids = {file: taken.get(id, id) for file, id in links.items()}
        if taken:
            self._exports = {name: rewrite_calls(export, taken) for name, export in self._exports.items()}

    def _create(self, name: str, export: BlueprintExport) -> Scenario:
        return crud.create(
            self._world,
            self._user,
            self._team,
            blueprint=export.blueprint,
            scheduling=self._schedulings[name],
            input_spec=export.input_spec,
            output_spec=export.output_spec,
            confirmed=True,
            id=self._ids.get(name),
        )

    def _activate(self, scenario: Scenario) -> str | None:
        """Activates a scenario; returns the reason if that is impossible."""
        try:
            activation.start(self._world, self._user, scenario)
        except DomainError as error:
            return f"{error_text(error)}: {error.hint}" if error.hint else error_text(error)
        return None

    @contextmanager
    def _undone_on_error(self) -> Iterator[None]:
        """Context at whose failure the stubs created within are removed again."""
        world = self._world
        tables: Sequence[Table[int, Any]] = (
            world.connections,
            world.hooks,
            world.data_stores,
            world.data_structures,
        )
        before = [{id for id, _ in table.items()} for table in tables]
        try:
            yield
        except DomainError:
            for table, known in zip(tables, before, strict=True):
                for id in [id for id, _ in table.items() if id not in known]:
                    table.remove(id)
            raise

    def _lint(self, file: BlueprintFile, created: Mapping[str, Scenario]) -> Iterable[Finding]:
        scenario = created.get(file.name)
        # A stub may lie at the id of what the team lacks, so the blueprint refers to nothing that is missing.
        options = replace(
            options_for_team(
                self._world, self._team, scheduling=self._schedulings.get(file.name, {}), scenario=scenario
            ),
            resources=None,
        )
        if isinstance(file.document, str):
            # The file itself, for the lines of its findings.
            return lint_file(Path(file.name), file.document.encode(), options=options).findings
        try:
            document = unwrap_document(file.document)
        except ValueError:
            return ()
        return lint(document.blueprint, options=options)


def _load(file: BlueprintFile) -> Json:
    if not isinstance(file.document, str):
        return file.document
    try:
        held: Json = orjson.loads(file.document)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    return held


def _default_scheduling(export: BlueprintExport) -> Mapping[str, Json]:
    """Returns the scheduling of an export of the UI, which has none: as data arrive for a webhook, else on demand."""
    is_instant = blueprint_refs.find_trigger_hook_id(export.blueprint) is not None
    return {"type": "immediately" if is_instant and not export.takes_inputs else "on-demand"}
