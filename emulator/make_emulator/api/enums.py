"""Fixed lists for forms of clients. Source: API documentation, "Enums"."""

from __future__ import annotations

from ..http.endpoint import ApiCall, EndpointGroup, NoPermissionRequired
from ..http.envelope import many
from ..schemas.enums import CountryOut, RegionOut, TimezoneOut
from ..world import enums

group = EndpointGroup("enums")


@group.get(
    "/enums/countries",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=many("countries", CountryOut),
)
def list_countries(call: ApiCall) -> list[enums.Country]:
    """List the countries."""
    return enums.countries()


@group.get(
    "/enums/imt-regions",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=many("imtRegions", RegionOut),
)
def list_regions(call: ApiCall) -> list[enums.Region]:
    """List the regions of organizations."""
    return list(enums.REGIONS)


@group.get(
    "/enums/timezones",
    scopes=[],
    permission=NoPermissionRequired("a fixed list"),
    response=many("timezones", TimezoneOut),
)
def list_timezones(call: ApiCall) -> list[enums.Timezone]:
    """List the time zones."""
    return enums.timezones(call.world.now())
