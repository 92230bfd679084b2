"""The vendor's own client, ``@makehq/sdk`` as published, does its work on the emulator."""

from __future__ import annotations

import re
from typing import Any

import pytest

from make_emulator import World

from .conftest import RunScript
from .sdk_shapes import KNOWN_MISMATCHES, SDK_SHAPES, executions_in, shape_mismatches

pytestmark = pytest.mark.e2e

#: Methods of the client whose endpoints the emulator does not have.
NOT_EMULATED = {"enums.connectedSystemApps"}

#: Parts of the client that are not called here: the emulator has nothing of them, or they have a flow of their own.
OTHER_PARTS = {
    "connectedSystems",
    "credentialRequests",
    "customPropertyStructures",
    "customPropertyStructures.items",
    "onPremAgents",
    "privateSpaces",
    "scenarios.customProperties",
    "sdk.apps",
    "sdk.connections",
    "sdk.endpoints",
    "sdk.functions",
    "sdk.modules",
    "sdk.rpcs",
    "sdk.webhooks",
}

_KEY = re.compile(r"[0-9a-f]{12}\Z")
_EXECUTION_ID = re.compile(r"[0-9a-f]{32}\Z")


def refused(status: int, message: str) -> dict[str, object]:
    return {"name": "MakeError", "statusCode": status, "message": message}


def faults(*texts: str) -> str:
    """Message of the client for an error with suberrors."""
    return "\n - ".join([f"Validation failed for {len(texts)} parameter(s).", *texts])


# --- the main job --------------------------------------------------------------------------------


@pytest.mark.make_world(rate_limit=False)
def test_the_whole_job_of_an_integration(sdk: RunScript, make_world: World) -> None:
    done = sdk("main-job", records=1000, limit=300)

    assert [(row["id"], row["name"], row["zone"]) for row in done["organizations"]] == [
        (make_world.organization_id, "Example Organization", "eu1.make.com")
    ]
    assert [(row["id"], row["organizationId"]) for row in done["teams"]] == [
        (make_world.team_id, make_world.organization_id)
    ]
    structure, store = done["structure"], done["store"]
    assert [field["name"] for field in structure["spec"]] == ["kind", "price"]
    assert store["datastructureId"] == structure["id"]
    assert (store["records"], store["size"], store["maxSize"]) == (0, "0", str(5 * 1024 * 1024))

    assert [len(page) for page in done["pages"]] == [300, 300, 300, 100]
    assert [record for page in done["pages"] for record in page] == [
        {"key": f"item-{n}", "data": {"kind": "odd" if n % 2 else "even", "price": n}} for n in range(1000)
    ]
    assert done["filled"]["records"] == "1000"
    assert done["added"] == [{"key": "item-new", "data": {"kind": "odd", "price": 5000}}]

    greeting, stock_keeper = done["runs"]["greeting"], done["runs"]["stockKeeper"]
    _check_run(make_world, greeting, outputs={"greeting": "Hello, Ann!"}, operations=0)
    dearest = {"added": "item-new", "dearest": "item-new", "price": 5000, "records": 1001}
    _check_run(make_world, stock_keeper, outputs=dearest, operations=3)

    assert done["gone"] == [
        refused(404, f"DataStore '{store['id']}' not found."),
        refused(404, f"DataStore '{store['id']}' not found."),
        refused(404, f"DataStructure '{structure['id']}' not found."),
    ]
    make_world.requests.assert_called("POST", f"/data-stores/{store['id']}/data", times=1000)


def _check_run(world: World, kept: Any, *, outputs: object, operations: int) -> None:
    """One scenario that was created, started, run once, read, stopped and deleted."""
    scenario, run, log = kept["scenario"], kept["run"], kept["log"]
    assert scenario["isActive"] is False
    assert scenario["scheduling"] == {"type": "on-demand"}
    assert kept["activated"] is True

    assert _EXECUTION_ID.match(run["executionId"])
    assert run == {"executionId": run["executionId"], "status": 1, "outputs": outputs}
    assert kept["detail"] == {"status": "SUCCESS", "outputs": outputs}

    assert log["id"] == run["executionId"]
    assert log["imtId"].endswith(f"_{run['executionId']}")
    assert (log["status"], log["type"], log["operations"]) == (1, "auto", operations)
    assert log["centicredits"] == 100 * operations
    assert (log["scenarioId"], log["teamId"]) == (scenario["id"], world.team_id)
    assert (log["authorId"], log["organizationId"]) == (world.user_id, world.organization_id)
    assert log["duration"] > 0

    # Newest first; what happens within one millisecond has no order.
    times = [row["timestamp"] for row in kept["logs"]]
    assert times == sorted(times, reverse=True)
    assert {row["type"]: row["imtId"] for row in kept["logs"] if "status" in row} == {"auto": log["imtId"]}
    assert sorted(row["type"] for row in kept["logs"]) == ["auto", "modify", "start"]

    assert kept["deactivated"] is True
    assert kept["gone"] == 2 * [refused(404, f"Scenario '{scenario['id']}' not found.")]


# --- every method --------------------------------------------------------------------------------


def test_every_method_answers_what_its_types_promise(sdk: RunScript) -> None:
    done = sdk("every-method")

    responses = done["answers"]
    assert responses.keys() == SDK_SHAPES.keys()
    called = {name.split()[0] for name in responses}
    assert called == set(done["methods"]) - NOT_EMULATED
    assert set(done["others"]) == OTHER_PARTS

    responses["executions.list"] = executions_in(responses["executions.list"])
    assert responses["executions.list"]
    found = {name: list(shape_mismatches(responses[name], shape)) for name, shape in SDK_SHAPES.items()}
    assert {name: texts for name, texts in found.items() if texts} == KNOWN_MISMATCHES


# --- the flows of the vendor's own integration tests ---------------------------------------------


def test_an_empty_scenario_lives_and_dies(sdk: RunScript, make_world: World) -> None:
    done = sdk("flows/scenarios")

    assert [row["name"] for row in done["listed"]] == [
        "Greeting",
        "Webhook to data store",
        "Weekly report",
        "Order intake",
    ]
    created = done["created"]
    assert (created["name"], created["teamId"], created["isActive"]) == ("Empty", make_world.team_id, False)
    assert created["createdByUser"] == {"id": 1, "name": "Ada Maker", "email": "ada@example.com"}
    assert done["read"] == created
    assert done["renamed"] == {**created, "name": "Still empty", "lastEdit": done["renamed"]["lastEdit"]}

    topic = {"name": "topic", "type": "text", "default": "news", "required": True, "multiline": False}
    assert done["interface"]["input"] == [topic]
    assert done["interfaceRead"] == {"input": [topic], "output": []}
    assert done["gone"] == refused(404, f"Scenario '{created['id']}' not found.")


def test_a_live_scenario_runs_and_is_deleted(sdk: RunScript) -> None:
    done = sdk("flows/executions")

    assert done["activated"] is True
    assert (done["run"]["status"], done["run"]["outputs"]) == (1, {"greeting": "Hello, Zoe!"})
    assert done["detail"] == {"status": "SUCCESS", "outputs": {"greeting": "Hello, Zoe!"}}
    assert done["gone"]["statusCode"] == 404


def test_a_data_store_keeps_two_contacts(sdk: RunScript, make_world: World) -> None:
    done = sdk("flows/data-stores")

    created = done["created"]
    assert (created["name"], created["teamId"]) == ("Contacts", make_world.team_id)
    assert (created["datastructureId"], created["maxSize"]) == (done["structureId"], "1048576")
    assert done["read"] == {**created, "records": "0"}
    assert done["renamed"] == {**created, "name": "People"}

    kim, lee = done["records"]
    assert kim["data"] == {
        "name": "Kim",
        "email": "kim@example.com",
        "status": "new",
        "createdAt": "2026-01-01T10:00:00.000Z",
    }
    assert done["listed"] == [kim, lee]
    assert done["updated"] == {
        "key": kim["key"],
        "data": {**kim["data"], "status": "old", "changedAt": "2026-01-02T10:00:00.000Z"},
    }
    assert done["replaced"] == {
        "key": lee["key"],
        "data": {"name": "Lee Roy", "email": "roy@example.com", "changedAt": "2026-01-02T10:00:00.000Z"},
    }
    assert done["left"] == [done["replaced"]]

    store, structure = created["id"], done["structureId"]
    assert done["structureInUse"] == refused(
        422, f"Data structure '{structure}' is used by data store '{store}'."
    )
    assert done["gone"] == [
        refused(404, f"DataStore '{store}' not found."),
        refused(404, f"DataStructure '{structure}' not found."),
    ]


def test_records_are_written_read_and_deleted(sdk: RunScript) -> None:
    odd_keys = ["two words", "100%", "a+b", "a?b#c", "Žluťoučký", "a&b=c", "a/b"]
    done = sdk("flows/records", oddKeys=odd_keys)

    ida, jon, kai = done["created"]
    assert _KEY.match(ida["key"])
    assert _KEY.match(kai["key"])
    assert ida["data"] == {"name": "Ida", "status": "active", "age": 30}
    assert jon == {"key": "my-own-key", "data": {"name": "Jon", "status": "active", "age": 28}}
    assert done["listed"] == [ida, jon, kai]
    assert done["page"] == [jon, kai]
    assert done["updated"] == {"key": ida["key"], "data": {"name": "Ida", "status": "away", "age": 30}}
    assert done["replaced"] == {"key": "my-own-key", "data": {"name": "Jon Doe", "age": 29}}
    assert done["afterOne"] == [done["updated"], done["replaced"]]
    assert done["afterAll"] == []
    assert done["odd"] == [{"key": key, "data": {"name": "Lou", "age": 1}} for key in odd_keys]


def test_a_data_structure_changes_and_is_cloned(sdk: RunScript, make_world: World) -> None:
    done = sdk("flows/data-structures")

    created, updated, cloned = done["created"], done["updated"], done["cloned"]
    assert (created["name"], created["teamId"], created["strict"]) == ("Person", make_world.team_id, True)
    assert [field["label"] for field in created["spec"]] == ["Name", "Age"]
    assert done["read"].items() <= created.items()
    assert (updated["id"], updated["name"]) == (created["id"], "Human")
    assert [field["label"] for field in updated["spec"]] == ["Full name", "Age"]
    assert [(row["id"], row["name"]) for row in done["listed"]] == [(created["id"], "Human"), (1, "Order")]
    assert cloned == {**updated, "id": cloned["id"], "name": "Human too"}
    assert cloned["id"] != created["id"]
    assert done["gone"] == [
        refused(404, f"DataStructure '{id}' not found.") for id in (created["id"], cloned["id"])
    ]


def test_a_custom_function_is_written_used_and_changed(sdk: RunScript) -> None:
    done = sdk("flows/functions")

    created = done["created"]
    first = "function shout(input) { return iml.upper(input); }"
    assert (created["name"], created["description"], created["code"]) == ("shout", "Shouts.", first)
    assert created["args"] == "(input)"
    assert created["createdByUser"] == {"id": 1, "name": "Ada Maker", "email": "ada@example.com"}
    assert [row["name"] for row in done["listed"]] == ["initials", "shout"]
    assert done["run"]["outputs"] == {"loud": "HELLO"}
    assert done["updated"] == {
        **created,
        "description": "Twice.",
        "code": 'function shout(input) { return input + input + "!"; }',
        "updatedAt": done["updated"]["updatedAt"],
    }
    assert done["runAgain"]["outputs"] == {"loud": "HelloHello!"}
    [user] = done["read"]["scenarios"]
    assert done["read"] == {**done["updated"], "scenarios": [{"id": user["id"], "name": "Shouter"}]}
    assert done["checked"] == {"success": True, "error": None}
    assert done["wrong"]["success"] is False
    assert done["wrong"]["error"].startswith("SyntaxError: ")
    assert done["refused"] == refused(400, "The function in the code is called 'whisper' instead of 'shout'.")
    [change] = done["history"]
    assert (change["previousCode"], change["updatedBy"]) == (first, "Ada Maker")
    assert done["inUse"] == refused(406, "Confirmation required.")
    assert done["gone"] == refused(404, f"Function '{created['id']}' not found.")


def test_a_connection_is_tested_and_public_templates_are_read(sdk: RunScript, make_world: World) -> None:
    done = sdk("flows/connections")

    created = done["created"]
    assert (created["name"], created["accountName"], created["accountType"]) == ("To Make", "make", "basic")
    assert done["read"] == {
        "id": created["id"],
        "name": "To Make",
        "accountName": "make",
        "teamId": make_world.team_id,
    }
    assert done["listed"] == [{"id": created["id"], "name": "To Make"}]
    assert (done["renamed"], done["verified"], done["updated"], done["scoped"]) == (
        "To itself",
        True,
        True,
        False,
    )
    assert done["editable"] == ["url", "apiKey"]
    failed = "The request failed due to failure of a previous request."
    assert done["wrong"] == refused(424, f"{failed}\n - [401] Access denied: Invalid token header.")
    assert done["gone"] == refused(404, f"Connection '{created['id']}' not found.")
    assert done["unknownType"] == refused(424, "Failed to load manifest for connection 'nobody'")

    assert (done["template"]["id"], done["template"]["usedApps"]) == (101, ["http"])
    assert done["blueprint"]["blueprint"]["name"] == done["template"]["name"]
    assert done["noTemplate"] == refused(404, "Template '999-nothing' not found.")


def test_organizations_and_teams_come_and_go(sdk: RunScript, make_world: World) -> None:
    done = sdk("flows/organizations")

    me = done["me"]
    assert (me["id"], me["name"], me["timezone"]) == (make_world.user_id, "Ada Maker", "Europe/Prague")
    assert done["authorization"]["authUsed"] == "token"
    assert {"scenarios:run", "organizations:write"} <= set(done["authorization"]["scope"])

    created = done["created"]
    assert (created["name"], created["timezoneId"], created["countryId"]) == ("New Org", 113, 1)
    assert [team["name"] for team in created["teams"]] == ["My Team"]
    assert done["listed"] == [
        {"id": make_world.organization_id, "name": "Example Organization"},
        {"id": created["id"], "name": "New Org"},
    ]
    assert (done["read"]["id"], done["read"]["operations"]) == (created["id"], "0")
    assert done["renamed"] == {**created, "name": "Newer Org"}
    assert done["organizationGone"] == refused(404, f"Organization '{created['id']}' not found.")

    team = done["team"]
    assert (team["name"], team["organizationId"]) == ("Second Team", make_world.organization_id)
    assert done["teams"] == [
        {"id": team["id"], "name": "Second Team"},
        {"id": make_world.team_id, "name": "Example Team"},
    ]
    assert done["teamRead"] == {"name": "Second Team", "activeScenarios": 0}
    assert done["teamGone"] == refused(404, f"Team '{team['id']}' not found.")


def test_the_fixed_lists_are_there(sdk: RunScript) -> None:
    done = sdk("flows/enums")

    assert done["countries"][:3] == [
        {"id": 4, "name": "Afghanistan", "code": "AFG", "code2": "af"},
        {"id": 5, "name": "Åland Islands", "code": "ALA", "code2": "ax"},
        {"id": 6, "name": "Albania", "code": "ALB", "code2": "al"},
    ]
    assert done["regions"] == [{"id": 1, "name": "EU"}, {"id": 2, "name": "US"}]
    [prague] = [zone for zone in done["timezones"] if zone["id"] == 113]
    assert prague["code"] == "Europe/Prague"
    for rows in done.values():
        assert len({row["id"] for row in rows}) == len(rows) > 0


# --- rejections ------------------------------------------------------------------------------------


@pytest.mark.make_world(rate_limit=False)
def test_rejections_become_errors_of_the_client(sdk: RunScript, make_world: World) -> None:
    read_only = make_world.create_token(["scenarios:read"])
    done = sdk("refusals", readOnly=read_only, hiddenScenario=5, dataStore=1)

    assert done.pop("scopeStillHeld") is True
    assert done.pop("kept") is True
    assert done == {
        "unknownToken": refused(401, "Invalid token header."),
        "unknownScenario": refused(404, "Scenario '999999' not found."),
        "outOfReach": refused(404, "Scenario '5' not found."),
        "missingScope": refused(403, "Access denied."),
        "runInactive": refused(422, "Scenario is not activated"),
        "activateTwice": refused(422, "Scenario is already running"),
        "missingInput": refused(400, faults("Missing value of required parameter 'name'.")),
        "severalFaults": refused(
            400, faults("Invalid text in parameter 'name'.", "Unknown parameter 'colour'.")
        ),
        "tooLarge": refused(413, "The outputs are larger than 5 bytes."),
        "unknownExecution": refused(404, f"Execution '{'0' * 32}' not found."),
        "unknownColumn": refused(400, faults("Unknown column 'colour' in parameter 'cols'.")),
        "inputsOnSchedule": refused(422, "Scenario inputs need on-demand scheduling."),
        "takenKey": refused(400, faults("Record with the key 'taken' already exists.")),
        "misfit": refused(
            400, faults("Invalid number in parameter 'quantity'.", "Unknown parameter 'colour'.")
        ),
        "unconfirmed": refused(406, "Confirmation required."),
    }


@pytest.mark.make_world(plan="core", now="2026-01-01T00:00:00Z")
def test_the_rate_limit_rejects_until_the_client_has_waited(sdk: RunScript, make_world: World) -> None:
    make_world.clock.freeze()
    allowance = 60
    done = sdk("rate-limit", allowance=allowance)

    exceeded = refused(429, "Requests limit for organization exceeded, please try again later.")
    assert done["allowed"] == allowance
    assert done["refused"] == exceeded
    assert done["refusedAgain"] == exceeded
    assert done["shortWaits"] == 3
    assert done["team"]["id"] == make_world.team_id
    assert done["seconds"] >= 59
    statuses = [row["status"] for row in make_world.requests]
    assert statuses[:allowance] == allowance * [200]
    assert set(statuses[allowance:-1]) == {429}
    assert statuses[-1] == 200


WITH_PRIVATE_SPACE = {
    "organizations": [{"name": "Acme", "teams": [{"name": "Ops"}, {"name": "Mine", "privateSpaceOf": 1}]}]
}


@pytest.mark.make_world(seed=WITH_PRIVATE_SPACE)
def test_a_private_space_is_read_and_limited(sdk: RunScript) -> None:
    done = sdk("flows/private-spaces")

    [space] = done["listed"]
    assert (space["name"], space["type"], space["privateSpaceOwnerName"]) == ("Mine", "personal", "Ada Maker")
    assert done["read"] == {**done["read"], **space}
    assert (done["read"]["operationsLimit"], done["read"]["consumedOperations"]) == (None, 0)
    assert (done["limited"]["operationsLimit"], done["limited"]["transferLimit"]) == (10_000, 536_870_912)
    assert done["restored"]["operationsLimit"] is None
    assert done["gone"]["statusCode"] == 404


@pytest.mark.make_world(seed=WITH_PRIVATE_SPACE)
def test_custom_properties_are_filled_in_and_deleted(sdk: RunScript) -> None:
    done = sdk("flows/custom-properties")

    assert len(done["listed"]) == 1
    assert done["second"]["statusCode"] == 400
    assert (done["item"]["name"], done["item"]["type"]) == ("reviewer", "shortText")
    assert (done["before"], done["after"]) == ({}, {})
    assert done["missing"]["statusCode"] == 404
    assert (done["created"], done["updated"], done["replaced"]) == (
        {"reviewer": "Ada"},
        {"reviewer": "Bea"},
        {},
    )


def test_credentials_are_requested_declined_and_deleted(sdk: RunScript, make_world: World) -> None:
    done = sdk("flows/credential-requests", userId=make_world.user_id)

    id = done["request"]["id"]
    assert (done["read"]["id"], done["read"]["name"]) == (id, "Keys for the import")
    assert id in done["listed"]
    [credential] = done["detail"]["credentials"]
    assert (credential["type"], credential["state"]) == ("key", "pending")
    assert (done["declined"]["state"], done["declined"]["declineReason"]) == ("declined", "Not needed")
    assert done["gone"]["statusCode"] == 404
    assert done["byModules"]["request"]["id"] in done["byModules"]["publicUri"]
