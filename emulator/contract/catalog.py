"""What the declarations of the endpoints promise: which route a path belongs to, and what of it a test has to try."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from .. import api
from ..endpoint import Endpoint

_PARAMETER = re.compile(r"\{(\w+)\}")


def route_of(endpoint: Endpoint) -> str:
    """The name of a route: ``GET /teams/{teamId}``."""
    return f"{endpoint.method} {endpoint.path}"


@lru_cache(maxsize=1)
def endpoints() -> Mapping[str, Endpoint]:
    """Every declared endpoint by its route."""
    return {route_of(endpoint): endpoint for endpoint in api.endpoints()}


@lru_cache(maxsize=1)
def core() -> Mapping[str, Endpoint]:
    """The endpoints of the 47 documented routes."""
    return {route: endpoint for route, endpoint in endpoints().items() if endpoint.core}


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a path, and the texts that stand for its parameters."""

    route: str
    endpoint: Endpoint
    path: Mapping[str, str]


def match(method: str, path: str) -> Match | None:
    """Find the route of a path below ``/api/v2``; fixed words win over parameters."""
    for pattern, endpoint in _patterns():
        if endpoint.method == method and (found := pattern.fullmatch(path)) is not None:
            return Match(route_of(endpoint), endpoint, found.groupdict())
    return None


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], Endpoint], ...]:
    ordered = sorted(endpoints().values(), key=lambda endpoint: endpoint.path.count("{"))
    return tuple((_pattern(endpoint.path), endpoint) for endpoint in ordered)


def _pattern(path: str) -> re.Pattern[str]:
    # The odd parts of the split are the names of parameters.
    parts = _PARAMETER.split(path)
    return re.compile(
        "".join(f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    )


# --- what there is to try ------------------------------------------------------------------------


def aspects_of(endpoint: Endpoint) -> Iterator[str]:
    """What a client can see of a route, by its declaration; each needs a contract test that ``covers`` it."""
    yield "success"
    if endpoint.scopes:
        yield "scope"
    if names_a_resource(endpoint):
        yield "hidden"
    if takes_input(endpoint):
        yield "validation"
    if endpoint.paging is not None:
        yield "paging"
        if endpoint.paging.sort is not None:
            yield "sorting"
    if endpoint.cols:
        yield "cols"
    if endpoint.plan is not None:
        yield "plan"
    yield "rate limit" if endpoint.rate_limited else "no rate limit"
    for name in query_names(endpoint):
        yield "confirmation" if name == "confirmed" and endpoint.method == "DELETE" else f"query {name}"


def names_a_resource(endpoint: Endpoint) -> bool:
    """Whether the caller names something that may be out of its sight."""
    kinds = [kind for _, kind in endpoint.path_types if kind]
    return bool(kinds or endpoint.query_refs or endpoint.body_refs)


def takes_input(endpoint: Endpoint) -> bool:
    """Whether there is something that a caller can get wrong."""
    numbers = any(kind for _, kind in endpoint.path_types)
    return bool(numbers or query_names(endpoint) or endpoint.body or endpoint.raw_body or endpoint.paging)


def query_names(endpoint: Endpoint) -> list[str]:
    """The names of the declared query parameters, as they are sent."""
    fields = endpoint.query.load_fields if endpoint.query else {}
    return [field.data_key or name for name, field in fields.items()]
