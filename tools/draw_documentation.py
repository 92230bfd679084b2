"""Drawings of the documentation as SVG: the way of a request, the way of a run, the parts of the emulator, a scenario.

``python -m tools.draw_documentation`` writes docs/assets/*.svg; ``--check`` writes nothing and exits 1 if one of them is stale. The
steps of a request are those of the pipeline in the code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from make_emulator.blueprint_import.export import parse_export
from make_emulator.explain.runner import explain_blueprint
from make_emulator.explain.svg_output import explanation_svg
from make_emulator.http.pipeline import API_PIPELINE
from make_emulator.json_types import Json
from make_emulator.resources import fixture_path

FOLDER = Path(__file__).parents[1] / "docs" / "assets"

#: Wide enough for a line of text, and narrow enough to be read on a phone.
WIDTH = 440
_MARGIN = 16
_BOX_HEIGHT = 46
_GAP = 14
_STYLE = """\
text { font: 12px system-ui, sans-serif; fill: #3c3c43; }
.name { font-weight: 600; font-size: 14px; fill: #1c1c1e; }
.title { font-weight: 600; fill: #5e35b1; }
.tag { font-weight: 600; fill: #b3261e; }
.paper { fill: #ffffff; stroke: #d8d4e3; }
.group { fill: #f6f3fb; stroke: #d9cdf0; }
.box { fill: #ffffff; stroke: #7e57c2; }
.arrow { stroke: #7e57c2; stroke-width: 1.5; fill: none; }
.head { fill: #7e57c2; }"""


@dataclass(frozen=True)
class Box:
    """A step of a way.

    Args:
        tag: statuses with which the way may end here.
    """

    name: str
    detail: str
    tag: str = ""


@dataclass(frozen=True)
class Group:
    """Steps, or parts that stand side by side, that have something in common."""

    title: str
    boxes: Sequence[Box]
    is_sequence: bool = True


#: What the documentation says of a request step: a name, its effect, and the statuses with which it may end the request.
REQUEST_STEPS: Mapping[str, Box] = {
    "authentication.identify_caller": Box(
        "Identify the caller", "the token selects the world, the user, the scopes"
    ),
    "request_log.begin": Box("Begin the log entry", "method, path, query, body; secrets masked"),
    "fault_injection.inject": Box("Inject a fault", "if a rule of the test matches", "any"),
    "user_agent.check": Box("Check the user agent", "in a world whose setting says so", "403"),
    "authentication.require_caller": Box("Authenticate", "without a valid token it ends here", "401"),
    "routing.require_endpoint": Box("Find the endpoint", "by method and path", "404, 405"),
    "authorization.check_scopes": Box("Check the scopes", "of the token", "403"),
    "request_body.read_body": Box("Read the body", "size, coding, JSON", "400, 413, 415"),
    "parameters.parse": Box("Parse the parameters", "path, query and body, by the declaration", "400"),
    "handler.handle_public": Box("Handle public routes", "they need no world"),
    "world_lock.lock_world": Box("Lock the world", "no other world waits", "503"),
    "parameters.resolve": Box("Resolve every id", "through what the caller may see", "404"),
    "rate_limit.count": Box("Count the request", "of the organization in this minute"),
    "authorization.check_api_access": Box("Check the access by API", "a setting of the world", "403"),
    "authorization.check_role": Box("Check the role", "of the user in team and organization", "403"),
    "authorization.check_plan": Box("Check the plan", "of the organization", "402, 403"),
    "policy.check": Box("Check the grants", "if the caller is an agent of the test", "403"),
    "rate_limit.check": Box("Check the rate limit", "requests a minute of the plan", "429"),
    "handler.handle": Box("Handle the request", "two to six lines for each endpoint"),
}
RESPONSE_STEPS: Mapping[str, Box] = {
    "response_headers.add_headers": Box("Add headers", "that every response of the API has"),
    "rate_limit.add_headers": Box("Add the rate limit", "as headers"),
    "provenance.add": Box("Add the evidence", "X-Emulator-Fidelity: observed, documented, assumed"),
    "fault_injection.truncate": Box("Truncate", "if a fault says so"),
    "request_log.finish": Box("Finish the log entry", "one sentence: who, what, where, decision"),
    "usage_stats.count": Box("Count the use", "of scopes and routes, for the reports"),
}


def _name(step: Callable[..., object]) -> str:
    return f"{step.__module__.rsplit('.', 1)[-1]}.{step.__name__}"


def request_groups() -> Sequence[Group]:
    """Returns the steps of a request to the API, grouped by whether the world is locked.

    Raises:
        KeyError: if a step of the pipeline has no description here.
    """
    names = [_name(step) for step in API_PIPELINE.request_steps]
    locked = names.index("world_lock.lock_world")
    return [
        Group("before the world is locked", [REQUEST_STEPS[name] for name in names[:locked]]),
        Group("while the world is locked", [REQUEST_STEPS[name] for name in names[locked:]]),
        Group(
            "on every response, also on that of an error",
            [RESPONSE_STEPS[_name(step)] for step in API_PIPELINE.response_steps],
        ),
    ]


RUN = (
    Group(
        "something starts it",
        [
            Box("Trigger", "a call of the API, a tool, a webhook, a mail, the schedule"),
            Box("Check the inputs", "against the interface of the scenario", "400"),
        ],
    ),
    Group(
        "the executor computes it at once",
        [
            Box("Begin a cycle", "with a bundle, or a batch, of the trigger"),
            Box("Apply the filter", "before the module: the bundle passes or stops"),
            Box("Map the fields", "the expressions of the mapper are evaluated"),
            Box("Run the module", "interpreted, scripted by the test, or simulated", "error"),
            Box("Emit the bundles", "each passes the rest of the flow before the next"),
            Box("Handle an error", "Ignore, Resume, Break, Commit or Rollback"),
            Box("Commit", "data stores, variables, the response of the webhook"),
        ],
    ),
    Group(
        "the clock of the world reveals it",
        [
            Box("Record the execution", "log, operations, credits, the trace of each step"),
            Box("RUNNING", "until the clock has passed its end"),
            Box("SUCCESS, WARNING or ERROR", "in logs, lists and reports"),
        ],
    ),
)

PARTS = (
    Group(
        "what clients speak to",
        [
            Box("/api/v2", "the REST API"),
            Box("/mcp, mcp.make.com", "the MCP server, for agents"),
            Box("/oauth/v2, www.make.com", "the authorization server"),
            Box("/hook/…, SMTP", "webhooks and mailhooks"),
            Box("/_emulator", "control API and dashboard, for tests and people"),
        ],
        is_sequence=False,
    ),
    Group(
        "what all of them share",
        [
            Box("Registry", "finds the world by token, hook, client or name"),
            Box("Pipeline", "a list of steps: log, faults, scopes, rate limit, …"),
        ],
        is_sequence=False,
    ),
    Group(
        "one of many worlds",
        [
            Box("State", "rows that never change: a change puts a successor"),
            Box("Clock and ids", "freeze and advance; the same calls give the same ids"),
            Box("Engine", "runs blueprints: flow control, expressions, apps"),
        ],
        is_sequence=False,
    ),
)


def drawings() -> Mapping[str, str]:
    """Returns the SVG of every drawing by its file name."""
    return {
        "order-status.svg": draw_run("order-status-api.json", {"order": "A2"}),
        "parts.svg": draw(PARTS, "The parts of the emulator, from the client to the state"),
        "request.svg": draw(request_groups(), "The way of a request through the pipeline"),
        "run.svg": draw(RUN, "The way of a run, from its trigger to its log"),
    }


def draw_run(blueprint: str, payload: Json) -> str:
    """Returns the drawing of a run of a shipped blueprint, as `make-emulator explain --svg` writes it."""
    export = parse_export(fixture_path("blueprints", blueprint).read_bytes())
    return explanation_svg(explain_blueprint(export, input=payload)).rstrip("\n") + "\n"


def draw(groups: Sequence[Group], description: str) -> str:
    """Returns groups of steps, one below the other, with arrows between them."""
    body: list[str] = []
    y = _MARGIN
    for number, group in enumerate(groups):
        if number:
            body.append(_arrow(y, y + 2 * _GAP))
            y += 2 * _GAP
        height = 34 + len(group.boxes) * (_BOX_HEIGHT + _GAP)
        body.append(_rectangle("group", _MARGIN, y, WIDTH - 2 * _MARGIN, height, radius=10))
        body.append(_text("title", 2 * _MARGIN, y + 22, group.title))
        y += 34
        for place, box in enumerate(group.boxes):
            if place and group.is_sequence:
                body.append(_arrow(y - _GAP, y))
            body.extend(_box(y, box))
            y += _BOX_HEIGHT + _GAP
    height = y + _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
            f"<title>{escape(description)}</title>",
            f"<style>\n{_STYLE}\n</style>",
            _rectangle("paper", 0.5, 0.5, WIDTH - 1, height - 1, radius=12),
            *body,
            "</svg>\n",
        ]
    )


def _box(y: float, box: Box) -> Iterator[str]:
    left = 2 * _MARGIN
    yield _rectangle("box", left, y, WIDTH - 2 * left, _BOX_HEIGHT, radius=6)
    yield _text("name", left + 12, y + 19, box.name)
    yield _text("", left + 12, y + 36, box.detail)
    if box.tag:
        yield _text("tag", WIDTH - left - 12, y + 19, box.tag, anchor="end")


def _rectangle(name: str, x: float, y: float, width: float, height: float, *, radius: int) -> str:
    return f'<rect class="{name}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius}"/>'


def _text(name: str, x: float, y: float, text: str, *, anchor: str = "start") -> str:
    attributes = (f' class="{name}"' if name else "") + (' text-anchor="end"' if anchor == "end" else "")
    return f'<text{attributes} x="{x:g}" y="{y:g}">{escape(text)}</text>'


def _arrow(top: float, bottom: float) -> str:
    x = WIDTH / 2
    return (
        f'<path class="arrow" d="M{x:g} {top:g}V{bottom - 5:g}"/>'
        f'<path class="head" d="M{x - 4:g} {bottom - 6:g}h8l-4 6z"/>'
    )


def stale() -> list[str]:
    """Returns the names of the drawings that are missing, or differ from what is drawn now."""
    return [
        name
        for name, text in drawings().items()
        if not (FOLDER / name).is_file() or (FOLDER / name).read_text("utf-8") != text
    ]


def main(arguments: Sequence[str]) -> None:
    """Writes the drawings, or checks them."""
    if arguments not in ([], ["--check"]):
        sys.exit("usage: python -m tools.draw_documentation [--check]")
    if arguments:
        if names := stale():
            sys.exit(f"stale: {', '.join(names)}; run make docs")
        return
    for name, text in drawings().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
