"""View of the fidelity ledger: the counts of each area, and the behaviours of one."""

from __future__ import annotations

from typing import Any

from .. import fidelity

#: Status -> the style class of its label.
_TONES = {"observed": "good", "documented": "", "assumed": "warn"}


def template_context(area: str) -> dict[str, Any]:
    """Returns the values of ``fidelity.html``; an area that matches nothing has no behaviours."""
    behaviours = fidelity.shipped_behaviours()
    return {
        "statuses": fidelity.STATUSES,
        "tones": _TONES,
        "counts": {
            name: fidelity.count_statuses(group) for name, group in fidelity.group_by_area(behaviours).items()
        },
        "total": fidelity.count_statuses(behaviours),
        "area": area,
        "groups": fidelity.group_by_area(fidelity.filter_by_area(behaviours, area)) if area else {},
    }
