"""Format of test files: its sections with their keys, from which messages, the JSON Schema and the reference follow."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from ..document_issues import DocumentPath
from ..engine.runtime.module_scripts import ERROR_NAMES
from ..json_types import Json, JsonObject
from ..world.clock import MAX_TIMESTAMP, parse_iso
from ..world.connections import TEST_OUTCOMES
from ..world.external_services import RULE_ERRORS
from ..world.settings import SETTINGS
from .kinds import AnyValue, Array, Boolean, Either, Integer, Issues, Key, Kind, MapOf, Section, Text

#: Suffix of the names of test files.
SUFFIX = ".test.yaml"

TEXT, NAME = Text(), Text("a name")
EXPECTED = AnyValue(has_matchers=True)
BUNDLE = MapOf(AnyValue(), name="a bundle")
MODULE = Either(Integer(1), Text("the name that a module has in the designer"))

#: Ways of a bundle into the first module, of which a test has one at most.
TRIGGERS = ("inputs", "bundles", "webhook", "mail")


def _find_time_issue(text: str) -> str | None:
    try:
        if 0 <= parse_iso(text) <= MAX_TIMESTAMP:
            return None
    except (ValueError, OverflowError):
        pass
    return "this must be a time such as 2026-03-02T09:00:00Z"


def _one_of(*names: str) -> Text:
    return Text(choices=names)


def _check_given(value: Mapping[str, Json], path: DocumentPath) -> Issues:
    triggers = [name for name in TRIGGERS if name in value]
    for name in triggers[1:]:
        yield (*path, name), f"'{triggers[0]}' is given already: a run has one trigger"


def _check_webhook(value: Mapping[str, Json], path: DocumentPath) -> Issues:
    bodies = [name for name in ("json", "body", "form") if name in value]
    for name in bodies[1:]:
        yield (*path, name), f"'{bodies[0]}' is the body already"


def _check_mail(value: Mapping[str, Json], path: DocumentPath) -> Issues:
    if "file" in value and len(value) > 1:
        yield (*path, "file"), "a file is the whole mail; the other keys have no effect"


def _check_script(value: Mapping[str, Json], path: DocumentPath) -> Issues:
    if "output" in value and "error" in value:
        yield (*path, "error"), "a script has 'output' or 'error', not both"
    if not value.keys() & {"output", "error", "durationMs"}:
        yield path, "a script has one of: output, error, durationMs"


def _check_rule(value: Mapping[str, Json], path: DocumentPath) -> Issues:
    if "body" in value and "pages" in value:
        yield (*path, "pages"), "a rule has 'body' or 'pages', not both"
    if "error" in value:
        for name in ("status", "headers", "body", "pages"):
            if name in value:
                yield (*path, name), "a rule with an 'error' has no response"


def _check_count(value: Mapping[str, Json], path: DocumentPath) -> Issues:
    if not value:
        yield path, "this is empty; it must be some of: at_least, at_most"


WEBHOOK = Section(
    "Webhook",
    "The request that the webhook receives. The scenario is active, and runs as it does in production.",
    Key("method", Text("the name of a method", pattern="[A-Za-z]{1,20}"), "Method; POST by default."),
    Key("query", MapOf(TEXT), "Parameters of the query string."),
    Key("headers", MapOf(TEXT), "Headers."),
    Key("json", AnyValue(), "The body as JSON."),
    Key("form", MapOf(TEXT), "The body as fields of a form."),
    Key("body", TEXT, "The body as a text."),
    check=_check_webhook,
)

MAIL = Section(
    "Mail",
    "The mail that the mailhook receives.",
    Key("from", TEXT, "Sender."),
    Key("to", Either(TEXT, Array(TEXT)), "Recipients; the address of the mailhook by default."),
    Key("cc", Either(TEXT, Array(TEXT)), "Recipients of a copy."),
    Key("subject", TEXT, "Subject."),
    Key("text", TEXT, "Plain text."),
    Key("html", TEXT, "HTML."),
    Key("headers", MapOf(TEXT), "Further headers."),
    Key(
        "attachments",
        Array(
            Section(
                "Attachment",
                "A file that is attached to the mail.",
                Key("name", NAME, "File name.", required=True),
                Key("text", TEXT, "Content.", required=True),
            )
        ),
        "Attached files.",
    ),
    Key(
        "file",
        Text("the path of a file"),
        "Instead of all other keys: a file with the mail as it was sent (`.eml`).",
    ),
    check=_check_mail,
)

CONNECTION = Section(
    "Connection",
    "The state of a connection.",
    Key("outcome", _one_of(*TEST_OUTCOMES), "Outcome of every use of it.", required=True),
    Key("message", TEXT, "Message of the service."),
)

GIVEN = Section(
    "Given",
    "The world in which the scenario runs, and what its trigger receives.",
    Key(
        "inputs",
        MapOf(AnyValue(), name="the inputs by name"),
        "Inputs of the scenario, as of a run on demand.",
    ),
    Key(
        "bundles",
        Either(BUNDLE, Array(BUNDLE)),
        "Bundles that the trigger outputs, whatever its app: one, or an array.",
    ),
    Key("webhook", WEBHOOK, WEBHOOK.about),
    Key("mail", MAIL, MAIL.about),
    Key(
        "now",
        Text("a time", check=_find_time_issue),
        "Time of the run, such as `2026-03-02T09:00:00Z`, which is the default.",
    ),
    Key(
        "records",
        MapOf(Either(MapOf(BUNDLE), Array(BUNDLE)), name="data stores with their records"),
        "Records of data stores: id or name of the store -> key -> data; or an array of data, whose keys are generated.",
    ),
    Key(
        "variables",
        Section(
            "Variables",
            "Custom variables.",
            Key("team", MapOf(AnyValue()), "Variables of the team by name."),
            Key("organization", MapOf(AnyValue()), "Variables of the organization by name."),
        ),
        "Custom variables of the team and the organization.",
    ),
    Key(
        "connections",
        MapOf(Either(_one_of("missing", *TEST_OUTCOMES), CONNECTION), name="connections with their state"),
        "Connections that do not work: id or name -> `invalid`, `crash`, `timeout`, or `missing`.",
    ),
    Key(
        "settings",
        MapOf(Either(Boolean(), TEXT), key=_one_of(*SETTINGS), name="settings by name"),
        "Settings of the world, such as `unmatched: fail`.",
    ),
    check=_check_given,
)

SCRIPT = Section(
    "Script",
    "Outputs or an error in place of a module's own.",
    Key("output", Either(BUNDLE, Array(BUNDLE)), "Bundle, or bundles, that each operation outputs."),
    Key(
        "error",
        Section(
            "Error",
            "Error of a module.",
            Key("name", _one_of(*ERROR_NAMES), "Make's name of the error.", required=True),
            Key("message", TEXT, "Text of the error."),
        ),
        "Error with which each operation fails.",
    ),
    Key("times", Integer(1), "Number of operations that are scripted; all by default."),
    Key("durationMs", Integer(), "Additional duration of each operation, in the world's time."),
    check=_check_script,
)

RULE = Section(
    "Rule",
    "Response of an external service to the HTTP modules.",
    Key(
        "url",
        Text("a URL, or a pattern with *"),
        "URL, or a pattern such as `https://api.example.com/*`.",
        required=True,
    ),
    Key("method", Text("the name of a method", pattern="[A-Za-z]{1,20}"), "Method; any by default."),
    Key("status", Integer(200), "Status; 200 by default."),
    Key("headers", MapOf(Either(TEXT, Array(TEXT))), "Headers."),
    Key("body", AnyValue(), "Body: a text, or JSON."),
    Key("pages", Array(AnyValue(), least=1), "Bodies of the pages of a service that pages."),
    Key("times", Integer(1), "Number of requests that it responds to; all by default."),
    Key(
        "delayMs",
        Integer(),
        "Duration in the world's time; beyond the timeout of the module it is a timeout.",
    ),
    Key("error", _one_of(*RULE_ERRORS), "No response at all."),
    check=_check_rule,
)

COUNT = Either(
    Integer(),
    Section(
        "Count",
        "Limits of a number.",
        Key("at_least", Integer(), "Least number."),
        Key("at_most", Integer(), "Greatest number."),
        check=_check_count,
    ),
)

MODULE_EXPECTATION = Section(
    "ModuleExpectation",
    "What one module did.",
    Key("operations", COUNT, "Number of its operations."),
    Key("inputs", EXPECTED, "What was mapped into it: an array with an entry for each operation."),
    Key("bundles", EXPECTED, "Bundles that it output in all operations, in order."),
    Key("error", EXPECTED, "Its last error: `name` and `message`; `$absent` for none."),
)

FILTER_EXPECTATION = Section(
    "FilterExpectation",
    "What one filter did.",
    Key("passed", Either(Integer(), Array(EXPECTED)), "Number of bundles that passed it, or these bundles."),
    Key(
        "stopped", Either(Integer(), Array(EXPECTED)), "Number of bundles that it stopped, or these bundles."
    ),
)

SWEEP = Section(
    "SweepExpectation",
    "Faults at every module, each in a run of its own, as `make-emulator sweep` injects them.",
    Key(
        "at_least",
        Integer(),
        "Least number of faults that the scenario survives: the end is the same as without.",
        required=True,
    ),
    Key("hours", Integer(1), "Hours of the world's time that the retries of Make have; 72 by default."),
)

#: What is expected of any run, also of one that another called.
_OF_A_RUN = (
    Key("status", _one_of("success", "warning", "error"), "Status of the run."),
    Key(
        "error", EXPECTED, "Error that ended it: `name`, `message`, and `module`, the id or designer's name."
    ),
    Key("outputs", EXPECTED, "Outputs of the scenario."),
    Key("reached", Array(MODULE), "Modules that a bundle reached, by id or designer's name."),
    Key("not_reached", Array(MODULE), "Modules that no bundle reached."),
    Key("order", Array(MODULE), "Modules in the order of all operations."),
    Key(
        "modules",
        MapOf(MODULE_EXPECTATION, name="modules with what they did"),
        "Modules by id or designer's name.",
    ),
    Key(
        "filters",
        MapOf(Either(_one_of("passed", "stopped", "not reached"), FILTER_EXPECTATION), name="filters"),
        "Filters by their name, or by id or name of the module behind them: `passed`, `stopped`, `not reached`, or numbers.",
    ),
    Key("operations", COUNT, "Operations of the run."),
)

CALLED = Section(
    "CalledScenario",
    "What the last run of a called scenario did, whose blueprint the file names under `scenarios`.",
    *_OF_A_RUN,
)

EXPECT = Section(
    "Expect",
    "What the run does. Without `status` and `error`, a run that ends with an error fails the test.",
    *_OF_A_RUN,
    Key(
        "response",
        EXPECTED,
        "Response to the caller of the webhook: `status`, `body` (parsed, if it is JSON), `headers`.",
    ),
    Key(
        "requests",
        EXPECTED,
        "Requests of HTTP modules, an array: `method`, `url` without the query, `query`, `headers`, `body`, `module`, `status`.",
    ),
    Key(
        "mails",
        EXPECTED,
        "Mails that were sent, an array: `from`, `to`, `cc`, `bcc`, `subject`, `text`, `html`, `attachments`.",
    ),
    Key(
        "records",
        MapOf(EXPECTED, name="data stores with their records"),
        "Records afterwards: id or name of the store -> key -> data; or an array of the data.",
    ),
    Key(
        "incomplete",
        Either(Integer(), Array(EXPECTED)),
        "Incomplete executions: their number, or `module` and `reason` of each.",
    ),
    Key("calls", MapOf(COUNT, name="ids of scenarios"), "Number of runs of called scenarios by their ids."),
    Key("scenarios", MapOf(CALLED, name="ids of scenarios"), CALLED.about),
    Key("credits", COUNT, "Credits of the run."),
    Key("name", EXPECTED, "Name that a module gave the run."),
    Key("sweep", SWEEP, SWEEP.about),
    Key(
        "active",
        Boolean(),
        "True if the scenario is still active afterwards; a run of a webhook or a mail can stop it.",
    ),
)

_SHARED = (
    Key("given", GIVEN, GIVEN.about),
    Key(
        "modules",
        MapOf(
            Either(SCRIPT, Array(SCRIPT, least=1, name="an array of scripts, one for each operation")),
            name="modules with their scripts",
        ),
        "Scripted modules, by `app:Module`, id or designer's name; an array has a script for each operation, of which the last one stays.",
    ),
    Key("http", Array(RULE), "Responses of external services; the first that matches is used."),
)

TEST = Section(
    "Test",
    "One test: a run of the scenario, and what is expected of it.",
    Key("name", NAME, "Name, in words.", required=True),
    *_SHARED,
    Key("expect", EXPECT, EXPECT.about, required=True),
    Key(
        "cases",
        Array(MapOf(AnyValue(), name="the values of a case by name"), least=1),
        "Table of cases: the test runs once for each, with its values in the place of `${name}`. The value `name` names the case.",
    ),
    Key(
        "marks",
        Array(Text("the name of a pytest marker", pattern=r"[A-Za-z_]\w*")),
        "Markers for pytest's `-m`.",
    ),
    Key("skip", Text("a reason"), "Reason why the test does not run."),
)

FILE = Section(
    "File",
    "Tests of one blueprint.",
    Key(
        "blueprint",
        Text("the path of a file"),
        "File of the blueprint; that of the same name beside the test file by default.",
    ),
    Key(
        "scenarios",
        MapOf(Text("the path of a file"), name="files of blueprints by the ids of scenarios"),
        "Blueprints of called scenarios by their ids; all others return nothing.",
    ),
    *_SHARED,
    Key("tests", Array(TEST, least=1), "The tests.", required=True),
)


def json_schema() -> JsonObject:
    """Returns the JSON Schema of test files."""
    definitions: JsonObject = {}
    FILE.json_schema(definitions)
    _allow_placeholders(definitions)
    whole = definitions.pop("File")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tests of a scenario, for make-emulator",
        **whole,
        "$defs": dict(sorted(definitions.items())),
    }


def json_schema_text() -> str:
    """Returns the JSON Schema of test files as indented JSON."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def iter_sections() -> Iterator[Section]:
    """Yields every section, the outermost first."""
    found: dict[str, Section] = {}
    pending: list[Kind] = [FILE]
    while pending:
        kind = pending.pop(0)
        if isinstance(kind, Section) and kind.title not in found:
            found[kind.title] = kind
            pending.extend(key.kind for key in kind.keys)
        elif isinstance(kind, Array):
            pending.append(kind.item)
        elif isinstance(kind, MapOf):
            pending.append(kind.value)
        elif isinstance(kind, Either):
            pending.extend(kind.kinds)
    yield from found.values()


def _allow_placeholders(definitions: JsonObject) -> None:
    """Lets every key of a test take a placeholder, such as ``${quantity}``, in place of its value."""
    placeholder: JsonObject = {"type": "string", "pattern": r"^\$\{\w+\}$"}
    for title, section in definitions.items():
        if title == "File":
            continue
        for name, schema in section["properties"].items():
            if schema.get("type") == "string" and "enum" not in schema and "pattern" not in schema:
                continue
            about = {key: schema[key] for key in ("description",) if key in schema}
            rest = {key: value for key, value in schema.items() if key != "description"}
            if rest and (title, name) not in (("Test", "cases"), ("Test", "marks")):
                section["properties"][name] = {"anyOf": [rest, placeholder], **about}
