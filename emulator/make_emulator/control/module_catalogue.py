"""Module catalogue in the control API: known apps, and modules with their versions and fields."""

from __future__ import annotations

from flask import Blueprint, Response

from ..http.errors import ResourceNotFoundError
from ..http.responses import json_response


def add_routes(blueprint: Blueprint) -> None:
    """Adds the routes to the control API."""
    # Imports in functions keep the start-up short: most servers never read the catalogue.

    @blueprint.get("/modules")
    def list_known_apps() -> Response:
        """Known apps of Make: name, label, versions, number of known modules, versions whose list is complete."""
        from ..engine.apps import known_modules

        return json_response({"apps": known_modules.list_apps()})

    @blueprint.get("/modules/<app>")
    def get_known_app(app: str) -> Response:
        """One app with its known modules: name, kind, versions, and interpreted or simulated."""
        from ..engine.apps import known_modules

        described = known_modules.describe_app(app)
        if described is None:
            raise ResourceNotFoundError(
                f"No app '{app}' is known." + _suggest(known_modules.similar_apps(app))
            )
        return json_response({"app": described})

    @blueprint.get("/modules/<app>/<module>")
    def get_known_module(app: str, module: str) -> Response:
        """One module: kind, versions, and of each version connection, parameters, mapper, output."""
        from ..engine.apps import known_modules

        name = f"{app}:{module}"
        described = known_modules.describe_module(name)
        if described is None:
            raise ResourceNotFoundError(
                f"No module '{name}' is known." + _suggest(known_modules.similar_modules(name))
            )
        return json_response({"module": described})


def _suggest(names: tuple[str, ...]) -> str:
    return f" Did you mean {' or '.join(names)}?" if names else ""
