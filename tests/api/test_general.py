"""Routes that take no token: the description of the API, and the validation of blueprints."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis

from helpers.api import ApiClient, assert_ok, assert_refused
from make_emulator import api as declarations

SET_VARIABLE = {
    "id": 1,
    "module": "util:SetVariable2",
    "version": 1,
    "mapper": {"name": "x", "scope": "roundtrip", "value": "1"},
}


def validated(api: ApiClient, *flow: Any, **rest: Any) -> dict[str, Any]:
    blueprint = {"name": "Checked", "flow": list(flow), "metadata": {}, **rest}
    response = api.post("/blueprints/validate", json={"blueprint": blueprint}, token=None)
    return assert_ok(response)


def test_the_document_describes_every_route_as_openapi_3_0(api: ApiClient) -> None:
    document = assert_ok(api.get("/openapi.json", token=None))
    assert document["openapi"] == "3.0.0"
    schemathesis.openapi.from_dict(document).validate()
    described = {
        f"{method.upper()} {path}" for path, operations in document["paths"].items() for method in operations
    }
    assert described == {endpoint.route for endpoint in declarations.endpoints()}
    assert document["servers"] == [{"url": "http://localhost/api/v2"}]
    assert document["paths"]["/scenarios/{scenarioId}/run"]["post"]["security"] == [
        {"token": ["scenarios:read", "scenarios:write", "scenarios:run"]}
    ]
    assert document["paths"]["/openapi.json"]["get"]["security"] == []
    assert "'null'" not in str(document)


def test_a_token_is_not_asked_for_and_an_unknown_one_does_not_matter(api: ApiClient) -> None:
    for token in (None, api.token, "99999999-9999-4999-8999-999999999999"):
        response = api.get("/openapi.json", token=token)
        assert response.status_code == 200
        assert "X-RateLimit-Limit" not in response.headers
    entries = api.control("GET", "/worlds/default/requests").json["requests"]  # type: ignore[index]
    assert [entry["decision"] for entry in entries[-3:]] == ["served"] * 3


def test_a_fault_hits_a_route_without_a_token(api: ApiClient) -> None:
    fault = {"path": "/blueprints/*", "status": 403, "times": 1}
    assert api.control("POST", "/worlds/default/faults", json=fault).status_code in (200, 201)
    body = {"blueprint": {"name": "x", "flow": [], "metadata": {}}}
    assert api.post("/blueprints/validate", json=body, token=None).status_code == 403
    assert api.post("/blueprints/validate", json=body, token=None).status_code == 200


def test_a_good_blueprint_is_valid(api: ApiClient) -> None:
    assert validated(api, SET_VARIABLE) == {"valid": True, "errors": []}


def test_each_error_has_its_place_its_problem_and_a_fix(api: ApiClient) -> None:
    unknown = {"id": 2, "module": "http:ActionSendData", "version": 9, "mapper": {}}
    result = validated(api, SET_VARIABLE, unknown)
    assert result["valid"] is False
    [error] = result["errors"]
    assert set(error) == {"path", "problem", "fix"}
    assert error["path"] == "flow[1].module"
    assert "version 9" in error["problem"]
    assert error["fix"]


def test_an_invented_module_is_an_error_wherever_it_lies(api: ApiClient) -> None:
    inner = {"id": 3, "module": "json:NoSuchModule", "version": 1}
    router = {"id": 2, "module": "builtin:BasicRouter", "version": 1, "routes": [{"flow": [inner]}]}
    result = validated(api, SET_VARIABLE, router)
    assert [error["path"] for error in result["errors"]] == ["flow[1].routes[0].flow[0].module"]


@pytest.mark.parametrize(
    "body", [{}, {"blueprint": None}, {"blueprint": "{}"}, {"blueprint": []}, {"other": {}}]
)
def test_a_body_without_a_blueprint_is_refused(api: ApiClient, body: Any) -> None:
    assert_refused(api.post("/blueprints/validate", json=body, token=None), 400, code="SC400")


def test_an_incomplete_blueprint_is_not_valid_and_names_what_is_missing(api: ApiClient) -> None:
    response = assert_ok(api.post("/blueprints/validate", json={"blueprint": {}}, token=None))
    assert response["valid"] is False
    problems = " ".join(error["problem"] for error in response["errors"])
    for name in ("name", "flow", "metadata"):
        assert f"'{name}'" in problems
