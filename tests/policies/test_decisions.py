"""Decisions on what agents do: properties, and the mapping of every declared endpoint."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make_emulator import api
from make_emulator.http.endpoint import PATH_PARAMETER_KINDS, Endpoint, Reference
from make_emulator.policies.decision import can_ever, decide, is_allowed, permitted_ids
from make_emulator.policies.grants import (
    EVERY_KIND,
    LEVELS,
    InvalidGrantsError,
    allowed_actions,
    parse_grants,
    write_grants,
)
from make_emulator.policies.resources import (
    KINDS,
    ROWS,
    Access,
    Resource,
    endpoint_accesses,
    required_accesses,
    scope_accesses,
)
from make_emulator.world.enums import SCOPES
from make_emulator.world.models import Agent, Grant

IDS = st.sampled_from(["1", "2", "3"])
RESOURCES = st.one_of(
    st.sampled_from(sorted(KINDS)).map(Resource),
    st.builds(Resource, st.sampled_from(sorted(ROWS)), IDS),
)
ACTIONS = st.sampled_from(["read", "write", "run"])
LEVEL_SETS = st.one_of(
    st.just(()), st.lists(st.sampled_from(sorted(set(LEVELS) - {"off"})), min_size=1, unique=True).map(tuple)
)
NAMES = st.one_of(RESOURCES.map(str), st.just(EVERY_KIND))
GRANTS = st.dictionaries(NAMES, LEVEL_SETS, max_size=6)


def agent_of(grants: dict[str, tuple[str, ...]]) -> Agent:
    rows = tuple(Grant(resource=name, levels=levels) for name, levels in grants.items())
    return Agent(name="ops", grants=rows, created=0)


@given(RESOURCES, ACTIONS)
def test_nothing_is_allowed_without_a_grant(resource: Resource, action: str) -> None:
    assert decide(agent_of({}), action, resource) == (False, None)
    assert not can_ever(agent_of({}), action, resource.kind)


@given(GRANTS, RESOURCES, ACTIONS)
def test_what_is_allowed_was_granted_for_that_resource(
    grants: dict[str, tuple[str, ...]], resource: Resource, action: str
) -> None:
    decision = decide(agent_of(grants), action, resource)
    applicable = {str(resource), resource.kind, EVERY_KIND} & grants.keys()
    assert (decision.grant is None) == (not applicable)
    if decision.is_allowed:
        assert decision.grant is not None
        assert decision.grant.resource in applicable
        assert action in allowed_actions(decision.grant)
        assert can_ever(agent_of(grants), action, resource.kind)


@given(GRANTS, RESOURCES, ACTIONS)
def test_a_list_permits_what_is_decided_one_by_one(
    grants: dict[str, tuple[str, ...]], resource: Resource, action: str
) -> None:
    agent = agent_of(grants)
    permitted = permitted_ids(agent, action, resource.kind)
    for id in ("1", "2", "3", "4"):
        assert permitted(id) == decide(agent, action, Resource(resource.kind, id)).is_allowed


@given(GRANTS, LEVEL_SETS, st.sampled_from(sorted(LEVELS)), RESOURCES, ACTIONS, st.data())
def test_a_further_level_refuses_nothing_that_was_allowed(
    grants: dict[str, tuple[str, ...]],
    levels: tuple[str, ...],
    level: str,
    resource: Resource,
    action: str,
    data: st.DataObject,
) -> None:
    # A first grant for a single resource takes the place of the one for its kind: each grant by itself is monotone.
    name = data.draw(st.sampled_from([str(resource), resource.kind, EVERY_KIND]))
    before = {**grants, name: levels}
    after = {**grants, name: (*levels, level)}
    allowed = decide(agent_of(before), action, resource).is_allowed
    assert decide(agent_of(after), action, resource).is_allowed >= allowed


@given(GRANTS, LEVEL_SETS, IDS, ACTIONS)
def test_the_grant_of_a_single_resource_beats_that_of_its_kind(
    grants: dict[str, tuple[str, ...]], levels: tuple[str, ...], id: str, action: str
) -> None:
    agent = agent_of({**grants, f"scenarios/{id}": levels})
    allowed = action in allowed_actions(Grant(resource="", levels=levels))
    assert is_allowed(agent, Access(action, Resource("scenarios", id))) == allowed


@given(GRANTS, RESOURCES, ACTIONS)
def test_grants_do_not_depend_on_their_order(
    grants: dict[str, tuple[str, ...]], resource: Resource, action: str
) -> None:
    other = dict(reversed(grants.items()))
    assert decide(agent_of(grants), action, resource) == decide(agent_of(other), action, resource)


@given(st.dictionaries(st.sampled_from(["*", "scenarios", "scenarios/7"]), LEVEL_SETS))
def test_grants_are_read_as_they_are_written(grants: dict[str, tuple[str, ...]]) -> None:
    agent = agent_of(grants)
    assert parse_grants(write_grants(agent.grants)) == agent.grants


def test_running_is_a_permission_of_its_own() -> None:
    writer, runner = agent_of({"scenarios": ("write",)}), agent_of({"scenarios/1": ("run",)})
    scenario = Resource("scenarios", "1")
    assert [decide(writer, each, scenario).is_allowed for each in ("read", "write", "run")] == [
        True,
        True,
        False,
    ]
    assert [decide(runner, each, scenario).is_allowed for each in ("read", "write", "run")] == [
        False,
        False,
        True,
    ]
    assert not decide(runner, "run", Resource("scenarios", "2")).is_allowed


@pytest.mark.parametrize(
    ("allow", "issue"),
    [
        ([], "must be a mapping of resources to grants"),
        (
            {"datastores": "read"},
            "datastores: there is no kind of resource 'datastores'; did you mean 'data-stores'?",
        ),
        ({"scenarios": "reed"}, "did you mean 'read'?"),
        ({"scenarios": []}, "scenarios: must be one of off, read, write, run, full, or a list of them"),
        ({"scenarios": ["off", "read"]}, "scenarios: off stands alone"),
        ({"hooks/1": "run"}, "hooks/1: only apps, connections, keys, scenarios can be run, not hooks"),
        ({"enums/1": "read"}, "enums/1: enums can be granted as a whole only"),
        ({"scenarios/": "read"}, "scenarios/: the id of a single resource is missing, or too long"),
        ({"scenarios": True}, "scenarios: must be one of off"),
        ({"scenarios": {"1": "read"}}, "scenarios: must be one of off"),
    ],
)
def test_invalid_grants_are_named(allow: object, issue: str) -> None:
    with pytest.raises(InvalidGrantsError) as caught:
        parse_grants(allow)  # type: ignore[arg-type]  # what a document may have
    assert issue in str(caught.value)


def test_off_is_false_to_yaml() -> None:
    assert parse_grants({"scenarios": False}) == parse_grants({"scenarios": "off"})


@pytest.mark.parametrize(
    "endpoint", [each for each in api.endpoints() if not each.is_public], ids=lambda endpoint: endpoint.route
)
def test_every_endpoint_requires_known_permissions(endpoint: Endpoint) -> None:
    pairs = endpoint_accesses(endpoint.method, endpoint.path, endpoint.scopes)
    assert pairs
    for kind, action in pairs:
        assert action in KINDS[kind]


def test_kinds_are_those_of_the_scopes() -> None:
    pairs = scope_accesses(SCOPES)
    assert {kind for kind, _ in pairs} | {"enums", "api-tokens"} == KINDS.keys()
    assert set(ROWS.values()) <= set(PATH_PARAMETER_KINDS.values())
    assert ROWS.keys() <= KINDS.keys()


def test_a_request_needs_access_to_each_row_of_the_kind_that_it_names() -> None:
    references = [Reference("team", "team", 1), Reference("stores", "dataStore", [3, 4], "ids")]
    assert list(map(str, required_accesses([("data-stores", "write")], references))) == [
        "data-stores/3: write",
        "data-stores/4: write",
    ]
    assert list(map(str, required_accesses([("data-stores", "read")]))) == ["data-stores: read"]
    run = endpoint_accesses(
        "POST", "/scenarios/{scenarioId}/run", ["scenarios:read", "scenarios:write", "scenarios:run"]
    )
    assert run == [("scenarios", "run")]


def test_making_a_token_is_not_among_the_grants_for_users() -> None:
    assert endpoint_accesses("POST", "/users/me/api-tokens", ["user:write"]) == [("api-tokens", "write")]
    assert endpoint_accesses("GET", "/users/me", []) == [("users", "read")]
