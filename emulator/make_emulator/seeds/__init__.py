"""Seeds: declarative initial states of worlds, in YAML.

`load` reads and validates one, `build` fills a world with it. A seed is validated as a whole before anything is built:
`SeedError` has every issue with its line.
"""

from .builder import build, check
from .issues import SeedError, SeedIssue
from .json_schema import json_schema_text
from .loader import list_seeds, load, starter_text
from .summary import summarize
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
