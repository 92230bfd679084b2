from __future__ import annotations

import json

import pytest

from helpers.api import ApiClient, assert_status

BLUEPRINT = {
    "name": "x",
    "flow": [{"id": 1, "module": "stripe:ActionCreateCustomer", "version": 1}],
    "metadata": {},
}


@pytest.mark.parametrize("blueprint", [BLUEPRINT, json.dumps(BLUEPRINT)])
def test_a_blueprint_is_linted(api: ApiClient, blueprint: object) -> None:
    findings = assert_status(api.control("POST", "/lint", json={"blueprint": blueprint}))["findings"]
    assert findings[0] == {
        "rule": "no-such-module",
        "severity": "error",
        "moduleId": 1,
        "path": "flow[0].module",
        "message": "The app 'stripe' has no module 'stripe:ActionCreateCustomer'.",
        "suggestion": "Did you mean stripe:createCustomer?",
        "patch": [{"op": "replace", "path": "/flow/0/module", "value": "stripe:createCustomer"}],
    }
    ignored = {"blueprint": blueprint, "ignore": ["no-such-module", "missing-connection"]}
    assert assert_status(api.control("POST", "/lint", json=ignored))["findings"] == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "Missing value of parameter 'blueprint'."),
        ({"blueprint": "{"}, "Invalid request: 'blueprint' is not JSON"),
        ({"blueprint": {}, "ignore": ["nothing"]}, "Invalid request: no rule 'nothing'"),
        ({"blueprint": 5}, "Invalid value of parameter 'blueprint'."),
    ],
)
def test_invalid_requests_are_400(api: ApiClient, body: object, text: str) -> None:
    response = assert_status(api.control("POST", "/lint", json=body), 400)
    assert response["detail"].startswith(text)
