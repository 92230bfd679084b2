"""Generator of docs/reference/ from the code, and of FIDELITY.md.

``python docs/generate.py`` writes the pages; ``--check`` exits 1 if one of them is stale.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, is_typeddict

import click

from make_emulator import MakeEmulator, World, api, create_app, fidelity, mock_make, testing
from make_emulator.cli import main as cli
from make_emulator.cli.command import DocumentedCommand
from make_emulator.cli.options import ENV_PREFIX
from make_emulator.client import control
from make_emulator.dashboard import api_reference
from make_emulator.engine.apps.catalog import interpreted_modules
from make_emulator.engine.expressions.functions import FUNCTIONS
from make_emulator.http import errors as make_errors
from make_emulator.http import faults
from make_emulator.http.openapi import build_document
from make_emulator.lint import RULES
from make_emulator.mcp.tools.definition import ToolDefinition
from make_emulator.mcp.tools.management import GROUPS
from make_emulator.mcp.tools.second_generation import second_generation_tools
from make_emulator.resources import load_fixture
from make_emulator.scenario_tests import kinds
from make_emulator.scenario_tests import schema as test_schema
from make_emulator.scenario_tests.matchers import MATCHERS
from make_emulator.seeds.json_schema import json_schema
from make_emulator.testing import agents, checkpoints, executions, plugin
from make_emulator.testing import mcp as testing_mcp
from make_emulator.testing import world as testing_world

ROOT = Path(__file__).parents[1]
FOLDER = Path("docs/reference")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_HEADER = "<!-- Generated from the code by `make docs`. -->"


def pages() -> Mapping[str, str]:
    """Returns every page by its path in the repository."""
    renderers: Mapping[str, Callable[[], Iterable[str]]] = {
        "emulated.md": _emulated,
        "routes.md": _routes,
        "command-line.md": _command_line,
        "control-api.md": _control_api,
        "python.md": _python,
        "pytest.md": _pytest,
        "seeds.md": _seeds,
        "errors.md": _errors,
        "expressions.md": _expressions,
        "modules.md": _modules,
        "lint-rules.md": _lint_rules,
        "scenario-tests.md": _scenario_tests,
        "mcp-tools.md": _mcp_tools,
        "fidelity-score.md": _fidelity_score,
    }
    rendered = {FOLDER / name: "\n".join(render()) for name, render in renderers.items()}
    ledger = fidelity.render_area_pages(fidelity.shipped_behaviours())
    rendered |= {FOLDER / "fidelity" / name: text for name, text in ledger.items()}
    rendered[Path("FIDELITY.md")] = "\n".join(_fidelity_summary())
    return {path.as_posix(): f"{_HEADER}\n\n{text.rstrip()}\n" for path, text in rendered.items()}


def _fidelity_summary() -> Iterator[str]:
    behaviours = fidelity.shipped_behaviours()
    yield from (
        "# Fidelity",
        "",
        f"The ledger has {len(behaviours):,} behaviours of make-emulator that a client can see, and the evidence that Make behaves the same:",
        "",
    )
    rows = [
        (f"**{status}**", f"{count:,}", fidelity.STATUSES[status])
        for status, count in fidelity.count_statuses(behaviours).items()
    ]
    yield from _table(("status", "behaviours", "meaning"), rows)
    yield from (
        "",
        "[One page for each area](docs/reference/fidelity/README.md), such as",
        "[authentication](docs/reference/fidelity/authentication.md) or [webhooks](docs/reference/fidelity/webhooks-and-mailhooks.md);",
        "the [score by route](docs/reference/fidelity-score.md). The data are in `fixtures/fidelity.yaml`; `make-emulator fidelity` prints them.",
    )


def _lint_rules() -> Iterator[str]:
    rows = [(f"`{rule.id}`", rule.severity, rule.description, rule.repair) for rule in RULES.values()]
    yield from (
        "# Lint rules",
        "",
        "`make-emulator lint` checks blueprints by these rules: [how to use and configure it](../how-to/lint.md). An **error** is",
        "something that Make rejects or that fails a run, a **warning** is probably not what was meant, and **info** is worth knowing.",
        "",
        "Where it is obvious, [`make-emulator mend`](../how-to/mend.md) offers the **repair** after it has tried it.",
        "",
        *_table(("rule", "severity", "finding", "repair"), rows),
    )


def _mcp_tools() -> Iterator[str]:
    first = [tool for group in GROUPS for tool in group.tools]
    yield from (
        "# MCP tools",
        "",
        "Besides the scenarios of the world, which are tools themselves, the MCP server has the tools below. An input with an asterisk is required.",
        "",
        "## Management tools",
        "",
        *_tool_table(first),
        "",
        "## Second generation",
        "",
        "Served at `/mcp/v2`, and at `/v2`, `/claude`, `/cursor` and `/openai` of `mcp.make.com`.",
        "",
        *_tool_table(second_generation_tools()),
    )


def _tool_table(tools: Iterable[ToolDefinition]) -> Iterator[str]:
    rows = []
    for tool in tools:
        required = tool.input_schema.get("required", ())
        inputs = ", ".join(
            f"`{name}`{'*' if name in required else ''}" for name in tool.input_schema["properties"]
        )
        scopes = ", ".join(f"`{scope}`" for scope in tool.scopes) or "none"
        rows.append(
            (
                f"`{tool.name}`",
                scopes,
                inputs or "none",
                tool.description.partition("): ")[2] or tool.description,
            )
        )
    yield from _table(("tool", "scope", "inputs", "description"), rows)


def _fidelity_score() -> Iterator[str]:
    yield from fidelity.render_scores_markdown(fidelity.shipped_behaviours()).splitlines()


# --- the pages -----------------------------------------------------------------------------------

_PARAMETER = re.compile(r"\{\w+\}")


def _emulated() -> Iterator[str]:
    operations: Mapping[str, Mapping[str, Any]] = load_fixture("vendor-api.yaml")["operations"]
    # The names of parameters differ between the two.
    served = {_anonymous(f"{each.method} {each.path}"): each for each in api.endpoints()}
    groups: dict[str, list[tuple[str, str]]] = {}
    for route, operation in operations.items():
        state = "yes" if _anonymous(route) in served else _reason(route, operation)
        groups.setdefault(route.split("/")[1], []).append((route, state))
    documented = {_anonymous(route) for route in operations}
    others = sorted(f"{each.method} {each.path}" for name, each in served.items() if name not in documented)
    states = [state for rows in groups.values() for _, state in rows]
    yield from (
        "# Operations of the Make API that are emulated",
        "",
        f"The vendor's OpenAPI document of May 2026 describes {len(states)} operations. {states.count('yes')} of them are emulated,",
        f"{sum(state not in ('yes', _NOT_YET) for state in states)} are left out for a reason, {states.count(_NOT_YET)} are not emulated yet."
        f" {len(others)} routes beyond it are emulated, too.",
        "A test holds each emulated operation against the document: scopes, query parameters, columns, bodies and responses. What",
        "differs on purpose is in the fidelity ledger: `make-emulator fidelity`, and `leftOut` in `fixtures/fidelity.yaml`.",
        "",
    )
    totals = [
        (
            f"[{name}](#{name})",
            str(len(rows)),
            *(str(sum(matches(state) for _, state in rows)) for matches in _STATES),
        )
        for name, rows in groups.items()
    ]
    yield from _table(("group", "operations", "emulated", "left out", "not yet"), totals)
    for name, rows in groups.items():
        yield from ("", f"## {name}", "")
        yield from _table(("operation", "emulated"), ((f"`{route}`", state) for route, state in rows))
    yield from ("", "## Beyond the document", "")
    yield from (f"- `{route}`" for route in others)


_NOT_YET = "not yet"
_STATES: Sequence[Callable[[str], bool]] = (
    lambda state: state == "yes",
    lambda state: state not in ("yes", _NOT_YET),
    lambda state: state == _NOT_YET,
)


def _anonymous(route: str) -> str:
    return _PARAMETER.sub("{}", route)


def _reason(route: str, operation: Mapping[str, Any]) -> str:
    """Returns the statement of the ledger's entry that leaves an operation out."""
    flags = (f"flag {flag}" for flag in operation.get("flags", ()))
    entry = fidelity.find_left_out(fidelity.shipped_behaviours(), route, *flags)
    return _NOT_YET if entry is None else f"no: {entry.statement}"


def _routes() -> Iterator[str]:
    endpoints = list(api.endpoints())
    context = api_reference.template_context(
        build_document(endpoints, "http://127.0.0.1:4747/api/v2"), token="TOKEN", ids={}
    )
    numbers = {endpoint.name: endpoint.core for endpoint in endpoints}
    yield from (
        "# Routes",
        "",
        f"{len(endpoints)} endpoints under `/api/v2`; those with a number are among Make's 47 documented routes.",
        "A running emulator shows the same with fields and calls to copy at `/_emulator/docs`, and as OpenAPI 3.1 at",
        "`/_emulator/openapi.json`. The fidelity of each: `make-emulator routes`.",
    )
    for group in context["groups"]:
        rows = [
            (
                ", ".join(map(str, numbers[each.id])),
                f"`{each.method} {each.path}`",
                f"{each.summary}.",
                ", ".join(f"`{scope}`" for scope in each.scopes) or "none",
                ", ".join(f"`{one.name}`" for one in each.parameters if one.place == "query"),
                ", ".join(_body_fields(each.body or ())),
            )
            for each in group.operations
        ]
        yield from ("", f"## {group.name.capitalize()}", "")
        yield from _table(("#", "route", "does", "scopes", "query", "body"), rows)


def _body_fields(fields: Sequence[api_reference.FieldRow]) -> Iterator[str]:
    for field in fields:
        if field.depth == 0:
            yield f"**`{field.name}`**" if field.required else f"`{field.name}`"


def _command_line() -> Iterator[str]:
    yield from (
        "# Command line",
        "",
        "Errors are one line on stderr: exit 2 for usage, 1 for failure. Every option has an environment variable.",
        "[How to](../how-to/command-line.md): variables for clients, completion, output for programs.",
    )
    yield from _commands(cli.main, "make-emulator")


def _commands(command: click.Command, name: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None
            yield from _commands(found, f"{name} {each}")
        return
    arguments = [_usage(each) for each in command.params if isinstance(each, click.Argument)]
    yield from ("", f"## `{' '.join([name, *arguments])}`", "", inspect.cleandoc(command.help or ""))
    assert isinstance(command, DocumentedCommand), f"{name} has no examples"
    yield from (
        "",
        "```sh",
        *command.examples,
        "```",
        "",
        f"Guide: [{_title(command.docs)}](../{command.docs}).",
    )
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    if options:
        yield ""
        yield from _table(
            ("option", "environment", "default", "does"),
            [
                (
                    f"`{_option_names(each)}`",
                    f"`{_variable(each, name)}`",
                    f"`{each.default}`" if each.show_default else "",
                    each.help or "",
                )
                for each in options
            ],
        )


def _title(page: str) -> str:
    """Returns the title of a page below docs/."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    return text.partition("# ")[2].partition("\n")[0]


def _usage(argument: click.Argument) -> str:
    many = argument.nargs == -1 and argument.metavar is None  # a metavar of its own says so itself
    name = (argument.metavar or argument.name or "").upper() + ("..." if many else "")
    return name if argument.required else f"[{name}]"


def _option_names(option: click.Option) -> str:
    names = ", ".join(option.opts)
    if option.is_flag:
        return names
    return f"{names} {option.make_metavar(click.Context(click.Command('any')))}"


def _variable(option: click.Option, command: str) -> str:
    if option.envvar:
        return option.envvar if isinstance(option.envvar, str) else ", ".join(option.envvar)
    words = command.split()[1:]
    return "_".join([ENV_PREFIX, *words, option.name or ""]).upper().replace("-", "_")


def _control_api() -> Iterator[str]:
    rules = {
        (
            method,
            re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule.removeprefix("/_emulator")),
        ): app.view_functions[rule.endpoint]
        for app in [create_app()]
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/_emulator") and rule.endpoint.startswith(("control.", "dashboard."))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    yield from (
        "# Control API",
        "",
        "Under `/_emulator`, JSON in and out. It serves loopback only, unless the server has a control key: then every call",
        "but `/health` needs it in the header `X-Emulator-Key`. It is not part of Make's API.",
        "",
        "A body needs the content type `application/json`, else the call is 415. Pages of other origins are 403, other ports of this",
        "machine included, unless `serve --allowed-origin` names them (repeatable): then they get CORS headers, and their calls pass.",
        "",
    )
    ordered = sorted(rules.items(), key=lambda item: (item[0][1], _METHODS.index(item[0][0])))
    yield from _table(
        ("call", "does"), [(f"`{method} {path}`", _doc(view)) for (method, path), view in ordered]
    )


def _python() -> Iterator[str]:
    yield from (
        "# Python",
        "",
        "All that tests and scripts import is in the package `make_emulator`; types come with it.",
        "",
        "```text",
        "from make_emulator import MakeEmulator, World, create_app, mock_make",
        "```",
    )
    for function in (mock_make, create_app):
        yield from ("", f"## `{function.__name__}{_signature(function)}`", "", *_docstring(function))
    for kind in (MakeEmulator, World, *_attribute_classes(), control.ControlError):
        yield from _class(kind)
    yield from _types()


def _types() -> Iterator[str]:
    """Yields the types of `make_emulator.testing` that are no classes with members."""
    types = [(name, getattr(testing, name)) for name in testing.__all__]
    yield from (
        "",
        "## Types",
        "",
        "For annotations, from `make_emulator.testing`, which has the classes above, too. Rows are dictionaries with these keys; one with `?` is",
        "left out where there is nothing to say.",
        "",
    )
    rows = [
        (f"`{name}`", ", ".join(_keys(kind)), " ".join(_docstring(kind)))
        for name, kind in types
        if is_typeddict(kind)
    ]
    yield from _table(("type", "keys", "is"), rows)
    literals = [
        (f"`{name}`", ", ".join(f"`{each}`" for each in get_args(kind)))
        for name, kind in types
        if get_args(kind)
    ]
    yield from ("", "Literals:", "")
    yield from _table(("type", "values"), literals)


def _keys(kind: Any) -> Iterator[str]:
    """Yields the keys of a typed dictionary."""
    for name in kind.__annotations__:
        yield f"`{name}`" if name in kind.__required_keys__ else f"`{name}?`"


def _attribute_classes() -> Iterator[type[Any]]:
    """Yields the classes of a world's attributes, in their order."""
    names = re.findall(r"self\.\w+ = (\w+)\(", inspect.getsource(World.__init__))
    for name in names:
        yield getattr(testing_world, name)
    yield testing.Client
    yield agents.WorldAgent
    yield testing_mcp.WorldMcp
    yield testing_mcp.ToolCall
    yield executions.WorldExecution
    yield checkpoints.WorldCheckpoint
    yield testing_world.Received


def _class(kind: type[Any]) -> Iterator[str]:
    yield from ("", f"## `{kind.__name__}`", "", *_docstring(kind))
    if kind is MakeEmulator:
        yield from ("", f"`{kind.__name__}{_signature(kind.__init__)}`")
    rows = []
    own = [base for base in reversed(kind.__mro__) if base.__module__.startswith("make_emulator.")]
    for name, member in {name: member for base in own for name, member in vars(base).items()}.items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            rows.append((f"`{name}`", _doc(member)))
        elif isinstance(member, (classmethod, staticmethod)):
            rows.append((f"`{name}{_signature(member.__func__)}`", _doc(member.__func__)))
        elif inspect.isfunction(member):
            rows.append((f"`{name}{_signature(member)}`", _doc(member)))
    if rows:
        yield ""
        yield from _table(("member", "description"), rows)


def _pytest() -> Iterator[str]:
    yield from (
        "# pytest",
        "",
        "The plugin is active as soon as the package is installed; a test run that does not use it has no overhead.",
        "",
        "## Fixtures",
        "",
    )
    fixtures = [
        (name, member)
        for name, member in vars(plugin).items()
        if name.startswith("make_") and hasattr(member, "_fixture_function_marker")
    ]
    yield from _table(
        ("fixture", "type", "scope", "value"),
        [
            (
                f"`{name}`",
                f"`{_type_of_fixture(member._get_wrapped_function())}`",
                member._fixture_function_marker.scope,
                _doc(member._get_wrapped_function()),
            )
            for name, member in fixtures
        ],
    )
    yield from (
        "",
        "The types are those of `make_emulator.testing`: [how to annotate tests](../how-to/pytest.md#types).",
    )
    parser = _OptionRecorder()
    plugin.pytest_addoption(parser)  # type: ignore[arg-type]
    yield from ("", "## Options", "")
    yield from _table(("option", "does"), parser.options)
    yield from (
        "",
        "## Marker",
        "",
        "`@pytest.mark.make_world(seed=…, plan=…, scopes=[…], zone=…, now=…)` configures the test's world, that of `make_world` or `make_mock`.",
        "When a test fails, its report shows the requests to its worlds, and their runs with story and error.",
    )


def _type_of_fixture(function: Callable[..., Any]) -> str:
    """Returns the type of what a fixture returns or yields."""
    return str(inspect.signature(function).return_annotation).removeprefix("Iterator[").removesuffix("]")


class _OptionRecorder:
    """Fake of pytest's parser that records the options of the plugin."""

    def __init__(self) -> None:
        self.options: list[tuple[str, str]] = []

    def getgroup(self, name: str) -> _OptionRecorder:
        return self

    def addoption(self, name: str, *, help: str, metavar: str | None = None, **_: Any) -> None:
        self.options.append((f"`{name}{f' {metavar}' if metavar else ''}`", help))

    def addini(self, name: str, help: str, **_: Any) -> None:
        self.options.append((f"`{name}` (ini option)", help))


def _seeds() -> Iterator[str]:
    schema = json_schema()
    yield from (
        "# Seeds",
        "",
        "A seed is a YAML or JSON file, or an object in `POST /_emulator/worlds`. `make-emulator init` writes a commented",
        "one, `make-emulator validate FILE` prints every issue with its line. Bold fields are required.",
    )
    yield from _seed_table("The file", schema)
    for name, inner in sorted(schema["$defs"].items()):
        yield from _seed_table(name, inner)


def _seed_table(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    if "properties" not in schema:
        return
    required = schema.get("required", ())
    yield from ("", f"## {name}", "", schema.get("description", ""), "")
    yield from _table(
        ("field", "type", "is"),
        [
            (
                f"**`{key}`**" if key in required else f"`{key}`",
                _seed_type(field),
                field.get("description", ""),
            )
            for key, field in schema["properties"].items()
        ],
    )


def _seed_type(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "enum" in field:
        return "one of " + ", ".join(f"`{value}`" for value in field["enum"])
    for joint in ("anyOf", "oneOf"):
        if joint in field:
            return " or ".join(dict.fromkeys(_seed_type(each) for each in field[joint]))
    kinds = field.get("type", "any")
    text = kinds if isinstance(kinds, str) else " or ".join(kinds)
    return f"array of {_seed_type(field['items'])}" if text == "array" and "items" in field else text


def _scenario_tests() -> Iterator[str]:
    yield from (
        "# Test files of scenarios",
        "",
        "A file `NAME.test.yaml` has the tests of the blueprint `NAME.json` beside it: [how to write them](../how-to/scenario-tests.md).",
        "`make-emulator test --schema` prints the JSON Schema for editors. Bold keys are required. YAML is read as JSON is: a date is written as a text,",
        "and `yes` a word. Modules are named by their id, or by the name that they have in the designer.",
    )
    for section in test_schema.iter_sections():
        yield from ("", f"## {section.title}", "", section.about, "")
        rows = [
            (f"**`{key.name}`**" if key.required else f"`{key.name}`", _kind_text(key.kind), key.about)
            for key in section.keys
        ]
        yield from _table(("key", "value", "meaning"), rows)
    yield from (
        "",
        "## Matchers",
        "",
        "An expected collection is compared in part: what it does not name may be anything. An array is compared whole and in order.",
        "In the place of a value, a collection with one of these keys is a matcher; with several, all of them apply. The text `$any` stands",
        "for any value, `$absent` for a missing field, and `{ $exact: $any }` for the text itself.",
        "",
        *_table(("matcher", "matches"), [(f"`{name}`", matcher.about) for name, matcher in MATCHERS.items()]),
    )


def _kind_text(kind: kinds.Kind) -> str:
    """Returns a kind of value in words, with links to sections."""
    match kind:
        case kinds.Section():
            return f"[{kind.title}](#{kind.title.lower()})"
        case kinds.Array():
            return f"array of {_kind_text(kind.item)}"
        case kinds.MapOf() if not kind.has_own_name:
            return f"mapping of names to {_kind_text(kind.value)}"
        case kinds.Either():
            return " or ".join(dict.fromkeys(map(_kind_text, kind.kinds)))
    return kind.name


def _errors() -> Iterator[str]:
    yield from (
        "# Errors",
        "",
        "Every error is `{detail, message, code, suberrors?}`. Which codes were observed on the real service, and which are",
        "assumed, is in the fidelity ledger: `make-emulator fidelity errors`.",
        "",
    )
    kinds = [
        kind
        for kind in vars(make_errors).values()
        if isinstance(kind, type)
        and issubclass(kind, make_errors.MakeError)
        and kind is not make_errors.MakeError
    ]
    yield from _table(
        ("status", "code", "message", "when"),
        sorted(
            (str(kind.status), f"`{kind.code}`", kind.message, re.sub(r"^\d+( \w+)?: ", "", _doc(kind)))
            for kind in kinds
        ),
    )
    yield from ("", "Named faults, besides any status:", "")
    yield from _table(
        ("name", "effect"),
        [
            (f"`{name}`", ", ".join(f"{key} {value}" for key, value in preset.items()))
            for name, preset in faults.PRESETS.items()
        ],
    )


def _expressions() -> Iterator[str]:
    yield from (
        "# Functions of expressions",
        "",
        f"{len(FUNCTIONS)} functions, as `{{{{name(argument; argument)}}}}` in the mapper of a module or in a filter.",
        "A team may also have [custom functions](../how-to/custom-functions.md).",
        "",
    )
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, function in FUNCTIONS.items():
        group = function.body.__module__.rsplit(".", 1)[-1]
        maximum = "any number" if function.max_arguments is None else str(function.max_arguments)
        count = (
            str(function.min_arguments)
            if function.max_arguments == function.min_arguments
            else f"{function.min_arguments} to {maximum}"
        )
        groups.setdefault(group, []).append((f"`{name}`", count))
    for group in sorted(groups):
        yield from ("", f"## {group.capitalize()}", "")
        yield from _table(("function", "arguments"), sorted(groups[group], key=lambda row: row[0].lower()))


def _modules() -> Iterator[str]:
    yield from (
        "# How modules are run",
        "",
        "A module of a blueprint is interpreted, scripted or simulated:",
        "",
        "| a module is | when | what it does |",
        "| -- | -- | -- |",
        "| interpreted | the emulator implements it; the table below lists all of them | the same as in Make |",
        "| scripted | a test or a file scripts it | the scripted output, error or delay |",
        "| simulated | it belongs to any other app | outputs one bundle of mock data in the shape that the blueprint"
        " declares in `metadata.interface`, else the one that the catalogue knows, `metadata.expect` and the mappings of later modules; as the trigger it"
        " outputs the input of the run |",
        "",
        "Mock data fit their use: an array for an iterator, a JSON text for Parse JSON, a date for",
        "`formatDate`, one of the values that a filter compares with. Declarations of the blueprint have priority.",
        "",
        "A module that a completely known app does not have is rejected (IM007). `make-emulator explain`",
        "shows how each module of a blueprint is run.",
        "",
    )
    yield from _table(
        ("module", "operations", "credits"),
        [
            (
                f"`{kind.name}`",
                "none" if not kind.billed else "1 an aggregation" if kind.combine else "1 a bundle",
                "none" if kind.is_free or not kind.billed else "1 an operation",
            )
            for kind in sorted(interpreted_modules().values(), key=lambda each: each.name.lower())
        ],
    )


# --- the parts of a page -------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["--"] * len(head), *rows):
        yield f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in row)} |"


def _signature(function: Callable[..., Any]) -> str:
    """Returns the signature of a function without types."""
    parameters = [
        each.replace(annotation=inspect.Parameter.empty)
        for name, each in inspect.signature(function).parameters.items()
        if name not in ("self", "cls")
    ]
    return str(inspect.Signature(parameters))


def _docstring(thing: Any) -> list[str]:
    """Returns a docstring as Markdown, with arguments and errors as lists."""
    text = re.sub(r"``(.*?)``", r"`\1`", inspect.getdoc(thing) or "", flags=re.DOTALL)
    lines: list[str] = []
    for line in text.splitlines():
        if title := re.fullmatch(r"(Raises|Args|Returns|Attributes):", line):
            lines += [f"**{title[1]}**", ""]
        elif entry := re.fullmatch(r"    ([\w, ]+): (.*)", line):
            lines.append(f"- `{entry[1]}`: {entry[2]}")
        else:
            lines.append(line.strip())
    return lines


def _doc(thing: Any) -> str:
    """The same in one paragraph, without what is said of single arguments and errors."""
    lines = _docstring(thing)
    end = next((place for place, line in enumerate(lines) if line.startswith("**")), len(lines))
    return " ".join(line.strip() for line in lines[:end] if line.strip())


def _is_fresh(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text("utf-8") == text


def _superfluous(names: Iterable[str]) -> list[Path]:
    """Returns the pages of areas that the ledger no longer has."""
    return [
        path
        for path in sorted((ROOT / FOLDER / "fidelity").glob("*.md"))
        if path.relative_to(ROOT).as_posix() not in names
    ]


def stale() -> list[str]:
    """Returns the paths of the pages that are missing, differ from the code, or are superfluous."""
    wanted = pages()
    differing = [name for name, text in wanted.items() if not _is_fresh(ROOT / name, text)]
    return differing + [path.relative_to(ROOT).as_posix() for path in _superfluous(wanted)]


def main(arguments: Sequence[str]) -> str | None:
    """Writes or checks the pages; returns the reason of a failure."""
    if arguments == ["--check"]:
        names = stale()
        return f"stale: {', '.join(names)}; run make docs" if names else None
    if arguments:
        return "usage: python docs/generate.py [--check]"
    wanted = pages()
    for name, text in wanted.items():
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_text(text, "utf-8")
    for path in _superfluous(wanted):
        path.unlink()
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
