"""The command ``demo``: a scenario that is made, run, broken, explained and recovered, in this process."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import click
import orjson

from ..json_types import Json, JsonObject
from ..resources import fixture_path
from .command import command

if TYPE_CHECKING:
    from ..client.control import WorldClient
    from ..registry import WorldHandle

#: The time of the demo, so that it shows the same every time.
NOW = "2026-03-02T09:00:00Z"

#: The longest line, however wide the terminal.
_MAX_WIDTH = 100

_INPUTS: Json = [
    {"name": "sku", "type": "text", "required": True},
    {"name": "quantity", "type": "number", "required": True},
]
_OUTPUTS: Json = [{"name": "answer", "type": "text"}]

#: Status of a run in the response, and in words with their colours.
_STATUSES = {1: "SUCCESS", 2: "WARNING", 3: "ERROR"}
_COLOURS = {"SUCCESS": "green", "WARNING": "yellow", "ERROR": "red"}

#: What a run is given.
_ORDER: Json = {"sku": "A-1", "quantity": 5}

_STOCK_URL = "https://warehouse.example.com/stock/*"

_NEXT = (
    ("make-emulator serve", "the same for your clients, at a port"),
    ('eval "$(make-emulator env)"', "address, token and ids for them"),
    ("make-emulator explain FILE.json", "one of your own blueprints, as in step 4"),
    ("make-emulator lint FILE.json", "its mistakes, without a run"),
)


@command(
    examples=["make-emulator demo", "make-emulator demo | less"],
    docs="tutorial.md",
    short_help="Make, run, break and explain a scenario, in a second.",
)
def demo() -> None:
    """Make a scenario, run it, break it, see why it fails, and let it recover.

    All of it happens in this process, in a world of its own: nothing listens, and nothing leaves this machine.
    """
    width = min(shutil.get_terminal_size((80, 24)).columns, _MAX_WIDTH)
    for line in _Demo(width).lines():
        click.echo(line)


class _Demo:
    """The demo, in a world of its own.

    Args:
        width: the width of the terminal in characters.
    """

    def __init__(self, width: int) -> None:
        # Imported here, so that --help answers at once.
        from ..app import DEFAULT_WORLD, create_app, registry_of
        from ..blueprint_import.export import parse_export
        from ..client.control import ControlClient, LocalTransport

        app = create_app(seed="empty", now=NOW)
        handle = registry_of(app).get(DEFAULT_WORLD)
        assert handle is not None
        self._handle: WorldHandle = handle
        self._control = ControlClient(LocalTransport(app, "http://127.0.0.1"))
        self._world: WorldClient = self._control.world(DEFAULT_WORLD)
        self._token = handle.main_token().token
        self._width = width
        self._export = parse_export(fixture_path("demo-scenario.json").read_bytes())

    def lines(self) -> Iterator[str]:
        """Plays the demo; yields its lines."""
        # So that steps take no time but that of the runs.
        self._world.call("PATCH", "clock", body={"frozen": True})
        yield "A local Make in this process, with an empty team. Nothing leaves this machine."

        yield from _heading(1, "Make a scenario", "order -> stock of the warehouse -> yes or no")
        scenario = yield from self._create_scenario()

        yield from _heading(2, "Run it", "a rule answers in the place of the warehouse")
        yield self._answer_with(200, {"available": 7})
        yield from self._run(scenario)

        yield from _heading(3, "Break it", "the warehouse is down")
        yield self._answer_with(503, "closed")
        execution = yield from self._run(scenario)

        yield from _heading(4, "Explain it", "input and output of each module, and the decisions")
        yield from self._explain(scenario, execution)

        yield from _heading(5, "Let it recover", "the warehouse is back, and 15 minutes pass")
        yield self._answer_with(200, {"available": 2})
        yield from self._recover(scenario)

        yield from _heading(6, "Limit an agent", "a token that may read, and nothing else")
        yield from self._refuse(scenario)

        yield from _heading(None, "Next", "")
        width = max(len(line) for line, _ in _NEXT)
        for line, text in _NEXT:
            yield f"   {line:<{width}}   {text}"

    def _create_scenario(self) -> Generator[str, None, int]:
        """Creates and activates the scenario of the demo; returns its id."""
        team = self._handle.main_team()
        assert team is not None
        body: JsonObject = {
            "teamId": team.id,
            "blueprint": orjson.dumps(self._export.blueprint).decode(),
            "scheduling": '{"type": "on-demand"}',
        }
        scenario: int = self._api("POST", "/scenarios?confirmed=true", body)["scenario"]["id"]
        name = self._export.blueprint["name"]
        yield self._cut(f'   POST /scenarios -> scenario {scenario} "{name}"')
        self._api(
            "PATCH", f"/scenarios/{scenario}/interface", {"interface": {"input": _INPUTS, "output": _OUTPUTS}}
        )
        yield self._cut(f"   PATCH /scenarios/{scenario}/interface -> takes an article and a quantity")
        self._api("POST", f"/scenarios/{scenario}/start")
        yield self._cut(f"   POST /scenarios/{scenario}/start -> active")
        return scenario

    def _answer_with(self, status: int, body: Json) -> str:
        """Puts a response rule in the place of the warehouse; returns its line."""
        self._world.call("DELETE", "http")
        self._world.call("POST", "http", body={"url": _STOCK_URL, "status": status, "body": body})
        return self._cut(f"   rule: {_STOCK_URL} -> {status} {_json(body)}")

    def _run(self, scenario: int) -> Generator[str, None, str]:
        """Runs the scenario; returns the id of the execution."""
        body: JsonObject = {"data": _ORDER, "responsive": True}
        response = self._api("POST", f"/scenarios/{scenario}/run", body)
        status = _STATUSES[response["status"]]
        outputs = f", outputs {_json(response['outputs'])}" if "outputs" in response else ""
        yield self._cut(f"   POST /scenarios/{scenario}/run {_json(_ORDER)}")
        yield self._cut(f"   -> {_coloured(status)}{outputs}")
        return str(response["executionId"])

    def _explain(self, scenario: int, execution: str) -> Iterator[str]:
        from ..explain.text_output import render_trace
        from ..world.models import Execution

        run = self._handle.world.logs[scenario, execution]
        assert isinstance(run, Execution)
        for line in render_trace(self._export, run, width=self._width - 3):
            yield f"   {line}"

    def _recover(self, scenario: int) -> Iterator[str]:
        dlqs = f"/dlqs?scenarioId={scenario}"
        [stored] = self._api("GET", dlqs)["dlqs"]
        yield self._cut(f"   GET {dlqs} -> 1 incomplete execution: {stored['reason']}")
        self._world.call("POST", "clock", "advance", body={"seconds": 15 * 60})
        yield "   clock: 15 minutes later, in no time"
        [stored] = self._api("GET", dlqs)["dlqs"]
        state = "resolved" if stored["resolved"] else "unresolved"
        yield self._cut(f"   GET {dlqs} -> {state}, attempts: {stored['attempts']}")
        retry = self._world.call("GET", "executions")["executions"][0]
        yield self._cut(f"   the retry -> {_coloured(retry['status'])}:")
        trace = self._world.call("GET", "executions", retry["id"], "steps")
        for decision in trace["decisions"]:
            yield from self._wrap(decision["sentence"])

    def _refuse(self, scenario: int) -> Iterator[str]:
        from ..client.control import ControlError

        body: JsonObject = {"scopes": ["scenarios:read"], "label": "agent"}
        token = self._world.call("POST", "tokens", body=body)["token"]
        try:
            self._control.api("POST", f"/scenarios/{scenario}/run", token, {"data": _ORDER})
        except ControlError as error:
            yield f"   POST /scenarios/{scenario}/run -> {click.style(str(error.status), fg='red')}"
        entry = self._world.call("GET", "requests", query={"limit": "1"})["requests"][-1]
        yield from self._wrap(f"{entry['sentence']}.")

    def _api(self, method: str, path: str, body: Json = None) -> JsonObject:
        answer: JsonObject = self._control.api(method, path, self._token, body)
        return answer

    def _wrap(self, text: str) -> Iterator[str]:
        yield from textwrap.wrap(
            text, self._width, initial_indent=" " * 6, subsequent_indent=" " * 8, break_long_words=False
        )

    def _cut(self, line: str) -> str:
        """Returns a line that fits the terminal; one with colours is short."""
        return line if len(click.unstyle(line)) <= self._width else f"{line[: self._width - 1]}…"


def _heading(number: int | None, title: str, text: str) -> Iterator[str]:
    yield ""
    head = click.style(f"{number}. {title}" if number else title, bold=True)
    yield f"{head}: {text}" if text else head


def _coloured(status: str) -> str:
    return click.style(status, fg=_COLOURS[status])


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
