"""The way of one pull: who, what belongs to the team, and a seed made of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..seeds import Seed, SeedError
from .belongings import Belongings
from .fitting import fit
from .options import Note, Options, Progress, Row
from .part import Part
from .people import license_of, read_me, read_organization, read_people, read_team, read_variables
from .secrets import Masked
from .steps import Steps
from .zone import Zone, ZoneError

#: The lists of a team in a seed, in the order in which they are read and written.
_LISTS: dict[str, Callable[[Belongings], list[Row]]] = {
    "connections": Belongings.connections,
    "hooks": Belongings.hooks,
    "functions": Belongings.functions,
    "folders": Belongings.folders,
    "dataStructures": Belongings.data_structures,
    "dataStores": Belongings.data_stores,
    "scenarios": Belongings.scenarios,
    "templates": Belongings.templates,
}


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull brought: a seed that can be served, what it lacks and why, and where secrets were masked.

    ``seed`` is the document as it was checked.
    """

    document: Row
    seed: Seed
    notes: list[Note]
    masked: list[Masked]

    @property
    def team(self) -> Row:
        team: Row = self.document["organizations"][0]["teams"][0]
        return team


def pull(zone: Zone, options: Options, progress: Progress, part: Part) -> Pulled:
    """Read a team.

    Raises:
        ZoneError: if the zone cannot be read, does not know the token, or has no such team.
        KeyboardInterrupt: if somebody stops it; what was read so far is in the part.
    """
    steps = Steps(zone, part, options, progress)
    me = read_me(steps)
    team = read_team(steps)
    organization = read_organization(steps, team["organizationId"])
    users, owner, members, team_members = read_people(steps, organization["id"], me)
    everything = Belongings(steps, has_functions=license_of(organization)["customFunctions"])
    belongings = {key: read(everything) for key, read in _LISTS.items()}
    document: Row = {
        "users": users,
        "organizations": [
            {
                **organization,
                "owner": owner,
                "members": members,
                "variables": read_variables(steps, "organization", organization["id"]),
                "teams": [
                    {
                        "id": team["id"],
                        "name": team["name"],
                        "members": team_members,
                        "variables": read_variables(steps, "team", team["id"]),
                        **belongings,
                    }
                ],
            }
        ],
    }
    try:
        seed = fit(document, steps.note)
    except SeedError as error:
        raise ZoneError(f"no seed can be made of the team: {error.faults[0]}") from None
    _tidy(document)
    return Pulled(document, seed, steps.notes, part.masked)


def _tidy(document: Row) -> None:
    """Take out the lists that hold nothing: a seed may lack them."""
    for organization in document["organizations"]:
        for team in organization["teams"]:
            for row in (organization, team, *team["scenarios"], *team["dataStores"]):
                for key in [
                    key for key in ("members", "variables", "runs", "records", *_LISTS) if row.get(key) == []
                ]:
                    del row[key]
