"""Repairs of blueprints: the obvious ones of lint's findings, each tried in a world of its own before it is offered."""

from .mender import MendResult, Remainder, Repair, mend
from .trial import TrialRun

__all__ = ["MendResult", "Remainder", "Repair", "TrialRun", "mend"]
