"""Import of one team of a real zone as a seed (``pull``). It is read-only, and the seed contains no secret of the zone."""

from ..json_types import JsonObject
from ..redaction.blueprints import MaskedValue, Masker
from .checkpoint import Checkpoint, CheckpointError
from .client import ZoneClient, ZoneError, normalize_base_url, zone_base_url
from .options import ImportNote, ImportOptions, Progress
from .pull import ImportResult, pull
from .seed_writer import extract_blueprints, header_comments, render_yaml

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "ImportNote",
    "ImportOptions",
    "ImportResult",
    "JsonObject",
    "MaskedValue",
    "Masker",
    "Progress",
    "ZoneClient",
    "ZoneError",
    "extract_blueprints",
    "header_comments",
    "normalize_base_url",
    "pull",
    "render_yaml",
    "zone_base_url",
]
