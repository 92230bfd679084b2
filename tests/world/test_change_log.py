"""Records of changes: a snapshot with the records after it is the same state as a later snapshot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.api import ApiClient, assert_ok, json_of
from helpers.populated_app import PopulatedApp
from helpers.webhooks import WebhookHarness
from make_emulator.world import data_stores, external_services, snapshot
from make_emulator.world.change_log import ChangeRecorder, Replay
from make_emulator.world.changes import LentChanges
from make_emulator.world.models import Consumption, HttpRule
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

    def replayed(self) -> World:
        """The state that the snapshot and the records lead to."""
        replay = Replay(orjson.loads(orjson.dumps(self._before)))
        for record in self._records:
            replay.apply(record)
        return replay.finish(self.world.name)

    def assert_replayed(self, *, in_order: bool = True) -> None:
        """Assert that the snapshot and the records lead to the present state, in its order, and to the same next ids."""
        if record := self._recorder.take(deferred=True):
            self._records.append(record)
        restored = self.replayed()
        expected, found = document(self.world), document(restored)
        if not in_order:
            expected, found = _without_order(expected), _without_order(found)
        assert found == expected
        assert restored.ids.hex(32) == self.world.ids.hex(32)
        assert restored.ids.udid() == self.world.ids.udid()


def _without_order(value: Any) -> Any:
    """A document whose lists are sorted: rows that two threads have put stand in the order of their commits."""
    if isinstance(value, dict):
        return {name: _without_order(item) for name, item in value.items()}
    return sorted(value, key=orjson.dumps) if isinstance(value, list) else value


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


# --- changes of a thread that has lent the lock -----------------------------------------------------


def _put(world: World, key: str, sku: str = "X") -> None:
    data_stores.replace_record(world, world.data_stores[1], key, {"sku": sku, "quantity": 1})


def test_changes_of_a_thread_that_has_lent_the_lock_are_stored_as_a_whole_when_it_commits(
    api: ApiClient,
) -> None:
    world, recording = api.world, Recording(api.world)
    with world.lock:
        _put(world, "first")
        with world.lock.lent():
            with world.lock:
                _put(world, "other")
                recording.take()
            stored = recording.replayed()
            assert (1, "other") in stored.records
            assert (1, "first") not in stored.records
            store = stored.data_stores[1]
            assert store.records == len(stored.records.where(store=1)) == world.data_stores[1].records - 1
            assert store.size == sum(row.size for row in stored.records.where(store=1))
        _put(world, "second")
        with world.lock.lent(), world.lock:
            _put(world, "first", "theirs")
            recording.take()
        recording.take()
    assert world.records[1, "first"].data["sku"] == "theirs"
    recording.assert_replayed(in_order=False)


def test_a_row_that_others_change_meanwhile_is_stored_field_by_field(api: ApiClient) -> None:
    world, recording = api.world, Recording(api.world)
    owner = ("team", 1)
    world.tallies[owner] = before = Consumption(10, 10, 10)
    rule = external_services.add_rule(world, HttpRule(url="*", left=5))
    recording.take()
    with world.lock:
        world.tallies[owner] = Consumption(15, 20, 30)
        world.scenarios.put(replace(world.scenarios[1], errors_in_a_row=2))
        world.http_rules.put(replace(rule, hits=1, left=4))
        world.increments[1, 1] = 3
        world.tallies["team", 99] = Consumption(5, 5, 5)
        with world.lock.lent(), world.lock:
            world.tallies[owner] = Consumption(16, 20, 31)
            world.scenarios.put(replace(world.scenarios[1], name="Renamed"))
            world.http_rules.put(replace(world.http_rules[rule.id], hits=2, left=3))
            world.increments[1, 1] = 4
            world.tallies["team", 99] = Consumption(6, 5, 5)
            recording.take()
        stored = recording.replayed()
        assert stored.tallies[owner] == Consumption(11, 10, 11) != before
        assert (stored.scenarios[1].name, stored.scenarios[1].errors_in_a_row) == ("Renamed", 0)
        assert (stored.http_rules[rule.id].hits, stored.http_rules[rule.id].left) == (1, 4)
        assert stored.increments[1, 1] == 1
        assert stored.tallies["team", 99] == Consumption(1, 0, 0)
        recording.take()
    recording.assert_replayed(in_order=False)


def test_what_others_remove_and_add_meanwhile_is_stored_with_theirs(api: ApiClient) -> None:
    world, recording = api.world, Recording(api.world)
    for key in ("a", "b"):
        _put(world, key)
    recording.take()
    with world.lock:
        _put(world, "a", "lent")
        _put(world, "c", "lent")
        data_stores.delete_records(world, world.data_stores[1], ["b"])
        with world.lock.lent(), world.lock:
            data_stores.delete_records(world, world.data_stores[1], ["a"])
            _put(world, "b", "theirs")
            _put(world, "c", "theirs")
            recording.take()
        stored = recording.replayed()
        assert (1, "a") not in stored.records
        assert {stored.records[1, key].data["sku"] for key in "bc"} == {"theirs"}
        recording.take()
    recording.assert_replayed(in_order=False)


def test_a_snapshot_meanwhile_has_no_lent_changes(api: ApiClient) -> None:
    world, recorder = api.world, ChangeRecorder(api.world)
    _put(world, "a")
    world.increments[1, 1] = 1
    recorder.take()
    before = snapshot.take(world)["rows"], snapshot.take(world)["increments"]
    with world.lock:
        _put(world, "a", "lent")
        _put(world, "b")
        world.records.remove(next(key for key, _ in world.records.items()))
        world.increments[1, 1] = 2
        world.increments[2, 2] = 1
        with world.lock.lent(), world.lock:
            taken = recorder.take_snapshot()
            assert {row.key: row for row in taken["rows"]["records"]} == {
                row.key: row for row in before[0]["records"]
            }
            assert taken["increments"] == before[1]
    recorder.take()
    assert snapshot.take(world)["rows"] == recorder.take_snapshot()["rows"]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["add", "lend", "commit"]), st.integers(0, 2)),
        max_size=40,
    )
)
def test_counters_are_stored_without_what_lent_changes_added(steps: list[tuple[int, str, int]]) -> None:
    """Threads add to counters, lend the lock, and commit, in any order."""
    world = World("w")
    tracker = world.track_changes()
    stored = Counter[int]()
    added: dict[int, Counter[int]] = {}
    lent: dict[int, LentChanges] = {}
    holder: int | None = None

    def commit(thread: int) -> None:
        stored.update(added.pop(thread, Counter()))
        for changes in tracker.drain(lambda part, key: getattr(world, part).get(key)).values():
            for (key, _), value in changes.put.items():
                assert value == stored[key]

    for thread, action, key in steps:
        if thread != holder:
            if holder is not None:
                commit(holder)
            holder = thread
            if thread in lent:
                tracker.take_back(lent.pop(thread))
        if action == "add":
            world.increments[key, 0] = world.increments.get((key, 0), 0) + 1
            added.setdefault(thread, Counter())[key] += 1
        elif action == "lend":
            lent[thread], holder = tracker.lend(), None
        else:
            commit(thread)
            holder = None
    if holder is not None:
        commit(holder)
    for thread, changes in lent.items():
        tracker.take_back(changes)
        commit(thread)
    assert {key: stored[key] for key in range(3)} == {
        key: world.increments.get((key, 0), 0) for key in range(3)
    }
    assert not tracker.stored


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
