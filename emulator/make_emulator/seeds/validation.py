"""Validation of a seed as a whole before anything is built: its schema, its ids, and its references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path as File
from typing import Any

import marshmallow as ma

from ..plain_text import did_you_mean
from ..world import roles
from ..world.custom_roles import LAST_BUILT_IN_ID
from ..world.data_stores import find_field_issues
from .blueprint_library import (
    BlueprintLibrary,
    UnusableBlueprintError,
    find_connection_issues,
    find_schedule_issues,
)
from .fields import SCOPE_SETS, UUID4
from .issues import SeedError, SeedIssue, SeedPath
from .schema import SEED_SCHEMA
from .seed import TEAM_RESOURCE_KEYS, Seed, SeedRow, camel_case, iter_rows
from .yaml_reader import SeedDocument

#: The user and the token of a seed that declares none. The token is the documented one of the default world.
DEFAULT_USER: SeedRow = {"name": "Ada Maker", "email": "ada@example.com", "admin": True}
DEFAULT_TOKEN: SeedRow = {
    "label": "admin",
    "scopes": SCOPE_SETS["all"],
    "token": "11111111-1111-4111-8111-111111111111",
}


def validate(document: SeedDocument, directory: File | None) -> Seed:
    """Validates a seed whose own blueprints are below a directory.

    Raises:
        SeedError: with every issue, in the order of the lines.
    """
    issues = list(document.issues)
    try:
        data: SeedRow = SEED_SCHEMA.load(document.data)
    except ma.ValidationError as error:
        issues += [document.issue_at(path, text) for path, text in _flatten_messages(error.messages)]
        data = error.valid_data if isinstance(error.valid_data, dict) else {}
    validator = _Validator(document, directory, data, issues)
    validator.run()
    if issues:
        raise SeedError(sorted(issues, key=lambda issue: issue.line or 0))
    return Seed(
        data["settings"],
        data["users"],
        data["tokens"],
        data["oauth_clients"],
        data["agents"],
        data["modules"],
        data["organizations"],
        document,
        validator.library.file_stamps,
    )


def _flatten_messages(messages: Any, path: SeedPath = ()) -> Iterator[tuple[SeedPath, str]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _flatten_messages(inner, path if key == "_schema" else (*path, key))
    else:
        yield from ((path, text) for text in messages)


class _Validator:
    """Validator that completes the rows of a seed in place. Rows with issues may lack some of their keys."""

    def __init__(
        self, document: SeedDocument, directory: File | None, data: SeedRow, issues: list[SeedIssue]
    ) -> None:
        self.document = document
        self.library = BlueprintLibrary(directory)
        self.data = data
        self.issues = issues
        #: Lists with issues: a missing row may be an invalid one, so references to it are not reported.
        self._incomplete_lists = {_enclosing_list(issue.path) for issue in issues}
        self._ids_by_name: dict[tuple[str, int | str | None], dict[int | str, int]] = {}

    def run(self) -> None:
        """Validates all rows: assigns ids, resolves references, reads blueprints."""
        self.data.setdefault("users", [dict(DEFAULT_USER)])
        self.data.setdefault("organizations", [])
        users = list(iter_rows(self.data, "users", ()))
        organizations = list(iter_rows(self.data, "organizations", ()))
        teams = [team for path, row in organizations for team in iter_rows(row, "teams", path)]
        self._assign_emails(users)
        self._assign_ids("user", users)
        self._assign_ids("organization", organizations)
        self._custom_roles(
            [row for path, owner in organizations for row in iter_rows(owner, "custom_roles", path)]
        )
        self._assign_ids("team", teams)
        self._assign_ids(
            "custom property",
            [item for path, row in organizations for item in iter_rows(row, "custom_properties", path)],
        )
        for kind, key in TEAM_RESOURCE_KEYS.items():
            self._assign_ids(kind, [item for path, team in teams for item in iter_rows(team, key, path)])
        self._tokens()
        self._oauth_clients()
        self._agents()
        for path, row in organizations:
            self._resolve_reference(row, "owner", path, "user", default=True)
            self._members(row, path, "organization", row)
            for here, team in iter_rows(row, "teams", path):
                self._resolve_reference(team, "private_space_of", here, "user")
                self._members(team, here, "team", row)
                self._team(team, here)

    def _add_issue(self, path: SeedPath, text: str) -> None:
        self.issues.append(self.document.issue_at(path, text))

    # --- ids and references ----------------------------------------------------------------------

    def _assign_ids(self, kind: str, rows: list[tuple[SeedPath, SeedRow]], *, above: int = 0) -> None:
        """Rejects duplicate ids, and assigns one to every row without, greater than ``above``."""
        taken: set[int] = set()
        for path, row in rows:
            id = row.get("id")
            if id in taken:
                self._add_issue((*path, "id"), f"another {kind} has the id {id}")
            elif id is not None:
                taken.add(id)
        last = above
        for _, row in rows:
            if "id" not in row:
                last = next(
                    id for id in range(last + 1, last + len(rows) + 2 + len(taken)) if id not in taken
                )
                row["id"] = last
        for path, row in rows:
            # Names of users are global in the seed; those of a team's resources are local to the team.
            names = self._ids_by_name.setdefault(
                (kind, str(path[:-2]) if kind in TEAM_RESOURCE_KEYS else None), {}
            )
            names[row["id"]] = row["id"]
            for name in (row.get("name"), row.get("email") if kind == "user" else None):
                if name is not None:
                    names.setdefault(name, row["id"])

    def _resolve_reference(
        self,
        row: SeedRow,
        key: str,
        path: SeedPath,
        kind: str,
        *,
        default: bool = False,
        team_path: SeedPath | None = None,
    ) -> None:
        """Replaces a reference by the id of its row.

        Args:
            team_path: the team, if the row does not stand directly in one of its lists.
        """
        team = kind in TEAM_RESOURCE_KEYS
        known = self._ids_by_name.get((kind, str(team_path or path[:-2]) if team else None), {})
        reference = row.get(key)
        if reference is None:
            row[key] = next(iter(known.values()), None) if default else None
        elif reference in known:
            row[key] = known[reference]
        elif not self._incomplete_lists & {f"{kind}s"}:
            names = [name for name in known if isinstance(name, str)] or [str(id) for id in known]
            there = f"; there are: {', '.join(names[:20])}" if names else ""
            place = "in this team " if team else ""
            self._add_issue(
                (*path, camel_case(key)),
                f"there is no {kind} {reference!r} {place}".rstrip() + there + did_you_mean(reference, names),
            )

    # --- rows ------------------------------------------------------------------------------------

    def _assign_emails(self, users: list[tuple[SeedPath, SeedRow]]) -> None:
        for _, row in users:
            if "email" not in row and "name" in row:
                words = "".join(letter if letter.isalnum() else " " for letter in row["name"].lower()).split()
                row["email"] = f"{'.'.join(words) or 'user'}@example.com"

    def _tokens(self) -> None:
        if "tokens" not in self.data:
            self.data["tokens"] = [dict(DEFAULT_TOKEN)]
        seen: set[str] = set()
        for place, (path, row) in enumerate(iter_rows(self.data, "tokens", ())):
            self._resolve_reference(row, "user", path, "user", default=True)
            row.setdefault("label", f"token-{place + 1}")
            if row.get("token") in seen:
                self._add_issue((*path, "token"), "another token is the same")
            if "token" in row:
                seen.add(row["token"])

    def _oauth_clients(self) -> None:
        taken = {row["token"] for row in self.data["tokens"] if "token" in row}
        for path, row in iter_rows(self.data, "oauth_clients", ()):
            if row.get("id") in taken:
                self._add_issue((*path, "id"), "another client, or a token, has the same")
            if "id" in row:
                taken.add(row["id"])

    def _agents(self) -> None:
        """Replaces tokens and OAuth clients by their rows; a token that is not declared has to be a text."""
        names: set[str] = set()
        taken: list[SeedRow] = []
        for path, row in iter_rows(self.data, "agents", ()):
            if row.get("name") in names:
                self._add_issue((*path, "name"), f"another agent has the name {row['name']!r}")
            names.add(row.get("name", ""))
            for key, of, fields in (
                ("token", "tokens", ("label", "token")),
                ("oauth_client", "oauth_clients", ("name", "id")),
            ):
                reference = row.get(key)
                if reference is None:
                    row[key] = None
                    continue
                rows = self.data.get(of, [])
                found = next(
                    (each for each in rows if reference in (each.get(field) for field in fields)), None
                )
                if found is not None and any(found is each for each in taken):
                    self._add_issue((*path, camel_case(key)), "another agent has the same")
                if found is None and key == "token" and UUID4.fullmatch(reference):
                    found = {**DEFAULT_TOKEN, "label": row.get("name", ""), "token": reference}
                    self.data["tokens"].append(found)
                    self._resolve_reference(found, "user", path, "user", default=True)
                if found is None and not self._incomplete_lists & {camel_case(of)}:
                    known = [str(each[fields[0]]) for each in rows if fields[0] in each]
                    kind = key.replace("_", " ").replace("oauth", "OAuth")
                    there = f"; there are: {', '.join(known[:20])}" if known else ""
                    self._add_issue(
                        (*path, camel_case(key)),
                        f"there is no {kind} {reference!r}{there}{did_you_mean(reference, known)}",
                    )
                if found is not None:
                    taken.append(found)
                row[key] = found

    def _custom_roles(self, rows: list[tuple[SeedPath, SeedRow]]) -> None:
        self._assign_ids("custom role", rows, above=LAST_BUILT_IN_ID)
        own = {role.id: role.name for role in roles.ROLES}
        for path, row in rows:
            if row["id"] in own:
                self._add_issue((*path, "id"), f"{own[row['id']]!r} has the id {row['id']}")

    def _role(self, row: SeedRow, path: SeedPath, category: str, organization: SeedRow) -> None:
        """Replaces the reference to a custom role by its id."""
        own = [role for role in roles.ROLES if role.category == category]
        if any(role.id == row["role"] for role in own):
            return
        custom = [role for role in organization.get("custom_roles", ()) if role.get("category") == category]
        for role in custom:
            if row["role"] in (role["id"], role.get("name")):
                row["role"] = role["id"]
                return
        if not self._incomplete_lists & {"customRoles"}:
            names = [*(role.name for role in own), *(role["name"] for role in custom if "name" in role)]
            self._add_issue(
                (*path, "role"),
                f"there is no {category} role {row['role']!r}; there are: {', '.join(names)}"
                + did_you_mean(row["role"], names),
            )

    def _members(self, owner: SeedRow, path: SeedPath, category: str, organization: SeedRow) -> None:
        seen: set[Any] = set()
        for here, row in iter_rows(owner, "members", path):
            if "role" in row:
                self._role(row, here, category, organization)
            if "user" in row:
                self._resolve_reference(row, "user", here, "user")
                if row["user"] in seen:
                    self._add_issue((*here, "user"), "this user is a member already")
                seen.add(row["user"])

    def _team(self, team: SeedRow, path: SeedPath) -> None:
        for here, row in iter_rows(team, "credential_requests", path):
            for key in ("user", "provider"):
                self._resolve_reference(row, key, here, "user")
            for key, kind in (("connections", "connection"), ("keys", "key")):
                for there, item in iter_rows(row, key, here):
                    self._resolve_reference(item, kind, there, kind, team_path=path)
        earlier: set[int] = set()
        for here, row in iter_rows(team, "folders", path):
            self._resolve_reference(row, "parent", here, "folder")
            if row["parent"] in self._ids(team, "folders") - earlier:
                self._add_issue((*here, "parent"), "a folder must come after its parent")
            earlier.add(row["id"])
        for here, row in iter_rows(team, "data_stores", path):
            self._store(team, row, here)
        connections = self._ids(team, "connections")
        for here, row in iter_rows(team, "scenarios", path):
            self._resolve_reference(row, "folder", here, "folder")
            self._blueprint(row, here, connections=connections)
        for here, row in iter_rows(team, "toolboxes", path):
            for there, tool in iter_rows(row, "tools", here):
                if "scenario" in tool:
                    self._resolve_reference(tool, "scenario", there, "scenario", team_path=path)
        for here, row in iter_rows(team, "templates", path):
            self._blueprint(row, here, connections=None)

    def _ids(self, team: SeedRow, key: str) -> set[int]:
        return {row["id"] for row in team.get(key, ())}

    def _store(self, team: SeedRow, store: SeedRow, path: SeedPath) -> None:
        self._resolve_reference(store, "data_structure", path, "dataStructure")
        structure: SeedRow = next(
            (row for row in team.get("data_structures", ()) if row["id"] == store["data_structure"]), {}
        )
        seen: set[str] = set()
        for here, record in iter_rows(store, "records", path):
            if record.get("key") in seen:
                self._add_issue((*here, "key"), f"another record of this store has the key {record['key']!r}")
            seen.add(record.get("key", ""))
            if "spec" in structure and "data" in record:
                for text in find_field_issues(
                    structure["spec"], record["data"], strict=structure.get("strict", False)
                ):
                    self._add_issue((*here, "data"), text.rstrip("."))

    def _blueprint(self, row: SeedRow, path: SeedPath, *, connections: set[int] | None) -> None:
        """Reads the blueprint, and separates the specifications of inputs and outputs that it contains."""
        if "scheduling" in row:
            for text in find_schedule_issues(row["scheduling"]):
                self._add_issue((*path, "scheduling"), text)
        if "blueprint" not in row:
            return
        here = (*path, "blueprint")
        try:
            blueprint = self.library.get(row["blueprint"])
        except UnusableBlueprintError as error:
            for text in error.issues:
                self._add_issue(here, text)
            return
        row["io"] = blueprint.pop("io")
        row["blueprint"] = {**blueprint, "name": row.get("name", blueprint["name"])}
        if connections is not None and "connections" not in self._incomplete_lists:
            for text in find_connection_issues(blueprint, connections):
                self._add_issue(here, text)
        on_demand = row.get("scheduling", {}).get("type") == "on-demand"
        if connections is not None and row["io"].get("input_spec") and not on_demand:
            self._add_issue((*path, "scheduling"), "a scenario that takes inputs must be scheduled on demand")


def _enclosing_list(path: SeedPath) -> str | int | None:
    """The list that an issue makes incomplete: an issue of the list, of one of its rows, or of a row's name."""
    if path and path[-1] in ("id", "name", "email"):
        path = path[:-1]
    names = [part for part in path[-2:] if isinstance(part, str)]
    return names[-1] if names else None
