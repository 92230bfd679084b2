"""Records of changes: a snapshot with the records after it is the same state as a later snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from helpers.api import ApiClient, assert_ok, json_of
from helpers.populated_app import PopulatedApp
from helpers.webhooks import WebhookHarness
from make_emulator.world import snapshot
from make_emulator.world.change_log import ChangeRecorder, Replay
from make_emulator.world.world import World


def document(world: World) -> dict[str, Any]:
    taken: dict[str, Any] = orjson.loads(snapshot.dumps(snapshot.take(world)))
    return taken


class Recording:
    """A world whose changes are recorded from now on."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._before = document(world)
        self._recorder = ChangeRecorder(world)
        self._records: list[bytes] = []

    def take(self) -> bytes | None:
        record = self._recorder.take()
        if record is not None:
            self._records.append(record)
        return record

    def assert_replayed(self) -> None:
        """Assert that the snapshot and the records lead to the present state, in its order, and to the same next ids."""
        if record := self._recorder.take(deferred=True):
            self._records.append(record)
        replay = Replay(self._before)
        for record in self._records:
            replay.apply(record)
        restored = replay.finish(self.world.name)
        assert document(restored) == document(self.world)
        assert restored.ids.hex(32) == self.world.ids.hex(32)
        assert restored.ids.udid() == self.world.ids.udid()


def _token(api: ApiClient) -> None:
    api.token_with("teams:read")


def _records(api: ApiClient) -> None:
    for key in ("a", "b", "a2"):
        body = {"key": key, "data": {"sku": key, "quantity": 1}}
        assert_ok(api.post("/data-stores/1/data", json=body))
    assert_ok(api.delete("/data-stores/1/data?confirmed=true", json={"keys": ["b"]}))
    assert_ok(api.post("/data-stores/1/data", json={"key": "b", "data": {"sku": "again", "quantity": 2}}))


def _delete_team(api: ApiClient) -> None:
    assert_ok(api.delete("/teams/1?confirmed=true"))


def _run(api: ApiClient) -> None:
    assert_ok(api.post("/scenarios/1/run", json={"responsive": True, "data": {"name": "Zoe"}}))


def _deliver(api: ApiClient) -> None:
    harness = WebhookHarness(api)
    harness.listen()
    assert harness.send(json={"a": 1}).status_code == 200


def _scheduled_runs(api: ApiClient) -> None:
    api.control("POST", "/worlds/default/clock/advance", json={"seconds": 864_000})
    assert_ok(api.get("/scenarios/1"))


def _script(api: ApiClient) -> None:
    for name in ("a:B", "c:D"):
        assert api.control("PUT", f"/worlds/default/modules/{name}", json={"output": {}}).status_code == 200
    api.control("DELETE", "/worlds/default/modules/a:B")
    api.control("PUT", "/worlds/default/modules/a:B", json={"output": {"x": 1}})


def _clock(api: ApiClient) -> None:
    api.control("PATCH", "/worlds/default/clock", json={"now": "2027-01-01T00:00:00Z", "frozen": True})


CHANGES = [_token, _records, _delete_team, _run, _deliver, _scheduled_runs, _script, _clock]


@pytest.mark.parametrize("change", CHANGES)
def test_a_snapshot_and_the_records_after_it_are_the_state(
    api: ApiClient, change: Callable[[ApiClient], None]
) -> None:
    recording = Recording(api.world)
    change(api)
    assert recording.take() is not None
    recording.assert_replayed()


def test_many_records_are_replayed_in_their_order(api: ApiClient) -> None:
    recording = Recording(api.world)
    for change in (_token, _records, _run, _deliver, _script, _scheduled_runs, _delete_team, _clock):
        change(api)
        recording.take()
    recording.assert_replayed()


def test_a_removed_row_that_comes_back_stands_at_the_end() -> None:
    world = PopulatedApp().world
    recording = Recording(world)
    row = world.folders.remove(1)
    world.folders.put(row)
    assert [folder.id for folder in world.folders] == [2, 1]
    recording.assert_replayed()


def test_a_read_makes_no_record_and_its_rate_window_comes_with_the_next_change(api: ApiClient) -> None:
    recording = Recording(api.world)
    assert_ok(api.get("/teams/1"))
    assert recording.take() is None
    assert api.post("/scenarios/99/run").status_code == 404
    assert recording.take() is None
    api.token_with("teams:read")
    record = recording.take()
    assert record is not None
    assert [entry[:2] for entry in orjson.loads(record)["put"]["rate_windows"]] == [["organization", 1]]
    recording.assert_replayed()


def test_time_that_passes_is_no_change(api: ApiClient) -> None:
    api.world.clock.unfreeze()
    recording = Recording(api.world)
    api.world.now()
    assert recording.take() is None


def test_a_record_has_what_changed_only(api: ApiClient) -> None:
    assert_ok(api.get("/teams/1"))
    recording = Recording(api.world)
    assert_ok(api.post("/data-stores/1/data", json={"key": "k", "data": {"sku": "s", "quantity": 1}}))
    taken = recording.take()
    assert taken is not None
    record = orjson.loads(taken)
    assert {section: len(rows) for section, rows in record["put"].items()} == {
        "records": 1,
        "data_stores": 1,
        "rate_windows": 1,
    }
    assert set(record) == {"put", "ids"}
    assert record["ids"]["words"] == [0, 0]


def test_every_part_of_a_snapshot_is_recorded(api: ApiClient) -> None:
    recorded = {*snapshot.SCALARS, *snapshot.DICT_ENTRIES, "clock", "ids", "rows", "version"}
    assert set(document(api.world)) == recorded


def test_a_snapshot_in_pieces_is_the_snapshot(api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "_PIECE_SIZE", 1000)
    taken = snapshot.take(api.world)
    pieces = list(snapshot.iter_dumps(taken))
    assert len(pieces) > 10
    assert orjson.loads(b"".join(pieces)) == orjson.loads(snapshot.dumps(taken))


@pytest.mark.parametrize("words", [0, 1, 31, 70_000, 131_072])
def test_ids_skip_words_as_if_they_had_been_taken(words: int) -> None:
    taken, skipped = World("w"), World("w")
    for _ in range(words):
        taken.ids.hex(8)
    skipped.ids.skip(words, 0)
    assert skipped.ids.state()["random"] == taken.ids.state()["random"]
    taken.ids.uuid4()
    taken.ids.udid()
    skipped.ids.skip(0, taken.ids.words[1])
    assert skipped.ids.state() == taken.ids.state()


def test_an_untracked_world_records_nothing(api: ApiClient) -> None:
    _records(api)
    assert all(table.tracker is None for table in vars(api.world).values() if hasattr(table, "tracker"))
    assert json_of(api.get("/data-stores/1"))["dataStore"]["records"] == str(
        len(api.world.records.where(store=1))
    )
