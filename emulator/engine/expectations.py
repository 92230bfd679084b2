"""What the modules of a blueprint expect of those before them, so that made-up data fit what they are used for.

Exports tell of most modules what goes in, and of few what comes out. But each mapping says that a field exists, and where
it goes says what it is: an iterator needs an array, ``parseDate`` a date, "Parse JSON" a text of JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..world.models import Fields, Json
from .blueprint import Blueprint, Module
from .budget import Budget
from .conditions import Condition, Filter
from .errors import ExpressionError, Misfit
from .iml.parser import Expression, template
from .iml.syntax import Call, Chain, Literal, Mapped, Node, Reference, Unary
from .iml.values import as_boolean, as_number
from .usage import expects
from .wanted import Wanted, collection_of

#: What the engine knows besides of a module's bundle; no field of it.
_OWN = frozenset(("__IMTINDEX__", "__IMTLENGTH__", "__IMTKEY__", "__IMTAGGLENGTH__"))

#: So many columns has a made-up table at most.
_COLUMNS = 100

_CALLS_BACK = "scenario-service:ReturnData"


class Expectations:
    """What is expected of each module's bundles; read off the blueprint when it is first asked for, and paid for."""

    def __init__(self, blueprint: Blueprint, outputs: Fields, budget: Budget) -> None:
        self._blueprint = blueprint
        self._outputs = outputs
        self._budget = budget
        self._found: Mapping[int, Wanted] | None = None

    def of(self, module_id: int) -> Wanted | None:
        """What is expected of the bundles of a module; ``None`` if nothing is."""
        if self._found is None:
            reader = _Reader(self._outputs, self._budget)
            # What is mapped lies before: a module that hands on is read when all is known that is expected of it.
            for module in reversed(list(_in_order(self._blueprint.flow))):
                reader.read(module)
            self._found = reader.found
        return self._found.get(module_id)


def _in_order(flow: Sequence[Module]) -> Iterator[Module]:
    for module in flow:
        yield module
        for part in (module.routes, module.branches):
            for way in part:
                yield from _in_order(way.flow)
        yield from _in_order(module.onerror)


class _Reader:
    def __init__(self, outputs: Fields, budget: Budget) -> None:
        self.found: dict[int, Wanted] = {}
        self._outputs = outputs
        self._budget = budget
        self._read: set[int] = set()
        self._variables: dict[str, Wanted] = {}

    def read(self, module: Module) -> None:
        """Note what a module expects of those before it."""
        own = self.found.setdefault(module.id, Wanted())
        self._read.add(module.id)
        self._value(module.mapper, self._destination(module, own))
        self._value(module.group_by, None)
        for output in module.outputs:
            for mapping in output.mappings:
                self._value(mapping, own.fields.get(output.name))
        for gate in (module.filter, *module.filters):
            self._filter(gate)
        for arm in module.branches:
            for group in arm.groups or ():
                self._conditions(group)

    def _destination(self, module: Module, own: Wanted) -> Wanted:
        """What the fields of a module take; what it only hands on has to be what others expect of it."""
        wanted = Wanted()
        self._handed_on(module, own, wanted)
        if module.full_name == _CALLS_BACK:
            wanted.learn(self._specified(self._outputs))
        wanted.learn(self._specified(module.expect))
        return wanted

    def _specified(self, fields: Fields | None) -> Wanted:
        self._budget.weigh(fields)
        return collection_of(fields)

    def _handed_on(self, module: Module, own: Wanted, wanted: Wanted) -> None:
        match module.full_name:
            case "builtin:BasicFeeder":
                # An item that is no collection comes under "value".
                item = own.fields["value"] if own.fields.keys() == {"value"} else own
                wanted.fields["array"] = Wanted(kind="array", item=item)
            case "builtin:BasicAggregator":
                items = own.fields.get("array")
                if items is not None and items.item is not None:
                    wanted.learn(items.item)
            case "builtin:BasicRepeater":
                wanted.fields["repeats"] = Wanted(kind="uinteger", choices=[1, 2, 3])
            case "util:TextAggregator":
                wanted.fields["value"] = Wanted(content=own.at(["text"]).content)
            case "regexp:Replace":
                wanted.fields["text"] = own.at(["text"])
            case "json:ParseJSON":
                content = Wanted(fields=dict(own.fields))
                content.learn(self._specified(module.interface))
                wanted.fields["json"] = Wanted(kind="json", content=content)
            case "xml:ParseXML":
                content = Wanted(fields=dict(own.fields))
                content.learn(self._specified(module.interface))
                wanted.fields["xml"] = Wanted(kind="xml", content=content)
            case "csv:ParseCSV":
                wanted.fields["csv"] = _table(module, own)
            case "util:SetVariable" | "util:SetVariable2":
                name = module.mapper.get("name")
                set_here = own.fields.get("value" if module.name == "SetVariable" else str(name))
                wanted.fields["value"] = self._variable(name, set_here)
            case "util:SetVariables":
                self._set_many(module.mapper.get("variables"), own)
            case "util:GetVariable":
                self._variable(module.mapper.get("name"), own.fields.get("value"))
            case "util:GetVariable2" | "util:GetVariables":
                for name, got in own.fields.items():
                    self._variable(name, got)
            case "util:ComposeTransformer":
                wanted.fields["value"] = own.at(["value"])
            case "util:Switcher" if not module.mapper.get("useRegExpMatch"):
                cases = module.mapper.get("casesTable")
                wanted.fields["input"] = Wanted(
                    choices=[
                        case["pattern"]
                        for case in (cases if isinstance(cases, list) else ())
                        if isinstance(case, Mapping) and _is_written(case.get("pattern"))
                    ]
                )

    def _variable(self, name: Json, wanted: Wanted | None) -> Wanted:
        """What is expected of a variable, by those who get it and by those who use what was set."""
        variable = self._variables.setdefault(str(name), Wanted())
        if wanted is not None:
            variable.learn(wanted)
        return variable

    def _set_many(self, variables: Json, own: Wanted) -> None:
        for item in variables if isinstance(variables, list) else ():
            if isinstance(item, Mapping):
                name = item.get("name")
                self._value(item.get("value"), self._variable(name, own.fields.get(str(name))))

    # --- values, and the expressions in them -----------------------------------------------------

    def _value(self, value: Json, wanted: Wanted | None) -> None:
        match value:
            case str():
                self._text(value, wanted)
            case Mapping():
                fields = wanted.fields if wanted is not None else {}
                for name, inner in value.items():
                    self._value(inner, fields.get(name))
            case list():
                item = wanted.item if wanted is not None else None
                for inner in value:
                    self._value(inner, item)

    def _text(self, text: str, wanted: Wanted | None) -> None:
        if "{{" not in text:
            return
        self._budget.step(1 + len(text) // 8)
        parts = template(text)
        is_json = text.lstrip()[:1] in ("{", "[")
        for place, part in enumerate(parts):
            if not isinstance(part, Expression):
                continue
            if len(parts) > 1:
                before = parts[place - 1] if place else ""
                wanted = _amid(before if isinstance(before, str) else "", is_json=is_json)
            try:
                node = part.node()
            except ExpressionError:
                continue
            self._node(node, wanted)

    def _node(self, node: Node | None, wanted: Wanted | None) -> None:
        match node:
            case Reference(int(id), path) if path and id not in self._read:
                if path[0] in _OWN:
                    return
                target = self.found.setdefault(id, Wanted()).at(path)
                if wanted is not None:
                    target.learn(wanted)
            case Mapped(root, path):
                places = [step if isinstance(step, (str, int)) else 1 for step in path]
                for step in path:
                    if not isinstance(step, (str, int)):
                        self._node(step, Wanted(kind="uinteger", choices=[1, 2]))
                self._node(Reference(root, tuple(places)), wanted)
            case Call(name, arguments):
                for argument, expected in zip(arguments, expects(name, arguments, wanted), strict=True):
                    self._node(argument, expected)
            case Unary(operators, operand):
                self._node(operand, None if "!" in operators else Wanted(kind="number"))
            case Chain(first, rest):
                self._chain(first, rest, wanted)

    def _chain(self, first: Node, rest: Sequence[tuple[str, Node]], wanted: Wanted | None) -> None:
        """Each operand is expected to be what one of its neighbours asks for."""
        is_number = wanted is not None and wanted.kind == "number"
        operands = [first, *(operand for _, operand in rest)]
        operators = ["-" if operator == "+" and is_number else operator for operator, _ in rest]
        for place, operand in enumerate(operands):
            left = _beside(operators[place - 1], operands[place - 1]) if place else None
            right = _beside(operators[place], operands[place + 1]) if place < len(operators) else None
            self._node(operand, left or right)

    # --- filters ---------------------------------------------------------------------------------

    def _filter(self, gate: Filter | None) -> None:
        for group in gate.groups if gate is not None else ():
            self._conditions(group)

    def _conditions(self, group: Sequence[Condition]) -> None:
        for condition in group:
            self._value(condition.a, _compared(condition))
            self._value(condition.b, None)


def _amid(before: str, *, is_json: bool) -> Wanted | None:
    """What is expected of a value amid a text, by what stands before it."""
    if before.endswith("://"):
        return Wanted(kind="domain")
    # Amid JSON, what stands without quotes is best a number.
    return Wanted(kind="number") if is_json and before.rstrip()[-1:] in (":", "[", ",") else None


def _table(module: Module, own: Wanted) -> Wanted:
    """A text of CSV with as many columns as the module reads, separated as it expects."""
    count, delimiter = module.parameters.get("columnCount"), module.parameters.get("delimiter")
    read = [_count(name.removeprefix("col")) for name in own.fields if name.startswith("col")]
    number = _count(str(count)) or max(read, default=0) or 1
    columns = [f"col{place}" for place in range(1, 1 + min(number, _COLUMNS))]
    row = Wanted(fields={name: own.fields.get(name, Wanted()) for name in columns})
    kind = module.parameters.get("delimiterType")
    between = "\t" if kind == "tab" else delimiter if kind == "other" and isinstance(delimiter, str) else ","
    return Wanted(kind="csv", pattern=between, content=row)


def _count(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 5 else 0


def _beside(operator: str, other: Node) -> Wanted | None:
    """What is expected of an operand, beside the other one."""
    if operator in ("-", "*", "/", "%"):
        return Wanted(kind="number")
    if operator in ("=", "!=") and isinstance(other, Literal):
        return Wanted(choices=[other.value] if operator == "=" else [])
    if operator in ("<", ">", "<=", ">=") and isinstance(other, Literal):
        return Wanted(kind="number" if isinstance(other.value, (int, float)) else None)
    return None


def _is_written(value: Json) -> bool:
    """Whether a value stands in the blueprint as it is, and is not computed."""
    if isinstance(value, str):
        return value != "" and "{{" not in value
    return isinstance(value, (int, float))


#: Comparisons of numbers -> what is added to the right side to make them hold.
_STEPS: Mapping[str, int] = {"equal": 0, "greaterorequal": 0, "lessorequal": 0, "greater": 1, "less": -1}


def _compared(condition: Condition) -> Wanted | None:
    """What the left side of a comparison is expected to be, so that it has a chance to hold."""
    kind, _, rest = condition.operator.partition(":")
    how = rest.partition(":")[0]
    b = condition.b if _is_written(condition.b) else None
    try:
        match kind:
            case "text":
                holds = how in ("equal", "contain", "startwith", "endwith")
                return Wanted(choices=[b] if holds and b is not None else [])
            case "number":
                step = _STEPS.get(how)
                return Wanted(
                    kind="number", choices=[as_number(b) + step] if b is not None and step is not None else []
                )
            case "boolean":
                return Wanted(
                    kind="boolean", choices=[as_boolean(b)] if how == "equal" and b is not None else []
                )
            case "date" | "time" | "array":
                return Wanted(kind=kind)
    except Misfit:
        return Wanted(kind=kind)
    return None
