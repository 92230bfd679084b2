"""Examples of requests, as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from helpers.api import ApiClient
from helpers.populated_app import PopulatedApp
from helpers.valid_requests import ENDPOINTS, VALID_REQUESTS, request_path
from make_emulator.resources import load_fixture

EXAMPLES: dict[str, Any] = load_fixture("request-examples.yaml")


def operations(api: ApiClient) -> dict[str, Any]:
    paths = api.control("GET", "/openapi.json").get_json()["paths"]
    return {
        f"{method.upper()} {path}": operation
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def test_every_example_belongs_to_a_route_and_has_nothing_else() -> None:
    assert set(EXAMPLES) <= set(ENDPOINTS)
    assert {key for example in EXAMPLES.values() for key in example} == {"query", "body"}


def test_every_route_that_takes_a_body_has_one_as_its_example(api: ApiClient) -> None:
    for route, operation in operations(api).items():
        body = operation.get("requestBody")
        if body is None:
            continue
        media = body["content"]["application/json"]
        if body["required"]:
            assert "example" in media, route
        if "example" in media:
            jsonschema.validate(media["example"], media["schema"])


def test_every_required_parameter_has_an_example_in_the_query(api: ApiClient) -> None:
    for route, operation in operations(api).items():
        for parameter in operation["parameters"]:
            if parameter["in"] == "query" and parameter["required"]:
                assert "example" in parameter, (route, parameter["name"])


@pytest.mark.parametrize("route", EXAMPLES)
def test_an_example_is_answered_with_success(route: str) -> None:
    """Each in a world of its own; the ids of the path are those of the populated world."""
    target = PopulatedApp()
    endpoint, valid = ENDPOINTS[route], VALID_REQUESTS[route]
    response = target.call(
        endpoint.method, request_path(endpoint, target), query_string=dict(valid.query), json=valid.body
    )
    assert response.status_code == endpoint.status, response.text
