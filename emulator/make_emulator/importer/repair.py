"""Makes of what was read a seed that can be served.

A zone may hold what the emulator refuses, such as a scenario that uses a connection which is gone, or a record that does
not fit its structure any more. Such a thing is left out, or its setting is, and a note says so; what remains is checked
by the same code that checks any seed, until nothing is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..seeds import Seed, SeedError, SeedIssue, check
from ..seeds.issues import SeedPath, format_path
from ..world import blueprint_refs
from .options import JsonObject

#: Kind of list in a team -> what one of its rows is called, and the keys that it can do without.
_RESOURCE_LISTS: dict[str, tuple[str, frozenset[str]]] = {
    "members": ("member", frozenset()),
    "variables": ("variable", frozenset(["type"])),
    "connections": ("connection", frozenset(["label", "accountType", "theme", "metadata", "scopes"])),
    "hooks": ("hook", frozenset(["data"])),
    "functions": ("function", frozenset(["description"])),
    "folders": ("folder", frozenset(["parent"])),
    "dataStructures": ("data structure", frozenset()),
    "dataStores": ("data store", frozenset(["dataStructure"])),
    "scenarios": ("scenario", frozenset(["description", "folder", "created", "active"])),
    "templates": ("template", frozenset(["description", "language", "scheduling"])),
}
#: Lists within a row whose own rows can be left out, one by one.
_NESTED_LISTS = {"records": "record", "runs": "past execution"}
_OPTIONAL_ORGANIZATION_KEYS = frozenset(["license", "created", "countryId", "timezoneId", "zone"])

_NoteCallback = Callable[[str, str], None]


def repair_seed(document: JsonObject, note: _NoteCallback) -> Seed:
    """Change a seed until it is valid, and return it checked.

    Raises:
        SeedError: if that cannot be done.
    """
    _add_placeholder_connections(document["organizations"][0]["teams"][0], note)
    while True:
        try:
            return check(document)
        except SeedError as error:
            mended = {path: fault for fault in error.issues if (path := _removable_path(fault.path))}
            if not mended:
                raise
            _remove_invalid(document, mended, note)


def _add_placeholder_connections(team: JsonObject, note: _NoteCallback) -> None:
    """Put in a connection without a name of its own for each that is used and was not read."""
    known = {row["id"] for row in team["connections"]}
    for id, user, app in _used_connections(team):
        if id not in known:
            known.add(id)
            team["connections"].append({"id": id, "name": f"Connection {id}", "type": app})
            note(f"connection {id}", f"{user} uses it, but it was not read; one of type {app} stands for it")


def _used_connections(team: JsonObject) -> Iterator[tuple[int, str, str]]:
    """The connections that are used, each with the one that uses it and the app that does."""
    for row in team["scenarios"]:
        for node in blueprint_refs.iter_modules(row["blueprint"].get("flow")):
            app = blueprint_refs.split_module_name(node)[0].removeprefix("app#")
            for id in sorted(blueprint_refs.find_module_references(node, "connection")):
                yield id, f"scenario {row['id']}", app
    for row in team["hooks"]:
        id = row.get("data", {}).get("__IMTCONN__")
        if isinstance(id, int) and not isinstance(id, bool):
            yield id, f"hook {row['id']}", row["type"]


def _removable_path(path: SeedPath) -> SeedPath:
    """The smallest thing around a fault that a seed can do without; nothing if there is none."""
    match path:
        case ("organizations", int(), "teams", int(), str(kind), int(), *rest) if kind in _RESOURCE_LISTS:
            row = path[:6]
            match rest:
                case (str(inner), int(), *_) if inner in _NESTED_LISTS:
                    return path[:8]
                case (str(key), *_) if key in _RESOURCE_LISTS[kind][1] or (kind, key) == (
                    "scenarios",
                    "scheduling",
                ):
                    return (*row, key)
            return row
        case ("organizations", int(), "license", str(), *_):
            return path[:4]
        case ("organizations", int(), "members" | "variables", int(), *_):
            return path[:4]
        case ("organizations", int(), str(key), *_) if key in _OPTIONAL_ORGANIZATION_KEYS:
            return path[:3]
    return ()


def _remove_invalid(document: JsonObject, faults: dict[SeedPath, SeedIssue], note: _NoteCallback) -> None:
    """Take out what is at fault, the last ones of each list first, so that the places of the others hold."""
    told: dict[tuple[str, str], int] = {}
    for path in sorted(
        faults, key=lambda path: tuple((str(type(part)), part) for part in path), reverse=True
    ):
        if any(path[:length] in faults for length in range(1, len(path))):
            continue
        holder: Any = document
        for part in path[:-1]:
            holder = holder[part]
        key = _describe_path(document, path), faults[path].text
        told[key] = told.get(key, 0) + 1
        if path[-1] == "scheduling" and path[4] == "scenarios":
            holder["scheduling"] = {"type": "on-demand"}
            holder.pop("active", None)
        else:
            del holder[path[-1]]
    for (what, why), number in reversed(told.items()):
        several = f"{number} {what.replace(' of ', 's of ', 1)}"
        note(several if number > 1 else what, f"left out, for it would be refused: {why}")


def _describe_path(document: JsonObject, path: SeedPath) -> str:
    """``scenario 12``, ``folder of scenario 12``, ``record of data store 3``"""
    if len(path) < 6 or path[4] not in _RESOURCE_LISTS:
        return format_path(path)
    row: JsonObject = document["organizations"][path[1]]["teams"][path[3]][path[4]][path[5]]
    owner = f"{_RESOURCE_LISTS[str(path[4])][0]} {row.get('id', row.get('user', row.get('name')))}"
    if len(path) == 6:
        return owner
    return f"{_NESTED_LISTS.get(str(path[6]), path[6])} of {owner}"
