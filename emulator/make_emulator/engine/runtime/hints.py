"""Hints on a bundle that does not fit a module: fields with the wrong name, and mapped references that lead to nothing.

They name fields and never show values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ...json_types import Json
from ...plain_text import did_you_mean
from ..apps.app import ModuleDefinition
from ..blueprints.model import Module
from ..errors import ExpressionError
from ..expressions.ast import BinaryChain, Call, Node, PathIntoCall, Reference, Unary, UnquotedName
from ..expressions.context import Environment
from ..expressions.template import Expression, parse_template
from ..expressions.values import Value, is_array, is_empty

#: The most hints of one error, names that a hint lists, and nodes that are searched for references.
MAX_HINTS, MAX_NAMES, MAX_NODES = 3, 8, 200

#: The parameter that an issue names.
_PARAMETER = re.compile(r"parameter '([^']*)'")


def parameter_hint(
    definition: ModuleDefinition, module: Module, issues: Sequence[str], env: Environment
) -> str | None:
    """Returns sentences about the parameters that failed, ``None`` if there is nothing to say."""
    hints: dict[str, None] = {}
    for issue in issues:
        match = _PARAMETER.search(issue)
        if match is None:
            continue
        for hint in _parameter_hints(definition, module, match[1], env):
            hints.setdefault(hint)
            if len(hints) == MAX_HINTS:
                return " ".join(hints)
    return " ".join(hints) or None


def _parameter_hints(
    definition: ModuleDefinition, module: Module, name: str, env: Environment
) -> Iterator[str]:
    if name not in module.mapper:
        declared = {field.name for field in definition.fields}
        others = [other for other in module.mapper if other not in declared] if declared else []
        if suggestion := did_you_mean(name, others):
            written = suggestion.removeprefix("; did you mean '").removesuffix("'?")
            yield f"The mapper has '{written}', which is no field of {module.full_name}; did you mean '{name}'?"
    for raw in _values_of(module.mapper, name):
        for reference in _references(raw):
            hint = _reference_hint(reference, env)
            if hint is not None:
                yield hint


def _values_of(mapper: Json, name: str, depth: int = 0) -> Iterator[Json]:
    """Yields the mapped values of a parameter, wherever it stands in the mapper."""
    if depth > 8:
        return
    if isinstance(mapper, Mapping):
        for key, value in mapper.items():
            if key == name:
                yield value
            elif isinstance(value, (Mapping, list)):
                yield from _values_of(value, name, depth + 1)
    elif isinstance(mapper, list):
        for value in mapper:
            yield from _values_of(value, name, depth + 1)


def _references(raw: Json, depth: int = 0) -> Iterator[Reference | UnquotedName]:
    """Yields the references in a mapped value."""
    if isinstance(raw, str) and "{{" in raw:
        for part in parse_template(raw):
            if isinstance(part, Expression):
                try:
                    node = part.node()
                except ExpressionError:
                    continue
                yield from _references_in(node)
    elif isinstance(raw, (Mapping, list)) and depth < 8:
        for value in raw.values() if isinstance(raw, Mapping) else raw:
            yield from _references(value, depth + 1)


def _references_in(node: Node) -> Iterator[Reference | UnquotedName]:
    pending: list[Node | None] = [node]
    for _ in range(MAX_NODES):
        if not pending:
            return
        match pending.pop():
            case Reference() | UnquotedName() as found:
                yield found
            case Call(_, arguments):
                pending.extend(arguments)
            case PathIntoCall(call, _):
                pending.append(call)
            case Unary(_, operand):
                pending.append(operand)
            case BinaryChain(first, rest):
                pending.append(first)
                pending.extend(operand for _, operand in rest)


def _reference_hint(reference: Reference | UnquotedName, env: Environment) -> str | None:
    """Returns a sentence about a reference that leads to nothing."""
    if isinstance(reference, UnquotedName):
        return f"A name with blanks needs backticks: {{{{{reference.correction}}}}}."
    if not isinstance(reference.root, int):
        return None
    text = _format_reference(reference)
    bundle = env.scope.find(reference.root, env.budget)
    if bundle is None:
        return f"{text} is empty: module {reference.root} does not come before this one."
    value: Value = bundle.data
    for step in reference.path:
        if isinstance(step, int):
            if not is_array(value) or not 1 <= step <= len(value):
                count = len(value) if is_array(value) else 0
                return (
                    f"{text} is empty: there are {count} items." if is_array(value) else f"{text} is empty."
                )
            value = value[step - 1]
        elif not isinstance(value, Mapping):
            return (
                f"{text} is empty: an item of the array is needed before '{step}'."
                if is_array(value)
                else f"{text} is empty."
            )
        elif step not in value:
            if step in ("__IMTINDEX__", "__IMTLENGTH__"):
                return None
            return f"{text} is empty: module {reference.root} has no '{step}'{_suggest(step, value)}"
        else:
            value = value[step]
    return f"{text} is empty." if is_empty(value) else None


def _suggest(name: str, fields: Mapping[str, Value]) -> str:
    """Returns the end of the sentence about an unknown field: the nearest one, or all."""
    if suggestion := did_you_mean(name, fields):
        return suggestion
    if not fields:
        return "; its bundle is empty."
    more = ", …" if len(fields) > MAX_NAMES else ""
    return f", but {', '.join(list(fields)[:MAX_NAMES])}{more}."


def _format_reference(reference: Reference) -> str:
    steps = (
        f"[{step}]" if isinstance(step, int) else f".{step}" if step.isidentifier() else f".`{step}`"
        for step in reference.path
    )
    return f"{{{{{reference.root}{''.join(steps)}}}}}"
