"""Module catalogue in the control API: known apps, and modules with their versions and fields."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ..http.errors import ResourceNotFoundError
from ..http.responses import json_response
from ..registry import WorldRegistry
from ..world.custom_modules import NO_MODULES, DeclaredModules
from .worlds import find_world


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Adds the routes to the control API."""
    # Imports in functions keep the start-up short: most servers never read the catalogue.

    def declared_modules() -> DeclaredModules:
        """Returns the modules that the world of the query declares."""
        name = request.args.get("world")
        if name is None:
            return NO_MODULES
        with find_world(registry, name).locked() as world:
            return dict(world.custom_modules)

    @blueprint.get("/modules")
    def list_known_apps() -> Response:
        """Known apps of Make: name, label, versions, number of known modules, versions whose list is complete.

        With ``?world=``, here and below, those that the world declares, too.
        """
        from ..engine.apps import known_modules

        return json_response({"apps": known_modules.list_apps(declared_modules())})

    @blueprint.get("/modules/<app>")
    def get_known_app(app: str) -> Response:
        """One app with its known modules: name, kind, versions, and interpreted or simulated."""
        from ..engine.apps import known_modules

        declared = declared_modules()
        described = known_modules.describe_app(app, declared)
        if described is None:
            raise ResourceNotFoundError(
                f"No app '{app}' is known." + _suggest(known_modules.similar_apps(app, declared))
            )
        return json_response({"app": described})

    @blueprint.get("/modules/<app>/<module>")
    def get_known_module(app: str, module: str) -> Response:
        """One module: kind, versions, and of each version connection, parameters, mapper, output."""
        from ..engine.apps import known_modules

        name = f"{app}:{module}"
        declared = declared_modules()
        described = known_modules.describe_module(name, declared)
        if described is None:
            raise ResourceNotFoundError(
                f"No module '{name}' is known." + _suggest(known_modules.similar_modules(name, declared))
            )
        return json_response({"module": described})


def _suggest(names: tuple[str, ...]) -> str:
    return f" Did you mean {' or '.join(names)}?" if names else ""
