"""Modules that a world declares, in the control API."""

from __future__ import annotations

from flask import Blueprint, Response

from ..http.errors import ResourceNotFoundError
from ..http.responses import json_response
from ..registry import WorldRegistry
from ..world import custom_modules
from .params import FieldTypes, bad_request, parse_body
from .worlds import find_world

_FIELDS: FieldTypes = {
    "versions": (list,),
    "kind": (str,),
    "connection": (dict,),
    "parameters": (list,),
    "mapper": (list,),
    "output": (list,),
}


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""

    @blueprint.get("/worlds/<name>/declared-modules")
    def list_declared_modules(name: str) -> Response:
        """Modules that the world declares: those of an organization's own apps, and others that the catalogue does not know."""
        with find_world(registry, name).locked() as world:
            declared = [world.custom_modules[module] for module in sorted(world.custom_modules)]
        return json_response({"modules": [custom_modules.describe(module) for module in declared]})

    @blueprint.put("/worlds/<name>/declared-modules/<module>")
    def declare_module(name: str, module: str) -> Response:
        """Declares a module: ``{"versions"?, "kind"?, "connection"?: {"parameter"?, "types"?}, "parameters"?, "mapper"?, "output"?}``.

        The last three are lists of fields: ``{"name", "type"?, "required"?, "options"?, "spec"?}``.
        """
        handle, declaration = find_world(registry, name), parse_body(_FIELDS)
        try:
            declared = custom_modules.parse_module(module, declaration)
        except custom_modules.InvalidModuleError as error:
            raise bad_request(str(error)) from None
        with handle.locked(for_change=True) as world:
            world.custom_modules[module] = declared
        return json_response({"module": custom_modules.describe(declared)})

    @blueprint.delete("/worlds/<name>/declared-modules/<module>")
    def withdraw_module(name: str, module: str) -> Response:
        """Withdraws the declaration of a module; scenarios that have it stay."""
        with find_world(registry, name).locked(for_change=True) as world:
            if module not in world.custom_modules:
                raise ResourceNotFoundError(f"Module '{module}' is not declared in that world.")
            del world.custom_modules[module]
        return Response(status=204)
