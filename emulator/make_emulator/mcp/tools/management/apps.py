"""Management tools of apps and their modules, from the module catalogue.

Sources: lists of tools that clients of the hosted server published (names and keys); the form of the answers is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....engine.apps import known_modules
from ....json_types import Json, JsonObject, is_integer
from ....world.custom_modules import DeclaredModules
from ..definition import ToolCall, ToolError
from .group import READ_ONLY, ToolGroup, anything, number, parse_whole_number, text

apps = ToolGroup("apps")
app_modules = ToolGroup("app-modules")
app_module = ToolGroup("app-module")
documentation = ToolGroup("app_documentation")

_APP = text("The name of the app, e.g. slack", required=True)
_VERSION = anything("The version of the app", required=True)
_ORGANIZATION_ID = number("The organization ID", required=True)

#: Usage of modules -> their kinds.
_USAGES: Mapping[str, frozenset[str]] = {
    "trigger": frozenset({"trigger", "trigger-instant", "trigger-polling"}),
    "action": frozenset({"action", "search", "universal", "responder"}),
}
_MAX_RECOMMENDATIONS = 10


@apps.tool("list", "List apps", scopes=["apps:read"], annotations=READ_ONLY)
def list_apps(call: ToolCall) -> Json:
    """Lists the known apps with their versions, those that the world declares included."""
    return known_modules.list_apps(_declared(call))


@apps.tool(
    "recommend",
    "Recommend apps",
    scopes=["apps:read"],
    annotations=READ_ONLY,
    inputs={
        "intention": text("The job that the scenario is to do", required=True),
        "organizationId": number("The organization ID"),
    },
)
def recommend_apps(call: ToolCall) -> Json:
    """Lists the apps whose name or label occurs in the intention."""
    intention = f" {' '.join(str(call.argument('intention')).lower().split())} "
    found = [
        app
        for app in known_modules.list_apps(_declared(call))
        if any(f" {str(app[key]).lower().replace('-', ' ')} " in intention for key in ("name", "label"))
    ]
    return found[:_MAX_RECOMMENDATIONS]


@app_modules.tool(
    "list",
    "List app modules",
    scopes=["apps:read"],
    annotations=READ_ONLY,
    inputs={
        "appName": _APP,
        "appVersion": _VERSION,
        "organizationId": _ORGANIZATION_ID,
        "usage": text("'trigger' or 'action' to list only those"),
    },
)
def list_app_modules(call: ToolCall) -> Json:
    """Lists the known modules of an app in a version."""
    app, version = _find_app(call), _parse_version(call)
    usage = call.argument("usage")
    if usage is not None and usage not in _USAGES:
        raise ToolError(
            f"MakeError: Parameter 'usage' must be one of: {', '.join(_USAGES)}.",
            decision="refused: parameters",
        )
    return [
        module
        for module in app["modules"]
        if (not module["versions"] or version in module["versions"])
        and (usage is None or module["kind"] in _USAGES[usage])
    ]


@app_module.tool(
    "get",
    "Get app module",
    scopes=["apps:read"],
    annotations=READ_ONLY,
    inputs={
        "appName": _APP,
        "appVersion": _VERSION,
        "moduleName": text("The name of the module, e.g. CreateMessage", required=True),
        "organizationId": _ORGANIZATION_ID,
        "format": text("'json' for the fields, 'instructions' for a text"),
    },
)
def get_app_module(call: ToolCall) -> Json:
    """Returns connection, parameters, mapper and output of a module, as far as they are known."""
    version, module = _parse_version(call), _find_module(call)
    details = next((each for each in module["details"] if each["version"] in (version, None)), None)
    if module["versions"] and version not in module["versions"]:
        known = ", ".join(map(str, module["versions"]))
        raise ToolError(
            f"MakeError: '{module['name']}' is known in version {known}, not in version {version}."
        )
    described: JsonObject = {key: value for key, value in module.items() if key != "details"}
    if details is not None:
        described |= details
    return described if call.argument("format") != "instructions" else _instructions(described)


@documentation.tool(
    "get", "Get app documentation", scopes=["apps:read"], annotations=READ_ONLY, inputs={"appName": _APP}
)
def get_documentation(call: ToolCall) -> Json:
    """Returns a summary of an app: its connections and modules."""
    app = _find_app(call)
    lines = [f"# {app['label']} ({app['name']})", ""]
    if app["connectionTypes"]:
        lines += [f"Connections: {', '.join(app['connectionTypes'])}", ""]
    lines += [
        f"- {module['name']}: {module['kind']}, version {', '.join(map(str, module['versions'])) or 'not known'}"
        for module in app["modules"]
    ]
    return "\n".join(lines)


def _find_app(call: ToolCall) -> Any:
    """Returns the description of the app that a call names.

    Raises:
        ToolError: if it is not known.
    """
    name = str(call.argument("appName"))
    declared = _declared(call)
    app = known_modules.describe_app(name, declared)
    if app is None:
        similar = known_modules.similar_apps(name, declared)
        raise ToolError(f"MakeError: App '{name}' not found.{_suggest(similar)}")
    return app


def _declared(call: ToolCall) -> DeclaredModules:
    """Returns the modules that the caller's world declares."""
    with call.client.locked() as world:
        return dict(world.custom_modules)


def _find_module(call: ToolCall) -> Any:
    app, module = str(call.argument("appName")), str(call.argument("moduleName"))
    # Agents name a module with and without its app.
    name = module if module.startswith(f"{app}:") else f"{app}:{module}"
    declared = _declared(call)
    described = known_modules.describe_module(name, declared)
    if described is None:
        similar = known_modules.similar_modules(name, declared)
        raise ToolError(f"MakeError: Module '{name}' not found.{_suggest(similar)}")
    return described


def _parse_version(call: ToolCall) -> int:
    version = parse_whole_number(call.argument("appVersion"))
    if is_integer(version):
        return version
    raise ToolError("MakeError: Parameter 'appVersion' is not a number.", decision="refused: parameters")


def _suggest(names: tuple[str, ...]) -> str:
    return f" Did you mean {' or '.join(names)}?" if names else ""


def _instructions(module: Mapping[str, Any]) -> str:
    lines = [f"Module {module['name']}, a {module['kind']}."]
    if connection := module.get("connection"):
        types = " or ".join(connection["types"]) or "an unknown type"
        lines.append(f"It needs a connection of {types} in parameters.{connection['parameter']}.")
    for part in ("parameters", "mapper"):
        for field in module.get(part, ()):
            required = "required" if field["required"] == "always" else "optional"
            choices = f", one of {', '.join(map(str, field['choices']))}" if "choices" in field else ""
            lines.append(f"- {part}.{field['name']} ({field['type'] or 'any'}, {required}{choices})")
    return "\n".join(lines)
