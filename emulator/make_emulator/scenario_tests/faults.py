"""Faults that a sweep injects into single operations: errors before the work of a module, and losses after it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..engine.apps.app import ModuleDefinition
from ..engine.apps.context import ModuleContext
from ..engine.apps.simulated import is_writing
from ..engine.errors import FatalError, ModuleError

#: Names of modules that create nothing but an answer, such as that of a language model.
_ANSWERING_MODULE = re.compile("completion|embedding|moderation|transcri|translat", re.IGNORECASE)

#: Beginnings of the names of modules that set a state, rather than add to it.
_REPEATABLE_MODULE = re.compile("(?:action)?_?(?:delete|put|remove|replace|set|update|upsert)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fault:
    """Fault that can happen to an operation.

    Attributes:
        name: on the command line.
        title: in tables.
        about: one sentence.
        error: returns the error that the module ends with; ``None`` for a fault of the delivery.
        comes_after: the module has done its work before.
        applies: returns true for operations to which it can happen.
    """

    name: str
    title: str
    about: str
    error: Callable[[], ModuleError] | None
    comes_after: bool
    applies: Callable[[ModuleDefinition, ModuleContext], bool]


def calls_service(definition: ModuleDefinition, context: ModuleContext) -> bool:
    """Returns true for a module that calls another service; a trigger that received its bundles calls none."""
    is_given = context.first and context.run.trigger_bundle is not None
    return (definition.external or not definition.is_interpreted) and not is_given


def writes_outside(definition: ModuleDefinition, context: ModuleContext) -> bool:
    """Returns true for an operation that changes something at another service, which no rollback undoes."""
    if not calls_service(definition, context):
        return False
    app, _, name = context.module.full_name.partition(":")
    if app == "http":
        return str(context.mapper.get("method", "get")).upper() not in ("GET", "HEAD", "")
    return is_writing(name) and _ANSWERING_MODULE.search(name) is None


def is_repeatable(context: ModuleContext) -> bool:
    """Returns true for a change that leaves the same behind when it is made again, such as an update."""
    app, _, name = context.module.full_name.partition(":")
    if app == "http":
        return str(context.mapper.get("method", "")).upper() in ("PUT", "DELETE")
    return _REPEATABLE_MODULE.match(name) is not None


def _can_fail(definition: ModuleDefinition, context: ModuleContext) -> bool:
    return calls_service(definition, context) or definition.records is not None


def _always(definition: ModuleDefinition, context: ModuleContext) -> bool:
    return True


def _is_delivered(definition: ModuleDefinition, context: ModuleContext) -> bool:
    return context.first and context.run.trigger_bundle is not None


FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(
            "connection",
            "connection",
            "the service cannot be reached",
            lambda: ModuleError("ConnectionError", "The service cannot be reached."),
            False,
            calls_service,
        ),
        Fault(
            "rate-limit",
            "rate limit",
            "the service takes no more requests for now",
            lambda: ModuleError("RateLimitError", "[429] Too many requests."),
            False,
            calls_service,
        ),
        Fault(
            "data",
            "data",
            "the data are refused",
            lambda: ModuleError("DataError", "[400] The data are invalid."),
            False,
            _can_fail,
        ),
        Fault(
            "timeout",
            "time-out",
            "the service does not answer in time",
            lambda: ModuleError("ModuleTimeoutError", "The operation timed out."),
            False,
            calls_service,
        ),
        Fault(
            "lost-answer",
            "lost answer",
            "the service does its work, but its answer is lost",
            lambda: ModuleError("ConnectionError", "The connection was closed before the answer."),
            True,
            writes_outside,
        ),
        Fault(
            "twice",
            "twice",
            "the same delivery comes a second time",
            None,
            False,
            _is_delivered,
        ),
        Fault(
            "crash",
            "crash",
            "the run ends after the module, before it is committed, and no error handler runs",
            lambda: FatalError("ConnectionError", "The run crashed before it was committed."),
            True,
            _always,
        ),
    )
}
"""Every fault by its name."""
