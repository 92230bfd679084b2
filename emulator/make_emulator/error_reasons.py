"""Reasons of failed system calls and connections, in one line, without the objects that libraries put around them."""

from __future__ import annotations

import re

_SYSTEM_ERROR = re.compile(r"\[Errno -?\d+\] ([^()\[\]]+)")


def os_error_reason(error: OSError | ValueError) -> str:
    """Returns the message of the operating system, e.g. ``Permission denied``; a ValueError has an invalid file name."""
    return getattr(error, "strerror", None) or str(error)


def connection_error_reason(error: BaseException) -> str:
    """Returns the innermost reason of an error of a socket, or of an HTTP client or server."""
    cause = error
    while True:
        inner = getattr(cause, "reason", None) or next(
            (argument for argument in cause.args if isinstance(argument, BaseException)), None
        )
        if not isinstance(inner, BaseException) or inner is cause:
            break
        cause = inner
    text = str(cause)
    if messages := _SYSTEM_ERROR.findall(text):
        text = messages[-1]
    else:
        text = getattr(cause, "strerror", None) or text.rpartition(": ")[2] or type(cause).__name__
    return " ".join(text.split())[:200]
