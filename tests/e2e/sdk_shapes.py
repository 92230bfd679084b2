"""The shapes that the types of ``@makehq/sdk`` promise, and what a value has that does not fit.

A shape is written like the type it stands for: ``str``, ``bool`` and ``float`` (any number) for the primitive types,
``None`` for null, a tuple for a union, a set for literals, a list of one shape for arrays, a dict for objects
(``name?`` where the field may be absent), and ``dict`` for an object of any fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Shape = Any


def shape_mismatches(value: object, shape: Shape, path: str = "") -> Iterator[str]:
    """One line for each place where the value is not of the shape; fields beyond the shape are allowed."""
    match shape:
        case tuple():
            if all(any(shape_mismatches(value, choice, path)) for choice in shape):
                yield f"{path}: {_type_name(value)}"
        case set():
            if value not in shape:
                yield f"{path}: {value!r}"
        case list():
            if not isinstance(value, list):
                yield f"{path}: {_type_name(value)}"
                return
            # Mismatches that all items share are reported once.
            yield from dict.fromkeys(
                fault for item in value for fault in shape_mismatches(item, shape[0], f"{path}[]")
            )
        case dict():
            if not isinstance(value, dict):
                yield f"{path}: {_type_name(value)}"
                return
            for key, inner in shape.items():
                name = key.removesuffix("?")
                field = f"{path}.{name}" if path else name
                if name in value:
                    yield from shape_mismatches(value[name], inner, field)
                elif not key.endswith("?"):
                    yield f"{field}: absent"
        case _:
            if _type_name(value) != _TYPE_NAMES[shape]:
                yield f"{path}: {_type_name(value)}"


_TYPE_NAMES: dict[type | None, str] = {
    None: "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def _type_name(value: object) -> str:
    return _TYPE_NAMES[None if value is None else type(value)]


def executions_in(rows: list[Any]) -> list[Any]:
    """The runs in a list of executions, which also holds what people did to the scenario: the client has no type for that."""
    return [row for row in rows if "status" in row]


def pick(shape: dict[str, Shape], *names: str) -> dict[str, Shape]:
    """``Pick<T, …>``."""
    return {name: shape[name] for name in names}


_LICENSE: Shape = {
    "apps?": [str],
    "users?": float,
    "dslimit": float,
    "fslimit": float,
    "iolimit": float,
    "advsched?": bool,
    "dsslimit": float,
    "fulltext?": bool,
    "interval": float,
    "transfer": float,
    "operations": float,
    "teams": float,
    "portal?": bool,
    "apiLimit?": float,
    "priority?": {"low", "medium", "high"},
    "retention?": float,
    "dlqStorage?": float,
    "scenarioIO?": bool,
    "gracePeriod": float,
    "makeAITools?": float,
    "onPremAgent?": bool,
    "premiumApps?": float,
    "dedicatedSso?": bool,
    "auditLogsDays?": float,
    "executionTime?": float,
    "restartPeriod?": str,
    "analyticsAccess?": bool,
    "customFunctions?": bool,
    "customVariables?": bool,
    "customProperties?": float,
    "creatingTemplates?": bool,
    "installPublicApps?": bool,
    "productManagement": str,
    "dynamicConnections?": bool,
    "onDemandScheduling?": bool,
    "portalModuleBridge?": bool,
    "dynamicDependencies?": bool,
    "scenarioRelationTree?": bool,
    "teamOperationsLimits?": bool,
    "webhookLogRetentionDays?": float,
}

_ORGANIZATION: dict[str, Shape] = {
    "id": float,
    "name": str,
    "timezoneId": float,
    "zone": str,
    "countryId": float,
    "license": _LICENSE,
    "privateSpaces?": [{"id": float, "name": str, "isOwner": bool, "hasAdminVisibility": bool}],
    "serviceName": str,
    "teams": [{"id": float, "name": str}],
    "isPaused": bool,
    "productName": str,
    "lastReset": (str, None),
    "nextReset": (str, None),
    "operations": str,
    "transfer": str,
    "operationsExt": str,
    "autoPurchasingActivated": bool,
    "transferExt": str,
    "unusedOperations": str,
    "unusedTransfer": str,
    "features": dict,
    "externalId": str,
    "activeApps": float,
    "activeScenarios": float,
    "solutionPartnerLink": str,
}

_PARTIAL_ORGANIZATION = pick(
    _ORGANIZATION,
    "id",
    "name",
    "zone",
    "teams",
    "timezoneId",
    "countryId",
    "externalId",
    "isPaused",
    "license",
    "productName",
    "serviceName",
    "solutionPartnerLink",
)

_TEAM: dict[str, Shape] = {
    "id": float,
    "name": str,
    "organizationId": float,
    "activeScenarios?": float,
    "activeApps?": float,
    "operations?": float,
    "transfer?": float,
    "operationsLimit?": float,
    "transferLimit?": str,
    "consumedOperations?": float,
    "consumedTransfer?": float,
    "isPaused?": bool,
    "type?": {"personal", "standard"},
}

_USER: Shape = {
    "id": float,
    "name": str,
    "email": str,
    "language": str,
    "timezoneId": float,
    "localeId": float,
    "countryId": float,
    "features": dict,
    "avatar": str,
    "timezone": str,
    "locale": str,
}

_FIELD: Shape = {
    "type": str,
    "name": str,
    "label?": str,
    "default?": (str, float, bool),
    "required?": bool,
    "multiline?": bool,
    "options?": [{"label": str, "value": str}],
}

_FUNCTION: dict[str, Shape] = {
    "id": float,
    "name": str,
    "args": str,
    "description": str,
    "updatedAt": str,
    "createdAt": str,
    "createdByUser": {"id": float, "name": str, "email": str},
    "code?": str,
    "scenarios?": [{"id": float, "name": str}],
}

_DATA_STRUCTURE: dict[str, Shape] = {
    "id": float,
    "name": str,
    "teamId": float,
    "spec?": [_FIELD],
    "strict?": bool,
}

_DATA_STORE: dict[str, Shape] = {
    "id": float,
    "name": str,
    "records": float,
    "size": str,
    "maxSize": str,
    "teamId": float,
    "datastructureId": (float, None),
}

_LISTED_DATA_STORE = pick(_DATA_STORE, "id", "name", "teamId", "records", "size", "maxSize")

_RECORD: Shape = {"key": str, "data": dict}

_SCHEDULING: Shape = {
    "type": {"immediately", "indefinitely", "once", "daily", "weekly", "monthly", "yearly", "on-demand"},
    "interval?": float,
    "date?": str,
    "days?": [float],
    "months?": [float],
    "time?": str,
    "between?": [str],
    "restrict?": [{"days?": [float], "months?": [float], "time?": [str]}],
}

_USER_REFERENCE: Shape = {"id": float, "name": str, "email": str}

_SCENARIO: dict[str, Shape] = {
    "id": float,
    "name": str,
    "description": str,
    "teamId": float,
    "folderId": (float, None),
    "usedPackages": [str],
    "scheduling": _SCHEDULING,
    "isActive": bool,
    "isinvalid": bool,
    "isPaused": bool,
    "lastEdit": str,
    "created": str,
    "createdByUser": _USER_REFERENCE,
    "updatedByUser": _USER_REFERENCE,
    "dlqCount": float,
    "customProperties?": dict,
}

_LISTED_SCENARIO: Shape = {**_SCENARIO, "operations": float, "transfer": float}

_INTERFACE: Shape = {"input": [_FIELD], "output": [_FIELD]}

_BLUEPRINT: Shape = {
    "name": str,
    "flow": [
        {
            "id": float,
            "module": str,
            "version": float,
            "mapper?": dict,
            "metadata?": dict,
            "parameters?": dict,
        }
    ],
    "metadata": dict,
    "scheduling": _SCHEDULING,
    "interface": _INTERFACE,
}

_EXECUTION: Shape = {
    "id": str,
    "imtId": str,
    "status": {0, 1, 2, 3},
    "duration": float,
    "operations": float,
    "centicredits": float,
    "transfer": float,
    "organizationId": float,
    "teamId": float,
    "type": str,
    "authorId": (float, None),
    "instant": bool,
    "timestamp": str,
}

_INCOMPLETE_EXECUTION: dict[str, Shape] = {
    "id": str,
    "scenarioId?": float,
    "scenarioName?": str,
    "companyId?": float,
    "companyName?": str,
    "reason?": str,
    "resolved": bool,
    "deleted?": bool,
    "index?": float,
    "created": str,
    "executionId?": str,
    "retry": bool,
    "attempts": float,
    "size": float,
}

_ROLE: dict[str, Shape] = {
    "id": float,
    "name": str,
    "identifier?": str,
    "category": {"organization", "team"},
    "subsidiary?": bool,
    "managementType": {"system_locked", "admin_managed", "custom_managed"},
    "description": (str, None),
    "organizationId?": (float, None),
    "permissions": [str],
}

_FOLDER: Shape = {
    "id": float,
    "name": str,
    "path": str,
    "teamId?": float,
    "parentId": (float, None),
    "position": (float, None),
    "scenariosTotal": float,
    "scenariosSubtreeTotal": float,
    "hasChildren": bool,
}

_CONNECTION: dict[str, Shape] = {
    "id": float,
    "name": str,
    "accountName": str,
    "accountLabel": str,
    "packageName": (str, None),
    "expire": (str, None),
    "metadata": (dict, None),
    "teamId": float,
    "theme": str,
    "upgradeable": bool,
    "scopesCnt": float,
    "scoped": bool,
    "accountType": str,
    "editable": bool,
    "uid": (float, None),
    "connectedSystemId": (str, None),
    "scenarioUsages?": [{"id": float, "name": str}],
}

_CONNECTION_WITH_SCOPES: Shape = {**_CONNECTION, "scopes": [{"id": str, "name?": str, "account": str}]}

_PUBLIC_TEMPLATE: dict[str, Shape] = {
    "id": float,
    "name": str,
    "description": (str, None),
    "url": str,
    "usedApps": [str],
    "usage": float,
}

_PUBLIC_BLUEPRINT: Shape = {
    "blueprint": pick(_BLUEPRINT, "name", "flow", "metadata"),
    "controller": {"name": str, "modules": dict, "idSequence": float},
    "scheduling": _SCHEDULING,
    "language": str,
    "metadata": (dict, None),
}

_HOOK: dict[str, Shape] = {
    "id": float,
    "name": str,
    "teamId": float,
    "udid": str,
    "type": {"web", "web-shared", "mail"},
    "packageName": (str, None),
    "theme": str,
    "editable": bool,
    "queueCount": float,
    "queueLimit": float,
    "enabled": bool,
    "gone": bool,
    "typeName": str,
    "data": dict,
    "scenarioId?": float,
    "scenarioName?": str,
    "scenarioIsActive?": bool,
    "url?": str,
}

_CUSTOM_ROLE: dict[str, Shape] = {
    "id": float,
    "name": str,
    "category": {"organization", "team"},
    "managementType": {"custom_managed"},
    "description": (str, None),
    "permissions": [{"id": float, "name": str}],
}

_KEY: dict[str, Shape] = {
    "id": float,
    "name": str,
    "typeName": str,
    "teamId": float,
    "packageName": (str, None),
    "theme": str,
}

_DEVICE: dict[str, Shape] = {
    "id": float,
    "name": str,
    "teamId": float,
    "udid": str,
    "scope": [str],
    "info": {"os": {"iOS", "Android"}, "brand": str, "model": str, "osversion": str, "appversion": str},
    "gone": bool,
    "queueCount": float,
    "queueLimit": float,
    "scenarioId": [float],
}


#: Method of the client, and a remark where it is called in several ways -> shape of what it promises to return.
SDK_SHAPES: dict[str, Shape] = {
    "organizations.create": _PARTIAL_ORGANIZATION,
    "organizations.list": [pick(_ORGANIZATION, "id", "name", "zone", "timezoneId")],
    "organizations.list with columns": [
        pick(_ORGANIZATION, "id", "countryId", "license", "teams", "isPaused")
    ],
    "organizations.get": _ORGANIZATION,
    "organizations.update": _PARTIAL_ORGANIZATION,
    "organizations.delete": None,
    "teams.create": _TEAM,
    "teams.list": [_TEAM],
    "teams.list *": [_TEAM],
    "teams.get": _TEAM,
    "teams.get *": _TEAM,
    "teams.delete": None,
    "users.me": _USER,
    "users.currentAuthorization": {"authUsed": str, "scope": [str]},
    "dataStructures.create": _DATA_STRUCTURE,
    "dataStructures.list": [_DATA_STRUCTURE],
    "dataStructures.get": _DATA_STRUCTURE,
    "dataStructures.update": _DATA_STRUCTURE,
    "dataStructures.clone": _DATA_STRUCTURE,
    "dataStructures.delete": None,
    "dataStores.create": _DATA_STORE,
    "dataStores.list": [_LISTED_DATA_STORE],
    "dataStores.list *": [_DATA_STORE],
    "dataStores.get": _LISTED_DATA_STORE,
    "dataStores.update": _DATA_STORE,
    "dataStores.delete": None,
    "records.create": _RECORD,
    "records.create without a key": _RECORD,
    "records.list": [_RECORD],
    "records.update": _RECORD,
    "records.replace": _RECORD,
    "records.delete": None,
    "folders.create": _FOLDER,
    "folders.list": [_FOLDER],
    "folders.update": _FOLDER,
    "folders.delete": None,
    "scenarios.create": _SCENARIO,
    "scenarios.list": [_LISTED_SCENARIO],
    "scenarios.list *": [_LISTED_SCENARIO],
    "scenarios.listInOrganization": [_LISTED_SCENARIO],
    "scenarios.get": pick(_SCENARIO, "id", "name", "scheduling", "created"),
    "scenarios.get *": _SCENARIO,
    "scenarios.update": _SCENARIO,
    "scenarios.setInterface": _INTERFACE,
    "scenarios.getInterface": _INTERFACE,
    "scenarios.interface": _INTERFACE,
    "scenarios.activate": bool,
    "scenarios.deactivate": bool,
    "scenarios.run": {"executionId": str, "status": {"1", "2", "3"}, "outputs": dict},
    "scenarios.run without waiting": {"executionId": str},
    "scenarios.delete": None,
    "blueprints.get": _BLUEPRINT,
    "blueprints.versions": [{"version": float, "created": str, "scenarioId": float, "draft": bool}],
    "executions.list": [_EXECUTION],
    "executions.get": _EXECUTION,
    "executions.getDetail": {"status": {"RUNNING", "SUCCESS", "WARNING", "ERROR"}, "outputs?": dict},
    "executions.listForIncompleteExecution": [_EXECUTION],
    "executions.getForIncompleteExecution": _EXECUTION,
    "incompleteExecutions.list": [_INCOMPLETE_EXECUTION],
    "incompleteExecutions.get": _INCOMPLETE_EXECUTION,
    "incompleteExecutions.bundle": dict,
    "incompleteExecutions.update": {
        "failer": float,
        "blueprint": pick(_BLUEPRINT, "name", "flow", "metadata"),
    },
    "incompleteExecutions.retry": None,
    "incompleteExecutions.retryMultiple": None,
    "functions.create": _FUNCTION,
    "functions.list": [_FUNCTION],
    "functions.list *": [_FUNCTION],
    "functions.get": _FUNCTION,
    "functions.update": _FUNCTION,
    "functions.check": {"success": bool, "error": None},
    "functions.check of an error": {"success": bool, "error": str},
    "functions.history": [{"id": float, "previousCode": str, "updatedAt": str, "updatedBy": str}],
    "functions.delete": None,
    "connections.create": _CONNECTION,
    "connections.list": [_CONNECTION],
    "connections.list *": [_CONNECTION],
    "connections.list of types": [_CONNECTION],
    "connections.get": _CONNECTION_WITH_SCOPES,
    "connections.get *": _CONNECTION_WITH_SCOPES,
    "connections.rename": _CONNECTION,
    "connections.verify": bool,
    "connections.scoped": bool,
    "connections.listEditableParameters": [str],
    "connections.update": bool,
    "connections.delete": None,
    "publicTemplates.list": [_PUBLIC_TEMPLATE],
    "publicTemplates.list with columns": [pick(_PUBLIC_TEMPLATE, "id", "usage")],
    "publicTemplates.get": _PUBLIC_TEMPLATE,
    "publicTemplates.getBlueprint": _PUBLIC_BLUEPRINT,
    "hooks.create": _HOOK,
    "hooks.create with defaults": _HOOK,
    "hooks.list": [_HOOK],
    "hooks.list of the assigned": [_HOOK],
    "hooks.get": _HOOK,
    "hooks.rename": _HOOK,
    "hooks.update": bool,
    "hooks.ping": {"address": str, "attached": bool, "learning": bool, "gone": bool},
    "hooks.disable": None,
    "hooks.enable": None,
    "hooks.learnStart": None,
    "hooks.learnStop": None,
    "hooks.delete": None,
    "roles.list": [pick(_ROLE, "id", "name")],
    "roles.list *": [_ROLE],
    "roles.get": _ROLE,
    "roles.permissions": [
        {
            "id": float,
            "name": str,
            "note": str,
            "category": str,
            "roleCategory": {"organization", "team"},
            "label": str,
            "customRolesHidden": bool,
            "requires": [str],
        }
    ],
    "customRoles.create": _CUSTOM_ROLE,
    "customRoles.update": _CUSTOM_ROLE,
    "customRoles.delete": float,
    "keys.types": [
        {
            "name": str,
            "label": str,
            "parameters": [dict],
            "author": str,
            "version": str,
            "theme": str,
            "icon": str,
        }
    ],
    "keys.create": _KEY,
    "keys.list": [pick(_KEY, "id", "name")],
    "keys.list *": [_KEY],
    "keys.get": pick(_KEY, "id", "name"),
    "keys.get *": _KEY,
    "keys.update": _KEY,
    "keys.delete": None,
    "devices.list": [_DEVICE],
    "devices.list of columns": [pick(_DEVICE, "id", "name")],
    "enums.countries": [{"id": float, "name": str, "code": str, "code2": str}],
    "enums.regions": [{"id": float, "name": str}],
    "enums.timezones": [{"id": float, "name": str, "code": str, "offset": str}],
}

#: Deliberate differences from the types: responses as they were recorded from the service.
KNOWN_MISMATCHES: dict[str, list[str]] = {
    "organizations.create": ["externalId: absent", "productName: absent", "solutionPartnerLink: absent"],
    "organizations.update": ["externalId: absent", "productName: absent", "solutionPartnerLink: absent"],
    "organizations.get": ["externalId: null", "solutionPartnerLink: null"],
    # Typed as text; the vendor's own suite, which runs on a zone, expects a number.
    "scenarios.run": ["status: 1"],
    "teams.create": ["consumedTransfer: string"],
    "teams.list *": [
        "[].operations: string",
        "[].transfer: string",
        "[].operationsLimit: null",
        "[].transferLimit: null",
        "[].consumedTransfer: string",
    ],
    "teams.get *": [
        "operations: string",
        "transfer: string",
        "consumedTransfer: string",
    ],
    "dataStores.get": ["records: string"],
    **{
        name: ["scenarioId: null", "scenarioName: null", "scenarioIsActive: null"]
        for name in ("hooks.create", "hooks.create with defaults", "hooks.get", "hooks.rename")
    },
    "hooks.list": ["[].scenarioId: null", "[].scenarioName: null", "[].scenarioIsActive: null"],
    # As in the vendor's own samples of the answers.
    "connections.create": ["scopesCnt: absent"],
    # A number or null by the vendor's OpenAPI document.
    "devices.list": ["[].scenarioId: null"],
    "executions.listForIncompleteExecution": ["[].organizationId: absent", "[].instant: absent"],
}
