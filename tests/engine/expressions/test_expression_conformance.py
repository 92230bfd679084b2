"""Every row of ``fixtures/conformance/expressions.yaml``, and that the table leaves nothing out."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from make_emulator.engine.budget import Budget
from make_emulator.engine.errors import ConversionError, ModuleError
from make_emulator.engine.expressions.context import Bundle, Environment, Scope
from make_emulator.engine.expressions.dates import format, parse
from make_emulator.engine.expressions.evaluator import KEYWORDS, render
from make_emulator.engine.expressions.functions import FUNCTIONS
from make_emulator.engine.expressions.values import (
    FieldMarker,
    Value,
    coerce,
    format_iso,
    is_array,
    to_epoch_milliseconds,
)
from make_emulator.resources import fixture_path

Row = Mapping[str, Any]

TABLE: Mapping[str, Any] = yaml.load(
    fixture_path("conformance", "expressions.yaml").read_text("utf-8"),
    Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),
)
ROWS: list[Row] = TABLE["rows"]
COERCIONS: list[Row] = TABLE["coercions"]
#: The operators of the grammar, in all their spellings.
OPERATORS = [
    "+",
    "-",
    "*",
    "/",
    "%",
    "=",
    "==",
    "===",
    "!=",
    "!==",
    "<",
    ">",
    "<=",
    ">=",
    "&",
    "&&",
    "|",
    "||",
    "!",
]


def environment(row: Row) -> Environment:
    context = {**TABLE["context"], **row}
    scope = Scope()
    for id, data in context["bundles"].items():
        scope = scope.with_bundle(id, Bundle(data, 2, 5))
    return Environment(
        Budget(),
        scope=scope,
        variables=context["variables"],
        now=to_epoch_milliseconds(datetime.fromisoformat(context["now"])),
        zone=partial(ZoneInfo, context["zone"]),
    )


def comparable(value: Value) -> Value:
    """A value as a row writes it down; numbers lose what binary fractions add."""
    if isinstance(value, datetime):
        assert value.tzinfo is UTC
        return {"date": format_iso(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, FieldMarker):
        return {"marker": value.value}
    if is_array(value):
        return [comparable(item) for item in value]
    return str(value) if isinstance(value, str) else value


def expected(row: Row) -> Value:
    if "result" in row:
        result: Value = row["result"]
        return result
    [(kind, value)] = [(kind, row[kind]) for kind in ("date", "bytes", "marker") if kind in row]
    return {kind: value}


@pytest.mark.parametrize(
    "row",
    ROWS,
    ids=[f"{row['expression']} {row.get('zone', '')}{row.get('now', '')}".strip() for row in ROWS],
)
def test_an_expression_comes_to_what_its_source_says(row: Row) -> None:
    if "error" in row or "error_starts" in row:
        with pytest.raises(ModuleError) as caught:
            render(row["expression"], environment(row))
        assert caught.value.message.startswith(row.get("error_starts", "")), row
        assert caught.value.message == row.get("error", caught.value.message), row
        return
    result, wanted = comparable(render(row["expression"], environment(row))), expected(row)
    if isinstance(wanted, float) and isinstance(result, (int, float)) and not isinstance(result, bool):
        assert math.isclose(result, wanted, rel_tol=1e-15) or (math.isnan(result) and math.isnan(wanted)), row
        return
    assert result == wanted, row
    # Python takes 1 for True; Make does not.
    assert isinstance(result, bool) == isinstance(wanted, bool), row


def typed(value: Value) -> Value:
    """A value of a row of `coercions`, dates and bytes being written as collections."""
    match value:
        case {"date": str(text)}:
            return datetime.fromisoformat(text)
        case {"bytes": str(text)}:
            return bytes.fromhex(text)
    return value


@pytest.mark.parametrize("row", COERCIONS, ids=[f"{row['type']}: {row['value']}" for row in COERCIONS])
def test_a_value_becomes_what_its_field_expects(row: Row) -> None:
    if "conversion_error" in row:
        with pytest.raises(ConversionError):
            coerce(typed(row["value"]), row["type"])
        return
    result = comparable(coerce(typed(row["value"]), row["type"]))
    assert result == expected(row), row
    assert isinstance(result, bool) == isinstance(expected(row), bool), row


def test_every_function_has_three_rows_or_more() -> None:
    calls = Counter(
        name
        for row in ROWS
        for name in set(re.findall(r"(\w+) ?\(", row["expression"]))
        # A row about an unknown function says nothing about the calls around it.
        if "not found!" not in row.get("error", "")
    )
    assert {name: calls[name] for name in FUNCTIONS if calls[name] < 3} == {}


def test_every_keyword_variable_and_operator_has_a_row() -> None:
    words = set(re.findall(r"\w+", " ".join(row["expression"] for row in ROWS)))
    assert set(KEYWORDS) - words == set()
    signs = Counter(re.findall(r"[=!<>&|]+|[-+*/%]", " ".join(row["expression"] for row in ROWS)))
    assert [operator for operator in OPERATORS if not signs[operator]] == []


def test_every_token_of_dates_has_a_row() -> None:
    def tokens(function: str) -> set[str]:
        patterns = re.findall(rf'{function}\("[^"]*"; "([^"]*)"', " ".join(row["expression"] for row in ROWS))
        return {
            text
            for pattern in patterns
            for text in re.findall(r"([A-Za-z])(\1*)", pattern)
            for text in ["".join(text)]
        }

    assert {token for token in format.TOKENS if len(set(token)) == 1} - tokens("formatDate") == set()
    # A fraction of more than three digits is read like one of three.
    simple = {token for token in parse.TOKENS if len(set(token)) == 1 and not token.startswith("SSSS")}
    assert simple - tokens("parseDate") == set()


def test_every_row_says_where_it_is_from_and_how_sure_it_is() -> None:
    sources = TABLE["sources"]
    assert {row["source"] for row in [*ROWS, *COERCIONS]} == set(sources)
    assert {row["status"] for row in [*ROWS, *COERCIONS]} == {"documented", "observed", "assumed"}
    assert all(isinstance(source, str) and len(source) > 6 for source in sources.values())
    assert all(row["status"] == "assumed" for row in [*ROWS, *COERCIONS] if row["source"] == "assumed")
    keys = {
        "expression",
        "result",
        "date",
        "bytes",
        "marker",
        "error",
        "error_starts",
        "zone",
        "now",
        "source",
        "status",
    }
    assert all(set(row) <= keys for row in ROWS)
    assert len(ROWS) > 300


def test_no_row_stands_twice() -> None:
    rows = Counter((row["expression"], row.get("zone"), row.get("now")) for row in ROWS)
    assert [row for row, count in rows.items() if count > 1] == []
