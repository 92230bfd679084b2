"""Feature controls: features that an organization can switch off. The two that the vendor's document shows are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..lazy_dataclasses import dataclass
from .exceptions import InvalidParametersError
from .models import Organization
from .world import World


@dataclass(frozen=True, slots=True)
class FeatureControl:
    """Feature with its state in one organization."""

    id: int
    name: str
    label: Mapping[str, str]
    description: Mapping[str, str]
    tags: tuple[str, ...]
    warning_message: Mapping[str, str]
    enabled: bool = True


#: In the order of the API, by descending id; only the names and tags are documented.
FEATURE_CONTROLS = (
    FeatureControl(
        2,
        "Advanced Security",
        {"en": "Advanced security"},
        {"en": "Settings of security for the whole organization."},
        ("Beta",),
        {"en": "Members may be signed out."},
    ),
    FeatureControl(
        1,
        "Make AI Tools",
        {"en": "Make AI tools"},
        {"en": "Tools of Make that use artificial intelligence."},
        ("AI",),
        {"en": "Scenarios that use these tools may fail."},
    ),
)


def list_controls(organization: Organization, name: str | None = None) -> list[FeatureControl]:
    """The feature controls of an organization, all of them or the one of a name."""
    return [
        replace(control, enabled=control.id not in organization.disabled_features)
        for control in FEATURE_CONTROLS
        if name in (None, control.name)
    ]


def switch(world: World, organization: Organization, id: int, *, enabled: bool) -> FeatureControl:
    """Switches a feature on or off.

    Raises:
        InvalidParametersError: if there is no such feature.
    """
    if all(control.id != id for control in FEATURE_CONTROLS):
        raise InvalidParametersError("Invalid value of parameter 'id'.")
    disabled = set(organization.disabled_features) - {id} | (set() if enabled else {id})
    changed = world.organizations.put(replace(organization, disabled_features=tuple(sorted(disabled))))
    return next(control for control in list_controls(changed) if control.id == id)
