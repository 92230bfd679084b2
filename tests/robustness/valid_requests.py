"""One request for each declared route that the default world answers with 200: what the tests then spoil."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from target import WEBHOOK, Target

from emulator import api
from emulator.endpoint import Endpoint

BLUEPRINT = json.dumps(
    {
        "name": "Valid",
        "flow": [
            {
                "id": 1,
                "module": "scenario-service:ReturnData",
                "version": 2,
                "parameters": {},
                "mapper": {"answer": "{{var.input.name}}"},
            }
        ],
        "metadata": {},
    }
)
CONTROLLER = json.dumps({"name": "Valid", "modules": {}, "idSequence": 2})
ON_DEMAND = json.dumps({"type": "on-demand"})
FIELDS = [{"name": "city", "type": "text", "required": True}]


@dataclass(frozen=True, slots=True)
class Valid:
    """Path parameters, query and JSON body."""

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


_SCENARIO = {"scenarioId": 1}
_STORE = {"dataStoreId": 1}
_RECORD = {"dataStoreId": 1, "key": "order-1001"}
_RUN = {"scenarioId": 1, "executionId": "{run}"}
_HOOK = {"hookId": 1}
_CONNECTION = {"connectionId": 901}
_TEMPLATE = {"templateId": 901}
_PUBLIC = {"templateUrl": "102-webhook-to-email"}
_DLQ = {"dlqId": "broken-1"}
_NEW_VARIABLE = {"name": "NEW", "typeId": 2, "value": "x"}
_ORGANIZATION_VARIABLE = {"organizationId": 1, "variableName": "API_URL"}
_TEAM_VARIABLE = {"teamId": 1, "variableName": "MAX_QUANTITY"}
_FUNCTION = {"functionId": 1}
_TWICE = "function twice(x) { return 2 * x; }"
_ORDER = {"sku": "Z-9", "quantity": 7}

VALID: dict[str, Valid] = {
    "GET /scenarios": Valid(query={"teamId": 1}),
    "GET /scenarios/{scenarioId}": Valid(_SCENARIO),
    "POST /scenarios": Valid(body={"teamId": 1, "blueprint": BLUEPRINT, "scheduling": ON_DEMAND}),
    "PATCH /scenarios/{scenarioId}": Valid(_SCENARIO, body={"name": "Renamed", "description": "Changed"}),
    "POST /scenarios/{scenarioId}/clone": Valid(
        _SCENARIO, {"organizationId": 1}, body={"name": "Copy", "teamId": 1}
    ),
    "DELETE /scenarios/{scenarioId}": Valid(_SCENARIO),
    "POST /scenarios/{scenarioId}/start": Valid({"scenarioId": 4}),
    "POST /scenarios/{scenarioId}/stop": Valid(_SCENARIO),
    "POST /scenarios/{scenarioId}/run": Valid(_SCENARIO, body={"data": {"name": "Zoe"}, "responsive": True}),
    "GET /scenarios/{scenarioId}/blueprint": Valid(_SCENARIO),
    "GET /scenarios/{scenarioId}/blueprints": Valid(_SCENARIO),
    "GET /scenarios/{scenarioId}/interface": Valid(_SCENARIO),
    "PATCH /scenarios/{scenarioId}/interface": Valid(
        _SCENARIO, body={"interface": {"input": FIELDS, "output": None}}
    ),
    "GET /scenarios/{scenarioId}/usage": Valid(_SCENARIO),
    "GET /scenarios/{scenarioId}/logs": Valid(_SCENARIO),
    "GET /scenarios/{scenarioId}/logs/{executionId}": Valid(_RUN),
    "GET /scenarios/{scenarioId}/executions/{executionId}": Valid(_RUN),
    "GET /dlqs": Valid(query={"scenarioId": 1}),
    "GET /dlqs/{dlqId}": Valid(_DLQ),
    "PATCH /dlqs/{dlqId}": Valid(_DLQ, body={"blueprint": BLUEPRINT, "failer": 1}),
    "DELETE /dlqs": Valid(query={"scenarioId": 1, "confirmed": "true"}, body={"ids": ["broken-1"]}),
    "GET /dlqs/{dlqId}/bundle": Valid(_DLQ),
    "GET /dlqs/{dlqId}/logs": Valid(_DLQ),
    "GET /dlqs/{dlqId}/logs/{executionId}": Valid({"dlqId": "broken-1", "executionId": "retried"}),
    "POST /dlqs/{dlqId}/retry": Valid(_DLQ),
    "POST /dlqs/retry": Valid(query={"scenarioId": 1}, body={"all": True}),
    "GET /scenarios-folders": Valid(query={"teamId": 1}),
    "POST /scenarios-folders": Valid(body={"name": "New", "teamId": 1}),
    "PATCH /scenarios-folders/{folderId}": Valid({"folderId": 1}, body={"name": "Renamed"}),
    "DELETE /scenarios-folders/{folderId}": Valid({"folderId": 1}),
    "GET /connections": Valid(query={"teamId": 1}),
    "GET /connections/{connectionId}": Valid(_CONNECTION),
    "POST /connections": Valid(
        query={"teamId": 1},
        body={"accountName": "New", "accountType": "make", "url": "https://eu1.make.com", "apiKey": "x"},
    ),
    "PATCH /connections/{connectionId}": Valid(_CONNECTION, body={"name": "Renamed"}),
    "DELETE /connections/{connectionId}": Valid(_CONNECTION, {"confirmed": "true"}),
    "POST /connections/{connectionId}/test": Valid(_CONNECTION),
    "GET /connections/{connectionId}/editable-data-schema": Valid(_CONNECTION),
    "POST /connections/{connectionId}/set-data": Valid(_CONNECTION, body={"apiKey": "x"}),
    "POST /connections/{connectionId}/scoped": Valid(_CONNECTION, body={"scope": ["read"]}),
    "GET /data-stores": Valid(query={"teamId": 1}),
    "GET /data-stores/{dataStoreId}": Valid(_STORE),
    "POST /data-stores": Valid(body={"name": "New", "teamId": 1, "maxSizeMB": 1, "datastructureId": 1}),
    "PATCH /data-stores/{dataStoreId}": Valid(_STORE, body={"name": "Renamed", "maxSizeMB": 2}),
    "DELETE /data-stores": Valid(query={"teamId": 1, "confirmed": "true"}, body={"ids": [1, 2]}),
    "DELETE /data-stores/{dataStoreId}": Valid(_STORE, {"confirmed": "true"}),
    "GET /data-stores/{dataStoreId}/data": Valid(_STORE),
    "POST /data-stores/{dataStoreId}/data": Valid(_STORE, body={"key": "new", "data": _ORDER}),
    "PUT /data-stores/{dataStoreId}/data/{key}": Valid(_RECORD, body=_ORDER),
    "PATCH /data-stores/{dataStoreId}/data/{key}": Valid(_RECORD, body={"quantity": 8}),
    "DELETE /data-stores/{dataStoreId}/data": Valid(
        _STORE, {"confirmed": "true"}, body={"keys": ["order-1001"]}
    ),
    "GET /data-structures": Valid(query={"teamId": 1}),
    "GET /data-structures/{dataStructureId}": Valid({"dataStructureId": 1}),
    "POST /data-structures": Valid(body={"name": "New", "teamId": 1, "spec": FIELDS, "strict": True}),
    "PATCH /data-structures/{dataStructureId}": Valid(
        {"dataStructureId": 1}, body={"name": "Renamed", "spec": FIELDS}
    ),
    "DELETE /data-structures/{dataStructureId}": Valid({"dataStructureId": 3}),
    "POST /data-structures/{dataStructureId}/clone": Valid({"dataStructureId": 1}, body={"name": "Copy"}),
    "GET /functions": Valid(query={"teamId": 1}),
    "POST /functions": Valid(
        query={"teamId": 1}, body={"name": "twice", "description": "Doubles.", "code": _TWICE}
    ),
    "POST /functions/eval": Valid(query={"teamId": 1}, body={"code": _TWICE}),
    "GET /functions/{functionId}": Valid(_FUNCTION),
    "PATCH /functions/{functionId}": Valid(_FUNCTION, body={"description": "Changed"}),
    "DELETE /functions/{functionId}": Valid(_FUNCTION),
    "GET /functions/{functionId}/history": Valid(_FUNCTION, {"teamId": 1}),
    "GET /hooks": Valid(query={"teamId": 1}),
    "POST /hooks": Valid(body={"name": "New", "teamId": 1, "typeName": "gateway-webhook", **WEBHOOK}),
    "GET /hooks/{hookId}": Valid(_HOOK),
    "PATCH /hooks/{hookId}": Valid(_HOOK, body={"name": "Renamed"}),
    "DELETE /hooks/{hookId}": Valid(_HOOK, {"confirmed": "true"}),
    "GET /scenarios/{scenarioId}/triggers": Valid({"scenarioId": 2}),
    "GET /hooks/{hookId}/ping": Valid(_HOOK),
    "POST /hooks/{hookId}/enable": Valid({"hookId": 2}),
    "POST /hooks/{hookId}/disable": Valid(_HOOK),
    "POST /hooks/{hookId}/set-data": Valid(_HOOK, body={"headers": True}),
    "POST /hooks/{hookId}/learn-start": Valid(_HOOK),
    "POST /hooks/{hookId}/learn-stop": Valid({"hookId": 2}),
    "GET /hooks/{hookId}/incomings": Valid(_HOOK),
    "GET /hooks/{hookId}/incomings/stats": Valid(_HOOK),
    "GET /hooks/{hookId}/incomings/{incomingId}": Valid({"hookId": 1, "incomingId": "waiting"}),
    "DELETE /hooks/{hookId}/incomings": Valid(_HOOK, body={"ids": ["waiting"]}),
    "GET /hooks/{hookId}/logs": Valid(_HOOK),
    "GET /hooks/{hookId}/logs/{logId}": Valid({"hookId": 1, "logId": "delivery"}),
    "GET /teams": Valid(query={"organizationId": 1}),
    "GET /teams/{teamId}": Valid({"teamId": 1}),
    "POST /teams": Valid(body={"name": "New", "organizationId": 1}),
    "PATCH /teams/{teamId}": Valid({"teamId": 1}, body={"name": "Renamed"}),
    "DELETE /teams/{teamId}": Valid({"teamId": 1}, {"confirmed": "true"}),
    "GET /organizations": Valid(),
    "GET /organizations/{organizationId}": Valid({"organizationId": 1}),
    "POST /organizations": Valid(body={"name": "New", "regionId": 1, "timezoneId": 113, "countryId": 4}),
    "PATCH /organizations/{organizationId}": Valid({"organizationId": 1}, body={"name": "Renamed"}),
    "DELETE /organizations/{organizationId}": Valid({"organizationId": 1}, {"confirmed": "true"}),
    "GET /organizations/{organizationId}/variables": Valid({"organizationId": 1}),
    "POST /organizations/{organizationId}/variables": Valid({"organizationId": 1}, body=_NEW_VARIABLE),
    "PATCH /organizations/{organizationId}/variables/{variableName}": Valid(
        _ORGANIZATION_VARIABLE, body={"typeId": 3, "value": True}
    ),
    "DELETE /organizations/{organizationId}/variables/{variableName}": Valid(
        _ORGANIZATION_VARIABLE, {"confirmed": "true"}
    ),
    "GET /organizations/{organizationId}/variables/{variableName}/history": Valid(_ORGANIZATION_VARIABLE),
    "GET /teams/{teamId}/variables": Valid({"teamId": 1}),
    "POST /teams/{teamId}/variables": Valid({"teamId": 1}, body=_NEW_VARIABLE),
    "PATCH /teams/{teamId}/variables/{variableName}": Valid(_TEAM_VARIABLE, body={"value": 7}),
    "DELETE /teams/{teamId}/variables/{variableName}": Valid(_TEAM_VARIABLE, {"confirmed": "true"}),
    "GET /teams/{teamId}/variables/{variableName}/history": Valid(_TEAM_VARIABLE),
    "GET /users": Valid(query={"teamId": 1}),
    "GET /users/by-permission": Valid(
        query={"type": "organization", "permission": "organization users view", "organizationId": 1}
    ),
    "GET /users/me": Valid(),
    "GET /users/me/current-authorization": Valid(),
    "GET /users/roles": Valid(query={"teamId": 1}),
    "GET /users/roles/{roleId}": Valid({"roleId": 3}),
    "GET /templates": Valid(query={"teamId": 1}),
    "GET /templates/{templateId}": Valid(_TEMPLATE),
    "GET /templates/{templateId}/blueprint": Valid(_TEMPLATE),
    "POST /templates": Valid(
        body={
            "teamId": 1,
            "language": "en",
            "blueprint": BLUEPRINT,
            "scheduling": ON_DEMAND,
            "controller": CONTROLLER,
        }
    ),
    "PATCH /templates/{templateId}": Valid(_TEMPLATE, body={"name": "Renamed", "blueprint": BLUEPRINT}),
    "DELETE /templates/{templateId}": Valid(_TEMPLATE, {"confirmed": "true"}),
    "POST /templates/{templateId}/publish": Valid({"templateId": 1}),
    "POST /templates/{templateId}/request-approval": Valid(_TEMPLATE),
    "GET /templates/public": Valid(),
    "GET /templates/public/{templateUrl}": Valid(_PUBLIC),
    "GET /templates/public/{templateUrl}/blueprint": Valid(_PUBLIC),
    "GET /enums/countries": Valid(),
    "GET /enums/imt-regions": Valid(),
    "GET /enums/timezones": Valid(),
}

#: Routes that ask a question with another method than GET: they change nothing.
ONLY_ASKING = {
    "POST /connections/{connectionId}/test",
    "POST /connections/{connectionId}/scoped",
    "POST /functions/eval",
}

#: Kind of thing -> its id in the default world that the admin's organization does not own.
FOREIGN = {
    "organization": 2,
    "team": 2,
    "user": 2,
    "scenario": 5,
    "folder": 2,
    "dataStore": 3,
    "dataStructure": 2,
    "function": 902,
    "connection": 902,
    "template": 902,
    "hook": 3,
    "incompleteExecution": "broken-5",
}


def name_of(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


#: Every declared route by method and path.
ENDPOINTS: dict[str, Endpoint] = {name_of(endpoint): endpoint for endpoint in api.endpoints()}


def path_of(endpoint: Endpoint, target: Target, **changes: Any) -> str:
    """The path of the valid request, with some parameters exchanged for text that is already encoded."""
    path = endpoint.path
    for name, value in {**VALID[name_of(endpoint)].path, **changes}.items():
        if value == "{run}":
            value = target.execution_of(1)
        path = path.replace(f"{{{name}}}", str(value))
    return path
