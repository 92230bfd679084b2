"""References of a test to its blueprint: modules, filters, data stores and connections, by id or name, and the mistakes in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..blueprint_import.export import BlueprintExport, module_label
from ..document_issues import DocumentPath
from ..engine.apps.scenarios import find_called_scenario
from ..engine.runtime import module_scripts
from ..json_types import Json, as_array, as_mapping
from ..plain_text import did_you_mean
from ..world import blueprint_refs, external_services
from ..world.settings import InvalidSettingError, check

if TYPE_CHECKING:
    from .documents import ScenarioTest

_Issues = Iterator[tuple[DocumentPath, str]]

#: Kinds of resources, in words.
_KINDS = {"dataStore": "data store", "connection": "connection"}


class UnknownReferenceError(ValueError):
    """Reference to something that the blueprint does not have."""


class BlueprintIndex:
    """Index of a blueprint: its modules by id and by name in the designer, its filters, and the resources that it refers to."""

    def __init__(self, export: BlueprintExport) -> None:
        self.export = export
        self.nodes: dict[int, Mapping[str, Json]] = {
            id: node for node in export.nodes if isinstance(id := node["id"], int)
        }
        self.labels: dict[str, list[int]] = {}
        self.modules: dict[str, list[int]] = {}
        #: Name of a filter -> the modules behind it.
        self.filters: dict[str, list[int]] = {}
        for id, node in self.nodes.items():
            if label := module_label(node):
                self.labels.setdefault(label, []).append(id)
            self.modules.setdefault(str(node["module"]), []).append(id)
            for each in (node.get("filter"), *as_array(node.get("filters"))):
                name = as_mapping(each).get("name")
                if isinstance(name, str) and name:
                    self.filters.setdefault(name, []).append(id)

    def name_of(self, id: int) -> str:
        """Returns a module with its name, such as ``4 "Tell sales"``, or ``4 (slack:CreateMessage)``."""
        node = self.nodes.get(id)
        if node is None:
            return str(id)
        label = module_label(node)
        return f'{id} "{label}"' if label else f"{id} ({node['module']})"

    def find_modules(self, reference: Json) -> list[int]:
        """Returns the modules of an id, or of a name in the designer.

        Raises:
            UnknownReferenceError: if there is none.
        """
        text = str(reference)
        if text in self.labels:
            return self.labels[text]
        if text.isascii() and text.isdigit() and int(text) in self.nodes:
            return [int(text)]
        known = [*self.labels, *map(str, self.nodes)]
        raise UnknownReferenceError(
            f"there is no module '{text}'; there are: {', '.join(map(self.name_of, self.nodes))}"
            f"{did_you_mean(text, known)}"
        )

    def find_filters(self, reference: Json) -> list[int]:
        """Returns the modules behind a filter, which is named by its name or by the module.

        Raises:
            UnknownReferenceError: if there is none.
        """
        text = str(reference)
        if text in self.filters:
            return self.filters[text]
        try:
            found = self.find_modules(reference)
        except UnknownReferenceError:
            known = list(self.filters)
            there = f"there are: {', '.join(known)}" if known else "no filter has a name"
            raise UnknownReferenceError(
                f"there is no filter '{text}'; {there}{did_you_mean(text, known)}"
            ) from None
        if not any(self.nodes[id].get("filter") or self.nodes[id].get("filters") for id in found):
            raise UnknownReferenceError(f"there is no filter before module {self.name_of(found[0])}")
        return found


def resource_names(nodes: Sequence[Mapping[str, Json]], kind: str) -> dict[int, str]:
    """Returns the ids of a kind of resource that modules refer to, with the name that the export has of each, or none."""
    names: dict[int, str] = {}
    for node in nodes:
        restore = as_mapping(as_mapping(node.get("metadata")).get("restore"))
        for id in sorted(blueprint_refs.find_module_references(node, kind)):
            names.setdefault(id, "")
            for part in (as_mapping(restore.get("parameters")), restore):
                for field in blueprint_refs.REFERENCE_FIELDS[kind]:
                    label = as_mapping(part.get(field)).get("label")
                    if isinstance(label, str) and not names[id]:
                        names[id] = label
    return names


def find_resource(nodes: Sequence[Mapping[str, Json]], kind: str, reference: str) -> int:
    """Returns the id of a resource that modules refer to, from its id or its name.

    Raises:
        UnknownReferenceError: if there is none.
    """
    names = resource_names(nodes, kind)
    if reference.isascii() and reference.isdigit() and int(reference) in names:
        return int(reference)
    found = [id for id, name in names.items() if name == reference]
    if found:
        return found[0]
    there = ", ".join(f"{id} ({name})" if name else str(id) for id, name in names.items())
    known = [*map(str, names), *filter(None, names.values())]
    raise UnknownReferenceError(
        f"the blueprint refers to no {_KINDS[kind]} '{reference}'"
        + (f"; it refers to: {there}{did_you_mean(reference, known)}" if there else "")
    )


# --- mistakes ------------------------------------------------------------------------------------


def find_issues(test: ScenarioTest) -> _Issues:
    """Yields what a test says of things that its blueprint does not have."""
    index = BlueprintIndex(test.file.blueprint.export)
    nodes = [node for held in test.file.blueprints for node in held.export.nodes]
    path = test.path
    yield from _find_trigger_issues(test, index)
    yield from _find_resource_issues(
        test.given.get("records"), nodes, "dataStore", (*path, "given", "records")
    )
    yield from _find_resource_issues(
        test.given.get("connections"), nodes, "connection", (*path, "given", "connections")
    )
    try:
        check(as_mapping(test.given.get("settings")))
    except InvalidSettingError as error:
        yield (*path, "given", "settings"), str(error)
    yield from find_stub_issues(test.modules, test.http, index, nodes)
    yield from _find_expectation_issues(test, index, nodes)


def find_stub_issues(
    modules: Mapping[str, tuple[DocumentPath, Json]],
    http: Sequence[tuple[DocumentPath, Mapping[str, Json]]],
    index: BlueprintIndex,
    nodes: Sequence[Mapping[str, Json]],
) -> _Issues:
    """Yields what is wrong with scripts and with responses of external services."""
    for name, (path, script) in modules.items():
        yield from _find_script_issues(name, script, path, index, nodes)
    for path, rule in http:
        try:
            external_services.parse_rule({key: value for key, value in rule.items() if value is not None})
        except ValueError as error:
            yield path, str(error)


def _find_trigger_issues(test: ScenarioTest, index: BlueprintIndex) -> _Issues:
    export, given = index.export, test.given
    first = blueprint_refs.first_module(export.blueprint["flow"])
    module = str(first.get("module", ""))
    path = (*test.path, "given")
    if "inputs" in given:
        names = [str(field["name"]) for field in export.input_spec]
        if not export.takes_inputs:
            text = f"the scenario takes no inputs: its trigger is {module}, whose output 'bundles' gives"
            yield (*path, "inputs"), text
        for name in as_mapping(given["inputs"]):
            if names and name not in names:
                yield (
                    (*path, "inputs", name),
                    f"the scenario has no input '{name}'; it has: {', '.join(names)}{did_you_mean(name, names)}",
                )
    elif export.takes_inputs and given.keys() & {"bundles", "webhook", "mail"}:
        [trigger] = given.keys() & {"bundles", "webhook", "mail"}
        yield (*path, trigger), "the scenario has inputs rather than a trigger: 'inputs' gives them"
    if "webhook" in given and module != "gateway:CustomWebHook" and not export.takes_inputs:
        yield (*path, "webhook"), f"the scenario has no webhook: its trigger is {module or 'missing'}"
    if "mail" in given and module != "gateway:CustomMailHook" and not export.takes_inputs:
        yield (*path, "mail"), f"the scenario has no mailhook: its trigger is {module or 'missing'}"


def _find_resource_issues(
    value: Json, nodes: Sequence[Mapping[str, Json]], kind: str, path: DocumentPath
) -> _Issues:
    for reference in as_mapping(value):
        try:
            find_resource(nodes, kind, reference)
        except UnknownReferenceError as error:
            yield (*path, reference), str(error)


def script_targets(name: str, index: BlueprintIndex, nodes: Sequence[Mapping[str, Json]]) -> list[str]:
    """Returns the names of the modules, such as ``slack:CreateMessage``, that a script is for.

    Raises:
        UnknownReferenceError: if no blueprint has such a module.
    """
    if name in index.labels or ":" not in name:
        return [str(index.nodes[id]["module"]) for id in index.find_modules(name)]
    known = list(dict.fromkeys(str(node["module"]) for node in nodes))
    if name not in known:
        raise UnknownReferenceError(
            f"no module is a {name}; there are: {', '.join(known)}{did_you_mean(name, [*known, *index.labels])}"
        )
    return [name]


def _find_script_issues(
    name: str, script: Json, path: DocumentPath, index: BlueprintIndex, nodes: Sequence[Mapping[str, Json]]
) -> _Issues:
    try:
        targets = script_targets(name, index, nodes)
    except UnknownReferenceError as error:
        yield path, str(error)
        return
    scripts = script if isinstance(script, list) else [script]
    for place, each in enumerate(scripts):
        here = (*path, place) if isinstance(script, list) else path
        for target in dict.fromkeys(targets):
            try:
                module_scripts.parse_script(target, as_mapping(each))
            except ValueError as error:
                yield here, str(error).rstrip(".")


def _find_expectation_issues(
    test: ScenarioTest, index: BlueprintIndex, nodes: Sequence[Mapping[str, Json]]
) -> _Issues:
    expect, path = test.expect, (*test.path, "expect")
    yield from _find_run_issues(expect, index, path)
    yield from _find_resource_issues(expect.get("records"), nodes, "dataStore", (*path, "records"))
    yield from _find_response_issues(expect, index, path)
    known = sorted({str(id) for id in _called_ids(nodes)})
    for id in as_mapping(expect.get("calls")):
        if id not in known:
            there = f"; it calls: {', '.join(known)}" if known else ""
            yield (
                (*path, "calls", id),
                f"the blueprint calls no scenario '{id}'{there}{did_you_mean(id, known)}",
            )
    called = {str(id): held.export for id, held in test.file.called.items()}
    for id, expected in as_mapping(expect.get("scenarios")).items():
        here = (*path, "scenarios", id)
        if id not in called:
            there = f"; there are: {', '.join(called)}" if called else ""
            yield here, f"the file names no blueprint of scenario '{id}' under 'scenarios'{there}"
        else:
            yield from _find_run_issues(as_mapping(expected), BlueprintIndex(called[id]), here)


def _find_run_issues(expect: Mapping[str, Json], index: BlueprintIndex, path: DocumentPath) -> _Issues:
    """Yields what the expectations of a run say of modules and filters that its blueprint does not have."""
    for key in ("reached", "not_reached", "order"):
        for place, reference in enumerate(as_array(expect.get(key))):
            try:
                index.find_modules(reference)
            except UnknownReferenceError as error:
                yield (*path, key, place), str(error)
    for reference in as_mapping(expect.get("modules")):
        try:
            index.find_modules(reference)
        except UnknownReferenceError as error:
            yield (*path, "modules", reference), str(error)
    for reference in as_mapping(expect.get("filters")):
        try:
            index.find_filters(reference)
        except UnknownReferenceError as error:
            yield (*path, "filters", reference), str(error)
    yield from _find_output_issues(expect, index, path)


def _find_output_issues(expect: Mapping[str, Json], index: BlueprintIndex, path: DocumentPath) -> _Issues:
    names = [str(field["name"]) for field in index.export.output_spec]
    for name in as_mapping(expect.get("outputs")) if names else ():
        if name not in names and not name.startswith("$"):
            yield (
                (*path, "outputs", name),
                f"the scenario has no output '{name}'; it has: {', '.join(names)}{did_you_mean(name, names)}",
            )


def _find_response_issues(expect: Mapping[str, Json], index: BlueprintIndex, path: DocumentPath) -> _Issues:
    first = blueprint_refs.first_module(index.export.blueprint["flow"]).get("module")
    if "response" in expect and first != "gateway:CustomWebHook":
        yield (*path, "response"), "the scenario has no webhook that could respond"


def _called_ids(nodes: Sequence[Mapping[str, Json]]) -> Iterator[int]:
    for node in nodes:
        if (id := find_called_scenario(node)) is not None:
            yield id
