"""What the modules of a blueprint expect of those before them, so that made-up data fit what they are used for.

Exports tell of most modules what goes in, and of few what comes out. But each mapping says that a field exists, and where
it goes says what it is: an iterator needs an array, ``parseDate`` a date, "Parse JSON" a text of JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...world.models import FieldSpecs, Json
from ..blueprints.conditions import Condition, Filter
from ..blueprints.model import Blueprint, Module
from ..errors import ConversionError, ExpressionError
from ..expressions.ast import BinaryChain, Call, DynamicReference, Literal, Node, Reference, Unary
from ..expressions.constraint import Constraint
from ..expressions.functions import FUNCTIONS
from ..expressions.template import Expression, parse_template
from ..expressions.values import as_boolean, as_number
from ..runtime.budget import Budget
from .field_specs import collection_constraint

#: What the engine knows besides of a module's bundle; no field of it.
_METADATA_FIELDS = frozenset(("__IMTINDEX__", "__IMTLENGTH__", "__IMTKEY__", "__IMTAGGLENGTH__"))

#: So many columns has a made-up table at most.
_MAX_COLUMNS = 100

_RETURN_MODULE = "scenario-service:ReturnData"


class ConstraintInference:
    """What is expected of each module's bundles; read off the blueprint when it is first asked for, and paid for."""

    def __init__(self, blueprint: Blueprint, outputs: FieldSpecs, budget: Budget) -> None:
        self._blueprint = blueprint
        self._outputs = outputs
        self._budget = budget
        self._constraints: Mapping[int, Constraint] | None = None

    def constraint_for(self, module_id: int) -> Constraint | None:
        """What is expected of the bundles of a module; ``None`` if nothing is."""
        if self._constraints is None:
            reader = _ConstraintCollector(self._outputs, self._budget)
            # What is mapped lies before: a module that hands on is read when all is known that is expected of it.
            for module in reversed(list(_iter_modules(self._blueprint.flow))):
                reader.collect(module)
            self._constraints = reader.constraints
        return self._constraints.get(module_id)


def _iter_modules(flow: Sequence[Module]) -> Iterator[Module]:
    for module in flow:
        yield module
        for part in (module.routes, module.branches):
            for way in part:
                yield from _iter_modules(way.flow)
        yield from _iter_modules(module.onerror)


class _ConstraintCollector:
    def __init__(self, outputs: FieldSpecs, budget: Budget) -> None:
        self.constraints: dict[int, Constraint] = {}
        self._outputs = outputs
        self._budget = budget
        self._visited: set[int] = set()
        self._variables: dict[str, Constraint] = {}

    def collect(self, module: Module) -> None:
        """Note what a module expects of those before it."""
        own = self.constraints.setdefault(module.id, Constraint())
        self._visited.add(module.id)
        self._collect_value(module.mapper, self._input_constraint(module, own))
        self._collect_value(module.group_by, None)
        for output in module.outputs:
            for mapping in output.mappings:
                self._collect_value(mapping, own.fields.get(output.name))
        for gate in (module.filter, *module.filters):
            self._collect_filter(gate)
        for arm in module.branches:
            for group in arm.groups or ():
                self._collect_conditions(group)

    def _input_constraint(self, module: Module, own: Constraint) -> Constraint:
        """What the fields of a module take; what it only hands on has to be what others expect of it."""
        wanted = Constraint()
        self._propagate(module, own, wanted)
        if module.full_name == _RETURN_MODULE:
            wanted.merge(self._spec_constraint(self._outputs))
        wanted.merge(self._spec_constraint(module.expect))
        return wanted

    def _spec_constraint(self, fields: FieldSpecs | None) -> Constraint:
        self._budget.charge_weight(fields)
        return collection_constraint(fields)

    def _propagate(self, module: Module, own: Constraint, wanted: Constraint) -> None:
        match module.full_name:
            case "builtin:BasicFeeder":
                # An item that is no collection comes under "value".
                item = own.fields["value"] if own.fields.keys() == {"value"} else own
                wanted.fields["array"] = Constraint(kind="array", item=item)
            case "builtin:BasicAggregator":
                items = own.fields.get("array")
                if items is not None and items.item is not None:
                    wanted.merge(items.item)
            case "builtin:BasicRepeater":
                wanted.fields["repeats"] = Constraint(kind="uinteger", choices=[1, 2, 3])
            case "util:TextAggregator":
                wanted.fields["value"] = Constraint(content=own.descend(["text"]).content)
            case "regexp:Replace":
                wanted.fields["text"] = own.descend(["text"])
            case "json:ParseJSON":
                content = Constraint(fields=dict(own.fields))
                content.merge(self._spec_constraint(module.interface))
                wanted.fields["json"] = Constraint(kind="json", content=content)
            case "xml:ParseXML":
                content = Constraint(fields=dict(own.fields))
                content.merge(self._spec_constraint(module.interface))
                wanted.fields["xml"] = Constraint(kind="xml", content=content)
            case "csv:ParseCSV":
                wanted.fields["csv"] = _csv_constraint(module, own)
            case "util:SetVariable" | "util:SetVariable2":
                name = module.mapper.get("name")
                set_here = own.fields.get("value" if module.name == "SetVariable" else str(name))
                wanted.fields["value"] = self._variable_constraint(name, set_here)
            case "util:SetVariables":
                self._collect_set_variables(module.mapper.get("variables"), own)
            case "util:GetVariable":
                self._variable_constraint(module.mapper.get("name"), own.fields.get("value"))
            case "util:GetVariable2" | "util:GetVariables":
                for name, got in own.fields.items():
                    self._variable_constraint(name, got)
            case "util:ComposeTransformer":
                wanted.fields["value"] = own.descend(["value"])
            case "util:Switcher" if not module.mapper.get("useRegExpMatch"):
                cases = module.mapper.get("casesTable")
                wanted.fields["input"] = Constraint(
                    choices=[
                        case["pattern"]
                        for case in (cases if isinstance(cases, list) else ())
                        if isinstance(case, Mapping) and _is_literal(case.get("pattern"))
                    ]
                )

    def _variable_constraint(self, name: Json, wanted: Constraint | None) -> Constraint:
        """What is expected of a variable, by those who get it and by those who use what was set."""
        variable = self._variables.setdefault(str(name), Constraint())
        if wanted is not None:
            variable.merge(wanted)
        return variable

    def _collect_set_variables(self, variables: Json, own: Constraint) -> None:
        for item in variables if isinstance(variables, list) else ():
            if isinstance(item, Mapping):
                name = item.get("name")
                self._collect_value(
                    item.get("value"), self._variable_constraint(name, own.fields.get(str(name)))
                )

    # --- values, and the expressions in them -----------------------------------------------------

    def _collect_value(self, value: Json, wanted: Constraint | None) -> None:
        match value:
            case str():
                self._collect_text(value, wanted)
            case Mapping():
                fields = wanted.fields if wanted is not None else {}
                for name, inner in value.items():
                    self._collect_value(inner, fields.get(name))
            case list():
                item = wanted.item if wanted is not None else None
                for inner in value:
                    self._collect_value(inner, item)

    def _collect_text(self, text: str, wanted: Constraint | None) -> None:
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
                wanted = _embedded_value_constraint(
                    before if isinstance(before, str) else "", is_json=is_json
                )
            try:
                node = part.node()
            except ExpressionError:
                continue
            self._collect_node(node, wanted)

    def _collect_node(self, node: Node | None, wanted: Constraint | None) -> None:
        match node:
            case Reference(int(id), path) if path and id not in self._visited:
                if path[0] in _METADATA_FIELDS:
                    return
                target = self.constraints.setdefault(id, Constraint()).descend(path)
                if wanted is not None:
                    target.merge(wanted)
            case DynamicReference(root, path):
                places = [step if isinstance(step, (str, int)) else 1 for step in path]
                for step in path:
                    if not isinstance(step, (str, int)):
                        self._collect_node(step, Constraint(kind="uinteger", choices=[1, 2]))
                self._collect_node(Reference(root, tuple(places)), wanted)
            case Call(name, arguments):
                function = FUNCTIONS.get(name)
                expected = (
                    function.argument_constraints(arguments, wanted)
                    if function is not None
                    else [None] * len(arguments)
                )
                for argument, constraint in zip(arguments, expected, strict=True):
                    self._collect_node(argument, constraint)
            case Unary(operators, operand):
                self._collect_node(operand, None if "!" in operators else Constraint(kind="number"))
            case BinaryChain(first, rest):
                self._collect_chain(first, rest, wanted)

    def _collect_chain(
        self, first: Node, rest: Sequence[tuple[str, Node]], wanted: Constraint | None
    ) -> None:
        """Each operand is expected to be what one of its neighbours asks for."""
        is_number = wanted is not None and wanted.kind == "number"
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

    def _collect_conditions(self, group: Sequence[Condition]) -> None:
        for condition in group:
            self._collect_value(condition.a, _left_side_constraint(condition))
            self._collect_value(condition.b, None)


def _embedded_value_constraint(before: str, *, is_json: bool) -> Constraint | None:
    """What is expected of a value amid a text, by what stands before it."""
    if before.endswith("://"):
        return Constraint(kind="domain")
    # Amid JSON, what stands without quotes is best a number.
    return Constraint(kind="number") if is_json and before.rstrip()[-1:] in (":", "[", ",") else None


def _csv_constraint(module: Module, own: Constraint) -> Constraint:
    """A text of CSV with as many columns as the module reads, separated as it expects."""
    count, delimiter = module.parameters.get("columnCount"), module.parameters.get("delimiter")
    read = [_parse_column_number(name.removeprefix("col")) for name in own.fields if name.startswith("col")]
    number = _parse_column_number(str(count)) or max(read, default=0) or 1
    columns = [f"col{place}" for place in range(1, 1 + min(number, _MAX_COLUMNS))]
    row = Constraint(fields={name: own.fields.get(name, Constraint()) for name in columns})
    kind = module.parameters.get("delimiterType")
    between = "\t" if kind == "tab" else delimiter if kind == "other" and isinstance(delimiter, str) else ","
    return Constraint(kind="csv", pattern=between, content=row)


def _parse_column_number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 5 else 0


def _operand_constraint(operator: str, other: Node) -> Constraint | None:
    """What is expected of an operand, beside the other one."""
    if operator in ("-", "*", "/", "%"):
        return Constraint(kind="number")
    if operator in ("=", "!=") and isinstance(other, Literal):
        return Constraint(choices=[other.value] if operator == "=" else [])
    if operator in ("<", ">", "<=", ">=") and isinstance(other, Literal):
        return Constraint(kind="number" if isinstance(other.value, (int, float)) else None)
    return None


def _is_literal(value: Json) -> bool:
    """Whether a value stands in the blueprint as it is, and is not computed."""
    if isinstance(value, str):
        return value != "" and "{{" not in value
    return isinstance(value, (int, float))


#: Comparisons of numbers -> what is added to the right side to make them hold.
_NUMBER_OFFSETS: Mapping[str, int] = {
    "equal": 0,
    "greaterorequal": 0,
    "lessorequal": 0,
    "greater": 1,
    "less": -1,
}


def _left_side_constraint(condition: Condition) -> Constraint | None:
    """What the left side of a comparison is expected to be, so that it has a chance to hold."""
    kind, _, rest = condition.operator.partition(":")
    how = rest.partition(":")[0]
    b = condition.b if _is_literal(condition.b) else None
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
