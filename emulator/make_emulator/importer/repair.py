"""Repair of an imported seed until it is valid.

A zone may contain what the emulator rejects, such as a scenario with a deleted connection, or a record that violates its
structure. Such a resource or setting is removed, with a note, until the validation of seeds finds no issue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..document_issues import format_path
from ..json_types import JsonObject
from ..seeds import Seed, SeedError, SeedIssue, check
from ..seeds.issues import SeedPath
from ..world import blueprint_refs

#: List of a team -> the name of one of its rows, and its optional keys.
_RESOURCE_LISTS: dict[str, tuple[str, frozenset[str]]] = {
    "members": ("member", frozenset()),
    "variables": ("variable", frozenset(["type"])),
    "connections": ("connection", frozenset(["label", "accountType", "theme", "metadata", "scopes"])),
    "keys": ("key", frozenset()),
    "credentialRequests": ("credential request", frozenset(["description", "user", "provider", "created"])),
    "devices": ("device", frozenset(["scope", "info"])),
    "hooks": ("hook", frozenset(["data"])),
    "functions": ("function", frozenset(["description"])),
    "folders": ("folder", frozenset(["parent"])),
    "dataStructures": ("data structure", frozenset()),
    "dataStores": ("data store", frozenset(["dataStructure"])),
    "scenarios": ("scenario", frozenset(["description", "folder", "created", "active", "customProperties"])),
    "templates": ("template", frozenset(["description", "language", "scheduling"])),
}
#: Lists within a row whose own rows can be removed one by one.
_NESTED_LISTS = {
    "records": "record",
    "runs": "past execution",
    "connections": "connection",
    "keys": "key",
}
_OPTIONAL_ORGANIZATION_KEYS = frozenset(
    ["license", "created", "countryId", "timezoneId", "zone", "customProperties"]
)

_NoteCallback = Callable[[str, str], None]


def repair_seed(document: JsonObject, note: _NoteCallback) -> Seed:
    """Repairs a seed in place and returns it validated.

    Raises:
        SeedError: if it cannot be repaired.
    """
    _add_placeholder_connections(document["organizations"][0]["teams"][0], note)
    while True:
        try:
            return check(document)
        except SeedError as error:
            removable = {path: issue for issue in error.issues if (path := _removable_path(issue.path))}
            if not removable:
                raise
            _remove_invalid(document, removable, note)


def _add_placeholder_connections(team: JsonObject, note: _NoteCallback) -> None:
    """Adds a placeholder for each connection that is used and was not read."""
    known = {row["id"] for row in team["connections"]}
    for id, user, app in _used_connections(team):
        if id not in known:
            known.add(id)
            team["connections"].append({"id": id, "name": f"Connection {id}", "type": app})
            note(
                f"connection {id}",
                f"{user} uses it, but it was not read; a placeholder of type {app} is added",
            )


def _used_connections(team: JsonObject) -> Iterator[tuple[int, str, str]]:
    """Yields the used connections: id, the resource that uses it, and the app."""
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
    """Returns the path of the smallest optional part around an issue; empty if there is none."""
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
        case ("organizations", int(), "customRoles" | "members" | "variables", int(), *_):
            return path[:4]
        case ("organizations", int(), str(key), *_) if key in _OPTIONAL_ORGANIZATION_KEYS:
            return path[:3]
    return ()


def _remove_invalid(document: JsonObject, issues: dict[SeedPath, SeedIssue], note: _NoteCallback) -> None:
    """Removes invalid parts, the last ones of each list first, so that the indexes of the others stay valid."""
    counts: dict[tuple[str, str], int] = {}
    for path in sorted(
        issues, key=lambda path: tuple((str(type(part)), part) for part in path), reverse=True
    ):
        if any(path[:length] in issues for length in range(1, len(path))):
            continue
        parent: Any = document
        for part in path[:-1]:
            parent = parent[part]
        key = _describe_path(document, path), issues[path].text
        counts[key] = counts.get(key, 0) + 1
        if path[-1] == "scheduling" and path[4] == "scenarios":
            parent["scheduling"] = {"type": "on-demand"}
            parent.pop("active", None)
        else:
            del parent[path[-1]]
    for (what, why), number in reversed(counts.items()):
        several = f"{number} {what.replace(' of ', 's of ', 1)}"
        note(several if number > 1 else what, f"removed, since it is invalid: {why}")


def _describe_path(document: JsonObject, path: SeedPath) -> str:
    """Describes a path: ``scenario 12``, ``folder of scenario 12``, ``record of data store 3``."""
    if len(path) < 6 or path[4] not in _RESOURCE_LISTS:
        return format_path(path)
    row: JsonObject = document["organizations"][path[1]]["teams"][path[3]][path[4]][path[5]]
    owner = f"{_RESOURCE_LISTS[str(path[4])][0]} {row.get('id', row.get('name', row.get('user')))}"
    if len(path) == 6:
        return owner
    return f"{_NESTED_LISTS.get(str(path[6]), path[6])} of {owner}"
