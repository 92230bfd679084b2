"""Matcher of JavaScript's regular expressions, in time proportional to text times pattern.

A backtracking matcher would let ``/(a+)+$/`` stop a server. This one follows all paths through the pattern at
once, charges each step to the budget, and has therefore no back references, which are rejected with
an error that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from ....lazy_dataclasses import dataclass
from ..context import EvaluationBudget
from ..errors import ExpressionError
from .compiler import Instruction, Program, compile_pattern

#: Maximal length of a pattern, in characters.
MAX_PATTERN_LENGTH = 1_000

GroupSpans = tuple[int, ...]
"""Start and end of each group, -1 for one that did not participate: ``(start, end, start1, end1, …)``."""


@lru_cache(maxsize=64)
def compile_regex(source: str, flags: str = "") -> Pattern:
    """Compiles a pattern, without its slashes; ``flags`` are of ``g``, ``i``, ``m`` and ``s``.

    Raises:
        ExpressionError: if the pattern is invalid, or this emulator does not support it.
    """
    if len(source) > MAX_PATTERN_LENGTH:
        raise ExpressionError("The regular expression is too long.")
    if set(flags) - set("gims"):
        raise ExpressionError(f"Invalid flags of a regular expression: '{flags}'.")
    program = compile_pattern(source, ignore_case="i" in flags, multiline="m" in flags, dot_all="s" in flags)
    return Pattern(program, "g" in flags)


def parse_regex_literal(search: str) -> Pattern | None:
    """Compiles a text of the form ``/…/flags``; returns ``None`` for any other text.

    With the flag ``s`` it is no pattern (observed by a practitioner).
    """
    end = search.rfind("/")
    flags = search[end + 1 :]
    if end < 2 or not search.startswith("/") or (flags and not flags.isalpha()) or "s" in flags:
        return None
    return compile_regex(search[1:end], flags)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Compiled pattern; a global one finds and replaces all matches instead of the first."""

    program: Program
    is_global: bool

    def has_match(self, text: str, budget: EvaluationBudget) -> bool:
        return _search(self.program, text, 0, budget) is not None

    def replace(self, text: str, replacement: str, budget: EvaluationBudget) -> str:
        """Replaces the first match, or all; ``$&``, ``$1`` to ``$99`` and ``$<name>`` insert the match or a group of it."""
        template = tuple(_parse_replacement(replacement, self.program))
        pieces: list[str] = []
        done = length = 0
        for match in self.matches(text, budget):
            replaced = "".join(
                part if isinstance(part, str) else text[max(match[2 * part], 0) : max(match[2 * part + 1], 0)]
                for part in template
            )
            length += match[0] - done + len(replaced)
            budget.charge_text(length)
            pieces += (text[done : match[0]], replaced)
            done = match[1]
        pieces.append(text[done:])
        return "".join(pieces)

    def matches(self, text: str, budget: EvaluationBudget) -> Iterator[GroupSpans]:
        """Yields the first match, or all; after an empty one the search continues one character further."""
        position = 0
        while position <= len(text) and (match := _search(self.program, text, position, budget)):
            yield match
            if not self.is_global:
                return
            position = match[1] if match[1] > match[0] else match[1] + 1


#: References in a replacement: ``$$``, ``$&``, ``$<name>`` and numbers of groups.
_REPLACEMENT_REFERENCE = re.compile(r"\$(?:([$&])|<([^>]*)>|([0-9]{1,2}))")


def _parse_replacement(replacement: str, program: Program) -> Iterator[str | int]:
    """Splits a replacement into texts and numbers of groups."""
    done = 0
    for match in _REPLACEMENT_REFERENCE.finditer(replacement):
        sign, name, digits = match.groups()
        yield replacement[done : match.start()]
        done = match.end()
        if sign == "&":
            yield 0
        elif sign == "$":
            yield "$"
        elif name is not None and program.names:
            # An unknown name inserts nothing.
            yield program.names.get(name, "")
        elif digits is not None and 1 <= int(digits) <= program.groups:
            yield int(digits)
        elif digits is not None and 1 <= int(digits[0]) <= program.groups:
            yield int(digits[0])
            done = match.start() + 2
        else:
            yield match[0]
    yield replacement[done:]


def _search(
    program: Program,
    text: str,
    start: int,
    budget: EvaluationBudget,
    *,
    anchored: bool = False,
    here: int | None = None,
) -> GroupSpans | None:
    """Returns the first match from a position on, by following all paths through the program at once.

    ``here`` is the position at which the match of a look-behind must end.
    """
    match: GroupSpans | None = None
    empty: GroupSpans = (-1,) * (2 * program.groups + 2)
    threads: list[tuple[int, GroupSpans]] = []
    for position in range(start, (len(text) if here is None else here) + 1):
        reached: set[int] = {thread[0] for thread in threads}
        if match is None and (position == start or not anchored):
            _add_threads(program, 0, position, empty, text, threads, reached, budget, here)
        if not threads:
            if match is not None or anchored:
                break
            budget.charge(2)
            continue
        budget.charge(2 + len(threads) // 2)
        following: list[tuple[int, GroupSpans]] = []
        reached = set()
        for pc, groups in threads:
            instruction = program.code[pc]
            if instruction.action == "match":
                match = groups
                break
            if position < len(text) and instruction.accepts(text[position]):
                _add_threads(program, pc + 1, position + 1, groups, text, following, reached, budget, here)
        threads = following
    return match


def _add_threads(
    program: Program,
    pc: int,
    position: int,
    groups: GroupSpans,
    text: str,
    threads: list[tuple[int, GroupSpans]],
    reached: set[int],
    budget: EvaluationBudget,
    here: int | None,
) -> None:
    """Adds a thread for every instruction that is reachable without consuming a character, preferred ones first."""
    pending: list[tuple[int, GroupSpans]] = [(pc, groups)]
    steps = 0
    while pending:
        pc, groups = pending.pop()
        steps += 1
        if pc in reached:
            continue
        reached.add(pc)
        instruction = program.code[pc]
        match instruction.action:
            case "jump":
                pending.extend((target, groups) for target in reversed(instruction.targets))
            case "save":
                slot = instruction.targets[0]
                pending.append((pc + 1, (*groups[:slot], position, *groups[slot + 1 :])))
            case "assert":
                if (
                    position == here
                    if instruction.name == "here"
                    else _is_assertion_met(instruction.name, text, position)
                ):
                    pending.append((pc + 1, groups))
            case "look":
                captured = _match_lookaround(instruction, text, position, budget)
                if (captured is not None) != instruction.negated:
                    pending.append((pc + 1, _merge_groups(groups, captured or ())))
            case _:
                threads.append((pc, groups))
    # Saving a position copies all groups.
    budget.charge(1 + steps * (1 + program.groups // 16) // 2)


def _match_lookaround(
    instruction: Instruction, text: str, position: int, budget: EvaluationBudget
) -> GroupSpans | None:
    """Returns the match of a look-ahead or look-behind at a position."""
    assert instruction.inner is not None
    if instruction.lookbehind_width is None:
        return _search(instruction.inner, text, position, budget, anchored=True)
    start = max(position - instruction.lookbehind_width, 0)
    return _search(instruction.inner, text, start, budget, here=position)


def _merge_groups(groups: GroupSpans, captured: GroupSpans) -> GroupSpans:
    """Returns the groups of a match, completed by those of a look-around."""
    return tuple(
        captured[slot] if slot < len(captured) and captured[slot] >= 0 else old
        for slot, old in enumerate(groups)
    )


def _is_assertion_met(assertion: str, text: str, position: int) -> bool:
    before, after = text[position - 1 : position] if position else "", text[position : position + 1]
    match assertion:
        case "^":
            return position == 0
        case "$":
            return position == len(text)
        case "^m":
            return before in ("", "\n", "\r")
        case "$m":
            return after in ("", "\n", "\r")
    boundary = _is_word_character(before) != _is_word_character(after)
    return boundary if assertion == "b" else not boundary


def _is_word_character(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")
