"""Valid requests, one for each declared route: the default world answers them with 200, and tests change them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from make_emulator import api
from make_emulator.http.endpoint import Endpoint

from .populated_app import INVITATION, WEBHOOK_DATA, PopulatedApp

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
STRUCTURE_FIELDS = [{"name": "city", "type": "text", "required": True}]


@dataclass(frozen=True, slots=True)
class ValidRequest:
    """Path parameters, query and JSON body."""

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


_SCENARIO = {"scenarioId": 1}
_STORE = {"dataStoreId": 1}
_RECORD = {"dataStoreId": 1, "key": "order-1001"}
_EXECUTION = {"scenarioId": 1, "executionId": "{run}"}
_STRUCTURE_ITEMS = "/custom-property-structures/{customPropertyStructureId}/custom-property-structure-items"
_STRUCTURE_ITEM = (
    "/custom-property-structures/custom-property-structure-items/{customPropertyStructureItemId}"
)
_CREDENTIAL_REQUEST = {"requestId": "request-1"}
_SHARE = "/scenarios-shared/{scenarioId}/{sharedScenarioId}"
_NOTE = {"scenarioId": 1, "noteId": 901}
_HOOK = {"hookId": 1}
_CONNECTION = {"connectionId": 901}
_TEMPLATE = {"templateId": 901}
_PUBLIC_TEMPLATE = {"templateUrl": "102-webhook-to-email"}
_INCOMPLETE_EXECUTION = {"dlqId": "broken-1"}
_NEW_VARIABLE = {"name": "NEW", "typeId": 2, "value": "x"}
_ORGANIZATION_VARIABLE = {"organizationId": 1, "variableName": "API_URL"}
_TEAM_VARIABLE = {"teamId": 1, "variableName": "MAX_QUANTITY"}
_FUNCTION = {"functionId": 1}
_FUNCTION_CODE = "function twice(x) { return 2 * x; }"
_DEVICE = {"deviceId": 901}
_USER = {"userId": 3}
_ME_IN_TEAM = {"userId": 1, "teamId": 1}
_ME_IN_ALL = {"userId": 1, "organizationId": 1, "teamId": 1}
_MAIL_OF_TEAM = "/mailhub/users/{userId}/organizations/{organizationId}/teams/{teamId}"
_IN_TEAM = {"userId": 3, "teamId": 1}
_IN_ORGANIZATION = {"userId": 3, "organizationId": 1}
_ORDER_DATA = {"sku": "Z-9", "quantity": 7}

VALID_REQUESTS: dict[str, ValidRequest] = {
    "GET /scenarios": ValidRequest(query={"teamId": 1}),
    "GET /scenarios/{scenarioId}": ValidRequest(_SCENARIO),
    "POST /scenarios": ValidRequest(body={"teamId": 1, "blueprint": BLUEPRINT, "scheduling": ON_DEMAND}),
    "PATCH /scenarios/{scenarioId}": ValidRequest(
        _SCENARIO, body={"name": "Renamed", "description": "Changed"}
    ),
    "POST /scenarios/{scenarioId}/clone": ValidRequest(
        _SCENARIO, {"organizationId": 1}, body={"name": "Copy", "teamId": 1, "states": False}
    ),
    "DELETE /scenarios/{scenarioId}": ValidRequest(_SCENARIO),
    "POST /scenarios/{scenarioId}/start": ValidRequest({"scenarioId": 4}),
    "POST /scenarios/{scenarioId}/stop": ValidRequest(_SCENARIO),
    "POST /scenarios/{scenarioId}/run": ValidRequest(
        _SCENARIO, body={"data": {"name": "Zoe"}, "responsive": True}
    ),
    "GET /scenarios/{scenarioId}/blueprint": ValidRequest(_SCENARIO),
    "GET /scenarios/{scenarioId}/blueprints": ValidRequest(_SCENARIO),
    "GET /scenarios/{scenarioId}/interface": ValidRequest(_SCENARIO),
    "PATCH /scenarios/{scenarioId}/interface": ValidRequest(
        _SCENARIO, body={"interface": {"input": STRUCTURE_FIELDS, "output": None}}
    ),
    "GET /scenarios/consumptions": ValidRequest(query={"teamId": 1, "organizationId": 1}),
    "GET /scenarios/{scenarioId}/usage": ValidRequest(_SCENARIO),
    "GET /teams/{teamId}/usage": ValidRequest({"teamId": 1}),
    "GET /organizations/{organizationId}/usage": ValidRequest({"organizationId": 1}),
    "GET /scenarios/{scenarioId}/logs": ValidRequest(_SCENARIO),
    "GET /scenarios/{scenarioId}/logs/{executionId}": ValidRequest(_EXECUTION),
    "GET /scenarios/{scenarioId}/executions/{executionId}": ValidRequest(_EXECUTION),
    "POST /scenarios/{scenarioId}/executions/{executionId}/stop": ValidRequest(
        {"scenarioId": 1, "executionId": "running"}, body={"force": True}
    ),
    "POST /scenarios/{scenarioId}/replay": ValidRequest(_SCENARIO, body={"executionIds": ["replayable"]}),
    "GET /scenarios/{scenarioId}/modules/operations": ValidRequest(_SCENARIO),
    "GET /scenarios/{scenarioId}/modules/{moduleId}/logs": ValidRequest({"scenarioId": 1, "moduleId": 1}),
    "GET /scenarios/{scenarioId}/data/{moduleId}": ValidRequest({"scenarioId": 1, "moduleId": 1}),
    "GET /scenarios/{scenarioId}/notes": ValidRequest(_SCENARIO, {"teamId": 1}),
    "POST /scenarios/{scenarioId}/notes": ValidRequest(
        _SCENARIO, body={"moduleIds": [1], "content": "<p>Look.</p>", "metadata": {}, "isFilterNote": False}
    ),
    "GET /scenarios/{scenarioId}/notes/{noteId}": ValidRequest(_NOTE, {"teamId": 1}),
    "PATCH /scenarios/{scenarioId}/notes/{noteId}": ValidRequest(
        _NOTE, {"teamId": 1}, body={"content": "<p>Changed.</p>"}
    ),
    "DELETE /scenarios/{scenarioId}/notes/{noteId}": ValidRequest(_NOTE, {"teamId": 1}),
    "GET /scenarios/{scenarioId}/build-variables": ValidRequest(_SCENARIO),
    "POST /scenarios/{scenarioId}/build-variables": ValidRequest(
        _SCENARIO, body={"input": [{"name": "name", "value": "TAC_7"}]}
    ),
    "PUT /scenarios/{scenarioId}/build-variables": ValidRequest(
        _SCENARIO, body={"input": [{"name": "name", "value": "PAC_7"}]}
    ),
    "DELETE /scenarios/{scenarioId}/build-variables": ValidRequest({"scenarioId": 4}, {"value": "TAC_1"}),
    "GET /credential-requests/requests": ValidRequest(query={"teamId": 1}),
    "POST /credential-requests/requests": ValidRequest(
        body={
            "name": "New",
            "teamId": 1,
            "description": "Please.",
            "connections": [
                {"type": "slack", "appName": "slack", "appModules": ["CreateMessage"], "appVersion": "4"}
            ],
            "keys": [{"type": "basicauth", "appName": "http", "appModules": [], "appVersion": "3"}],
            "provider": {"providerMakeUserId": 3},
        }
    ),
    "POST /credential-requests/requests/v2": ValidRequest(
        body={
            "name": "New",
            "teamId": 1,
            "description": "Please.",
            "credentials": [{"appName": "google-sheets", "appModules": ["*"]}],
            "provider": {"newUser": {"name": "Nele New", "email": "nele@example.com"}},
        }
    ),
    "GET /credential-requests/requests/{requestId}": ValidRequest(_CREDENTIAL_REQUEST),
    "DELETE /credential-requests/requests/{requestId}": ValidRequest(
        _CREDENTIAL_REQUEST, {"confirmed": "true"}
    ),
    "GET /credential-requests/requests/{requestId}/detail": ValidRequest(_CREDENTIAL_REQUEST),
    "POST /credential-requests/credentials/{credentialId}/decline": ValidRequest(
        {"credentialId": "pending-1"}, body={"reason": "No."}
    ),
    "POST /credential-requests/credentials/{credentialId}/delete-remote": ValidRequest(
        {"credentialId": "authorized-1"}
    ),
    "POST /credential-requests/credentials/{credentialId}/request-reauthorize": ValidRequest(
        {"credentialId": "broken-credential-1"}
    ),
    "POST /credential-requests/actions/create": ValidRequest(
        body={
            "name": "New",
            "description": "Please.",
            "teamId": 1,
            "credentials": [{"appName": "http", "appEndpoints": ["*"], "appVersion": 3}],
        }
    ),
    "POST /credential-requests/actions/create-by-credentials": ValidRequest(
        body={
            "name": "New",
            "description": "Please.",
            "teamId": 1,
            "connections": [{"type": "google", "scope": ["drive"]}],
            "keys": [{"type": "apikeyauth", "prefill": {"hard": {"placement": "header"}, "soft": {}}}],
        }
    ),
    "POST /credential-requests/actions/extend": ValidRequest(
        body={"connectionId": 1, "scopes": ["channels:read"]}
    ),
    "GET /credential-requests/apps/{name}/{version}/modules-with-credentials": ValidRequest(
        {"name": "google-email", "version": "latest"}
    ),
    "GET /imt/apps/{name}/{version}/modules-with-credentials": ValidRequest(
        {"name": "google-email", "version": "4"}
    ),
    "GET /custom-property-structures": ValidRequest(query={"organizationId": 1}),
    "POST /custom-property-structures": ValidRequest(
        body={"associatedType": "scenario", "belongerType": "organization", "belongerId": 3}
    ),
    f"GET {_STRUCTURE_ITEMS}": ValidRequest({"customPropertyStructureId": 1}),
    f"POST {_STRUCTURE_ITEMS}": ValidRequest(
        {"customPropertyStructureId": 1},
        body={
            "name": "stage",
            "label": "Stage",
            "description": "How far it is.",
            "type": "dropdown",
            "options": [{"value": "Draft"}, {"value": "Live"}],
            "required": False,
        },
    ),
    f"PATCH {_STRUCTURE_ITEM}": ValidRequest(
        {"customPropertyStructureItemId": 1}, body={"label": "Changed", "required": True}
    ),
    f"DELETE {_STRUCTURE_ITEM}": ValidRequest({"customPropertyStructureItemId": 1}, {"confirmed": "true"}),
    "GET /scenarios/{scenarioId}/custom-properties": ValidRequest(_SCENARIO),
    "POST /scenarios/{scenarioId}/custom-properties": ValidRequest({"scenarioId": 2}, body={"unit": "Sales"}),
    "PUT /scenarios/{scenarioId}/custom-properties": ValidRequest(_SCENARIO, body={"unit": "Sales"}),
    "PATCH /scenarios/{scenarioId}/custom-properties": ValidRequest(_SCENARIO, body={"unit": "Sales"}),
    "DELETE /scenarios/{scenarioId}/custom-properties": ValidRequest(_SCENARIO),
    "GET /scenarios-shared": ValidRequest(query={"teamId": 1}),
    "GET /scenarios-shared/{scenarioId}": ValidRequest(_SCENARIO),
    "POST /scenarios-shared/{scenarioId}": ValidRequest(
        _SCENARIO,
        body={"title": "Greet", "descriptionShort": "S", "descriptionLong": "L", "isEnabled": True},
    ),
    f"GET {_SHARE}": ValidRequest({"scenarioId": 1, "sharedScenarioId": "share-1"}),
    f"PATCH {_SHARE}": ValidRequest(
        {"scenarioId": 1, "sharedScenarioId": "share-1"}, body={"title": "New", "isEnabled": True}
    ),
    f"DELETE {_SHARE}": ValidRequest({"scenarioId": 1, "sharedScenarioId": "share-1"}),
    "GET /dlqs": ValidRequest(query={"scenarioId": 1}),
    "GET /dlqs/{dlqId}": ValidRequest(_INCOMPLETE_EXECUTION),
    "PATCH /dlqs/{dlqId}": ValidRequest(_INCOMPLETE_EXECUTION, body={"blueprint": BLUEPRINT, "failer": 1}),
    "DELETE /dlqs": ValidRequest(query={"scenarioId": 1, "confirmed": "true"}, body={"ids": ["broken-1"]}),
    "DELETE /dlqs/{dlqId}": ValidRequest(_INCOMPLETE_EXECUTION),
    "GET /dlqs/{dlqId}/blueprint": ValidRequest(_INCOMPLETE_EXECUTION),
    "GET /dlqs/{dlqId}/bundle": ValidRequest(_INCOMPLETE_EXECUTION),
    "GET /dlqs/{dlqId}/logs": ValidRequest(_INCOMPLETE_EXECUTION),
    "GET /dlqs/{dlqId}/logs/{executionId}": ValidRequest({"dlqId": "broken-1", "executionId": "retried"}),
    "POST /dlqs/{dlqId}/retry": ValidRequest(_INCOMPLETE_EXECUTION),
    "POST /dlqs/retry": ValidRequest(query={"scenarioId": 1}, body={"all": True}),
    "GET /scenarios-folders": ValidRequest(query={"teamId": 1}),
    "POST /scenarios-folders": ValidRequest(body={"name": "New", "teamId": 1}),
    "PATCH /scenarios-folders/{folderId}": ValidRequest({"folderId": 1}, body={"name": "Renamed"}),
    "DELETE /scenarios-folders/{folderId}": ValidRequest({"folderId": 1}),
    "GET /connections": ValidRequest(query={"teamId": 1}),
    "GET /connections/{connectionId}": ValidRequest(_CONNECTION),
    "POST /connections": ValidRequest(
        query={"teamId": 1},
        body={"accountName": "New", "accountType": "make", "url": "https://eu1.make.com", "apiKey": "x"},
    ),
    "PATCH /connections/{connectionId}": ValidRequest(_CONNECTION, body={"name": "Renamed"}),
    "DELETE /connections/{connectionId}": ValidRequest(_CONNECTION, {"confirmed": "true"}),
    "POST /connections/{connectionId}/test": ValidRequest(_CONNECTION),
    "GET /connections/{connectionId}/editable-data-schema": ValidRequest(_CONNECTION),
    "POST /connections/{connectionId}/set-data": ValidRequest(_CONNECTION, body={"apiKey": "x"}),
    "POST /connections/{connectionId}/scoped": ValidRequest(_CONNECTION, body={"scope": ["read"]}),
    "GET /devices": ValidRequest(query={"teamId": 1}),
    "GET /devices/{deviceId}": ValidRequest(_DEVICE),
    "PATCH /devices/{deviceId}": ValidRequest(_DEVICE, body={"name": "Renamed"}),
    "DELETE /devices/{deviceId}": ValidRequest(_DEVICE, {"confirmed": "true"}),
    "POST /devices/request": ValidRequest(body={"name": "New", "teamId": 1}),
    "GET /devices/{deviceId}/incomings": ValidRequest(_DEVICE),
    "GET /devices/{deviceId}/incomings/stats": ValidRequest(_DEVICE),
    "GET /devices/{deviceId}/incomings/{incomingId}": ValidRequest({**_DEVICE, "incomingId": "waiting"}),
    "DELETE /devices/{deviceId}/incomings": ValidRequest(_DEVICE, body={"ids": ["waiting"]}),
    "GET /devices/{deviceId}/outgoings": ValidRequest(_DEVICE),
    "GET /devices/{deviceId}/outgoings/{outgoingId}": ValidRequest({**_DEVICE, "outgoingId": "waiting"}),
    "DELETE /devices/{deviceId}/outgoings": ValidRequest(_DEVICE, body={"ids": ["waiting"]}),
    "GET /keys": ValidRequest(query={"teamId": 1}),
    "GET /keys/types": ValidRequest(),
    "GET /keys/{keyId}": ValidRequest({"keyId": 1}),
    "POST /keys": ValidRequest(
        body={
            "name": "New",
            "teamId": 1,
            "typeName": "apikeyauth",
            "parameters": {"key": "k3y", "placement": "header", "name": "X-API-Key"},
        }
    ),
    "PATCH /keys/{keyId}": ValidRequest({"keyId": 1}, body={"name": "Renamed"}),
    "DELETE /keys/{keyId}": ValidRequest({"keyId": 1}, {"confirmed": "true"}),
    "GET /data-stores": ValidRequest(query={"teamId": 1}),
    "GET /data-stores/{dataStoreId}": ValidRequest(_STORE),
    "POST /data-stores": ValidRequest(
        body={"name": "New", "teamId": 1, "maxSizeMB": 1, "datastructureId": 1}
    ),
    "PATCH /data-stores/{dataStoreId}": ValidRequest(_STORE, body={"name": "Renamed", "maxSizeMB": 2}),
    "DELETE /data-stores": ValidRequest(query={"teamId": 1, "confirmed": "true"}, body={"ids": [1, 2]}),
    "DELETE /data-stores/{dataStoreId}": ValidRequest(_STORE, {"confirmed": "true"}),
    "GET /data-stores/{dataStoreId}/data": ValidRequest(_STORE),
    "POST /data-stores/{dataStoreId}/data": ValidRequest(_STORE, body={"key": "new", "data": _ORDER_DATA}),
    "PUT /data-stores/{dataStoreId}/data/{key}": ValidRequest(_RECORD, body=_ORDER_DATA),
    "PATCH /data-stores/{dataStoreId}/data/{key}": ValidRequest(_RECORD, body={"quantity": 8}),
    "DELETE /data-stores/{dataStoreId}/data": ValidRequest(
        _STORE, {"confirmed": "true"}, body={"keys": ["order-1001"]}
    ),
    "GET /data-structures": ValidRequest(query={"teamId": 1}),
    "GET /data-structures/{dataStructureId}": ValidRequest({"dataStructureId": 1}),
    "POST /data-structures": ValidRequest(
        body={"name": "New", "teamId": 1, "spec": STRUCTURE_FIELDS, "strict": True}
    ),
    "PATCH /data-structures/{dataStructureId}": ValidRequest(
        {"dataStructureId": 1}, body={"name": "Renamed", "spec": STRUCTURE_FIELDS}
    ),
    "DELETE /data-structures/{dataStructureId}": ValidRequest({"dataStructureId": 3}),
    "POST /data-structures/{dataStructureId}/clone": ValidRequest(
        {"dataStructureId": 1}, body={"name": "Copy"}
    ),
    "GET /functions": ValidRequest(query={"teamId": 1}),
    "POST /functions": ValidRequest(
        query={"teamId": 1}, body={"name": "twice", "description": "Doubles.", "code": _FUNCTION_CODE}
    ),
    "POST /functions/eval": ValidRequest(query={"teamId": 1}, body={"code": _FUNCTION_CODE}),
    "GET /functions/{functionId}": ValidRequest(_FUNCTION),
    "PATCH /functions/{functionId}": ValidRequest(_FUNCTION, body={"description": "Changed"}),
    "DELETE /functions/{functionId}": ValidRequest(_FUNCTION),
    "GET /functions/{functionId}/history": ValidRequest(_FUNCTION, {"teamId": 1}),
    "GET /hooks": ValidRequest(query={"teamId": 1}),
    "POST /hooks": ValidRequest(
        body={"name": "New", "teamId": 1, "typeName": "gateway-webhook", **WEBHOOK_DATA}
    ),
    "GET /hooks/{hookId}": ValidRequest(_HOOK),
    "PATCH /hooks/{hookId}": ValidRequest(_HOOK, body={"name": "Renamed"}),
    "DELETE /hooks/{hookId}": ValidRequest(_HOOK, {"confirmed": "true"}),
    "GET /scenarios/{scenarioId}/triggers": ValidRequest({"scenarioId": 2}),
    "GET /hooks/{hookId}/ping": ValidRequest(_HOOK),
    "POST /hooks/{hookId}/enable": ValidRequest({"hookId": 2}),
    "POST /hooks/{hookId}/disable": ValidRequest(_HOOK),
    "POST /hooks/{hookId}/set-data": ValidRequest(_HOOK, body={"headers": True}),
    "POST /hooks/{hookId}/learn-start": ValidRequest(_HOOK),
    "POST /hooks/{hookId}/learn-stop": ValidRequest({"hookId": 2}),
    "GET /hooks/{hookId}/incomings": ValidRequest(_HOOK),
    "GET /hooks/{hookId}/incomings/stats": ValidRequest(_HOOK),
    "GET /hooks/{hookId}/incomings/{incomingId}": ValidRequest({"hookId": 1, "incomingId": "waiting"}),
    "DELETE /hooks/{hookId}/incomings": ValidRequest(_HOOK, body={"ids": ["waiting"]}),
    "GET /hooks/{hookId}/logs": ValidRequest(_HOOK),
    "GET /hooks/{hookId}/logs/{logId}": ValidRequest({"hookId": 1, "logId": "delivery"}),
    "GET /teams": ValidRequest(query={"organizationId": 1}),
    "GET /teams/{teamId}": ValidRequest({"teamId": 1}),
    "POST /teams": ValidRequest(body={"name": "New", "organizationId": 1}),
    "PATCH /teams/{teamId}": ValidRequest({"teamId": 1}, body={"name": "Renamed"}),
    "DELETE /teams/{teamId}": ValidRequest({"teamId": 1}, {"confirmed": "true"}),
    "GET /organizations": ValidRequest(),
    "GET /organizations/{organizationId}": ValidRequest({"organizationId": 1}),
    "POST /organizations": ValidRequest(
        body={"name": "New", "regionId": 1, "timezoneId": 113, "countryId": 4}
    ),
    "PATCH /organizations/{organizationId}": ValidRequest({"organizationId": 1}, body={"name": "Renamed"}),
    "DELETE /organizations/{organizationId}": ValidRequest({"organizationId": 1}, {"confirmed": "true"}),
    "GET /private-spaces": ValidRequest(query={"organizationId": 1}),
    "GET /private-spaces/{privateSpaceId}": ValidRequest({"privateSpaceId": 901}),
    "PATCH /private-spaces/{privateSpaceId}": ValidRequest(
        {"privateSpaceId": 901}, body={"operationsLimit": 10_000}
    ),
    "GET /organizations/{organizationId}/subscription": ValidRequest({"organizationId": 1}),
    "GET /organizations/{organizationId}/payments": ValidRequest({"organizationId": 1}),
    "GET /organizations/{organizationId}/subscription/payment-method-types": ValidRequest(
        {"organizationId": 1}
    ),
    "GET /organizations/{organizationId}/subscription/payment-methods": ValidRequest({"organizationId": 1}),
    "GET /organizations/{organizationId}/universal-discount": ValidRequest({"organizationId": 1}),
    "GET /organizations/{organizationId}/feature-controls": ValidRequest({"organizationId": 1}),
    "GET /organizations/{organizationId}/apps": ValidRequest({"organizationId": 1}),
    "GET /organizations/{organizationId}/check-team-permission": ValidRequest(
        {"organizationId": 1}, {"teamPermission": "scenario add"}
    ),
    "PATCH /organizations/{organizationId}/feature-controls": ValidRequest(
        {"organizationId": 1}, body={"id": 1, "enabled": False}
    ),
    "PATCH /organizations/{organizationId}/tfa-enforcement": ValidRequest(
        {"organizationId": 1}, body={"enable": True}
    ),
    "GET /teams/{teamId}/feature-controls": ValidRequest({"teamId": 1}),
    "GET /teams/{teamId}/llm-configuration": ValidRequest({"teamId": 1}),
    "PATCH /teams/{teamId}/llm-configuration": ValidRequest(
        {"teamId": 1}, body={"aiMappingBuiltinTier": "large"}
    ),
    "GET /users/me/oauth-connections": ValidRequest(),
    "DELETE /users/me/oauth-connections/{clientId}": ValidRequest({"clientId": "901"}),
    "POST /organizations/{organizationId}/invite": ValidRequest(
        {"organizationId": 1}, body={"usersRoleId": 13, "email": "new@example.com", "name": "New"}
    ),
    "GET /organizations/invitation": ValidRequest(query={"hash": INVITATION}),
    "POST /organizations/accept-invitation": ValidRequest(body={"hash": INVITATION}),
    "GET /users/me/organization-invitations": ValidRequest(),
    "GET /organizations/{organizationId}/variables": ValidRequest({"organizationId": 1}),
    "POST /organizations/{organizationId}/variables": ValidRequest({"organizationId": 1}, body=_NEW_VARIABLE),
    "PATCH /organizations/{organizationId}/variables/{variableName}": ValidRequest(
        _ORGANIZATION_VARIABLE, body={"typeId": 3, "value": True}
    ),
    "DELETE /organizations/{organizationId}/variables/{variableName}": ValidRequest(
        _ORGANIZATION_VARIABLE, {"confirmed": "true"}
    ),
    "GET /organizations/{organizationId}/variables/{variableName}/history": ValidRequest(
        _ORGANIZATION_VARIABLE
    ),
    "GET /teams/{teamId}/variables": ValidRequest({"teamId": 1}),
    "POST /teams/{teamId}/variables": ValidRequest({"teamId": 1}, body=_NEW_VARIABLE),
    "PATCH /teams/{teamId}/variables/{variableName}": ValidRequest(_TEAM_VARIABLE, body={"value": 7}),
    "DELETE /teams/{teamId}/variables/{variableName}": ValidRequest(_TEAM_VARIABLE, {"confirmed": "true"}),
    "GET /teams/{teamId}/variables/{variableName}/history": ValidRequest(_TEAM_VARIABLE),
    "GET /users": ValidRequest(query={"teamId": 1}),
    "GET /users/by-permission": ValidRequest(
        query={"type": "organization", "permission": "organization users view", "organizationId": 1}
    ),
    "GET /teams/{teamId}/user-team-roles": ValidRequest({"teamId": 1}),
    "GET /teams/{teamId}/user-team-roles/{userId}": ValidRequest(_IN_TEAM),
    "GET /users/{userId}/user-team-roles": ValidRequest(_USER),
    "GET /users/{userId}/user-team-roles/{teamId}": ValidRequest(_IN_TEAM),
    "POST /users/{userId}/user-team-roles/{teamId}": ValidRequest(_IN_TEAM, body={"usersRoleId": 4}),
    "GET /organizations/{organizationId}/user-organization-roles": ValidRequest({"organizationId": 1}),
    "GET /organizations/{organizationId}/user-organization-roles/{userId}": ValidRequest(_IN_ORGANIZATION),
    "POST /organizations/{organizationId}/user-organization-roles/transfer": ValidRequest(
        {"organizationId": 1}, body={"userId": 3}
    ),
    "GET /users/{userId}/user-organization-roles": ValidRequest(_USER),
    "GET /users/{userId}/user-organization-roles/{organizationId}": ValidRequest(_IN_ORGANIZATION),
    "POST /users/{userId}/user-organization-roles/{organizationId}": ValidRequest(
        _IN_ORGANIZATION, body={"usersRoleId": 12}
    ),
    "POST /users/{userId}/user-organization-roles/{organizationId}/transfer": ValidRequest(_IN_ORGANIZATION),
    "PATCH /users/{userId}": ValidRequest({"userId": 1}, body={"name": "Renamed", "timezoneId": 113}),
    "GET /users/me/api-tokens": ValidRequest(),
    "POST /users/me/api-tokens": ValidRequest(body={"label": "new", "scope": ["teams:read"]}),
    "DELETE /users/me/api-tokens/{timestamp}": ValidRequest({"timestamp": "2026-03-02T12:00:00.000Z"}),
    "GET /notifications": ValidRequest(),
    "GET /notifications/{notificationId}": ValidRequest({"notificationId": "901"}),
    "DELETE /notifications": ValidRequest(body={"ids": ["901"]}),
    "POST /notifications/mark-as-read": ValidRequest(query={"ids": "all"}),
    "GET /users/unread-notifications": ValidRequest(),
    "GET /users/{userId}/user-team-notifications/{teamId}": ValidRequest(_ME_IN_TEAM),
    "GET /users/{userId}/user-team-notifications/{teamId}/{notificationId}": ValidRequest(
        {**_ME_IN_TEAM, "notificationId": "1"}
    ),
    "PUT /users/{userId}/user-team-notifications/{teamId}/{notificationId}": ValidRequest(
        {**_ME_IN_TEAM, "notificationId": "1"}, body={"enabled": False}
    ),
    "GET /mailhub/users/{userId}/preferences": ValidRequest({"userId": 1}),
    "PATCH /mailhub/users/{userId}/preferences": ValidRequest(
        {"userId": 1}, body={"id": "blog", "enabled": True}
    ),
    f"GET {_MAIL_OF_TEAM}/preferences": ValidRequest(_ME_IN_ALL),
    f"PATCH {_MAIL_OF_TEAM}/preferences": ValidRequest(
        _ME_IN_ALL, body={"id": "onboarding", "enabled": True}
    ),
    f"PATCH {_MAIL_OF_TEAM}/native-preferences": ValidRequest(_ME_IN_ALL, body={"id": "1", "enabled": False}),
    "GET /users/me": ValidRequest(),
    "GET /users/me/current-authorization": ValidRequest(),
    "GET /users/roles": ValidRequest(query={"teamId": 1}),
    "GET /users/roles/permissions": ValidRequest(query={"roleCategory": "team"}),
    "GET /users/roles/{roleId}": ValidRequest({"roleId": 3}, {"organizationId": 1}),
    "POST /users/custom-roles": ValidRequest(
        body={"name": "New", "permissionType": "team", "organizationId": 1, "permissions": [1]}
    ),
    "PATCH /users/custom-roles": ValidRequest(body={"id": 901, "organizationId": 1, "name": "Renamed"}),
    "DELETE /users/custom-roles": ValidRequest(body={"id": 901, "organizationId": 1}),
    "PATCH /users/custom-roles/{roleId}": ValidRequest(
        {"roleId": 901}, body={"organizationId": 1, "name": "Renamed"}
    ),
    "DELETE /users/custom-roles/{roleId}": ValidRequest({"roleId": 901}, body={"organizationId": 1}),
    "GET /templates": ValidRequest(query={"teamId": 1}),
    "GET /templates/{templateId}": ValidRequest(_TEMPLATE),
    "GET /templates/{templateId}/blueprint": ValidRequest(_TEMPLATE),
    "POST /templates": ValidRequest(
        body={
            "teamId": 1,
            "language": "en",
            "blueprint": BLUEPRINT,
            "scheduling": ON_DEMAND,
            "controller": CONTROLLER,
        }
    ),
    "PATCH /templates/{templateId}": ValidRequest(
        _TEMPLATE, body={"name": "Renamed", "blueprint": BLUEPRINT}
    ),
    "DELETE /templates/{templateId}": ValidRequest(_TEMPLATE, {"confirmed": "true"}),
    "POST /templates/{templateId}/publish": ValidRequest({"templateId": 1}),
    "POST /templates/{templateId}/request-approval": ValidRequest(_TEMPLATE),
    "GET /templates/public": ValidRequest(),
    "GET /templates/public/{templateUrl}": ValidRequest(_PUBLIC_TEMPLATE),
    "GET /templates/public/{templateUrl}/blueprint": ValidRequest(_PUBLIC_TEMPLATE),
    "GET /openapi.json": ValidRequest(),
    "POST /blueprints/validate": ValidRequest(body={"blueprint": json.loads(BLUEPRINT)}),
    "GET /enums/countries": ValidRequest(),
    "GET /enums/imt-regions": ValidRequest(),
    "GET /enums/timezones": ValidRequest(),
    "GET /enums/apps-review-statuses": ValidRequest(),
    "GET /enums/imt-zones": ValidRequest(),
    "GET /enums/languages": ValidRequest(),
    "GET /enums/llm-builtin-tiers": ValidRequest(),
    "GET /enums/llm-models": ValidRequest(),
    "GET /enums/locales": ValidRequest(),
    "GET /enums/module-types": ValidRequest(),
    "GET /enums/organization-features": ValidRequest(),
    "GET /enums/user-api-token-scopes": ValidRequest(),
    "GET /enums/user-email-notifications": ValidRequest(),
    "GET /enums/user-features": ValidRequest(),
    "GET /enums/variable-types": ValidRequest(),
}

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


def request_path(endpoint: Endpoint, target: PopulatedApp, **changes: Any) -> str:
    """The path of the valid request, with some parameters exchanged for text that is already encoded."""
    path = endpoint.path
    for name, value in {**VALID_REQUESTS[route_of(endpoint)].path, **changes}.items():
        if value == "{run}":
            value = target.finished_execution_id(1)
        path = path.replace(f"{{{name}}}", str(value))
    return path
