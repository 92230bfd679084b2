"""App "CSV": parsing of a text to a bundle a row, and an aggregator that writes one.

Sources: vendor's notes on the app for fields and quoted cells; the switch "Preserve quotes inside unquoted field"
is one of csv-parse, whose rules and texts are taken. Names of parameters are assumed. The app is known in part: it has
"Create CSV" and "Create CSV (advanced)" besides (Help centre), both aggregators, whose names were not seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from ...world.models import Json
from ..blueprints.model import Module
from ..budget import MAX_ITEMS, data_too_large_error
from ..errors import BundleValidationError, ModuleError, invalid_parameter, parameter_not_in_options
from ..expressions.constraint import Constraint
from ..expressions.values import Value, as_text, is_array
from .app import App, Field, Inference
from .context import BundleGroup, Emit, ModuleContext, Outcome

APP = App("csv", is_complete=False, is_built_in=True)

#: Maximum number of columns of a row, and of cells of all rows.
MAX_COLUMNS = 1_000
MAX_CELLS = 1_000_000

_DELIMITERS: Mapping[Json, str] = {None: ",", "comma": ",", "tab": "\t"}
_NEWLINES: Mapping[Json, str] = {None: "\n", "lf": "\n", "crlf": "\r\n", "cr": "\r"}


#: Maximum number of columns of mock data.
_MAX_MOCK_COLUMNS = 100


def _infer_text(module: Module, output: Constraint, inference: Inference) -> Constraint:
    """A text of as many columns as the module reads, with the delimiter that it expects."""
    count, delimiter = module.parameters.get("columnCount"), module.parameters.get("delimiter")
    read = [_column_number(name.removeprefix("col")) for name in output.fields if name.startswith("col")]
    number = _column_number(str(count)) or max(read, default=0) or 1
    columns = [f"col{place}" for place in range(1, 1 + min(number, _MAX_MOCK_COLUMNS))]
    row = Constraint(fields={name: output.fields.get(name, Constraint()) for name in columns})
    kind = module.parameters.get("delimiterType")
    between = "\t" if kind == "tab" else delimiter if kind == "other" and isinstance(delimiter, str) else ","
    return Constraint(fields={"csv": Constraint(kind="csv", pattern=between, content=row)})


def _column_number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 5 else 0


@APP.module("ParseCSV", Field("csv", "text", required=True), computes=True, infer=_infer_text)
def _parse(context: ModuleContext) -> Outcome:
    """Emits a bundle for each row, with the columns ``col1``, ``col2`` and so on, whatever the headers are."""
    parameters, text = context.module.parameters, context.text("csv")
    # Every character may be a cell of its own.
    context.env.budget.charge(1 + len(text) // 5)
    rows = _parse_rows(text, _delimiter(parameters), relaxed=parameters.get("preserveQuotes") is True)
    count = _column_count(parameters)
    names: Sequence[str] = ()
    bundles: list[Mapping[str, Value]] = []
    for line, row in rows:
        if not names:
            names = [f"col{place}" for place in range(1, 1 + (count or len(row)))]
        if len(row) != len(names):
            raise ModuleError("DataError", f"Number of columns on line {line} does not match header")
        if line > MAX_ITEMS or line * len(names) > MAX_CELLS:
            raise data_too_large_error()
        bundles.append(dict(zip(names, row, strict=True)))
    if parameters.get("containsHeaders") is True:
        del bundles[:1]
    return Emit(bundles)


def _column_count(parameters: Mapping[str, Json]) -> int | None:
    """Returns the number of columns of each row; ``None`` for that of the first one."""
    count = parameters.get("columnCount")
    if isinstance(count, str) and count.isascii() and count.isdigit() and len(count) < 5:
        count = int(count)
    if count is None:
        return None
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_COLUMNS:
        raise BundleValidationError(invalid_parameter("columnCount", "number"))
    return count


def _delimiter(parameters: Mapping[str, Json]) -> str:
    """Returns the delimiter: a comma, a tab, or exactly one other character."""
    kind = parameters.get("delimiterType")
    delimiter = (
        parameters.get("delimiter") if kind == "other" else _choice(_DELIMITERS, kind, "delimiterType")
    )
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
        raise BundleValidationError(invalid_parameter("delimiter"))
    return delimiter


def _choice(choices: Mapping[Json, str], choice: Json, parameter: str) -> str:
    if (choice is not None and not isinstance(choice, str)) or choice not in choices:
        raise BundleValidationError(parameter_not_in_options(parameter))
    return choices[choice]


def _parse_rows(text: str, delimiter: str, *, relaxed: bool) -> Iterator[tuple[int, Sequence[str]]]:
    """Iterates over the rows with their line numbers; `relaxed` accepts quotes inside of cells.

    Raises:
        ModuleError: for a misplaced quote, or one that is never closed.
    """
    ends = re.compile(rf"{re.escape(delimiter)}|\r\n|\r|\n")
    position, line = 0, 1
    while position < len(text):
        row: list[str] = []
        end: re.Match[str] | None = None
        while not row or (end is not None and end[0] == delimiter):
            cell, position = _parse_cell(text, position, ends, delimiter, line, relaxed)
            row.append(cell)
            if len(row) > MAX_COLUMNS:
                raise data_too_large_error()
            end = ends.match(text, position)
            position = end.end() if end else position
        yield line, row
        line += 1


def _parse_cell(
    text: str, position: int, ends: re.Pattern[str], delimiter: str, line: int, relaxed: bool
) -> tuple[str, int]:
    """Returns the cell that begins at a position, and the position of its end."""
    if not text.startswith('"', position):
        found = ends.search(text, position)
        end = found.start() if found else len(text)
        if not relaxed and '"' in text[position:end]:
            raise ModuleError("DataError", f"Invalid opening quote at line {line}")
        return text[position:end], end
    parts: list[str] = []
    start = position + 1
    while (quote := text.find('"', start)) >= 0:
        parts.append(text[start:quote])
        start = quote + 1
        if text.startswith('"', start):
            start += 1
        elif start == len(text) or ends.match(text, start):
            return "".join(parts), start
        elif not relaxed:
            found_text, expected = json.dumps(text[start], ensure_ascii=False), json.dumps(delimiter)
            reason = (
                f"Invalid closing quote at line {line}; found {found_text} instead of delimiter {expected}"
            )
            raise ModuleError("DataError", reason)
        parts.append('"')
    raise ModuleError("DataError", f"Quoted field not terminated at line {line}")


@APP.default_aggregator
def _create(context: ModuleContext, group: BundleGroup) -> Mapping[str, Value]:
    """Writes a row for each bundle, a column for each mapped field, every cell in quotes."""
    parameters, columns = context.module.parameters, list(context.module.mapper)
    delimiter, newline = _delimiter(parameters), _choice(_NEWLINES, parameters.get("newline"), "newline")
    for item in group.items:
        context.env.budget.charge_weight(item)
    rows = [[_to_csv_text(item.get(column)) for column in columns] for item in group.items]
    if rows and parameters.get("includeHeaders") is True:
        rows.insert(0, columns)
    lines = [delimiter.join(f'"{cell}"' for cell in (_double_quotes(cell) for cell in row)) for row in rows]
    context.env.budget.charge_text(sum(map(len, lines)) + len(newline) * len(lines))
    return {"text": newline.join(lines)}


def _double_quotes(cell: str) -> str:
    return cell.replace('"', '""')


def _to_csv_text(value: Value) -> str:
    """Converts a value to text as JavaScript does; the contents of a collection are lost (observed)."""
    if isinstance(value, Mapping):
        return "[object Object]"
    return ",".join(map(_to_csv_text, value)) if is_array(value) else as_text(value)
