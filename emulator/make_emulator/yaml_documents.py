"""Parser for YAML files that people write, with the lines of their values: seeds, and tests of scenarios.

It is YAML of the plain kind, as JSON is: no dates, no octal or sexagesimal numbers, ``yes`` is a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from .document_issues import DocumentIssue, DocumentPath

#: The emulator's own limits: the depth of a document, and the number of its values with all aliases expanded.
MAX_DEPTH = 100
MAX_VALUES = 2_000_000

#: The problem of a document that is nested deeper than newer releases of libyaml read.
_TOO_DEEP = "exceeded maximum nesting depth"

_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class JsonScalarLoader(_BaseLoader):  # type: ignore[misc]
    """YAML with the scalars of JSON only."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)",
        list("-+0123456789"),
    ),
    ("merge", r"<<", ["<"]),
):
    JsonScalarLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first
    )


_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ["null", "bool", "int", "float", "merge", "str", "seq", "map"]
)


_BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class JsonScalarDumper(_BaseDumper):  # type: ignore[misc]
    """YAML dumper that quotes the texts which `JsonScalarLoader` would not read as texts."""

    yaml_implicit_resolvers = JsonScalarLoader.yaml_implicit_resolvers

    def ignore_aliases(self, data: Any) -> bool:
        return True


class InvalidYamlError(ValueError):
    """Text that is no YAML, or no mapping; the text has a line for each issue."""

    def __init__(self, issues: Sequence[DocumentIssue]) -> None:
        super().__init__("\n".join(map(str, issues)))
        self.issues = tuple(issues)


class YamlDocument:
    """Document as it was read, with the lines of its values."""

    def __init__(
        self,
        data: Mapping[str, Any],
        *,
        file: str | None = None,
        node: Any = None,
        issues: Sequence[DocumentIssue] = (),
    ) -> None:
        self.data = data
        self.file = file
        #: The issues of its YAML.
        self.issues = tuple(issues)
        self._node = node

    @property
    def node(self) -> Any:
        """The root of the nodes of the parser; ``None`` for a document that is not a file."""
        return self._node

    def issue_at(self, path: DocumentPath, text: str) -> DocumentIssue:
        """Returns an issue at a value; if there is no such value, at the one that should hold it."""
        return DocumentIssue(path, text, self.line_of(path), self.file)

    def line_of(self, path: DocumentPath) -> int | None:
        """Returns the line of a value, or of the one that should hold it, counted from 1."""
        if self._node is None:
            return None
        node, line = self._node, self._node.start_mark.line
        for part in path:
            step = _child(node, part)
            if step is None:
                break
            node, line = step
        return int(line) + 1


def _child(node: Any, part: str | int) -> tuple[Any, int] | None:
    """A part of a node, and its line: for a key's value, that of the key."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return value, key.start_mark.line
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part].start_mark.line
    return None


def parse_yaml(text: str, file: str, *, not_mapping: str, allows_number_keys: bool = False) -> YamlDocument:
    """Parses the text of a file.

    Args:
        not_mapping: the message about a document that is no mapping.
        allows_number_keys: keys that are numbers are texts, rather than issues.

    Raises:
        InvalidYamlError: if it is not YAML, not a mapping, or too deep. Values that JSON lacks are issues of the document.
    """

    def error_at(reason: str, line: int = 1) -> InvalidYamlError:
        return InvalidYamlError([DocumentIssue((), reason, line, file)])

    try:
        # The composer is recursive, and would exhaust the stack of the process.
        if _is_too_deep(text):
            raise error_at("this is nested too deep")
        loader = JsonScalarLoader(text)
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise error_at(not_mapping)
        validator = _NodeValidator(file, allows_number_keys=allows_number_keys)
        validator.visit(node, (), frozenset())
        if validator.is_unbounded:
            raise InvalidYamlError(validator.issues)
        return YamlDocument(loader.construct_document(node), file=file, node=node, issues=validator.issues)
    except InvalidYamlError:
        raise
    except yaml.MarkedYAMLError as error:
        if error.problem == _TOO_DEEP:
            raise error_at("this is nested too deep") from None
        mark = error.problem_mark or error.context_mark
        reason = " ".join(
            filter(None, [error.context if mark is not error.context_mark else None, error.problem])
        )
        raise error_at(f"this is not YAML: {reason}", mark.line + 1 if mark else 1) from None
    except RecursionError:
        raise error_at("this is nested too deep") from None
    except (yaml.YAMLError, ValueError) as error:
        raise error_at(f"this is not YAML: {' '.join(str(error).split())}") from None


def _is_too_deep(text: str) -> bool:
    depth = 0
    for event in yaml.parse(text, Loader=JsonScalarLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return False


def _fits_int64(digits: str) -> bool:
    """Returns True if a number fits into a signed integer of 64 bits."""
    return len(digits) < 19 or (len(digits) < 21 and -(2**63) <= int(digits) < 2**63)


class _NodeValidator:
    """Validator of the nodes of a document: rejects values that JSON lacks, and duplicate keys."""

    def __init__(self, file: str, *, allows_number_keys: bool) -> None:
        self.issues: list[DocumentIssue] = []
        self._allows_number_keys = allows_number_keys
        #: True for a document that is too deep, too large or recursive, and must not be processed further.
        self.is_unbounded = False
        self._file = file
        self._sizes: dict[int, int] = {}

    def visit(self, node: Any, path: DocumentPath, above: frozenset[int]) -> int:
        """Validates a node, and counts its values with all aliases expanded."""
        if node.tag not in _TAGS:
            self._add_issue(path, f"{node.tag} is not a kind of value that JSON has", node)
        if isinstance(node, yaml.ScalarNode):
            if node.tag == "tag:yaml.org,2002:int" and not _fits_int64(node.value):
                self._add_issue(path, "this number is too large for JSON", node)
            return 1
        if id(node) in self._sizes:
            return self._sizes[id(node)]
        if id(node) in above or len(above) >= MAX_DEPTH:
            self.is_unbounded = True
            self._add_issue(
                path, "this contains itself" if id(node) in above else "this is nested too deep", node
            )
            return 1
        ancestors = above | {id(node)}
        parts = self._entries(node, path) if isinstance(node, yaml.MappingNode) else enumerate(node.value)
        size = self._sizes[id(node)] = 1 + sum(
            self.visit(value, (*path, part), ancestors) for part, value in parts
        )
        if size > MAX_VALUES and not self.is_unbounded:
            self.is_unbounded = True
            self._add_issue(path, f"this has more than {MAX_VALUES:,} values", node)
        return size

    def _entries(self, node: Any, path: DocumentPath) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.is_unbounded = True
                self._add_issue(path, "a key must be a word", key)
                continue
            if key.tag == "tag:yaml.org,2002:int" and self._allows_number_keys:
                key.tag = "tag:yaml.org,2002:str"
            if key.tag not in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"):
                self._add_issue(path, f"the key {key.value!r} must be in quotes", key)
            if key.value in seen:
                self._add_issue((*path, key.value), "duplicate key", key)
            seen.add(key.value)
            yield key.value, value

    def _add_issue(self, path: DocumentPath, text: str, node: Any) -> None:
        self.issues.append(DocumentIssue(path, text, node.start_mark.line + 1, self._file))
