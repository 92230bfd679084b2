"""Seeds: what a world starts with, in a file that people write.

`load` reads and checks one, `build` fills a world with it. A seed is checked as a whole before anything is built:
`SeedError` has every fault with its line.
"""

from .building import build, check
from .checking import Seed
from .editor import json_schema_text, starter, summary
from .faults import Fault, SeedError
from .loading import load, names

__all__ = [
    "Fault",
    "Seed",
    "SeedError",
    "build",
    "check",
    "json_schema_text",
    "load",
    "names",
    "starter",
    "summary",
]
