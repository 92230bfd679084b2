"""Scripts of a test: outputs and errors of single modules, in sequences, with the number of times that each was used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..document_issues import DocumentPath
from ..engine.apps.app import ModuleDefinition
from ..engine.apps.context import ModuleContext, Outcome
from ..engine.apps.simulated import check_required
from ..engine.errors import FatalError
from ..engine.runtime import module_scripts
from ..engine.runtime.interception import OperationInterceptor
from ..json_types import Json, as_mapping
from ..plain_text import find_similar
from ..world.models import ModuleScript
from .references import BlueprintIndex, script_targets


@dataclass(slots=True)
class ScriptedOperation:
    """One script of a sequence; ``path`` is its place in the test file."""

    script: ModuleScript
    path: DocumentPath

    def use(self) -> ModuleScript:
        """Counts an operation."""
        left = self.script.left
        self.script = replace(self.script, hits=self.script.hits + 1, left=None if left is None else left - 1)
        return self.script


@dataclass(slots=True)
class ScriptSequence:
    """Scripts of one module, used one after the other; of several, the last one stays unless it has a number of times."""

    name: str
    path: DocumentPath
    operations: list[ScriptedOperation]

    def next(self) -> ModuleScript | None:
        """Returns the script of the next operation; ``None`` if all are used up."""
        for operation in self.operations:
            if operation.script.left != 0:
                return operation.use()
        return None


class TestScripts(OperationInterceptor):
    """Scripts of all modules of a test. One of a module by id or name has precedence over one of all modules ``app:Module``."""

    __test__ = False

    def __init__(
        self,
        scripts: Mapping[str, tuple[DocumentPath, Json]],
        index: BlueprintIndex,
        nodes: Sequence[Mapping[str, Json]],
        scenario_id: int,
    ) -> None:
        self._scenario_id = scenario_id
        self._by_id: dict[int, ScriptSequence] = {}
        self._by_module: dict[str, ScriptSequence] = {}
        self.sequences: list[ScriptSequence] = []
        for name, (path, value) in scripts.items():
            [target, *_] = script_targets(name, index, nodes)
            sequence = ScriptSequence(name, path, _parse_sequence(target, value, path))
            self.sequences.append(sequence)
            if name in index.labels or ":" not in name:
                self._by_id |= dict.fromkeys(index.find_modules(name), sequence)
            else:
                self._by_module[name] = sequence

    def run_operation(
        self, definition: ModuleDefinition, context: ModuleContext, proceed: Callable[[], Outcome]
    ) -> Outcome:
        sequence = self._find(context)
        if sequence is not None:
            check_required(context, definition.requires)
            script = sequence.next()
            if script is not None:
                return module_scripts.apply_script(script, definition, context)
        if module_scripts.is_unanswered(definition, context):
            name = context.module.full_name
            similar = find_similar(name, self._by_module)
            reason = f"; the nearest is of '{similar}'" if similar is not None else ""
            if sequence is not None:
                reason = ": its script is used up"
            raise FatalError(
                "RuntimeError", f"No script matches module {context.module.id} ({name}){reason}."
            )
        return proceed()

    def _find(self, context: ModuleContext) -> ScriptSequence | None:
        if context.run.scenario.id == self._scenario_id and context.module.id in self._by_id:
            return self._by_id[context.module.id]
        return self._by_module.get(context.module.full_name)


def _parse_sequence(target: str, value: Json, path: DocumentPath) -> list[ScriptedOperation]:
    if not isinstance(value, list):
        return [ScriptedOperation(module_scripts.parse_script(target, as_mapping(value)), path)]
    operations = []
    for place, each in enumerate(value):
        script = module_scripts.parse_script(target, as_mapping(each))
        if script.left is None and place + 1 < len(value):
            script = replace(script, left=1)
        operations.append(ScriptedOperation(script, (*path, place)))
    return operations
