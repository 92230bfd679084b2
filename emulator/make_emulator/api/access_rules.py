"""Accesses that requests need of an agent, where they do not follow from the scopes and the rows that a request names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from ..engine.runtime import module_access
from ..http.endpoint import AccessRule, ApiCall
from ..json_types import Json
from ..policies.resources import READ, WRITE, Access, Resource


class Identified(Protocol):
    """Row with an id."""

    @property
    def id(self) -> int | str: ...


def copies(kind: str, name: str) -> AccessRule:
    """Returns the rule of a copy: the original is read, and a resource of the kind is created.

    Args:
        name: the name of the row of the original.
    """

    def accesses(call: ApiCall) -> Iterator[Access]:
        yield Access(READ, Resource(kind, str(call.rows[name].id)))
        yield Access(WRITE, Resource(kind))

    return accesses


def part_of(kind: str, name: str, attribute: str) -> AccessRule:
    """Returns the rule of a change of a row that is a part of a resource.

    Args:
        name: the name of the row.
        attribute: the attribute of the row that is the id of the resource.
    """
    return lambda call: (Access(WRITE, Resource(kind, str(getattr(call.rows[name], attribute)))),)


def writes(kind: str, rows: Iterable[Identified]) -> list[Access]:
    """Returns the accesses of a change of all rows that a request selects; without any, that to the kind."""
    ids: list[str | None] = [str(row.id) for row in rows]
    return [Access(WRITE, Resource(kind, id)) for id in ids or [None]]


def uses_of(
    call: ApiCall, blueprint: Mapping[str, Json], current: Mapping[str, Json] | None = None
) -> list[Access]:
    """Returns the accesses of the modules of a new blueprint, of an agent whose runs are checked.

    Else a schedule, or a webhook, would do for the agent what it may not do itself.

    Args:
        current: the blueprint that it replaces, whose accesses are no new ones.
    """
    if call.agent_run is None:
        return []
    return module_access.new_accesses(blueprint, current)
