"""Rules of lint, one file for each subject; importing the package declares them all."""

from . import connections, expressions, fields, filters, flow, modules, responses, secrets, structure

__all__ = [
    "connections",
    "expressions",
    "fields",
    "filters",
    "flow",
    "modules",
    "responses",
    "secrets",
    "structure",
]
