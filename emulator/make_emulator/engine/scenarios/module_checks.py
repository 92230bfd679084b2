"""Checks of the modules of a blueprint against what is known of Make's apps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...json_types import is_integer
from ...module_catalogue import Judgement
from ...world import blueprint_refs
from ...world.exceptions import MalformedBlueprintError
from ...world.models import Json
from ...world.settings import UNKNOWN_MODULES
from ...world.world import World
from ..apps import known_modules


def check_modules(world: World, blueprint: Mapping[str, Json]) -> None:
    """Checks that no module of a blueprint is known not to exist.

    With the setting ``refuse`` a module that is not known is refused, too.

    Raises:
        MalformedBlueprintError: if one does not exist (Make's IM007).
    """
    refused = {"missing"}
    if UNKNOWN_MODULES.of(world) == "refuse":
        refused |= {"unknown", "other-version"}
    for node, version, judgement in _iter_judgements(world, blueprint):
        if judgement.verdict in refused:
            raise MalformedBlueprintError(
                f"Module not found '{node['module']}' version '{version}'.",
                hint=f"Module {node.get('id')}: {judgement.describe()}",
            )


def find_warnings(world: World, blueprint: Mapping[str, Json]) -> list[str]:
    """Returns a text for each module of a blueprint that is not known, or not in its version; none with the setting ``accept``."""
    if UNKNOWN_MODULES.of(world) == "accept":
        return []
    return [
        f"module {node.get('id')}: {judgement.describe()}"
        for node, _, judgement in _iter_judgements(world, blueprint)
        if judgement.verdict in ("unknown", "other-version")
    ]


def _iter_judgements(
    world: World, blueprint: Mapping[str, Json]
) -> Iterator[tuple[Mapping[str, Json], int, Judgement]]:
    for node in blueprint_refs.iter_modules(blueprint.get("flow")):
        name, version = str(node["module"]), node.get("version")
        if name in world.custom_modules or name.startswith("app#"):
            continue
        if not is_integer(version):
            version = max(known_modules.versions_of(name), default=1)
        yield node, version, known_modules.judge_module(name, version)
