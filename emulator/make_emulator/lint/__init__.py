"""Static checks of blueprints: structure, modules, fields, expressions, filters, secrets, before anything runs."""

from .document import LintOptions
from .finding import RULES, Finding, Rule, Severity
from .line_index import LineIndex
from .runner import lint

__all__ = ["RULES", "Finding", "LineIndex", "LintOptions", "Rule", "Severity", "lint"]
