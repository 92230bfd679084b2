"""Segments of the write-ahead log: whole records or none, whatever interrupts the writing."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from make_emulator.server.write_ahead_log import MAGIC, DamagedSegmentError, Segment, read_records

RECORDS = [b"one", b"two" * 1000, b"3"]


def records(path: Path) -> list[bytes]:
    return [record for record, _ in read_records(path)]


@pytest.mark.parametrize("keeps_open", [True, False])
def test_records_come_back_in_their_order_also_from_a_segment_that_was_opened_again(
    tmp_path: Path, *, keeps_open: bool
) -> None:
    path = tmp_path / "log"
    for record in RECORDS:
        segment = Segment(path, b"header", keeps_open=keeps_open)
        segment.append(record)
        segment.sync()
        segment.close()
    assert records(path) == [b"header", *RECORDS]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_segment_cut_at_any_byte_has_the_whole_records_before_it(tmp_path: Path) -> None:
    path, cut = tmp_path / "log", tmp_path / "cut"
    segment = Segment(path, b"header")
    for record in (b"one", b"two"):
        segment.append(record)
    segment.close()
    data = path.read_bytes()
    ends = {end: record for record, end in read_records(path)}
    for size in range(len(data) + 1):
        cut.write_bytes(data[:size])
        assert records(cut) == [record for end, record in ends.items() if end <= size]


def test_a_record_with_a_wrong_checksum_and_reserved_space_end_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    segment = Segment(path, b"header")
    segment.append(b"one")
    segment.close()
    data = path.read_bytes()
    path.write_bytes(data + bytes(100))
    assert records(path) == [b"header", b"one"]
    path.write_bytes(data[:-1] + b"X")
    assert records(path) == [b"header"]
    path.write_bytes(MAGIC + b"\xff" * 8)
    assert records(path) == []


def test_a_file_that_is_no_log_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b'{"version": 1}')
    with pytest.raises(DamagedSegmentError, match="is no log of a state"):
        records(path)


def test_a_failed_write_leaves_the_records_before_it_and_the_next_one_follows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    segment = Segment(path, b"header")
    segment.append(b"one")
    segment.close()
    with path.open("r+b", buffering=0) as limited:
        monkeypatch.setattr(segment, "_file", _FullFile(limited, room=12))
        with pytest.raises(OSError, match="No space"):
            segment.append(b"two" * 100)
        with pytest.raises(OSError, match="No space"):
            segment.probe(100)
        assert records(path) == [b"header", b"one"]
        monkeypatch.setattr(segment, "_file", _FullFile(limited, room=10_000))
        segment.probe(100)
        segment.append(b"three")
        assert records(path) == [b"header", b"one", b"three"]


class _FullFile:
    """File on a disk with room for a number of bytes only; a write that does not fit is cut off."""

    def __init__(self, file: object, room: int) -> None:
        self._file = file
        self._room = room

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)

    def write(self, data: memoryview) -> int:
        if not self._room:
            raise OSError(28, "No space left on device")
        written = min(self._room, len(data))
        self._room -= written
        self._file.write(data[:written])  # type: ignore[attr-defined]
        return written


@pytest.mark.parametrize("keeps_open", [True, False])
def test_a_segment_is_synced_while_records_are_appended(tmp_path: Path, *, keeps_open: bool) -> None:
    path = tmp_path / "log"
    segment = Segment(path, b"header", keeps_open=keeps_open)
    appended = threading.Event()
    errors: list[Exception] = []

    def sync() -> None:
        try:
            while not appended.is_set():
                segment.sync()
        except (OSError, ValueError) as error:
            errors.append(error)

    thread = threading.Thread(target=sync)
    thread.start()
    for number in range(300):
        segment.append(b"%d" % number)
    appended.set()
    thread.join()
    segment.close()
    assert errors == []
    assert records(path) == [b"header", *(b"%d" % number for number in range(300))]
