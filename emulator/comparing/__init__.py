"""Comparing: what one seed has otherwise than another, thing by thing and field by field."""

from .comparison import Comparison, Difference, compare
from .report import as_json, as_text
from .things import Side

__all__ = ["Comparison", "Difference", "Side", "as_json", "as_text", "compare"]
