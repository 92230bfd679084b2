"""Import of one team: users, organization and the resources of the team, as a valid seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..json_types import JsonObject
from ..redaction.blueprints import MaskedValue
from ..seeds import Seed, SeedError
from .checkpoint import Checkpoint
from .client import ZoneClient, ZoneError
from .options import ImportNote, ImportOptions, Progress
from .organization_reader import (
    effective_license,
    read_custom_properties,
    read_custom_roles,
    read_members,
    read_organization,
    read_team,
    read_token_user,
    read_variables,
)
from .repair import repair_seed
from .steps import StepRunner
from .team_reader import TeamReader

#: The lists of a team in a seed, in the order in which they are read and written.
_TEAM_LISTS: dict[str, Callable[[TeamReader], list[JsonObject]]] = {
    "connections": TeamReader.connections,
    "keys": TeamReader.keys,
    "credentialRequests": TeamReader.credential_requests,
    "devices": TeamReader.devices,
    "hooks": TeamReader.hooks,
    "functions": TeamReader.functions,
    "folders": TeamReader.folders,
    "dataStructures": TeamReader.data_structures,
    "dataStores": TeamReader.data_stores,
    "scenarios": TeamReader.scenarios,
    "templates": TeamReader.templates,
}


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Result of an import: a valid seed, its differences from the zone, and the locations of masked secrets.

    ``seed`` is the validated ``document``.
    """

    document: JsonObject
    seed: Seed
    notes: list[ImportNote]
    masked: list[MaskedValue]

    @property
    def team(self) -> JsonObject:
        team: JsonObject = self.document["organizations"][0]["teams"][0]
        return team


def pull(
    zone: ZoneClient, options: ImportOptions, progress: Progress, checkpoint: Checkpoint
) -> ImportResult:
    """Imports a team.

    Raises:
        ZoneError: if the zone cannot be read, does not know the token, or has no such team.
        KeyboardInterrupt: if it is interrupted; the checkpoint has what was read so far.
    """
    steps = StepRunner(zone, checkpoint, options, progress)
    me = read_token_user(steps)
    team = read_team(steps)
    organization = read_organization(steps, team["organizationId"])
    roles = read_custom_roles(steps, organization["id"])
    users, owner, members, team_members = read_members(steps, organization["id"], me, roles)
    properties = read_custom_properties(steps, organization)
    reader = TeamReader(
        steps,
        has_functions=effective_license(organization)["customFunctions"],
        has_custom_properties=bool(properties),
    )
    resources = {key: read(reader) for key, read in _TEAM_LISTS.items()}
    document: JsonObject = {
        "users": users,
        "organizations": [
            {
                **organization,
                "owner": owner,
                "customRoles": roles,
                "members": members,
                "variables": read_variables(steps, "organization", organization["id"]),
                **({"customProperties": properties} if properties is not None else {}),
                "teams": [
                    {
                        "id": team["id"],
                        "name": team["name"],
                        "members": team_members,
                        "variables": read_variables(steps, "team", team["id"]),
                        **resources,
                    }
                ],
            }
        ],
    }
    try:
        seed = repair_seed(document, steps.add_note)
    except SeedError as error:
        raise ZoneError(f"the team cannot be converted to a seed: {error.issues[0]}") from None
    _drop_empty_lists(document)
    return ImportResult(document, seed, steps.notes, checkpoint.masked)


def _drop_empty_lists(document: JsonObject) -> None:
    """Removes empty lists, which are optional in a seed."""
    for organization in document["organizations"]:
        for team in organization["teams"]:
            for row in (organization, team, *team["scenarios"], *team["dataStores"]):
                for key in [
                    key
                    for key in ("customRoles", "members", "variables", "runs", "records", *_TEAM_LISTS)
                    if row.get(key) == []
                ]:
                    del row[key]
