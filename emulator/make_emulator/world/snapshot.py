"""Snapshots: the whole state of a world as one JSON document, which restores exactly.

The document contains every secret of the world (tokens, credentials). `redact` masks them in a copy, which cannot be
restored. Rows are immutable, so taking a snapshot copies references only.
"""

from __future__ import annotations

import base64
import binascii
import gc
import struct
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import orjson

from ..redaction.masking import LOG_REDACTOR, mask_all
from .clock import MAX_TIMESTAMP
from .deserialize import DeserializationError, reader_for
from .models import Consumption, ModuleScript
from .schema import TABLES, collect_secrets
from .secret_texts import of_execution, values_of
from .world import World

VERSION = 1

_RANDOM_STATE = struct.Struct(">625L")


class InvalidSnapshotError(ValueError):
    """The document is not a snapshot that can be restored; the text says why."""


# --- save ----------------------------------------------------------------------------------------


def take(world: World) -> dict[str, Any]:
    """Snapshot of a world, for `dumps`."""
    with world.lock:
        sections: dict[str, list[Any]] = {}
        for name, spec in TABLES.items():
            for section, kind in spec.sections.items():
                rows = world.table(name)
                is_mixed = len(spec.sections) > 1
                sections[section] = [row for row in rows if type(row) is kind] if is_mixed else list(rows)
        scripts = list(world.scripts.values())
        detailed = [[id, list(ids)] for id, ids in world.detailed.items()]
        return {**header(world), "scripts": scripts, "detailed": detailed, "rows": sections}


def header(world: World) -> dict[str, Any]:
    """The state of a world besides its rows; the caller holds the lock."""
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
    """Serialize a snapshot as JSON."""
    return orjson.dumps(state, default=_json_default)


def redact(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of a snapshot without secrets and states of generators; it cannot be restored."""
    taken = state["rows"]
    secrets = collect_secrets(
        {name: chain.from_iterable(map(taken.get, spec.sections)) for name, spec in TABLES.items()}
    )
    runs = chain(taken["executions"], (retry.execution for retry in taken["retries"]))
    secrets |= values_of(text for run in runs for text in of_execution(run))
    redactor = LOG_REDACTOR.with_secrets(secrets)
    document: dict[str, Any] = orjson.loads(dumps(state))
    rows = document.pop("rows")
    for spec in TABLES.values():
        for section in spec.sections:
            for row in rows[section]:
                row.update((field, mask_all(row[field])) for field in spec.sensitive_fields)
    document["ids"] |= {"random": None, "names": None}
    # Each row by itself: its secrets are found at once, and the name of the section of tokens is not that of a secret.
    sections = {section: [redactor.mask(row) for row in items] for section, items in rows.items()}
    return {"redacted": True, **redactor.mask(document), "rows": sections}


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
    raise TypeError(f"{type(value).__name__} is not serializable as JSON")


# --- restore -------------------------------------------------------------------------------------


def loads(data: bytes, name: str, *, resume: bool = False) -> World:
    """Restore a world from a document as text; see `restore`.

    Raises:
        InvalidSnapshotError: if it is not JSON, or cannot be restored.
    """
    # No garbage arises here, but the collector would traverse all new rows repeatedly, which takes twice as long as the rest.
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
    """Restore a world from a document as parsed by ``orjson.loads``.

    Args:
        name: the name of the new world.
        resume: let a running clock continue as if the world had never stopped, rather than from the moment of the
            snapshot.

    Raises:
        InvalidSnapshotError: if the document is malformed, redacted, or of another version.
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
    # Last, so that a running clock loses no time to reading.
    _set_clock(world, _read(dict, document, "clock"), resume)
    return world


def _read(hint: Any, document: Mapping[str, Any], name: str) -> Any:
    value = document[name]
    try:
        return reader_for(hint)([value])[0]
    except DeserializationError as error:
        raise DeserializationError(f"'{name}' {error}") from None


def _load_rows(world: World, sections: dict[str, Any]) -> None:
    known = {section for spec in TABLES.values() for section in spec.sections}
    if unknown := sections.keys() - known:
        raise DeserializationError(f"'rows' has an unknown part '{min(unknown)}'")
    for name, spec in TABLES.items():
        rows: list[Any] = []
        for section, kind in spec.sections.items():
            values = sections.get(section, []) if spec.is_optional else sections[section]
            if type(values) is not list:
                raise DeserializationError(f"'{section}' is not a list")
            rows += reader_for(kind)(values)
        if len(spec.sections) > 1:
            rows.sort(key=attrgetter("sequence"))
        world.table(name).bulk_load(rows)


def _check_references(world: World) -> None:
    """Check that the rows exist which others name, as far as the rest of the package relies on it."""
    for name, spec in TABLES.items():
        for field, target in spec.references.items():
            rows = world.table(target)
            for key in set(map(attrgetter(field), world.table(name))):
                if key not in rows:
                    raise DeserializationError(f"'{name}' refer to the {field} {key}, which does not exist")
    for scenario in world.scenarios:
        if (scenario.id, scenario.blueprint_version) not in world.blueprints:
            raise DeserializationError(
                f"scenario {scenario.id} has no blueprint {scenario.blueprint_version}"
            )
    if not len(world.tokens):
        raise DeserializationError("there is no token, so the world could not be looked up")


def _set_ids(world: World, ids: dict[str, Any]) -> None:
    last = _read(dict, ids, "last")
    reader_for(int)(list(last.values()))
    states = {}
    for name in ("random", "names"):
        try:
            octets = base64.b64decode(_read(str, ids, name), validate=True)
            states[name] = _RANDOM_STATE.unpack(octets)
        except (binascii.Error, struct.error):
            raise DeserializationError(f"'ids.{name}' is not a state of a generator") from None
    world.ids.set_state(last, **states)


def _set_clock(world: World, clock: dict[str, Any], resume: bool) -> None:
    now, offset = _read(int, clock, "now"), _read(int, clock, "offset")
    if not 0 <= now <= MAX_TIMESTAMP or abs(offset) > MAX_TIMESTAMP:
        raise DeserializationError("'clock' is out of range")
    world.clock.resume(offset)
    if _read(bool, clock, "frozen"):
        world.clock.freeze(now)
    elif not resume:
        world.clock.set(now)
