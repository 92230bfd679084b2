"""Parser of the expression language: trees, round trips, and limits."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make_emulator.engine.expressions.ast import (
    BinaryChain,
    Call,
    DynamicReference,
    Identifier,
    Literal,
    Node,
    PathIntoCall,
    Reference,
    Unary,
    UnquotedName,
)
from make_emulator.engine.expressions.errors import AdjacentOperatorsError, ExpressionError
from make_emulator.engine.expressions.lexer import TokenType, tokenize
from make_emulator.engine.expressions.parser import MAX_LENGTH, MAX_NESTING, parse_expression

NAMES = st.from_regex(r"[^\W\d]\w{0,8}", fullmatch=True)
QUOTED_NAMES = st.text(alphabet="a 1.-[]'\"{;", max_size=5)
IDS = st.integers(0, 10**14)
PRECEDENCE = ["|", "&", "= !=", "< > <= >=", "+ -", "* / %"]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", Literal(None)),
        (" \n", Literal(None)),
        ("12", Literal(12)),
        ("1.50", Literal(1.5)),
        ("\\", Literal("\\")),
        ('"say ""hi"""', Literal('say "hi"')),
        ("'it''s'", Literal("it's")),
        ("word", Identifier("word")),
        ("1.email", Reference(1, ("email",))),
        (" 1 .rows [ ] ", Reference(1, ("rows", 1))),
        ("1.rows[2].`a b`", Reference(1, ("rows", 2, "a b"))),
        ("`1`", Reference(1)),
        ("`a b`.c", Reference("a b", ("c",))),
        ("var.team.x", Reference("var", ("team", "x"))),
        ("1.rows[2.place].name", DynamicReference(1, ("rows", Reference(2, ("place",)), "name"))),
        ("1[i.j[k.l]]", DynamicReference(1, (DynamicReference("i", ("j", Reference("k", ("l",)))),))),
        ("f()", Call("f", ())),
        ("f().a[2].`b c`", PathIntoCall(Call("f", ()), ("a", 2, "b c"))),
        (
            "f(g()[1])[2.i]",
            PathIntoCall(Call("f", (PathIntoCall(Call("g", ()), (1,)),)), (Reference(2, ("i",)),)),
        ),
        ("f (;1; )", Call("f", (None, Literal(1), None))),
        ("!-a", Unary(("!", "-"), Identifier("a"))),
        ("1 + 2 - 3", BinaryChain(Literal(1), (("+", Literal(2)), ("-", Literal(3))))),
        ("a === b !== c", BinaryChain(Identifier("a"), (("=", Identifier("b")), ("!=", Identifier("c"))))),
        (
            "1 + 2 * 3 > 4 || b && c",
            BinaryChain(
                BinaryChain(
                    BinaryChain(Literal(1), (("+", BinaryChain(Literal(2), (("*", Literal(3)),))),)),
                    ((">", Literal(4)),),
                ),
                (("|", BinaryChain(Identifier("b"), (("&", Identifier("c")),))),),
            ),
        ),
        (
            "(1 + 2) + 3",
            BinaryChain(BinaryChain(Literal(1), (("+", Literal(2)),)), (("+", Literal(3)),)),
        ),
    ],
)
def test_the_tree_of_an_expression(text: str, tree: Node) -> None:
    assert parse_expression(text) == tree


@pytest.mark.parametrize(
    "text",
    [
        *(
            "(",
            ")",
            "1 +",
            "* 1",
            "f(",
            "f(1;",
            "1.",
            "1.2.a",
            "1.2x",
            "a.1",
            "a b",
            "1 'x'",
            '"open',
            "`open",
        ),
        *(
            "a[",
            "a[b]",
            "a[1.5]",
            "a['x']",
            "a ! b",
            "!=1",
            "#",
            "1,2",
            "٣",
            "()",
            "f(1))",
        ),
        *("9" * 5_000 + ".a", "a[" + "9" * 5_000 + "]", "`" + "9" * 5_000 + "`"),
    ],
)
def test_a_text_that_is_no_expression(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert caught.value.reason == f"Invalid expression '{text[:100]}'."


@pytest.mark.parametrize("text", ["a =! = b", "a = = b", "a <> b", "f(1 * / 2)", "a + (b && || c)"])
def test_an_operator_cannot_stand_behind_another(text: str) -> None:
    with pytest.raises(AdjacentOperatorsError) as caught:
        parse_expression(text)
    assert (caught.value.reason, caught.value.source) == ("Operator next to operator", text)


@pytest.mark.parametrize(
    ("text", "correction"),
    [
        ("1.First Name", "1.`First Name`"),
        ("1.people[2].Home Town 2", "1.people[2].`Home Town 2`"),
        ("var.input.The `old` name[1].x", "var.input.`The old name`[1].x"),
        ("1. name", "1.name"),
        ("first(1.l). name", "first(…).name"),
        ("1.rows[2.the place].name", "1.rows[2.`the place`].name"),
        ("`a b`.`0`.c d", "`a b`.`0`.`c d`"),
    ],
)
def test_a_name_with_blanks_and_no_backticks_leads_to_nothing(text: str, correction: str) -> None:
    assert parse_expression(text) == UnquotedName(correction)


@given(st.text(max_size=80) | st.text(alphabet="1a.`'\"()[];+-*/%=!<>&|\\ \t", max_size=80))
def test_nothing_but_an_expression_error_comes_out_of_the_parser(text: str) -> None:
    with suppress(ExpressionError):
        parse_expression(text)


@given(st.text(alphabet="1a.`'\"()[];+-*/%=!<>&|\\ \t", max_size=80))
def test_tokens_are_the_text_without_its_spaces(text: str) -> None:
    with suppress(ExpressionError):
        tokens = tokenize(text)
        assert tokens[-1] == (TokenType.END, "")
        assert "".join("".join(tokens_text.split()) for _, tokens_text in tokens) == "".join(text.split())


# --- round trips ---------------------------------------------------------------------------------


def references(
    indexes: st.SearchStrategy[str | int | Reference | DynamicReference],
) -> st.SearchStrategy[Node]:
    return st.tuples(IDS | NAMES | QUOTED_NAMES.map("-{}".format), st.lists(indexes, max_size=3)).map(
        lambda parts: (
            Reference(parts[0], tuple(step for step in parts[1] if isinstance(step, (str, int))))
            if all(isinstance(step, (str, int)) for step in parts[1])
            else DynamicReference(parts[0], tuple(parts[1]))
        )
    )


FIXED_STEPS = NAMES | QUOTED_NAMES | st.integers(1, 10**9)
INDEXES = st.tuples(IDS | NAMES, st.lists(FIXED_STEPS, min_size=1, max_size=2)).map(
    lambda parts: Reference(parts[0], tuple(parts[1]))
)
ATOMS = (
    st.integers(0, 2**53).map(Literal)
    | st.text(max_size=10).map(Literal)
    | NAMES.map(Identifier)
    | references(FIXED_STEPS | INDEXES)
)


def compounds(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    chains = [
        st.builds(
            BinaryChain,
            inner,
            st.lists(st.tuples(st.sampled_from(operators.split()), inner), min_size=1, max_size=3).map(tuple),
        )
        for operators in PRECEDENCE
    ]
    return st.one_of(
        st.builds(
            Call,
            NAMES,
            st.lists(inner | st.none(), max_size=3).map(lambda a: () if a == [None] else tuple(a)),
        ),
        st.builds(Unary, st.lists(st.sampled_from("!+-"), min_size=1, max_size=3).map(tuple), inner),
        st.builds(
            PathIntoCall,
            st.builds(Call, NAMES, st.tuples(inner)),
            st.lists(FIXED_STEPS | INDEXES, min_size=1, max_size=3).map(tuple),
        ),
        *chains,
    )


NODES: st.SearchStrategy[Node] = st.recursive(ATOMS, compounds, max_leaves=12)


def write(node: Node | None) -> str:
    """Returns the source of a tree, with brackets around every operand that is not an atom."""
    match node:
        case None:
            return ""
        case Literal(value):
            return '"' + value.replace('"', '""') + '"' if isinstance(value, str) else str(value)
        case Identifier(name):
            return name
        case Reference(root, path) | DynamicReference(root, path):
            start = (
                f"`{root}`"
                if not path or (isinstance(root, str) and not re.fullmatch(r"[^\W\d]\w*", root))
                else str(root)
            )
            return start + "".join(map(write_step, path))
        case Call(name, arguments):
            return f"{name}({';'.join(map(write, arguments))})"
        case PathIntoCall(call, path):
            return write(call) + "".join(map(write_step, path))
        case UnquotedName(correction):
            # Only the correct path is written.
            return correction
        case Unary(operators, operand):
            return "".join(operators) + write_operand(operand)
        case BinaryChain(first, rest):
            return write_operand(first) + "".join(
                f" {sign} {write_operand(operand)}" for sign, operand in rest
            )


def write_operand(node: Node) -> str:
    return f"({write(node)})" if isinstance(node, (Unary, BinaryChain)) else write(node)


def write_step(step: str | int | Reference | DynamicReference) -> str:
    if isinstance(step, str):
        return f".`{step}`"
    return f"[{step if isinstance(step, int) else write(step)}]"


@given(NODES)
def test_a_tree_that_is_written_out_parses_to_the_same_tree(tree: Node) -> None:
    assert parse_expression(write(tree)) == tree


# --- limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("f(", ")"), ("a[b[1.c[", "]]]")])
def test_brackets_nest_to_a_limit(opening: str, closing: str) -> None:
    count = MAX_NESTING // len(closing)
    with suppress(ExpressionError):
        parse_expression(opening * count + "1.x" + closing * count)
    with pytest.raises(ExpressionError, match="too long"):
        parse_expression(opening * (count + 1) * 2 + "1.x" + closing * (count + 1) * 2)


def test_the_deepest_expression_parses() -> None:
    steps = "a | a & a = a < a + a * !"
    text = (steps + "(") * MAX_NESTING + "1" + ")" * MAX_NESTING
    assert isinstance(parse_expression(text), BinaryChain)


def test_an_expression_has_a_limited_length() -> None:
    assert isinstance(parse_expression("1" * MAX_LENGTH), Literal)
    with pytest.raises(ExpressionError, match="too long"):
        parse_expression("1" * (MAX_LENGTH + 1))


def count_calls(text: str) -> int:
    """Returns the number of function calls that the parser makes for a text."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        with suppress(ExpressionError):
            parse_expression(text)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize(
    "unit", ["(", "1+", "!", "f(;);", "1*2+3<4=5&6|", "a[", "a.b", "'", '"x', "`", "]", "1.5.", "-(1)"]
)
def test_work_grows_with_the_length_of_the_text(unit: str) -> None:
    short, long = count_calls(unit * 1_000), count_calls(unit * 2_000)
    assert long <= 2 * short + 200
