"""Copies of the state of a world, from which worlds in the same state are made.

Rows never change, so a copy holds references.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import snapshot
from .schema import TABLES
from .world import World


def copy_dicts(world: World) -> dict[str, Mapping[Any, Any]]:
    """Returns the entries of the dicts of a world, by the names of the dicts."""
    return {name: dict(getattr(world, name)) for name in snapshot.DICT_ENTRIES}


def load(world: World, parts: Mapping[str, Mapping[Any, Any]], ids: Mapping[str, Any]) -> None:
    """Loads a state into an empty world.

    Args:
        parts: the rows of tables by key, and the entries of dicts, by the names of tables and dicts; others stay empty.
        ids: the state of the generators of ids.
    """
    load_rows(world, {name: list(rows.values()) for name in TABLES if (rows := parts.get(name))})
    for name in snapshot.DICT_ENTRIES:
        getattr(world, name).update(parts.get(name, {}))
    world.ids.set_state(ids["last"], random=ids["random"], names=ids["names"])


def load_rows(world: World, rows: Mapping[str, Sequence[Any]]) -> None:
    """Loads the rows of tables, by the names of the tables, into an empty world."""
    for name in TABLES:
        if some := rows.get(name):
            world.table(name).bulk_load(some)
