"""What functions of the expression language expect of their arguments, told by what they are for."""

from __future__ import annotations

from collections.abc import Sequence

from ..world.models import Json
from .iml.syntax import Literal, Node
from .wanted import Wanted

#: What these make is what their first argument is.
_SAME = frozenset(
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
_OF_DATES = frozenset(
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

_OF_NUMBERS = frozenset(("abs", "ceil", "floor", "formatNumber", "parseNumber", "round", "trunc"))

#: These take numbers, or one array of them.
_OF_MANY = frozenset(("average", "max", "median", "min", "stdevP", "stdevS", "sum"))

#: These make an array of an array.
_OF_ARRAYS = frozenset(
    ("add", "deduplicate", "distinct", "flatten", "remove", "reverse", "shuffle", "slice", "sort")
)


def expects(name: str, arguments: Sequence[Node | None], wanted: Wanted | None) -> Sequence[Wanted | None]:
    """What a function expects of each argument, if ``wanted`` is what is expected of what it makes."""
    others: list[Wanted | None] = [None] * max(0, len(arguments) - 1)
    match name:
        case "ifempty":
            return [wanted] * len(arguments)
        case "if":
            return [None, wanted, wanted][: len(arguments)] + [None] * (len(arguments) - 3)
        case "switch":
            return [None if place == 0 or place % 2 else wanted for place in range(len(arguments))]
        case "merge" | "arrayIntersect" | "arrayDiff":
            return [Wanted(kind="array") for _ in arguments]
    if name in _OF_MANY and len(arguments) > 1:
        return [Wanted(kind="number") for _ in arguments]
    if not arguments:
        return []
    return [_first(name, arguments, wanted), *others]


def _first(name: str, arguments: Sequence[Node | None], wanted: Wanted | None) -> Wanted | None:
    """What a function expects of its first argument."""
    second = _written(arguments[1]) if len(arguments) > 1 else None
    if name in _SAME:
        return wanted
    if name in _OF_DATES:
        return Wanted(kind="date")
    if name in _OF_NUMBERS:
        return Wanted(kind="number")
    if name in _OF_MANY:
        return Wanted(kind="array", item=Wanted(kind="number"))
    if name in _OF_ARRAYS:
        return Wanted(kind="array", item=wanted.item if wanted is not None else None)
    match name:
        case "toBinary" if second == "base64":
            return Wanted(kind="base64")
        case "parseDate":
            return Wanted(kind="date", pattern=second if isinstance(second, str) else None)
        case "first" | "last":
            return Wanted(kind="array", item=wanted)
        case "join" | "keys":
            return Wanted(kind="array") if name == "join" else Wanted(kind="collection")
        case "map":
            return _mapped(arguments, wanted)
        case "get":
            return _got(second, wanted)
    return None


def _mapped(arguments: Sequence[Node | None], wanted: Wanted | None) -> Wanted:
    """``map(array; key; key for filtering; values)``: an array of collections that have the keys."""
    item = Wanted()
    for place in (1, 2):
        key = _written_at(arguments, place)
        if isinstance(key, str) and key:
            target = item.at([step for step in key.split(".") if step])
            if place == 1 and wanted is not None and wanted.item is not None:
                target.learn(wanted.item)
            if place == 2 and isinstance(values := _written_at(arguments, 3), str):
                target.choices += [value.strip() for value in values.split(",") if value.strip()]
    return Wanted(kind="array", item=item)


def _got(path: Json, wanted: Wanted | None) -> Wanted | None:
    """``get(value; path)``, whose path is names and places with points between them."""
    if not isinstance(path, (str, int)) or isinstance(path, bool):
        return None
    steps = [int(step) if step.isdigit() and step.isascii() else step for step in str(path)[:500].split(".")]
    whole = Wanted()
    target = whole.at([step for step in steps if step != ""])
    if wanted is not None:
        target.learn(wanted)
    return whole


def _written_at(arguments: Sequence[Node | None], place: int) -> Json:
    return _written(arguments[place]) if place < len(arguments) else None


def _written(node: Node | None) -> Json:
    """What an argument says, if it is no more than that."""
    return node.value if isinstance(node, Literal) else None
