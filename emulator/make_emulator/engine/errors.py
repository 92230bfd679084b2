"""Errors of the modules of a running scenario; those of expressions and values come from `expressions.errors`."""

from __future__ import annotations

from .expressions.errors import (
    BundleValidationError,
    ConversionError,
    ExpressionError,
    ExpressionSyntaxError,
    ModuleError,
    invalid_parameter,
    missing_parameter,
    parameter_not_in_options,
)

__all__ = [
    "BudgetExceededError",
    "BundleValidationError",
    "ConversionError",
    "ExecutionInterruptedError",
    "ExpressionError",
    "ExpressionSyntaxError",
    "FatalError",
    "ModuleError",
    "invalid_parameter",
    "missing_parameter",
    "parameter_not_in_options",
    "unsupported_module_error",
]


class FatalError(ModuleError):
    """Error that ends the run: no error handler takes it."""


class BudgetExceededError(FatalError):
    """Exhausted budget of a run."""


class ExecutionInterruptedError(FatalError):
    """Run that took longer than the plan allows: it ends with a warning (Help centre, "Types of warnings")."""

    def __init__(self, message: str = "The run took longer than the plan allows.") -> None:
        super().__init__("ExecutionInterruptedError", message)


def unsupported_module_error(module: str, module_id: int, hint: str = "") -> FatalError:
    """Returns the error of a module that Make has and this emulator does not.

    Args:
        module: full name of the module, ``app:Module``.
        module_id: id of the module in its blueprint.
        hint: a sentence that names a way around.
    """
    text = f"Module '{module}' ({module_id}) is not supported by the emulator."
    return FatalError("RuntimeError", f"{text} {hint}".rstrip())
