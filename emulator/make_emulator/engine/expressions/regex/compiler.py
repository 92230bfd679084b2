"""Compiler of JavaScript's regular expressions to programs for the matcher in `matcher`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field

from ....lazy_dataclasses import dataclass
from ..errors import ExpressionError

#: Limits of a pattern: number of instructions, and depth of nested groups.
MAX_INSTRUCTIONS = 3_000
MAX_NESTING = 30

CharacterRange = tuple[str, str]

_DIGIT: Sequence[CharacterRange] = (("0", "9"),)
_WORD: Sequence[CharacterRange] = (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z"))
_SPACE: Sequence[CharacterRange] = (
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
_NEWLINE: Sequence[CharacterRange] = (("\n", "\n"), ("\r", "\r"), ("\u2028", "\u2029"))
_CHARACTER_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_GROUP_NAME = re.compile(r"((?:[^\W\d]|\$)[\w$]*)>")
_CONTROL_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}
_MAX_CODE_POINT = "\U0010ffff"


@dataclass(slots=True)
class Instruction:
    """Step of a program: consume a character (``char``), ``jump`` to targets, ``save`` a position, ``assert``, ``look``, ``match``."""

    action: str
    targets: tuple[int, ...] = ()
    ranges: Sequence[CharacterRange] = ()
    negated: bool = False
    ignore_case: bool = False
    name: str = ""
    inner: Program | None = None
    #: For a look-behind the maximal number of characters, or `ANY_WIDTH`; ``None`` for a look-ahead.
    lookbehind_width: int | None = None

    def accepts(self, character: str) -> bool:
        inside = self._contains(character)
        if not inside and self.ignore_case:
            inside = self._contains(character.lower()) or self._contains(character.upper())
        return inside != self.negated

    def _contains(self, character: str) -> bool:
        return any(first <= character <= last for first, last in self.ranges)


#: Width of code that consumes any number of characters.
ANY_WIDTH = 1 << 30


@dataclass(slots=True)
class Program:
    """Compiled pattern: its code, and the number and names of its groups."""

    code: list[Instruction] = field(default_factory=list)
    groups: int = 0
    #: Name -> number of the name_match groups.
    names: Mapping[str, int] = field(default_factory=dict)


def compile_pattern(source: str, *, ignore_case: bool, multiline: bool, dot_all: bool = False) -> Program:
    """Compiles a pattern.

    Raises:
        ExpressionError: if the pattern is invalid or not supported.
    """
    compiler = _Compiler(source, ignore_case, multiline, dot_all)
    code = compiler.alternatives(0)
    if compiler.position < len(source):
        raise compiler.invalid()
    whole = [Instruction("save", (0,)), *_relocate(code, 1), Instruction("save", (1,)), Instruction("match")]
    return Program(whole, compiler.groups, compiler.names)


def _max_width(code: Sequence[Instruction]) -> int:
    """Returns the maximal number of characters that code consumes: each instruction runs once, unless it jumps back."""
    loops = any(step.action == "jump" and min(step.targets) <= index for index, step in enumerate(code))
    return ANY_WIDTH if loops else sum(step.action == "char" for step in code)


def _relocate(code: Sequence[Instruction], distance: int) -> list[Instruction]:
    """Returns a copy of code with its jump targets shifted by a distance."""
    return [
        Instruction(
            step.action,
            tuple(target + distance for target in step.targets) if step.action == "jump" else step.targets,
            step.ranges,
            step.negated,
            step.ignore_case,
            step.name,
            step.inner,
            step.lookbehind_width,
        )
        for step in code
    ]


class _Compiler:
    """Recursive descent over a pattern; each method returns code with jumps relative to its own start."""

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

    def _peek(self, length: int = 1) -> str:
        return self._source[self.position : self.position + length]

    def _accept(self, expected: str) -> bool:
        if self._source.startswith(expected, self.position):
            self.position += len(expected)
            return True
        return False

    def _check_size(self, code: list[Instruction]) -> list[Instruction]:
        if len(code) > MAX_INSTRUCTIONS:
            raise self.invalid("The regular expression is too large.")
        return code

    def alternatives(self, depth: int) -> list[Instruction]:
        if depth > MAX_NESTING:
            raise self.invalid("The regular expression is nested too deep.")
        code = self._sequence(depth)
        while self._accept("|"):
            other = self._sequence(depth)
            # jump to the first or past it; after the first jump over the other.
            first = [Instruction("jump", (1, len(code) + 2)), *_relocate(code, 1)]
            first.append(Instruction("jump", (len(first) + 1 + len(other),)))
            code = self._check_size([*first, *_relocate(other, len(first))])
        return code

    def _sequence(self, depth: int) -> list[Instruction]:
        code: list[Instruction] = []
        while self._peek() not in ("", "|", ")"):
            atom = self._atom(depth)
            code.extend(_relocate(self._apply_quantifier(atom), len(code)))
            self._check_size(code)
        return code

    def _apply_quantifier(self, atom: list[Instruction]) -> list[Instruction]:
        least, most = self._quantifier()
        lazy = (least, most) != (1, 1) and self._accept("?")
        if self._peek() in tuple("*+?"):
            # Two quantifiers in a row; after none at all, an atom would have been read.
            raise self.invalid()
        if (least, most) == (1, 1):
            return atom
        if (len(atom) + 2) * max(least + 1, most or 0) > MAX_INSTRUCTIONS:
            raise self.invalid("The regular expression is too large.")
        code: list[Instruction] = []
        for _ in range(least):
            code.extend(_relocate(atom, len(code)))
        if most is None:
            start, end = len(code), len(code) + len(atom) + 2
            code.append(Instruction("jump", (end, start + 1) if lazy else (start + 1, end)))
            code.extend(_relocate(atom, start + 1))
            code.append(Instruction("jump", (start,)))
            return code
        end = len(code) + (most - least) * (len(atom) + 1)
        for _ in range(most - least):
            into = len(code) + 1
            code.append(Instruction("jump", (end, into) if lazy else (into, end)))
            code.extend(_relocate(atom, into))
        return code

    def _quantifier(self) -> tuple[int, int | None]:
        if self._accept("*"):
            return 0, None
        if self._accept("+"):
            return 1, None
        if self._accept("?"):
            return 0, 1
        if self._peek() == "{":
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
        if self._accept("("):
            return self._group(depth)
        if self._accept("["):
            return [self._character_class()]
        if self._accept("."):
            return [self._character_instruction(self._dot, negated=True)]
        if self._accept("^"):
            return [Instruction("assert", name="^m" if self._multiline else "^")]
        if self._accept("$"):
            return [Instruction("assert", name="$m" if self._multiline else "$")]
        if self._accept("\\"):
            return [self._escape()]
        if self._peek() in tuple("*+?"):
            raise self.invalid()
        character = self._peek()
        self.position += 1
        return [self._character_instruction(((character, character),))]

    def _character_instruction(
        self, ranges: Sequence[CharacterRange], *, negated: bool = False
    ) -> Instruction:
        return Instruction("char", ranges=ranges, negated=negated, ignore_case=self._ignore_case)

    def _group(self, depth: int) -> list[Instruction]:
        for start in ("?=", "?!", "?<=", "?<!"):
            if self._accept(start):
                return [self._lookaround(depth, negated=start[-1] == "!", behind="<" in start)]
        if self._accept("?:"):
            return self._group_body(depth)
        self.groups += 1
        group = self.groups
        if self._accept("?<"):
            name_match = _GROUP_NAME.match(self._source, self.position)
            if name_match is None or name_match[1] in self.names:
                raise self.invalid()
            self.names[name_match[1]] = group
            self.position = name_match.end()
        inner = self._group_body(depth)
        return [
            Instruction("save", (2 * group,)),
            *_relocate(inner, 1),
            Instruction("save", (2 * group + 1,)),
        ]

    def _lookaround(self, depth: int, *, negated: bool, behind: bool) -> Instruction:
        """Compiles a look-around; groups of a look-behind are captured from left to right, unlike in JavaScript."""
        inner = self._group_body(depth)
        end = [Instruction("assert", name="here"), Instruction("match")] if behind else [Instruction("match")]
        program = Program([*inner, *end], self.groups)
        return Instruction(
            "look", negated=negated, inner=program, lookbehind_width=_max_width(inner) if behind else None
        )

    def _group_body(self, depth: int) -> list[Instruction]:
        code = self.alternatives(depth + 1)
        if not self._accept(")"):
            raise self.invalid()
        return code

    def _escape(self) -> Instruction:
        character = self._peek()
        if character in ("b", "B"):
            self.position += 1
            return Instruction("assert", name=character)
        if character in tuple("123456789") or self._peek(2) == "k<":
            raise self.invalid("Back references in regular expressions are not supported.")
        return self._character_instruction(self._escaped_ranges())

    def _escaped_ranges(self) -> Sequence[CharacterRange]:
        """Parses an escape behind its backslash."""
        character = self._peek()
        self.position += 1
        if character == "":
            raise self.invalid()
        if character in _CHARACTER_CLASSES:
            return _CHARACTER_CLASSES[character]
        if character.lower() in _CHARACTER_CLASSES:
            return _complement(_CHARACTER_CLASSES[character.lower()])
        if character in ("x", "u"):
            digits = self._peek(2 if character == "x" else 4)
            if len(digits) == (2 if character == "x" else 4) and all(
                d in "0123456789abcdefABCDEF" for d in digits
            ):
                self.position += len(digits)
                character = chr(int(digits, 16))
        else:
            character = _CONTROL_ESCAPES.get(character, character)
        return ((character, character),)

    def _character_class(self) -> Instruction:
        negated = self._accept("^")
        ranges: list[CharacterRange] = []
        while not self._accept("]"):
            first = self._class_member()
            if len(first) == 1 and self._peek() == "-" and self._peek(2) not in ("-]", "-"):
                self.position += 1
                last = self._class_member()
                if len(last) != 1 or last[0][0] < first[0][0]:
                    raise self.invalid()
                first = ((first[0][0], last[0][1]),)
            ranges.extend(first)
        return self._character_instruction(ranges, negated=negated)

    def _class_member(self) -> Sequence[CharacterRange]:
        if self._accept("\\"):
            if self._accept("b"):
                return (("\b", "\b"),)
            return self._escaped_ranges()
        character = self._peek()
        if character == "":
            raise self.invalid()
        self.position += 1
        return ((character, character),)


def _complement(ranges: Sequence[CharacterRange]) -> Sequence[CharacterRange]:
    """Returns the ranges of all characters outside of sorted ranges."""
    outside: list[CharacterRange] = []
    next_free = 0
    for first, last in ranges:
        if ord(first) > next_free:
            outside.append((chr(next_free), chr(ord(first) - 1)))
        next_free = ord(last) + 1
    outside.append((chr(next_free), _MAX_CODE_POINT))
    return outside
