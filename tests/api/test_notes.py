"""Notes on the modules of scenarios, and build-time variables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.api import (
    OUTSIDER_TOKEN,
    ApiClient,
    assert_ok,
    assert_refused,
    suberror_messages,
    token_of_role,
)

NOTE = {"moduleIds": [1], "metadata": {"color": "#ffd700"}, "content": "<p>Why?</p>", "isFilterNote": False}


def add_note(api: ApiClient, **changes: Any) -> dict[str, Any]:
    note: dict[str, Any] = assert_ok(api.post("/scenarios/1/notes", json={**NOTE, **changes}))["note"]
    return note


def test_a_note_tells_its_modules_and_who_wrote_it(api: ApiClient) -> None:
    author = {"id": 1, "name": "Ada Maker", "email": "ada@example.com"}
    note = add_note(api)
    assert note == {
        "id": 1,
        "scenarioId": 1,
        **NOTE,
        "created": "2026-03-02T12:00:00.000Z",
        "updated": None,
        "createdByUser": author,
        "updatedByUser": {},
    }
    api.world.clock.advance(minutes=1)
    changed = assert_ok(api.patch("/scenarios/1/notes/1?teamId=1", json={"content": "<p>So.</p>"}))["note"]
    assert changed == {
        **note,
        "content": "<p>So.</p>",
        "updated": "2026-03-02T12:01:00.000Z",
        "updatedByUser": author,
    }
    assert assert_ok(api.get("/scenarios/1/notes/1?teamId=1&organizationId=1"))["note"] == changed
    assert assert_ok(api.delete("/scenarios/1/notes/1?teamId=1")) == {"id": 1}
    assert_refused(api.get("/scenarios/1/notes/1?teamId=1"), 404, code="SC404")


def test_notes_are_listed_by_module_and_the_newest_first(api: ApiClient) -> None:
    for modules in ([1], [], [1]):
        add_note(api, moduleIds=modules)
    listed = assert_ok(api.get("/scenarios/1/notes?teamId=1"))
    assert set(listed) == {"notes"}
    assert [row["id"] for row in listed["notes"]] == [2, 3, 1]


def test_a_note_names_modules_of_its_scenario_only(api: ApiClient) -> None:
    response = api.post("/scenarios/1/notes", json={**NOTE, "moduleIds": [1, 99]})
    assert suberror_messages(response) == ["The scenario has no module '99'."]
    add_note(api)
    assert_refused(api.patch("/scenarios/1/notes/1?teamId=1", json={"moduleIds": [99]}), 400)
    assert api.world.notes[1].module_ids == (1,)


def test_a_note_belongs_to_its_scenario_and_team(api: ApiClient) -> None:
    add_note(api)
    for path in ("/scenarios/2/notes/1?teamId=1", "/scenarios/1/notes/99?teamId=1"):
        assert_refused(api.get(path), 404, code="SC404")
    assert_refused(api.get("/scenarios/1/notes/1"), 400)
    assert_refused(api.get("/scenarios/1/notes/1?teamId=1", token=OUTSIDER_TOKEN), 404)
    team = assert_ok(api.post("/teams", json={"name": "Other", "organizationId": 1}))["team"]["id"]
    assert_refused(api.get(f"/scenarios/1/notes?teamId={team}"), 404, code="SC404")


def test_who_may_only_watch_reads_notes_and_writes_none(api: ApiClient) -> None:
    add_note(api)
    token = token_of_role(api, "monitoring")
    assert len(assert_ok(api.get("/scenarios/1/notes?teamId=1", token=token))["notes"]) == 1
    assert_refused(api.post("/scenarios/1/notes", json=NOTE, token=token), 403, code="IM002")


def test_notes_go_with_their_scenario(api: ApiClient) -> None:
    add_note(api)
    assert_ok(api.delete("/scenarios/1"))
    assert len(api.world.notes) == 0


# --- build-time variables ------------------------------------------------------------------------

PATH = "/scenarios/1/build-variables"


@pytest.fixture
def inputs(api: ApiClient) -> None:
    """Two inputs of scenario 1."""
    spec = [{"name": "name", "type": "text"}, {"name": "town", "type": "text"}]
    assert_ok(api.patch("/scenarios/1/interface", json={"interface": {"input": spec, "output": None}}))


def values(api: ApiClient, **options: Any) -> Any:
    return assert_ok(api.get(PATH, **options))["variables"]


@pytest.mark.usefixtures("inputs")
def test_build_variables_are_added_replaced_and_deleted_by_their_value(api: ApiClient) -> None:
    assert values(api) == {"input": {}}
    body = {"input": [{"name": "name", "value": "TAC_1"}]}
    assert assert_ok(api.post(PATH, json=body)) == {"ok": 1}
    assert suberror_messages(api.post(PATH, json=body)) == ["The variable 'name' exists already."]
    assert assert_ok(api.put(PATH, json={"input": [{"name": "town", "value": "PAC_2"}]})) == {"ok": 1}
    assert values(api) == {"input": {"town": "PAC_2"}}
    assert_refused(api.delete(f"{PATH}?value=PAC_3"), 404, code="SC404")
    assert assert_ok(api.delete(f"{PATH}?value=PAC_2")) == {"ok": 1}
    assert values(api) == {"input": {}}


@pytest.mark.usefixtures("inputs")
def test_a_personal_build_variable_is_there_for_its_user_only(api: ApiClient) -> None:
    both = [{"name": "name", "value": "TAC_1"}, {"name": "town", "value": "PAC_2"}]
    assert_ok(api.post(PATH, json={"input": both}))
    token = token_of_role(api, "member")
    assert values(api, token=token) == {"input": {"name": "TAC_1"}}
    assert_refused(api.delete(f"{PATH}?value=PAC_2", token=token), 404)
    assert_ok(api.post(PATH, json={"input": [{"name": "town", "value": "PAC_3"}]}, token=token))
    assert values(api, token=token)["input"]["town"] == "PAC_3"
    assert values(api)["input"]["town"] == "PAC_2"


@pytest.mark.usefixtures("inputs")
@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ({"name": "other", "value": "TAC_1"}, "The scenario has no input 'other'."),
        ({"name": "name", "value": "1"}, "Parameter 'input.0.value' must be TAC_ or PAC_ and digits."),
        ({"name": "name"}, "Missing value of required parameter 'input.0.value'."),
    ],
)
def test_a_build_variable_that_fits_no_input_is_refused(
    api: ApiClient, variable: dict[str, str], message: str
) -> None:
    for send in (api.post, api.put):
        assert suberror_messages(send(PATH, json={"input": [variable]})) == [message]
    twice = [{"name": "name", "value": f"TAC_{number}"} for number in (1, 2)]
    assert_refused(api.post(PATH, json={"input": twice}), 400)
    assert values(api) == {"input": {}}


def test_notes_and_build_variables_survive_a_snapshot(api: ApiClient) -> None:
    add_note(api)
    assert_ok(api.post(PATH, json={"input": [{"name": "name", "value": "TAC_1"}]}))
    snapshot = json.loads(api.control("GET", "/worlds/default/snapshot").get_data())
    assert_ok(api.control("POST", "/worlds/default/reset"))
    assert len(api.world.notes) == 0
    assert_ok(api.control("PUT", "/worlds/default/snapshot", json=snapshot))
    assert [row.content for row in api.world.notes] == ["<p>Why?</p>"]
    assert [row.value for row in api.world.build_variables] == ["TAC_1"]
