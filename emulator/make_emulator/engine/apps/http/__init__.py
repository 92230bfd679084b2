"""App "HTTP", with the legacy modules of version 3 and the modules of version 4."""

from . import v3, v4
from .common import APP

__all__ = ["APP", "v3", "v4"]
