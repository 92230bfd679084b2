"""Context managers as decorators that pass the yielded value as a keyword argument."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any


def decorate(target: Any, parameter: str, open_context: Callable[[], AbstractContextManager[Any]]) -> Any:
    """Opens a context around each call of a function, or of each method of a class whose name starts with ``test``.

    A parameter of that name receives the yielded value; it is hidden from test runners.

    Raises:
        TypeError: if the target cannot be decorated.
    """
    if isinstance(target, type):
        for name, method in list(vars(target).items()):
            if name.startswith("test") and inspect.isfunction(method):
                setattr(target, name, decorate(method, parameter, open_context))
        return target
    if not callable(target) or inspect.isasyncgenfunction(target):
        raise TypeError(f"{target!r} cannot be decorated; use a with block")
    signature = inspect.signature(target)
    takes_parameter = parameter in signature.parameters

    def arguments(options: dict[str, Any], yielded: Any) -> dict[str, Any]:
        return {parameter: yielded, **options} if takes_parameter else options

    if inspect.iscoroutinefunction(target):

        @functools.wraps(target)
        async def wrapper(*args: Any, **options: Any) -> Any:
            with open_context() as yielded:
                return await target(*args, **arguments(options, yielded))

    elif inspect.isgeneratorfunction(target):

        @functools.wraps(target)
        def wrapper(*args: Any, **options: Any) -> Any:
            with open_context() as yielded:
                return (yield from target(*args, **arguments(options, yielded)))

    else:

        @functools.wraps(target)
        def wrapper(*args: Any, **options: Any) -> Any:
            with open_context() as yielded:
                return target(*args, **arguments(options, yielded))

    if takes_parameter:
        visible = [each for name, each in signature.parameters.items() if name != parameter]
        wrapper.__signature__ = signature.replace(parameters=visible)  # type: ignore[attr-defined]
    return wrapper
