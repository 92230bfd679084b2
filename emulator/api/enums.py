"""The fixed lists that clients offer for choice. Source: API documentation, "Enums"."""

from __future__ import annotations

from ..endpoint import Call, Group, NoPermission
from ..envelope import many
from ..schemas.enums import CountryOut, RegionOut, TimezoneOut
from ..world import enums

group = Group("enums")


@group.get(
    "/enums/countries",
    scopes=[],
    permission=NoPermission("a fixed list"),
    answer=many("countries", CountryOut),
)
def list_countries(call: Call) -> list[enums.Country]:
    """List the countries."""
    return enums.countries()


@group.get(
    "/enums/imt-regions",
    scopes=[],
    permission=NoPermission("a fixed list"),
    answer=many("imtRegions", RegionOut),
)
def list_regions(call: Call) -> list[enums.Region]:
    """List the regions in which an organization can live."""
    return list(enums.REGIONS)


@group.get(
    "/enums/timezones",
    scopes=[],
    permission=NoPermission("a fixed list"),
    answer=many("timezones", TimezoneOut),
)
def list_timezones(call: Call) -> list[enums.Timezone]:
    """List the time zones."""
    return enums.timezones(call.world.now())
