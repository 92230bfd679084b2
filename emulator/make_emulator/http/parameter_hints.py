"""Hints for wrong parameters: beside each text, what is allowed, the nearest name, or where the value belongs.

Requests that public clients send, and whose answer no source shows, have notes of their own: the emulator refuses them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import marshmallow as ma
from marshmallow import validate

from ..plain_text import did_you_mean
from ..schemas.base import Bool

_ISSUE = re.compile(r"(?:[^']*)'([^']*)'(.*)", re.DOTALL)

_UNSOURCED = "no source shows whether Make takes it"

#: Route, parameter -> note on what clients send there.
_NOTES: Mapping[tuple[str, str], str] = {
    (
        "PATCH /scenarios/{scenarioId}",
        "isActive",
    ): f"start and stop a scenario with POST /scenarios/{{scenarioId}}/start and /stop; {_UNSOURCED}",
    ("POST /scenarios", "description"): f"set it with PATCH /scenarios/{{scenarioId}}; {_UNSOURCED}",
    ("POST /scenarios", "confirmed"): f"it belongs into the query; {_UNSOURCED} in a body",
    ("PATCH /scenarios/{scenarioId}", "confirmed"): f"it belongs into the query; {_UNSOURCED} in a body",
    ("POST /scenarios", "teamId"): f"send a JSON number; {_UNSOURCED} as a text",
    ("POST /scenarios", "scheduling"): f"send the JSON as a text; {_UNSOURCED} as an object",
    ("PATCH /scenarios/{scenarioId}", "scheduling"): f"send the JSON as a text; {_UNSOURCED} as an object",
    ("POST /scenarios/{scenarioId}/run", "callbackUrl"): f"leave it out; {_UNSOURCED} empty",
}

#: Route -> note on any unknown parameter.
_UNKNOWN_NOTES: Mapping[str, str] = {
    "POST /scenarios/{scenarioId}/run": f"the inputs of a run go into data; {_UNSOURCED} beside it",
}


def explain_issues(
    route: str, schemas: Sequence[ma.Schema | None], issues: Sequence[str], *, limit: int = 20
) -> str:
    """Returns the texts of wrong parameters in one line, each with a hint where there is one.

    Args:
        route: method and path of the endpoint.
        schemas: the schemas of its query and its body.
    """
    fields = {
        field.data_key or name: field
        for schema in schemas
        if schema is not None
        for name, field in schema.load_fields.items()
    }
    texts = (_explain(route, fields, issue) for issue in issues[:limit])
    return " ".join(texts) + (f" And {len(issues) - limit} more." if len(issues) > limit else "")


def _explain(route: str, fields: Mapping[str, ma.fields.Field[object]], issue: str) -> str:
    match = _ISSUE.match(issue)
    if match is None:
        return issue
    name = match[1]
    notes = "; ".join(_find_notes(route, fields, name, issue))
    return f"{issue.rstrip('.')} ({notes})." if notes else issue


def _find_notes(
    route: str, fields: Mapping[str, ma.fields.Field[object]], name: str, issue: str
) -> Iterator[str]:
    if (note := _NOTES.get((route, name))) is not None and not issue.startswith("Missing"):
        yield note
        return
    field = fields.get(name)
    if issue.startswith("Unknown parameter"):
        if (note := _UNKNOWN_NOTES.get(route)) is not None:
            yield note
        suggestion = did_you_mean(name, fields).removeprefix("; ")
        yield suggestion or f"there are: {', '.join(sorted(fields)) or 'none'}"
    elif field is not None and issue.endswith("must be a boolean.") and isinstance(field, Bool):
        is_query = getattr(field.root, "text_input", False)
        yield "true or false, in lower case" if is_query else "true or false, not a number or a text"
    elif field is not None and not issue.startswith("Missing"):
        yield from _find_limits(field)


def _find_limits(field: ma.fields.Field[object]) -> Iterator[str]:
    """Yields the lengths, or the numbers, that a field allows."""
    for validator in field.validators:
        if isinstance(validator, validate.Length):
            yield f"from {validator.min or 0} to {validator.max} " + (
                "items" if isinstance(field, ma.fields.List) else "characters"
            )
        elif isinstance(validator, validate.Range) and validator.min is not None:
            yield f"from {validator.min} to {validator.max}"
