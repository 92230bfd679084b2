"""XML as the app "XML" parses and writes it.

Sources: vendor's notes on the app for ``_attributes``, ``_value``, arrays and numbers; all of them are conventions of
xml2js, whose rules fill the gaps. A document may not declare entities, so none can expand without limit or read files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from xml.parsers import expat

from ..budget import data_too_large_error
from ..errors import ConversionError, ModuleError
from ..expressions.context import EvaluationBudget, text_within_budget
from ..expressions.values import EMPTY_TEXT, MAX_DEPTH, Value, as_number, is_array

#: Maximum number of elements of a document.
MAX_ELEMENTS = 300_000

ATTRIBUTES_KEY, VALUE_KEY = "_attributes", "_value"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'

#: Valid names, and invalid characters of a text (XML 1.0).
_NAME = re.compile(r"[^\W\d][\w.\-:]*")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


#: Characters that are escaped besides ``&``, ``<`` and ``>``.
_TEXT_ESCAPES: Mapping[str, str] = {"\r": "&#xD;"}
_ATTRIBUTE_ESCAPES: Mapping[str, str] = {**_TEXT_ESCAPES, '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;"}


class _EntityDeclarationError(Exception):
    """Declaration of an entity in a document."""


def parse_xml(text: str, budget: EvaluationBudget) -> Mapping[str, Value]:
    """Parses a document to a collection, with the root element under its name.

    Raises:
        ModuleError: if it is not valid.
    """
    budget.charge(1 + len(text) // 10)
    try:
        return _DocumentHandler().read(text)
    except (expat.ExpatError, _EntityDeclarationError, UnicodeError):
        raise ModuleError("DataError", "Source is not valid XML.") from None


class _Element:
    """Element that is being parsed."""

    __slots__ = ("children", "name", "text")

    def __init__(self, name: str, attributes: Mapping[str, Value]) -> None:
        self.name = name
        self.text: list[str] = []
        self.children: dict[str, Mapping[str, Value] | list[Value]] = (
            {ATTRIBUTES_KEY: attributes} if attributes else {}
        )

    def add_child(self, name: str, value: Value) -> None:
        """Adds a child to the array of its name; one with the name of the attributes is added beside them."""
        siblings = self.children.setdefault(name, [])
        if isinstance(siblings, list):
            siblings.append(value)
        else:
            self.children[name] = [siblings, value]

    @property
    def value(self) -> Value:
        """Value of the element: a text if it has no children or attributes; white space between elements is ignored."""
        text, children = "".join(self.text), self.children
        if not children:
            return _parse_text(text)
        return {VALUE_KEY: _parse_text(text), **children} if text.strip() else children


class _DocumentHandler:
    """Handler of parser events, which builds the collection."""

    def __init__(self) -> None:
        self._open: list[_Element] = []
        self._count = 0
        self._root: dict[str, Value] = {}

    def read(self, text: str) -> Mapping[str, Value]:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.specified_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._reject_entity
        parser.Parse(text, True)
        return self._root

    def _reject_entity(self, *declaration: object) -> None:
        raise _EntityDeclarationError

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._count += 1
        # An element is a collection in an array.
        if self._count > MAX_ELEMENTS or len(self._open) >= MAX_DEPTH // 2 - 1:
            raise data_too_large_error()
        self._open.append(_Element(name, {key: _parse_text(value) for key, value in attributes.items()}))

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1].text.append(text)

    def _end(self, name: str) -> None:
        element = self._open.pop()
        value = element.value
        if self._open:
            self._open[-1].add_child(element.name, value)
        else:
            self._root[element.name] = value


def _parse_text(text: str) -> Value:
    """Converts a text to a number, if it is one."""
    try:
        return as_number(text)
    except ConversionError:
        return text


# --- serialization ------------------------------------------------------------------------------


def dump_xml(values: Mapping[str, Value], budget: EvaluationBudget) -> str:
    """Serializes fields: a single one is the root element, several are in one named ``root``.

    Raises:
        ModuleError: if a name is not valid for an element, or a text has a character that is not valid.
    """
    fields = {name: value for name, value in values.items() if not _is_omitted(value)}
    budget.charge_weight(fields)
    name, value = next(iter(fields.items())) if len(fields) == 1 else ("root", fields)
    if is_array(value):
        name, value = "root", fields
    lines = [_DECLARATION, *_element_lines(budget, name, value, "")]
    text = "\n".join(lines)
    budget.charge_text(len(text))
    return text


def _is_omitted(value: Value) -> bool:
    """Returns True for an empty value, which is left out; emptystring forces an empty element."""
    return value is None or (value == "" and value is not EMPTY_TEXT)


def _element_lines(budget: EvaluationBudget, name: str, value: Value, indent: str) -> Iterator[str]:
    """Iterates over the lines of an element, or of one for each item of an array."""
    if is_array(value):
        for item in value:
            yield from _element_lines(budget, name, item, indent)
        return
    inner: list[str] = []
    attributes = text = ""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if _is_omitted(item):
                continue
            if key == ATTRIBUTES_KEY and isinstance(item, Mapping):
                attributes = "".join(
                    f' {_check_name(key)}="{_escape(budget, part, _ATTRIBUTE_ESCAPES)}"'
                    for key, part in item.items()
                    if not _is_omitted(part)
                )
            elif key == VALUE_KEY:
                text = _escape(budget, item)
            else:
                inner.extend(_element_lines(budget, key, item, indent + "  "))
    else:
        text = _escape(budget, value)
    tag = _check_name(name)
    if not inner:
        yield f"{indent}<{tag}{attributes}>{text}</{tag}>" if text else f"{indent}<{tag}{attributes}/>"
        return
    yield f"{indent}<{tag}{attributes}>"
    if text:
        yield f"{indent}  {text}"
    yield from inner
    yield f"{indent}</{tag}>"


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ModuleError("DataError", f"Invalid character in name: {name[:50]}")
    return name


def _escape(budget: EvaluationBudget, value: Value, others: Mapping[str, str] = _TEXT_ESCAPES) -> str:
    text = text_within_budget(value, budget)
    found = _CONTROL.search(text)
    if found:
        raise ModuleError("DataError", f"Invalid character in string at index {found.start()}")
    text = escape(text, quote=False)
    for character, reference in others.items():
        text = text.replace(character, reference)
    return text
