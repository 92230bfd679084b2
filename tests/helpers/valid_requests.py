"""Valid requests, one for each declared route: the default world answers them with 200, and tests change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from make_emulator import api
from make_emulator.http.endpoint import Endpoint
from make_emulator.resources import load_fixture


@dataclass(frozen=True, slots=True)
class ValidRequest:
    """Path parameters, query and JSON body."""

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


_EXAMPLES: dict[str, Any] = load_fixture("request-examples.yaml")
BLUEPRINT: str = _EXAMPLES["POST /scenarios"]["body"]["blueprint"]
ON_DEMAND: str = _EXAMPLES["POST /scenarios"]["body"]["scheduling"]

#: Routes that ask a question with another method than GET: they change nothing.
READ_ONLY_ROUTES = {
    "POST /connections/{connectionId}/test",
    "POST /connections/{connectionId}/scoped",
    "POST /blueprints/validate",
    "POST /functions/eval",
}

#: Kind of thing -> its id in the default world that the admin's organization does not own.
OTHER_ORGANIZATION_IDS = {
    "organization": 2,
    "team": 2,
    "user": 2,
    "scenario": 5,
    "folder": 2,
    "dataStore": 3,
    "dataStructure": 2,
    "function": 902,
    "connection": 902,
    "key": 902,
    "device": 902,
    "template": 902,
    "hook": 3,
    "note": 902,
    "sharedScenario": "share-5",
    "credentialRequest": "request-2",
    "credential": "pending-2",
    "customPropertyStructure": 902,
    "customPropertyStructureItem": 902,
    "incompleteExecution": "broken-5",
}


def route_of(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


#: Every declared route by method and path.
ENDPOINTS: dict[str, Endpoint] = {route_of(endpoint): endpoint for endpoint in api.endpoints()}


def _request_of(example: Mapping[str, Any]) -> ValidRequest:
    query = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in example.get("query", {}).items()
    }
    return ValidRequest(example.get("path", {}), query, example.get("body"))


class _ValidRequests(dict[str, ValidRequest]):
    def __missing__(self, route: str) -> NoReturn:
        raise LookupError(
            f"{route} has no request yet: add the parameters of its path to fixtures/request-examples.yaml"
        )


#: The examples of the documentation.
VALID_REQUESTS = _ValidRequests(
    {
        route: _request_of(_EXAMPLES.get(route, {}))
        for route in ENDPOINTS
        if route in _EXAMPLES or "{" not in route
    }
)


def request_path(endpoint: Endpoint, **changes: Any) -> str:
    """The path of the valid request, with some parameters exchanged for text that is already encoded."""
    path = endpoint.path
    for name, value in {**VALID_REQUESTS[route_of(endpoint)].path, **changes}.items():
        path = path.replace(f"{{{name}}}", str(value))
    return path
