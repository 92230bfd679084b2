"""Management tools that check what an agent is about to create, without creating it.

Sources: lists of tools that clients of the hosted server published (names and keys); the form of the answers is assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ....engine import inputs
from ....engine.apps.known_modules import find_known_module
from ....engine.scheduling import schedule
from ....json_types import Json, as_mapping
from ....lint import Finding, LintOptions, lint
from ....world import blueprint_refs
from ....world.exceptions import IntervalTooShortError, InvalidParametersError, InvalidSchedulingTypeError
from ..definition import ToolCall
from .group import (
    READ_ONLY,
    Input,
    ToolGroup,
    anything,
    collection,
    flag,
    json_object,
    number,
    parse_json_object,
    parse_whole_number,
    text,
)

schemas = ToolGroup("validate")
components = ToolGroup("extract")

_IDS: Mapping[str, Input] = {
    "organizationId": number("The organization ID", required=True),
    "teamId": number("The team ID", required=True),
}
_BLUEPRINT = json_object("The blueprint: name, flow and metadata", required=True)


@schemas.tool(
    "blueprint_schema",
    "Validate blueprint schema",
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"blueprint": _BLUEPRINT},
)
def validate_blueprint(call: ToolCall) -> Json:
    """Checks a blueprint: structure, modules, fields, expressions, filters and connections, all findings at once."""
    blueprint = as_mapping(parse_json_object("blueprint", call.argument("blueprint")))
    return _validation(lint(blueprint, options=_options(call)))


@schemas.tool(
    "scheduling_schema",
    "Validate scheduling schema",
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"scheduling": json_object("The scheduling", required=True)},
)
def validate_scheduling(call: ToolCall) -> Json:
    """Checks a scheduling."""
    scheduling = as_mapping(parse_json_object("scheduling", call.argument("scheduling")))
    try:
        schedule.validate_scheduling(scheduling, least_minutes=1)
    except InvalidParametersError as error:
        return {"valid": False, "errors": [{"message": text} for text in error.issues]}
    except (IntervalTooShortError, InvalidSchedulingTypeError) as error:
        return {"valid": False, "errors": [{"message": error.detail}]}
    return {"valid": True, "errors": []}


@schemas.tool(
    "scenario_interface",
    "Validate scenario interface",
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"interface": json_object("The interface: input, and output or null", required=True)},
)
def validate_interface(call: ToolCall) -> Json:
    """Checks the inputs and outputs of a scenario."""
    interface = as_mapping(parse_json_object("interface", call.argument("interface")))
    issues = [
        f"'{name}' is not a part of an interface." for name in interface if name not in ("input", "output")
    ]
    specs: list[Any] = []
    for name in ("input", "output"):
        fields = interface.get(name)
        if fields is not None and not (
            isinstance(fields, list)
            and all(isinstance(field, Mapping) and isinstance(field.get("name"), str) for field in fields)
        ):
            issues.append(f"'{name}' is not a list of fields with names.")
            fields = None
        specs.append(fields or ())
    if not issues:
        try:
            inputs.validate_names(*specs)
        except InvalidParametersError as error:
            issues += error.issues
    return {"valid": not issues, "errors": [{"message": text} for text in issues]}


@schemas.tool(
    "module_configuration",
    "Validate module configuration",
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={
        "appName": text("The name of the app", required=True),
        "appVersion": anything("The version of the app", required=True),
        "moduleName": text("The name of the module", required=True),
        "parameters": collection("The static parameters", required=True),
        "mapper": collection("The mapped fields", required=True),
        **_IDS,
        "restoreExtras": anything("Accepted and ignored"),
        "schemas": anything("Accepted and ignored"),
        "states": anything("Accepted and ignored"),
        "strict": flag("True to report warnings as errors"),
    },
)
def validate_module(call: ToolCall) -> Json:
    """Checks the parameters and the mapper of one module."""
    app, name = str(call.argument("appName")), str(call.argument("moduleName"))
    node = {
        "id": 1,
        "module": name if name.startswith(f"{app}:") else f"{app}:{name}",
        "version": parse_whole_number(call.argument("appVersion")),
        "parameters": call.argument("parameters"),
        "mapper": call.argument("mapper"),
        "metadata": {},
    }
    blueprint: Mapping[str, Json] = {"name": "Module", "flow": [node], "metadata": {}}
    findings = lint(blueprint, options=_options(call), ignore=_SCENARIO_RULES)
    return _validation(findings, strict=call.argument("strict") is True)


#: Rules on a scenario as a whole; of a module by itself the earlier ones are not known.
_SCENARIO_RULES = (
    "aggregator-without-source",
    "http-without-handler",
    "misplaced-directive",
    "outdated-version",
    "response-without-webhook",
    "unknown-reference",
)


def _options(call: ToolCall) -> LintOptions:
    """Returns what lint does not know of the caller's world: the modules that it declares."""
    with call.client.locked() as world:
        return LintOptions(modules=dict(world.custom_modules))


def _validation(findings: Sequence[Finding], *, strict: bool = False) -> Json:
    failing = {"error", "warning"} if strict else {"error"}
    # Patches are the emulator's own; Make offers none.
    plain = [replace(finding, patch=()) for finding in findings]
    errors = [finding.to_json() for finding in plain if finding.severity in failing]
    warnings = [finding.to_json() for finding in plain if finding.severity not in failing]
    return {"valid": not errors, "errors": errors, "warnings": warnings}


@components.tool(
    "blueprint_components",
    "Extract blueprint components",
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"blueprint": _BLUEPRINT, **_IDS},
)
def extract_components(call: ToolCall) -> Json:
    """Lists the connections, hooks, data stores and data structures that the modules of a blueprint use or need."""
    blueprint = as_mapping(parse_json_object("blueprint", call.argument("blueprint")))
    return {"components": list(_iter_components(blueprint))}


def _iter_components(blueprint: Mapping[str, Json]) -> Iterator[Json]:
    for node in blueprint_refs.iter_modules(blueprint.get("flow")):
        version = node.get("version", 1)
        known = find_known_module(str(node["module"]), version if isinstance(version, int) else 1)
        types = {"connection": known.connection_types, "hook": known.hook_types} if known is not None else {}
        for kind in blueprint_refs.REFERENCE_FIELDS:
            ids = sorted(blueprint_refs.find_module_references(node, kind))
            accepted = list(types.get(kind, ()))
            if ids or accepted:
                yield {
                    "moduleId": node.get("id"),
                    "module": node["module"],
                    "component": kind,
                    "ids": list(ids),
                    "types": accepted,
                }
