"""Modules that compute: what they output, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from .behaviours import (
    behaviour,
    failure,
    gathered,
    iterator,
    parsed,
    passes,
    result,
    return_data,
    step,
    variable,
)
from .resources import FreshResources

SWITCHES = ("global", "sensitive", "multiline", "singleline", "continueWhenNoRes")
NOT_VALID = ("BundleValidationError", "Validation failed for 1 parameter(s).")
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def match(pattern: str, text: str, *switches: str) -> dict[str, Any]:
    parameters = dict.fromkeys(SWITCHES, False) | dict.fromkeys(switches, True)
    return step(1, "regexp:Parser", {"text": text}, parameters={"pattern": pattern, **parameters})


def replace(pattern: str, value: str, text: str, *switches: str) -> dict[str, Any]:
    mapper = {"pattern": pattern, "value": value, "text": text, **dict.fromkeys(switches, True)}
    return step(1, "regexp:Replace", mapper)


def to_text(html: str, newline: str = "lf", *, uppercase: bool = False) -> dict[str, Any]:
    mapper = {"html": html, "newline": newline, "uppercaseHeadings": uppercase}
    return step(1, "regexp:HTMLToText", mapper)


def elements(pattern: str, text: str, **parameters: Any) -> dict[str, Any]:
    return step(1, "regexp:GetElementsFromText", {"text": text, "pattern": pattern, **parameters})


def parse_xml(xml: str) -> dict[str, Any]:
    return step(1, "xml:ParseXML", {"xml": xml})


def create_xml(**mapper: Any) -> dict[str, Any]:
    return step(1, "xml:TransformToXML", mapper)


def parse_csv(text: str, **parameters: Any) -> dict[str, Any]:
    return step(1, "csv:ParseCSV", {"csv": text}, parameters=parameters)


def create_csv(mapper: Any, **parameters: Any) -> dict[str, Any]:
    return step(2, "csv:CreateCSV", mapper, parameters={"feeder": 1, **parameters})


def evaluate(expression: str) -> dict[str, Any]:
    return step(1, "math:EvaluateExpression", {"expression": expression})


def named(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": value}


#: Modules, the expression whose value is returned, and that value.
OUTPUTS = [
    behaviour((match("(.)\\.", "a.b."),), "{{1.i}}{{1.`$1`}}", "1a", checks=("regexp.match", "apps.names")),
    behaviour((match("B", "abc"),), "{{1.i}}", 1, checks="regexp.match"),
    behaviour((match("b", "abc"),), "{{1.__IMTMATCH__}}", "b", checks="regexp.whole-match"),
    behaviour((match("(x)?b", "abc"),), "{{1.`$1`}}", None, checks="regexp.whole-match"),
    behaviour((match("(?<year>\\d+)-", "in 2016-12"),), "{{1.year}}", "2016", checks="regexp.named-groups"),
    behaviour((match("x", "abc", "continueWhenNoRes"),), "<{{1.i}}>", "<>", checks="regexp.no-match"),
    behaviour((match("(?<=Name: )\\w+", "Name: Ada"),), "{{1.__IMTMATCH__}}", "Ada", checks="regexp.dialect"),
    behaviour((replace("A", "-", "banana"),), "{{1.text}}", "b-nana", checks="regexp.replace"),
    behaviour(
        (replace("(?<a>\\w+) (\\w+)", "$2 $<a>$&", "Ada King"),),
        "{{1.text}}",
        "King AdaAda King",
        checks="regexp.replace",
    ),
    behaviour(
        (to_text("<h1>Hi</h1>x", uppercase=True),), "{{1.text}}", "HI\n\nx", checks="regexp.html-to-text"
    ),
    behaviour((to_text("a<br>b", "crlf"),), "{{1.text}}", "a\r\nb", checks="regexp.html-to-text"),
    behaviour(
        (to_text("<a href='https://x.y/'>here</a><ul><li>a<li>b</ul>"),),
        "{{1.text}}",
        "here [https://x.y/]\n\n * a\n * b",
        checks="regexp.html-form",
    ),
    behaviour(
        (elements("email", "Ann ann@example.com"),),
        "{{1.match}}",
        "ann@example.com",
        checks=("apps.elements-from-text", "apps.names"),
    ),
    behaviour(
        (parse_xml('<root attr="1"><node attr="A">Hello</node></root>'),),
        "{{1.root}}",
        {"_attributes": {"attr": 1}, "node": [{"_value": "Hello", "_attributes": {"attr": "A"}}]},
        checks=("xml.shape", "apps.names"),
    ),
    behaviour((parse_xml("<x:a><b/><b>x</b></x:a>"),), "{{1.`x:a`.b}}", ["", "x"], checks="xml.text"),
    behaviour((parse_xml("<a><b>1.50</b><b>1 2</b></a>"),), "{{1.a.b}}", [1.5, "1 2"], checks="xml.numbers"),
    behaviour(
        (create_xml(order={"item": ["x", "y"], "none": ""}),),
        "{{1.xml}}",
        XML + "<order>\n  <item>x</item>\n  <item>y</item>\n</order>",
        checks="xml.create",
    ),
    behaviour(
        (create_xml(a=1, b="x"),),
        "{{1.xml}}",
        XML + "<root>\n  <a>1</a>\n  <b>x</b>\n</root>",
        checks="xml.create",
    ),
    behaviour(
        (parse_csv("a\tb", delimiterType="tab"),), "{{1.col1}} {{1.col2}}", "a b", checks="csv.columns"
    ),
    behaviour(
        (parse_csv("a;b", delimiterType="other", delimiter=";"),), "{{1.col2}}", "b", checks="csv.columns"
    ),
    behaviour(
        (parse_csv("name,age\nAnn,31", containsHeaders=True),), "{{1.col1}}", "Ann", checks="csv.headers"
    ),
    behaviour(
        (iterator(1, {"n": 'A "B"', "m": {"x": 1}}), create_csv({"m": "{{1.m}}", "n": "{{1.n}}"})),
        "{{2.text}}",
        '"[object Object]","A ""B"""',
        checks="csv.create",
    ),
    behaviour(
        (
            iterator(1, "a", "b"),
            create_csv({"v": "{{1.value}}"}, includeHeaders=True, delimiterType="tab", newline="crlf"),
        ),
        "{{2.text}}",
        '"v"\r\n"a"\r\n"b"',
        checks="csv.create-fields",
    ),
    behaviour(
        (
            step(1, "builtin:BasicFeeder", {"array": "{{emptyarray}}"}),
            create_csv({"v": "x"}, includeHeaders=True),
        ),
        "<{{2.text}}>",
        "<>",
        checks="csv.create-fields",
    ),
    behaviour((evaluate("(sqrt(3^2 + 4^2)) + (2 * (3 + 4))"),), "{{1.result}}", 19, checks="math.evaluate"),
    behaviour((evaluate("10 / 4"),), "{{1.result}}", 2.5, checks="math.evaluate"),
    behaviour(
        (step(1, "json:JSONtoXML", {"json": '{"a": {"b": [1, 2]}}'}),),
        "{{1.xml}}",
        XML + "<a>\n  <b>1</b>\n  <b>2</b>\n</a>",
        checks=("apps.json-to-xml", "apps.names-elsewhere"),
    ),
    behaviour(
        (step(1, "json:CreateJSON", {"a": 1, "b": "x"}, parameters={"type": ""}),),
        "{{1.json}}",
        '{"a":1,"b":"x"}',
        checks="engine.json-structure",
    ),
    behaviour((parsed(1, '{"a": {"b": 1}}'),), "{{1.a.b}}", 1, checks="engine.json-structure"),
    behaviour((step(1, "util:FunctionSleep", {"duration": 1}),), "x", "x", checks="util.sleep"),
    behaviour((variable(1, 5, name="y"),), "{{1.y}}", 5, checks="engine.variable-output"),
    behaviour(
        (variable(1, 5), step(2, "util:GetVariable2", {"name": "x"})),
        "{{2.x}}",
        5,
        checks="engine.variable-output",
    ),
    behaviour(
        (step(1, "util:SetVariable", {"name": "x", "scope": "roundtrip", "value": 5}),),
        "{{1.value}}",
        5,
        checks="engine.variable-output",
    ),
    behaviour(
        (step(1, "util:GetVariable2", {"name": "contract"}),),
        "<{{1.contract}}>",
        "<>",
        checks="engine.variable-missing",
    ),
    behaviour(
        (step(1, "util:FunctionIncrement", parameters={"reset": "run"}),),
        "{{1.i}}",
        1,
        checks="engine.increment",
    ),
]

#: Modules that emit several bundles, the expression that is gathered of each, and all of its values.
BUNDLES = [
    behaviour(match("\\d", "a1b2", "global"), "{{1.__IMTMATCH__}}", ["1", "2"], checks="regexp.match"),
    behaviour(
        match("\\d*", "a1", "global", "ignoreInfiniteLoopsWhenGlobal"),
        "{{1.i}}",
        [1, 2, 3],
        checks="regexp.endless",
    ),
    behaviour(
        elements("url", "https://a.example https://a.example", ignoreDuplicates=True),
        "{{1.match}}",
        ["https://a.example"],
        checks="apps.elements-from-text",
    ),
    behaviour(parse_csv("a,b\nc,d"), "{{1.col2}}", ["b", "d"], checks="csv.columns"),
    behaviour(match("x", "abc"), "{{1.i}}", [], checks="regexp.no-match"),
]

#: A module, and the error with which it fails: its name and the text.
ERRORS = [
    behaviour(parsed(1, "{"), "DataError", "Source is not valid JSON.", checks="engine.json-invalid"),
    behaviour(parsed(1, ""), *NOT_VALID, checks="engine.json-invalid"),
    behaviour(parse_xml("<a>"), "DataError", "Source is not valid XML.", checks="xml.invalid"),
    behaviour(
        parse_xml('<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'),
        "DataError",
        "Source is not valid XML.",
        checks="xml.invalid",
    ),
    behaviour(parse_xml(""), *NOT_VALID, checks="xml.invalid"),
    behaviour(
        parse_csv("a,b\nc"),
        "DataError",
        "Number of columns on line 2 does not match header",
        checks="csv.invalid",
    ),
    behaviour(parse_csv('a,b"c'), "DataError", "Invalid opening quote at line 1", checks="csv.invalid"),
    behaviour(match("(", "x"), "DataError", None, checks="regexp.invalid"),
    behaviour(match("(a)\\1", "aa"), "DataError", None, checks=("regexp.invalid", "regexp.dialect")),
    behaviour(match("\\d*", "a1", "global"), "RuntimeError", None, checks="regexp.endless"),
    behaviour(to_text("x", "vt"), *NOT_VALID, checks="regexp.html-to-text"),
    behaviour(evaluate("1 + i"), "RuntimeError", None, checks="math.evaluate"),
    behaviour(evaluate("2 cm"), "RuntimeError", None, checks="math.evaluate"),
    behaviour(step(1, "util:FunctionSleep", {"duration": 301}), *NOT_VALID, checks="util.sleep"),
    behaviour(step(1, "util:FunctionSleep", {"duration": 0}), *NOT_VALID, checks="util.sleep"),
    behaviour(step(1, "util:FunctionIncrement"), *NOT_VALID, checks="engine.increment"),
    behaviour(
        step(1, "util:SetVariable2", {"value": 1}),
        "BundleValidationError",
        "Validation failed for 2 parameter(s).",
        checks=("engine.validation-error", "engine.validation-issues"),
    ),
    behaviour(
        step(1, "builtin:BasicAggregator", {"v": 1}, parameters={"feeder": 7}),
        "BlueprintValidationError",
        None,
        checks="engine.aggregator-source",
    ),
    behaviour(
        step(1, "scenario-service:CallSubscenario", parameters={"scenario": 2**31 - 1}),
        "RuntimeError",
        None,
        checks="engine.subscenario-refused",
    ),
    behaviour(
        step(1, "http:ActionSendData", {"url": "https://example.com/", "method": "get"}, version=3),
        "BundleValidationError",
        None,
        checks=("http.required", "http.modules"),
    ),
]


@pytest.mark.parametrize(("modules", "expression", "value"), OUTPUTS)
def test_a_module_outputs_what_its_fields_say(
    modules: tuple[dict[str, Any], ...], expression: str, value: Any, make: FreshResources
) -> None:
    assert result(make, *modules, return_data(expression)) == value


@pytest.mark.parametrize(("module", "expression", "values"), BUNDLES)
def test_a_module_emits_a_bundle_for_each_of_what_it_found(
    module: dict[str, Any], expression: str, values: list[Any], make: FreshResources
) -> None:
    feeder = {**module, "id": 1}
    found = result(make, feeder, gathered(98, 1, expression), return_data('{{map(98.array; "v")}}'))
    assert (found or []) == values


@pytest.mark.parametrize(("module", "name", "message"), ERRORS)
def test_a_module_fails_with_a_type_of_error(
    module: dict[str, Any], name: str, message: str | None, make: FreshResources
) -> None:
    failed = failure(make, module, return_data("x"))
    assert failed == (name, failed[1] if message is None else message)


@pytest.mark.fidelity("email.no-recipients", "email.send")
def test_a_mail_without_recipients_fails(make: FreshResources) -> None:
    parameters = {"account": make.mail_connection()}
    mail = {"contentType": "text", "text": "x"}
    name, _ = failure(make, step(1, "email:ActionSendEmail", mail, version=7, parameters=parameters))
    assert name == NOT_VALID[0]


@pytest.mark.fidelity("engine.variable-scope")
def test_a_variable_of_a_cycle_ends_with_it_and_one_of_a_run_does_not(make: FreshResources) -> None:
    """The third cycle ends the run; of the variables that the first one set only that of the run is left."""
    first = passes("{{1.i}}", "number:equal", "1")
    last = passes("{{1.i}}", "number:equal", "2")
    counter = step(1, "util:FunctionIncrement", parameters={"reset": "execution"})
    routes = [
        {
            "flow": [
                variable(3, "cycle", name="a", filter=first),
                step(4, "util:SetVariable2", {"name": "b", "scope": "execution", "value": "run"}),
            ]
        },
        {
            "flow": [
                step(5, "util:GetVariables", {"variables": ["a", "b"]}, filter=last),
                return_data("{{5.a}}|{{5.b}}"),
            ]
        },
    ]
    router = step(2, "builtin:BasicRouter", routes=routes)
    assert result(make, counter, router, settings={"roundtrips": 3}) == "|run"
