"""The served OpenAPI document is valid, and the emulator keeps what it says: schemathesis tries to prove otherwise."""

from __future__ import annotations

import json
import re
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from helpers.api import ADMIN_TOKEN
from helpers.populated_app import PopulatedApp
from helpers.valid_requests import BLUEPRINT, ENDPOINTS

#: Messages for a parameter that breaks a rule of the document: its type, its limits, its presence.
_CALLED_WRONG = re.compile(
    r"Parameter '.*' must |.* is out of range|.* has a wrong length|.* has forbidden characters|Unknown parameter|Missing value"
)

#: Operations whose body is judged by more than the document can say: the fields of a data structure, the inputs of a
#: scenario, what a blueprint holds, the type of a variable.
_JUDGED_BY_THE_WORLD = {
    "POST /organizations/{organizationId}/variables",
    "PATCH /organizations/{organizationId}/variables/{variableName}",
    "POST /teams/{teamId}/variables",
    "PATCH /teams/{teamId}/variables/{variableName}",
    "POST /scenarios",
    "PATCH /scenarios/{scenarioId}",
    "POST /scenarios/{scenarioId}/run",
    "POST /data-stores/{dataStoreId}/data",
    "PUT /data-stores/{dataStoreId}/data/{key}",
    "PATCH /data-stores/{dataStoreId}/data/{key}",
    "POST /connections",
    "POST /connections/{connectionId}/set-data",
    "POST /templates",
    "PATCH /templates/{templateId}",
    "POST /hooks",
    "POST /hooks/{hookId}/set-data",
    # The parameters of a key follow from its type.
    "POST /keys",
    "PATCH /keys/{keyId}",
    # The category has two names, one of which is needed.
    "POST /users/custom-roles",
    # Which id is needed, and which permission fits, follows from the type: no document can say it of a query.
    "GET /users/by-permission",
    # The options are needed for the types that have some.
    "POST /custom-property-structures/{customPropertyStructureId}/custom-property-structure-items",
    # Which values are needed follows from the structure of custom properties.
    "POST /scenarios/{scenarioId}/custom-properties",
    "PUT /scenarios/{scenarioId}/custom-properties",
    # Either the modules or the endpoints of an app are needed.
    "POST /credential-requests/actions/create",
}

# One text that is a valid blueprint and a valid scheduling alike.
schemathesis.openapi.format(
    "json-object", st.sampled_from(["{}", json.dumps({**json.loads(BLUEPRINT), "type": "on-demand"})])
)

_target = PopulatedApp()
_schema = schemathesis.openapi.from_wsgi(
    "/_emulator/openapi.json",
    _target.app,
    config=SchemathesisConfig.from_dict(
        {
            "seed": 1,
            # Unknown parameters of the query are ignored, as real clients rely on: no proof of bad input.
            "generation": {"allow-extra-parameters": False},
            # An array may be too long in items and in bytes at once.
            "checks": {
                "negative_data_rejection": {
                    "expected-statuses": ["400", "401", "403", "404", "406", "409", "413", "422"]
                }
            },
        }
    ),
)


@schemathesis.check
def valid_parameters_are_not_called_wrong(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """Check that an allowed value is rejected for the state of the world only, not for its type or its limits."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 400:
        return
    if case.operation.label not in _JUDGED_BY_THE_WORLD:
        faults = [suberror["message"] for suberror in response.json().get("suberrors", ())]
        assert not [fault for fault in faults if _CALLED_WRONG.match(fault)]


_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    valid_parameters_are_not_called_wrong,
]


def test_the_document_is_valid_openapi() -> None:
    _schema.validate()


def test_the_document_has_every_route() -> None:
    described = {
        operation.ok().label for operation in _schema.get_all_operations() if isinstance(operation, Ok)
    }
    assert described == set(ENDPOINTS)


@_schema.parametrize()
@settings(
    max_examples=4,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    # Bodies of several fields are slow to make up, and the state of the machine is no failure of the emulator.
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_answers_as_the_document_says(case: schemathesis.Case[Any]) -> None:
    response = case.call(headers={"Authorization": f"Token {ADMIN_TOKEN}"})
    case.validate_response(response, checks=_CHECKS)
    if case.method != "GET" and response.status_code == 200:
        _target.reset()
