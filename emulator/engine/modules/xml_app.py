"""The app "XML": from text to a bundle and back.

Sources: vendor's notes on the app for ``_attributes``, ``_value``, arrays and numbers; all of them are ways of
xml2js, whose rules fill the gaps. A document may not declare entities, so none can blow up or read files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any
from xml.parsers import expat

from ..budget import DEPTH, Budget, oversized
from ..errors import Misfit, ModuleError
from ..iml.environment import text_of
from ..iml.values import EMPTY_TEXT, Value, as_number, is_array
from .registry import Emit, Field, Kind, ModuleContext, Outcome

#: The most elements of a document.
ELEMENTS = 300_000

ATTRIBUTES, VALUE = "_attributes", "_value"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'

#: What may be a name, and what may not be in a text (XML 1.0).
_NAME = re.compile(r"[^\W\d][\w.\-:]*")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


#: What is written as a reference besides ``&``, ``<`` and ``>``.
_IN_TEXT: Mapping[str, str] = {"\r": "&#xD;"}
_IN_QUOTES: Mapping[str, str] = {**_IN_TEXT, '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;"}


class _Refused(Exception):
    """The document declares an entity."""


def _parse(context: ModuleContext) -> Outcome:
    """One bundle, with the root element under its name."""
    return Emit([read_xml(context, context.mapper["xml"])])


def read_xml(context: ModuleContext, text: str) -> Mapping[str, Value]:
    """The collection that a document says, with the root element under its name.

    Raises:
        ModuleError: if it is none.
    """
    context.env.budget.step(1 + len(text) // 10)
    try:
        return _Reader().read(text)
    except (expat.ExpatError, _Refused, UnicodeError):
        raise ModuleError("DataError", "Source is not valid XML.") from None


class _Element:
    """An element that is being read."""

    __slots__ = ("children", "name", "text")

    def __init__(self, name: str, attributes: Mapping[str, Value]) -> None:
        self.name = name
        self.text: list[str] = []
        self.children: dict[str, Any] = {ATTRIBUTES: attributes} if attributes else {}

    def take(self, name: str, value: Value) -> None:
        """Take a child into the array of its name; one that is called as the attributes lies beside them."""
        siblings = self.children.setdefault(name, [])
        if isinstance(siblings, list):
            siblings.append(value)
        else:
            self.children[name] = [siblings, value]

    @property
    def worth(self) -> Value:
        """A text if it holds nothing else; white space between elements counts for nothing."""
        text, children = "".join(self.text), self.children
        if not children:
            return _typed(text)
        return {VALUE: _typed(text), **children} if text.strip() else children


class _Reader:
    """Builds the bundle while the document is read."""

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
        parser.EntityDeclHandler = self._refuse
        parser.Parse(text, True)
        return self._root

    def _refuse(self, *declaration: object) -> None:
        raise _Refused

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._count += 1
        # An element is a collection in an array.
        if self._count > ELEMENTS or len(self._open) >= DEPTH // 2 - 1:
            raise oversized()
        self._open.append(_Element(name, {key: _typed(value) for key, value in attributes.items()}))

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1].text.append(text)

    def _end(self, name: str) -> None:
        element = self._open.pop()
        value = element.worth
        if self._open:
            self._open[-1].take(element.name, value)
        else:
            self._root[element.name] = value


def _typed(text: str) -> Value:
    """The number that a text spells, else the text."""
    try:
        return as_number(text)
    except Misfit:
        return text


# --- and back ------------------------------------------------------------------------------------


def _create(context: ModuleContext) -> Outcome:
    return Emit([{"xml": written_xml(context.mapper, context.env.budget)}])


def written_xml(values: Mapping[str, Value], budget: Budget) -> str:
    """Fields as XML: the only one is the root element, several lie in one that is called ``root``.

    Raises:
        ModuleError: if a name cannot be one of an element, or a text has a character that XML does not have.
    """
    fields = {name: value for name, value in values.items() if not _is_nothing(value)}
    budget.weigh(fields)
    name, value = next(iter(fields.items())) if len(fields) == 1 else ("root", fields)
    if is_array(value):
        name, value = "root", fields
    lines = [_DECLARATION, *_element(budget, name, value, "")]
    text = "\n".join(lines)
    budget.text(len(text))
    return text


def _is_nothing(value: Value) -> bool:
    """Whether a field is left out; emptystring is how an empty element is forced."""
    return value is None or (value == "" and value is not EMPTY_TEXT)


def _element(budget: Budget, name: str, value: Value, indent: str) -> Iterator[str]:
    """The lines of an element, or of as many as an array has items."""
    if is_array(value):
        for item in value:
            yield from _element(budget, name, item, indent)
        return
    inner: list[str] = []
    attributes = text = ""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if _is_nothing(item):
                continue
            if key == ATTRIBUTES and isinstance(item, Mapping):
                attributes = "".join(
                    f' {_name(key)}="{_escaped(budget, part, _IN_QUOTES)}"'
                    for key, part in item.items()
                    if not _is_nothing(part)
                )
            elif key == VALUE:
                text = _escaped(budget, item)
            else:
                inner.extend(_element(budget, key, item, indent + "  "))
    else:
        text = _escaped(budget, value)
    tag = _name(name)
    if not inner:
        yield f"{indent}<{tag}{attributes}>{text}</{tag}>" if text else f"{indent}<{tag}{attributes}/>"
        return
    yield f"{indent}<{tag}{attributes}>"
    if text:
        yield f"{indent}  {text}"
    yield from inner
    yield f"{indent}</{tag}>"


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ModuleError("DataError", f"Invalid character in name: {name[:50]}")
    return name


def _escaped(budget: Budget, value: Value, others: Mapping[str, str] = _IN_TEXT) -> str:
    text = text_of(value, budget)
    found = _CONTROL.search(text)
    if found:
        raise ModuleError("DataError", f"Invalid character in string at index {found.start()}")
    text = escape(text, quote=False)
    for character, reference in others.items():
        text = text.replace(character, reference)
    return text


KINDS = (
    Kind("xml:ParseXML", _parse, (Field("xml", "text", required=True),)),
    Kind("xml:TransformToXML", _create, open=True),
)
