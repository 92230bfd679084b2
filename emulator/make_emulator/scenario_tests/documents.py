"""Test files: reading, the expansion of tables of cases, and the mistakes in them with their lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..blueprint_import.export import BlueprintExport, parse_export
from ..document_issues import DocumentIssue, DocumentPath
from ..error_reasons import os_error_reason
from ..json_types import Json, as_array, as_mapping, as_mappings
from ..plain_text import printable
from ..yaml_documents import InvalidYamlError, YamlDocument, parse_yaml
from . import references
from .schema import FILE, SUFFIX, TEST

_NOT_MAPPING = "a test file must be a mapping, e.g. tests: [{name: …, expect: {…}}]"
_PLACEHOLDER = re.compile(r"\$(\$?)\{(\w+)\}")


class InvalidTestFileError(ValueError):
    """Test file with mistakes; the text has a line for each."""

    def __init__(self, issues: Sequence[DocumentIssue]) -> None:
        super().__init__("\n".join(printable(issue) for issue in issues))
        self.issues = tuple(issues)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueprintFile:
    """Blueprint of a scenario, with its file."""

    path: Path
    text: bytes
    export: BlueprintExport


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioTest:
    """One test, or one case of a table.

    Attributes:
        path: of the test in the document.
        name: with the name of the case in brackets.
        given: what is given in the file and in the test, of which the latter has precedence.
        modules: module -> scripts, with the path of each in the document.
        http: rules, with the path of each in the document.
    """

    file: TestFile = field(repr=False)
    path: DocumentPath
    name: str
    given: Mapping[str, Json]
    modules: Mapping[str, tuple[DocumentPath, Json]]
    http: Sequence[tuple[DocumentPath, Mapping[str, Json]]]
    expect: Mapping[str, Json]
    marks: Sequence[str] = ()
    skip: str | None = None
    case: int | None = None

    @property
    def id(self) -> str:
        """The path of the file and the name, as in ``orders.test.yaml::A large order``."""
        return f"{self.file.path}::{self.name}"

    @property
    def line(self) -> int:
        """The line of the case, or of the test."""
        path = self.path if self.case is None else (*self.path, "cases", self.case)
        return self.file.document.line_of(path) or 1

    def line_of(self, *path: str | int) -> int | None:
        """Returns the line of a value of the test."""
        return self.file.document.line_of((*self.path, *path))


@dataclass(slots=True, kw_only=True)
class TestFile:
    """Tests of one blueprint."""

    __test__ = False

    path: Path
    #: The folder that paths in the file are relative to.
    folder: Path = field(repr=False)
    document: YamlDocument = field(repr=False)
    blueprint: BlueprintFile = field(repr=False)
    called: Mapping[int, BlueprintFile] = field(repr=False)
    tests: Sequence[ScenarioTest] = ()

    @property
    def dependencies(self) -> set[Path]:
        """The files that a change of which may change a result."""
        mails = (as_mapping(test.given.get("mail")).get("file") for test in self.tests)
        return {
            *(held.path for held in self.blueprints),
            *(self.folder / name for name in mails if isinstance(name, str)),
        }

    @property
    def blueprints(self) -> list[BlueprintFile]:
        """The blueprint, and those of called scenarios."""
        return [self.blueprint, *self.called.values()]


def find_test_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yields files that are named, and every ``*.test.yaml`` below each folder, in order."""
    for path in paths:
        if path.is_dir():
            for found in sorted(path.rglob(f"*{SUFFIX}")):
                is_hidden = any(part.startswith(".") for part in found.relative_to(path).parts)
                if found.is_file() and not is_hidden:
                    yield found
        else:
            yield path


def read_test_file(path: Path, *, name: Path | None = None) -> TestFile:
    """Reads a test file with its blueprints.

    Args:
        name: the path in messages and in the names of tests, by default that of the file.

    Raises:
        InvalidTestFileError: with every mistake.
    """
    shown = str(name or path)
    try:
        # As it stands, so that marks are places in the file.
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else os_error_reason(error)
        raise InvalidTestFileError([DocumentIssue((), f"cannot be read: {reason}", None, shown)]) from None
    return parse_test_file(text, path, name=name)


def parse_test_file(text: str, path: Path, *, name: Path | None = None) -> TestFile:
    """Parses the text of a test file; see `read_test_file`."""
    try:
        document = parse_yaml(text, str(name or path), not_mapping=_NOT_MAPPING, allows_number_keys=True)
    except InvalidYamlError as error:
        raise InvalidTestFileError(error.issues) from None
    return _Reader(document, path, name or path).read()


class _Reader:
    """Reader of one document, which collects all mistakes before it raises them."""

    def __init__(self, document: YamlDocument, path: Path, name: Path) -> None:
        self._document = document
        self._path = path
        self._name = name
        self._data: Mapping[str, Json] = document.data
        self._issues: dict[DocumentIssue, None] = dict.fromkeys(document.issues)

    def read(self) -> TestFile:
        self._raise_issues()
        shared = {key: value for key, value in self._data.items() if key != "tests"}
        self._check(FILE.find_issues({**shared, "tests": [{"name": "", "expect": {}}]}, ()))
        tests = self._data.get("tests")
        if not isinstance(tests, list) or not tests:
            missing = (
                "the key 'tests' is missing"
                if "tests" not in self._data
                else "this must be an array of tests"
            )
            self._check([(("tests",) if "tests" in self._data else (), missing)])
        has_valid_frame = not self._issues
        expanded = list(self._expand_all(as_array(tests)))
        blueprint = self._read_blueprint()
        called = dict(self._read_called())
        if blueprint is None or not has_valid_frame:
            self._raise_issues()
        assert blueprint is not None
        file = TestFile(
            path=self._name,
            folder=self._path.parent,
            document=self._document,
            blueprint=blueprint,
            called=called,
        )
        # What else is wrong with a test of a wrong form would only repeat it.
        invalid = {
            issue.path[1] for issue in self._issues if issue.path[:1] == ("tests",) and len(issue.path) > 1
        }
        file.tests = [self._build(file, *each) for each in expanded if each[0] not in invalid]
        self._check_names(file.tests)
        nodes = [node for held in file.blueprints for node in held.export.nodes]
        index = references.BlueprintIndex(blueprint.export)
        self._check(references.find_stub_issues(self._shared_modules, self._shared_http, index, nodes))
        for test in file.tests:
            self._check(references.find_issues(test))
        self._raise_issues()
        return file

    def _check(self, found: Iterable[tuple[DocumentPath, str]]) -> None:
        for path, text in found:
            self._issues[self._document.issue_at(path, text)] = None

    def _raise_issues(self) -> None:
        if self._issues:
            raise InvalidTestFileError(sorted(self._issues, key=lambda issue: issue.line or 0))

    # --- tests -----------------------------------------------------------------------------------

    def _expand_all(self, tests: Sequence[Json]) -> Iterator[tuple[int, int | None, str, Mapping[str, Json]]]:
        """Yields the place of each test, the number and the name of its case, and the test with the values of the case."""
        for place, test in enumerate(tests):
            path: DocumentPath = ("tests", place)
            if not isinstance(test, Mapping):
                self._check(TEST.find_issues(test, path))
                continue
            cases = test.get("cases")
            if not isinstance(cases, list) or not cases or not all(isinstance(each, dict) for each in cases):
                missing = list(_find_placeholders(test, path, {}))
                self._check(missing)
                plain = test if missing else as_mapping(_fill(test, {}))
                self._check(TEST.find_issues(plain, path))
                yield place, None, "", plain
                continue
            rest = {key: value for key, value in test.items() if key != "cases"}
            for number, case in enumerate(as_mappings(cases)):
                self._check(_find_placeholders(rest, path, case))
                filled = _fill(rest, case)
                assert isinstance(filled, Mapping)
                self._check(TEST.find_issues(filled, path))
                is_named = _PLACEHOLDER.search(str(test.get("name")))
                yield place, number, "" if is_named else _case_name(case), filled

    def _build(
        self, file: TestFile, place: int, case: int | None, case_name: str, test: Mapping[str, Json]
    ) -> ScenarioTest:
        path: DocumentPath = ("tests", place)
        skip = test.get("skip")
        own = as_mapping(test.get("modules"))
        modules = self._shared_modules
        modules |= {name: ((*path, "modules", name), script) for name, script in own.items()}
        name = printable(test["name"])
        return ScenarioTest(
            file=file,
            path=path,
            name=f"{name} [{printable(case_name)}]" if case_name else name,
            given=_merge_given(as_mapping(self._data.get("given")), as_mapping(test.get("given"))),
            modules=modules,
            http=[
                *((((*path, "http", n)), rule) for n, rule in enumerate(as_mappings(test.get("http")))),
                *self._shared_http,
            ],
            expect=as_mapping(test.get("expect")),
            marks=[str(mark) for mark in as_array(test.get("marks"))],
            skip=skip if isinstance(skip, str) else None,
            case=case,
        )

    @property
    def _shared_modules(self) -> dict[str, tuple[DocumentPath, Json]]:
        shared = as_mapping(self._data.get("modules"))
        return {name: (("modules", name), script) for name, script in shared.items()}

    @property
    def _shared_http(self) -> list[tuple[DocumentPath, Mapping[str, Json]]]:
        return [(("http", n), rule) for n, rule in enumerate(as_mappings(self._data.get("http")))]

    def _check_names(self, tests: Sequence[ScenarioTest]) -> None:
        seen: set[str] = set()
        for test in tests:
            if test.name in seen:
                self._check([((*test.path, "name"), f"another test has the name '{test.name}'")])
            seen.add(test.name)

    # --- blueprints ------------------------------------------------------------------------------

    def _read_blueprint(self) -> BlueprintFile | None:
        named = self._data.get("blueprint")
        if named is None:
            path = self._path.with_name(self._path.name.removesuffix(SUFFIX) + ".json")
            if not path.exists():
                text = f"there is no {path.name} beside this file; 'blueprint' names another one"
                self._check([((), text)])
                return None
            return self._read_export(path, ())
        return self._read_export(self._path.parent / str(named), ("blueprint",))

    def _read_called(self) -> Iterator[tuple[int, BlueprintFile]]:
        for id, named in as_mapping(self._data.get("scenarios")).items():
            path: DocumentPath = ("scenarios", id)
            if not (id.isascii() and id.isdigit() and 0 < len(id) < 16):
                self._check([(path, f"'{id}' is not the id of a scenario")])
            elif isinstance(named, str) and (held := self._read_export(self._path.parent / named, path)):
                yield int(id), held

    def _read_export(self, path: Path, at: DocumentPath) -> BlueprintFile | None:
        try:
            data = path.read_bytes()
        except (OSError, ValueError) as error:
            self._check([(at, f"cannot read {path}: {os_error_reason(error)}")])
            return None
        try:
            return BlueprintFile(path=path, text=data, export=parse_export(data))
        except ValueError as error:
            hint = getattr(error, "hint", None)
            self._check([(at, f"{path} is no blueprint: {error}" + (f" ({hint})" if hint else ""))])
            return None


def _merge_given(shared: Mapping[str, Json], own: Mapping[str, Json]) -> dict[str, Json]:
    """Returns what is given in the file and in a test. Another trigger of the test takes the place of that of the file."""
    triggers = {"inputs", "bundles", "webhook", "mail"}
    dropped = triggers if own.keys() & triggers else set()
    merged = {key: value for key, value in shared.items() if key not in dropped}
    for key, value in own.items():
        before = merged.get(key)
        merged[key] = (
            {**before, **value} if isinstance(before, Mapping) and isinstance(value, Mapping) else value
        )
    return merged


# --- cases ---------------------------------------------------------------------------------------


def _case_name(case: Mapping[str, Json]) -> str:
    name = case.get("name")
    if isinstance(name, str):
        return name
    return ", ".join(f"{key}={value}" for key, value in case.items())


def _fill(value: Json, case: Mapping[str, Json]) -> Json:
    """Returns a value with those of a case: a text that is only a placeholder takes its type, too."""
    if isinstance(value, str):
        whole = _PLACEHOLDER.fullmatch(value)
        if whole is not None and not whole[1]:
            return case.get(whole[2])
        return _PLACEHOLDER.sub(
            lambda match: match[0][1:] if match[1] else _as_text(case.get(match[2])), value
        )
    if isinstance(value, Mapping):
        return {name: _fill(item, case) for name, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, case) for item in value]
    return value


def _as_text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _find_placeholders(
    value: Json, path: DocumentPath, case: Mapping[str, Json]
) -> Iterator[tuple[DocumentPath, str]]:
    """Yields the placeholders that a case has no value for."""
    if isinstance(value, str):
        for match in _PLACEHOLDER.finditer(value):
            if not match[1] and match[2] not in case:
                there = f"; there are: {', '.join(case)}" if case else ": the test has no cases"
                yield path, f"no case has a value '{match[2]}'{there}"
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _find_placeholders(item, (*path, name), case)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _find_placeholders(item, (*path, place), case)
