"""Stubs: the resources that a blueprint refers to, in the shape that it declares."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.blueprint_import.stubs import Stub, create_stubs
from make_emulator.world import organizations
from make_emulator.world.models import Team, User
from make_emulator.world.world import World


@pytest.fixture
def place(empty_world: World) -> tuple[World, Team, User]:
    user = organizations.create_user(empty_world, name="Ada", email="ada@example.com")
    organization, _ = organizations.create_organization(
        empty_world, user, name="Org", country_id=1, timezone_id=113
    )
    team, _ = organizations.create_team(empty_world, user, organization, name="Team")
    return empty_world, team, user


def node(module: str, parameters: Any = None, mapper: Any = None, **metadata: Any) -> dict[str, Any]:
    return {"module": module, "parameters": parameters, "mapper": mapper, "metadata": metadata}


def test_a_connection_has_the_type_and_the_label_that_the_designer_remembers(
    place: tuple[World, Team, User],
) -> None:
    restore = {"parameters": {"__IMTCONN__": {"label": "My Slack", "data": {"connection": "slack3"}}}}
    nodes = [
        node("slack:CreateMessage", {"__IMTCONN__": 77}, restore=restore),
        node("slack:AddReaction", {"__IMTCONN__": 77}),
        node("stripe:CreateCharge", {"__IMTCONN__": "78"}),
    ]
    assert create_stubs(*place, nodes) == (
        Stub("connection", 77, "My Slack"),
        Stub("connection", 78, "stripe"),
    )
    world = place[0]
    assert (world.connections[77].name, world.connections[77].account_name) == ("My Slack", "slack3")
    assert world.connections[78].name == "Stub of connection 78"


def test_a_data_store_has_the_fields_that_are_declared_written_or_searched_for(
    place: tuple[World, Team, User],
) -> None:
    nodes = [
        node(
            "datastore:AddRecord",
            {"datastore": 5},
            {"data": {"email": "{{1.email}}", "score": 4, "vip": True, "tags": []}},
            expect=[{"name": "data", "spec": [{"name": "email", "type": "email", "required": True}]}],
        ),
        node("datastore:SearchRecord", {"datastore": 5}, {"filter": [[{"a": "city", "b": "Brno"}]]}),
    ]
    [stub] = create_stubs(*place, nodes)
    assert stub == Stub("data store", 5, "empty; fields email, score, vip, tags, city")
    world = place[0]
    structure = world.data_structures[world.data_stores[5].datastructure_id or 0]
    assert structure.spec == [
        {"name": "email", "type": "email"},
        {"name": "score", "type": "number"},
        {"name": "vip", "type": "boolean"},
        {"name": "tags", "type": "array"},
        {"name": "city", "type": "any"},
    ]


def test_hooks_structures_and_scenarios_are_made_too(place: tuple[World, Team, User]) -> None:
    nodes = [
        node("gateway:CustomMailHook", {"hook": 3}),
        node("json:CreateJSON", {"type": 4}, {"a": 1, "b": "{{1.b}}"}),
        node("scenario-service:CallSubscenario", {"scenario": "SCN_812"}),
        node("scenario-service:CallSubscenario", {"scenario": "{{1.scenario}}"}),
    ]
    assert create_stubs(*place, nodes) == (
        Stub("hook", 3, "gateway:CustomMailHook"),
        Stub("data structure", 4, "fields a, b"),
        Stub("scenario", 812, "returns nothing; scenario-service:CallSubscenario can be scripted"),
    )
    assert place[0].hooks[3].type == "mail"
    assert place[0].scenarios[812].is_active


def test_what_is_there_already_is_left_alone_and_what_is_no_id_dangles(
    place: tuple[World, Team, User],
) -> None:
    nodes = [node("slack:CreateMessage", {"__IMTCONN__": 7}), node("a:b", {"__IMTCONN__": -1, "account": 0})]
    assert len(create_stubs(*place, nodes)) == 1
    assert create_stubs(*place, nodes) == ()
