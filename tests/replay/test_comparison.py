from __future__ import annotations

from typing import Any

import pytest

from make_emulator.replay.comparison import Difference, JsonComparison
from make_emulator.replay.identities import Identities, kind_of


def compare(
    recorded: Any, emulated: Any, identities: Identities | None = None, **options: Any
) -> list[tuple[str, str]]:
    """Path and kind of each difference."""
    comparison = JsonComparison(identities or Identities(), **{"prebound": False, **options})
    return [(each.path, each.kind) for each in comparison.compare(recorded, emulated)]


def row(id: int, **fields: Any) -> dict[str, Any]:
    return {"id": id, **fields}


def test_equal_bodies_have_no_difference() -> None:
    body = {"team": row(1, name="Ops", isActive=True, limit=1.0, tags=["a", None])}
    assert compare(body, {"team": row(1, name="Ops", isActive=True, limit=1, tags=["a", None])}) == []


@pytest.mark.parametrize(
    ("recorded", "emulated", "difference"),
    [
        ({"team": {"name": "a"}}, {"team": {}}, ("team.name", "missing")),
        ({"team": {}}, {"team": {"name": "a"}}, ("team.name", "additional")),
        ({"team": {"name": "a"}}, {"team": {"name": "b"}}, ("team.name", "value")),
        ({"pg": {"limit": "5"}}, {"pg": {"limit": 5}}, ("pg.limit", "type")),
        ({"a": True}, {"a": 1}, ("a", "type")),
        ({"a": None}, {"a": "x"}, ("a", "value")),
        ({"a": [1, 2]}, {"a": [1, 2, 3]}, ("a[]", "value")),
        ([], {}, ("the body", "type")),
    ],
)
def test_a_difference_has_path_and_kind(recorded: Any, emulated: Any, difference: tuple[str, str]) -> None:
    assert compare(recorded, emulated) == [difference]


def test_ids_differ_but_stand_for_the_same_thing_from_then_on() -> None:
    identities = Identities()
    assert compare({"scenario": row(925, teamId=7)}, {"scenario": row(3, teamId=1)}, identities) == []
    assert identities.id("scenario", 925) == 3
    assert compare({"hook": {"scenarioId": 925}}, {"hook": {"scenarioId": 3}}, identities) == []
    assert compare({"hook": {"scenarioId": 925}}, {"hook": {"scenarioId": 4}}, identities) == [
        ("hook.scenarioId", "identity")
    ]
    assert compare({"hook": {"scenarioId": 926}}, {"hook": {"scenarioId": 3}}, identities) == [
        ("hook.scenarioId", "identity")
    ]
    # The answer to a deletion.
    assert compare({"scenario": 925}, {"scenario": 3}, identities) == []
    assert compare({"scenario": 925}, {"scenario": 5}, identities) == [("scenario", "identity")]


def test_ids_of_lists_of_the_service_are_values() -> None:
    assert compare({"user": {"timezoneId": 1}}, {"user": {"timezoneId": 2}}) == [("user.timezoneId", "value")]


def test_generated_texts_stand_for_each_other_also_within_a_url() -> None:
    identities = Identities()
    theirs, ours = "a" * 32, "b" * 32
    assert (
        compare(
            {"url": f"https://hook.eu1.make.com/{theirs}"},
            {"url": f"https://hook.eu1.make.com/{ours}"},
            identities,
        )
        == []
    )
    assert identities.text(f"/hook/{theirs}") == f"/hook/{ours}"
    assert identities.recorded_text(ours) == theirs
    assert compare({"udid": theirs}, {"udid": "c" * 32}, identities) == [("udid", "value")]
    assert compare({"url": f"https://x/{theirs}"}, {"url": f"https://y/{ours}"}, identities) == [
        ("url", "value")
    ]


def test_moments_durations_and_unfinished_runs_are_not_compared() -> None:
    recorded = {"created": "2026-03-02T12:00:00.000Z", "duration": 812, "status": "RUNNING", "transfer": 5}
    emulated = {"created": "2026-03-02T12:00:01Z", "duration": 1, "status": "SUCCESS", "transfer": 99}
    assert compare(recorded, emulated) == []
    assert compare({"created": "2026-03-02"}, {"created": "soon"}) == [("created", "value")]
    assert compare({"status": "ERROR"}, {"status": "SUCCESS"}) == [("status", "value")]
    assert compare({"duration": 1}, {"duration": "1"}) == [("duration", "type")]


def test_json_within_a_text_is_compared_as_json() -> None:
    assert compare({"blueprint": '{"name": "a", "n": 1}'}, {"blueprint": '{"n":1,"name":"a"}'}) == []
    assert compare({"blueprint": '{"name": "a"}'}, {"blueprint": '{"name": "b"}'}) == [
        ("blueprint.name", "value")
    ]


# --- lists ---------------------------------------------------------------------------------------


def test_rows_are_compared_by_their_ids() -> None:
    recorded = {"hooks": [row(1, name="a"), row(2, name="b")]}
    assert compare(recorded, {"hooks": [row(1, name="a")]}, prebound=True) == [("hooks[]", "missing")]
    assert compare({"hooks": [row(1, name="a")]}, recorded, prebound=True) == [("hooks[]", "additional")]
    assert compare(recorded, {"hooks": [row(2, name="b"), row(1, name="a")]}, prebound=True) == [
        ("hooks[]", "order")
    ]
    assert compare(recorded, {"hooks": [row(1, name="a"), row(2, name="c")]}, prebound=True) == [
        ("hooks[].name", "value")
    ]


def test_new_rows_on_both_sides_are_paired_in_their_order() -> None:
    recorded = {"scenarioLogs": [{"imtId": "f" * 32, "type": "auto"}, {"imtId": "e" * 32, "type": "manual"}]}
    emulated = {"scenarioLogs": [{"imtId": "1" * 32, "type": "auto"}, {"imtId": "2" * 32, "type": "manual"}]}
    identities = Identities()
    assert compare(recorded, emulated, identities, prebound=True) == []
    assert identities.text("e" * 32) == "2" * 32
    emulated["scenarioLogs"].reverse()
    assert compare(recorded, emulated, identities, prebound=True) == [("scenarioLogs[]", "order")]


def test_of_a_list_with_rows_from_before_only_the_introduced_ones_are_compared() -> None:
    identities = Identities()
    identities.bind_id("hook", 70, 3)
    recorded = {"hooks": [row(50, name="old"), row(70, name="mine")]}
    emulated = {"hooks": [row(1, name="of the seed"), row(3, name="mine")]}
    assert compare(recorded, emulated, identities, only_introduced=True) == []
    assert compare({"hooks": [row(50)]}, emulated, identities, only_introduced=True) == [
        ("hooks[]", "additional")
    ]
    assert compare(recorded, {"hooks": [row(1)]}, identities, only_introduced=True) == [
        ("hooks[]", "missing")
    ]
    recorded["hooks"][1]["name"] = "other"
    assert compare(recorded, emulated, identities, only_introduced=True) == [("hooks[].name", "value")]


@pytest.mark.parametrize(
    ("name", "parent", "kind"),
    [
        ("teamId", "", "team"),
        ("id", "dataStores", "dataStore"),
        ("id", "authUser", "user"),
        ("datastructureId", "dataStore", "dataStructure"),
        ("parentId", "scenarioFolder", "folder"),
        ("userTeamIds", "users", None),
        ("roleId", "", None),
        ("id", "timezones", None),
        ("name", "scenario", None),
    ],
)
def test_the_kind_of_an_id_follows_from_its_name(name: str, parent: str, kind: str | None) -> None:
    assert kind_of(name, parent) == kind


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("missing", "a.b: recorded (1), but the emulator has none"),
        ("additional", "a.b: not recorded, but the emulator has it (2)"),
        ("value", "a.b: 1 recorded, 2 emulated"),
        ("order", "a.b: another order: 1 recorded, 2 emulated"),
        ("identity", "a.b: 1 recorded, 2 emulated, which stand for different things in earlier answers"),
        ("route", "the emulator has no such route (1 recorded, 2 emulated)"),
    ],
)
def test_a_difference_is_a_sentence(kind: str, sentence: str) -> None:
    assert Difference("a.b", kind, "1", "2").sentence() == sentence


def test_of_those_who_were_there_before_the_values_differ() -> None:
    recorded = {
        "scenario": row(
            925,
            name="Mine",
            teamId=815,
            teamName="Ops",
            queueLimit=667,
            createdByUser=row(333, name="Grace", email="grace@example.com"),
            hook=row(70, name="Orders"),
            author={"name": "Grace"},
        )
    }
    emulated = {
        "scenario": row(
            3,
            name="Mine",
            teamId=1,
            teamName="Example",
            queueLimit=10000,
            createdByUser=row(1, name="Ada", email="ada@example.com"),
            hook=row(9, name="Other"),
            author={"name": "Ada"},
        )
    }
    created = {("scenario", 925)}
    assert compare(recorded, emulated, created=created) == []
    # What the recording created has the same values, wherever it is shown.
    assert compare(recorded, emulated, created={*created, ("hook", 70)}) == [("scenario.hook.name", "value")]
    assert [path for path, _ in compare(recorded, emulated, prebound=True)] == [
        "scenario.teamName",
        "scenario.queueLimit",
        "scenario.createdByUser.name",
        "scenario.createdByUser.email",
        "scenario.hook.name",
        "scenario.author.name",
    ]
    del emulated["scenario"]["createdByUser"]["email"]
    assert compare(recorded, emulated, created=created) == [("scenario.createdByUser.email", "missing")]


def test_a_mask_without_a_number_may_stand_for_anything() -> None:
    masked = {"token": "********", "label": "HTTP ********", "scope": ["********", "********"]}
    assert compare(masked, {"token": "abc", "label": "HTTP Basic Auth", "scope": ["a"]}) == []
    assert compare(masked, {"token": "abc", "label": "Basic Auth", "scope": []}) == [("label", "value")]


def test_an_id_with_a_moment_is_compared_without_it() -> None:
    run = "f" * 32
    assert compare({"imtId": f"1772452800099_{run}"}, {"imtId": f"1772452800100_{run}"}) == []
    assert compare({"imtId": f"1772452800099_dlq.{run}"}, {"imtId": f"1772452800099_hook.{run}"}) == [
        ("imtId", "value")
    ]
