"""Inference of constraints over a blueprint: which values later modules expect of a module's output.

Modules and functions declare what they expect of their inputs; here it is traced back through mappings, variables
and filters to the modules that the values come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...world.models import FieldSpecs, Json
from ..apps import catalog
from ..apps.app import Field, Inference
from ..blueprints.conditions import Condition, Filter
from ..blueprints.model import Blueprint, Module, is_literal
from ..budget import Budget
from ..errors import ConversionError, ExpressionError
from ..expressions.ast import (
    BinaryChain,
    Call,
    DynamicReference,
    Literal,
    Node,
    PathIntoCall,
    Reference,
    Unary,
)
from ..expressions.constraint import Constraint
from ..expressions.functions import FUNCTIONS
from ..expressions.template import Expression, parse_template
from ..expressions.values import as_boolean, as_number
from .field_specs import collection_constraint, field_constraint

#: Metadata of a bundle that can be mapped like fields.
_METADATA_FIELDS = frozenset(("__IMTINDEX__", "__IMTLENGTH__", "__IMTKEY__", "__IMTAGGLENGTH__"))


class ConstraintInference:
    """Constraints on the output of each module of a blueprint, inferred on first use and charged to the budget."""

    def __init__(self, blueprint: Blueprint, outputs: FieldSpecs, budget: Budget) -> None:
        self._blueprint = blueprint
        self._outputs = outputs
        self._budget = budget
        self._constraints: Mapping[int, Constraint] | None = None

    def constraint_for(self, module_id: int) -> Constraint | None:
        """Returns the constraint on the output of a module, ``None`` if there is none."""
        if self._constraints is None:
            collector = _ConstraintCollector(self._outputs, self._budget)
            # Values are mapped from earlier modules: the constraint on an output is complete once all later modules are read.
            for module in reversed(list(_iter_modules(self._blueprint.flow))):
                collector.collect(module)
            self._constraints = collector.constraints
        return self._constraints.get(module_id)


def _iter_modules(flow: Sequence[Module]) -> Iterator[Module]:
    for module in flow:
        yield module
        for arms in (module.routes, module.branches):
            for arm in arms:
                yield from _iter_modules(arm.flow)
        yield from _iter_modules(module.onerror)


class _ConstraintCollector(Inference):
    def __init__(self, outputs: FieldSpecs, budget: Budget) -> None:
        self.constraints: dict[int, Constraint] = {}
        self.outputs = outputs
        self._budget = budget
        self._visited: set[int] = set()
        self._variables: dict[str, Constraint] = {}
        #: Aggregator -> the constraint on its ``__IMTKEY__``, the value that it groups by.
        self._group_keys: dict[int, Constraint] = {}

    def collect(self, module: Module) -> None:
        """Infers the constraints that a module puts on earlier ones."""
        output = self.constraints.setdefault(module.id, Constraint())
        self._visited.add(module.id)
        self.infer_value(module.mapper, self._mapper_constraint(module, output))
        self.infer_value(module.group_by, self._group_keys.get(module.id))
        for merged in module.outputs:
            for mapping in merged.mappings:
                self.infer_value(mapping, output.fields.get(merged.name))
        for gate in (module.filter, *module.filters):
            self._collect_filter(gate)
        for arm in module.branches:
            for group in arm.groups or ():
                self._collect_conditions(group)

    def _mapper_constraint(self, module: Module, output: Constraint) -> Constraint:
        """Returns the constraint on the mapper of a module: what its app declares, then what the blueprint does."""
        definition = catalog.find_definition(module.app, module.name)
        infer = definition.infer if definition is not None else None
        constraint = infer(module, output, self) if infer is not None else Constraint()
        constraint.merge(self.fields_constraint(module.expect))
        for field in definition.fields if definition is not None else ():
            constraint.fields.setdefault(field.name, Constraint()).merge(_declared_constraint(field))
        return constraint

    def fields_constraint(self, specs: FieldSpecs | None) -> Constraint:
        self._budget.charge_weight(specs)
        return collection_constraint(specs)

    def variable_constraint(self, name: Json, constraint: Constraint | None) -> Constraint:
        variable = self._variables.setdefault(str(name), Constraint())
        if constraint is not None:
            variable.merge(constraint)
        return variable

    # --- values and their expressions ------ -----------------------------------------------------

    def infer_value(self, value: Json, constraint: Constraint | None) -> None:
        match value:
            case str():
                self._collect_text(value, constraint)
            case Mapping():
                fields = constraint.fields if constraint is not None else {}
                for name, inner in value.items():
                    self.infer_value(inner, fields.get(name))
            case list():
                item = constraint.item if constraint is not None else None
                for inner in value:
                    self.infer_value(inner, item)

    def _collect_text(self, text: str, constraint: Constraint | None) -> None:
        if "{{" not in text:
            return
        self._budget.charge(1 + len(text) // 8)
        parts = parse_template(text)
        is_json = text.lstrip()[:1] in ("{", "[")
        for place, part in enumerate(parts):
            if not isinstance(part, Expression):
                continue
            if len(parts) > 1:
                before = parts[place - 1] if place else ""
                constraint = _embedded_value_constraint(
                    before if isinstance(before, str) else "", is_json=is_json
                )
            try:
                node = part.node()
            except ExpressionError:
                continue
            self._collect_node(node, constraint)

    def _collect_node(self, node: Node | None, constraint: Constraint | None) -> None:
        match node:
            case Reference(int(id), path) if path and id not in self._visited:
                if path == ("__IMTKEY__",) and constraint is not None:
                    self._group_keys.setdefault(id, Constraint()).merge(constraint)
                if path[0] in _METADATA_FIELDS:
                    return
                target = self.constraints.setdefault(id, Constraint()).descend(path)
                if constraint is not None:
                    target.merge(constraint)
            case DynamicReference(root, path):
                self._collect_node(Reference(root, self._collect_path(path)), constraint)
            case PathIntoCall(call, path):
                whole = Constraint()
                target = whole.descend(self._collect_path(path))
                if constraint is not None:
                    target.merge(constraint)
                self._collect_node(call, whole)
            case Call(name, arguments):
                function = FUNCTIONS.get(name)
                expected = (
                    function.argument_constraints(arguments, constraint)
                    if function is not None
                    else [None] * len(arguments)
                )
                for argument, inner in zip(arguments, expected, strict=True):
                    self._collect_node(argument, inner)
            case Unary(operators, operand):
                self._collect_node(operand, None if "!" in operators else Constraint(kind="number"))
            case BinaryChain(first, rest):
                self._collect_chain(first, rest, constraint)

    def _collect_path(
        self, path: Sequence[str | int | Reference | DynamicReference]
    ) -> tuple[str | int, ...]:
        """Infers constraints on the indexes that are mapped; returns the path with the first item for each of them."""
        for step in path:
            if not isinstance(step, (str, int)):
                self._collect_node(step, Constraint(kind="uinteger", choices=[1, 2]))
        return tuple(step if isinstance(step, (str, int)) else 1 for step in path)

    def _collect_chain(
        self, first: Node, rest: Sequence[tuple[str, Node]], constraint: Constraint | None
    ) -> None:
        """Infers the constraint on each operand from one of its neighbours."""
        is_number = constraint is not None and constraint.kind == "number"
        operands = [first, *(operand for _, operand in rest)]
        operators = ["-" if operator == "+" and is_number else operator for operator, _ in rest]
        for place, operand in enumerate(operands):
            left = _operand_constraint(operators[place - 1], operands[place - 1]) if place else None
            right = (
                _operand_constraint(operators[place], operands[place + 1]) if place < len(operators) else None
            )
            self._collect_node(operand, left or right)

    # --- filters ---------------------------------------------------------------------------------

    def _collect_filter(self, gate: Filter | None) -> None:
        for group in gate.groups if gate is not None else ():
            self._collect_conditions(group)

    def _collect_conditions(self, group: Sequence[Condition[Json]]) -> None:
        for condition in group:
            self.infer_value(condition.a, _left_side_constraint(condition))
            self.infer_value(condition.b, None)


def _declared_constraint(field: Field) -> Constraint:
    """Returns the constraint that the declaration of a field puts on its value."""
    spec: dict[str, Json] = {"name": field.name, "type": field.format or field.type}
    if field.item is not None:
        spec["spec"] = {"type": field.item}
    if field.choices:
        spec |= {"type": "select", "options": field.choices}
    return field_constraint(spec)


def _embedded_value_constraint(before: str, *, is_json: bool) -> Constraint | None:
    """Returns the constraint on a value within a text, from the text before it."""
    if before.endswith("://"):
        return Constraint(kind="domain")
    # Within JSON, a value without quotes may be a number.
    return Constraint(kind="number") if is_json and before.rstrip()[-1:] in (":", "[", ",") else None


def _operand_constraint(operator: str, other: Node) -> Constraint | None:
    """Returns the constraint on an operand, from the other one."""
    if operator in ("-", "*", "/", "%"):
        return Constraint(kind="number")
    if operator in ("=", "!=") and isinstance(other, Literal):
        return Constraint(choices=[other.value] if operator == "=" else [])
    if operator in ("<", ">", "<=", ">=") and isinstance(other, Literal):
        return Constraint(kind="number" if isinstance(other.value, (int, float)) else None)
    return None


#: Comparison of numbers -> number added to the right side for it to hold.
_NUMBER_OFFSETS: Mapping[str, int] = {
    "equal": 0,
    "greaterorequal": 0,
    "lessorequal": 0,
    "greater": 1,
    "less": -1,
}


def _left_side_constraint(condition: Condition[Json]) -> Constraint | None:
    """Returns a constraint on the left side of a comparison for which it may hold."""
    kind, _, rest = condition.operator.partition(":")
    how = rest.partition(":")[0]
    b = condition.b if is_literal(condition.b) else None
    try:
        match kind:
            case "text":
                holds = how in ("equal", "contain", "startwith", "endwith")
                return Constraint(choices=[b] if holds and b is not None else [])
            case "number":
                step = _NUMBER_OFFSETS.get(how)
                return Constraint(
                    kind="number", choices=[as_number(b) + step] if b is not None and step is not None else []
                )
            case "boolean":
                return Constraint(
                    kind="boolean", choices=[as_boolean(b)] if how == "equal" and b is not None else []
                )
            case "date" | "time" | "array":
                return Constraint(kind=kind)
    except ConversionError:
        return Constraint(kind=kind)
    return None
