"""Context managers as decorators, which hand what they yield to a parameter of a fixed name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any


def decorate(target: Any, parameter: str, opened: Callable[[], AbstractContextManager[Any]]) -> Any:
    """Open a context around each call of a function, or of each method of a class whose name starts with ``test``.

    If the function has a parameter of that name, it gets what the context yields; test runners are not shown it.

    Raises:
        TypeError: for what cannot be decorated.
    """
    if isinstance(target, type):
        for name, method in list(vars(target).items()):
            if name.startswith("test") and inspect.isfunction(method):
                setattr(target, name, decorate(method, parameter, opened))
        return target
    if not callable(target) or inspect.isasyncgenfunction(target):
        raise TypeError(f"{target!r} cannot be decorated; use a with block")
    signature = inspect.signature(target)
    wanted = parameter in signature.parameters

    def given(options: dict[str, Any], yielded: Any) -> dict[str, Any]:
        return {parameter: yielded, **options} if wanted else options

    if inspect.iscoroutinefunction(target):

        @functools.wraps(target)
        async def wrapper(*args: Any, **options: Any) -> Any:
            with opened() as yielded:
                return await target(*args, **given(options, yielded))

    elif inspect.isgeneratorfunction(target):

        @functools.wraps(target)
        def wrapper(*args: Any, **options: Any) -> Any:
            with opened() as yielded:
                return (yield from target(*args, **given(options, yielded)))

    else:

        @functools.wraps(target)
        def wrapper(*args: Any, **options: Any) -> Any:
            with opened() as yielded:
                return target(*args, **given(options, yielded))

    if wanted:
        shown = [each for name, each in signature.parameters.items() if name != parameter]
        wrapper.__signature__ = signature.replace(parameters=shown)  # type: ignore[attr-defined]
    return wrapper
