"""Pulling: one team of a real zone becomes a seed. It only reads, and no secret of the zone reaches the seed."""

from .options import Note, Options, Progress, Row
from .pace import Pace, SystemTimer, Timer
from .part import Part, PartError
from .pull import Pulled, pull
from .secrets import Masked, Masker
from .writing import header, put_blueprints_aside, text_of
from .zone import Zone, ZoneError, address_of, checked_address

__all__ = [
    "Masked",
    "Masker",
    "Note",
    "Options",
    "Pace",
    "Part",
    "PartError",
    "Progress",
    "Pulled",
    "Row",
    "SystemTimer",
    "Timer",
    "Zone",
    "ZoneError",
    "address_of",
    "checked_address",
    "header",
    "pull",
    "put_blueprints_aside",
    "text_of",
]
