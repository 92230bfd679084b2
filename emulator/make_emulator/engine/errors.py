"""Why a module of a running scenario fails, with the type names that Make shows.

Sources of the names: Help centre, "Types of errors"; the class names of Make's module protocol. Texts marked
as seen were read in notes of practitioners.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .expressions.utf16 import to_well_formed


class ModuleError(Exception):
    """A module fails; unless an error handler takes it, the run ends with an error."""

    def __init__(self, name: str, message: str) -> None:
        # It may cite a value that an expression cut in the middle of a character; the logs have whole ones.
        message = to_well_formed(message)
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message

    @property
    def error_bundle(self) -> Mapping[str, Any]:
        """What an error handler finds in the place of the module's bundle (exported blueprints)."""
        return {"error": {"type": self.name, "message": self.message}}


class BundleValidationError(ModuleError):
    """A bundle does not fit the fields of the module that it enters (recorded text)."""

    def __init__(self, parameters: int = 1) -> None:
        super().__init__("BundleValidationError", f"Validation failed for {parameters} parameter(s).")
        self.parameters = parameters


class ConversionError(BundleValidationError):
    """A value cannot become what is expected in its place."""


class ExpressionError(ModuleError):
    """An expression cannot be evaluated (seen: ``DataError: Failed to map 'data': Function 'toJSON' not found!``)."""

    def __init__(self, reason: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__("DataError", reason)
        self.reason = reason
        #: Where in the field's value it stands: names of collections, and places in arrays counted from 0.
        self.path = path

    def in_function(self, function: str) -> ExpressionError:
        """The same, as seen from the call that it broke (seen: ``Function 'if' finished with error! …``)."""
        return ExpressionError(f"Function '{function}' finished with error! {self.reason}", self.path)

    def at_step(self, step: str | int) -> ExpressionError:
        """The same, as seen from the collection or array around it."""
        return ExpressionError(self.reason, (step, *self.path))

    def for_field(self, field: str) -> ExpressionError:
        """The same, as seen from the field that was to be filled.

        What stands in a collection is named with the field, what stands in an array without it (seen:
        ``'values.6'`` of a row, but ``'0.value'`` of the first of several variables).
        """
        steps = [field, *map(str, self.path)]
        arrays = [place for place, step in enumerate(self.path, 1) if isinstance(step, int)]
        shown = ".".join(steps[max(arrays, default=0) :])
        return ExpressionError(f"Failed to map '{shown}': {self.reason}")


class FatalError(ModuleError):
    """Ends the run whatever it is: no error handler takes this."""


class BudgetExceededError(FatalError):
    """A run used up what it may use."""


class ExecutionInterruptedError(FatalError):
    """A run took longer than the plan allows: it ends with a warning (Help centre, "Types of warnings")."""

    def __init__(self, message: str = "The run took longer than the plan allows.") -> None:
        super().__init__("ExecutionInterruptedError", message)


def unsupported_module_error(module: str, module_id: int, instead: str = "") -> ModuleError:
    """Make has the module, this emulator does not yet: better to say so than to pretend.

    Args:
        instead: a sentence that tells what helps.
    """
    text = f"Module '{module}' ({module_id}) is not supported by the emulator."
    return FatalError("RuntimeError", f"{text} {instead}".rstrip())
