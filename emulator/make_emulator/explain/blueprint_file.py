"""Reads what the user has: an export of the UI, an answer of the API or a template; and the scripts of modules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import yaml

from ..engine.blueprints.model import module_label as label_in_metadata
from ..engine.blueprints.parser import parse_blueprint
from ..engine.runtime import module_scripts
from ..world import blueprint_refs
from ..world.exceptions import DomainError
from ..world.models import FieldSpecs, Json, ModuleScript

#: What is neither printed nor may reach a terminal.
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

#: The module that puts out a run's inputs.
START_MODULE = "scenario-service:StartSubscenario"


@dataclass(frozen=True, slots=True)
class BlueprintExport:
    """A blueprint that can be run, and what its scenario takes and gives."""

    blueprint: Mapping[str, Json]
    input_spec: FieldSpecs
    output_spec: FieldSpecs

    @property
    def nodes(self) -> list[Mapping[str, Json]]:
        """Every module, in the order of the flow."""
        return list(iter_modules(self.blueprint["flow"]))

    @property
    def takes_inputs(self) -> bool:
        """Whether a run takes inputs, rather than what its trigger received."""
        flow = self.blueprint["flow"]
        return bool(self.input_spec) or (bool(flow) and flow[0]["module"] == START_MODULE)


def parse_export(data: bytes) -> BlueprintExport:
    """The blueprint in a file.

    Raises:
        ValueError: if there is none, or it is none that Make would take; the text says which part is wrong.
    """
    try:
        held = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    blueprint, beside = _unwrap(held)
    try:
        parse_blueprint(blueprint)
    except DomainError as refusal:
        raise ValueError(error_text(refusal)) from None
    io = blueprint.get("io", beside)
    io = io if isinstance(io, Mapping) else {}
    return BlueprintExport(
        blueprint,
        _parse_fields(io.get("input_spec")) or _declared_inputs(blueprint),
        _parse_fields(io.get("output_spec")),
    )


def printable(text: object) -> str:
    """A text that keeps to its line and does nothing to a terminal."""
    return _CONTROL_CHARACTERS.sub(" ", str(text))


def error_text(refusal: DomainError) -> str:
    """All that a refusal says, in one line."""
    texts = getattr(refusal, "issues", None) or (refusal.detail,)
    return "; ".join(str(text).rstrip(".") for text in texts)


def iter_modules(flow: Json) -> Iterator[Mapping[str, Json]]:
    """Every module of a flow that was checked, as a person reads it: depth first."""
    for node in flow or ():
        if node["module"] != blueprint_refs.PLACEHOLDER_MODULE:
            yield node
        for part in (node.get("routes"), node.get("branches"), node.get("tools")):
            for way in part or ():
                yield from iter_modules(way.get("flow"))
        yield from iter_modules(node.get("onerror"))


def _unwrap(held: Json) -> tuple[Mapping[str, Json], Json]:
    """The blueprint itself, and what the API tells beside it of inputs and outputs.

    It comes alone, as ``blueprint``, or as that in the ``response`` of the API.
    """
    beside: Json = None
    if isinstance(held, Mapping) and "flow" not in held:
        if isinstance(held.get("response"), Mapping):
            held = held["response"]
        if "blueprint" in held:
            beside, held = held.get("metadata"), held["blueprint"]
            if isinstance(held, str):
                # The API takes blueprints as JSON within JSON.
                try:
                    held = orjson.loads(held)
                except orjson.JSONDecodeError as error:
                    raise ValueError(f"'blueprint' is not JSON: {error}") from None
    if not isinstance(held, Mapping):
        raise ValueError("a blueprint is an object with 'name', 'flow' and 'metadata'")
    return held, beside


def _parse_fields(value: Json) -> FieldSpecs:
    """A specification of inputs or outputs.

    Raises:
        ValueError: if the type of a field is no text.
    """
    if not isinstance(value, list):
        return ()
    fields = [field for field in value if isinstance(field, Mapping) and isinstance(field.get("name"), str)]
    for field in fields:
        _check_type(field)
    return tuple(fields)


def _check_type(field: Mapping[str, Json]) -> None:
    if not isinstance(field.get("type", ""), str):
        raise ValueError(f"the type of the input or output '{field.get('name')}' is no text")
    spec = field.get("spec")
    for inner in spec if isinstance(spec, list) else [spec]:
        if isinstance(inner, Mapping):
            _check_type(inner)


def _declared_inputs(blueprint: Mapping[str, Json]) -> FieldSpecs:
    """An export of the UI has no inputs beside the flow, but the first module knows them."""
    flow = blueprint["flow"]
    if not flow or flow[0]["module"] != START_MODULE:
        return ()
    metadata = flow[0].get("metadata") or {}
    return _parse_fields(metadata.get("interface")) or _parse_fields(metadata.get("expect"))


def parse_scripts(data: bytes) -> Iterator[ModuleScript]:
    """What modules are to put out: ``app:Module`` -> ``{"output"?, "error"?, "times"?, "durationMs"?}``, as YAML.

    Raises:
        ValueError: if the file says something else.
    """
    try:
        held = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"not YAML: {' '.join(str(error).split()) or 'nested too deep'}") from None
    if held is not None and not isinstance(held, dict):
        raise ValueError("it must map names of modules to what they put out")
    for module, wish in (held or {}).items():
        yield _parse_script(module, wish)


def _parse_script(module: Any, wish: Any) -> ModuleScript:
    if not isinstance(module, str) or not isinstance(wish, dict):
        raise ValueError(f"{module!r} must have one of: {', '.join(module_scripts.FIELDS)}")
    for name, value in wish.items():
        if name not in module_scripts.FIELDS:
            raise ValueError(
                f"{module}: unknown field {name!r}; there are: {', '.join(module_scripts.FIELDS)}"
            )
        if type(value) not in module_scripts.FIELDS[name]:
            raise ValueError(f"{module}: invalid value of {name!r}")
    try:
        # YAML knows dates and sets, bundles only what JSON knows.
        return module_scripts.parse_script(module, orjson.loads(orjson.dumps(wish)))
    except ValueError as error:
        raise ValueError(f"{module}: {str(error).rstrip('.')}") from None


def module_label(node: Mapping[str, Json]) -> str | None:
    """The name that somebody gave to a module."""
    return label_in_metadata(node.get("metadata") or {})


def app_name(node: Mapping[str, Json]) -> str:
    return blueprint_refs.split_module_name(node)[0]
