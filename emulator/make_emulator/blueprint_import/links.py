"""Links between imported blueprints: the ids under which they call each other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from ..engine.apps.scenarios import SCENARIO_PREFIX, START_MODULE, find_called_scenario
from ..json_types import Json, as_mapping, as_mappings
from .export import BlueprintExport, parse_export

#: Text in every file that calls another one.
_APP = START_MODULE.partition(":")[0].encode()


def find_links(exports: Mapping[str, BlueprintExport]) -> dict[str, int]:
    """Returns file -> the id by which the others call its scenario; files that none calls are left out.

    An export has no id of its own: it is the called one if exactly one file has the id in its name, as ``77.json`` or
    ``77-price.json``, or else if exactly one has the name that the calling module shows.
    """
    labels: dict[int, set[str]] = {}
    for export in exports.values():
        for node in export.nodes:
            if (id := find_called_scenario(node)) is not None:
                labels.setdefault(id, set()).update(_label_of_called(node))
    numbers = {file: re.findall(r"[0-9]+", PurePosixPath(file).stem) for file in exports}
    links: dict[str, int] = {}
    for by_label in (False, True):
        for id, names in labels.items():
            if id in links.values():
                continue
            found = [
                file
                for file, export in exports.items()
                if file not in links
                and (export.blueprint["name"] in names if by_label else str(id) in numbers[file])
            ]
            if len(found) == 1:
                links[found[0]] = id
    return links


def link_files(files: Mapping[str, bytes]) -> tuple[dict[str, int], dict[int, Mapping[str, Json]]]:
    """Returns file -> the id by which others call its scenario, and id -> blueprint; files that Make rejects are left out."""
    if not any(_APP in data for data in files.values()):
        return {}, {}
    exports: dict[str, BlueprintExport] = {}
    for name, data in files.items():
        try:
            exports[name] = parse_export(data)
        except ValueError:
            continue
    links = find_links(exports)
    return links, {id: exports[name].blueprint for name, id in links.items()}


def find_called_ids(exports: Iterable[BlueprintExport]) -> set[int]:
    """Returns the ids of all scenarios that blueprints call."""
    ids = (find_called_scenario(node) for export in exports for node in export.nodes)
    return {id for id in ids if id is not None}


def rewrite_calls(export: BlueprintExport, ids: Mapping[int, int]) -> BlueprintExport:
    """Returns an export in which the ids of called scenarios are replaced, old -> new."""
    blueprint = {**export.blueprint, "flow": _rewrite_flow(export.blueprint["flow"], ids)}
    return replace(export, blueprint=blueprint)


def _rewrite_flow(flow: Json, ids: Mapping[int, int]) -> list[Json]:
    return [_rewrite_node(node, ids) for node in as_mappings(flow)]


def _rewrite_node(node: Mapping[str, Json], ids: Mapping[int, int]) -> dict[str, Json]:
    copy: dict[str, Json] = dict(node)
    for key in ("routes", "branches", "tools"):
        if node.get(key):
            copy[key] = [
                {**path, "flow": _rewrite_flow(path.get("flow"), ids)} for path in as_mappings(node[key])
            ]
    if node.get("onerror"):
        copy["onerror"] = _rewrite_flow(node["onerror"], ids)
    old = find_called_scenario(node)
    if old is not None and old in ids:
        parameters = as_mapping(node["parameters"])
        written, new = parameters["scenario"], ids[old]
        if isinstance(written, str):
            prefix = SCENARIO_PREFIX if written.startswith(SCENARIO_PREFIX) else ""
            copy["parameters"] = {**parameters, "scenario": f"{prefix}{new}"}
        else:
            copy["parameters"] = {**parameters, "scenario": new}
    return copy


def _label_of_called(node: Mapping[str, Json]) -> set[str]:
    """Returns the name of the called scenario, as the designer keeps it in exported blueprints."""
    found: Json = node.get("metadata")
    for name in ("restore", "parameters", "scenario"):
        found = as_mapping(found).get(name)
    label = as_mapping(found).get("label")
    return {label} if isinstance(label, str) and label else set()
