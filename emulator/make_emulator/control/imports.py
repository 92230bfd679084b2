"""Import of exported blueprints in the control API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from flask import Blueprint, Response, request

from ..blueprint_import.files import BlueprintFile
from ..http.responses import json_response
from ..json_types import Json, JsonObject
from ..registry import WorldRegistry
from ..schemas.hooks import hook_address
from .params import bad_request, parse_body
from .worlds import find_world

#: Maximum size of all files in bytes: as much as the server reads.
MAX_IMPORT_SIZE = 67_108_864


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.post("/worlds/<name>/import")
    def import_blueprints(name: str) -> Response:
        """Creates scenarios of exported blueprints, with stubs of the connections, hooks, data stores … that they refer to.

        ``{"files": [{"name", "document": object or JSON text}], "teamId"?, "activate"?}``. Each file becomes a scenario or is
        rejected as a whole: ``{"scenarios": [{file, scenarioId, name, active, inactiveReason, findings}], "stubs": [{kind, id,
        note, url?}], "rejected": [{file, message, hint, findings}]}``; findings are those of lint.
        """
        # Imported here, so that the server starts early: lint needs the module catalogue.
        from ..blueprint_import.scenarios import import_files

        handle = find_world(registry, name)
        request.max_content_length = MAX_IMPORT_SIZE
        body = parse_body({"files": (list,), "teamId": (int,), "activate": (bool,)})
        files = _parse_files(body)
        with handle.locked(for_change=True) as world:
            team = world.teams.get(body["teamId"]) if "teamId" in body else handle.main_team()
            if team is None:
                raise bad_request("There is no such team.")
            result = import_files(
                world, handle.main_user(), team, files, activate=body.get("activate", False)
            )
            origin = request.host_url.rstrip("/")
            return json_response(result.to_json(world, lambda hook: hook_address(world, hook, origin)))


def _parse_files(body: JsonObject) -> list[BlueprintFile]:
    if not body.get("files"):
        raise bad_request("Missing value of required parameter 'files'.")
    files = [_parse_file(each) for each in body["files"]]
    for name, count in Counter(file.name for file in files).items():
        if count > 1:
            raise bad_request(f"{count} files have the name '{name}'.")
    return files


def _parse_file(value: Json) -> BlueprintFile:
    if not isinstance(value, Mapping) or value.keys() != {"name", "document"}:
        raise bad_request("A file must be an object with 'name' and 'document'.")
    name, document = value["name"], value["document"]
    if not isinstance(name, str) or not name:
        raise bad_request("Invalid value of parameter 'files.name'.")
    if not isinstance(document, (str, dict)):
        raise bad_request("Parameter 'files.document' must be an object or a JSON text.")
    return BlueprintFile(name, document)
