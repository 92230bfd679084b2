"""Edits of JSON texts by JSON Patch, which leave all but the patched places as they are.

Indentation, order, line ends, escapes and blanks around separators stay; what is new takes them from what is around it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

from .json_patch import END_OF_ARRAY, Operation, PatchError, Path, format_pointer
from .json_types import Json

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
#: One character of a text between quotes, as it is written.
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL
)
_ESCAPED_CHARACTER = re.compile(r"\\u00[89a-fA-F]|\\u0[1-9a-fA-F]|\\u[1-9a-fA-F]")
#: Members before which others are added in the order of exports of the editor.
_MEMBER_ORDER = ("id", "module", "version", "parameters", "filter", "mapper", "metadata")


class TextNode:
    """A value of a JSON text: where it starts and ends, and for a container its entries.

    Attributes:
        kind: ``{``, ``[``, ``"`` or another first character.
        children: the values of the members, or the items.
        names: the start and end of the name of each member of an object.
        keys: the names, decoded.
    """

    __slots__ = ("children", "end", "keys", "kind", "names", "start")

    def __init__(self, start: int, end: int, kind: str) -> None:
        self.start = start
        self.end = end
        self.kind = kind
        # Most values are no containers.
        is_container = kind in "{["
        self.children: list[TextNode] = [] if is_container else _NONE
        self.names: list[tuple[int, int]] = [] if kind == "{" else _NONE
        self.keys: list[str] = [] if kind == "{" else _NONE

    def entry(self, place: int) -> tuple[int, int]:
        """Returns the start and end of an entry: of a member with its name, or of an item."""
        child = self.children[place]
        return (self.names[place][0] if self.names else child.start), child.end

    def place_of(self, step: str | int) -> int | None:
        """Returns the place of an entry, that of the last of several members of one name; ``None`` if there is none."""
        if self.kind == "{":
            places = [place for place, key in enumerate(self.keys) if key == str(step)]
            return places[-1] if places else None
        if self.kind == "[" and isinstance(step, int) and 0 <= step < len(self.children):
            return step
        return None


#: Entries of a value that is no container; nothing is ever added to it.
_NONE: list[Any] = []


def scan(text: str) -> TextNode:
    """Returns the root of a valid JSON text."""
    root = TextNode(0, 0, "[")
    parent = root
    around: list[TextNode] = []
    expects_name = False
    for match in _TOKEN.finditer(text):
        token = match[0]
        first = token[0]
        if first == "," or first == ":":
            expects_name = first == "," and parent.kind == "{"
        elif first == "}" or first == "]":
            parent.end = match.end()
            parent = around.pop()
            expects_name = False
        elif expects_name:
            # Most names have no escapes.
            parent.keys.append(json.loads(token) if "\\" in token else token[1:-1])
            parent.names.append(match.span())
        else:
            node = TextNode(match.start(), match.end(), first)
            parent.children.append(node)
            if first == "{" or first == "[":
                around.append(parent)
                parent = node
                expects_name = first == "{"
    return root.children[0]


def edit_text(text: str, patch: Iterable[Operation], *, embedded_at: Path | None = None) -> str:
    """Returns a JSON text with a patch applied.

    Args:
        text: a valid JSON document, without a byte order mark.
        embedded_at: path of a text that is a JSON document itself, which the patch is for.

    Raises:
        PatchError: if an operation cannot be applied.
    """
    for operation in patch:
        if embedded_at is None:
            text = _TextEditor(text).apply(operation)
        else:
            editor = _TextEditor(text)
            node = editor.find(embedded_at)
            inner = _TextEditor(json.loads(text[node.start : node.end])).apply(operation)
            text = editor.replace_value(node, inner)
    return text


@dataclass(frozen=True, slots=True)
class Replacement:
    """A part of a text that another one replaces; lines and columns are counted from 1, the end is the first behind it."""

    start_line: int
    start_column: int
    end_line: int
    end_column: int
    new: str


def find_replacements(old: str, new: str) -> list[Replacement]:
    """Returns the replacements that make one text the other, each as small as it can be at its lines."""
    before, after = _split_lines(old), _split_lines(new)
    # Most of a document stays; comparing only what lies between the first and the last change is much faster.
    skipped = _common_prefix(before, after)
    rest = _common_prefix(before[skipped:][::-1], after[skipped:][::-1])
    before, after = before[skipped : len(before) - rest], after[skipped : len(after) - rest]
    found = []
    for tag, start, end, new_start, new_end in SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            continue
        removed, inserted = "".join(before[start:end]), "".join(after[new_start:new_end])
        head = _common_prefix(removed, inserted)
        tail = _common_prefix(removed[head:][::-1], inserted[head:][::-1])
        first_line = skipped + start + 1
        found.append(
            Replacement(
                *_position(removed, head, first_line),
                *_position(removed, len(removed) - tail, first_line),
                inserted[head : len(inserted) - tail],
            )
        )
    return found


def _split_lines(text: str) -> list[str]:
    """Returns the lines of a text with their ends; other characters that break lines are part of JSON texts."""
    return re.split(r"(?<=\n)", text)


def _position(text: str, offset: int, first_line: int) -> tuple[int, int]:
    line_start = text.rfind("\n", 0, offset) + 1
    return first_line + text.count("\n", 0, offset), offset - line_start + 1


def _common_prefix(one: Sequence[str], other: Sequence[str]) -> int:
    """Returns the number of equal items, or characters, at the start of two sequences."""
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length


class _TextEditor:
    """A JSON text before one operation."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._root = scan(text)

    def apply(self, operation: Operation) -> str:
        match operation.op:
            case "add":
                return self._add(operation.path, operation.value)
            case "replace":
                return self.replace_value(self.find(operation.path), operation.value)
            case "remove":
                return self._remove(operation.path)
            case "move":
                operation.check_move()
                return self._move(operation.source, operation.path)

    def find(self, path: Path) -> TextNode:
        """Returns the node at a path.

        Raises:
            PatchError: if there is none.
        """
        return self._trace(path)[-1]

    def replace_value(self, node: TextNode, value: Json) -> str:
        """Returns the text with another value; of two texts, only the part that differs is written anew."""
        text = self._text
        if node.kind == '"' and isinstance(value, str):
            old: str = json.loads(text[node.start : node.end])
            starts = [match.start() for match in _CHARACTER.finditer(text, node.start + 1, node.end - 1)]
            if len(starts) == len(old):
                starts.append(node.end - 1)
                head = _common_prefix(old, value)
                tail = _common_prefix(old[head:][::-1], value[head:][::-1])
                inserted = self._dump(value[head : len(value) - tail])[1:-1]
                return self._replaced(starts[head], starts[len(old) - tail], inserted)
        new = self._render(value, self._indent_at(node.start), inline=not self._has_lines)
        return self._replaced(node.start, node.end, new)

    def _trace(self, path: Path) -> list[TextNode]:
        """Returns the nodes on the way to a path, the root first."""
        nodes = [self._root]
        for depth, step in enumerate(path):
            place = nodes[-1].place_of(step)
            if place is None:
                raise PatchError(f"{format_pointer(path[: depth + 1])} does not exist")
            nodes.append(nodes[-1].children[place])
        return nodes

    def _add(self, path: Path, value: Json) -> str:
        if not path:
            return self.replace_value(self._root, value)
        *above, parent = self._trace(path[:-1])
        place = parent.place_of(path[-1]) if parent.kind == "{" else None
        if place is not None:
            return self.replace_value(parent.children[place], value)
        return self._insert(
            above, parent, path, lambda indent, inline: self._render(value, indent, inline=inline)
        )

    def _remove(self, path: Path) -> str:
        if not path:
            return "null"
        parent = self.find(path[:-1])
        place = parent.place_of(path[-1])
        if place is None:
            raise PatchError(f"{format_pointer(path)} does not exist")
        if len(parent.children) == 1:
            return self._replaced(parent.start + 1, parent.end - 1, "")
        if place > 0:
            return self._replaced(parent.entry(place - 1)[1], parent.entry(place)[1], "")
        return self._replaced(parent.entry(0)[0], parent.entry(1)[0], "")

    def _move(self, source: Path, path: Path) -> str:
        *_, parent, node = (TextNode(0, 0, "["), *self._trace(source))
        renames = source[:-1] == path[:-1] and parent.kind == "{" and path != source
        if renames and parent.place_of(path[-1]) is None:
            place = parent.children.index(node)
            return self._replaced(*parent.names[place], self._dump(str(path[-1])))
        raw, old_indent = self._text[node.start : node.end], self._indent_at(node.start)
        rest = _TextEditor(self._remove(source))
        *above, target = rest._trace(path[:-1])
        taken = target.place_of(path[-1]) if target.kind == "{" else None
        if taken is not None:
            child = target.children[taken]
            return rest._replaced(child.start, child.end, raw)
        return rest._insert(above, target, path, lambda indent, _: _reindent(raw, old_indent, indent))

    def _insert(
        self, above: list[TextNode], parent: TextNode, path: Path, render: Callable[[str, bool], str]
    ) -> str:
        """Returns the text with a new entry of a container.

        Args:
            above: the nodes around the container.
            render: writes the value at an indentation, on one line or on several.
        """
        step = path[-1]
        count = len(parent.children)
        if parent.kind == "{":
            head = f"{self._dump(str(step))}{self._colon(parent)}"
            place = _member_place(parent.keys, str(step))
        elif parent.kind == "[":
            head = ""
            place = count if step == END_OF_ARRAY else step if isinstance(step, int) else -1
        else:
            raise PatchError(f"{format_pointer(path[:-1])} is neither an object nor an array")
        if not 0 <= place <= count:
            raise PatchError(f"{format_pointer(path)} is no place of the array")
        base = self._indent_at(parent.start)
        if count == 0:
            if not (self._is_multiline(above[-1]) if above else self._has_lines):
                return self._replaced(parent.start + 1, parent.end - 1, head + render(base, True))
            indent = base + self._unit
            inserted = f"{self._line_end}{indent}{head}{render(indent, False)}{self._line_end}{base}"
            return self._replaced(parent.start + 1, parent.end - 1, inserted)
        separator = self._separator(parent)
        is_inline = "\n" not in separator
        indent = base if is_inline else separator.rpartition("\n")[2].replace(",", " ")
        entry = head + render(indent, is_inline)
        if place == count:
            end = parent.entry(count - 1)[1]
            return self._replaced(end, end, separator + entry)
        start = parent.entry(place)[0]
        return self._replaced(start, start, entry + separator)

    def _separator(self, parent: TextNode) -> str:
        """Returns the text between two entries of a container that has one or more."""
        if len(parent.children) > 1:
            return self._text[parent.entry(0)[1] : parent.entry(1)[0]]
        lead = self._text[parent.start + 1 : parent.entry(0)[0]]
        return f",{lead}" if "\n" in lead else self._inline_separator

    def _is_multiline(self, node: TextNode) -> bool:
        return bool(node.children) and "\n" in self._text[node.start : node.entry(0)[0]]

    def _colon(self, parent: TextNode) -> str:
        if parent.names:
            return self._text[parent.names[0][1] : parent.children[0].start]
        return self._default_colon

    @cached_property
    def _default_colon(self) -> str:
        pending = [self._root]
        while pending:
            node = pending.pop()
            if node.names:
                return self._text[node.names[0][1] : node.children[0].start]
            pending.extend(node.children)
        return ": "

    @cached_property
    def _inline_separator(self) -> str:
        """The text between two entries on one line, in the style of the document."""
        pending = [self._root]
        while pending:
            node = pending.pop()
            for place in range(len(node.children) - 1):
                between = self._text[node.entry(place)[1] : node.entry(place + 1)[0]]
                if "\n" not in between:
                    return between
            pending.extend(node.children)
        return ", " if self._default_colon.endswith(" ") else ","

    @cached_property
    def _unit(self) -> str:
        """One step of the document's indentation."""
        pending = [self._root]
        while pending:
            node = pending.pop()
            if self._is_multiline(node):
                outer, inner = self._indent_at(node.start), self._indent_at(node.entry(0)[0])
                if inner.startswith(outer) and inner != outer:
                    return inner[len(outer) :]
            pending.extend(node.children)
        return "  "

    @cached_property
    def _has_lines(self) -> bool:
        return "\n" in self._text.strip()

    @cached_property
    def _line_end(self) -> str:
        return "\r\n" if "\r\n" in self._text else "\n"

    @cached_property
    def _escapes_characters(self) -> bool:
        """True if characters beyond ASCII are written as escapes."""
        return self._text.isascii() and _ESCAPED_CHARACTER.search(self._text) is not None

    def _indent_at(self, offset: int) -> str:
        """Returns the blanks at the start of the line of an offset."""
        line = self._text[self._text.rfind("\n", 0, offset) + 1 : offset]
        return line[: len(line) - len(line.lstrip())]

    def _dump(self, value: Json) -> str:
        return json.dumps(value, ensure_ascii=self._escapes_characters)

    def _render(self, value: Json, indent: str, *, inline: bool) -> str:
        """Returns a value as text; a container that is not inline is written over several lines."""
        escapes = self._escapes_characters
        if not isinstance(value, (dict, list)) or not value:
            return self._dump(value)
        if inline:
            separators = (self._inline_separator, self._default_colon)
            return json.dumps(value, ensure_ascii=escapes, separators=separators)
        text = json.dumps(value, ensure_ascii=escapes, indent=self._unit)
        return text.replace("\n", f"{self._line_end}{indent}")

    def _replaced(self, start: int, end: int, new: str) -> str:
        return f"{self._text[:start]}{new}{self._text[end:]}"


def _member_place(keys: list[str], name: str) -> int:
    """Returns the place of a new member: in the order of the editor's exports for those of modules, else the last."""
    if name in _MEMBER_ORDER and "module" in keys:
        earlier = _MEMBER_ORDER[: _MEMBER_ORDER.index(name)]
        return max((place + 1 for place, key in enumerate(keys) if key in earlier), default=0)
    return len(keys)


def _reindent(raw: str, old: str, new: str) -> str:
    first, *rest = raw.split("\n")
    return "\n".join([first, *(new + line.removeprefix(old) if line.strip() else line for line in rest)])
