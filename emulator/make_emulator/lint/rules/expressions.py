"""Rules on expressions: syntax, functions, and references to other modules and their fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...engine.expressions.ast import Call, DynamicReference, Reference
from ...engine.expressions.functions import FUNCTIONS
from ...json_types import Json, as_mappings
from ...plain_text import find_slip
from ..document import LintDocument, LintModule, MappedExpression
from ..finding import Issue, rule

#: Metadata of a bundle that can be mapped like fields.
_METADATA_PREFIX = "__IMT"
_MAX_SOURCE = 80
_MAX_IDS = 12
#: Modules whose output has the variables that they name, and the places of these names.
_VARIABLE_MODULES = frozenset({"util:SetVariable2", "util:SetVariables", "util:SetVariable"})


@rule("invalid-expression", "error")
def check_syntax(document: LintDocument) -> Iterator[Issue]:
    """An expression cannot be parsed, so the run fails with a DataError."""
    for expression in document.expressions:
        if expression.tree is None:
            yield _issue(expression, expression.error)


@rule("unknown-function", "error")
def check_functions(document: LintDocument) -> Iterator[Issue]:
    """A function is neither one of Make's nor a custom function."""
    known = (*FUNCTIONS, *sorted(document.options.functions))
    for expression in document.expressions:
        for call in _calls(expression):
            if call.name in FUNCTIONS or call.name in document.options.functions:
                continue
            meant = find_slip(call.name, known)
            yield Issue(
                message=f"Make has no function '{call.name}', unless it is a custom function of the team.",
                path=expression.path,
                module_id=expression.module.id,
                suggestion=f"Did you mean '{meant}'?" if meant else "",
                severity="error" if meant else "warning",
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
        if document.is_before(id, module) or not isinstance(id, int):
            continue
        if id not in document.modules_by_id:
            message = (
                f"There is no module {id}; the modules before this one: {_ids_before(document, module)}."
            )
        elif id == module.id:
            # The filter of an iterator's successor and the aggregations refer to earlier modules only.
            message = "A module cannot refer to its own output."
        else:
            message = f"Module {id} is not before module {module.id}, so it has no output yet."
        yield _issue(expression, message)


def _ids_before(document: LintDocument, module: LintModule) -> str:
    ids = list(map(str, document.ids_before(module, _MAX_IDS + 1)))
    return ", ".join(ids if len(ids) <= _MAX_IDS else ["…", *ids[1:]]) or "none"


@rule("unknown-output-field", "warning")
def check_output_fields(document: LintDocument) -> Iterator[Issue]:
    """An expression refers to a field that the module does not declare, and that resembles one which it declares."""
    for expression, reference in _references(document):
        module = document.modules_by_id.get(reference.root) if isinstance(reference.root, int) else None
        name = reference.path[0] if reference.path else None
        if module is None or not isinstance(name, str) or name.startswith(_METADATA_PREFIX):
            continue
        names, is_complete = _output_names(module)
        if not names or name in names:
            continue
        meant = find_slip(name, sorted(names))
        if meant or is_complete:
            known = f"Did you mean '{meant}'?" if meant else f"It has: {', '.join(sorted(names))}."
            yield Issue(
                message=f"{module.subject} declares no output '{name}', "
                f"which {{{{{expression.source[:_MAX_SOURCE]}}}}} refers to.",
                path=expression.path,
                module_id=expression.module.id,
                suggestion=known,
            )


def _references(document: LintDocument) -> Iterator[tuple[MappedExpression, Reference | DynamicReference]]:
    for expression in document.expressions:
        for node in expression.iter_nodes():
            if isinstance(node, (Reference, DynamicReference)):
                yield expression, node


def _output_names(module: LintModule) -> tuple[frozenset[str], bool]:
    """Returns the names of the fields that a module outputs, and whether they are all of them."""
    if module.name in _VARIABLE_MODULES:
        return _variable_names(module.mapper)
    fields = as_mappings(module.metadata.get("interface"))
    return frozenset(str(field["name"]) for field in fields if isinstance(field.get("name"), str)), False


def _variable_names(mapper: Mapping[str, Json]) -> tuple[frozenset[str], bool]:
    names = [mapper.get("name"), *(variable.get("name") for variable in as_mappings(mapper.get("variables")))]
    texts = frozenset(name for name in names if isinstance(name, str) and name)
    return texts, not any("{{" in name for name in texts)


def _issue(expression: MappedExpression, message: str) -> Issue:
    source = (
        expression.source if len(expression.source) <= _MAX_SOURCE else f"{expression.source[:_MAX_SOURCE]}…"
    )
    return Issue(message=f"{{{{{source}}}}}: {message}", path=expression.path, module_id=expression.module.id)
