"""The watcher of files: which changes it sees, and when."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers.waiting import wait_until
from make_emulator.server.file_watcher import FileWatcher


class Recorder:
    """Watcher of the files of a folder that records the changes."""

    def __init__(self, folder: Path) -> None:
        self.changes: list[list[str]] = []
        self.watcher = FileWatcher(
            lambda: folder.glob("*.txt"), lambda changed: self.changes.append([path.name for path in changed])
        )

    def poll(self, times: int = 1) -> list[list[str]]:
        for _ in range(times):
            self.watcher.poll()
        return self.changes


def test_a_change_counts_once_it_has_settled(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("1")
    recorder = Recorder(tmp_path)
    assert recorder.poll(3) == []
    file.write_text("22")
    assert recorder.poll() == []
    file.write_text("333")
    assert recorder.poll() == [], "it is still being written"
    assert recorder.poll() == [["a.txt"]]
    assert recorder.poll(3) == [["a.txt"]]


def test_files_that_are_created_and_deleted_are_changes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1")
    recorder = Recorder(tmp_path)
    (tmp_path / "b.txt").write_text("1")
    (tmp_path / "ignored.md").write_text("1")
    assert recorder.poll(2) == [["b.txt"]]
    (tmp_path / "a.txt").unlink()
    assert recorder.poll(2) == [["b.txt"], ["a.txt"]]


def test_a_change_that_is_undone_before_it_settles_is_none(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("1")
    at = file.stat().st_mtime_ns
    recorder = Recorder(tmp_path)
    file.write_text("22")
    recorder.poll()
    file.write_text("1")
    os.utime(file, ns=(at, at))
    assert recorder.poll(3) == []


def test_a_file_that_an_editor_replaces_is_a_change(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("1")
    at = file.stat().st_mtime_ns
    recorder = Recorder(tmp_path)
    (tmp_path / "new").write_text("2")
    os.utime(tmp_path / "new", ns=(at, at))
    (tmp_path / "new").replace(file)
    assert recorder.poll(2) == [["a.txt"]]


def test_a_change_while_another_is_handled_is_handled_next(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("1")
    handled: list[str] = []

    def handle(changed: list[Path]) -> None:
        handled.append(file.read_text())
        if len(handled) == 1:
            file.write_text("while it is handled")

    watcher = FileWatcher(lambda: [file], handle)
    file.write_text("22")
    for _ in range(5):
        watcher.poll()
    assert handled == ["22", "while it is handled"]


def test_the_thread_survives_a_handler_that_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("make_emulator.server.file_watcher.INTERVAL", 0.005)
    file = tmp_path / "a.txt"
    file.write_text("1")
    handled: list[str] = []

    def handle(changed: list[Path]) -> None:
        handled.append(file.read_text())
        if handled == ["22"]:
            file.write_text("333")
            raise RuntimeError("boom")

    watcher = FileWatcher(lambda: [file], handle)
    watcher.start()
    try:
        file.write_text("22")
        wait_until(lambda: handled[-1:] == ["333"])
    finally:
        watcher.stop()
    assert "a change of files could not be handled" in caplog.text
