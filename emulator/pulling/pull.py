"""The way of one pull: who, what belongs to the team, and a seed made of both."""

from __future__ import annotations

from dataclasses import dataclass

from ..seeds import SeedError
from .belongings import Belongings
from .fitting import fit
from .options import Note, Options, Progress, Row
from .part import Part
from .people import read_me, read_organization, read_people, read_team
from .secrets import Masked
from .steps import Steps
from .zone import Zone, ZoneError


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull brought: a seed that can be served, what it lacks and why, and where secrets were masked."""

    document: Row
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
    everything = Belongings(steps)
    belongings = {
        "connections": everything.connections() or [],
        "hooks": everything.hooks(),
        "folders": everything.folders(),
        "dataStructures": everything.data_structures(),
        "dataStores": everything.data_stores(),
        "scenarios": everything.scenarios(),
        "templates": everything.templates(),
    }
    document: Row = {
        "users": users,
        "organizations": [
            {
                **organization,
                "owner": owner,
                "members": members,
                "teams": [{"id": team["id"], "name": team["name"], "members": team_members, **belongings}],
            }
        ],
    }
    try:
        fit(document, steps.note)
    except SeedError as error:
        raise ZoneError(f"no seed can be made of the team: {error.faults[0]}") from None
    _tidy(document)
    return Pulled(document, steps.notes, part.masked)


def _tidy(document: Row) -> None:
    """Take out the lists that hold nothing: a seed may lack them."""
    for organization in document["organizations"]:
        for row in (organization, *organization["teams"]):
            for key in [key for key, value in row.items() if value == []]:
                del row[key]
