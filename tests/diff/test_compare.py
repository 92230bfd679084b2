"""Two seeds, thing by thing."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from make_emulator import seeds
from make_emulator.diff import DiffSide, SeedDiff, diff_seeds, render_json, render_text

SHIPPED = ["default", "agency", "free", "empty", "large"]


def module(connection: int, **mapper: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "module": "slack:CreateMessage",
        "version": 4,
        "parameters": {"__IMTCONN__": connection},
        "mapper": mapper,
        "metadata": {"designer": {"x": connection * 100, "y": 0}},
    }


def seed(*, team: int = 1, first: int = 1, **changes: Any) -> dict[str, Any]:
    """A team whose ids start at a number."""
    blueprint = {"name": "Tell", "flow": [module(first, text="Hello")], "metadata": {"instant": False}}
    row = {
        "id": team,
        "name": f"Team {team}",
        "members": [{"user": "Mia", "role": "Operator"}],
        "connections": [{"id": first, "name": "Slack", "type": "slack"}],
        "folders": [{"id": first, "name": "Inner"}],
        "scenarios": [
            {"id": first, "name": "Tell", "folder": first, "created": "-2d", "blueprint": blueprint}
        ],
        **changes,
    }
    users = [{"id": first, "name": "Ada"}, {"id": first + 1, "name": "Mia"}]
    return {"users": users, "organizations": [{"id": 1, "name": "O", "teams": [row]}]}


def compared(a: Any, b: Any, **options: Any) -> SeedDiff:
    return diff_seeds(DiffSide("a", seeds.load(a)), DiffSide("b", seeds.load(b)), **options)


def test_the_parameters_of_keys_are_secrets_that_no_report_shows() -> None:
    row = {"id": 1, "name": "Shop", "type": "basicauth", "parameters": {"authPass": "old-secret"}}
    other = {**row, "name": "Renamed", "parameters": {"authPass": "new-secret"}}
    found = compared(seed(keys=[row]), seed(keys=[other]))
    assert "secret" not in repr(found)
    assert not found.is_equal
    assert compared(seed(keys=[row]), seed(keys=[{**other, "name": "Shop"}])).is_equal


@pytest.mark.parametrize("name", SHIPPED)
def test_a_seed_is_equal_to_itself(name: str) -> None:
    for everything in (False, True):
        for by_name in (False, True):
            found = compared(name, name, include_history=everything, by_name=by_name)
            assert found.is_equal
            assert render_text(found) == ""


def test_what_one_lacks_is_removed_and_what_the_other_has_is_added() -> None:
    found = compared(seed(), seed(hooks=[{"id": 5, "name": "New"}], scenarios=[]))
    assert [str(thing) for thing in found.removed] == ["scenario 1 'Tell'"]
    assert [str(thing) for thing in found.added] == ["hook 5 'New'"]
    assert found.changed == []


def test_what_a_seed_leaves_to_a_default_is_no_difference() -> None:
    said = {
        "id": 1,
        "name": "Slack",
        "type": "slack",
        "label": "Slack",
        "accountType": "oauth",
        "enabled": True,
    }
    del said["enabled"]
    hook = {"id": 1, "name": "H"}
    reported = {**hook, "data": {"method": False, "headers": False, "stringify": False}, "enabled": True}
    assert compared(seed(hooks=[hook]), seed(connections=[said], hooks=[reported])).is_equal


def test_the_code_of_a_function_is_compared() -> None:
    rows = [{"id": 1, "name": "f", "code": f"function f() {{ return {n}; }}"} for n in (1, 2)]
    found = compared(seed(functions=rows[:1]), seed(functions=rows[1:]))
    [difference] = found.changed
    assert str(difference.a) == "function 1 'f'"
    assert [change.path for change in difference.changes] == ["code"]
    elsewhere = [{**rows[0], "id": 5}]
    assert compared(seed(functions=rows[:1]), seed(functions=elsewhere), by_name=True).is_equal


def test_times_and_places_on_the_canvas_count_only_when_requested() -> None:
    other = seed()
    [scenario] = other["organizations"][0]["teams"][0]["scenarios"]
    scenario["created"] = "2026-01-01T00:00:00Z"
    scenario["blueprint"]["flow"][0]["metadata"]["designer"]["x"] = 7
    assert compared(seed(), other).is_equal
    [difference] = compared(seed(), other, include_history=True).changed
    assert [tuple(change) for change in difference.changes] == [
        ("blueprint.flow[id 1].metadata.designer.x", 100, 7),
        ("created", "-172800 s from now", "2026-01-01T00:00:00.000Z"),
    ]


def test_a_mapping_that_changed_is_one_line() -> None:
    other = copy.deepcopy(seed())
    other["organizations"][0]["teams"][0]["scenarios"][0]["blueprint"]["flow"] = [module(1, text="Hi")]
    assert render_text(compared(seed(), other)) == (
        "--- a\n+++ b\n~ scenario 1 'Tell'\n"
        '    blueprint.flow[id 1].mapper.text: "Hello" -> "Hi"\n'
        "0 added, 0 removed, 1 changed\n"
    )


def test_teams_with_other_ids_are_compared_by_name() -> None:
    staging, production = seed(team=1, first=1), seed(team=2, first=70)
    found = compared(staging, production)
    assert render_text(found) == (
        '--- a\n+++ b\n~ team 1 \'Team 1\'\n    name: "Team 1" -> "Team 2"\n0 added, 0 removed, 1 changed\n'
    )
    assert len(compared(staging, production, by_name=False).removed) == 5


def test_by_name_another_connection_is_named() -> None:
    row = {"id": 71, "name": "Other", "type": "slack"}
    production = seed(team=2, first=70, connections=[{"id": 70, "name": "Slack", "type": "slack"}, row])
    flow = production["organizations"][0]["teams"][0]["scenarios"][0]["blueprint"]["flow"]
    flow[0]["parameters"]["__IMTCONN__"] = 71
    text = render_text(compared(seed(), production))
    assert "+ connection 71 'Other'\n" in text
    assert '    blueprint.flow[id 1].parameters.__IMTCONN__: "Slack" -> "Other"\n' in text


def test_a_role_is_reported_by_its_name() -> None:
    other = seed(members=[{"user": "Mia", "role": "Admin"}])
    assert '    members.2: "Team Operator" -> "Team Admin"\n' in render_text(compared(seed(), other))


def test_a_variable_of_another_value_is_one_line() -> None:
    def having(value: int | str) -> dict[str, Any]:
        return seed(variables=[{"name": "LIMIT", "value": value}])

    assert "    variables.LIMIT: 1 -> 2\n" in render_text(compared(having(1), having(2)))
    assert compared(having("********"), having("sk-abcdefghijklmnopqrstuvwx")).is_equal


def test_records_count_only_where_both_have_them_all() -> None:
    one = seed(dataStores=[{"id": 1, "name": "D", "records": [{"key": "a"}]}])
    two = seed(dataStores=[{"id": 1, "name": "D", "records": [{"key": "b"}]}])
    assert not compared(one, two).is_equal
    assert diff_seeds(
        DiffSide("a", seeds.load(one)), DiffSide("b", seeds.load(two), has_records=False)
    ).is_equal


def test_no_secret_is_shown_and_a_masked_one_is_no_difference() -> None:
    def with_header(value: str, text: str) -> dict[str, Any]:
        mapper = {"headers": [{"name": "Authorization", "value": value}], "text": text}
        blueprint = {"name": "Tell", "flow": [module(1, **mapper)], "metadata": {}}
        return seed(scenarios=[{"id": 1, "name": "Tell", "blueprint": blueprint}])

    secret = "sk-abcdefghijklmnopqrstuvwx"
    assert compared(with_header(secret, "x"), with_header("********", "x")).is_equal
    found = compared(with_header(secret, f"use {secret}"), with_header("********", "y"))
    assert not found.is_equal
    assert secret not in render_text(found) + render_json(found)
