"""Blueprint as lint rules see it: modules with their places, the modules before each, and parsed expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..engine.errors import ExpressionError
from ..engine.expressions.ast import BinaryChain, Call, DynamicReference, Node, Reference, Unary
from ..engine.expressions.template import Expression, parse_template
from ..json_patch import Path
from ..json_types import Json, as_array, as_mapping, as_mappings, is_integer
from ..world.blueprint_refs import PLACEHOLDER_MODULE

#: Keys of a module that hold mapped values.
_MAPPED_KEYS = ("mapper", "filter", "filters", "outputs", "flags")
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
    """

    scheduling: Mapping[str, Json] = field(default_factory=dict)
    least_minutes: float = 1
    scenario_id: int | None = None
    called_blueprints: Mapping[int, Mapping[str, Json]] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()


@dataclass(slots=True)
class LintModule:
    """One module of a blueprint, valid or not.

    Attributes:
        id: ``None`` if it has no valid one.
        before: ids of the modules whose bundles it can map.
        is_in_handler: true within an error handler.
        is_last: true at the end of its flow.
        is_first: true for the first module of the scenario.
    """

    node: Mapping[str, Json]
    path: Path
    before: frozenset[int]
    is_in_handler: bool
    is_last: bool
    is_first: bool
    is_tool: bool

    @property
    def id(self) -> int | None:
        id = self.node.get("id")
        return id if is_integer(id) else None

    @property
    def name(self) -> str:
        """``app:Module``, empty if it has none."""
        name = self.node.get("module")
        return name if isinstance(name, str) else ""

    @property
    def app(self) -> str:
        return self.name.partition(":")[0]

    @property
    def version(self) -> int:
        version = self.node.get("version", 1)
        return version if is_integer(version) else 1

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


class LintDocument:
    """A blueprint with what rules ask about it, computed once."""

    def __init__(self, blueprint: Mapping[str, Json], options: LintOptions) -> None:
        self.blueprint = blueprint
        self.options = options

    @cached_property
    def modules(self) -> list[LintModule]:
        """Every module in the order of the flow, those of routes, branches, handlers and tools included."""
        return list(_iter_modules(self.blueprint.get("flow"), ("flow",), frozenset(), _Place()))

    @cached_property
    def modules_by_id(self) -> dict[int, LintModule]:
        """The modules with a valid id; of several, the first."""
        modules: dict[int, LintModule] = {}
        for module in self.modules:
            if module.id is not None:
                modules.setdefault(module.id, module)
        return modules

    @property
    def trigger(self) -> LintModule | None:
        """The first module of the scenario."""
        return self.modules[0] if self.modules else None

    @cached_property
    def expressions(self) -> list[MappedExpression]:
        """Every expression of every module."""
        return [expression for module in self.modules for expression in _iter_expressions(module)]


@dataclass(frozen=True, slots=True)
class _Place:
    """Place of a flow in the blueprint."""

    is_in_handler: bool = False
    is_tool: bool = False
    nesting: int = 0

    def inside(self, *, is_handler: bool = False, is_tool: bool = False) -> _Place:
        return _Place(self.is_in_handler or is_handler, self.is_tool or is_tool, self.nesting + 1)


def _iter_modules(flow: Json, path: Path, before: frozenset[int], place: _Place) -> Iterator[LintModule]:
    if place.nesting > _MAX_NESTING:
        return
    nodes = [
        (position, node)
        for position, node in enumerate(as_array(flow))
        if isinstance(node, Mapping) and node.get("module") != PLACEHOLDER_MODULE
    ]
    for position, node in nodes:
        here = (*path, position)
        module = LintModule(
            node,
            here,
            before,
            is_in_handler=place.is_in_handler,
            is_last=position == nodes[-1][0],
            is_first=path == ("flow",) and position == nodes[0][0],
            is_tool=place.is_tool,
        )
        yield module
        own = before if module.id is None else before | {module.id}
        inner = own
        for key in ("routes", "branches", "tools"):
            for place_of_arm, arm in enumerate(as_array(node.get(key))):
                if isinstance(arm, Mapping):
                    arm_place = place.inside(is_tool=key == "tools")
                    for nested in _iter_modules(
                        arm.get("flow"), (*here, key, place_of_arm, "flow"), own, arm_place
                    ):
                        yield nested
                        # A merge, and what follows it, can map the modules of the branches.
                        if key == "branches" and nested.id is not None:
                            inner |= {nested.id}
        yield from _iter_modules(node.get("onerror"), (*here, "onerror"), own, place.inside(is_handler=True))
        before = inner


def _iter_expressions(module: LintModule) -> Iterator[MappedExpression]:
    for key in _MAPPED_KEYS:
        for path, text in iter_texts(module.node.get(key), (*module.path, key)):
            yield from _parse_text(module, path, text)
    for position, branch in enumerate(as_mappings(module.node.get("branches"))):
        for path, text in iter_texts(
            branch.get("conditions"), (*module.path, "branches", position, "conditions")
        ):
            yield from _parse_text(module, path, text)


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
