"""Patterns of a library that are compiled on first use."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock
from zipfile import ZipFile

import pytest

from make_emulator.lazy_patterns import compile_lazily

Import = Callable[[str], ModuleType]


@pytest.fixture
def import_lazily(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Import]:
    """Function that writes the text of a module ``words``, and imports it with its patterns compiled on first use."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def import_text(text: str) -> ModuleType:
        (tmp_path / "words.py").write_text(textwrap.dedent(text))
        with compile_lazily("words"):
            return import_module("words")

    yield import_text
    sys.modules.pop("words", None)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of the patterns that are compiled from now on."""
    texts: list[str] = []
    compile_pattern = re.compile

    def record(pattern: str, flags: int = 0) -> re.Pattern[str]:
        texts.append(pattern)
        return compile_pattern(pattern, flags)

    monkeypatch.setattr(re, "compile", record)
    return texts


WORDS = """
    import re
    from abc import ABC
    from re import IGNORECASE

    class Words(ABC):
        WORD = re.compile("[a-z]+", IGNORECASE)
        NUMBER = re.compile("[0-9]+")

        def matches(self, text):
            return self.WORD.fullmatch(text) is not None

    class ShortWords(Words):
        NUMBER = re.compile("[0-9]")

    def split(text):
        return re.compile(",").split(text)
"""


def test_a_pattern_of_a_class_is_compiled_once_when_it_is_read(
    import_lazily: Import, compiled: list[str]
) -> None:
    words = import_lazily(WORDS)
    assert compiled == []
    assert words.Words().matches("ABC")
    assert not words.Words().matches("12")
    assert compiled == ["[a-z]+"]
    assert type(words.Words.WORD) is re.Pattern
    assert words.Words.WORD.flags & re.IGNORECASE
    assert words.Words.__dict__["WORD"] is words.Words.WORD


def test_a_subclass_has_the_pattern_of_its_base_class_or_its_own(
    import_lazily: Import, compiled: list[str]
) -> None:
    words = import_lazily(WORDS)
    assert words.ShortWords.WORD is words.Words.WORD
    assert "WORD" not in words.ShortWords.__dict__
    assert (words.ShortWords().NUMBER.pattern, words.Words().NUMBER.pattern) == ("[0-9]", "[0-9]+")
    assert sorted(compiled) == ["[0-9]", "[0-9]+", "[a-z]+"]


def test_functions_compile_when_they_are_called(import_lazily: Import) -> None:
    words = import_lazily(WORDS)
    assert words.re is re
    assert words.split("a,b") == ["a", "b"]
    own: Any = test_functions_compile_when_they_are_called
    assert words.split.__builtins__ is own.__builtins__


def test_a_pattern_can_be_patched_before_it_is_read(import_lazily: Import) -> None:
    words = import_lazily(WORDS)
    with mock.patch.object(words.Words, "WORD", re.compile("1")):
        assert words.Words().matches("1")
    assert words.Words().matches("abc")


@pytest.mark.parametrize(
    "statement",
    [
        'WORD = re.compile("[a-z]+")',
        'WORDS = [re.compile("[a-z]+")]',
        'find = re.compile("[a-z]+").search',
        'if re.compile("[a-z]+").search("word"): found = True',
        'class Words:\n        PATTERNS = {"word": re.compile("[a-z]+")}',
    ],
)
def test_patterns_elsewhere_are_compiled_at_once(
    import_lazily: Import, compiled: list[str], statement: str
) -> None:
    words = import_lazily(f"\n    import re\n    count = 0\n    count += 1\n    {statement}\n")
    assert set(compiled) == {"[a-z]+"}
    assert words.count == 1
    values = {name: value for name, value in vars(words).items() if name != "__builtins__"}
    assert "_LazyPattern" not in repr(values)


def test_an_error_of_the_module_is_that_of_its_import(import_lazily: Import) -> None:
    with pytest.raises(ImportError, match="nothing"):
        import_lazily("from re import nothing")
    assert "words" not in sys.modules


def test_other_modules_and_later_imports_are_not_changed(
    import_lazily: Import, compiled: list[str], tmp_path: Path
) -> None:
    finders = list(sys.meta_path)
    words = import_lazily(WORDS)
    assert sys.meta_path == finders
    (tmp_path / "others.py").write_text(textwrap.dedent(WORDS))
    with compile_lazily("words"):
        assert import_module("words") is words
        import_module("others")
    sys.modules.pop("others")
    assert sorted(compiled) == ["[0-9]", "[0-9]+", "[a-z]+"]


def test_a_module_in_an_archive_is_imported_as_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: list[str]
) -> None:
    with ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("archived_words.py", textwrap.dedent(WORDS))
    monkeypatch.syspath_prepend(tmp_path / "archive.zip")
    with compile_lazily("archived_words"):
        words = import_module("archived_words")
    sys.modules.pop("archived_words")
    assert len(compiled) == 3
    assert words.Words().matches("abc")


def test_the_patterns_of_marshmallow_are_those_that_it_compiles_itself() -> None:
    script = """
        import re, sys
        {first}
        from marshmallow import ValidationError, fields, validate
        lazy = [name for name, value in vars(validate.Email).items() if type(value).__name__ == "_LazyPattern"]
        print(validate.Email.USER_REGEX, validate.Email.DOMAIN_REGEX)
        print(fields.Email().deserialize("a@example.com"), fields.Url().deserialize("https://example.com/a"))
        for field, text in ((fields.Email(), "a@b@c"), (fields.Url(), "example")):
            try:
                field.deserialize(text)
            except ValidationError as error:
                print(error)
        print(lazy, file=sys.stderr)
    """
    ours, theirs = (
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script.format(first=first))],
            capture_output=True,
            text=True,
            check=True,
        )
        for first in ("import make_emulator.app", "")
    )
    assert ours.stdout == theirs.stdout
    assert theirs.stdout.splitlines()[1] == "a@example.com https://example.com/a"
    assert ours.stderr == "['USER_REGEX', 'DOMAIN_REGEX']\n"
    assert theirs.stderr == "[]\n"
