"""Reads regular expressions of JavaScript and turns them into small programs for the matcher in `regex`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import ExpressionError

#: Instructions that a program may have, and how deep groups may lie within each other.
SIZE = 3_000
NESTING = 30

Range = tuple[str, str]

_DIGIT: Sequence[Range] = (("0", "9"),)
_WORD: Sequence[Range] = (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z"))
_SPACE: Sequence[Range] = (
    ("\t", "\r"),
    (" ", " "),
    ("\xa0", "\xa0"),
    ("\u1680", "\u1680"),
    ("\u2000", "\u200a"),
    ("\u2028", "\u2029"),
    ("\u202f", "\u202f"),
    ("\u205f", "\u205f"),
    ("\u3000", "\u3000"),
    ("\ufeff", "\ufeff"),
)
_NEWLINE: Sequence[Range] = (("\n", "\n"), ("\r", "\r"), ("\u2028", "\u2029"))
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_NAME = re.compile(r"((?:[^\W\d]|\$)[\w$]*)>")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
_LAST = "\U0010ffff"


@dataclass(slots=True)
class Instruction:
    """One step: read a character (``char``), ``jump`` to targets, ``save`` a position, ``assert``, ``look``, ``match``."""

    action: str
    targets: tuple[int, ...] = ()
    ranges: Sequence[Range] = ()
    negated: bool = False
    ignore_case: bool = False
    name: str = ""
    inner: Program | None = None
    #: Of a ``look`` behind: how many characters it reads at most, or `ANY_WIDTH`; ``None`` for one ahead.
    behind: int | None = None

    def accepts(self, character: str) -> bool:
        inside = self._contains(character)
        if not inside and self.ignore_case:
            inside = self._contains(character.lower()) or self._contains(character.upper())
        return inside != self.negated

    def _contains(self, character: str) -> bool:
        return any(first <= character <= last for first, last in self.ranges)


#: The width of what reads as many characters as there are.
ANY_WIDTH = 1 << 30


@dataclass(slots=True)
class Program:
    code: list[Instruction] = field(default_factory=list)
    groups: int = 0
    #: Name -> number of the groups that have one.
    names: Mapping[str, int] = field(default_factory=dict)


def compile_pattern(source: str, *, ignore_case: bool, multiline: bool, dot_all: bool = False) -> Program:
    """The program of a pattern.

    Raises:
        ExpressionError: if it is no pattern, or one that is not supported.
    """
    compiler = _Compiler(source, ignore_case, multiline, dot_all)
    code = compiler.alternatives(0)
    if compiler.position < len(source):
        raise compiler.invalid()
    whole = [Instruction("save", (0,)), *_moved(code, 1), Instruction("save", (1,)), Instruction("match")]
    return Program(whole, compiler.groups, compiler.names)


def _width(code: Sequence[Instruction]) -> int:
    """How many characters code reads at most: each instruction once, unless it jumps back."""
    loops = any(step.action == "jump" and min(step.targets) <= place for place, step in enumerate(code))
    return ANY_WIDTH if loops else sum(step.action == "char" for step in code)


def _moved(code: Sequence[Instruction], distance: int) -> list[Instruction]:
    """A copy of code for another place: what it jumps to moves along."""
    return [
        Instruction(
            step.action,
            tuple(target + distance for target in step.targets) if step.action == "jump" else step.targets,
            step.ranges,
            step.negated,
            step.ignore_case,
            step.name,
            step.inner,
            step.behind,
        )
        for step in code
    ]


class _Compiler:
    """Descends through a pattern; each method returns code whose jumps count from its own beginning."""

    def __init__(self, source: str, ignore_case: bool, multiline: bool, dot_all: bool) -> None:
        self._source = source
        self._ignore_case = ignore_case
        self._multiline = multiline
        self._dot = () if dot_all else _NEWLINE
        self.position = 0
        self.groups = 0
        self.names: dict[str, int] = {}

    def invalid(self, reason: str = "") -> ExpressionError:
        return ExpressionError(reason or f"Invalid regular expression '{self._source[:100]}'.")

    def _next(self, length: int = 1) -> str:
        return self._source[self.position : self.position + length]

    def _take(self, expected: str) -> bool:
        if self._source.startswith(expected, self.position):
            self.position += len(expected)
            return True
        return False

    def _checked(self, code: list[Instruction]) -> list[Instruction]:
        if len(code) > SIZE:
            raise self.invalid("The regular expression is too large.")
        return code

    def alternatives(self, depth: int) -> list[Instruction]:
        if depth > NESTING:
            raise self.invalid("The regular expression is nested too deep.")
        code = self._sequence(depth)
        while self._take("|"):
            other = self._sequence(depth)
            # jump to the first or past it; after the first jump over the other.
            first = [Instruction("jump", (1, len(code) + 2)), *_moved(code, 1)]
            first.append(Instruction("jump", (len(first) + 1 + len(other),)))
            code = self._checked([*first, *_moved(other, len(first))])
        return code

    def _sequence(self, depth: int) -> list[Instruction]:
        code: list[Instruction] = []
        while self._next() not in ("", "|", ")"):
            atom = self._atom(depth)
            code.extend(_moved(self._repeated(atom), len(code)))
            self._checked(code)
        return code

    def _repeated(self, atom: list[Instruction]) -> list[Instruction]:
        least, most = self._quantifier()
        lazy = (least, most) != (1, 1) and self._take("?")
        if self._next() in tuple("*+?"):
            # Two quantifiers in a row; after none at all, an atom would have been read.
            raise self.invalid()
        if (least, most) == (1, 1):
            return atom
        if (len(atom) + 2) * max(least + 1, most or 0) > SIZE:
            raise self.invalid("The regular expression is too large.")
        code: list[Instruction] = []
        for _ in range(least):
            code.extend(_moved(atom, len(code)))
        if most is None:
            start, end = len(code), len(code) + len(atom) + 2
            code.append(Instruction("jump", (end, start + 1) if lazy else (start + 1, end)))
            code.extend(_moved(atom, start + 1))
            code.append(Instruction("jump", (start,)))
            return code
        end = len(code) + (most - least) * (len(atom) + 1)
        for _ in range(most - least):
            into = len(code) + 1
            code.append(Instruction("jump", (end, into) if lazy else (into, end)))
            code.extend(_moved(atom, into))
        return code

    def _quantifier(self) -> tuple[int, int | None]:
        if self._take("*"):
            return 0, None
        if self._take("+"):
            return 1, None
        if self._take("?"):
            return 0, 1
        if self._next() == "{":
            end = self._source.find("}", self.position)
            bounds = self._source[self.position + 1 : end].split(",") if end > 0 else []
            if 1 <= len(bounds) <= 2 and bounds[0].isdigit() and all(len(bound) < 5 for bound in bounds):
                least = int(bounds[0])
                if len(bounds) == 1:
                    most: int | None = least
                elif bounds[1] == "":
                    most = None
                elif bounds[1].isdigit() and int(bounds[1]) >= least:
                    most = int(bounds[1])
                else:
                    raise self.invalid()
                self.position = end + 1
                return least, most
        return 1, 1

    def _atom(self, depth: int) -> list[Instruction]:
        if self._take("("):
            return self._group(depth)
        if self._take("["):
            return [self._class()]
        if self._take("."):
            return [self._reading(self._dot, negated=True)]
        if self._take("^"):
            return [Instruction("assert", name="^m" if self._multiline else "^")]
        if self._take("$"):
            return [Instruction("assert", name="$m" if self._multiline else "$")]
        if self._take("\\"):
            return [self._escape()]
        if self._next() in tuple("*+?"):
            raise self.invalid()
        character = self._next()
        self.position += 1
        return [self._reading(((character, character),))]

    def _reading(self, ranges: Sequence[Range], *, negated: bool = False) -> Instruction:
        return Instruction("char", ranges=ranges, negated=negated, ignore_case=self._ignore_case)

    def _group(self, depth: int) -> list[Instruction]:
        for start in ("?=", "?!", "?<=", "?<!"):
            if self._take(start):
                return [self._look(depth, negated=start[-1] == "!", behind="<" in start)]
        if self._take("?:"):
            return self._closed(depth)
        self.groups += 1
        group = self.groups
        if self._take("?<"):
            named = _NAME.match(self._source, self.position)
            if named is None or named[1] in self.names:
                raise self.invalid()
            self.names[named[1]] = group
            self.position = named.end()
        inner = self._closed(depth)
        return [Instruction("save", (2 * group,)), *_moved(inner, 1), Instruction("save", (2 * group + 1,))]

    def _look(self, depth: int, *, negated: bool, behind: bool) -> Instruction:
        """Looking behind finds what ends here; its groups are filled from left to right, unlike in JavaScript."""
        inner = self._closed(depth)
        end = [Instruction("assert", name="here"), Instruction("match")] if behind else [Instruction("match")]
        program = Program([*inner, *end], self.groups)
        return Instruction("look", negated=negated, inner=program, behind=_width(inner) if behind else None)

    def _closed(self, depth: int) -> list[Instruction]:
        code = self.alternatives(depth + 1)
        if not self._take(")"):
            raise self.invalid()
        return code

    def _escape(self) -> Instruction:
        character = self._next()
        if character in ("b", "B"):
            self.position += 1
            return Instruction("assert", name=character)
        if character in tuple("123456789") or self._next(2) == "k<":
            raise self.invalid("Back references in regular expressions are not supported.")
        return self._reading(self._escaped_ranges())

    def _escaped_ranges(self) -> Sequence[Range]:
        """What an escape stands for, its backslash being read."""
        character = self._next()
        self.position += 1
        if character == "":
            raise self.invalid()
        if character in _CLASSES:
            return _CLASSES[character]
        if character.lower() in _CLASSES:
            return _complement(_CLASSES[character.lower()])
        if character in ("x", "u"):
            digits = self._next(2 if character == "x" else 4)
            if len(digits) == (2 if character == "x" else 4) and all(
                d in "0123456789abcdefABCDEF" for d in digits
            ):
                self.position += len(digits)
                character = chr(int(digits, 16))
        else:
            character = _CONTROLS.get(character, character)
        return ((character, character),)

    def _class(self) -> Instruction:
        negated = self._take("^")
        ranges: list[Range] = []
        while not self._take("]"):
            first = self._class_member()
            if len(first) == 1 and self._next() == "-" and self._next(2) not in ("-]", "-"):
                self.position += 1
                last = self._class_member()
                if len(last) != 1 or last[0][0] < first[0][0]:
                    raise self.invalid()
                first = ((first[0][0], last[0][1]),)
            ranges.extend(first)
        return self._reading(ranges, negated=negated)

    def _class_member(self) -> Sequence[Range]:
        if self._take("\\"):
            if self._take("b"):
                return (("\b", "\b"),)
            return self._escaped_ranges()
        character = self._next()
        if character == "":
            raise self.invalid()
        self.position += 1
        return ((character, character),)


def _complement(ranges: Sequence[Range]) -> Sequence[Range]:
    """All characters outside of sorted ranges."""
    outside: list[Range] = []
    next_free = 0
    for first, last in ranges:
        if ord(first) > next_free:
            outside.append((chr(next_free), chr(ord(first) - 1)))
        next_free = ord(last) + 1
    outside.append((chr(next_free), _LAST))
    return outside
