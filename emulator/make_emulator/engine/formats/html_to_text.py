"""Conversion of HTML to plain text: blocks on lines of their own, links and images in brackets, lists with marks.

The format is that of the package html-to-text, without its wrapping of lines. The scanner is our own, as it takes linear
time for any text, however malformed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import TypeAlias

#: Block elements -> number of line breaks before and after them.
_BLOCK_BREAKS: Mapping[str, int] = {
    **dict.fromkeys(("div", "li", "tr", "section", "article", "header", "footer", "main", "nav", "form"), 1),
    **dict.fromkeys(("p", "ul", "ol", "table", "blockquote", "pre", "hr"), 2),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), 2),
}
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))

#: Elements without text, up to the end tag; the contents of the first two are not parsed.
_RAW_TEXT_ELEMENTS = ("script", "style")
_HIDDEN_ELEMENTS = frozenset((*_RAW_TEXT_ELEMENTS, "head", "title", "noscript", "template"))

#: A tag ends before the next one begins, so that none is scanned twice.
_TAG = re.compile(
    r"""<(/?)([A-Za-z][A-Za-z0-9:-]*)((?:[^<>"']|"[^"<]*"|'[^'<]*')*|[^<>]*)>""",
)
_RAW_END = {name: re.compile(f"</{name}", re.IGNORECASE) for name in _RAW_TEXT_ELEMENTS}
_ATTRIBUTE = re.compile(
    r"""(?<![^\s"'<>/=])([^\s"'<>/=]++)\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]++))"""
)
_SPACE = re.compile(r"[ \t\r\n\f]+")

#: Maximum indentation of list items.
_MAX_INDENT = 30


@dataclass(frozen=True, slots=True)
class Tag:
    """Tag with its name in lower case."""

    name: str
    is_closing: bool
    source: str

    def attribute(self, name: str) -> str:
        for found in _ATTRIBUTE.finditer(self.source):
            if found[1].lower() == name:
                return unescape(found[2] or found[3] or found[4] or "").strip()
        return ""


Token: TypeAlias = str | Tag


def tokenize(html: str) -> Iterator[Token]:
    """Iterates over the tags and texts of a document; comments and declarations are left out."""
    position = done = 0
    while (position := html.find("<", position)) >= 0:
        if html.startswith("<!", position) or html.startswith("<?", position):
            closing = "-->" if html.startswith("<!--", position) else ">"
            end = html.find(closing, position + 2)
            if end < 0:
                # An unclosed comment extends to the end.
                yield html[done:position]
                return
            yield html[done:position]
            position = done = end + len(closing)
            continue
        found = _TAG.match(html, position)
        if found is None:
            position += 1
            continue
        yield html[done:position]
        tag = Tag(found[2].lower(), bool(found[1]), found[3])
        yield tag
        position = done = found.end()
        if tag.name in _RAW_END and not tag.is_closing:
            raw_end = _RAW_END[tag.name].search(html, position)
            position = done = raw_end.start() if raw_end else len(html)
    yield html[done:]


@dataclass(slots=True)
class _OpenList:
    """Open list; ``number`` of its next item is ``None`` for an unordered list."""

    number: int | None


@dataclass(slots=True)
class _Writer:
    """Writer of the text, with the line breaks that are pending before the next part."""

    uppercase_headings: bool
    parts: list[str] = field(default_factory=list)
    breaks: int = 0
    space: bool = False
    lists: list[_OpenList] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    heading: bool = False
    verbatim: bool = False

    def text(self, text: str) -> None:
        if self.verbatim:
            self._put(text)
            return
        text = _SPACE.sub(" ", text)
        if text.startswith(" "):
            self.space = True
            text = text[1:]
        if not text:
            return
        self._put(text.removesuffix(" "))
        self.space = text.endswith(" ")

    def _put(self, text: str) -> None:
        if self.parts:
            self.parts.append("\n" * self.breaks if self.breaks else " " * self.space)
        self.parts.append(text.upper() if self.heading and self.uppercase_headings else text)
        self.breaks, self.space = 0, False

    def require_breaks(self, count: int) -> None:
        self.breaks = max(self.breaks, count)

    def tag(self, tag: Tag) -> None:
        # Within a list, a paragraph is a line.
        if tag.name in _BLOCK_BREAKS:
            self.require_breaks(1 if self.lists else _BLOCK_BREAKS[tag.name])
        if tag.name in _HEADINGS:
            self.heading = not tag.is_closing
        write = _CLOSING_HANDLERS.get(tag.name) if tag.is_closing else _OPENING_HANDLERS.get(tag.name)
        if write is not None:
            write(self, tag)

    def item(self) -> None:
        mark = self.lists[-1] if self.lists else _OpenList(None)
        indent = "   " * min(max(len(self.lists) - 1, 0), _MAX_INDENT)
        if mark.number is None:
            self._put(f"{indent} *")
        else:
            self._put(f"{indent} {mark.number}.")
            mark.number += 1
        self.space = True

    def close_list(self) -> None:
        if self.lists:
            self.lists.pop()
        self.breaks = 1 if self.lists else 2

    def close_link(self) -> None:
        if self.links and (target := self.links.pop()):
            self.space = True
            self._put(f"[{target}]")

    def image(self, tag: Tag) -> None:
        shown = " ".join(
            part for part in (tag.attribute("alt"), f"[{tag.attribute('src')}]") if part not in ("", "[]")
        )
        if shown:
            self._put(shown)

    def line_break(self) -> None:
        self.breaks += 1

    def set_verbatim(self, on: bool) -> None:
        self.verbatim = on

    def rule(self) -> None:
        self._put("-" * 40)
        self.require_breaks(2)

    def next_cell(self) -> None:
        self.space = True


_OPENING_HANDLERS: Mapping[str, Callable[[_Writer, Tag], None]] = {
    "br": lambda writer, tag: writer.line_break(),
    "ul": lambda writer, tag: writer.lists.append(_OpenList(None)),
    "ol": lambda writer, tag: writer.lists.append(_OpenList(1)),
    "li": lambda writer, tag: writer.item(),
    "a": lambda writer, tag: writer.links.append(tag.attribute("href")),
    "img": lambda writer, tag: writer.image(tag),
    "pre": lambda writer, tag: writer.set_verbatim(True),
    "hr": lambda writer, tag: writer.rule(),
    "td": lambda writer, tag: writer.next_cell(),
    "th": lambda writer, tag: writer.next_cell(),
}

_CLOSING_HANDLERS: Mapping[str, Callable[[_Writer, Tag], None]] = {
    "ul": lambda writer, tag: writer.close_list(),
    "ol": lambda writer, tag: writer.close_list(),
    "a": lambda writer, tag: writer.close_link(),
    "pre": lambda writer, tag: writer.set_verbatim(False),
}


def html_to_text(html: str, *, uppercase_headings: bool) -> str:
    """Converts a document to text, with lines separated by line feeds."""
    writer = _Writer(uppercase_headings=uppercase_headings)
    hidden: str | None = None
    for token in tokenize(html):
        if hidden is not None:
            # The head may be left open before the body.
            if isinstance(token, Tag) and (token.is_closing, token.name) in ((True, hidden), (False, "body")):
                hidden = None
        elif isinstance(token, str):
            writer.text(unescape(token))
        elif token.name in _HIDDEN_ELEMENTS and not token.is_closing:
            hidden = token.name
        else:
            writer.tag(token)
    return "".join(writer.parts)
