"""What functions of the expression language expect of their arguments, told by what they are for."""

from __future__ import annotations

from collections.abc import Sequence

from ...world.models import Json
from ..expressions.ast import Literal, Node
from .constraint import Constraint

#: What these make is what their first argument is.
_TYPE_PRESERVING = frozenset(
    (
        "ascii",
        "capitalize",
        "decodeURL",
        "escapeHTML",
        "escapeMarkdown",
        "lower",
        "replace",
        "startcase",
        "stripHTML",
        "substring",
        "toString",
        "trim",
        "upper",
    )
)

#: These make something of a date.
_DATE_FUNCTIONS = frozenset(
    (
        "addDays",
        "addHours",
        "addMinutes",
        "addMonths",
        "addSeconds",
        "addYears",
        "formatDate",
        "setDate",
        "setDay",
        "setHour",
        "setMinute",
        "setMonth",
        "setSecond",
        "setYear",
    )
)

_NUMBER_FUNCTIONS = frozenset(("abs", "ceil", "floor", "formatNumber", "parseNumber", "round", "trunc"))

#: These take numbers, or one array of them.
_AGGREGATE_FUNCTIONS = frozenset(("average", "max", "median", "min", "stdevP", "stdevS", "sum"))

#: These make an array of an array.
_ARRAY_FUNCTIONS = frozenset(
    ("add", "deduplicate", "distinct", "flatten", "remove", "reverse", "shuffle", "slice", "sort")
)


def argument_constraints(
    name: str, arguments: Sequence[Node | None], wanted: Constraint | None
) -> Sequence[Constraint | None]:
    """What a function expects of each argument, if ``wanted`` is what is expected of what it makes."""
    others: list[Constraint | None] = [None] * max(0, len(arguments) - 1)
    match name:
        case "ifempty":
            return [wanted] * len(arguments)
        case "if":
            return [None, wanted, wanted][: len(arguments)] + [None] * (len(arguments) - 3)
        case "switch":
            return [None if place == 0 or place % 2 else wanted for place in range(len(arguments))]
        case "merge" | "arrayIntersect" | "arrayDiff":
            return [Constraint(kind="array") for _ in arguments]
    if name in _AGGREGATE_FUNCTIONS and len(arguments) > 1:
        return [Constraint(kind="number") for _ in arguments]
    if not arguments:
        return []
    return [_first_argument_constraint(name, arguments, wanted), *others]


def _first_argument_constraint(
    name: str, arguments: Sequence[Node | None], wanted: Constraint | None
) -> Constraint | None:
    """What a function expects of its first argument."""
    second = _literal_value(arguments[1]) if len(arguments) > 1 else None
    if name in _TYPE_PRESERVING:
        return wanted
    if name in _DATE_FUNCTIONS:
        return Constraint(kind="date")
    if name in _NUMBER_FUNCTIONS:
        return Constraint(kind="number")
    if name in _AGGREGATE_FUNCTIONS:
        return Constraint(kind="array", item=Constraint(kind="number"))
    if name in _ARRAY_FUNCTIONS:
        return Constraint(kind="array", item=wanted.item if wanted is not None else None)
    match name:
        case "toBinary" if second == "base64":
            return Constraint(kind="base64")
        case "parseDate":
            return Constraint(kind="date", pattern=second if isinstance(second, str) else None)
        case "first" | "last":
            return Constraint(kind="array", item=wanted)
        case "join" | "keys":
            return Constraint(kind="array") if name == "join" else Constraint(kind="collection")
        case "map":
            return _map_argument_constraint(arguments, wanted)
        case "get":
            return _get_argument_constraint(second, wanted)
    return None


def _map_argument_constraint(arguments: Sequence[Node | None], wanted: Constraint | None) -> Constraint:
    """``map(array; key; key for filtering; values)``: an array of collections that have the keys."""
    item = Constraint()
    for place in (1, 2):
        key = _literal_argument(arguments, place)
        if isinstance(key, str) and key:
            target = item.descend([step for step in key.split(".") if step])
            if place == 1 and wanted is not None and wanted.item is not None:
                target.merge(wanted.item)
            if place == 2 and isinstance(values := _literal_argument(arguments, 3), str):
                target.choices += [value.strip() for value in values.split(",") if value.strip()]
    return Constraint(kind="array", item=item)


def _get_argument_constraint(path: Json, wanted: Constraint | None) -> Constraint | None:
    """``get(value; path)``, whose path is names and places with points between them."""
    if not isinstance(path, (str, int)) or isinstance(path, bool):
        return None
    steps = [int(step) if step.isdigit() and step.isascii() else step for step in str(path)[:500].split(".")]
    whole = Constraint()
    target = whole.descend([step for step in steps if step != ""])
    if wanted is not None:
        target.merge(wanted)
    return whole


def _literal_argument(arguments: Sequence[Node | None], place: int) -> Json:
    return _literal_value(arguments[place]) if place < len(arguments) else None


def _literal_value(node: Node | None) -> Json:
    """What an argument says, if it is no more than that."""
    return node.value if isinstance(node, Literal) else None
