"""Errors of expressions and values, with the type names that Make shows.

An expression always stands in a field of a module, so its errors are errors of that module. Sources of the names: Help centre,
"Types of errors"; the class names of Make's module protocol. Texts marked as observed were read in notes of practitioners.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .utf16 import to_well_formed


class ModuleError(Exception):
    """Failure of a module; unless an error handler takes it, the run ends with an error.

    Attributes:
        name: the type of the error, e.g. ``RuntimeError``.
        message: the text of the error.
        issues: a text for each parameter that failed, in the words of Make's editor; the API leaves them out.
        hint: a sentence of the emulator's own: the nearest thing that exists, or what is allowed.
    """

    def __init__(
        self, name: str, message: str, *, issues: Sequence[str] = (), hint: str | None = None
    ) -> None:
        # It may cite a value that an expression cut in the middle of a character; the logs have whole ones.
        message = to_well_formed(message)
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.issues = tuple(map(to_well_formed, issues))
        self.hint = hint if hint is None else to_well_formed(hint)

    @property
    def error_bundle(self) -> Mapping[str, Mapping[str, str]]:
        """Bundle of the failed module as its error handler sees it: ``{"error": {"type", "message"}}`` (exported blueprints)."""
        return {"error": {"type": self.name, "message": self.message}}


class BundleValidationError(ModuleError):
    """Mismatch of a bundle and the fields of the module that it enters (observed text); see `issues`."""

    def __init__(self, *issues: str, hint: str | None = None) -> None:
        count = max(len(issues), 1)
        super().__init__(
            "BundleValidationError", f"Validation failed for {count} parameter(s).", issues=issues, hint=hint
        )


def missing_parameter(name: str) -> str:
    """Returns the issue of a required parameter without a value (observed text)."""
    return f"Missing value of required parameter '{name[:100]}'."


def invalid_parameter(name: str, kind: str = "value") -> str:
    """Returns the issue of a parameter whose value is no ``kind``, e.g. ``email address`` (observed text)."""
    return f"Invalid {kind} in parameter '{name[:100]}'."


def parameter_not_in_options(name: str) -> str:
    """Returns the issue of a parameter whose value is not one of its options, as the API words it for its own."""
    return f"Value not found in options of parameter '{name[:100]}'."


class ConversionError(BundleValidationError):
    """Failed conversion of a value to the type that its place requires."""


class ExpressionError(ModuleError):
    """Failed evaluation of an expression (observed: ``DataError: Failed to map 'data': Function 'toJSON' not found!``).

    Attributes:
        reason: the text without the field.
        path: the place in the field's value: names of collections, and indexes of arrays counted from 0.
    """

    def __init__(self, reason: str, path: tuple[str | int, ...] = (), *, hint: str | None = None) -> None:
        super().__init__("DataError", reason, hint=hint)
        self.reason = reason
        self.path = path

    def in_function(self, function: str) -> ExpressionError:
        """Returns the error as seen from the call around it (observed: ``Function 'if' finished with error! …``)."""
        reason = f"Function '{function}' finished with error! {self.reason}"
        return ExpressionError(reason, self.path, hint=self.hint)

    def at_step(self, step: str | int) -> ExpressionError:
        """Returns the error as seen from the collection or array around it."""
        return ExpressionError(self.reason, (step, *self.path), hint=self.hint)

    def for_field(self, field: str) -> ExpressionError:
        """Returns the error as seen from the field that holds the expression.

        A place in a collection is named with the field, a place in an array without it (observed:
        ``'values.6'`` of a row, but ``'0.value'`` of the first of several variables).
        """
        return ExpressionError(f"Failed to map '{self._place_in(field)}': {self.reason}", hint=self.hint)

    def _place_in(self, field: str) -> str:
        steps = [field, *map(str, self.path)]
        arrays = [place for place, step in enumerate(self.path, 1) if isinstance(step, int)]
        return ".".join(steps[max(arrays, default=0) :])


class ExpressionSyntaxError(ExpressionError):
    """Text between braces that is not an expression; ``source`` is the text."""

    def __init__(self, source: str, path: tuple[str | int, ...] = (), reason: str | None = None) -> None:
        super().__init__(reason or f"Invalid expression '{source[:100]}'.", path)
        self.source = source

    def at_step(self, step: str | int) -> ExpressionError:
        return type(self)(self.source, (step, *self.path))


class AdjacentOperatorsError(ExpressionSyntaxError):
    """Expression with two operators next to each other (its text is that of one report)."""

    def __init__(self, source: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(source, path, "Operator next to operator")

    def for_field(self, field: str) -> ExpressionError:
        return ExpressionError(f"Invalid IML for parameter '{self._place_in(field)}': {self.reason}")
