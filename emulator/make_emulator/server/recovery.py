"""Recovery of the state of a world from its files: a snapshot, and the segments of the log that continue it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from ..world import snapshot, snapshot_reader
from ..world.change_log import Replay
from ..world.collector import collector_paused
from ..world.world import World
from .write_ahead_log import DamagedSegmentError, read_records, reserve

log = logging.getLogger("make_emulator.server.recovery")


class LogName(NamedTuple):
    """Name of a log, and the number of one of its segments."""

    id: str
    segment: int

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "segment": self.segment}


class StoredState(NamedTuple):
    """State of a world as read from its files."""

    world: World
    spec: dict[str, Any] | None
    #: The log that continues the snapshot; ``None`` for a snapshot of other origin.
    name: LogName | None
    #: The last segment, or the first if there is none yet.
    last_segment: int
    log_size: int


def read_state(path: Path, name: str, *, cut: bool = False) -> StoredState | None:
    """Returns the state of a world from its snapshot and log; ``None`` if there is no snapshot.

    Args:
        name: the name of the world.
        cut: cut off the rest of a record that was being written when the server was killed.

    Raises:
        ValueError: if the files hold no state that can be restored.
        OSError: if they cannot be read.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    with file, collector_paused():
        document, rows = snapshot_reader.read(file)
        if "log" not in document and rows is not None and find_segments(path):
            # Files of earlier releases name the log after the rows; what continues them is needed before.
            deque(rows, maxlen=0)
            file.seek(0)
            whole, (document, rows) = document, snapshot_reader.read(file)
            document |= whole
        return _replay(path, document, rows, name, cut=cut)


def _replay(
    path: Path, document: dict[str, Any], rows: snapshot_reader.Rows | None, name: str, *, cut: bool
) -> StoredState:
    first = _log_name(document)
    if first is None:
        world = snapshot.restore(document, name, resume=True, rows=rows)
        if (first := _log_name(document)) is not None:
            return StoredState(world, _spec(document), first, first.segment, 0)
        for file in find_segments(path).values():
            log.warning("%s does not continue %s, and is left out", file, path)
        return StoredState(world, None, None, 0, 0)
    replay = Replay(document, rows)
    segments = {number: file for number, file in find_segments(path).items() if number >= first.segment}
    last, size = first.segment, 0
    for number, file in sorted(segments.items()):
        is_last = number == max(segments)
        records = read_records(file)
        header, end = next(records, (b"null", 0))
        if _log_name({"log": orjson.loads(header)}) != LogName(first.id, number) or number > last + 1:
            if end or not is_last:
                log.warning("%s does not continue %s, and is left out", file, path)
            if cut:
                file.unlink()
            continue
        last, start = number, end
        for record, position in records:
            try:
                replay.apply(record)
            except (AttributeError, LookupError, TypeError, ValueError) as error:
                raise DamagedSegmentError(f"{file} has a damaged record at byte {end}: {error}") from None
            end = position
        if rest := file.stat().st_size - end:
            if not is_last:
                raise DamagedSegmentError(f"{file} has a damaged record at byte {end}")
            if cut:
                with file.open("r+b") as opened:
                    reserve(opened)
                    opened.truncate(end)
                log.warning("%s: %d bytes of an unfinished change were cut off", file, rest)
        size += end - start
    world = replay.finish(name)
    return StoredState(world, _spec(document), first, last, size)


def _spec(document: Mapping[str, Any]) -> dict[str, Any] | None:
    spec = document.get("spec")
    return spec if isinstance(spec, dict) else None


def _log_name(document: Mapping[str, Any]) -> LogName | None:
    """Returns the log that a document names, if it does."""
    value = document.get("log")
    if not isinstance(value, dict) or type(value.get("segment")) is not int:
        return None
    return LogName(str(value.get("id")), value["segment"])


def segment_path(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.log.{number}")


def find_segments(path: Path) -> dict[int, Path]:
    """Returns the segments beside a snapshot by number."""
    prefix = f"{path.name}.log."
    numbers = {
        file.name.removeprefix(prefix): file for file in path.parent.iterdir() if file.name.startswith(prefix)
    }
    return {int(number): file for number, file in numbers.items() if number.isascii() and number.isdigit()}
