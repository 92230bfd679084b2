"""Markdown pages of the repository."""

from __future__ import annotations

import re


def code_blocks(text: str, language: str) -> list[str]:
    """The contents of the code blocks of a language in a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
