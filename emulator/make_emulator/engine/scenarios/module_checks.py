"""Checks of the modules of a blueprint against what is known of Make's apps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...json_types import is_integer
from ...module_catalogue import Verdict
from ...plain_text import pluralize
from ...world import blueprint_refs
from ...world.exceptions import MalformedBlueprintError
from ...world.models import Json
from ...world.settings import UNKNOWN_MODULES
from ...world.world import World
from ..apps import known_modules

#: The most modules that are named in warnings, since each suggestion takes a millisecond or more.
MAX_WARNINGS = 20


def check_modules(world: World, blueprint: Mapping[str, Json]) -> None:
    """Checks that no module of a blueprint is known not to exist.

    With the setting ``refuse`` a module that is not known is refused, too.

    Raises:
        MalformedBlueprintError: if one does not exist (Make's IM007).
    """
    refused = {"missing"}
    if UNKNOWN_MODULES.of(world) == "refuse":
        refused |= {"unknown", "other-version"}
    for node, name, version, verdict in _iter_verdicts(world, blueprint):
        if verdict in refused:
            judgement = known_modules.judge_module(name, version, declared=world.custom_modules)
            raise MalformedBlueprintError(
                f"Module not found '{name}' version '{version}'.",
                hint=f"Module {node.get('id')}: {judgement.describe()}",
            )


def find_warnings(world: World, blueprint: Mapping[str, Json]) -> list[str]:
    """Returns a text for each module of a blueprint that is not known, or not in its version; none with the setting ``accept``."""
    if UNKNOWN_MODULES.of(world) == "accept":
        return []
    found = [
        (node, name, version)
        for node, name, version, verdict in _iter_verdicts(world, blueprint)
        if verdict in ("unknown", "other-version")
    ]
    declared = world.custom_modules
    warnings = [
        f"module {node.get('id')}: {known_modules.judge_module(name, version, declared=declared).describe()}"
        for node, name, version in found[:MAX_WARNINGS]
    ]
    if len(found) > MAX_WARNINGS:
        warnings.append(f"{pluralize(len(found) - MAX_WARNINGS, 'more module')} not known")
    return warnings


def _iter_verdicts(
    world: World, blueprint: Mapping[str, Json]
) -> Iterator[tuple[Mapping[str, Json], str, int, Verdict]]:
    """Iterates over the modules that can be judged, with their names, versions and verdicts."""
    declared = world.custom_modules
    for node in blueprint_refs.iter_modules(blueprint.get("flow")):
        name, version = str(node["module"]), node.get("version")
        if name.startswith("app#") and name not in declared:
            continue
        if not is_integer(version):
            version = max(known_modules.versions_of(name, declared=declared), default=1)
        judgement = known_modules.judge_module(name, version, suggest=False, declared=declared)
        yield node, name, version, judgement.verdict
