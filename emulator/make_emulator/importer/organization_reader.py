"""Reader of the organization of a team and the members of both.

Sources: API documentation, "Organizations", "Teams > User team roles", "Organizations > User organization roles",
"Users". Only the members of the team, the owner of the organization and the token's user are read: the emulated
team needs no other user.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..json_types import JsonObject
from ..seeds.schema import LicenseSection
from ..world.plans import PLANS
from ..world.roles import (
    ORGANIZATION_MEMBER,
    ORGANIZATION_OWNER,
    PERMISSION_CATEGORIES,
    ROLES,
    TEAM_ADMIN,
    TEAM_MEMBER,
)
from .client import ErrorResponseError, NotFoundError, ZoneError, extract_rows
from .rows import custom_property_row, custom_role_row, variable_row
from .steps import StepRunner

#: The page size of lists of users.
PAGE_SIZE = 500

#: The columns of a seed, and those that determine the plan.
_USER_COLUMNS = ("id", "name", "email")
_ORGANIZATION_COLUMNS = (
    *("id", "name", "zone", "countryId", "timezoneId", "createdAt"),
    *("license", "productName", "serviceName"),
)

_ROLE_CATEGORIES = {role.id: role.category for role in ROLES}
_ROLE_COLUMNS = ("id", "name", "category", "description", "permissions")


def read_token_user(steps: StepRunner) -> JsonObject:
    """Returns the user of the token: the first of the seed, so that its default token is theirs."""
    row: JsonObject | None = steps.read_optional(
        "the token's user",
        "user:read",
        "me",
        lambda: _user_columns(steps.zone.get("users", "me")["authUser"]),
    )
    return row or {"id": 1, "name": "User 1"}


def read_team(steps: StepRunner) -> JsonObject:
    """Returns name and organization of the team.

    Raises:
        ZoneError: if it is not visible to the token.
    """
    id = steps.options.team_id

    def read() -> JsonObject:
        try:
            team = steps.zone.get("teams", id)["team"]
        except NotFoundError:
            raise ZoneError(
                f"{steps.zone.address} has no team {id}, or the token's user does not belong to it (404)"
            ) from None
        return {"id": team["id"], "name": team["name"], "organizationId": team["organizationId"]}

    team = steps.read_optional("the team's name", "teams:read", "team", read)
    organization_id = steps.options.organization_id
    if team is None:
        if organization_id is None:
            raise ZoneError("the token may not read the team, so --organization-id is required")
        return {"id": id, "name": f"Team {id}", "organizationId": organization_id}
    if organization_id not in (None, team["organizationId"]):
        raise ZoneError(
            f"team {id} belongs to organization {team['organizationId']}, not to {organization_id}"
        )
    row: JsonObject = team
    return row


def read_organization(steps: StepRunner, id: int) -> JsonObject:
    """Returns the organization with its plan, and the values of its license that differ from the plan."""

    def read() -> JsonObject:
        row = steps.zone.get("organizations", id)["organization"]
        return {key: row[key] for key in _ORGANIZATION_COLUMNS if row.get(key) is not None}

    row = steps.read_optional("the organization", "organizations:read", "organization", read)
    if row is None:
        steps.add_note("the plan", "assumed to be free, the smallest one")
        return {"id": id, "name": f"Organization {id}", "plan": "free"}
    license = row.get("license") or {}
    if isinstance(limit := license.get("apiLimit"), int):
        steps.zone.throttle.limit = limit
    plan = _infer_plan(steps, row.get("productName") or row.get("serviceName"), limit)
    organization: JsonObject = {"id": row["id"], "name": row["name"], "plan": plan}
    if own := _license_overrides(plan, license):
        organization["license"] = own
    for key, field in (("zone", "zone"), ("createdAt", "created")):
        if key in row:
            organization[field] = row[key]
    if "zone" in organization:
        organization["zone"] = str(organization["zone"]).removesuffix(".make.com")
    organization |= {key: row[key] for key in ("countryId", "timezoneId") if key in row}
    return organization


def _infer_plan(steps: StepRunner, product: Any, limit: Any) -> str:
    """Returns the plan by the name of the product, or else by its requests a minute."""
    name = str(product or "").casefold()
    for plan, (shown, _) in PLANS.items():
        if name == shown.casefold():
            return plan
    limit = limit if isinstance(limit, int) else 0
    plan = [plan for plan, (_, license) in PLANS.items() if license.api_limit <= limit or plan == "free"][-1]
    called = f"the emulator has none called {product!r}" if product else "its name is unknown"
    steps.add_note("the plan", f"{called}; {plan} is the nearest")
    return plan


def _license_overrides(plan: str, license: Mapping[str, Any]) -> JsonObject:
    """Returns the values of a license that differ from the plan."""
    from_plan = plan_license(plan)
    return {
        key: license[key]
        for key, value in from_plan.items()
        if type(license.get(key)) is type(value) and license[key] != value
    }


def effective_license(organization: JsonObject) -> JsonObject:
    """Returns the license of an organization, under the names of the API."""
    return {**plan_license(organization["plan"]), **organization.get("license", {})}


def plan_license(plan: str) -> JsonObject:
    """Returns the license of a plan, under the names of the API."""
    license = PLANS[plan][1]
    fields = LicenseSection().load_fields.items()
    return {str(field.data_key): getattr(license, name) for name, field in fields}


def read_variables(steps: StepRunner, owner: str, id: int) -> list[JsonObject]:
    """Returns the custom variables of an organization or a team; the system variables exist in any world."""

    def read() -> JsonObject:
        response = steps.zone.get(f"{owner}s", id, "variables")
        rows = extract_rows(response, f"{owner}Variables")
        return {"variables": [variable_row(row) for row in rows if not row.get("isSystem")]}

    what = f"variables of the {owner}"
    found: JsonObject = steps.read_optional(what, f"{owner}-variables:read", what, read) or {"variables": []}
    rows: list[JsonObject] = found["variables"]
    return sorted(rows, key=lambda row: str(row["name"]))


def read_custom_properties(steps: StepRunner, organization: JsonObject) -> list[JsonObject] | None:
    """Returns the custom properties of an organization's scenarios; ``None`` if it has no structure of them."""
    if not effective_license(organization)["customProperties"]:
        return None

    def read() -> JsonObject:
        area = "custom-property-structures"
        response = steps.zone.get(area, organizationId=organization["id"])
        structures = extract_rows(response, "customPropertyStructures")
        rows = [
            custom_property_row(row)
            for structure in structures
            for row in extract_rows(
                steps.zone.get(area, structure["id"], "custom-property-structure-items", cols=["*"]),
                "customPropertyStructureItems",
            )
        ]
        return {"items": rows if structures else None}

    what = "custom properties"
    found = steps.read_optional(what, "custom-property-structures:read", what, read)
    return found["items"] if found else None


def read_custom_roles(steps: StepRunner, organization_id: int) -> list[JsonObject]:
    """Returns the custom roles of the organization; none if its plan has none."""

    def read() -> list[JsonObject]:
        response = steps.zone.get("users", "roles", organizationId=organization_id, cols=_ROLE_COLUMNS)
        rows = extract_rows(response, "usersRoles")
        return [custom_role_row(row) for row in rows if row["id"] not in _ROLE_CATEGORIES]

    found: list[JsonObject] = steps.read_optional("custom roles", "user:read", "custom roles", read) or []
    for row in found:
        unknown = [name for name in row["permissions"] if PERMISSION_CATEGORIES.get(name) != row["category"]]
        if unknown:
            steps.add_note(
                f"permissions of custom role {row['id']}", f"the emulator does not know: {', '.join(unknown)}"
            )
            row["permissions"] = [name for name in row["permissions"] if name not in unknown]
    return sorted(found, key=lambda row: int(row["id"]))


def read_members(
    steps: StepRunner, organization_id: int, me: JsonObject, custom_roles: Iterable[JsonObject]
) -> tuple[list[JsonObject], int, list[JsonObject], list[JsonObject]]:
    """Returns the users, the owner's id, and the members of the organization and of the team without the owner."""
    team_id = steps.options.team_id
    categories = {**_ROLE_CATEGORIES, **{row["id"]: row["category"] for row in custom_roles}}
    team_roles = _read_roles(steps, "team", "teams", team_id)
    organization_roles = _read_roles(steps, "organization", "organizations", organization_id)
    of_team = steps.read_optional(
        "the team's members", "user:read", "users of the team", lambda: _list_users(steps, teamId=team_id)
    )
    users = {me["id"]: me} | {user["id"]: user for user in of_team or [] if user["id"] != me["id"]}
    owner = _ensure_owner(steps, organization_id, organization_roles, users)
    others = [id for id in users if id != owner]
    if not team_roles:
        # Only members and owners can read a team.
        team_roles = dict.fromkeys([me["id"], *(user["id"] for user in of_team or [])], TEAM_MEMBER)
        steps.add_note(
            "the roles in the team", "they cannot be read; every user is assumed to be a team member"
        )
    organization_members = [
        {"user": id, "role": _known_role(steps, categories, id, organization_roles.get(id), "organization")}
        for id in others
    ]
    team_members = [
        {"user": id, "role": _known_role(steps, categories, id, team_roles[id], "team")}
        for id in others
        if id in team_roles
    ]
    if team_roles.get(owner, TEAM_ADMIN) != TEAM_ADMIN:
        steps.add_note(f"the role of user {owner} in the team", "an owner is the administrator of every team")
    rest = sorted((row for row in users.values() if row["id"] != me["id"]), key=lambda row: int(row["id"]))
    return [users[me["id"]], *rest], owner, organization_members, team_members


def _ensure_owner(
    steps: StepRunner, organization_id: int, roles: Mapping[int, int], users: dict[int, JsonObject]
) -> int:
    """Returns the id of the organization's owner after adding them to the users; a placeholder if the owner is unknown."""
    owner = next((user for user, role in roles.items() if role == ORGANIZATION_OWNER), None)
    if owner is None:
        # Not the token's user, who may have fewer permissions than an owner.
        owner = max(users) + 1
        users[owner] = {"id": owner, "name": "Owner"}
        steps.add_note("the organization's owner", "it cannot be read; a placeholder is added")
    elif owner not in users:
        found = steps.read_optional(
            "the organization's owner",
            "user:read",
            "owner",
            lambda: [row for row in _list_users(steps, organizationId=organization_id) if row["id"] == owner],
        )
        users[owner] = found[0] if found else {"id": owner, "name": f"User {owner}"}
    return owner


def _known_role(
    steps: StepRunner, categories: Mapping[int, str], user: int, role: int | None, category: str
) -> int:
    if role is not None and categories.get(role) == category:
        return role
    default_role = TEAM_MEMBER if category == "team" else ORGANIZATION_MEMBER
    if role is not None:
        steps.add_note(
            f"the role {role} of user {user}", f"the emulator has no such {category} role; it is a member"
        )
    return default_role


def _user_columns(row: Mapping[str, Any]) -> JsonObject:
    return {key: row[key] for key in _USER_COLUMNS if row.get(key) is not None}


def _list_users(steps: StepRunner, **query: int) -> list[JsonObject]:
    found: dict[int, JsonObject] = {}
    while True:
        page = steps.zone.page(
            "users",
            "users",
            limit=PAGE_SIZE,
            offset=len(found),
            **query,
            **{"pg[sortBy]": "id", "pg[sortDir]": "asc"},
        )
        before = len(found)
        found |= {row["id"]: _user_columns(row) for row in page.rows}
        if page.is_last or len(found) == before:
            return list(found.values())


def _read_roles(steps: StepRunner, category: str, area: str, id: int) -> dict[int, int]:
    """Returns user -> role, from the list of roles, or else from the list of users of each role."""
    rows = steps.read_optional(
        f"the roles in the {category}",
        "user:read",
        f"roles in the {category}",
        lambda: _list_roles(steps, category, area, id),
    )
    return {row[0]: row[1] for row in rows or ()}


def _list_roles(steps: StepRunner, category: str, area: str, id: int) -> list[list[int]]:
    key = f"user{category.capitalize()}Roles"
    try:
        rows: Iterable[JsonObject] = extract_rows(steps.zone.get(area, id, f"user-{category}-roles"), key)
        return [[row["userId"], row["usersRoleId"]] for row in rows]
    except ErrorResponseError:
        pass
    pairs: list[list[int]] = []
    owner = {f"{category}Id": id}
    for role in extract_rows(steps.zone.get("users", "roles", category=category, **owner), "usersRoles"):
        query = {**owner, f"{category}RoleId": role["id"]}
        pairs += [[user["id"], role["id"]] for user in _list_users(steps, **query)]
    return pairs
