"""Reader of snapshots: a JSON document in any layout, of which only the header and a few rows are in memory at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import IO, Any

import orjson

#: The bytes that are read, and the least that are parsed, at a time.
_PIECE_SIZE = 262_144

_SPACE = re.compile(rb"[ \t\r\n]*")
#: A string, with its closing quote unless it is incomplete, or a bracket.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)|[{}\[\]]', re.DOTALL)
#: The beginning of an object, up to its first value.
_OBJECT_START = re.compile(rb'\{[ \t\r\n]*"[^"\\]*"[ \t\r\n]*:')
#: A number, true, false or null.
_LITERAL = re.compile(rb"[^ \t\r\n,\]}]*")

_QUOTE, _OPENING, _CLOSING_LIST = b'"'[0], frozenset(b"{["), b"]"[0]


class InvalidSnapshotError(ValueError):
    """The document is not a snapshot that can be restored; the text says why."""


Rows = Iterable[tuple[str, Any]]
"""Sections of a snapshot with lists of rows as parsed from JSON; the rows of a section may come in several lists."""


def read(file: IO[bytes]) -> tuple[dict[str, Any], Rows | None]:
    """Reads a document from a file, for `snapshot.restore`: the header, and the rows while the file is open.

    Members of the header that follow the rows are there once the rows were read. The rows are ``None`` if there are none.

    Raises:
        InvalidSnapshotError: if it is no JSON object; also while the rows are read.
    """
    text = _JsonText(file)
    if text.peek() != b"{":
        raise InvalidSnapshotError("it is not a JSON object")
    header: dict[str, Any] = {}
    members = text.iter_members()
    for name in members:
        if name == "rows" and text.peek() == b"{":
            return header, _iter_rows(text, header, members)
        header[name] = text.read_value()
    text.finish()
    return header, None


def _iter_rows(text: _JsonText, header: dict[str, Any], members: Iterator[str]) -> Iterator[tuple[str, Any]]:
    for section in text.iter_members():
        if text.peek() != b"[":
            yield section, text.read_value()
            continue
        for rows in text.iter_lists(section):
            yield section, rows
    for name in members:
        if name == "rows":
            raise InvalidSnapshotError("it has 'rows' twice")
        header[name] = text.read_value()
    text.finish()


class _JsonText:
    """Text of a JSON document, read from a file as far as it is needed."""

    __slots__ = ("_buffer", "_file", "_position")

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._buffer = b""
        #: The bytes of the buffer that were passed.
        self._position = 0

    def peek(self) -> bytes:
        """Returns the next character that is no space."""
        if not (character := self._next_character()):
            raise InvalidSnapshotError("it is not JSON: it ends too early")
        return character

    def finish(self) -> None:
        """Checks that nothing follows."""
        if self._next_character():
            raise InvalidSnapshotError("it is not JSON: something follows its end")

    def iter_members(self) -> Iterator[str]:
        """Yields the name of each member of an object; the caller reads the value before it takes the next."""
        self._pass(b"{")
        if self.peek() == b"}":
            self._position += 1
            return
        while True:
            if self.peek() != b'"':
                raise InvalidSnapshotError("it is not JSON: an object has a member without a name")
            name = self.read_value()
            self._pass(b":")
            yield name
            if self.peek() == b"}":
                self._position += 1
                return
            self._pass(b",")

    def read_value(self) -> Any:
        """Reads a value as a whole."""
        first = self.peek()
        if first in b"{[":
            size = self._find_end()
        elif first == b'"':
            size = self._find_string_end()
        else:
            size = self._find_literal_end()
        return self._parse(size)

    def iter_lists(self, section: str) -> Iterator[list[Any]]:
        """Yields the values of an array in lists, one at least, each of a piece of the text."""
        self._pass(b"[")
        if self.peek() == b"]":
            self._position += 1
            yield []
            return
        start = self._object_start()
        while True:
            yield self._read_some(start, section)
            if self.peek() == b"]":
                self._position += 1
                return
            self._pass(b",")
            if self.peek() == b"]":
                raise InvalidSnapshotError(f"it is not JSON: '{section}' ends with a comma")

    # --- places in the buffer ---

    def _next_character(self) -> bytes:
        while True:
            space = _SPACE.match(self._buffer, self._position)
            assert space is not None
            self._position = space.end()
            if self._position < len(self._buffer):
                return self._buffer[self._position : self._position + 1]
            if not self._fill():
                return b""

    def _pass(self, character: bytes) -> None:
        if self.peek() != character:
            raise InvalidSnapshotError(f"it is not JSON: '{character.decode()}' is missing")
        self._position += 1

    def _fill(self) -> bool:
        """Reads on, as much as is there already, so that long values are searched a few times only; false at the end."""
        rest = self._buffer[self._position :]
        piece = self._file.read(max(_PIECE_SIZE, len(rest)))
        self._buffer, self._position = rest + piece, 0
        return bool(piece)

    def _object_start(self) -> bytes:
        """Returns the text with which the object begins that comes next, up to its first value: that of its peers, too."""
        while (start := _OBJECT_START.match(self._buffer, self._position)) is None:
            if len(self._buffer) - self._position >= _PIECE_SIZE or not self._fill():
                return b""
        return start.group()

    def _read_some(self, start: bytes, section: str) -> list[Any]:
        """Reads values of an array of objects that begin with the text ``start``, as a rule."""
        while len(self._buffer) - self._position < _PIECE_SIZE and self._fill():
            pass
        begin = self._position
        last = self._buffer.rfind(start, begin + 1, begin + _PIECE_SIZE) if start else -1
        end = self._buffer.rfind(b"}", begin, last) + 1 if last > 0 else 0
        if end:
            # An object in a row may begin alike, or the array may end before. What is valid here ends with a value:
            # the beginning of a longer one would lack its end.
            try:
                values: list[Any] = orjson.loads(b"[%b]" % self._buffer[begin:end])
            except orjson.JSONDecodeError:
                pass
            else:
                self._position = end
                return values
        size = self._find_end(of_list=True)
        begin = self._position
        try:
            values = orjson.loads(b"[%b]" % self._buffer[begin : begin + size])
        except orjson.JSONDecodeError as error:
            raise InvalidSnapshotError(f"a row of '{section}' is not JSON: {error}") from None
        self._position += size
        return values

    def _find_end(self, *, of_list: bool = False) -> int:
        """Returns the size of the array or object that comes next.

        Args:
            of_list: rather the size of what is left of an array, or of as many values of it as make a piece.
        """
        depth = offset = found = 0
        while True:
            for token in _TOKEN.finditer(self._buffer, self._position + offset):
                first = self._buffer[token.start()]
                if first == _QUOTE and not token[1]:
                    offset = token.start() - self._position
                    break
                offset = token.end() - self._position
                if first == _QUOTE:
                    continue
                if first in _OPENING:
                    depth += 1
                elif depth:
                    depth -= 1
                    if not depth:
                        found = offset
                        if not of_list or found >= _PIECE_SIZE:
                            return found
                elif first == _CLOSING_LIST:
                    return offset - 1
                else:
                    raise InvalidSnapshotError("it is not JSON: an array ends with '}'")
            if found:
                return found
            if not self._fill():
                raise InvalidSnapshotError("it is not JSON: it ends too early")

    def _find_string_end(self) -> int:
        while True:
            token = _TOKEN.match(self._buffer, self._position)
            assert token is not None
            if token[1]:
                return len(token.group())
            if not self._fill():
                raise InvalidSnapshotError("it is not JSON: it ends too early")

    def _find_literal_end(self) -> int:
        while True:
            literal = _LITERAL.match(self._buffer, self._position)
            assert literal is not None
            if literal.end() < len(self._buffer):
                return len(literal.group())
            if not self._fill():
                raise InvalidSnapshotError("it is not JSON: it ends too early")

    def _parse(self, size: int) -> Any:
        begin, self._position = self._position, self._position + size
        try:
            return orjson.loads(self._buffer[begin : self._position])
        except orjson.JSONDecodeError as error:
            raise InvalidSnapshotError(f"it is not JSON: {error}") from None
