"""Parser for documents with a blueprint: an export of the UI, a response of the API, or a template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from ..engine.apps.scenarios import START_MODULE
from ..engine.blueprints.document import unwrap_document
from ..engine.blueprints.model import module_label as label_in_metadata
from ..engine.blueprints.parser import parse_blueprint
from ..json_types import as_mapping, as_mappings
from ..world import blueprint_refs
from ..world.exceptions import DomainError
from ..world.models import FieldSpecs, Json


@dataclass(frozen=True, slots=True)
class BlueprintExport:
    """Valid blueprint, with the specifications of its scenario's inputs and outputs."""

    blueprint: Mapping[str, Json]
    input_spec: FieldSpecs
    output_spec: FieldSpecs

    @property
    def nodes(self) -> list[Mapping[str, Json]]:
        """All modules, in the order of the flow."""
        return list(iter_modules(self.blueprint["flow"]))

    @property
    def takes_inputs(self) -> bool:
        """True if a run takes inputs rather than a trigger bundle."""
        first = blueprint_refs.first_module(self.blueprint["flow"])
        return bool(self.input_spec) or first.get("module") == START_MODULE


class BlueprintRejectedError(ValueError):
    """Blueprint that Make would reject; ``hint`` says what exists instead, or is allowed."""

    def __init__(self, error: DomainError) -> None:
        super().__init__(error_text(error))
        self.hint = error.hint


def parse_export(data: bytes) -> BlueprintExport:
    """Parses the blueprint in a file.

    Raises:
        ValueError: if there is none; the text says which part is invalid.
        BlueprintRejectedError: if Make would reject it.
    """
    try:
        held = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    return parse_document(held)


def parse_document(held: Json) -> BlueprintExport:
    """Parses the blueprint in the document of a file.

    Raises:
        ValueError: if there is none; the text says which part is invalid.
        BlueprintRejectedError: if Make would reject it.
    """
    document = unwrap_document(held)
    blueprint, metadata = document.blueprint, document.metadata
    try:
        parse_blueprint(blueprint)
    except DomainError as error:
        raise BlueprintRejectedError(error) from None
    io = blueprint.get("io", metadata)
    io = io if isinstance(io, Mapping) else {}
    return BlueprintExport(
        blueprint,
        _parse_fields(io.get("input_spec")) or _declared_inputs(blueprint),
        _parse_fields(io.get("output_spec")),
    )


def error_text(error: DomainError) -> str:
    """Returns all texts of an error, in one line."""
    texts = getattr(error, "issues", None) or (error.detail,)
    return "; ".join(str(text).rstrip(".") for text in texts)


def iter_modules(flow: Json) -> Iterator[Mapping[str, Json]]:
    """Yields every module of a valid flow, depth first."""
    for node in as_mappings(flow):
        if node["module"] != blueprint_refs.PLACEHOLDER_MODULE:
            yield node
        for part in (node.get("routes"), node.get("branches"), node.get("tools")):
            for path in as_mappings(part):
                yield from iter_modules(path.get("flow"))
        yield from iter_modules(node.get("onerror"))


def _parse_fields(value: Json) -> FieldSpecs:
    """Parses a specification of inputs or outputs.

    Raises:
        ValueError: if the type of a field is not a text.
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
    """Returns the inputs that the first module declares: an export of the UI has no others."""
    first = blueprint_refs.first_module(blueprint["flow"])
    if first.get("module") != START_MODULE:
        return ()
    metadata = as_mapping(first.get("metadata"))
    return _parse_fields(metadata.get("interface")) or _parse_fields(metadata.get("expect"))


def module_label(node: Mapping[str, Json]) -> str | None:
    """Returns the custom name of a module."""
    return label_in_metadata(as_mapping(node.get("metadata")))


def app_name(node: Mapping[str, Json]) -> str:
    return blueprint_refs.split_module_name(node)[0]
