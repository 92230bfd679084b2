"""Seeds: what a world starts with, in a file that people write.

`load` reads and checks one, `build` fills a world with it. A seed is checked as a whole before anything is built:
`SeedError` has every fault with its line.
"""

from .builder import build, check
from .issues import SeedError, SeedIssue
from .json_schema import json_schema_text, starter_text, summarize
from .loader import list_seeds, load
from .validation import Seed

__all__ = [
    "Seed",
    "SeedError",
    "SeedIssue",
    "build",
    "check",
    "json_schema_text",
    "list_seeds",
    "load",
    "starter_text",
    "summarize",
]
