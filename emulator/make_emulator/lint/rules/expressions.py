"""Rules on expressions: syntax, functions, and references to other modules and their fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from ...engine.expressions.ast import (
    BinaryChain,
    Call,
    DynamicReference,
    Identifier,
    Node,
    PathIntoCall,
    Reference,
    UnquotedName,
)
from ...engine.expressions.evaluator import KEYWORDS
from ...engine.expressions.functions import FUNCTIONS
from ...engine.expressions.template import parse_template
from ...engine.runtime.variables import VARIABLES
from ...json_patch import Patch
from ...plain_text import find_slip
from ..document import LintDocument, LintModule, MappedExpression, iter_mapped_texts
from ..finding import Issue, rule
from ..module_facts import member_names, output_names, output_type
from ..repairs.expressions import (
    correct_syntax,
    find_sources,
    first_step,
    redirect_reference,
    rename_field,
    rename_function,
)
from ..repairs.notation import close_braces, count_from_one, quote_names, rename_variable

#: Metadata of a bundle that can be mapped like fields.
_METADATA_PREFIX = "__IMT"
_MAX_SOURCE = 80
_MAX_IDS = 12
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`")
#: Functions that return a date.
_DATE_FUNCTIONS = frozenset(
    {
        "parseDate",
        *(f"add{unit}s" for unit in ("Second", "Minute", "Hour", "Day", "Month", "Year")),
        *(f"set{unit}" for unit in ("Second", "Minute", "Hour", "Date", "Day", "Month", "Year")),
    }
)
#: Output of a module that failed, in its error handler.
_ERROR = "error"


@rule("invalid-expression", "error", repair="semicolons, plain quotes, backticks, brackets, braces")
def check_syntax(document: LintDocument) -> Iterator[Issue]:
    """An expression cannot be parsed, so the run fails with a DataError."""
    for expression in document.expressions:
        if expression.tree is None:
            yield replace(
                _issue(expression, expression.error, correct_syntax(expression)),
                suggestion=_suggest_syntax(expression.source),
            )


#: Forms of other languages, and what stands for them in Make; the first that is found is suggested.
_FOREIGN_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\\\""), "Quotes within an expression have no backslash."),
    (
        re.compile(r"\bJSON\.\w+\("),
        "Make has no object JSON: a module json:CreateJSON or json:ParseJSON does that.",
    ),
    (re.compile(r"^\s*\$"), "A field of a module is mapped with the module's id: {{1.name}}."),
    (
        re.compile(r"\.[A-Za-z]\w*\("),
        "Make has no methods: a function takes the value as an argument, as in upper(1.name).",
    ),
    (re.compile(r"\?[^?]*:"), "Make has no '?': write if(condition; then; else)."),
    (
        re.compile(r"=>|\bfunction\b"),
        "Make has no functions of your own in expressions, only custom functions of the team.",
    ),
    (re.compile(r"\w\([^()]*,"), "Arguments are separated by semicolons, not by commas."),
    (
        re.compile(r"\.(?=[^A-Za-z_`\[])"),
        "A name with other characters than letters, digits and _ needs backticks: {{1.`$1`}}.",
    ),
)


def _suggest_syntax(source: str) -> str:
    for form, suggestion in _FOREIGN_FORMS:
        if form.search(source):
            return suggestion
    opened = _QUOTED.sub("", source)
    if opened.count("(") > opened.count(")"):
        return "A ')' is missing."
    if opened.count("(") < opened.count(")"):
        return "There is a ')' too many."
    return ""


@rule("unclosed-expression", "warning", repair="the second brace")
def check_braces(document: LintDocument) -> Iterator[Issue]:
    """An expression is not closed by two braces, so it stays as text."""
    for module in document.modules:
        for path, text in iter_mapped_texts(module):
            if "{{" not in text:
                continue
            rest = [part for part in parse_template(text) if isinstance(part, str) and "{{" in part]
            if rest:
                start = rest[0].index("{{")
                yield Issue(
                    message=f"'{rest[0][start : start + _MAX_SOURCE]}' is not closed by '}}}}', so it stays as text.",
                    path=path,
                    module_id=module.id,
                    patch=close_braces(path, text),
                )


@rule("unknown-function", "error", repair="its real name")
def check_functions(document: LintDocument) -> Iterator[Issue]:
    """A function is neither one of Make's nor a custom function."""
    known = (*FUNCTIONS, *sorted(document.options.functions))
    slips: dict[str, str | None] = {}
    for expression in document.expressions:
        for call in _calls(expression):
            if call.name in FUNCTIONS or call.name in document.options.functions:
                continue
            if call.name not in slips:
                slips[call.name] = find_slip(call.name, known)
            meant = slips[call.name]
            foreign = call.name.lower().replace("_", "")
            same = meant or _SAME_FUNCTIONS.get(foreign)
            yield Issue(
                message=f"Make has no function '{call.name}', unless it is a custom function of the team.",
                path=expression.path,
                module_id=expression.module.id,
                suggestion=f"Did you mean '{same}'?" if same else _FOREIGN_FUNCTIONS.get(foreign, ""),
                patch=rename_function(expression, call.name, same) if same else (),
                severity="error" if meant else "warning",
            )


#: Functions of other languages -> those of Make that do the same.
_SAME_FUNCTIONS: Mapping[str, str] = {
    "count": "length",
    "len": "length",
    "lowercase": "lower",
    "size": "length",
    "tolowercase": "lower",
    "tonumber": "parseNumber",
    "touppercase": "upper",
    "uppercase": "upper",
    "urldecode": "decodeURL",
    "urlencode": "encodeURL",
}
#: Others, and what stands for them in Make.
_FOREIGN_FUNCTIONS: Mapping[str, str] = {
    "and": "Write a & b.",
    "concat": "Write the values one after the other, {{1.a}}{{1.b}}, or join an array.",
    "datediff": "Subtract the dates as numbers: (a - b) / 86400000 are days.",
    "divide": "Write a / b.",
    "escapejson": "Map the values in a module json:CreateJSON, which escapes them.",
    "exists": "Write if(1.a; …), or ifempty(1.a; …).",
    "filter": "Use map(array; key; key to filter by; values), or an iterator with a filter behind it.",
    "greaterorequal": "Write a >= b.",
    "greaterthan": "Write a > b.",
    "isempty": "Write if(1.a; …), or ifempty(1.a; …).",
    "json": "A module json:CreateJSON or json:ParseJSON does that.",
    "jsonparse": "A module json:ParseJSON does that.",
    "jsonstringify": "A module json:CreateJSON does that.",
    "lessthan": "Write a < b.",
    "multiply": "Write a * b.",
    "not": "Write !a.",
    "or": "Write a | b.",
    "parsejson": "A module json:ParseJSON does that.",
    "substr": "Did you mean 'substring'?",
    "subtract": "Write a - b.",
    "tojson": "A module json:CreateJSON or json:TransformToJSON does that.",
}


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


@rule("unknown-reference", "error", repair="the only module before it that outputs the field")
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
        yield _issue(expression, message, redirect_reference(document, expression, id, first_step(reference)))


def _ids_before(document: LintDocument, module: LintModule) -> str:
    ids = list(map(str, document.ids_before(module, _MAX_IDS + 1)))
    return ", ".join(ids if len(ids) <= _MAX_IDS else ["…", *ids[1:]]) or "none"


@rule("unknown-output-field", "warning", repair="its real name")
def check_output_fields(document: LintDocument) -> Iterator[Issue]:
    """An expression refers to a field that the module does not output, or that is a slip of one which it declares."""
    for expression, reference in _references(document):
        module = document.modules_by_id.get(reference.root) if isinstance(reference.root, int) else None
        name = reference.path[0] if reference.path else None
        if module is None or not isinstance(name, str) or name.startswith(_METADATA_PREFIX) or name == _ERROR:
            continue
        known = output_names(module)
        if name in known.names:
            yield from _find_member_slip(expression, reference, module)
            continue
        if not (known.names or known.is_complete):
            continue
        meant = find_slip(name, (*sorted(known.names), _ERROR))
        if meant or known.is_complete:
            listed = f"It has {', '.join(map(repr, sorted(known.names)))}." if known.names else ""
            yield Issue(
                message=f"{module.subject} has no output '{name}', which {_source(expression)} refers to."
                if known.names
                else f"{module.subject} outputs nothing, so {_source(expression)} is empty.",
                path=expression.path,
                module_id=expression.module.id,
                suggestion=f"Did you mean '{meant}'?" if meant else listed,
                patch=rename_field(expression, reference.root, (name,), meant)
                if meant and isinstance(reference.root, int)
                else (),
            )


def _find_member_slip(
    expression: MappedExpression, reference: Reference | DynamicReference, module: LintModule
) -> Iterator[Issue]:
    """Yields an issue for a name within a collection that is a slip of one which the module declares there."""
    path: list[str] = []
    for step in reference.path:
        if not isinstance(step, str):
            continue
        names = member_names(module, path) if path else ()
        path.append(step)
        if names and step not in names:
            meant = find_slip(step, sorted(names))
            if meant is not None:
                yield Issue(
                    message=f"{module.subject} has no output '{'.'.join(path)}', which {_source(expression)} refers to.",
                    path=expression.path,
                    module_id=expression.module.id,
                    suggestion=f"Did you mean '{'.'.join((*path[:-1], meant))}'?",
                    patch=rename_field(expression, reference.root, path, meant)
                    if isinstance(reference.root, int)
                    else (),
                )
            return


@rule("text-as-date", "warning")
def check_subtractions(document: LintDocument) -> Iterator[Issue]:
    """An expression subtracts a text from a date, or a date from a text, which gives no number."""
    for expression in document.expressions:
        for node in expression.iter_nodes():
            if not isinstance(node, BinaryChain):
                continue
            operands = [node.first, *(operand for operator, operand in node.rest if operator == "-")]
            if not any(_is_date(document, operand) for operand in operands):
                continue
            for operand in operands:
                if _declared_type(document, operand) != "text":
                    continue
                assert isinstance(operand, Reference)
                name = ".".join(map(str, (operand.root, *operand.path)))
                text = (
                    f"{name} is declared as a text, so nothing can be subtracted from it, nor it from a date."
                )
                yield replace(
                    _issue(expression, text), suggestion=f"Write parseDate({name}; …) with its format."
                )


def _is_date(document: LintDocument, operand: Node) -> bool:
    if isinstance(operand, Call):
        return operand.name in _DATE_FUNCTIONS
    return operand == Identifier("now") or _declared_type(document, operand) in ("date", "timestamp")


def _declared_type(document: LintDocument, operand: Node) -> str:
    """Returns the type that a module declares of the field that an operand refers to; empty if none is known."""
    if not isinstance(operand, Reference) or not isinstance(operand.root, int):
        return ""
    module = document.modules_by_id.get(operand.root)
    names = [step for step in operand.path if isinstance(step, str)]
    return output_type(module, names) if module is not None and len(names) == len(operand.path) else ""


@rule("zero-index", "warning", repair="`[1]`")
def check_indexes(document: LintDocument) -> Iterator[Issue]:
    """An expression takes the item [0] of an array, which is empty: the first item is [1]."""
    for expression in document.expressions:
        for node in expression.iter_nodes():
            path = node.path if isinstance(node, (Reference, DynamicReference, PathIntoCall)) else ()
            if any(step == 0 for step in path if isinstance(step, int)):
                text = "There is no item 0, so this is empty: arrays start at 1."
                yield _issue(expression, text, count_from_one(document, expression))
                break


@rule("unquoted-name", "warning", repair="backticks")
def check_names(document: LintDocument) -> Iterator[Issue]:
    """A name with a blank in it stands without backticks, so it leads to nothing."""
    for expression in document.expressions:
        for node in expression.iter_nodes():
            if isinstance(node, UnquotedName):
                text = "A name with blanks needs backticks, so this is empty."
                issue = _issue(expression, text, quote_names(expression))
                yield replace(issue, suggestion=f"Write {node.correction}.")


@rule("unknown-variable", "warning", repair="its real name, or the id of the only module that outputs it")
def check_variables(document: LintDocument) -> Iterator[Issue]:
    """An expression has a name that is neither a keyword nor a variable of Make, so it is empty."""
    for expression in document.expressions:
        arguments = {
            id(argument) for call in _calls(expression) for argument in call.arguments if argument is not None
        }
        for node in expression.iter_nodes():
            if isinstance(node, Identifier):
                name = node.name
                # As an argument it is a text without quotes.
                if id(node) in arguments or name in KEYWORDS:
                    continue
            elif isinstance(node, (Reference, DynamicReference)) and isinstance(node.root, str):
                name = node.root
                if not node.path and id(node) in arguments:
                    continue
            else:
                continue
            if name in VARIABLES:
                continue
            meant = find_slip(name, (*VARIABLES, *KEYWORDS))
            # Of several modules that may have the field, the last one is only an example.
            sources = find_sources(document, expression.module, name)
            ids = sources if len(sources) == 1 else document.ids_before(expression.module, 1)
            text = f"'{name[:_MAX_SOURCE]}' is no variable of Make, so it is empty."
            yield replace(
                _issue(expression, text, rename_variable(document, expression, name, meant)),
                suggestion=f"Did you mean '{meant}'?"
                if meant
                else f"A field of a module is mapped with the module's id: {{{{{ids[-1]}.{name}}}}}."
                if ids and isinstance(node, Identifier)
                else "",
            )


def _references(document: LintDocument) -> Iterator[tuple[MappedExpression, Reference | DynamicReference]]:
    for expression in document.expressions:
        for node in expression.iter_nodes():
            if isinstance(node, (Reference, DynamicReference)):
                yield expression, node


def _source(expression: MappedExpression) -> str:
    source = expression.source
    return f"{{{{{source if len(source) <= _MAX_SOURCE else f'{source[:_MAX_SOURCE]}…'}}}}}"


def _issue(expression: MappedExpression, message: str, patch: Patch = ()) -> Issue:
    return Issue(
        message=f"{_source(expression)}: {message}",
        path=expression.path,
        module_id=expression.module.id,
        patch=patch,
    )
