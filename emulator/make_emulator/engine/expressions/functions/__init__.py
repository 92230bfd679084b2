"""The functions of the expression language, one file for each group of Make's panel."""

from . import array, binary, dates, general, math, text
from .registry import FUNCTIONS

__all__ = ["FUNCTIONS", "array", "binary", "dates", "general", "math", "text"]
