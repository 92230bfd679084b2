"""Grants in their written form: ``{"scenarios": "read", "scenarios/1": ["read", "run"], "data-stores": "full"}``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ..json_types import Json
from ..plain_text import did_you_mean, printable
from ..world.models import Grant
from .resources import KINDS, READ, RUN, SINGLE_KINDS, WRITE

OFF = "off"

#: The resource of a grant for every kind that has no grant of its own.
EVERY_KIND = "*"

#: Level -> the actions that it allows.
LEVELS: Mapping[str, frozenset[str]] = {
    OFF: frozenset(),
    READ: frozenset([READ]),
    WRITE: frozenset([READ, WRITE]),
    RUN: frozenset([RUN]),
    "full": frozenset([READ, WRITE, RUN]),
}

_RUNNABLE = tuple(kind for kind, actions in KINDS.items() if RUN in actions)

#: The longest name of a single resource; keys of records and ids are shorter.
_MAX_LENGTH = 200


class InvalidGrantsError(ValueError):
    """Grants that are not valid; ``issues`` has a text for each resource, under its name, or under an empty one."""

    def __init__(self, issues: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {text}" if name else text for name, text in issues.items()))
        self.issues = issues


def parse_grants(allow: Json) -> tuple[Grant, ...]:
    """Returns the grants of a JSON object.

    Raises:
        InvalidGrantsError: if it is none, or one of them is invalid.
    """
    if not isinstance(allow, Mapping):
        raise InvalidGrantsError({"": "must be a mapping of resources to grants"})
    grants, issues = [], {}
    for resource, value in allow.items():
        issue = _resource_issue(resource)
        # YAML reads the word off as false.
        levels = (OFF,) if value is False else (value,) if isinstance(value, str) else value
        if issue is None:
            issue = _levels_issue(resource, levels)
        if issue is not None:
            issues[printable(str(resource)[:_MAX_LENGTH])] = issue
        elif isinstance(levels, (list, tuple)):
            grants.append(Grant(resource=resource, levels=tuple(str(each) for each in levels if each != OFF)))
    if issues:
        raise InvalidGrantsError(issues)
    return tuple(grants)


def write_grants(grants: Iterable[Grant]) -> dict[str, Json]:
    """Returns grants as the JSON object that `parse_grants` reads."""
    return {grant.resource: _write_levels(grant.levels) for grant in grants}


def allowed_actions(grant: Grant) -> frozenset[str]:
    """Returns the actions that a grant allows."""
    return actions_of_levels(grant.levels)


def actions_of_levels(levels: Iterable[str]) -> frozenset[str]:
    """Returns the actions that levels allow together."""
    return frozenset[str]().union(*(LEVELS.get(level, ()) for level in levels))


def least_levels(actions: Collection[str]) -> Json:
    """Returns the fewest levels that allow some actions, as a policy has them."""
    if RUN not in actions:
        return WRITE if WRITE in actions else READ
    if WRITE in actions:
        return "full"
    return [READ, RUN] if READ in actions else RUN


def describe_levels(grant: Grant) -> str:
    """Returns the levels of a grant in words."""
    return ", ".join(grant.levels) or OFF


def _write_levels(levels: tuple[str, ...]) -> Json:
    if len(levels) > 1:
        return list(levels)
    return levels[0] if levels else OFF


def _resource_issue(resource: object) -> str | None:
    if not isinstance(resource, str):
        return "a resource must be a text such as scenarios or scenarios/1"
    kind, slash, id = resource.partition("/")
    if resource == EVERY_KIND:
        return None
    if kind not in KINDS:
        return (
            f"there is no kind of resource {printable(kind[:_MAX_LENGTH])!r}{did_you_mean(kind, list(KINDS))}"
        )
    if slash and kind not in SINGLE_KINDS:
        return f"{kind} can be granted as a whole only"
    if slash and not 0 < len(id) <= _MAX_LENGTH:
        return "the id of a single resource is missing, or too long"
    return None


def _levels_issue(resource: str, levels: Json) -> str | None:
    if not isinstance(levels, (list, tuple)) or not levels:
        return f"must be one of {', '.join(LEVELS)}, or a list of them"
    for level in levels:
        if not isinstance(level, str) or level not in LEVELS:
            return f"there is no grant {printable(str(level)[:_MAX_LENGTH])!r}; there are: {', '.join(LEVELS)}{did_you_mean(level, list(LEVELS))}"
    if OFF in levels and len(levels) > 1:
        return "off stands alone"
    kind = resource.partition("/")[0]
    if RUN in levels and kind != EVERY_KIND and RUN not in KINDS[kind]:
        return f"only {', '.join(_RUNNABLE)} can be run, not {kind}"
    return None
