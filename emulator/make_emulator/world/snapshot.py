"""The whole state of a world as one JSON document, and back, exactly.

The document holds every secret of the world (tokens, credentials): it would not be exact otherwise. `redacted` makes
one to show around, which cannot be restored. Rows are immutable, so taking a snapshot is copying references.
"""

from __future__ import annotations

import base64
import binascii
import gc
import re
import struct
from collections import deque
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import orjson

from . import models
from .clock import MAX_TIMESTAMP
from .deserialize import DeserializationError, reader_for
from .models import Consumption, Json, ModuleScript
from .world import World

VERSION = 1
MASK = "********"

#: Name in the document -> table of the world, class of its rows; in the order in which they can be put back.
SECTIONS: Mapping[str, tuple[str, type]] = {
    "organizations": ("organizations", models.Organization),
    "teams": ("teams", models.Team),
    "users": ("users", models.User),
    "organization_members": ("organization_members", models.OrganizationMember),
    "team_members": ("team_members", models.TeamMember),
    "tokens": ("tokens", models.Token),
    "folders": ("folders", models.Folder),
    "scenarios": ("scenarios", models.Scenario),
    "blueprints": ("blueprints", models.BlueprintVersion),
    "executions": ("logs", models.Execution),
    "scenario_events": ("logs", models.ScenarioEvent),
    "incomplete_executions": ("incomplete_executions", models.IncompleteExecution),
    "retries": ("retries", models.RetryAttempt),
    "reruns": ("reruns", models.InstantRetry),
    "data_structures": ("data_structures", models.DataStructure),
    "data_stores": ("data_stores", models.DataStore),
    "records": ("records", models.Record),
    "connections": ("connections", models.Connection),
    "hooks": ("hooks", models.Hook),
    "incomings": ("incomings", models.Incoming),
    "hook_logs": ("hook_logs", models.HookLog),
    "functions": ("functions", models.CustomFunction),
    "function_changes": ("function_changes", models.FunctionChange),
    "templates": ("templates", models.Template),
    "public_templates": ("public_templates", models.PublicTemplate),
    "variables": ("variables", models.Variable),
    "variable_changes": ("variable_changes", models.VariableChange),
    "http_rules": ("http_rules", models.HttpRule),
    "http_requests": ("http_requests", models.SentRequest),
    "outbox": ("outbox", models.Mail),
}

#: Table, field, and the table in which what the field names must be.
_FOREIGN_KEYS = (
    ("teams", "organization_id", "organizations"),
    ("organization_members", "user_id", "users"),
    ("organization_members", "organization_id", "organizations"),
    ("team_members", "user_id", "users"),
    ("team_members", "team_id", "teams"),
    ("tokens", "user_id", "users"),
    ("folders", "team_id", "teams"),
    ("scenarios", "team_id", "teams"),
    ("blueprints", "scenario_id", "scenarios"),
    ("incomplete_executions", "scenario_id", "scenarios"),
    ("incomplete_executions", "team_id", "teams"),
    ("reruns", "scenario_id", "scenarios"),
    ("data_structures", "team_id", "teams"),
    ("data_stores", "team_id", "teams"),
    ("records", "data_store_id", "data_stores"),
    ("connections", "team_id", "teams"),
    ("hooks", "team_id", "teams"),
    ("functions", "team_id", "teams"),
    ("functions", "created_by", "users"),
    ("function_changes", "function_id", "functions"),
    ("function_changes", "updated_by", "users"),
    ("templates", "team_id", "teams"),
)

#: What may hold secrets of services outside, which nobody else knows by name.
_SENSITIVE_FIELDS: Mapping[str, Sequence[str]] = {
    "variables": ("value",),
    "variable_changes": ("before", "after"),
    "http_rules": ("headers", "body", "pages"),
    "http_requests": ("url", "headers", "body"),
    "outbox": ("html", "text", "headers"),
}

_RANDOM_STATE = struct.Struct(">625L")


class InvalidSnapshotError(ValueError):
    """The document is not a snapshot that can be restored; the text says why."""


# --- out -----------------------------------------------------------------------------------------


def take(world: World) -> dict[str, Any]:
    """The state of a world, for `dumps`."""
    with world.lock:
        parts: dict[str, list[Any]] = {}
        for part, (table, kind) in SECTIONS.items():
            rows = getattr(world, table)
            mixed = sum(name == table for name, _ in SECTIONS.values()) > 1
            parts[part] = [row for row in rows if type(row) is kind] if mixed else list(rows)
        scripts = list(world.scripts.values())
        detailed = [[id, list(ids)] for id, ids in world.detailed.items()]
        return {**header(world), "scripts": scripts, "detailed": detailed, "rows": parts}


def header(world: World) -> dict[str, Any]:
    """What there is to a world besides its rows; the caller holds the lock."""
    return {
        "version": VERSION,
        "seed": world.seed,
        "rate_limited": world.rate_limited,
        "counters_until": world.counters_until,
        "clock": {
            "now": world.now(),
            "frozen": world.clock.frozen,
            "offset": world.clock.offset,
        },
        "ids": {name: _encode_random_state(state) for name, state in world.ids.state().items()},
        "rate_windows": [[*key, *window] for key, window in world.rate_windows.items()],
        "tallies": [[*key, _serialize_consumption(tally)] for key, tally in world.tallies.items()],
        "installed_apps": [[id, sorted(apps)] for id, apps in world.installed_apps.items()],
        "increments": [[*key, count] for key, count in world.increments.items()],
    }


def dumps(state: Mapping[str, Any]) -> bytes:
    """A state as JSON."""
    return orjson.dumps(state, default=_json_default)


def redact(state: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a state without tokens, addresses of hooks, credentials, and what ids follow from; it cannot be restored."""
    document: dict[str, Any] = orjson.loads(dumps(state))
    rows = document["rows"]
    names = {row["token"] for row in rows["tokens"]}
    names |= {row["udid"] for row in (*rows["hooks"], *rows["hook_logs"])}
    for connection in rows["connections"]:
        connection["credentials"] = _mask_values(connection["credentials"])
    for part, fields in _SENSITIVE_FIELDS.items():
        for row in rows[part]:
            row.update((field, _mask_values(row[field])) for field in fields)
    document["ids"] |= {"random": None, "names": None}
    document = {"redacted": True, **document}
    if not names:
        return document
    secret = re.compile("|".join(sorted(map(re.escape, names), key=len, reverse=True)))
    shown: dict[str, Any] = orjson.loads(secret.sub(MASK, orjson.dumps(document).decode()))
    return shown


def _serialize_consumption(tally: Consumption) -> list[int]:
    return [tally.operations, tally.centicredits, tally.transfer]


def _encode_random_state(state: Any) -> Any:
    """The state of a random generator as text; other states as they are."""
    return base64.b64encode(_RANDOM_STATE.pack(*state)).decode() if isinstance(state, tuple) else state


def _json_default(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _mask_values(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _mask_values(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_mask_values(item) for item in value]
    return value if value is None else MASK


# --- in ------------------------------------------------------------------------------------------


def loads(data: bytes, name: str, *, resume: bool = False) -> World:
    """A world in the state of a document; see `restored`.

    Raises:
        BadSnapshot: if it is not JSON, or cannot be restored.
    """
    # Nothing of what is made here is garbage, but the collector would walk over all of it again and again, which takes
    # twice as long as the rest.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return restore(orjson.loads(data), name, resume=resume)
    except orjson.JSONDecodeError as error:
        raise InvalidSnapshotError(f"it is not JSON: {error}") from None
    finally:
        if was_enabled:
            gc.enable()


def restore(document: Any, name: str, *, resume: bool = False) -> World:
    """A world in the state of a document, as ``orjson.loads`` read it.

    Args:
        name: what the world is called from now on.
        resume: let a clock that runs go on as if the world had never stopped, rather than from the moment of the
            snapshot.

    Raises:
        BadSnapshot: if the document is malformed, redacted, or of another version.
    """
    if not isinstance(document, dict):
        raise InvalidSnapshotError("it is not a JSON object")
    if document.get("redacted"):
        raise InvalidSnapshotError("its secrets were redacted")
    if document.get("version") != VERSION:
        raise InvalidSnapshotError(f"its version is {document.get('version')!r}, not {VERSION}")
    try:
        return _build_world(document, name, resume)
    except KeyError as error:
        raise InvalidSnapshotError(f"{error} is missing") from None
    except (DeserializationError, ValueError, TypeError) as error:
        raise InvalidSnapshotError(str(error)) from None


def _build_world(document: dict[str, Any], name: str, resume: bool) -> World:
    world = World(name, seed=_read(int, document, "seed"))
    world.rate_limited = _read(bool, document, "rate_limited")
    world.counters_until = _read(int, document, "counters_until")
    windows = _read(tuple[tuple[str, int, int, int], ...], document, "rate_windows")
    world.rate_windows = {(kind, id): (opened, calls) for kind, id, opened, calls in windows}
    tallies = _read(tuple[tuple[str, int, tuple[int, int, int]], ...], document, "tallies")
    world.tallies = {(kind, id): Consumption(*figures) for kind, id, figures in tallies}
    apps = _read(tuple[tuple[int, frozenset[str]], ...], document, "installed_apps")
    world.installed_apps = {id: set(names) for id, names in apps}
    if "increments" in document:  # documents of earlier releases have none
        counts = _read(tuple[tuple[int, int, int], ...], document, "increments")
        world.increments = {(scenario, module): count for scenario, module, count in counts}
    detailed = _read(tuple[tuple[int, tuple[str, ...]], ...], document, "detailed")
    world.detailed = {id: deque(ids) for id, ids in detailed}
    world.scripts = {script.module: script for script in _read(tuple[ModuleScript, ...], document, "scripts")}
    _load_rows(world, _read(dict, document, "rows"))
    _check_references(world)
    _set_ids(world, _read(dict, document, "ids"))
    # Last: nothing of a clock that runs is lost to reading.
    _set_clock(world, _read(dict, document, "clock"), resume)
    return world


def _read(hint: Any, document: Mapping[str, Any], name: str) -> Any:
    value = document[name]
    try:
        return reader_for(hint)([value])[0]
    except DeserializationError as error:
        raise DeserializationError(f"'{name}' {error}") from None


def _load_rows(world: World, rows: dict[str, Any]) -> None:
    if unknown := rows.keys() - SECTIONS.keys():
        raise DeserializationError(f"'rows' has an unknown part '{min(unknown)}'")
    tables: dict[str, list[Any]] = {}
    for part in ("reruns", "functions", "function_changes", "variables", "variable_changes"):
        rows.setdefault(part, [])  # documents of earlier releases have none
    for part, (table, kind) in SECTIONS.items():
        if type(rows[part]) is not list:
            raise DeserializationError(f"'{part}' is not a list")
        earlier = tables.get(table)
        tables[table] = read = list(reader_for(kind)(rows[part]))
        if earlier is not None:
            tables[table] = sorted(earlier + read, key=attrgetter("sequence"))
    for table, read in tables.items():
        getattr(world, table).bulk_load(read)


def _check_references(world: World) -> None:
    """Whether what rows name is there, as far as the rest of the house relies on it."""
    for table, field, target in _FOREIGN_KEYS:
        known = getattr(world, target)
        for id in set(map(attrgetter(field), getattr(world, table))):
            if id not in known:
                raise DeserializationError(f"'{table}' name the {field} {id}, which is not there")
    for scenario in world.scenarios:
        if (scenario.id, scenario.blueprint_version) not in world.blueprints:
            raise DeserializationError(
                f"scenario {scenario.id} has no blueprint {scenario.blueprint_version}"
            )
    if not len(world.tokens):
        raise DeserializationError("there is no token, so nobody could find the world")


def _set_ids(world: World, ids: dict[str, Any]) -> None:
    last = _read(dict, ids, "last")
    reader_for(int)(list(last.values()))
    states = {}
    for name in ("random", "names"):
        try:
            octets = base64.b64decode(_read(str, ids, name), validate=True)
            states[name] = _RANDOM_STATE.unpack(octets)
        except (binascii.Error, struct.error):
            raise DeserializationError(f"'ids.{name}' is no state of a generator") from None
    world.ids.set_state(last, **states)


def _set_clock(world: World, clock: dict[str, Any], resume: bool) -> None:
    now, offset = _read(int, clock, "now"), _read(int, clock, "offset")
    if not 0 <= now <= MAX_TIMESTAMP or abs(offset) > MAX_TIMESTAMP:
        raise DeserializationError("'clock' lies out of the years that a clock knows")
    world.clock.resume(offset)
    if _read(bool, clock, "frozen"):
        world.clock.freeze(now)
    elif not resume:
        world.clock.set(now)
