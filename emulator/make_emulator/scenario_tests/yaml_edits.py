"""Edits of a YAML text by the marks of its values: what is not replaced keeps its form and its comments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from ..document_issues import DocumentPath
from ..json_types import Json
from ..yaml_documents import JsonScalarDumper, JsonScalarLoader, YamlDocument

#: The width from which on a value in a block is written in several lines.
MAX_WIDTH = 110


def replace_values(text: str, document: YamlDocument, values: Mapping[DocumentPath, Json]) -> str:
    """Returns the text with other values at some paths; of a collection or an array, only the parts that differ are replaced.

    Args:
        document: the text as it was read.
    """
    edits: list[tuple[int, int, str]] = []
    for path, value in values.items():
        found = _find_node(document.node, path)
        if found is not None:
            edits += _edits(found, value)
    for start, end, replacement in sorted(edits, reverse=True):
        # The mark of a block text stands behind its last line.
        while end > start and text[end - 1] in " \r\n":
            end -= 1
        before = text[:start]
        if replacement.startswith("\n"):
            before = before.rstrip(" ")
        text = before + replacement + text[end:]
    return text


class _Dumper(JsonScalarDumper):
    """Dumper of values, whose texts take one line each."""


def _represent_text(dumper: Any, text: str) -> Any:
    style = '"' if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def render_flow(value: Json) -> str:
    """Returns a value in one line of YAML."""
    written: str = yaml.dump(
        value,
        Dumper=_Dumper,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=2**30,
    )
    return written.removesuffix("\n").removesuffix("\n...")


def render_block(value: Json, indent: int = 0) -> str:
    """Returns a value in lines of YAML; innermost collections have one line each."""
    written: str = yaml.dump(
        value,
        Dumper=_Dumper,
        default_flow_style=None,
        sort_keys=False,
        allow_unicode=True,
        width=2**30,
    )
    return "".join(f"{' ' * indent}{line}\n" for line in written.splitlines())


class _Place:
    """Node of a document, with the column of the lines of a block in its place; ``None`` within a value in one line."""

    def __init__(self, node: Any, column: int | None) -> None:
        self.node = node
        self.column = column

    def children(self) -> Iterator[tuple[str | int, _Place]]:
        node = self.node
        is_flow = self.column is None or bool(getattr(node, "flow_style", True))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                column = None if is_flow else key.start_mark.column + 2
                yield key.value, _Place(value, column)
        elif isinstance(node, yaml.SequenceNode):
            for place, value in enumerate(node.value):
                yield place, _Place(value, None if is_flow else value.start_mark.column)


def _is_empty(node: Any) -> bool:
    """Returns true for a value that was left out: nothing but its key stands there."""
    return isinstance(node, yaml.ScalarNode) and node.start_mark.index == node.end_mark.index


def _find_node(root: Any, path: DocumentPath) -> _Place | None:
    place = _Place(root, 0)
    for step in path:
        found = dict(place.children()).get(str(step) if isinstance(place.node, yaml.MappingNode) else step)
        if found is None:
            return None
        place = found
    return place


def _edits(place: _Place, value: Json) -> list[tuple[int, int, str]]:
    node = place.node
    children = dict(place.children())
    if isinstance(node, yaml.MappingNode) and isinstance(value, Mapping) and list(children) == list(value):
        return [edit for name, item in value.items() for edit in _edits(children[name], item)]
    is_list = isinstance(value, (list, tuple))
    if isinstance(node, yaml.SequenceNode) and is_list and len(children) == len(_items(value)):
        return [edit for at, item in enumerate(_items(value)) for edit in _edits(children[at], item)]
    written = render_flow(value)
    if isinstance(node, yaml.ScalarNode) and _is_same(node, written):
        return []
    start, end = node.start_mark, _end_of(node)
    if (
        place.column is not None
        and len(written) + start.column > MAX_WIDTH
        and isinstance(value, (Mapping, list))
    ):
        block = render_block(value, place.column)
        is_item = start.column == place.column and not _is_empty(node)
        head = block[place.column :] if is_item else f"\n{block}"
        return [(start.index, end, head.removesuffix("\n"))]
    return [(start.index, end, f" {written}" if _is_empty(node) else written)]


def _items(value: Json) -> Sequence[Json]:
    return value if isinstance(value, (list, tuple)) else ()


def _is_same(node: Any, written: str) -> bool:
    """Returns true if a scalar has the value already, however it is written."""
    other = yaml.compose(written, Loader=JsonScalarLoader)
    return bool(other is not None and other.tag == node.tag and other.value == node.value)


def _end_of(node: Any) -> int:
    """Returns the end of a node; that of a block is the end of its last value, before comments that follow."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end_of(last[1] if isinstance(last, tuple) else last)
    end: int = node.end_mark.index
    return end
