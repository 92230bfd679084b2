"""Documents that hold a blueprint: an export of the editor, a request or a response of the API, a template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from ...json_types import Json


@dataclass(frozen=True, slots=True)
class BlueprintDocument:
    """A blueprint as a document holds it.

    Attributes:
        metadata: the API's metadata of inputs and outputs, ``None`` if there are none.
        path: place of the blueprint in the document.
    """

    blueprint: Mapping[str, Json]
    metadata: Json
    path: tuple[str, ...]


def unwrap_document(held: Json) -> BlueprintDocument:
    """Returns the blueprint of a document, which has it at the top, as ``blueprint``, or as that in the ``response`` of the API.

    Raises:
        ValueError: if there is none.
    """
    metadata: Json = None
    path: tuple[str, ...] = ()
    if isinstance(held, Mapping) and "flow" not in held:
        if isinstance(response := held.get("response"), Mapping):
            held, path = response, ("response",)
        if "blueprint" in held:
            metadata, held, path = held.get("metadata"), held["blueprint"], (*path, "blueprint")
            if isinstance(held, str):
                # The API takes blueprints as JSON within JSON.
                try:
                    held = orjson.loads(held)
                except orjson.JSONDecodeError as error:
                    raise ValueError(f"'blueprint' is not JSON: {error}") from None
    if not isinstance(held, Mapping):
        raise ValueError("a blueprint is an object with 'name', 'flow' and 'metadata'")
    return BlueprintDocument(held, metadata, path)
