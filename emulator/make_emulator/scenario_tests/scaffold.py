"""First tests of a scenario, written from one run of it: an explained one, or one of a world."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..blueprint_import.export import BlueprintExport
from ..engine.apps.catalog import find_definition, get_support_level, has_output, is_aggregator
from ..engine.apps.webhooks import WEBHOOK_MODULE
from ..engine.blueprints.completeness import find_blueprint_errors
from ..explain.runner import explain_blueprint
from ..explain.survey import sample_input
from ..json_types import Json, as_array, as_mapping
from ..redaction.masking import TRACE_REDACTOR
from ..redaction.rules import MASK
from ..world import blueprint_refs
from ..world.models import Execution, Step
from ..world.secret_texts import of_execution, values_of
from .matchers import ANY
from .references import BlueprintIndex
from .runner import DEFAULT_NOW, parse_body
from .yaml_edits import render_block, render_flow

_HOOKS = frozenset({WEBHOOK_MODULE, "gateway:CustomMailHook"})

#: Modules that read what a world holds, which the world of a test does not.
_READERS = frozenset(
    f"datastore:{name}" for name in ("CountRecord", "ExistRecord", "GetRecord", "SearchRecord", "Stats")
)


#: A URL that is sent as it is written, and that is no pattern.
_PLAIN_URL = re.compile(r"https?://[\w.~:/%@,;=+-]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStep:
    """One operation of a recorded run; ``error`` has its name and message."""

    module_id: int
    module: str
    input: Json
    output: Sequence[Json]
    error: Mapping[str, Json] | None = None

    @classmethod
    def from_model(cls, step: Step) -> RecordedStep:
        error = None if step.error is None else {"name": step.error.name, "message": step.error.message}
        return cls(
            module_id=step.module_id, module=step.module, input=step.input, output=step.output, error=error
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> RecordedStep:
        """Returns a step as the control API shows it."""
        error = as_mapping(data.get("error"))
        return cls(
            module_id=int(str(data["moduleId"])),
            module=str(data["module"]),
            input=data.get("input"),
            output=as_array(data.get("output")),
            error={"name": error["name"], "message": error["message"]} if error else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRun:
    """One run of a scenario, as a test is written from it.

    Attributes:
        status: ``success``, ``warning`` or ``error``.
        outputs: outputs of the scenario, if they are known.
        response: what the caller of its webhook got, if that is known.
        reads_are_scripted: the modules that read data stores get a script, since the records before the run are not known.
    """

    export: BlueprintExport
    steps: Sequence[RecordedStep]
    status: str
    now: str
    input: Json = None
    outputs: Json = None
    response: Mapping[str, Json] | None = None
    error: Mapping[str, Json] | None = None
    reads_are_scripted: bool = False


def record_explained_run(export: BlueprintExport, *, input: Json = None) -> RecordedRun:
    """Runs a blueprint once, with mock inputs or a mock payload unless there is an input.

    Raises:
        ValueError: if the blueprint cannot be run so.
        ModuleError: if the mock data exceed the budget of a run.
    """
    given = sample_input(export, DEFAULT_NOW) if input is None else input
    explanation = explain_blueprint(export, input=given, now=DEFAULT_NOW, is_linted=False)
    run = explanation.execution
    redactor = TRACE_REDACTOR.with_secrets(values_of(of_execution(run)))
    steps = [RecordedStep.from_model(step) for step in run.steps]
    if given is None:
        given = _bundles_of_trigger(export, steps)
    return RecordedRun(
        export=export,
        # A blueprint may hold secrets, which its tests do not repeat.
        steps=[replace(step, input=redactor.mask(step.input)) for step in steps],
        status=_status_of(run),
        now=DEFAULT_NOW,
        input=given,
        outputs=run.outputs,
        response=_response_of(run),
        error=None if run.error is None else {"name": run.error.name, "message": run.error.message},
    )


def _bundles_of_trigger(export: BlueprintExport, steps: Sequence[RecordedStep]) -> Json:
    """Returns the mock bundles of a trigger of another app, of which each test gives its own; ``None`` if the first module is none."""
    first = blueprint_refs.first_module(export.blueprint["flow"])
    own = [step for step in steps if step.module_id == first.get("id")]
    if len(own) != 1 or own[0].error is not None or not own[0].output:
        return None
    if blueprint_refs.find_trigger_hook_id(export.blueprint) is None or own[0].module in _HOOKS:
        return None
    return own[0].output[0] if len(own[0].output) == 1 else list(own[0].output)


def _status_of(run: Execution) -> str:
    return {1: "success", 2: "warning", 3: "error"}[run.status]


def _response_of(run: Execution) -> dict[str, Json] | None:
    return (
        None if run.respond is None else {"status": run.respond.status, "body": parse_body(run.respond.body)}
    )


def write_test(
    run: RecordedRun, *, name: str, blueprint: str | None = None, comments: Iterable[str] = ()
) -> str:
    """Returns the text of a test file with one test, which passes as it is.

    Args:
        name: of the test.
        blueprint: the path of the blueprint, if its name is not that of the test file.
        comments: lines at the top.
    """
    writer = _TestWriter(run)
    test: dict[str, Json] = {"name": name}
    parts: dict[str, Json] = {"given": writer.given(), "modules": writer.modules(), "http": writer.http()}
    test |= {key: value for key, value in parts.items() if value}
    test["expect"] = writer.expect()
    head = "".join(f"# {line}\n" for line in comments)
    if blueprint is not None:
        head += f"blueprint: {render_flow(blueprint)}\n"
    return f"{head}tests:\n  - {render_block(test, 4).lstrip()}"


class _TestWriter:
    def __init__(self, run: RecordedRun) -> None:
        self._run = run
        self._index = BlueprintIndex(run.export)
        first = blueprint_refs.first_module(run.export.blueprint["flow"])
        self._trigger, self._trigger_id = str(first.get("module", "")), first.get("id")

    def given(self) -> dict[str, Json]:
        run = self._run
        given: dict[str, Json] = {}
        if run.now != DEFAULT_NOW:
            given["now"] = run.now
        if run.export.takes_inputs:
            given["inputs"] = dict(as_mapping(run.input))
        elif self._trigger == WEBHOOK_MODULE and run.input is not None and self._can_be_active:
            given["webhook"] = {"json": run.input}
        elif run.input is not None:
            given["bundles"] = run.input
        return given

    @property
    def _can_be_active(self) -> bool:
        """True unless Make would refuse to activate the scenario, as one without a hook."""
        return not any(find_blueprint_errors(self._run.export.blueprint))

    def modules(self) -> dict[str, Json]:
        """Returns a script for each module whose output is mock data, or is not known to the world of a test."""
        scripts: dict[str, Json] = {}
        for id in dict.fromkeys(step.module_id for step in self._run.steps):
            steps = [step for step in self._run.steps if step.module_id == id]
            if id == self._trigger_id and (self._run.input is not None or self._trigger in _HOOKS):
                continue
            if not self._is_scripted(steps[0].module) or is_aggregator(steps[0].module):
                continue
            scripted = [step for step in steps if not _is_invalid(step)]
            if all(_rule_of(step) is not None for step in scripted):
                continue
            own = [_script_of(step) for step in scripted]
            scripts[self._name_of(id)] = own[0] if all(each == own[0] for each in own) else own
        return scripts

    def _is_scripted(self, module: str) -> bool:
        if not has_output(module):
            return False
        if module in _READERS:
            return self._run.reads_are_scripted
        return get_support_level(module) != "interpreted" or module.startswith("http:")

    def http(self) -> list[Json]:
        """Returns a response for each request of an HTTP module; different ones of one URL apply once each."""
        rules: dict[str, list[dict[str, Json]]] = {}
        for step in self._run.steps:
            rule = _rule_of(step)
            if rule is not None and rule not in rules.setdefault(str(rule["url"]), []):
                rules[str(rule["url"])].append(rule)
        return [rule if len(own) == 1 else {**rule, "times": 1} for own in rules.values() for rule in own]

    def expect(self) -> dict[str, Json]:
        run = self._run
        expect: dict[str, Json] = {}
        if run.error is not None:
            expect["error"] = dict(run.error)
        elif run.status != "success":
            expect["status"] = run.status
        if run.outputs:
            expect["outputs"] = run.outputs
        if run.response is not None:
            expect["response"] = dict(run.response)
        expect["order"] = [self._reference(step.module_id) for step in run.steps]
        modules = {}
        for id in dict.fromkeys(step.module_id for step in run.steps):
            steps = [step for step in run.steps if step.module_id == id]
            inputs = [_without_empty(step.input) for step in steps]
            if self._acts(steps[0].module) and any(inputs):
                modules[self._name_of(id)] = {"inputs": inputs}
        if modules:
            expect["modules"] = modules
        return expect

    def _acts(self, module: str) -> bool:
        """Returns true for a module that acts on something outside of the run."""
        app, _, name = module.partition(":")
        definition = find_definition(app, name)
        if definition is None:
            return True
        return definition.external or definition.records == "write"

    def _name_of(self, id: int) -> str:
        return str(self._reference(id))

    def _reference(self, id: int) -> str | int:
        """Returns the name of a module in the designer, if no other one has it; else its id."""
        label = next((label for label, ids in self._index.labels.items() if ids == [id]), None)
        return id if label is None or label.isdigit() else label


def _is_invalid(step: RecordedStep) -> bool:
    """Returns true for an operation that failed before its module did anything: its input is invalid."""
    if step.error is None:
        return False
    return step.error["name"] == "BundleValidationError" or str(step.error["message"]).startswith(
        "Failed to map "
    )


def _rule_of(step: RecordedStep) -> dict[str, Json] | None:
    """Returns the response to a request of an HTTP module; ``None`` if it was none, or no rule can have its URL or its body."""
    url = as_mapping(step.input).get("url")
    if step.error is not None or not step.module.startswith("http:") or len(step.output) != 1:
        return None
    output = as_mapping(step.output[0])
    if not isinstance(url, str) or "data" not in output or not _PLAIN_URL.fullmatch(url.partition("?")[0]):
        return None
    body = output["data"]
    if step.module == "http:ActionGetFile":
        try:
            body = base64.b64decode(str(body), validate=True).decode()
        except ValueError:
            return None
    status = output.get("statusCode", 200)
    return {"url": url.partition("?")[0], **({} if status == 200 else {"status": status}), "body": body}


def _script_of(step: RecordedStep) -> dict[str, Json]:
    if step.error is not None:
        return {"error": dict(step.error)}
    output: Json = step.output[0] if len(step.output) == 1 else list(step.output)
    return {"output": output}


def _without_empty(value: Json) -> Json:
    """Returns a value without the fields that a form of the designer left empty."""
    if isinstance(value, Mapping):
        kept = {name: _without_empty(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in (None, "", [], {})}
    if isinstance(value, (list, tuple)):
        return [_without_empty(item) for item in value]
    # A secret, which the trace of a world does not show.
    return ANY if isinstance(value, str) and MASK in value else value


def summarize(run: RecordedRun) -> str:
    """Returns how many modules a run reached, for the message to its author."""
    reached = Counter(step.module_id for step in run.steps)
    return f"{len(reached)} of {len(run.export.nodes)} modules"
