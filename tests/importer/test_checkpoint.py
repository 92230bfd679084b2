"""A pull that was stopped goes on where it was, whenever that was."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.importer import PullHarness, RecordingReporter
from make_emulator import MakeEmulator, World
from make_emulator.importer import Checkpoint, CheckpointError, Masker, ZoneError


@pytest.fixture
def world(make_emulator: MakeEmulator) -> World:
    return make_emulator.create_world(seed="agency")


def test_what_was_read_before_is_not_requested_again(world: World, tmp_path: Path) -> None:
    part = tmp_path / "seed.yaml.part"
    whole = PullHarness(world).pull()
    with pytest.raises(KeyboardInterrupt):
        PullHarness(world, reporter=RecordingReporter(stop_after=8)).pull(part=part)
    steps = len(part.read_bytes().splitlines()) - 1
    assert steps > 8

    world.requests.clear()
    again = PullHarness(world).pull(part=part, resume=True)
    assert again.document == whole.document
    paths = [request["path"] for request in world.requests]
    assert "/users/me" not in paths
    assert "/scenarios/8/blueprint" in paths


def test_a_file_that_was_cut_anywhere_is_good_up_to_there(world: World, tmp_path: Path) -> None:
    whole = PullHarness(world).pull(part=tmp_path / "whole")
    data = (tmp_path / "whole").read_bytes()
    for end in {0, 1, data.index(b"\n"), data.index(b"\n") + 1, *range(100, len(data), len(data) // 12)}:
        part = tmp_path / "cut"
        part.write_bytes(data[:end])
        puller = PullHarness(world)
        assert puller.pull(part=part, resume=True).document == whole.document, end
        assert part.read_bytes().count(b"\n") == data.count(b"\n")


def test_notes_and_masks_are_reported_again_after_a_pull_went_on(
    make_emulator: MakeEmulator, tmp_path: Path
) -> None:
    seed = {
        "organizations": [
            {
                "name": "O",
                "teams": [
                    {
                        "name": "T",
                        "dataStructures": [
                            {"name": "Key", "spec": [{"name": "password", "type": "text"}]},
                        ],
                        "dataStores": [
                            {
                                "name": "Keys",
                                "dataStructure": "Key",
                                "records": [{"key": "a", "data": {"password": "correct horse"}}],
                            }
                        ],
                        "templates": [{"name": "Greet", "blueprint": "greeting"}],
                    }
                ],
            }
        ]
    }
    world = make_emulator.create_world(seed=seed)
    world.faults.add(path="/templates", status=503, times=5)
    part = tmp_path / "part"
    with pytest.raises(ZoneError, match="GET /templates answered 503"):
        PullHarness(world).pull(part=part)
    assert b"correct horse" not in part.read_bytes()
    pulled = PullHarness(world).pull(part=part, resume=True)
    assert [tuple(each) for each in pulled.masked] == [
        ("records of data store 1 from 0", "rows[0].data.password")
    ]


def test_the_part_of_another_pull_is_rejected(world: World, tmp_path: Path) -> None:
    path = tmp_path / "part"
    part = Checkpoint(Masker(), path)
    part.open({"team": 1}, resume=False)
    part.get_or_read("one", lambda: 1)
    part.close()
    with pytest.raises(
        CheckpointError, match="is a checkpoint of another pull; without --resume it is overwritten"
    ):
        Checkpoint(Masker(), path).open({"team": 2}, resume=True)
    again = Checkpoint(Masker(), path)
    assert again.open({"team": 1}, resume=True) == 1
    assert again.get_or_read("one", lambda: 2) == 1
    again.close()
    anew = Checkpoint(Masker(), path)
    assert anew.open({"team": 2}, resume=False) == 0
    anew.close()


@pytest.mark.parametrize("content", [b"[]\n", b"hello\n", b'{"format": "other"}\n', b"\xff\xfe\n"])
def test_a_file_that_is_none_of_a_pull_is_rejected_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "part"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="is not a checkpoint of a pull"):
        Checkpoint(Masker(), path).open({}, resume=True)
    assert path.read_bytes() == content


def test_a_part_is_for_its_owner_only_and_goes_when_it_is_of_no_more_use(tmp_path: Path) -> None:
    path = tmp_path / "part"
    part = Checkpoint(Masker(), path)
    part.open({}, resume=False)
    assert path.stat().st_mode & 0o777 == 0o600
    part.remove()
    assert not path.exists()
