"""Examples of requests and responses, as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from helpers.api import NOON, ApiClient
from helpers.valid_requests import ENDPOINTS, VALID_REQUESTS, request_path
from make_emulator.app import create_app
from make_emulator.resources import fixture_path, load_fixture
from tools import record_responses

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
    assert {key for example in EXAMPLES.values() for key in example} == {"path", "query", "body"}


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


def test_every_required_parameter_has_an_example(api: ApiClient) -> None:
    for route, operation in operations(api).items():
        for parameter in operation["parameters"]:
            if parameter["required"]:
                assert "example" in parameter, (route, parameter["name"])
            if "example" in parameter:
                jsonschema.validate(parameter["example"], parameter["schema"])


#: The things that the default world does not have; the examples of their routes are sent to a world that has them.
LACKING = (
    "Build variable",
    "Connection",
    "Credential",
    "CredentialRequest",
    "DataStructure '3'",
    "Device",
    "Execution",
    "Folder",
    "Hook log",
    "Incoming",
    "Incomplete execution",
    "IncompleteExecution",
    "Invitation",
    "Note",
    "Notification",
    "OAuth client",
    "Role",
    "SharedScenario",
    "Team '901'",
    "Template",
)


@pytest.mark.parametrize("route", ENDPOINTS)
def test_the_default_world_answers_an_example_with_success(route: str) -> None:
    """Unless it has no such thing, or only organizations that have a structure already."""
    api = ApiClient(create_app(rate_limit=False, now=NOON))
    endpoint, valid = ENDPOINTS[route], VALID_REQUESTS[route]
    response = api.call(
        endpoint.method, request_path(endpoint), query_string=dict(valid.query), json=valid.body
    )
    if response.status_code == 404:
        detail = response.get_json()["detail"]
        assert detail.endswith(" not found."), detail
        assert detail.startswith(tuple(f"{name} " for name in LACKING)), detail
    elif route == "POST /custom-property-structures":
        assert response.status_code == 403
    else:
        assert response.status_code == endpoint.status, response.text


def test_the_examples_of_responses_are_those_that_the_emulator_answers() -> None:
    recorded = fixture_path("response-examples.json").read_text("utf-8")
    assert recorded == record_responses.render(), "run make docs"


def test_every_response_has_an_example_with_the_address_of_the_emulator(api: ApiClient) -> None:
    lacking = []
    for route, operation in operations(api).items():
        media = operation["responses"][str(ENDPOINTS[route].status)]["content"]["application/json"]
        if "example" in media:
            jsonschema.validate(media["example"], media["schema"])
        else:
            lacking.append(route)
    assert set(lacking) == record_responses.LEFT_OUT
    hook = operations(api)["GET /hooks/{hookId}"]["responses"]["200"]["content"]["application/json"]
    assert hook["example"]["hook"]["url"].startswith("http://localhost/hook/")


def test_the_document_of_make_has_no_examples_of_responses(api: ApiClient) -> None:
    for operations_of_path in api.get("/openapi.json").get_json()["paths"].values():
        for operation in operations_of_path.values():
            for response in operation["responses"].values():
                assert "example" not in response["content"]["application/json"]
