"""The documented table of rules, row by row."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from make_emulator.redaction.blueprints import Masker
from make_emulator.redaction.masking import LOG_REDACTOR, TRACE_REDACTOR
from make_emulator.redaction.rules import MASK
from make_emulator.redaction.secret_values import SecretValues

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "redaction.md"
SECRETS = SecretValues(["SECRET-OF-THE-WORLD"])
PROFILES: dict[str, Callable[[Any], Any]] = {
    "logs": LOG_REDACTOR.with_secrets(SECRETS).mask,
    "steps": TRACE_REDACTOR.with_secrets(SECRETS).mask,
    "pulled": lambda value: Masker().mask("", value)[0],
}


def rows() -> list[tuple[Any, dict[str, str]]]:
    """The examples of the table, each with its verdict for each profile."""
    lines = [
        line.strip("| \n").split(" | ")
        for line in PAGE.read_text("utf-8").splitlines()
        if line.startswith("|")
    ]
    cells = [line[-4:] for line in lines if len(line) >= 4 and line[-4].startswith("`")]
    return [
        (json.loads(example.strip("`")), dict(zip(PROFILES, verdicts, strict=True)))
        for example, *verdicts in cells
    ]


@pytest.mark.parametrize(("example", "verdicts"), rows())
def test_the_documented_rules_hold(example: Any, verdicts: dict[str, str]) -> None:
    for profile, verdict in verdicts.items():
        shown = PROFILES[profile](example)
        assert (shown == example) == (verdict == "shown"), profile
        assert (MASK in str(shown)) == (verdict == "masked"), profile


def test_the_table_has_every_rule() -> None:
    assert len(rows()) >= 20
