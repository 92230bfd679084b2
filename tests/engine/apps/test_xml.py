"""The app "XML": documents as bundles, bundles as documents, and documents that attack."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.engine import EngineHarness, error_of, last_module_output, module, set_variable

DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def parse(xml: Any, id: int = 1) -> Any:
    return module(id, "xml:ParseXML", {"xml": xml})


def create(mapper: Any, id: int = 1) -> Any:
    return module(id, "xml:TransformToXML", mapper)


def test_attributes_and_the_text_beside_them_come_under_names_of_their_own() -> None:
    xml = '<root attr="1"><node attr="ABC">Hello, World</node></root>'
    assert last_module_output(parse(xml)) == [
        {
            "root": {
                "_attributes": {"attr": 1},
                "node": [{"_value": "Hello, World", "_attributes": {"attr": "ABC"}}],
            }
        }
    ]


@pytest.mark.parametrize(
    ("xml", "bundle"),
    [
        ("<a>x</a>", {"a": "x"}),
        ("<a/>", {"a": ""}),
        ("<a><b>x</b><b/><c>y</c></a>", {"a": {"b": ["x", ""], "c": ["y"]}}),
        ("<a>\n  <b>1.50</b>\n  <b>+420</b><b>1 2</b></a>", {"a": {"b": [1.5, 420, "1 2"]}}),
        ("<a>x<b>y</b>z</a>", {"a": {"_value": "xz", "b": ["y"]}}),
        ("<a><![CDATA[<b>&]]></a>", {"a": "<b>&"}),
        ("<a>&lt;&#65;<!-- c --></a>", {"a": "<A"}),
        ('<x:a xmlns:x="u"><x:b/></x:a>', {"x:a": {"_attributes": {"xmlns:x": "u"}, "x:b": [""]}}),
        ('<a k="v"><_attributes>x</_attributes></a>', {"a": {"_attributes": [{"k": "v"}, "x"]}}),
        ('<?xml version="1.0" encoding="ISO-8859-2"?><!DOCTYPE a><a>ěš</a>', {"a": "ěš"}),
    ],
)
def test_a_document_is_one_bundle_with_an_array_for_each_name_of_children(xml: str, bundle: Any) -> None:
    assert last_module_output(parse(xml)) == [bundle]


def test_what_was_parsed_can_be_mapped() -> None:
    flow = parse("<o><item><n>1</n></item><item><n>2</n></item></o>"), set_variable(2, "{{1.o.item[2].n[1]}}")
    assert last_module_output(*flow) == [{"x": 2}]


@pytest.mark.parametrize(
    "xml", ["x", "<a>", "<a></b>", "<a/><b/>", "<a b=c/>", "<a>&nbsp;</a>", "<a>\x01</a>", "<a>\ud800</a>"]
)
def test_what_is_no_xml_is_a_data_error(xml: str) -> None:
    assert error_of(EngineHarness().run(parse(xml))) == ("DataError", "Source is not valid XML.")


def test_no_xml_at_all_is_a_missing_parameter() -> None:
    execution = EngineHarness().run(parse("{{9.nothing}}"))
    assert error_of(execution) == ("BundleValidationError", "Validation failed for 1 parameter(s).")


LAUGHS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "xml",
    [
        f'<!DOCTYPE a [<!ENTITY e0 "ha">{LAUGHS}]><a>&e9;</a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x.dtd"> %x;]><a/>',
        f'<!DOCTYPE a [<!ENTITY x "{"x" * 100_000}">]><a>{"&x;" * 1_000}</a>',
    ],
)
def test_a_document_that_declares_entities_is_rejected(xml: str) -> None:
    assert error_of(EngineHarness().run(parse(xml))) == ("DataError", "Source is not valid XML.")


def test_a_document_type_that_lies_elsewhere_is_not_fetched() -> None:
    assert last_module_output(parse('<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a>1</a>')) == [{"a": 1}]


@pytest.mark.parametrize("depth", [100, 200_000])
def test_a_document_that_is_too_deep_is_rejected(depth: int) -> None:
    execution = EngineHarness().run(parse("<a>" * depth + "</a>" * depth))
    assert error_of(execution)[0] == "DataSizeLimitExceededError"


def test_a_document_of_many_elements_ends_in_time() -> None:
    execution = EngineHarness().run(parse(f"<a>{'<b/>' * 1_000_000}</a>"))
    assert error_of(execution)[0] == "DataSizeLimitExceededError"


# --- Create XML ----------------------------------------------------------------------------------


def test_a_bundle_becomes_a_document_with_attributes_texts_and_a_sibling_for_each_item() -> None:
    order = {
        "_attributes": {"id": 7, "who": 'A & "B"'},
        "item": [{"_value": "a<b", "_attributes": {"q": "{{1 + 1}}"}}, {"n": True}, "plain"],
        "none": "",
        "empty": "{{emptystring}}",
    }
    assert last_module_output(create({"order": order})) == [
        {
            "xml": DECLARATION
            + '<order id="7" who="A &amp; &quot;B&quot;">\n'
            + '  <item q="2">a&lt;b</item>\n'
            + "  <item>\n    <n>true</n>\n  </item>\n"
            + "  <item>plain</item>\n"
            + "  <empty/>\n"
            + "</order>"
        }
    ]


@pytest.mark.parametrize(
    ("mapper", "xml"),
    [
        ({"a": 1, "b": "x"}, "<root>\n  <a>1</a>\n  <b>x</b>\n</root>"),
        ({"a": [1, 2]}, "<root>\n  <a>1</a>\n  <a>2</a>\n</root>"),
        ({"a": 1, "b": ""}, "<a>1</a>"),
        ({}, "<root/>"),
    ],
)
def test_several_fields_lie_in_an_element_that_is_called_root(mapper: Any, xml: str) -> None:
    assert last_module_output(create(mapper)) == [{"xml": DECLARATION + xml}]


@pytest.mark.parametrize(
    ("mapper", "reason"),
    [
        ({"a b": 1}, "Invalid character in name: a b"),
        ({"a": {"_attributes": {"1": 1}}}, "Invalid character in name: 1"),
        ({"a": "x\x00"}, "Invalid character in string at index 1"),
    ],
)
def test_what_xml_cannot_hold_is_a_data_error(mapper: Any, reason: str) -> None:
    assert error_of(EngineHarness().run(create(mapper))) == ("DataError", reason)


NAMES = st.sampled_from(["a", "b", "c-d", "e.f", "_g"])
TEXTS = st.text("ab <>&\"'é\n]", min_size=1, max_size=8).filter(lambda text: text.strip() == text)
TREES = st.recursive(
    TEXTS,
    lambda inner: st.dictionaries(NAMES, st.lists(inner, min_size=1, max_size=3), min_size=1, max_size=3),
)


@given(NAMES, TREES)
def test_what_is_created_is_parsed_back(name: str, tree: Any) -> None:
    flow = create({name: tree}), parse("{{1.xml}}", id=2)
    assert last_module_output(*flow) == [{name: tree}]


@pytest.mark.parametrize(
    ("json", "expected"),
    [
        (
            '{"order": {"_attributes": {"id": 5}, "item": ["a", "b & c"]}}',
            '<order id="5">\n  <item>a</item>\n  <item>b &amp; c</item>\n</order>',
        ),
        ('{"a": 1, "b": {"c": true}}', "<root>\n  <a>1</a>\n  <b>\n    <c>true</c>\n  </b>\n</root>"),
        ('[1, {"x": 2}]', "<root>\n  <item>1</item>\n  <item>\n    <x>2</x>\n  </item>\n</root>"),
        ("7", "<root>7</root>"),
    ],
)
def test_json_becomes_xml(json: str, expected: str) -> None:
    convert = module(1, "json:JSONtoXML", {"json": json})
    [bundle] = last_module_output(convert)
    assert bundle == {"xml": '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + expected}
    named = convert | {"metadata": {"interface": [{"name": "text", "type": "text"}]}}
    assert last_module_output(named) == [{"text": bundle["xml"]}]


def test_what_is_no_json_does_not_become_xml() -> None:
    execution = EngineHarness().run(module(1, "json:JSONtoXML", {"json": "{"}))
    assert error_of(execution) == ("DataError", "Source is not valid JSON.")
