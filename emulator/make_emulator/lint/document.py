"""Blueprint as lint rules see it: modules with their places, the modules before each, and parsed expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..engine.apps.app import ModuleDefinition
from ..engine.apps.known_modules import find_interpreted, find_known_module, judge_module
from ..engine.errors import ExpressionError
from ..engine.expressions.ast import (
    BinaryChain,
    Call,
    DynamicReference,
    Node,
    PathIntoCall,
    Reference,
    Unary,
)
from ..engine.expressions.template import Expression, parse_template
from ..json_patch import Path
from ..json_types import Json, as_array, as_mapping, as_mappings, is_integer
from ..module_catalogue import CatalogueModule, Judgement
from ..world.blueprint_refs import PLACEHOLDER_MODULE
from ..world.custom_modules import NO_MODULES, DeclaredModules
from .finding import RULES

#: Keys of a module that hold mapped values.
_MAPPED_KEYS = ("mapper", "filter", "filters", "outputs", "flags")
#: ``lint: ignore unknown-field, secret-in-blueprint`` in a note of a module.
_IGNORE_COMMENT = re.compile(r"\blint:\s*ignore\b[\s:]*([\w\s,-]*)")
_TAG = re.compile(r"<[^>]*>")
#: Deepest nesting of flows that is looked at.
_MAX_NESTING = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LintOptions:
    """Facts that the blueprint itself does not have.

    Attributes:
        scheduling: the scenario's scheduling.
        least_minutes: the least interval of the plan.
        scenario_id: the scenario's own id.
        called_blueprints: the blueprints of the scenarios that it may call, by id.
        functions: names of the team's custom functions.
        resources: what the team has, as kind of resource -> id -> type; ``None`` if no team is known.
        modules: modules that the world declares.
    """

    scheduling: Mapping[str, Json] = field(default_factory=dict)
    least_minutes: float = 1
    scenario_id: int | None = None
    called_blueprints: Mapping[int, Mapping[str, Json]] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()
    resources: Mapping[str, Mapping[int, str]] | None = None
    modules: DeclaredModules = field(default_factory=lambda: NO_MODULES)


@dataclass(eq=False)
class LintModule:
    """One module of a blueprint, valid or not.

    Attributes:
        place: in the order of the flow, from 0.
        is_in_handler: true within an error handler.
        is_last: true at the end of its flow.
        is_first: true for the first module of the scenario.
        declared: the modules that the world declares.
        scopes: ranges of the places of the modules that can map its bundles.
    """

    node: Mapping[str, Json]
    path: Path
    place: int
    is_in_handler: bool
    is_last: bool
    is_first: bool
    is_tool: bool
    declared: DeclaredModules
    scopes: list[range] = field(default_factory=list)

    @cached_property
    def id(self) -> int | None:
        """``None`` if it has no valid one."""
        id = self.node.get("id")
        return id if is_integer(id) else None

    @cached_property
    def name(self) -> str:
        """``app:Module``, empty if it has none."""
        name = self.node.get("module")
        return name if isinstance(name, str) else ""

    @cached_property
    def app(self) -> str:
        return self.name.partition(":")[0]

    @cached_property
    def version(self) -> int:
        version = self.node.get("version", 1)
        return version if is_integer(version) else 1

    @cached_property
    def known(self) -> CatalogueModule | None:
        """Its entry of the catalogue in its version."""
        return find_known_module(self.name, self.version, declared=self.declared)

    @cached_property
    def interpreted(self) -> ModuleDefinition | None:
        """Its definition, if the emulator interprets it."""
        return find_interpreted(self.name, self.version)

    @property
    def parameters(self) -> Mapping[str, Json]:
        return as_mapping(self.node.get("parameters"))

    @property
    def mapper(self) -> Mapping[str, Json]:
        return as_mapping(self.node.get("mapper"))

    @property
    def metadata(self) -> Mapping[str, Json]:
        return as_mapping(self.node.get("metadata"))

    @property
    def handler(self) -> Json:
        """The error handler."""
        return self.node.get("onerror")

    @property
    def label(self) -> str:
        """``module 3 (slack:CreateMessage)``."""
        id = self.node.get("id")
        return f"module {id} ({self.name})" if id is not None else f"a module without an id ({self.name})"

    @property
    def subject(self) -> str:
        """The label at the start of a sentence."""
        label = self.label
        return f"{label[:1].upper()}{label[1:]}"

    @property
    def is_described(self) -> bool:
        """True if the metadata describe its fields, as the editor stores it for a module that it knows."""
        return any(
            isinstance(field.get("type"), str)
            for part in ("expect", "parameters", "interface")
            for field in as_mappings(self.metadata.get(part))
        )


@dataclass(frozen=True, slots=True)
class MappedExpression:
    """One ``{{…}}`` of a module; the tree is ``None`` and ``error`` has a text if it cannot be parsed.

    Attributes:
        text: the text at the path, which the expression is a part of.
    """

    module: LintModule
    path: Path
    text: str
    source: str
    tree: Node | None
    error: str = ""

    def iter_nodes(self) -> Iterator[Node]:
        """Yields every node of the tree."""
        pending = [self.tree] if self.tree is not None else []
        while pending:
            node = pending.pop()
            yield node
            match node:
                case Call(arguments=arguments):
                    pending.extend(argument for argument in reversed(arguments) if argument is not None)
                case Unary(operand=operand):
                    pending.append(operand)
                case BinaryChain(first=first, rest=rest):
                    pending.extend(operand for _, operand in reversed(rest))
                    pending.append(first)
                case DynamicReference(path=path):
                    pending.extend(step for step in path if isinstance(step, (Reference, DynamicReference)))
                case PathIntoCall(call=call, path=path):
                    pending.extend(step for step in path if isinstance(step, (Reference, DynamicReference)))
                    pending.append(call)


class LintDocument:
    """A blueprint with what rules ask about it, computed once."""

    def __init__(self, blueprint: Mapping[str, Json], options: LintOptions) -> None:
        self.blueprint = blueprint
        self.options = options

    @property
    def modules(self) -> list[LintModule]:
        """Every module in the order of the flow, those of routes, branches, handlers and tools included."""
        return self._scan.modules

    @property
    def flows(self) -> list[tuple[Path, Json]]:
        """Every flow with its path, valid or not."""
        return self._scan.flows

    @cached_property
    def _scan(self) -> _FlowScan:
        scan = _FlowScan(self.options.modules)
        scan.add_flow(self.blueprint.get("flow"), ("flow",), _Place())
        return scan

    @cached_property
    def modules_by_id(self) -> dict[int, LintModule]:
        """The modules with a valid id; of several, the first."""
        modules: dict[int, LintModule] = {}
        for module in self.modules:
            if module.id is not None:
                modules.setdefault(module.id, module)
        return modules

    def is_before(self, id: Json, module: LintModule) -> bool:
        """Returns true if a module can map the bundles of the one with an id."""
        other = self.modules_by_id.get(id) if is_integer(id) else None
        return other is not None and any(module.place in scope for scope in other.scopes)

    def modules_before(self, module: LintModule) -> list[LintModule]:
        """Returns the modules whose bundles a module can map, in the order of the flow."""
        return [
            other
            for other in self.modules[: module.place]
            if any(module.place in scope for scope in other.scopes)
        ]

    def ids_before(self, module: LintModule, limit: int) -> list[int]:
        """Returns the ids of the closest modules whose bundles a module can map, in the order of the flow."""
        ids: list[int] = []
        for place in range(module.place - 1, -1, -1):
            other = self.modules[place]
            if other.id is not None and any(module.place in scope for scope in other.scopes):
                ids.append(other.id)
                if len(ids) == limit:
                    break
        return ids[::-1]

    @cached_property
    def judgements(self) -> list[tuple[LintModule, Judgement]]:
        """The knowledge of every module that has a name."""
        return [
            (module, judge_module(module.name, module.version, declared=self.options.modules))
            for module in self.modules
            if ":" in module.name
        ]

    @property
    def scheduling(self) -> Mapping[str, Json]:
        """The scheduling of the options, or one that the blueprint has by mistake; empty if there is none."""
        return self.options.scheduling or as_mapping(self.blueprint.get("scheduling"))

    @property
    def trigger(self) -> LintModule | None:
        """The first module of the scenario."""
        return self.modules[0] if self.modules else None

    def is_ignored(self, rule: str, id: int | None) -> bool:
        """Returns true if a note on a module switches a rule off."""
        ignored = self._ignored_rules[0].get(id)
        return ignored is not None and (not ignored or rule in ignored)

    @property
    def unknown_rules(self) -> list[tuple[int | None, str]]:
        """The ids of rules in notes that are none, each with the first module of the note."""
        return self._ignored_rules[1]

    @cached_property
    def _ignored_rules(self) -> tuple[dict[int | None, frozenset[str]], list[tuple[int | None, str]]]:
        """Rules that the notes on a module switch off, by its id, an empty set for all; and ids that are none."""
        ignored: dict[int | None, frozenset[str]] = {}
        unknown: list[tuple[int | None, str]] = []
        for note in as_mappings(as_mapping(self.blueprint.get("metadata")).get("notes")):
            match = _IGNORE_COMMENT.search(_TAG.sub(" ", str(note.get("content", ""))))
            if match is None:
                continue
            words = [word for word in re.split(r"[\s,]+", match[1].lower()) if word]
            names = frozenset(word for word in words if word in RULES)
            ids = [id for id in as_array(note.get("moduleIds")) if is_integer(id)]
            # Other words explain why; those with a hyphen are meant as rules.
            slips = [word for word in words if word not in RULES and "-" in word.strip("-")]
            unknown += [(ids[0] if ids else None, word) for word in slips]
            if slips and not names:
                continue
            for id in ids:
                known = ignored.get(id)
                ignored[id] = (
                    frozenset() if known == frozenset() or not names else names | (known or frozenset())
                )
        return ignored, unknown

    @cached_property
    def expressions(self) -> list[MappedExpression]:
        """Every expression of every module."""
        return [
            expression
            for module in self.modules
            for path, text in iter_mapped_texts(module)
            for expression in _parse_text(module, path, text)
        ]


@dataclass(frozen=True, slots=True)
class _Place:
    """Place of a flow in the blueprint."""

    is_in_handler: bool = False
    is_tool: bool = False
    nesting: int = 0

    def inside(self, *, is_handler: bool = False, is_tool: bool = False) -> _Place:
        return _Place(self.is_in_handler or is_handler, self.is_tool or is_tool, self.nesting + 1)


class _FlowScan:
    """Walk through a flow and all flows within it, each module before what it contains."""

    def __init__(self, declared: DeclaredModules) -> None:
        self._declared = declared
        self.modules: list[LintModule] = []
        self.flows: list[tuple[Path, Json]] = []

    def add_flow(self, flow: Json, path: Path, place: _Place) -> None:
        self.flows.append((path, flow))
        if place.nesting > _MAX_NESTING:
            return
        nodes = [
            (position, node)
            for position, node in enumerate(as_array(flow))
            if isinstance(node, Mapping) and node.get("module") != PLACEHOLDER_MODULE
        ]
        #: Modules of the flow, and of branches within it, with the place from which they can be mapped.
        visible: list[tuple[LintModule, int]] = []
        for position, node in nodes:
            module = LintModule(
                node,
                (*path, position),
                len(self.modules),
                is_in_handler=place.is_in_handler,
                is_last=position == nodes[-1][0],
                is_first=path == ("flow",) and position == nodes[0][0],
                is_tool=place.is_tool,
                declared=self._declared,
            )
            self.modules.append(module)
            visible.append((module, len(self.modules)))
            in_branches = self._add_arms(module, place)
            self.add_flow(node.get("onerror"), (*module.path, "onerror"), place.inside(is_handler=True))
            # A merge, and what follows it, can map the modules of the branches.
            visible += [(nested, len(self.modules)) for nested in in_branches]
        for module, start in visible:
            module.scopes.append(range(start, len(self.modules)))

    def _add_arms(self, module: LintModule, place: _Place) -> list[LintModule]:
        """Adds the routes, branches and tools of a module; returns the modules of its branches."""
        in_branches: list[LintModule] = []
        for key in ("routes", "branches", "tools"):
            start = len(self.modules)
            for position, arm in enumerate(as_array(module.node.get(key))):
                if isinstance(arm, Mapping):
                    self.add_flow(
                        arm.get("flow"),
                        (*module.path, key, position, "flow"),
                        place.inside(is_tool=key == "tools"),
                    )
            if key == "branches":
                in_branches = self.modules[start:]
        return in_branches


def iter_mapped_texts(module: LintModule) -> Iterator[tuple[Path, str]]:
    """Yields every text of a module that is evaluated, with its path."""
    for key in _MAPPED_KEYS:
        yield from iter_texts(module.node.get(key), (*module.path, key))
    for position, branch in enumerate(as_array(module.node.get("branches"))):
        if isinstance(branch, Mapping):
            path = (*module.path, "branches", position, "conditions")
            yield from iter_texts(branch.get("conditions"), path)


def _parse_text(module: LintModule, path: Path, text: str) -> Iterator[MappedExpression]:
    for part in parse_template(text) if "{{" in text else ():
        if isinstance(part, Expression):
            try:
                yield MappedExpression(module, path, text, part.source, part.node())
            except ExpressionError as error:
                yield MappedExpression(module, path, text, part.source, None, error.message)


def iter_texts(value: Json, path: Path) -> Iterator[tuple[Path, str]]:
    """Yields the path of each text in a value, and the text."""
    pending: list[tuple[Path, Json]] = [(path, value)]
    while pending:
        here, item = pending.pop()
        if isinstance(item, str):
            yield here, item
        elif isinstance(item, Mapping):
            pending.extend(((*here, name), inner) for name, inner in reversed(list(item.items())))
        elif isinstance(item, (list, tuple)):
            pending.extend(((*here, place), inner) for place, inner in reversed(list(enumerate(item))))
