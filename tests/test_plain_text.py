"""Texts of others in one line."""

from __future__ import annotations

import pytest

from make_emulator.plain_text import (
    escape_control_characters,
    find_slip,
    join_sentences,
    pluralize,
    printable,
)


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "a\r\nb", "a\u2028b", "a\x85b", "a\x00b"])
def test_a_text_is_one_line_without_control_characters(text: str) -> None:
    for line in (printable(text), escape_control_characters(text)):
        assert line.isprintable()
        assert len(line.splitlines()) == 1


def test_a_run_of_control_characters_becomes_one_space_and_spaces_stay() -> None:
    assert printable("a\r\n\tb  c") == "a b  c"
    assert printable(12) == "12"


def test_an_escaped_text_keeps_every_character() -> None:
    assert escape_control_characters("a\r\nb\u2028c é 👩\u200d👧") == "a\\x0d\\x0ab\\x2028c é 👩\u200d👧"


def test_a_noun_agrees_with_its_number() -> None:
    assert [pluralize(number, "time") for number in (0, 1, 2, 1000)] == [
        "0 times",
        "1 time",
        "2 times",
        "1,000 times",
    ]


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (
            ["The hook is taken", "", "It belongs to scenario 2."],
            "The hook is taken. It belongs to scenario 2.",
        ),
        (
            ["MakeError: Scenario '9' not found.", "Scenario '9' not found."],
            "MakeError: Scenario '9' not found.",
        ),
        (["Invalid: ", " - a", "b"], "Invalid: - a. b"),
        (["Why?", "(no)", "x"], "Why? (no). x"),
        (["{", '"a": 1,', "}"], '{ "a": 1, }'),
        ([], ""),
    ],
)
def test_texts_are_joined_as_sentences(texts: list[str], line: str) -> None:
    assert join_sentences(texts) == line


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("nmae", ["age", "name"], "name"),
        ("ID", ["id"], "id"),
        ("row_number", ["rowNumber"], "rowNumber"),
        ("includeHeaders", ["includesHeaders"], "includesHeaders"),
        ("chanel", ["channel", "channelType"], "channel"),
        ("stripHtml", ["stripHTML"], "stripHTML"),
        ("userEmail", ["email"], None),
        ("escapeJSON", ["escapeHTML"], None),
        ("to", ["do", "so"], None),
        ("x", [], None),
    ],
)
def test_a_slip_differs_by_case_separators_or_a_few_characters(
    word: str, known: list[str], meant: str | None
) -> None:
    assert find_slip(word, known) == meant
