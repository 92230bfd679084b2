"""Valid requests, one for each declared route: the default world answers them with 200, and tests change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from make_emulator import api
from make_emulator.http.endpoint import Endpoint
from make_emulator.resources import load_fixture

from .populated_app import PopulatedApp


@dataclass(frozen=True, slots=True)
class ValidRequest:
    """Path parameters, query and JSON body."""

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


#: The path parameters of every route.
_PATHS: dict[str, dict[str, Any]] = {
    "GET /scenarios": {},
    "GET /scenarios/{scenarioId}": {"scenarioId": 1},
    "POST /scenarios": {},
    "PATCH /scenarios/{scenarioId}": {"scenarioId": 1},
    "POST /scenarios/{scenarioId}/clone": {"scenarioId": 1},
    "DELETE /scenarios/{scenarioId}": {"scenarioId": 1},
    "POST /scenarios/{scenarioId}/start": {"scenarioId": 4},
    "POST /scenarios/{scenarioId}/stop": {"scenarioId": 1},
    "POST /scenarios/{scenarioId}/run": {"scenarioId": 1},
    "GET /scenarios/{scenarioId}/blueprint": {"scenarioId": 1},
    "GET /scenarios/{scenarioId}/blueprints": {"scenarioId": 1},
    "GET /scenarios/{scenarioId}/interface": {"scenarioId": 1},
    "PATCH /scenarios/{scenarioId}/interface": {"scenarioId": 1},
    "GET /scenarios/consumptions": {},
    "GET /scenarios/{scenarioId}/usage": {"scenarioId": 1},
    "GET /teams/{teamId}/usage": {"teamId": 1},
    "GET /organizations/{organizationId}/usage": {"organizationId": 1},
    "GET /scenarios/{scenarioId}/logs": {"scenarioId": 1},
    "GET /scenarios/{scenarioId}/logs/{executionId}": {"scenarioId": 1, "executionId": "{run}"},
    "GET /scenarios/{scenarioId}/executions/{executionId}": {"scenarioId": 1, "executionId": "{run}"},
    "POST /scenarios/{scenarioId}/executions/{executionId}/stop": {"scenarioId": 1, "executionId": "running"},
    "POST /scenarios/{scenarioId}/replay": {"scenarioId": 1},
    "GET /scenarios/{scenarioId}/modules/operations": {"scenarioId": 1},
    "GET /scenarios/{scenarioId}/modules/{moduleId}/logs": {"scenarioId": 1, "moduleId": 1},
    "GET /scenarios/{scenarioId}/data/{moduleId}": {"scenarioId": 1, "moduleId": 1},
    "GET /scenarios/{scenarioId}/notes": {"scenarioId": 1},
    "POST /scenarios/{scenarioId}/notes": {"scenarioId": 1},
    "GET /scenarios/{scenarioId}/notes/{noteId}": {"scenarioId": 1, "noteId": 901},
    "PATCH /scenarios/{scenarioId}/notes/{noteId}": {"scenarioId": 1, "noteId": 901},
    "DELETE /scenarios/{scenarioId}/notes/{noteId}": {"scenarioId": 1, "noteId": 901},
    "GET /scenarios/{scenarioId}/build-variables": {"scenarioId": 1},
    "POST /scenarios/{scenarioId}/build-variables": {"scenarioId": 1},
    "PUT /scenarios/{scenarioId}/build-variables": {"scenarioId": 1},
    "DELETE /scenarios/{scenarioId}/build-variables": {"scenarioId": 4},
    "GET /credential-requests/requests": {},
    "POST /credential-requests/requests": {},
    "POST /credential-requests/requests/v2": {},
    "GET /credential-requests/requests/{requestId}": {"requestId": "request-1"},
    "DELETE /credential-requests/requests/{requestId}": {"requestId": "request-1"},
    "GET /credential-requests/requests/{requestId}/detail": {"requestId": "request-1"},
    "POST /credential-requests/credentials/{credentialId}/decline": {"credentialId": "pending-1"},
    "POST /credential-requests/credentials/{credentialId}/delete-remote": {"credentialId": "authorized-1"},
    "POST /credential-requests/credentials/{credentialId}/request-reauthorize": {
        "credentialId": "broken-credential-1"
    },
    "POST /credential-requests/actions/create": {},
    "POST /credential-requests/actions/create-by-credentials": {},
    "POST /credential-requests/actions/extend": {},
    "GET /credential-requests/apps/{name}/{version}/modules-with-credentials": {
        "name": "google-email",
        "version": "latest",
    },
    "GET /imt/apps/{name}/{version}/modules-with-credentials": {"name": "google-email", "version": "4"},
    "GET /custom-property-structures": {},
    "POST /custom-property-structures": {},
    "GET /custom-property-structures/{customPropertyStructureId}/custom-property-structure-items": {
        "customPropertyStructureId": 1
    },
    "POST /custom-property-structures/{customPropertyStructureId}/custom-property-structure-items": {
        "customPropertyStructureId": 1
    },
    "PATCH /custom-property-structures/custom-property-structure-items/{customPropertyStructureItemId}": {
        "customPropertyStructureItemId": 1
    },
    "DELETE /custom-property-structures/custom-property-structure-items/{customPropertyStructureItemId}": {
        "customPropertyStructureItemId": 1
    },
    "GET /scenarios/{scenarioId}/custom-properties": {"scenarioId": 1},
    "POST /scenarios/{scenarioId}/custom-properties": {"scenarioId": 2},
    "PUT /scenarios/{scenarioId}/custom-properties": {"scenarioId": 1},
    "PATCH /scenarios/{scenarioId}/custom-properties": {"scenarioId": 1},
    "DELETE /scenarios/{scenarioId}/custom-properties": {"scenarioId": 1},
    "GET /scenarios-shared": {},
    "GET /scenarios-shared/{scenarioId}": {"scenarioId": 1},
    "POST /scenarios-shared/{scenarioId}": {"scenarioId": 1},
    "GET /scenarios-shared/{scenarioId}/{sharedScenarioId}": {"scenarioId": 1, "sharedScenarioId": "share-1"},
    "PATCH /scenarios-shared/{scenarioId}/{sharedScenarioId}": {
        "scenarioId": 1,
        "sharedScenarioId": "share-1",
    },
    "DELETE /scenarios-shared/{scenarioId}/{sharedScenarioId}": {
        "scenarioId": 1,
        "sharedScenarioId": "share-1",
    },
    "GET /dlqs": {},
    "GET /dlqs/{dlqId}": {"dlqId": "broken-1"},
    "PATCH /dlqs/{dlqId}": {"dlqId": "broken-1"},
    "DELETE /dlqs": {},
    "DELETE /dlqs/{dlqId}": {"dlqId": "broken-1"},
    "GET /dlqs/{dlqId}/blueprint": {"dlqId": "broken-1"},
    "GET /dlqs/{dlqId}/bundle": {"dlqId": "broken-1"},
    "GET /dlqs/{dlqId}/logs": {"dlqId": "broken-1"},
    "GET /dlqs/{dlqId}/logs/{executionId}": {"dlqId": "broken-1", "executionId": "retried"},
    "POST /dlqs/{dlqId}/retry": {"dlqId": "broken-1"},
    "POST /dlqs/retry": {},
    "GET /scenarios-folders": {},
    "POST /scenarios-folders": {},
    "PATCH /scenarios-folders/{folderId}": {"folderId": 1},
    "DELETE /scenarios-folders/{folderId}": {"folderId": 1},
    "GET /connections": {},
    "GET /connections/{connectionId}": {"connectionId": 901},
    "POST /connections": {},
    "PATCH /connections/{connectionId}": {"connectionId": 901},
    "DELETE /connections/{connectionId}": {"connectionId": 901},
    "POST /connections/{connectionId}/test": {"connectionId": 901},
    "GET /connections/{connectionId}/editable-data-schema": {"connectionId": 901},
    "POST /connections/{connectionId}/set-data": {"connectionId": 901},
    "POST /connections/{connectionId}/scoped": {"connectionId": 901},
    "GET /devices": {},
    "GET /devices/{deviceId}": {"deviceId": 901},
    "PATCH /devices/{deviceId}": {"deviceId": 901},
    "DELETE /devices/{deviceId}": {"deviceId": 901},
    "POST /devices/request": {},
    "GET /devices/{deviceId}/incomings": {"deviceId": 901},
    "GET /devices/{deviceId}/incomings/stats": {"deviceId": 901},
    "GET /devices/{deviceId}/incomings/{incomingId}": {"deviceId": 901, "incomingId": "waiting"},
    "DELETE /devices/{deviceId}/incomings": {"deviceId": 901},
    "GET /devices/{deviceId}/outgoings": {"deviceId": 901},
    "GET /devices/{deviceId}/outgoings/{outgoingId}": {"deviceId": 901, "outgoingId": "waiting"},
    "DELETE /devices/{deviceId}/outgoings": {"deviceId": 901},
    "GET /keys": {},
    "GET /keys/types": {},
    "GET /keys/{keyId}": {"keyId": 1},
    "POST /keys": {},
    "PATCH /keys/{keyId}": {"keyId": 1},
    "DELETE /keys/{keyId}": {"keyId": 1},
    "GET /data-stores": {},
    "GET /data-stores/{dataStoreId}": {"dataStoreId": 1},
    "POST /data-stores": {},
    "PATCH /data-stores/{dataStoreId}": {"dataStoreId": 1},
    "DELETE /data-stores": {},
    "DELETE /data-stores/{dataStoreId}": {"dataStoreId": 1},
    "GET /data-stores/{dataStoreId}/data": {"dataStoreId": 1},
    "POST /data-stores/{dataStoreId}/data": {"dataStoreId": 1},
    "PUT /data-stores/{dataStoreId}/data/{key}": {"dataStoreId": 1, "key": "order-1001"},
    "PATCH /data-stores/{dataStoreId}/data/{key}": {"dataStoreId": 1, "key": "order-1001"},
    "DELETE /data-stores/{dataStoreId}/data": {"dataStoreId": 1},
    "GET /data-structures": {},
    "GET /data-structures/{dataStructureId}": {"dataStructureId": 1},
    "POST /data-structures": {},
    "PATCH /data-structures/{dataStructureId}": {"dataStructureId": 1},
    "DELETE /data-structures/{dataStructureId}": {"dataStructureId": 3},
    "POST /data-structures/{dataStructureId}/clone": {"dataStructureId": 1},
    "GET /functions": {},
    "POST /functions": {},
    "POST /functions/eval": {},
    "GET /functions/{functionId}": {"functionId": 1},
    "PATCH /functions/{functionId}": {"functionId": 1},
    "DELETE /functions/{functionId}": {"functionId": 1},
    "GET /functions/{functionId}/history": {"functionId": 1},
    "GET /hooks": {},
    "POST /hooks": {},
    "GET /hooks/{hookId}": {"hookId": 1},
    "PATCH /hooks/{hookId}": {"hookId": 1},
    "DELETE /hooks/{hookId}": {"hookId": 1},
    "GET /scenarios/{scenarioId}/triggers": {"scenarioId": 2},
    "GET /hooks/{hookId}/ping": {"hookId": 1},
    "POST /hooks/{hookId}/enable": {"hookId": 2},
    "POST /hooks/{hookId}/disable": {"hookId": 1},
    "POST /hooks/{hookId}/set-data": {"hookId": 1},
    "POST /hooks/{hookId}/learn-start": {"hookId": 1},
    "POST /hooks/{hookId}/learn-stop": {"hookId": 2},
    "GET /hooks/{hookId}/incomings": {"hookId": 1},
    "GET /hooks/{hookId}/incomings/stats": {"hookId": 1},
    "GET /hooks/{hookId}/incomings/{incomingId}": {"hookId": 1, "incomingId": "waiting"},
    "DELETE /hooks/{hookId}/incomings": {"hookId": 1},
    "GET /hooks/{hookId}/logs": {"hookId": 1},
    "GET /hooks/{hookId}/logs/{logId}": {"hookId": 1, "logId": "delivery"},
    "GET /teams": {},
    "GET /teams/{teamId}": {"teamId": 1},
    "POST /teams": {},
    "PATCH /teams/{teamId}": {"teamId": 1},
    "DELETE /teams/{teamId}": {"teamId": 1},
    "GET /organizations": {},
    "GET /organizations/{organizationId}": {"organizationId": 1},
    "POST /organizations": {},
    "PATCH /organizations/{organizationId}": {"organizationId": 1},
    "DELETE /organizations/{organizationId}": {"organizationId": 1},
    "GET /private-spaces": {},
    "GET /private-spaces/{privateSpaceId}": {"privateSpaceId": 901},
    "PATCH /private-spaces/{privateSpaceId}": {"privateSpaceId": 901},
    "GET /organizations/{organizationId}/subscription": {"organizationId": 1},
    "GET /organizations/{organizationId}/payments": {"organizationId": 1},
    "GET /organizations/{organizationId}/subscription/payment-method-types": {"organizationId": 1},
    "GET /organizations/{organizationId}/subscription/payment-methods": {"organizationId": 1},
    "GET /organizations/{organizationId}/universal-discount": {"organizationId": 1},
    "GET /organizations/{organizationId}/feature-controls": {"organizationId": 1},
    "GET /organizations/{organizationId}/apps": {"organizationId": 1},
    "GET /organizations/{organizationId}/check-team-permission": {"organizationId": 1},
    "PATCH /organizations/{organizationId}/feature-controls": {"organizationId": 1},
    "PATCH /organizations/{organizationId}/tfa-enforcement": {"organizationId": 1},
    "GET /teams/{teamId}/feature-controls": {"teamId": 1},
    "GET /teams/{teamId}/llm-configuration": {"teamId": 1},
    "PATCH /teams/{teamId}/llm-configuration": {"teamId": 1},
    "GET /users/me/oauth-connections": {},
    "DELETE /users/me/oauth-connections/{clientId}": {"clientId": "901"},
    "POST /organizations/{organizationId}/invite": {"organizationId": 1},
    "GET /organizations/invitation": {},
    "POST /organizations/accept-invitation": {},
    "GET /users/me/organization-invitations": {},
    "GET /organizations/{organizationId}/variables": {"organizationId": 1},
    "POST /organizations/{organizationId}/variables": {"organizationId": 1},
    "PATCH /organizations/{organizationId}/variables/{variableName}": {
        "organizationId": 1,
        "variableName": "API_URL",
    },
    "DELETE /organizations/{organizationId}/variables/{variableName}": {
        "organizationId": 1,
        "variableName": "API_URL",
    },
    "GET /organizations/{organizationId}/variables/{variableName}/history": {
        "organizationId": 1,
        "variableName": "API_URL",
    },
    "GET /teams/{teamId}/variables": {"teamId": 1},
    "POST /teams/{teamId}/variables": {"teamId": 1},
    "PATCH /teams/{teamId}/variables/{variableName}": {"teamId": 1, "variableName": "MAX_QUANTITY"},
    "DELETE /teams/{teamId}/variables/{variableName}": {"teamId": 1, "variableName": "MAX_QUANTITY"},
    "GET /teams/{teamId}/variables/{variableName}/history": {"teamId": 1, "variableName": "MAX_QUANTITY"},
    "GET /users": {},
    "GET /users/by-permission": {},
    "GET /teams/{teamId}/user-team-roles": {"teamId": 1},
    "GET /teams/{teamId}/user-team-roles/{userId}": {"userId": 3, "teamId": 1},
    "GET /users/{userId}/user-team-roles": {"userId": 3},
    "GET /users/{userId}/user-team-roles/{teamId}": {"userId": 3, "teamId": 1},
    "POST /users/{userId}/user-team-roles/{teamId}": {"userId": 3, "teamId": 1},
    "GET /organizations/{organizationId}/user-organization-roles": {"organizationId": 1},
    "GET /organizations/{organizationId}/user-organization-roles/{userId}": {
        "userId": 3,
        "organizationId": 1,
    },
    "POST /organizations/{organizationId}/user-organization-roles/transfer": {"organizationId": 1},
    "GET /users/{userId}/user-organization-roles": {"userId": 3},
    "GET /users/{userId}/user-organization-roles/{organizationId}": {"userId": 3, "organizationId": 1},
    "POST /users/{userId}/user-organization-roles/{organizationId}": {"userId": 3, "organizationId": 1},
    "POST /users/{userId}/user-organization-roles/{organizationId}/transfer": {
        "userId": 3,
        "organizationId": 1,
    },
    "PATCH /users/{userId}": {"userId": 1},
    "GET /users/me/api-tokens": {},
    "POST /users/me/api-tokens": {},
    "DELETE /users/me/api-tokens/{timestamp}": {"timestamp": "2026-03-02T12:00:00.000Z"},
    "GET /notifications": {},
    "GET /notifications/{notificationId}": {"notificationId": "901"},
    "DELETE /notifications": {},
    "POST /notifications/mark-as-read": {},
    "GET /users/unread-notifications": {},
    "GET /users/{userId}/user-team-notifications/{teamId}": {"userId": 1, "teamId": 1},
    "GET /users/{userId}/user-team-notifications/{teamId}/{notificationId}": {
        "userId": 1,
        "teamId": 1,
        "notificationId": "1",
    },
    "PUT /users/{userId}/user-team-notifications/{teamId}/{notificationId}": {
        "userId": 1,
        "teamId": 1,
        "notificationId": "1",
    },
    "GET /mailhub/users/{userId}/preferences": {"userId": 1},
    "PATCH /mailhub/users/{userId}/preferences": {"userId": 1},
    "GET /mailhub/users/{userId}/organizations/{organizationId}/teams/{teamId}/preferences": {
        "userId": 1,
        "organizationId": 1,
        "teamId": 1,
    },
    "PATCH /mailhub/users/{userId}/organizations/{organizationId}/teams/{teamId}/preferences": {
        "userId": 1,
        "organizationId": 1,
        "teamId": 1,
    },
    "PATCH /mailhub/users/{userId}/organizations/{organizationId}/teams/{teamId}/native-preferences": {
        "userId": 1,
        "organizationId": 1,
        "teamId": 1,
    },
    "GET /users/me": {},
    "GET /users/me/current-authorization": {},
    "GET /users/roles": {},
    "GET /users/roles/permissions": {},
    "GET /users/roles/{roleId}": {"roleId": 3},
    "POST /users/custom-roles": {},
    "PATCH /users/custom-roles": {},
    "DELETE /users/custom-roles": {},
    "PATCH /users/custom-roles/{roleId}": {"roleId": 901},
    "DELETE /users/custom-roles/{roleId}": {"roleId": 901},
    "GET /templates": {},
    "GET /templates/{templateId}": {"templateId": 901},
    "GET /templates/{templateId}/blueprint": {"templateId": 901},
    "POST /templates": {},
    "PATCH /templates/{templateId}": {"templateId": 901},
    "DELETE /templates/{templateId}": {"templateId": 901},
    "POST /templates/{templateId}/publish": {"templateId": 1},
    "POST /templates/{templateId}/request-approval": {"templateId": 901},
    "GET /templates/public": {},
    "GET /templates/public/{templateUrl}": {"templateUrl": "102-webhook-to-email"},
    "GET /templates/public/{templateUrl}/blueprint": {"templateUrl": "102-webhook-to-email"},
    "GET /openapi.json": {},
    "POST /blueprints/validate": {},
    "GET /enums/countries": {},
    "GET /enums/imt-regions": {},
    "GET /enums/timezones": {},
    "GET /enums/apps-review-statuses": {},
    "GET /enums/imt-zones": {},
    "GET /enums/languages": {},
    "GET /enums/llm-builtin-tiers": {},
    "GET /enums/llm-models": {},
    "GET /enums/locales": {},
    "GET /enums/module-types": {},
    "GET /enums/organization-features": {},
    "GET /enums/user-api-token-scopes": {},
    "GET /enums/user-email-notifications": {},
    "GET /enums/user-features": {},
    "GET /enums/variable-types": {},
}

_EXAMPLES: dict[str, Any] = load_fixture("request-examples.yaml")
BLUEPRINT: str = _EXAMPLES["POST /scenarios"]["body"]["blueprint"]
ON_DEMAND: str = _EXAMPLES["POST /scenarios"]["body"]["scheduling"]


class _ValidRequests(dict[str, ValidRequest]):
    def __missing__(self, route: str) -> NoReturn:
        raise LookupError(
            f"{route} has no request yet: add the parameters of its path to tests/helpers/valid_requests.py"
        )


#: The examples of the documentation, with ids of the populated world.
VALID_REQUESTS = _ValidRequests(
    (
        route,
        ValidRequest(path, _EXAMPLES.get(route, {}).get("query", {}), _EXAMPLES.get(route, {}).get("body")),
    )
    for route, path in _PATHS.items()
)

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
