"""Checks a seed as a whole before anything is built: its shape, its ids, and what its parts say of each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any

import marshmallow as ma

from ..world.datastores import field_faults
from .blueprints import Library, Unusable, connection_faults, schedule_faults, stamp
from .faults import Fault, Path, SeedError, meant
from .fields import SCOPE_SETS
from .reading import Document
from .shape import SEED

Row = dict[str, Any]

#: Kind of thing -> the key of its list in a team.
OF_TEAMS = {
    "connection": "connections",
    "hook": "hooks",
    "function": "functions",
    "folder": "folders",
    "dataStructure": "data_structures",
    "dataStore": "data_stores",
    "scenario": "scenarios",
    "template": "templates",
}

#: What a seed has that names no users or no tokens. The token is known by heart: that of the default world.
DEFAULT_USER: Row = {"name": "Ada Maker", "email": "ada@example.com", "admin": True}
DEFAULT_TOKEN: Row = {
    "label": "admin",
    "scopes": SCOPE_SETS["all"],
    "token": "11111111-1111-4111-8111-111111111111",
}


@dataclass(frozen=True)
class Seed:
    """A checked seed: every row has its id, every reference is an id, every blueprint was read."""

    users: list[Row]
    tokens: list[Row]
    organizations: list[Row]
    document: Document
    stamps: Mapping[File, tuple[int, int]] = field(default_factory=dict)

    def is_fresh(self) -> bool:
        """Whether the files of its blueprints are as they were."""
        try:
            return all(stamp(path) == before for path, before in self.stamps.items())
        except OSError:
            return False


def checked(document: Document, directory: File | None) -> Seed:
    """Check a seed whose own blueprints lie below a directory.

    Raises:
        SeedError: with every fault, in the order of the lines.
    """
    faults = list(document.faults)
    try:
        data: Row = SEED.load(document.data)
    except ma.ValidationError as error:
        faults += [document.fault(path, text) for path, text in _flat(error.messages)]
        data = error.valid_data if isinstance(error.valid_data, dict) else {}
    check = _Check(document, directory, data, faults)
    check.everything()
    if faults:
        raise SeedError(sorted(faults, key=lambda fault: fault.line or 0))
    return Seed(data["users"], data["tokens"], data["organizations"], document, check.library.stamps)


def _flat(messages: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _flat(inner, path if key == "_schema" else (*path, key))
    else:
        yield from ((path, text) for text in messages)


class _Check:
    """Completes the rows of a seed in place, and notes what is wrong. Rows with faults may lack some of their keys."""

    def __init__(self, document: Document, directory: File | None, data: Row, faults: list[Fault]) -> None:
        self.document = document
        self.library = Library(directory)
        self.data = data
        self.faults = faults
        #: Lists with a fault in them: what cannot be found there may be meant to be there.
        self._unsure = {_list_of(fault.path) for fault in faults}
        self._named: dict[tuple[str, int | str | None], dict[int | str, int]] = {}

    def everything(self) -> None:
        self.data.setdefault("users", [dict(DEFAULT_USER)])
        self.data.setdefault("organizations", [])
        users = list(rows(self.data, "users", ()))
        organizations = list(rows(self.data, "organizations", ()))
        teams = [team for path, row in organizations for team in rows(row, "teams", path)]
        self._addresses(users)
        self._give_ids("user", users)
        self._give_ids("organization", organizations)
        self._give_ids("team", teams)
        for kind, key in OF_TEAMS.items():
            self._give_ids(kind, [item for path, team in teams for item in rows(team, key, path)])
        self._tokens()
        for path, row in organizations:
            self._refer(row, "owner", path, "user", default=True)
            self._members(row, path)
        for path, team in teams:
            self._members(team, path)
            self._team(team, path)

    def _fault(self, path: Path, text: str) -> None:
        self.faults.append(self.document.fault(path, text))

    # --- ids and references ----------------------------------------------------------------------

    def _give_ids(self, kind: str, things: list[tuple[Path, Row]]) -> None:
        """See that no id is given twice, and give one to every row without."""
        taken: set[int] = set()
        for path, row in things:
            id = row.get("id")
            if id in taken:
                self._fault((*path, "id"), f"another {kind} has the id {id}")
            elif id is not None:
                taken.add(id)
        last = 0
        for _, row in things:
            if "id" not in row:
                last = next(
                    id for id in range(last + 1, last + len(things) + 2 + len(taken)) if id not in taken
                )
                row["id"] = last
        for path, row in things:
            # Users are named all over the seed; the things of a team within the team.
            names = self._named.setdefault((kind, str(path[:-2]) if kind in OF_TEAMS else None), {})
            names[row["id"]] = row["id"]
            for name in (row.get("name"), row.get("email") if kind == "user" else None):
                if name is not None:
                    names.setdefault(name, row["id"])

    def _refer(self, row: Row, key: str, path: Path, kind: str, *, default: bool = False) -> None:
        """Put an id in the place of a reference."""
        team = kind in OF_TEAMS
        known = self._named.get((kind, str(path[:-2]) if team else None), {})
        wanted = row.get(key)
        if wanted is None:
            row[key] = next(iter(known.values()), None) if default else None
        elif wanted in known:
            row[key] = known[wanted]
        elif not self._unsure & {f"{kind}s"}:
            names = [name for name in known if isinstance(name, str)] or [str(id) for id in known]
            there = f"; there are: {', '.join(names[:20])}" if names else ""
            place = "in this team " if team else ""
            self._fault(
                (*path, _camel(key)),
                f"there is no {kind} {wanted!r} {place}".rstrip() + there + meant(wanted, names),
            )

    # --- rows ------------------------------------------------------------------------------------

    def _addresses(self, users: list[tuple[Path, Row]]) -> None:
        for _, row in users:
            if "email" not in row and "name" in row:
                words = "".join(letter if letter.isalnum() else " " for letter in row["name"].lower()).split()
                row["email"] = f"{'.'.join(words) or 'user'}@example.com"

    def _tokens(self) -> None:
        if "tokens" not in self.data:
            self.data["tokens"] = [dict(DEFAULT_TOKEN)]
        seen: set[str] = set()
        for place, (path, row) in enumerate(rows(self.data, "tokens", ())):
            self._refer(row, "user", path, "user", default=True)
            row.setdefault("label", f"token-{place + 1}")
            if row.get("token") in seen:
                self._fault((*path, "token"), "another token is the same")
            if "token" in row:
                seen.add(row["token"])

    def _members(self, owner: Row, path: Path) -> None:
        seen: set[Any] = set()
        for here, row in rows(owner, "members", path):
            if "user" in row:
                self._refer(row, "user", here, "user")
                if row["user"] in seen:
                    self._fault((*here, "user"), "this user is a member already")
                seen.add(row["user"])

    def _team(self, team: Row, path: Path) -> None:
        earlier: set[int] = set()
        for here, row in rows(team, "folders", path):
            self._refer(row, "parent", here, "folder")
            if row["parent"] in self._ids(team, "folders") - earlier:
                self._fault((*here, "parent"), "a folder must stand after the one in which it lies")
            earlier.add(row["id"])
        for here, row in rows(team, "data_stores", path):
            self._store(team, row, here)
        connections = self._ids(team, "connections")
        for here, row in rows(team, "scenarios", path):
            self._refer(row, "folder", here, "folder")
            self._blueprint(row, here, connections=connections)
        for here, row in rows(team, "templates", path):
            self._blueprint(row, here, connections=None)

    def _ids(self, team: Row, key: str) -> set[int]:
        return {row["id"] for row in team.get(key, ())}

    def _store(self, team: Row, store: Row, path: Path) -> None:
        self._refer(store, "data_structure", path, "dataStructure")
        structure: Row = next(
            (row for row in team.get("data_structures", ()) if row["id"] == store["data_structure"]), {}
        )
        seen: set[str] = set()
        for here, record in rows(store, "records", path):
            if record.get("key") in seen:
                self._fault((*here, "key"), f"another record of this store has the key {record['key']!r}")
            seen.add(record.get("key", ""))
            if "spec" in structure and "data" in record:
                for fault in field_faults(
                    structure["spec"], record["data"], strict=structure.get("strict", False)
                ):
                    self._fault((*here, "data"), fault.rstrip("."))

    def _blueprint(self, row: Row, path: Path, *, connections: set[int] | None) -> None:
        """Read the blueprint, and set apart the specifications of inputs and outputs that came with it."""
        if "scheduling" in row:
            for text in schedule_faults(row["scheduling"]):
                self._fault((*path, "scheduling"), text)
        if "blueprint" not in row:
            return
        here = (*path, "blueprint")
        try:
            blueprint = self.library.get(row["blueprint"])
        except Unusable as error:
            for text in error.faults:
                self._fault(here, text)
            return
        row["io"] = blueprint.pop("io")
        row["blueprint"] = {**blueprint, "name": row.get("name", blueprint["name"])}
        if connections is not None and "connections" not in self._unsure:
            for text in connection_faults(blueprint, connections):
                self._fault(here, text)
        on_demand = row.get("scheduling", {}).get("type") == "on-demand"
        if connections is not None and row["io"].get("input_spec") and not on_demand:
            self._fault((*path, "scheduling"), "a scenario that takes inputs must be scheduled on demand")


def _list_of(path: Path) -> str | int | None:
    """The list that may hold more than can be seen, where a fault lies at it, in one of its rows, or in a row's name."""
    if path and path[-1] in ("id", "name", "email"):
        path = path[:-1]
    names = [part for part in path[-2:] if isinstance(part, str)]
    return names[-1] if names else None


def rows(owner: Row, key: str, path: Path) -> Iterator[tuple[Path, Row]]:
    """The rows of a list, each with the way to it."""
    for place, row in enumerate(owner.get(key, ())):
        yield (*path, _camel(key), place), row


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)
