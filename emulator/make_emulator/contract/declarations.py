"""Routes and their aspects to test, derived from the declarations of the endpoints."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from .. import api
from ..http.endpoint import Endpoint

_PATH_PARAMETER = re.compile(r"\{(\w+)\}")


def route_name(endpoint: Endpoint) -> str:
    """Returns the name of a route: ``GET /teams/{teamId}``."""
    return f"{endpoint.method} {endpoint.path}"


@lru_cache(maxsize=1)
def endpoints() -> Mapping[str, Endpoint]:
    """Returns every declared endpoint by its route."""
    return {route_name(endpoint): endpoint for endpoint in api.endpoints()}


@lru_cache(maxsize=1)
def core_endpoints() -> Mapping[str, Endpoint]:
    """Returns the endpoints of the 47 documented routes, by route."""
    return {route: endpoint for route, endpoint in endpoints().items() if endpoint.core}


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """Route of a path, with the values of the path parameters."""

    route: str
    endpoint: Endpoint
    path: Mapping[str, str]


def match_route(method: str, path: str) -> RouteMatch | None:
    """Returns the route of a path below ``/api/v2``; fixed words win over parameters."""
    for pattern, endpoint in _route_patterns():
        if endpoint.method == method and (found := pattern.fullmatch(path)) is not None:
            return RouteMatch(route_name(endpoint), endpoint, found.groupdict())
    return None


@lru_cache(maxsize=1)
def _route_patterns() -> tuple[tuple[re.Pattern[str], Endpoint], ...]:
    ordered = sorted(endpoints().values(), key=lambda endpoint: endpoint.path.count("{"))
    return tuple((_path_pattern(endpoint.path), endpoint) for endpoint in ordered)


def _path_pattern(path: str) -> re.Pattern[str]:
    # The odd parts of the split are the names of parameters.
    parts = _PATH_PARAMETER.split(path)
    return re.compile(
        "".join(f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    )


# --- aspects to test -----------------------------------------------------------------------------


def aspects_to_test(endpoint: Endpoint) -> Iterator[str]:
    """Yields the aspects of a route that its declaration implies; each needs a contract test that ``covers`` it."""
    yield "success"
    if endpoint.scopes:
        yield "scope"
    if has_resource_ids(endpoint):
        yield "hidden"
    if has_input(endpoint):
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
    for name in query_parameter_names(endpoint):
        yield "confirmation" if name == "confirmed" and endpoint.method == "DELETE" else f"query {name}"


def has_resource_ids(endpoint: Endpoint) -> bool:
    """Returns True if a parameter names a resource that may be invisible to the caller."""
    kinds = [kind for _, kind in endpoint.path_types if kind]
    return bool(kinds or endpoint.query_refs or endpoint.body_refs)


def has_input(endpoint: Endpoint) -> bool:
    """Returns True if the route has a parameter that can be invalid."""
    numbers = any(kind for _, kind in endpoint.path_types)
    return bool(
        numbers or query_parameter_names(endpoint) or endpoint.body or endpoint.raw_body or endpoint.paging
    )


def query_parameter_names(endpoint: Endpoint) -> list[str]:
    """Returns the names of the declared query parameters, as they are sent."""
    fields = endpoint.query.load_fields if endpoint.query else {}
    return [field.data_key or name for name, field in fields.items()]
