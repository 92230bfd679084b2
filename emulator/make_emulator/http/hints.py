"""Hints: the header ``X-Emulator-Why``, which says beside Make's error what the body leaves out.

The body of an error is Make's word for word, and often names neither the parameter nor the module. The header is the
emulator's own: one line with the parameter or module, what was given, and what is allowed or the nearest thing that exists.
"""

from __future__ import annotations

from flask import Response

from ..plain_text import printable
from ..redaction.masking import OutputRedactor

HEADER = "X-Emulator-Why"

#: Header of a response that is served, with what the caller should know: a module that is not known, for example.
WARNING_HEADER = "X-Emulator-Warning"

#: The most characters of a hint.
MAX_LENGTH = 1_000


def add_header(response: Response, hint: str, redactor: OutputRedactor, *, header: str = HEADER) -> None:
    """Adds a hint to a response, without secrets, as one line of ASCII: other characters are escaped as in JSON."""
    text = printable(redactor.mask_values(redactor.mask_text(hint)))
    if len(text) > MAX_LENGTH:
        text = text[: MAX_LENGTH - 3] + "..."
    line = text.encode("ascii", "backslashreplace").decode()
    if line:
        response.headers[header] = line
