"""Rules on expressions: syntax, functions, and references to other modules and their fields."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from ...engine.expressions.ast import Call, DynamicReference, Reference
from ...engine.expressions.functions import FUNCTIONS
from ...json_patch import Patch
from ..document import LintDocument, MappedExpression
from ..finding import Issue, rule
from ..repairs.expressions import (
    correct_syntax,
    first_step,
    output_names,
    redirect_reference,
    rename_field,
    rename_function,
)

#: Metadata of a bundle that can be mapped like fields.
_METADATA_PREFIX = "__IMT"
#: Least similarity of a name to a known one for it to be called a slip.
_SIMILARITY = 0.7
_MAX_SOURCE = 80


@rule("invalid-expression", "error")
def check_syntax(document: LintDocument) -> Iterator[Issue]:
    """An expression cannot be parsed, so the run fails with a DataError."""
    for expression in document.expressions:
        if expression.tree is None:
            yield _issue(expression, expression.error, correct_syntax(expression))


@rule("unknown-function", "error")
def check_functions(document: LintDocument) -> Iterator[Issue]:
    """A function is neither one of Make's nor a custom function."""
    lower = {name.lower(): name for name in (*FUNCTIONS, *document.options.functions)}
    for expression in document.expressions:
        for call in _calls(expression):
            if call.name in FUNCTIONS or call.name in document.options.functions:
                continue
            close = difflib.get_close_matches(call.name.lower(), lower, 1, _SIMILARITY)
            yield Issue(
                message=f"Make has no function '{call.name}', unless it is a custom function of the team.",
                path=expression.path,
                module_id=expression.module.id,
                suggestion=f"Did you mean '{lower[close[0]]}'?" if close else "",
                patch=rename_function(expression, call.name, lower[close[0]]) if close else (),
                severity="error" if close else "warning",
            )


@rule("wrong-argument-count", "error")
def check_argument_counts(document: LintDocument) -> Iterator[Issue]:
    """A function has too few or too many arguments, so the run fails with a DataError."""
    for expression in document.expressions:
        for call in _calls(expression):
            function = FUNCTIONS.get(call.name)
            count = len(call.arguments)
            if function is None or call.name in document.options.functions:
                continue
            least, most = function.min_arguments, function.max_arguments
            if count < least or (most is not None and count > most):
                wanted = str(least) if least == most else f"{least} to {most}" if most else f"{least} or more"
                yield _issue(expression, f"'{call.name}' takes {wanted} arguments, not {count}.")


def _calls(expression: MappedExpression) -> Iterator[Call]:
    return (node for node in expression.iter_nodes() if isinstance(node, Call))


@rule("unknown-reference", "error")
def check_references(document: LintDocument) -> Iterator[Issue]:
    """An expression refers to a module that does not exist, or that is not before this one: it is always empty."""
    for expression, reference in _references(document):
        id, module = reference.root, expression.module
        if id in module.before or not isinstance(id, int):
            continue
        if id not in document.modules_by_id:
            ids = ", ".join(map(str, sorted(module.before))) or "none"
            message = f"There is no module {id}; the modules before this one: {ids}."
        elif id == module.id:
            # The filter of an iterator's successor and the aggregations refer to earlier modules only.
            message = "A module cannot refer to its own output."
        else:
            message = f"Module {id} is not before module {module.id}, so it has no output yet."
        patch = redirect_reference(document, expression, id, first_step(reference))
        yield _issue(expression, message, patch)


@rule("unknown-output-field", "warning")
def check_output_fields(document: LintDocument) -> Iterator[Issue]:
    """An expression refers to a field that the module does not declare, and that resembles one which it declares."""
    for expression, reference in _references(document):
        module = document.modules_by_id.get(reference.root) if isinstance(reference.root, int) else None
        name = reference.path[0] if reference.path else None
        if module is None or not isinstance(name, str) or name.startswith(_METADATA_PREFIX):
            continue
        names, is_complete = output_names(module)
        if not names or name in names:
            continue
        lower = {each.lower(): each for each in names}
        close = difflib.get_close_matches(name.lower(), lower, 1, _SIMILARITY)
        if close or is_complete:
            known = f"Did you mean '{lower[close[0]]}'?" if close else f"It has: {', '.join(sorted(names))}."
            yield Issue(
                message=f"{module.label[:1].upper()}{module.label[1:]} declares no output '{name}', "
                f"which {{{{{expression.source[:_MAX_SOURCE]}}}}} refers to.",
                path=expression.path,
                module_id=expression.module.id,
                suggestion=known,
                patch=rename_field(expression, reference.root, name, lower[close[0]])
                if close and isinstance(reference.root, int)
                else (),
            )


def _references(document: LintDocument) -> Iterator[tuple[MappedExpression, Reference | DynamicReference]]:
    for expression in document.expressions:
        for node in expression.iter_nodes():
            if isinstance(node, (Reference, DynamicReference)):
                yield expression, node


def _issue(expression: MappedExpression, message: str, patch: Patch = ()) -> Issue:
    source = (
        expression.source if len(expression.source) <= _MAX_SOURCE else f"{expression.source[:_MAX_SOURCE]}…"
    )
    return Issue(
        message=f"{{{{{source}}}}}: {message}",
        path=expression.path,
        module_id=expression.module.id,
        patch=patch,
    )
