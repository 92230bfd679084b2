"""Expressions: the values that they have, and the errors with which they fail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from make_emulator.contract.client import ContractClient

from .behaviours import behaviour, failure, live, parsed, result, return_data, run_again, step
from .resources import FreshResources, Resources

#: Output of the module 1 in each of the runs.
DATA = {
    "zero": 0,
    "one": 1,
    "no": False,
    "false": "false",
    "text": "Hello",
    "title": "Math A",
    "tags": ["x", "y"],
    "place": 2,
    "thing": {"a": 1},
    "First Name": "Ann",
    "rows": [
        {"id": 2, "name": "b", "cells": [{"text": "Done"}]},
        {"id": 1, "name": "a", "cells": [{"text": "Open"}]},
    ],
    "left": ["a", "b", "c", "b"],
    "right": ["b", "d"],
    "markdown": "# Header",
}
NOON = "2026-01-31T12:00:00Z"
#: HMAC-SHA-256 of ``a`` by the key ``key``, by Python's hmac.
SIGNATURE = "780c3db4ce3de5b9e55816fba98f590631d96c075271b26976238d5f4444219b"

#: Expression, its value, and the type of the output that it is mapped to.
VALUES = [
    behaviour("{{sum(1; max(2; 3); average(4; 6))}}", 9, "any", checks="iml.functions"),
    behaviour("{{1.zero}}", 0, "any", checks="iml.whole-value"),
    behaviour("n {{1.zero}}", "n 0", "any", checks="iml.whole-value"),
    behaviour("{{1.nothing}}", None, "any", checks="iml.missing"),
    behaviour("{{1.nothing.more[3]}}", None, "any", checks="iml.missing"),
    behaviour('{{ifempty(1.no; "x")}}', False, "any", checks="iml.ifempty-false"),
    behaviour('{{ifempty(1.zero; "x")}}', 0, "any", checks="iml.ifempty-false"),
    behaviour('{{ifempty(1.nothing; "x")}}', "x", "any", checks="iml.ifempty-false"),
    behaviour('{{1.one = "1"}}', False, "any", checks="iml.strict-equality"),
    behaviour("{{1.one = 1}}", True, "any", checks="iml.strict-equality"),
    behaviour("{{1 + 2 * 3}}", 7, "any", checks="iml.precedence"),
    behaviour("{{1 + 2 = 3}}", True, "any", checks="iml.precedence"),
    behaviour("{{1.tags[1]}}", "x", "any", checks="iml.index"),
    behaviour("{{1.tags[]}}", "x", "any", checks="iml.index"),
    behaviour("{{slice(1.tags; 1)}}", ["y"], "any", checks="iml.index"),
    behaviour("{{1.zero}}", True, "boolean", checks="iml.boolean"),
    behaviour("{{1.text}}", True, "boolean", checks="iml.boolean"),
    behaviour("{{1.false}}", False, "boolean", checks="iml.boolean"),
    behaviour("a {{1.tags}}", "a x, y", "any", checks="iml.array-text"),
    behaviour("c {{1.thing}}", 'c {"a":1}', "any", checks="iml.array-text"),
    behaviour("{{1.thing}}", '{"a":1}', "text", checks="iml.collection-as-text-field"),
    behaviour("{{toString(1.thing)}}", "{object}", "any", checks="iml.to-string"),
    behaviour("{{toString(1.rows)}}", "[{object},{object}]", "any", checks="iml.to-string"),
    behaviour('{{split("a-b"; "-")}}', ["a", "b"], "any", checks="iml.split-hyphen"),
    behaviour("{{arrayDiff(1.left; 1.right)}}", ["a", "c"], "any", checks="iml.array-sets"),
    behaviour("{{arrayIntersect(1.left; 1.right)}}", ["b", "b"], "any", checks="iml.array-sets"),
    behaviour("{{contains(1.text; Hello)}}", True, "any", checks="iml.barewords"),
    behaviour('{{switch(1.title; `Math A`; "yes"; "no")}}', "yes", "any", checks="iml.backticks-as-text"),
    behaviour("{{first(1.rows).name}}", "b", "any", checks="iml.call-path"),
    behaviour("{{sort(1.rows; asc; id)[1].name}}", "a", "any", checks="iml.call-path"),
    behaviour("{{1.First Name}}", None, "any", checks="iml.names-with-blanks"),
    behaviour("{{1. text}}", None, "any", checks="iml.names-with-blanks"),
    behaviour("{{1.`First Name`}}", "Ann", "any", checks="iml.names-with-blanks"),
    behaviour("{{upper(1.First Name)}}", None, "any", checks="iml.names-with-blanks-nested"),
    behaviour(
        '{{formatDate("2026-01-31T12:05:09Z"; "dddd D MMMM YYYY HH:mm:ss.SSS"; "UTC")}}',
        "Saturday 31 January 2026 12:05:09.000",
        "any",
        checks="iml.dates.write",
    ),
    behaviour(
        '{{formatDate("2026-01-31T12:05:09Z"; "L LT"; "UTC")}}',
        "01/31/2026 12:05 PM",
        "any",
        checks="iml.dates.write",
    ),
    behaviour(f'{{{{formatDate("{NOON}"; "HH"; "Europe/Prague")}}}}', "13", "any", checks="iml.dates.zone"),
    behaviour(
        f'{{{{formatDate("{NOON}"; "HH"; "Nowhere/Else") = formatDate("{NOON}"; "HH")}}}}',
        True,
        "any",
        checks="iml.dates.zone",
    ),
    behaviour(
        '{{formatDate(parseDate("2026-01-31 10:00"; "YYYY-MM-DD HH:mm"); "HH:mm")}}',
        "10:00",
        "any",
        checks="iml.dates.zone",
    ),
    behaviour(
        f'{{{{formatDate(addHours("{NOON}"; -24.5); "DD HH:mm"; "UTC")}}}}',
        "30 11:30",
        "any",
        checks="iml.dates.parts",
    ),
    behaviour(
        f'{{{{formatDate(addDays("{NOON}"; 1.5); "DD HH:mm"; "UTC")}}}}',
        "02 12:00",
        "any",
        checks="iml.dates.parts",
    ),
    behaviour(
        f'{{{{formatDate(addYears("{NOON}"; 0.5); "MM-DD"; "UTC")}}}}',
        "07-31",
        "any",
        checks="iml.dates.parts",
    ),
    behaviour(
        f'{{{{parseDate("{NOON}")}}}}', "2026-01-31T12:00:00.000Z", "any", checks="iml.dates.no-pattern"
    ),
    behaviour(
        f'{{{{formatDate("{NOON}"; emptystring) = formatDate("{NOON}"; "YYYY-MM-DDTHH:mm:ssZ")}}}}',
        True,
        "any",
        checks="iml.dates.no-pattern",
    ),
    behaviour(
        f'{{{{formatDate("{NOON}") = formatDate("{NOON}"; "YYYY-MM-DDTHH:mm:ssZ")}}}}',
        True,
        "any",
        checks="iml.dates.one-argument",
    ),
    behaviour('{{length("😀")}}', 2, "any", checks="iml.units"),
    behaviour('{{indexOf("😀a"; "a")}}', 2, "any", checks="iml.units"),
    behaviour('{{substring("😀a"; 2; 3)}}', "a", "any", checks="iml.units"),
    behaviour("{{round(-2.5)}}", -2, "any", checks="iml.javascript"),
    behaviour("{{0.1 + 0.2}}", 0.1 + 0.2, "any", checks="iml.javascript"),
    behaviour("{{join(1.tags)}}", "x,y", "any", checks="iml.javascript"),
    behaviour('{{split("a b")}}', ["a b"], "any", checks="iml.javascript"),
    behaviour("{{escapeMarkdown(1.markdown)}}", "&#35; Header", "any", checks="iml.escape-markdown"),
    behaviour('{{sha1("a"; "base64")}}', "hvfkN/qlp/zhXR3cuerq6jd2Z7g=", "any", checks="iml.encodings"),
    behaviour('{{sha256("a"; "hex"; "6b6579"; "hex")}}', SIGNATURE, "any", checks="iml.encodings"),
    behaviour('{{toString(toBinary("61"; "hex"))}}', "a", "any", checks="iml.encodings"),
    behaviour('{{sha256("a"; "hex"; "key"; "utf8")}}', SIGNATURE, "any", checks="iml.encoding-utf8"),
    behaviour('{{replace("aXb"; "/X/s"; "-")}}', "aXb", "any", checks="iml.replace-flag-s"),
    behaviour('{{replace("aXb"; "/X/gs"; "-")}}', "aXb", "any", checks="iml.replace-flag-s"),
    behaviour("{{1.rows[1.place].name}}", "a", "any", checks="iml.mapped-index"),
    behaviour("{{1.rows[1.text].name}}", None, "any", checks="iml.mapped-index"),
    behaviour("{{1.rows[1.place].id}}", 1, "any", checks="iml.computed-place"),
    behaviour("{{1.rows[1.zero].id}}", None, "any", checks="iml.computed-place"),
    behaviour('{{map(1.rows; "id"; "cells[1].text"; "Done")}}', [2], "any", checks="iml.key-text-index"),
    behaviour('{{get(1.rows; "[2].cells[1].text")}}', "Open", "any", checks="iml.key-text-index-elsewhere"),
    behaviour('{{get(1.rows; "2.cells.1.text")}}', "Open", "any", checks="iml.key-text-index-elsewhere"),
    behaviour(
        '{{length(distinct(1.rows; "cells[1].text"))}}', 2, "any", checks="iml.key-text-index-elsewhere"
    ),
    behaviour('{{get(1.one; "a.b")}}', 1, "any", checks="iml.get-of-number"),
    behaviour('{{\\ + "YYYY-MM-DD\\"}}', "\\YYYY-MM-DD\\", "any", checks="iml.bare-backslash"),
]

NOT_FOUND = "Failed to map 'result': Function '{}' not found!"
IN_FUNCTION = "Failed to map 'result': Function '{}' finished with error! "

#: Expression, and the message of the DataError with which it fails.
ERRORS = [
    behaviour("{{parseJSON(1.text)}}", NOT_FOUND.format("parseJSON"), checks="iml.functions"),
    behaviour("{{dateDifference(now; now)}}", NOT_FOUND.format("dateDifference"), checks="iml.functions"),
    behaviour("{{contract(1)}}", NOT_FOUND.format("contract"), checks="iml.unknown-function"),
    behaviour(
        "{{if(and(1; 2); 1; 2)}}",
        IN_FUNCTION.format("if") + "Function 'and' not found!",
        checks="iml.nested-errors",
    ),
    behaviour(
        "{{first(1.one)}}", IN_FUNCTION.format("first") + "'1' is not a valid array.", checks="iml.not-valid"
    ),
    behaviour(
        '{{formatDate("now"; "YYYY")}}',
        IN_FUNCTION.format("formatDate") + "'now' is not a valid date.",
        checks="iml.not-valid",
    ),
    behaviour(
        "{{upper(1; 2; 3)}}",
        IN_FUNCTION.format("upper") + "Wrong number of arguments: 3.",
        checks="iml.argument-count",
    ),
    behaviour(
        "{{1 + * 2}}",
        "Invalid IML for parameter 'result': Operator next to operator",
        checks="iml.operator-next-to-operator",
    ),
    behaviour(
        '{{parseDate("2026"; "YYYY-MM-DD")}}',
        IN_FUNCTION.format("parseDate") + "'2026' is not a valid date.",
        checks="iml.dates.read",
    ),
]

#: Expression, and the beginning of the message of the DataError; the rest is the emulator's own.
REJECTED = [
    behaviour("{{1e3}}", "", checks="iml.syntax-limits"),
    behaviour("{{1.tags[-1]}}", "", checks="iml.syntax-limits"),
    behaviour("{{.5}}", "", checks="iml.syntax-limits"),
    behaviour(
        '{{replace("ab"; "/(?<n>a)/"; "x")}}',
        IN_FUNCTION.format("replace"),
        checks="iml.replace-named-groups",
    ),
    behaviour('{{toBinary("zz"; "hex")}}', IN_FUNCTION.format("toBinary"), checks="iml.encodings"),
    behaviour("{{upper(1.thing)}}", IN_FUNCTION.format("upper"), checks="iml.collection-as-text-field"),
]


class Evaluator:
    """Expressions, evaluated in one run, or, if that fails, each in a run of its own."""

    def __init__(self, make: Resources, rows: list[tuple[str, str]]) -> None:
        self._make = make
        self._rows = rows
        self._values: dict[str, Any] | None = None

    def value(self, expression: str, type: str) -> Any:
        """Returns the value of an expression that is mapped to an output of a type."""
        if self._values is None:
            self._values = self._evaluate_all()
        if not self._values:
            return result(self._make, parsed(1, json.dumps(DATA)), return_data(expression), type=type)
        return self._values[self._name(expression, type)]

    def _name(self, expression: str, type: str) -> str:
        return f"e{self._rows.index((expression, type))}"

    def _evaluate_all(self) -> dict[str, Any]:
        names = {self._name(*row): row for row in self._rows}
        spec = [{"name": name, "type": type} for name, (_, type) in names.items()]
        mapper = {name: expression for name, (expression, _) in names.items()}
        last = step(2, "scenario-service:ReturnData", mapper, version=2)
        scenario = self._make.live_scenario(
            parsed(1, json.dumps(DATA)), last, metadata={"input_spec": None, "output_spec": spec}
        )
        values: dict[str, Any] = run_again(self._make, scenario).get("outputs", {})
        return values


@pytest.fixture(scope="module")
def evaluator(shared: Resources) -> Evaluator:
    rows = [(row.values[0], row.values[2]) for row in VALUES]
    return Evaluator(shared, rows)


@pytest.mark.parametrize(("expression", "value", "type"), VALUES)
def test_an_expression_has_a_value(expression: str, value: Any, type: str, evaluator: Evaluator) -> None:
    found = evaluator.value(expression, type)
    assert found == value
    assert isinstance(found, bool) is isinstance(value, bool)


@pytest.mark.fidelity("iml.data-error")
@pytest.mark.parametrize(("expression", "message"), ERRORS)
def test_an_expression_that_fails_says_why(expression: str, message: str, make: FreshResources) -> None:
    failed = failure(make, parsed(1, json.dumps(DATA)), return_data(expression))
    assert failed == ("DataError", message)


@pytest.mark.parametrize(("expression", "message"), REJECTED)
def test_what_is_no_expression_fails_the_run(expression: str, message: str, make: FreshResources) -> None:
    name, found = failure(make, parsed(1, json.dumps(DATA)), return_data(expression))
    assert name == "DataError"
    assert found.startswith(message)


@pytest.mark.fidelity("iml.mapping-path")
def test_an_error_names_the_path_within_its_field(make: FreshResources) -> None:
    for value, path in (({"6": "{{nope()}}"}, "result.6"), (["x", {"value": "{{nope()}}"}], "1.value")):
        message = f"Failed to map '{path}': Function 'nope' not found!"
        assert failure(make, parsed(1, "{}"), return_data(value)) == ("DataError", message)


@pytest.mark.fidelity("iml.empty-text")
def test_an_empty_text_is_no_value_and_emptystring_forces_one(make: FreshResources) -> None:
    assert failure(make, parsed(1, ""), return_data("x"))[0] == "BundleValidationError"
    assert failure(make, parsed(1, "{{1.nothing}}"), return_data("x"))[0] == "BundleValidationError"
    assert (
        result(
            make,
            step(1, "util:ComposeTransformer", {"value": "{{emptystring}}"}),
            return_data("<{{1.value}}>"),
        )
        == "<>"
    )


@pytest.mark.fidelity("variables.system", "variables.in-scenarios")
def test_system_variables_describe_the_scenario_and_its_run(
    api: ContractClient, make: FreshResources
) -> None:
    names = (
        "scenario.id",
        "scenario.name",
        "scenario.executionId",
        "team.id",
        "team.name",
        "organization.id",
    )
    value = "|".join(f"{{{{var.{name}}}}}" for name in (*names, "organization.contract_none"))
    scenario = live(make, parsed(1, "{}"), return_data(value))
    ran = run_again(make, scenario)
    row = api.get(f"/scenarios/{scenario}").fits()["scenario"]
    team = api.get(f"/teams/{api.target.team_id}").fits()["team"]
    expected = (
        scenario,
        row["name"],
        ran["executionId"],
        team["id"],
        team["name"],
        api.target.organization_id,
        "",
    )
    assert ran["outputs"]["result"] == "|".join(map(str, expected))
