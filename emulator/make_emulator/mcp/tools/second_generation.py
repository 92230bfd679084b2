"""Tools of the second generation, ``/v2``: ``{subject}_{action}``, data as ``structuredContent``, rejections as ``errors`` in the data.

Source: integromat/make-skills (names, the 25 rows of a list, the ways to run a scenario, ``expectedLastEdit``). The inputs and the
form of the data are assumed. What the emulator cannot serve truthfully is not offered: endpoints of apps, options of fields that an
outside service knows, connections by a person's consent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from ...engine.apps import known_modules
from ...json_types import Json, JsonObject, as_mapping
from ...reports.trace_view import TraceView
from ...world import blueprint_refs
from ...world.custom_modules import DeclaredModules
from ...world.enums import SCOPES
from ...world.models import Execution
from ...world.world import World
from .arguments import find_issues
from .definition import McpClient, ToolAnnotations, ToolCall, ToolDefinition, ToolError, ToolResult
from .management.group import (
    ALL_COLUMNS,
    CONFIRMED,
    DELETE,
    READ_ONLY,
    REPLACE,
    RUN,
    WRITE,
    Input,
    anything,
    array,
    collection,
    json_object,
    number,
    object_schema,
    parse_json_object,
    text,
)

#: The scopes that gate everything: without one of them every request is 403.
SCOPE_BUNDLE = frozenset(
    scope
    for scope in SCOPES
    if scope.partition(":")[0]
    in ("mcp", "organizations", "teams", "scenarios", "connections", "hooks", "datastores", "udts")
)
#: Rows of a list, which has no pages.
MAX_ROWS = 25

#: Status of an execution as the data have it.
_STATUSES = {1: "success", 2: "warning", 3: "error"}

Handler: TypeAlias = Callable[[ToolCall], Mapping[str, Json]]

_TOOLS: dict[str, ToolDefinition] = {}

_SCENARIO_ID = number("The scenario ID", required=True)
_TEAM_ID = number("The team ID", required=True)
_EXECUTION_ID = text("The execution ID", required=True)
_MODULE_ID = number("The module ID in the scenario", required=True)


class SecondGenerationTools:
    """Tools of the second generation, which every client of its server may use, unless it is an agent without the grants."""

    def list_tools(self, client: McpClient) -> list[ToolDefinition]:
        """Returns the tools, in the order of their declaration."""
        return [tool for tool in _TOOLS.values() if client.may_use(tool)]

    def find(self, client: McpClient, name: str) -> ToolDefinition | None:
        """Returns the tool of a name; ``None`` if the client has none."""
        tool = _TOOLS.get(name)
        return tool if tool is not None and client.may_use(tool) else None


def second_generation_tools() -> list[ToolDefinition]:
    """Returns the tools of the second generation, in the order of their declaration."""
    return list(_TOOLS.values())


def _tool(
    name: str,
    title: str,
    *,
    annotations: ToolAnnotations,
    scopes: Sequence[str] = (),
    inputs: Mapping[str, Input] | None = None,
) -> Callable[[Handler], Handler]:
    """Declares a tool; the docstring of the function is its description.

    Args:
        scopes: those of the routes that every call needs: an agent without their grants has no such tool.
    """
    schema = object_schema(inputs or {})

    def declare(handler: Handler) -> Handler:
        def serve(call: ToolCall) -> ToolResult:
            try:
                if issues := find_issues(schema, call.arguments):
                    raise ToolError(f"Invalid arguments: {'; '.join(issues)}", decision="refused: parameters")
                return ToolResult("", dict(handler(call)))
            except ToolError as error:
                entry = call.client.entry
                entry.decision = error.decision
                entry.reason = entry.reason or error.text.replace("\n", " ")
                message = error.text.removeprefix("MakeError: ")
                return ToolResult("", {"errors": [{"message": message}]})

        _TOOLS[name] = ToolDefinition(
            name=name,
            title=title,
            description=" ".join((handler.__doc__ or "").split()),
            input_schema=schema,
            annotations=annotations,
            scopes=tuple(scopes),
            handler=serve,
            validates=False,
        )
        return handler

    return declare


# --- environment ---------------------------------------------------------------------------------


@_tool(
    "environment_get", "Get environment", scopes=["organizations:read", "teams:read"], annotations=READ_ONLY
)
def _get_environment(call: ToolCall) -> Mapping[str, Json]:
    """Returns the user's organizations with their teams, and the zone."""
    organizations = call.api("GET /organizations", query=ALL_COLUMNS)["organizations"]
    rows = []
    for organization in organizations[:MAX_ROWS]:
        teams = call.api("GET /teams", query={"organizationId": organization["id"], **ALL_COLUMNS})["teams"]
        rows.append({**organization, "teams": teams[:MAX_ROWS]})
    return {"organizations": rows, "zone": organizations[0]["zone"] if organizations else None}


# --- scenarios -----------------------------------------------------------------------------------


def _list_scenarios(call: ToolCall) -> Mapping[str, Json]:
    """Lists the scenarios of a team, 25 at most."""
    query = {"teamId": call.argument("teamId"), "folderId": call.argument("folderId"), **ALL_COLUMNS}
    return {"scenarios": call.api("GET /scenarios", query=query)["scenarios"][:MAX_ROWS]}


def _list_executions(call: ToolCall) -> Mapping[str, Json]:
    """Lists the executions of a scenario, the latest first, 25 at most."""
    response = call.api("GET /scenarios/{scenarioId}/logs", path=_path(call, "scenarioId"))
    # Changes of the scenario stand among its runs, without a status.
    runs = [row for row in response["scenarioLogs"] if "status" in row]
    return {"executions": runs[:MAX_ROWS]}


def _get_execution(call: ToolCall) -> Mapping[str, Json]:
    """Returns status, outputs and error of an execution."""
    path = _path(call, "scenarioId", "executionId")
    execution: Mapping[str, Json] = call.api(
        "GET /scenarios/{scenarioId}/executions/{executionId}", path=path
    )
    return {"execution": execution}


_LIST_INPUTS = {"teamId": _TEAM_ID, "folderId": number("The folder ID")}
_EXECUTION_INPUTS = {"scenarioId": _SCENARIO_ID, "executionId": _EXECUTION_ID}

#: The hosted server renders a widget for the answers of those that end with ``_show``.
for _suffix, _word in (("", ""), ("_show", " with a widget")):
    _tool(
        f"scenario_list{_suffix}",
        f"List scenarios{_word}",
        scopes=["scenarios:read"],
        annotations=READ_ONLY,
        inputs=_LIST_INPUTS,
    )(_list_scenarios)
    _tool(
        f"scenario_execution_list{_suffix}",
        f"List executions{_word}",
        scopes=["scenarios:read"],
        annotations=READ_ONLY,
        inputs={"scenarioId": _SCENARIO_ID},
    )(_list_executions)
    _tool(
        f"scenario_execution_get{_suffix}",
        f"Get execution{_word}",
        scopes=["scenarios:read"],
        annotations=READ_ONLY,
        inputs=_EXECUTION_INPUTS,
    )(_get_execution)


@_tool(
    "scenario_folder_list",
    "List folders",
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"teamId": _TEAM_ID},
)
def _list_folders(call: ToolCall) -> Mapping[str, Json]:
    """Lists the folders of a team, 25 at most."""
    folders = call.api("GET /scenarios-folders", query={"teamId": call.argument("teamId")})
    return {"folders": folders["scenariosFolders"][:MAX_ROWS]}


@_tool(
    "scenario_get",
    "Get scenario",
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"scenarioId": _SCENARIO_ID},
)
def _get_scenario(call: ToolCall) -> Mapping[str, Json]:
    """Returns a scenario with its blueprint and its interface."""
    path = _path(call, "scenarioId")
    return {
        "scenario": call.api("GET /scenarios/{scenarioId}", path=path, query=ALL_COLUMNS)["scenario"],
        "blueprint": _blueprint(call),
        "interface": call.api("GET /scenarios/{scenarioId}/interface", path=path)["interface"],
    }


@_tool(
    "scenario_module_get",
    "Get scenario module",
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"scenarioId": _SCENARIO_ID, "moduleId": _MODULE_ID},
)
def _get_module(call: ToolCall) -> Mapping[str, Json]:
    """Returns one module of a scenario."""
    return {"module": _find_module(_blueprint(call), call.argument("moduleId"))}


@_tool(
    "scenario_create",
    "Create scenario",
    scopes=["scenarios:write"],
    annotations=WRITE,
    inputs={
        "teamId": _TEAM_ID,
        "folderId": number("The folder ID"),
        "blueprint": json_object("The blueprint: name, flow and metadata", required=True),
        "scheduling": json_object("The scheduling; on demand by default"),
    },
)
def _create_scenario(call: ToolCall) -> Mapping[str, Json]:
    """Creates a scenario, which starts inactive."""
    scheduling = parse_json_object("scheduling", call.argument("scheduling") or {"type": "on-demand"})
    body = {
        "teamId": call.argument("teamId"),
        "blueprint": _json_text(parse_json_object("blueprint", call.argument("blueprint"))),
        "scheduling": _json_text(scheduling),
    }
    if call.argument("folderId") is not None:
        body["folderId"] = call.argument("folderId")
    created = call.api("POST /scenarios", query={**ALL_COLUMNS, **CONFIRMED}, body=body)
    return {"scenario": created["scenario"]}


@_tool(
    "scenario_patch",
    "Patch scenario",
    scopes=["scenarios:write"],
    annotations=REPLACE,
    inputs={
        "scenarioId": _SCENARIO_ID,
        "expectedLastEdit": text("The last edit that the change is based on", required=True),
        "operations": array(
            'Changes in order: {"op": "module_config_set", "moduleId", "parameters"?, "mapper"?},'
            ' {"op": "rename", "name"}, {"op": "scheduling_set", "scheduling"} or {"op": "blueprint_set", "blueprint"}',
            required=True,
            items={"type": "object"},
        ),
    },
)
def _patch_scenario(call: ToolCall) -> Mapping[str, Json]:
    """Changes a scenario that was not changed since the given edit; all operations are made, or none."""
    # One lock for the check and the change, so that no other client changes the scenario in between.
    with call.client.locked():
        path = _path(call, "scenarioId")
        scenario = call.api("GET /scenarios/{scenarioId}", path=path, query=ALL_COLUMNS)["scenario"]
        if call.argument("expectedLastEdit") != scenario["lastEdit"]:
            raise ToolError(
                f"The scenario was changed in the meantime: its last edit is {scenario['lastEdit']}.",
                decision="refused: stale",
            )
        blueprint: Any = orjson.loads(orjson.dumps(_blueprint(call)))
        body: dict[str, Json] = {}
        for operation in call.argument("operations"):
            blueprint = _apply(operation, blueprint, body)
        if "blueprint" in body:
            body["blueprint"] = _json_text(blueprint)
        changed = call.api(
            "PATCH /scenarios/{scenarioId}", path=path, query={**ALL_COLUMNS, **CONFIRMED}, body=body
        )
        return {"scenario": changed["scenario"]}


#: Operation of a patch -> its fields.
_OPERATION_FIELDS: Mapping[str, frozenset[str]] = {
    "module_config_set": frozenset(["moduleId", "parameters", "mapper"]),
    "rename": frozenset(["name"]),
    "scheduling_set": frozenset(["scheduling"]),
    "blueprint_set": frozenset(["blueprint"]),
}


def _apply(operation: Mapping[str, Any], blueprint: Any, body: dict[str, Json]) -> Any:
    """Makes one operation; returns the blueprint. ``body`` gets the fields of the request that it changes.

    Raises:
        ToolError: if there is no such operation, or it lacks a value, or has one that is unknown or wrong.
    """
    op = str(operation.get("op"))
    known = _OPERATION_FIELDS.get(op, operation.keys())
    if unknown := sorted(operation.keys() - known - {"op"}):
        raise ToolError(f"The operation {op} has no '{unknown[0][:60]}'.", decision="refused: parameters")
    match op:
        case "module_config_set":
            module = _find_module(blueprint, operation.get("moduleId"))
            for part in ("parameters", "mapper"):
                values = operation.get(part, {})
                if not isinstance(values, Mapping):
                    raise ToolError(
                        f"'{part}' of the operation {op} is not an object.", decision="refused: parameters"
                    )
                module[part] = {**as_mapping(module.get(part)), **values}
            body["blueprint"] = True
        case "blueprint_set":
            body["blueprint"] = True
            return parse_json_object("blueprint", _required(operation, "blueprint"))
        case "rename":
            body["name"] = _required(operation, "name")
        case "scheduling_set":
            scheduling = parse_json_object("scheduling", _required(operation, "scheduling"))
            body["scheduling"] = _json_text(scheduling)
        case _:
            raise ToolError(
                f"Unknown operation {op[:60]!r}; the emulator has module_config_set, blueprint_set, rename and"
                " scheduling_set.",
                decision="refused: parameters",
            )
    return blueprint


def _required(operation: Mapping[str, Any], name: str) -> Any:
    if operation.get(name) is None:
        raise ToolError(
            f"The operation {operation.get('op')} needs '{name}'.", decision="refused: parameters"
        )
    return operation[name]


@_tool(
    "scenario_delete",
    "Delete scenario",
    scopes=["scenarios:write"],
    annotations=DELETE,
    inputs={"scenarioId": _SCENARIO_ID},
)
def _delete_scenario(call: ToolCall) -> Mapping[str, Json]:
    """Deletes a scenario."""
    return {
        "scenario": call.api("DELETE /scenarios/{scenarioId}", path=_path(call, "scenarioId"))["scenario"]
    }


@_tool(
    "scenario_activate",
    "Activate scenario",
    scopes=["scenarios:write"],
    annotations=WRITE,
    inputs={"scenarioId": _SCENARIO_ID},
)
def _activate_scenario(call: ToolCall) -> Mapping[str, Json]:
    """Activates a scenario, which then runs by its scheduling."""
    return dict(call.api("POST /scenarios/{scenarioId}/start", path=_path(call, "scenarioId")))


@_tool(
    "scenario_deactivate",
    "Deactivate scenario",
    scopes=["scenarios:write"],
    annotations=WRITE,
    inputs={"scenarioId": _SCENARIO_ID},
)
def _deactivate_scenario(call: ToolCall) -> Mapping[str, Json]:
    """Deactivates a scenario."""
    return dict(call.api("POST /scenarios/{scenarioId}/stop", path=_path(call, "scenarioId")))


@_tool(
    "scenario_run",
    "Run scenario",
    scopes=["scenarios:run"],
    annotations=RUN,
    inputs={"scenarioId": _SCENARIO_ID, "inputs": collection("The inputs of the run, by name")},
)
def _run_scenario(call: ToolCall) -> Mapping[str, Json]:
    """Runs an active scenario; a webhook scenario runs nothing, and its URL is returned."""
    path = _path(call, "scenarioId")
    scenario = call.api("GET /scenarios/{scenarioId}", path=path, query=ALL_COLUMNS)["scenario"]
    if not scenario["isActive"]:
        raise ToolError("The scenario is not active: activate it with scenario_activate first.")
    if scenario["hookId"] is not None:
        hook = call.api("GET /hooks/{hookId}", path={"hookId": scenario["hookId"]})["hook"]
        return {"message": "The scenario runs when its webhook is called.", "url": hook["url"]}
    inputs, is_on_demand = call.argument("inputs"), scenario["scheduling"].get("type") == "on-demand"
    if inputs and not is_on_demand:
        raise ToolError(
            "The scenario is not on demand, so it takes no inputs.", decision="refused: parameters"
        )
    body: dict[str, Json] = {"responsive": False, **({"data": inputs} if is_on_demand else {})}
    execution_id = call.api("POST /scenarios/{scenarioId}/run", path=path, body=body)["executionId"]
    limit = call.client.limits.scenario
    with call.client.locked() as world:
        execution = _find_execution(world, scenario["id"], execution_id)
        world.clock.advance_to(min(execution.ends, execution.started + limit))
    if execution.duration > limit:
        return {"executionId": execution_id, "status": "pending"}
    result: JsonObject = {"executionId": execution_id, "status": _STATUSES.get(execution.status, "error")}
    if execution.error is not None:
        raise ToolError(f"Execution {execution_id} failed: {execution.error.message}", decision="served")
    return {**result, "outputs": execution.outputs or {}}


# --- executions ----------------------------------------------------------------------------------


@_tool(
    "scenario_execution_inspect",
    "Inspect execution",
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs=_EXECUTION_INPUTS,
)
def _inspect_execution(call: ToolCall) -> Mapping[str, Json]:
    """Returns the steps of an execution: module, status, operations, and the error of a failed one."""
    steps = [
        {key: step[key] for key in ("moduleId", "module", "operation", "error", "sentence") if step.get(key)}
        for step in _steps(call)
    ]
    return {"steps": list(steps[:MAX_ROWS]), "total": len(steps)}


@_tool(
    "scenario_execution_module_get",
    "Get module of execution",
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={**_EXECUTION_INPUTS, "moduleId": _MODULE_ID},
)
def _get_execution_module(call: ToolCall) -> Mapping[str, Json]:
    """Returns input and output of each operation of one module in an execution."""
    id = call.argument("moduleId")
    return {"operations": list([step for step in _steps(call) if step["moduleId"] == id][:MAX_ROWS])}


def _steps(call: ToolCall) -> Sequence[Mapping[str, Any]]:
    # The route checks that the caller may see the execution.
    _get_execution(call)
    with call.client.locked() as world:
        execution = _find_execution(world, call.argument("scenarioId"), str(call.argument("executionId")))
        view = TraceView.from_execution(execution, call.client.caller.handle.secret_values())
    return [step.to_json() for step in view.steps]


def _find_execution(world: World, scenario_id: int, id: str) -> Execution:
    """Returns an execution of a scenario.

    Raises:
        ToolError: if it has none of that id.
    """
    execution = world.logs.get((scenario_id, id))
    if not isinstance(execution, Execution):
        raise ToolError(f"The scenario has no execution {id}.")
    return execution


# --- triggers ------------------------------------------------------------------------------------


@_tool(
    "scenario_trigger_inspect",
    "Inspect trigger",
    scopes=["scenarios:read"],
    annotations=READ_ONLY,
    inputs={"scenarioId": _SCENARIO_ID},
)
def _inspect_trigger(call: ToolCall) -> Mapping[str, Json]:
    """Returns the first module of a scenario and its webhook."""
    first = blueprint_refs.first_module(_blueprint(call).get("flow"))
    hook = None
    if (id := _hook_id(call)) is not None:
        hook = call.api("GET /hooks/{hookId}", path={"hookId": id})["hook"]
    return {"trigger": first, "hook": hook}


@_tool(
    "scenario_trigger_learn",
    "Learn trigger data",
    scopes=["scenarios:read", "hooks:write"],
    annotations=WRITE,
    inputs={"scenarioId": _SCENARIO_ID},
)
def _learn_trigger(call: ToolCall) -> Mapping[str, Json]:
    """Starts to learn the structure of the next request to the webhook of a scenario."""
    id = _hook_id(call)
    if id is None:
        raise ToolError("The scenario has no webhook.")
    call.api("POST /hooks/{hookId}/learn-start", path={"hookId": id})
    return {"hookId": id, "learning": True}


def _hook_id(call: ToolCall) -> int | None:
    scenario = call.api("GET /scenarios/{scenarioId}", path=_path(call, "scenarioId"), query=ALL_COLUMNS)
    id: int | None = scenario["scenario"]["hookId"]
    return id


# --- apps ----------------------------------------------------------------------------------------


@_tool(
    "app_find",
    "Find apps",
    annotations=READ_ONLY,
    inputs={"query": text("A part of the name", required=True)},
)
def _find_apps(call: ToolCall) -> Mapping[str, Json]:
    """Finds apps by a part of their name."""
    query = str(call.argument("query")).lower().strip()
    found = [
        app
        for app in known_modules.list_apps(_declared_modules(call))
        if query in str(app["name"]).lower() or query in str(app["label"]).lower()
    ]
    return {"apps": list(found[:MAX_ROWS])}


@_tool(
    "module_spec",
    "Get module specification",
    annotations=READ_ONLY,
    inputs={
        "module": text("The full name, e.g. slack:CreateMessage", required=True),
        "version": anything("The version; the newest known one by default"),
    },
)
def _get_module_spec(call: ToolCall) -> Mapping[str, Json]:
    """Returns connection, parameters, mapper and output of a module, as far as they are known."""
    name = str(call.argument("module"))
    declared = _declared_modules(call)
    described = known_modules.describe_module(name, declared)
    if described is None:
        similar = known_modules.similar_modules(name, declared)
        hint = f" Did you mean {' or '.join(similar)}?" if similar else ""
        raise ToolError(f"No module '{name}' is known.{hint}")
    details: Any = described.pop("details")
    version = call.argument("version")
    wanted = [each for each in details if version is None or str(each["version"]) == str(version)]
    if version is not None and details and not wanted:
        raise ToolError(f"'{name}' is not known in version {version}.")
    return {"module": {**described, **(wanted[-1] if wanted else {})}}


def _declared_modules(call: ToolCall) -> DeclaredModules:
    """Returns the modules that the caller's world declares."""
    with call.client.locked() as world:
        return dict(world.custom_modules)


# --- data ----------------------------------------------------------------------------------------


@_tool(
    "connection_get",
    "Get connection",
    scopes=["connections:read"],
    annotations=READ_ONLY,
    inputs={"connectionId": number(required=True)},
)
def _get_connection(call: ToolCall) -> Mapping[str, Json]:
    """Returns a connection without its credentials."""
    return dict(
        call.api("GET /connections/{connectionId}", path=_path(call, "connectionId"), query=ALL_COLUMNS)
    )


@_tool(
    "data_store_list",
    "List data stores",
    scopes=["datastores:read"],
    annotations=READ_ONLY,
    inputs={"teamId": _TEAM_ID},
)
def _list_data_stores(call: ToolCall) -> Mapping[str, Json]:
    """Lists the data stores of a team, 25 at most."""
    rows = call.api("GET /data-stores", query={"teamId": call.argument("teamId"), **ALL_COLUMNS})[
        "dataStores"
    ]
    return {"dataStores": rows[:MAX_ROWS]}


@_tool(
    "data_store_get",
    "Get data store",
    scopes=["datastores:read"],
    annotations=READ_ONLY,
    inputs={"dataStoreId": number(required=True)},
)
def _get_data_store(call: ToolCall) -> Mapping[str, Json]:
    """Returns a data store with its first 25 records."""
    path = _path(call, "dataStoreId")
    records = call.api("GET /data-stores/{dataStoreId}/data", path=path, query={"pg[limit]": MAX_ROWS})
    return {
        "dataStore": call.api("GET /data-stores/{dataStoreId}", path=path)["dataStore"],
        "records": records["records"],
    }


@_tool(
    "data_store_create",
    "Create data store",
    scopes=["datastores:write"],
    annotations=WRITE,
    inputs={
        "teamId": _TEAM_ID,
        "name": text("The name", required=True),
        "maxSizeMB": number("The size in megabytes", required=True),
        "datastructureId": number("The data structure of its records"),
    },
)
def _create_data_store(call: ToolCall) -> Mapping[str, Json]:
    """Creates a data store."""
    return dict(call.api("POST /data-stores", body=dict(call.arguments)))


@_tool(
    "data_store_delete",
    "Delete data store",
    scopes=["datastores:write"],
    annotations=DELETE,
    inputs={"dataStoreId": number(required=True)},
)
def _delete_data_store(call: ToolCall) -> Mapping[str, Json]:
    """Deletes a data store with its records."""
    path = _path(call, "dataStoreId")
    return dict(call.api("DELETE /data-stores/{dataStoreId}", path=path, query=CONFIRMED))


@_tool(
    "data_structure_list",
    "List data structures",
    scopes=["udts:read"],
    annotations=READ_ONLY,
    inputs={"teamId": _TEAM_ID},
)
def _list_data_structures(call: ToolCall) -> Mapping[str, Json]:
    """Lists the data structures of a team, 25 at most."""
    query = {"teamId": call.argument("teamId"), **ALL_COLUMNS}
    return {"dataStructures": call.api("GET /data-structures", query=query)["dataStructures"][:MAX_ROWS]}


@_tool(
    "data_structure_create",
    "Create data structure",
    scopes=["udts:write"],
    annotations=WRITE,
    inputs={
        "teamId": _TEAM_ID,
        "name": text("The name", required=True),
        "spec": array("The fields", required=True, items={"type": "object"}),
        "strict": Input({"type": "boolean"}),
    },
)
def _create_data_structure(call: ToolCall) -> Mapping[str, Json]:
    """Creates a data structure."""
    return dict(call.api("POST /data-structures", body=dict(call.arguments)))


# --- parts ---------------------------------------------------------------------------------------


def _path(call: ToolCall, *names: str) -> dict[str, object]:
    return {name: call.argument(name) for name in names}


def _blueprint(call: ToolCall) -> Mapping[str, Any]:
    response = call.api("GET /scenarios/{scenarioId}/blueprint", path=_path(call, "scenarioId"))
    blueprint: Mapping[str, Any] = response["response"]["blueprint"]
    return blueprint


def _find_module(blueprint: Mapping[str, Json], id: Json) -> Any:
    for node in blueprint_refs.iter_modules(blueprint.get("flow")):
        if node.get("id") == id:
            return node
    raise ToolError(f"The scenario has no module {id}.")


def _json_text(value: Json) -> str:
    return orjson.dumps(value).decode()
