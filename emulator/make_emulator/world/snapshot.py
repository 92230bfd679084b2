"""Snapshots: the whole state of a world as one JSON document, which restores exactly.

The document contains every secret of the world (tokens, credentials). `redact` masks them in a copy, which cannot be
restored. Rows are immutable, so taking a snapshot copies references only.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import struct
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from operator import attrgetter
from types import MappingProxyType
from typing import IO, Any, NamedTuple

import orjson

from ..redaction.masking import LOG_REDACTOR, mask_all
from . import settings, slots
from .clock import MAX_TIMESTAMP
from .collector import collector_paused
from .deserialize import DeserializationError, reader_for
from .models import Consumption, CustomModule, ModuleScript
from .schema import TABLES, collect_secrets
from .secret_texts import of_execution, values_of
from .snapshot_reader import InvalidSnapshotError, Rows, read
from .tables import Table
from .world import World

VERSION = 1

#: Form of a look-up key within a text: that of a token or of a udid.
_KEY = re.compile(
    rb"(?<![0-9A-Za-z])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-z]{32})(?![0-9A-Za-z])"
)

#: The rows that are rewritten at once.
_ROWS_AT_ONCE = 1000

_RANDOM_STATE = struct.Struct(">625L")


#: The attributes of a world that are part of a snapshot as they are.
SCALARS = ("seed", "rate_limited", "counters_until")


class DictEntry(NamedTuple):
    """Form of the entries of one dict of a world in a snapshot."""

    write: Callable[[Any, Any], Any]
    #: The key of an entry as read from JSON.
    key: Callable[[Any], Hashable]


def _first(entry: Sequence[Any]) -> Hashable:
    return entry[0]  # type: ignore[no-any-return]


def _first_two(entry: Sequence[Any]) -> Hashable:
    return tuple(entry[:2])


def _custom_module_name(entry: Any) -> Hashable:
    # Documents of earlier releases have a name and true.
    return str(entry["name"] if isinstance(entry, Mapping) else entry[0])


#: The dicts of a world by name.
DICT_ENTRIES: Mapping[str, DictEntry] = {
    "rate_windows": DictEntry(lambda key, window: [*key, *window], _first_two),
    "tallies": DictEntry(
        lambda key, consumed: [*key, [consumed.operations, consumed.centicredits, consumed.transfer]],
        _first_two,
    ),
    "installed_apps": DictEntry(lambda key, apps: [key, sorted(apps)], _first),
    "increments": DictEntry(lambda key, count: [*key, count], _first_two),
    "settings": DictEntry(lambda key, value: [key, value], _first),
    "custom_modules": DictEntry(lambda _key, module: module, _custom_module_name),
    "detailed": DictEntry(lambda key, ids: [key, list(ids)], _first),
    "scripts": DictEntry(lambda _key, script: script, lambda entry: entry["module"]),
}

_NONE: Mapping[Any, Any] = MappingProxyType({})

#: The least bytes of a piece that `iter_dumps` yields.
_PIECE_SIZE = 262_144


# --- save ----------------------------------------------------------------------------------------


def take(world: World, stored: Mapping[str, Mapping[Any, Any]] = _NONE) -> dict[str, Any]:
    """Snapshot of a world, for `dumps`.

    Args:
        stored: table or dict -> key -> the value that takes the place of the present one, ``None`` for none.
    """
    with world.lock:
        sections: dict[str, list[Any]] = {}
        for name, spec in TABLES.items():
            rows: Sequence[Any] | Table[Any, Any] = world.table(name)
            if name in stored:
                rows = list(_replaced(world.table(name).items(), stored[name]).values())
            for section, kind in spec.sections.items():
                is_mixed = len(spec.sections) > 1
                sections[section] = [row for row in rows if type(row) is kind] if is_mixed else list(rows)
        return {**header(world, stored), "rows": sections}


def _replaced(entries: Iterable[tuple[Any, Any]], stored: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: value for key, value in {**dict(entries), **stored}.items() if value is not None}


def header(world: World, stored: Mapping[str, Mapping[Any, Any]] = _NONE) -> dict[str, Any]:
    """The state of a world besides its rows; the caller holds the lock. For ``stored`` see `take`."""
    return {
        "version": VERSION,
        **{name: getattr(world, name) for name in SCALARS},
        "clock": {
            "now": world.now(),
            "frozen": world.clock.frozen,
            "offset": world.clock.offset,
        },
        "ids": {name: _encode_random_state(state) for name, state in world.ids.state().items()},
        **{
            name: [
                dict_entry.write(*item)
                for item in _replaced(getattr(world, name).items(), stored.get(name, _NONE)).items()
            ]
            for name, dict_entry in DICT_ENTRIES.items()
        },
    }


def dumps(state: Mapping[str, Any]) -> bytes:
    """Serializes a snapshot as JSON."""
    return orjson.dumps(state, default=_json_default)


def iter_dumps(state: Mapping[str, Any]) -> Iterator[bytes]:
    """Serializes a snapshot as JSON in pieces, so that the document is never in memory as a whole; each row is a line."""
    rest = dumps({name: value for name, value in state.items() if name != "rows"})
    piece = bytearray(rest[:-1] + b',"rows":{\n')
    for position, (section, rows) in enumerate(state["rows"].items()):
        piece += b',\n"%s":[' % section.encode() if position else b'"%s":[' % section.encode()
        for number, row in enumerate(rows):
            piece += b",\n" if number else b"\n"
            piece += orjson.dumps(row, default=_json_default)
            if len(piece) >= _PIECE_SIZE:
                yield bytes(piece)
                piece.clear()
        piece += b"\n]"
    yield bytes(piece + b"\n}}")


def redact(state: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a snapshot without secrets and states of generators, for `iter_dumps`; it cannot be restored."""
    taken = state["rows"]
    secrets = collect_secrets(
        {name: chain.from_iterable(map(taken.get, spec.sections)) for name, spec in TABLES.items()}
    )
    runs = chain(taken["executions"], (retry.execution for retry in taken["retries"]))
    secrets |= values_of(text for run in runs for text in of_execution(run))
    redactor = LOG_REDACTOR.with_secrets(secrets)

    def mask_rows(rows: Iterable[Any], sensitive_fields: Sequence[str]) -> Iterator[Any]:
        # Each row by itself: its secrets are found at once, and the name of the section of tokens is not that of a secret.
        for row in rows:
            document = _to_json(row)
            document.update((field, mask_all(document[field])) for field in sensitive_fields)
            yield redactor.mask(document)

    document = _to_json({name: value for name, value in state.items() if name != "rows"})
    document["ids"] |= {"random": None, "names": None}
    sections = {
        section: mask_rows(taken[section], spec.sensitive_fields)
        for spec in TABLES.values()
        for section in spec.sections
    }
    return {"redacted": True, **redactor.mask(document), "rows": sections}


def _to_json(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value, default=_json_default))


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
    """Restores a world from a document as text; see `restore`.

    Raises:
        InvalidSnapshotError: if it is not JSON, or cannot be restored.
    """
    return load(io.BytesIO(data), name, resume=resume)


def load(file: IO[bytes], name: str, *, resume: bool = False) -> World:
    """Restores a world from a document in a file, which is never in memory as a whole; see `restore`.

    Raises:
        InvalidSnapshotError: if it is not JSON, or cannot be restored.
    """
    with collector_paused():
        document, rows = read(file)
        return restore(document, name, resume=resume, rows=rows)


def rows_of(document: Mapping[str, Any]) -> Rows:
    """Returns the rows of a document as parsed by ``orjson.loads``.

    Raises:
        InvalidSnapshotError: if it has none.
    """
    rows = document.get("rows")
    if not isinstance(rows, dict):
        raise InvalidSnapshotError("'rows' is missing, or no object")
    return rows.items()


def restore(document: Any, name: str, *, resume: bool = False, rows: Rows | None = None) -> World:
    """Restores a world from a document as parsed by ``orjson.loads``.

    Args:
        rows: the rows, if they are not those of the document.
        name: the name of the new world.
        resume: let a running clock continue as if the world had never stopped, rather than from the moment of the
            snapshot.

    Raises:
        InvalidSnapshotError: if the document is malformed, redacted, or of another version.
    """
    if not isinstance(document, dict):
        raise InvalidSnapshotError("it is not a JSON object")
    if rows is None or "version" in document:
        _check_origin(document)
    try:
        # First, as some of the document may follow the rows.
        loaded = _read_rows(rows_of(document) if rows is None else rows)
        _check_origin(document)
        return _build_world(document, name, resume, loaded)
    except KeyError as error:
        raise InvalidSnapshotError(f"{error} is missing") from None
    except (DeserializationError, ValueError, TypeError) as error:
        raise InvalidSnapshotError(str(error)) from None


def copy_with_own_keys(world: World) -> World:
    """Returns a copy of a restored world whose look-up keys are those of its own name, wherever they occur in its rows.

    Only the digits of the slot change. Access and refresh tokens of OAuth that were signed before name the former keys, so their clients
    have to log in again.
    """
    beginning = slots.tag(slots.slot_of_name(world.name))
    keys = {key.encode(): (beginning + key[slots.TAG_LENGTH :]).encode() for key in world.lookup_keys()}

    def rename(value: Any) -> Any:
        text = orjson.dumps(value, default=_json_default)
        return orjson.loads(_KEY.sub(lambda found: keys.get(found[0], found[0]), text))

    def iter_rows(sections: Mapping[str, Iterable[Any]]) -> Iterator[tuple[str, Any]]:
        for section, rows in sections.items():
            rest = iter(rows)
            while some := list(islice(rest, _ROWS_AT_ONCE)):
                yield section, rename(some)
            yield section, []

    with collector_paused():
        state = take(world)
        rows = iter_rows(state.pop("rows"))
        return restore(rename(state), world.name, rows=rows)


def _check_origin(document: Mapping[str, Any]) -> None:
    if document.get("redacted"):
        raise InvalidSnapshotError("its secrets were redacted")
    if document.get("version") != VERSION:
        raise InvalidSnapshotError(f"its version is {document.get('version')!r}, not {VERSION}")


def _build_world(document: dict[str, Any], name: str, resume: bool, loaded: dict[str, list[Any]]) -> World:
    world = World(name, seed=_read(int, document, "seed"))
    world.rate_limited = _read(bool, document, "rate_limited")
    world.counters_until = _read(int, document, "counters_until")
    windows = _read(tuple[tuple[str, int, int, int], ...], document, "rate_windows")
    world.rate_windows.update({(kind, id): (opened, calls) for kind, id, opened, calls in windows})
    tallies = _read(tuple[tuple[str, int, tuple[int, int, int]], ...], document, "tallies")
    world.tallies.update({(kind, id): Consumption(*figures) for kind, id, figures in tallies})
    apps = _read(tuple[tuple[int, frozenset[str]], ...], document, "installed_apps")
    world.installed_apps.update(apps)
    if "increments" in document:  # documents of earlier releases have none
        counts = _read(tuple[tuple[int, int, int], ...], document, "increments")
        world.increments.update({(scenario, module): count for scenario, module, count in counts})
    if "settings" in document:  # documents of earlier releases have none
        settings.apply(world, dict(_read(list, document, "settings")))
    if "custom_modules" in document:
        entries = [
            {"name": entry[0]} if isinstance(entry, list) and entry else entry
            for entry in _read(list, document, "custom_modules")
        ]
        declared = _read(tuple[CustomModule, ...], {"custom_modules": entries}, "custom_modules")
        world.custom_modules.update({module.name: module for module in declared})
    detailed = _read(tuple[tuple[int, tuple[str, ...]], ...], document, "detailed")
    world.detailed.update(detailed)
    scripts = _read(tuple[ModuleScript, ...], document, "scripts")
    world.scripts.update({script.module: script for script in scripts})
    _load_rows(world, loaded)
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


def _read_rows(rows: Rows) -> dict[str, list[Any]]:
    """Returns section -> its rows."""
    readers = {
        section: reader_for(kind) for spec in TABLES.values() for section, kind in spec.sections.items()
    }
    loaded: dict[str, list[Any]] = {}
    for section, values in rows:
        if section not in readers:
            raise DeserializationError(f"'rows' has an unknown part '{section}'")
        if type(values) is not list:
            raise DeserializationError(f"'{section}' is not a list")
        loaded.setdefault(section, []).extend(readers[section](values))
    return loaded


def _load_rows(world: World, loaded: dict[str, list[Any]]) -> None:
    """Puts rows into the empty tables of a world; they are taken out of their sections, so that few are kept twice."""
    for name, spec in TABLES.items():
        parts = [loaded.pop(each, []) if spec.is_optional else loaded.pop(each) for each in spec.sections]
        whole = parts[0] if len(parts) == 1 else sorted(chain(*parts), key=attrgetter("sequence"))
        world.table(name).bulk_load(whole)


def _check_references(world: World) -> None:
    """Checks that the rows exist which others name, as far as the rest of the package relies on it."""
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
