"""Comparable resources of a seed: kind, name, and fields in which ids may be replaced by names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..json_types import JsonObject, as_mapping
from ..seeds import Seed
from ..seeds.seed import TEAM_RESOURCE_KEYS
from ..world import blueprint_refs, connections, hooks
from ..world.clock import SECOND, format_iso
from ..world.roles import ROLES

#: Fields of the history of a team rather than its setup.
_HISTORY_FIELDS = frozenset(["created", "started", "runs", "incomings"])
#: Metadata of a blueprint that depend on the place where it was saved.
_LOCATION_METADATA = frozenset(["instant", "zone"])

_KIND_LABELS = {"dataStructure": "data structure", "dataStore": "data store"}
_ROLE_NAMES = {role.id: role.name for role in ROLES}


@dataclass(frozen=True, slots=True)
class DiffSide:
    """One of the two compared seeds.

    ``team`` restricts it to one team, ``None`` to none; without ``has_records`` its data stores were not read to the
    end.
    """

    label: str
    seed: Seed
    team: int | None = None
    has_records: bool = True

    def teams(self) -> list[tuple[JsonObject, JsonObject]]:
        """Returns the compared teams, each with its organization."""
        return [
            (organization, team)
            for organization in self.seed.organizations
            for team in organization["teams"]
            if self.team in (None, team["id"])
        ]


@dataclass(frozen=True, slots=True)
class Resource:
    """Scenario, hook, user or other resource; ``identity`` equals that of the same resource on the other side."""

    kind: str
    id: int
    name: str
    identity: tuple[Any, ...]
    fields: JsonObject

    def __str__(self) -> str:
        return f"{self.kind} {self.id} {self.name!r}"


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """Options of a comparison.

    ``by_name`` matches resources by name rather than by id; ``include_history`` includes times and past executions.
    """

    by_name: bool = False
    include_history: bool = False
    records: bool = True
    one_team: bool = True


def list_resources(side: DiffSide, options: DiffOptions) -> Iterator[Resource]:
    """Yields all resources of a side, in the order of the seed."""
    users = {row["id"]: row for row in side.seed.users}
    teams = side.teams()
    members = {
        member["user"]
        for organization, team in teams
        for member in [*organization["members"], *team["members"]]
    } | {organization["owner"] for organization, _ in teams}
    for id, row in users.items():
        if side.team is None or id in members:
            identity = row["email"] if options.by_name else id
            yield Resource(
                "user",
                id,
                row["name"],
                ("user", identity),
                _json_fields({"name": row["name"], "email": row["email"]}),
            )
    seen: set[int] = set()
    for organization, team in teams:
        if organization["id"] not in seen:
            seen.add(organization["id"])
            yield _organization_resource(organization, users, options)
        yield from _TeamResources(organization, team, users, options).list_resources()


def _organization_resource(
    row: JsonObject, users: Mapping[int, JsonObject], options: DiffOptions
) -> Resource:
    fields = {key: row[key] for key in row if key not in ("id", "teams", "members", "owner")}
    fields |= {
        "owner": _user_key(users, row["owner"], options),
        "custom_roles": _custom_roles(row),
        "members": _members(row, row, users, options),
        "variables": _variables(row),
    }
    if "custom_properties" in row:
        fields["custom_properties"] = {
            item["name"]: {key: value for key, value in item.items() if key not in ("id", "name")}
            for item in row["custom_properties"]
        }
    return Resource(
        "organization",
        row["id"],
        row["name"],
        _parent_identity(row, options),
        _compared_fields(fields, options),
    )


def _parent_identity(row: JsonObject, options: DiffOptions) -> tuple[Any, ...]:
    """Returns the identity of an organization or team; if both sides have one team, these are the same."""
    return () if options.one_team else (row["name"] if options.by_name else row["id"],)


def _user_key(users: Mapping[int, JsonObject], id: int, options: DiffOptions) -> Any:
    return users[id]["email"] if options.by_name and id in users else id


def _members(
    row: JsonObject, organization: JsonObject, users: Mapping[int, JsonObject], options: DiffOptions
) -> JsonObject:
    names = {**_ROLE_NAMES, **{role["id"]: role["name"] for role in organization["custom_roles"]}}
    return {
        str(_user_key(users, member["user"], options)): names.get(member["role"], member["role"])
        for member in row["members"]
    }


def _custom_roles(organization: JsonObject) -> JsonObject:
    """Returns the custom roles by name, without their ids."""
    return {
        role["name"]: _json_fields({key: value for key, value in role.items() if key not in ("id", "name")})
        for role in organization["custom_roles"]
    }


def _variables(row: JsonObject) -> JsonObject:
    return {variable["name"]: variable["value"] for variable in row["variables"]}


class _TeamResources:
    """Resources of one team; compared by name, references are replaced by names."""

    def __init__(
        self,
        organization: JsonObject,
        team: JsonObject,
        users: Mapping[int, JsonObject],
        options: DiffOptions,
    ) -> None:
        self._organization, self._team, self._users, self._options = organization, team, users, options
        self._names = {
            kind: {row["id"]: row.get("name") or row.get("blueprint", {}).get("name") for row in team[key]}
            for kind, key in TEAM_RESOURCE_KEYS.items()
        }

    def list_resources(self) -> Iterator[Resource]:
        team, options = self._team, self._options
        parent = _parent_identity(team, options)
        fields = {
            "name": team["name"],
            "private_space_of": self._private_space_owner(),
            "members": _members(team, self._organization, self._users, options),
            "variables": _variables(team),
        }
        yield Resource("team", team["id"], team["name"], ("team", *parent), _compared_fields(fields, options))
        for kind, key in TEAM_RESOURCE_KEYS.items():
            counts: dict[str, int] = {}
            for row in team[key]:
                name = str(self._names[kind][row["id"]])
                # Several of one name are matched in their order.
                counts[name] = counts.get(name, 0) + 1
                own = (name, counts[name]) if options.by_name else (row["id"],)
                yield Resource(
                    _KIND_LABELS.get(kind, kind),
                    row["id"],
                    name,
                    (kind, *parent, *own),
                    _compared_fields(self._fields(kind, row), options),
                )

    def _private_space_owner(self) -> Any:
        owner = self._team.get("private_space_of")
        return None if owner is None else _user_key(self._users, owner, self._options)

    def _fields(self, kind: str, row: JsonObject) -> JsonObject:
        fields = {key: value for key, value in row.items() if key not in ("id", "io")}
        for key, other in (("folder", "folder"), ("parent", "folder"), ("data_structure", "dataStructure")):
            if key in fields:
                fields[key] = self._name_of(other, fields[key])
        if "records" in fields:
            records = {record["key"]: record.get("data") for record in fields.pop("records")}
            if self._options.records:
                fields["records"] = records
        if "blueprint" in fields:
            fields |= {"name": row["blueprint"]["name"], "blueprint": self._blueprint(row["blueprint"])}
        match kind:
            case "scenario":
                fields |= {"inputs": row["io"].get("input_spec"), "outputs": row["io"].get("output_spec")}
            case "connection":
                fields |= connections.account_appearance(
                    row["type"],
                    label=row.get("label"),
                    account_type=row.get("account_type"),
                    theme=row.get("theme"),
                )._asdict()
            case "key":
                # Secrets, which a report must not show; a pulled seed has none anyway.
                fields.pop("parameters", None)
            case "hook":
                fields["data"] = self._hook_data(row)
        return fields

    def _hook_data(self, row: JsonObject) -> JsonObject:
        """Returns the settings of a hook, including the defaults of its type."""
        kind = hooks.all_hook_types().get(row["type"])
        defaults = (
            {field["name"]: field["default"] for field in kind.fields if "default" in field} if kind else {}
        )
        data = {**defaults, **row["data"]}
        if "__IMTCONN__" in data:
            data["__IMTCONN__"] = self._name_of("connection", data["__IMTCONN__"])
        return data

    def _name_of(self, kind: str, id: Any) -> Any:
        return self._names[kind].get(id, id) if self._options.by_name else id

    def _blueprint(self, blueprint: JsonObject) -> JsonObject:
        named = (
            {kind: self._names[kind] for kind in blueprint_refs.REFERENCE_FIELDS}
            if self._options.by_name
            else {}
        )
        copy = blueprint_refs.remap_references(
            {key: value for key, value in blueprint.items() if key != "name"}, named
        )
        if self._options.include_history:
            return copy
        copy["metadata"] = {
            key: value for key, value in as_mapping(copy["metadata"]).items() if key not in _LOCATION_METADATA
        }
        for node in blueprint_refs.iter_modules(copy["flow"]):
            metadata = node.get("metadata")
            designer = metadata.get("designer") if isinstance(metadata, dict) else None
            if isinstance(designer, dict):
                # The position of a module on the canvas has no effect.
                for axis in ("x", "y"):
                    designer.pop(axis, None)
        return copy


def _compared_fields(fields: JsonObject, options: DiffOptions) -> JsonObject:
    return _json_fields(
        {key: value for key, value in fields.items() if options.include_history or key not in _HISTORY_FIELDS}
    )


def _json_fields(fields: JsonObject) -> JsonObject:
    """Returns fields as JSON under the names of a seed file, without empty ones."""
    plain: JsonObject = {}
    for name, value in fields.items():
        head, *tail = name.split("_")
        key = head + "".join(word.capitalize() for word in tail)
        if value not in (None, (), [], {}, ""):
            plain[key] = _json_value(name, value)
    return plain


def _json_value(name: str, value: Any) -> Any:
    match value:
        case (int(moment), int(offset)) if name in ("created", "started", "at"):
            return format_iso(moment + offset) if moment else f"{offset // SECOND} s from now"
        case tuple():
            return list(value)
        case list() if name == "runs":
            return [_json_fields(run) for run in value]
    return value
