"""What a seed holds, as things that can be compared: a kind, a name, and fields in which ids may have become names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..seeds import Seed
from ..seeds.checking import OF_TEAMS
from ..seeds.teams import look_of
from ..world import blueprints, hook_types
from ..world.clock import SECOND, iso
from ..world.roles import ROLES

Row = dict[str, Any]

#: Fields that tell of the past, not of how the team is set up.
_VOLATILE = frozenset(["created", "started", "runs"])
#: What a blueprint has from where it was saved.
_OF_PLACE = frozenset(["instant", "zone"])

_WORDS = {"dataStructure": "data structure", "dataStore": "data store"}
_ROLES = {role.id: role.name for role in ROLES}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two seeds that are compared.

    ``team`` is the only team that counts, ``None`` if all do; without ``has_records`` its data stores were not read
    to the end.
    """

    label: str
    seed: Seed
    team: int | None = None
    has_records: bool = True

    def teams(self) -> list[tuple[Row, Row]]:
        """The organizations and teams that count."""
        return [
            (organization, team)
            for organization in self.seed.organizations
            for team in organization["teams"]
            if self.team in (None, team["id"])
        ]


@dataclass(frozen=True, slots=True)
class Thing:
    """A scenario, a hook, a user …; ``identity`` is what the same thing has on the other side."""

    kind: str
    id: int
    name: str
    identity: tuple[Any, ...]
    fields: Row

    def __str__(self) -> str:
        return f"{self.kind} {self.id} {self.name!r}"


@dataclass(frozen=True, slots=True)
class View:
    """How things are looked at.

    ``by_name`` lets things be the same that have the same name, whatever their ids; ``everything`` includes times
    and past executions.
    """

    by_name: bool = False
    everything: bool = False
    records: bool = True
    one_team: bool = True


def things(side: Side, view: View) -> Iterator[Thing]:
    """Everything on a side, in the order of the seed."""
    users = {row["id"]: row for row in side.seed.users}
    teams = side.teams()
    concerned = {
        member["user"]
        for organization, team in teams
        for member in [*organization["members"], *team["members"]]
    } | {organization["owner"] for organization, _ in teams}
    for id, row in users.items():
        if side.team is None or id in concerned:
            identity = row["email"] if view.by_name else id
            yield Thing(
                "user",
                id,
                row["name"],
                ("user", identity),
                _plain({"name": row["name"], "email": row["email"]}),
            )
    seen: set[int] = set()
    for organization, team in teams:
        if organization["id"] not in seen:
            seen.add(organization["id"])
            yield _organization(organization, users, view)
        yield from _Team(organization, team, users, view).things()


def _organization(row: Row, users: Mapping[int, Row], view: View) -> Thing:
    fields = {key: row[key] for key in row if key not in ("id", "teams", "members", "owner")}
    fields |= {
        "owner": _user(users, row["owner"], view),
        "members": _members(row, users, view),
        "variables": _variables(row),
    }
    return Thing("organization", row["id"], row["name"], _place(row, view), _kept(fields, view))


def _place(row: Row, view: View) -> tuple[Any, ...]:
    """Where one team is compared with another, the two are the same by definition."""
    return () if view.one_team else (row["name"] if view.by_name else row["id"],)


def _user(users: Mapping[int, Row], id: int, view: View) -> Any:
    return users[id]["email"] if view.by_name and id in users else id


def _members(row: Row, users: Mapping[int, Row], view: View) -> Row:
    return {
        str(_user(users, member["user"], view)): _ROLES.get(member["role"], member["role"])
        for member in row["members"]
    }


def _variables(row: Row) -> Row:
    return {variable["name"]: variable["value"] for variable in row["variables"]}


class _Team:
    """The things of one team; by name, what refers to a thing of the team names it."""

    def __init__(self, organization: Row, team: Row, users: Mapping[int, Row], view: View) -> None:
        self._organization, self._team, self._users, self._view = organization, team, users, view
        self._names = {
            kind: {row["id"]: row.get("name") or row.get("blueprint", {}).get("name") for row in team[key]}
            for kind, key in OF_TEAMS.items()
        }

    def things(self) -> Iterator[Thing]:
        team, view = self._team, self._view
        place = _place(team, view)
        fields = {
            "name": team["name"],
            "members": _members(team, self._users, view),
            "variables": _variables(team),
        }
        yield Thing("team", team["id"], team["name"], ("team", *place), _kept(fields, view))
        for kind, key in OF_TEAMS.items():
            counts: dict[str, int] = {}
            for row in team[key]:
                name = str(self._names[kind][row["id"]])
                # Of several with one name, the first is the first of the other side.
                counts[name] = counts.get(name, 0) + 1
                own = (name, counts[name]) if view.by_name else (row["id"],)
                yield Thing(
                    _WORDS.get(kind, kind),
                    row["id"],
                    name,
                    (kind, *place, *own),
                    _kept(self._fields(kind, row), view),
                )

    def _fields(self, kind: str, row: Row) -> Row:
        fields = {key: value for key, value in row.items() if key not in ("id", "io")}
        for key, other in (("folder", "folder"), ("parent", "folder"), ("data_structure", "dataStructure")):
            if key in fields:
                fields[key] = self._named(other, fields[key])
        if "records" in fields:
            records = {record["key"]: record.get("data") for record in fields.pop("records")}
            if self._view.records:
                fields["records"] = records
        if "blueprint" in fields:
            fields |= {"name": row["blueprint"]["name"], "blueprint": self._blueprint(row["blueprint"])}
        match kind:
            case "scenario":
                fields |= {"inputs": row["io"].get("input_spec"), "outputs": row["io"].get("output_spec")}
            case "connection":
                fields |= look_of(row)._asdict()
            case "hook":
                fields["data"] = self._hook_data(row)
        return fields

    def _hook_data(self, row: Row) -> Row:
        """The settings of a hook, those included that its type sets."""
        kind = hook_types.hook_types().get(row["type"])
        defaults = (
            {field["name"]: field["default"] for field in kind.fields if "default" in field} if kind else {}
        )
        data = {**defaults, **row["data"]}
        if "__IMTCONN__" in data:
            data["__IMTCONN__"] = self._named("connection", data["__IMTCONN__"])
        return data

    def _named(self, kind: str, id: Any) -> Any:
        return self._names[kind].get(id, id) if self._view.by_name else id

    def _blueprint(self, blueprint: Row) -> Row:
        named = {kind: self._names[kind] for kind in blueprints.REFERENCES} if self._view.by_name else {}
        copy = blueprints.remapped({key: value for key, value in blueprint.items() if key != "name"}, named)
        if self._view.everything:
            return copy
        copy["metadata"] = {key: value for key, value in copy["metadata"].items() if key not in _OF_PLACE}
        for node in blueprints.modules(copy["flow"]):
            metadata = node.get("metadata")
            designer = metadata.get("designer") if isinstance(metadata, dict) else None
            if isinstance(designer, dict):
                # Where a module lies on the canvas changes nothing.
                for axis in ("x", "y"):
                    designer.pop(axis, None)
        return copy


def _kept(fields: Row, view: View) -> Row:
    return _plain({key: value for key, value in fields.items() if view.everything or key not in _VOLATILE})


def _plain(fields: Row) -> Row:
    """Fields as the writer of a seed knows them, as JSON; those without a value are left out."""
    plain: Row = {}
    for name, value in fields.items():
        head, *tail = name.split("_")
        key = head + "".join(word.capitalize() for word in tail)
        if value not in (None, (), [], {}, ""):
            plain[key] = _json(name, value)
    return plain


def _json(name: str, value: Any) -> Any:
    match value:
        case (int(moment), int(offset)) if name in ("created", "started", "at"):
            return iso(moment + offset) if moment else f"{offset // SECOND} s from now"
        case tuple():
            return list(value)
        case list() if name == "runs":
            return [_plain(run) for run in value]
    return value
