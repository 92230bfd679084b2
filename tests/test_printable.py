"""Texts of others in one line."""

from __future__ import annotations

import pytest

from make_emulator.printable import escape_control_characters, printable


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
