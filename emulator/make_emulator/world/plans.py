"""Limits and features of Make's plans.

Requests a minute: API documentation, "Rate limiting" (Free: observed, ``license.apiLimit`` 30). The other
figures of Free were observed on a real organization in July 2026; those of the paid plans follow the public
price list and are marked as assumed in the fidelity ledger.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from .models import License

Plan: TypeAlias = Literal["free", "core", "pro", "teams", "enterprise"]
"""Name of a plan."""

_MB = 1024 * 1024
_GB = 1024 * _MB

_FREE = License(
    users=1,
    teams=1,
    scenarios=2,
    dslimit=1,
    dsslimit=_MB,
    fslimit=5 * _MB,
    iolimit=50,
    api_limit=30,
    interval=15,
    priority="low",
    transfer=512 * _MB,
    retention=7,
    dlq_storage=_MB,
    operations=1000,
    execution_time=5,
    webhook_log_retention_days=3,
    fulltext=False,
    creating_templates=False,
    custom_functions=False,
    custom_variables=False,
    custom_properties=0,
)

_CORE = replace(
    _FREE,
    users=50,
    scenarios=10_000,
    dslimit=1000,
    dsslimit=10 * _MB,
    fslimit=100 * _MB,
    iolimit=667,
    api_limit=60,
    interval=1,
    priority="medium",
    transfer=5 * _GB,
    retention=30,
    dlq_storage=10 * _MB,
    operations=10_000,
    execution_time=40,
    creating_templates=True,
)

_PRO = replace(_CORE, api_limit=120, priority="high", fslimit=250 * _MB, fulltext=True, custom_variables=True)

_TEAMS = replace(_PRO, api_limit=240, teams=100, fslimit=500 * _MB)

_ENTERPRISE = replace(
    _TEAMS,
    users=1000,
    teams=1000,
    api_limit=1000,
    iolimit=10_000,
    dsslimit=_GB,
    fslimit=_GB,
    transfer=500 * _GB,
    retention=60,
    dlq_storage=_GB,
    operations=1_000_000,
    webhook_log_retention_days=30,
    custom_functions=True,
    custom_properties=100,
    custom_roles=True,
    private_spaces=True,
    on_prem_agent=True,
    tfa_enforcement=True,
)

#: Plan name -> (product name as Make shows it, license).
PLANS: dict[str, tuple[str, License]] = {
    "free": ("Free", _FREE),
    "core": ("Core", _CORE),
    "pro": ("Pro", _PRO),
    "teams": ("Teams", _TEAMS),
    "enterprise": ("Enterprise", _ENTERPRISE),
}
