"""The vocabulary of the code, the tests and the documentation: tests/vocabulary.yaml lists the words to avoid."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORDS = ROOT / "tests/vocabulary.yaml"
TEXT_SUFFIXES = frozenset({".md", ".html", ".js", ".css", ".toml", ".yaml", ".yml"})
SUFFIXES = TEXT_SUFFIXES | {".py"}
#: Ids of the fidelity ledger are public names.
LEDGER_ID = re.compile(r"(?:- id: |## `)[a-z0-9-]+\.[a-z0-9.-]+`?$")


@cache
def vocabulary() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(WORDS.read_text("utf-8"))
    return loaded


def text_files(folders: Iterable[str], suffixes: frozenset[str] = SUFFIXES) -> Iterator[Path]:
    """Yields the files of some folders that have text."""
    for name in folders:
        path = ROOT / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            skipped = file == WORDS or {"node_modules", "__pycache__"} & set(file.parts)
            if file.suffix in suffixes and not skipped:
                yield file


@cache
def all_files() -> tuple[Path, ...]:
    return tuple(text_files([*vocabulary()["package"], *vocabulary()["checked"]]))


@cache
def text(path: Path) -> str:
    return path.read_text("utf-8")


def uses(word: str, files: Iterable[Path]) -> list[str]:
    """Returns each line that has a word."""
    pattern = re.compile(rf"\b(?:{word})\b", flags=re.IGNORECASE | re.MULTILINE)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in files
        # Most files have no word of the list: they are searched as a whole.
        if pattern.search(text(path))
        for number, line in enumerate(text(path).splitlines(), 1)
        if pattern.search(line) and not LEDGER_ID.match(line)
    ]


@pytest.mark.parametrize(("word", "term"), vocabulary()["words"].items())
def test_a_word_is_not_used(word: str, term: str) -> None:
    assert uses(word, all_files()) == [], f"use: {term}"


@pytest.mark.parametrize(("word", "term"), vocabulary()["package_words"].items())
def test_the_package_does_not_use_a_word(word: str, term: str) -> None:
    assert uses(word, text_files(vocabulary()["package"])) == [], f"use: {term}"


@pytest.mark.parametrize(("word", "term"), vocabulary()["text_words"].items())
def test_a_text_for_users_does_not_use_a_word(word: str, term: str) -> None:
    assert uses(word, text_files(vocabulary()["texts"], TEXT_SUFFIXES)) == [], f"use: {term}"


@pytest.mark.parametrize("suffix", [".md", ".yaml", ".html", ".js"])
def test_every_kind_of_text_is_checked(suffix: str) -> None:
    package = {file.suffix for file in text_files(vocabulary()["package"])}
    texts = {file.suffix for file in text_files(vocabulary()["texts"], TEXT_SUFFIXES)}
    assert suffix in package & texts


def test_a_docstring_opens_with_a_term() -> None:
    openings = tuple(f"{word} " for word in vocabulary()["docstring_openings"])
    found = [
        f"{path.relative_to(ROOT)}: {docstring.splitlines()[0][:120]}"
        for path in all_files()
        if path.suffix == ".py"
        for docstring in docstrings(path)
        if docstring.startswith(openings)
    ]
    assert found == []


def docstrings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(text(path))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and (
            docstring := ast.get_docstring(node)
        ):
            yield docstring
