"""The app "CSV": from text to a bundle a row, and back by an aggregator.

Sources: vendor's notes on the app for fields and quoted cells; the switch "Preserve quotes inside unquoted field"
is one of csv-parse, whose rules and texts are taken. Names of parameters are assumed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from ...world.models import Json
from ..errors import BundleValidationError, ModuleError
from ..expressions.values import Value, as_text, is_array
from ..runtime.aggregation import BundleGroup
from ..runtime.budget import MAX_ITEMS, data_too_large_error
from .aggregators import define_aggregator
from .module_api import Emit, Field, ModuleContext, ModuleDefinition, Outcome

#: The most columns of a row, and the most cells of all rows together.
MAX_COLUMNS = 1_000
MAX_CELLS = 1_000_000

_DELIMITERS: Mapping[Json, str] = {None: ",", "comma": ",", "tab": "\t"}
_NEWLINES: Mapping[Json, str] = {None: "\n", "lf": "\n", "crlf": "\r\n", "cr": "\r"}


def _parse(context: ModuleContext) -> Outcome:
    """A bundle for each row, whose columns are called ``col1``, ``col2`` and so on whatever the headers say."""
    parameters, text = context.module.parameters, context.mapper["csv"]
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
    """How many columns each row has; ``None`` for as many as the first one."""
    count = parameters.get("columnCount")
    if isinstance(count, str) and count.isascii() and count.isdigit() and len(count) < 5:
        count = int(count)
    if count is None:
        return None
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_COLUMNS:
        raise BundleValidationError()
    return count


def _delimiter(parameters: Mapping[str, Json]) -> str:
    """What separates cells: a comma, a tab, or exactly one other character."""
    kind = parameters.get("delimiterType")
    delimiter = parameters.get("delimiter") if kind == "other" else _choice(_DELIMITERS, kind)
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
        raise BundleValidationError()
    return delimiter


def _choice(choices: Mapping[Json, str], choice: Json) -> str:
    if (choice is not None and not isinstance(choice, str)) or choice not in choices:
        raise BundleValidationError()
    return choices[choice]


def _parse_rows(text: str, delimiter: str, *, relaxed: bool) -> Iterator[tuple[int, Sequence[str]]]:
    """Each row with the number of its line; `relaxed` lets quotes stand where they do not belong.

    Raises:
        ModuleError: for a quote that stands where none may, or is never closed.
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
    """The cell that begins at a position, and where it ends."""
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
            there, wanted = json.dumps(text[start], ensure_ascii=False), json.dumps(delimiter)
            reason = f"Invalid closing quote at line {line}; found {there} instead of delimiter {wanted}"
            raise ModuleError("DataError", reason)
        parts.append('"')
    raise ModuleError("DataError", f"Quoted field not terminated at line {line}")


def _create(context: ModuleContext, group: BundleGroup) -> Mapping[str, Value]:
    """A row for each bundle, a column for each mapped field, every cell in quotes."""
    parameters, columns = context.module.parameters, list(context.module.mapper)
    delimiter, newline = _delimiter(parameters), _choice(_NEWLINES, parameters.get("newline"))
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
    """A value as JavaScript makes a text of it, which tells nothing of a collection (seen)."""
    if isinstance(value, Mapping):
        return "[object Object]"
    return ",".join(map(_to_csv_text, value)) if is_array(value) else as_text(value)


MODULES = (ModuleDefinition("csv:ParseCSV", _parse, (Field("csv", "text", required=True),)),)

#: "Create CSV" and "Create CSV (advanced)", whatever a blueprint calls them.
AGGREGATOR = define_aggregator("csv:*", _create)
