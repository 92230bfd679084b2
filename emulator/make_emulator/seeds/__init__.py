"""Seeds: declarative initial states of worlds, in YAML.

`load` reads and validates one, `build` fills a world with it. A seed is validated as a whole before anything is built:
`SeedError` has every issue with its line.
"""

from .builder import build, check
from .issues import SeedError, SeedIssue
from .loader import list_seeds, load, starter_text
from .seed import Seed
from .summary import summarize

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


def json_schema_text() -> str:
    """Returns the JSON Schema of a seed as indented JSON."""
    # Imported here, so that a server starts early: it needs the schemas only for a seed that was not prepared.
    from . import json_schema

    return json_schema.json_schema_text()
