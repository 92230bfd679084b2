"""The vendor's command line, ``@makehq/cli`` as published, does its users' jobs on the emulator."""

from __future__ import annotations

import json
import re

import pytest

from make_emulator import World

from ..conftest import RunScript
from ..sdk_shapes import KNOWN_MISMATCHES, SDK_SHAPES, executions_in, shape_mismatches

pytestmark = [pytest.mark.e2e, pytest.mark.make_world(rate_limit=False)]

#: Categories of commands whose endpoints the emulator does not have, and single commands.
NOT_EMULATED = {
    "connected-system",
    "credential-requests",
    "custom-property-structure-items",
    "custom-property-structures",
    "custom-roles",
    "devices",
    "keys",
    "on-prem-agent",
    "private-spaces",
    "scenario-custom-properties",
    "sdk-apps",
    "sdk-connections",
    "sdk-endpoints",
    "sdk-functions",
    "sdk-modules",
    "sdk-rpcs",
    "sdk-webhooks",
    "roles permissions",
}

#: Category of commands -> part of the client that they call.
PARTS = {
    "data-structures": "dataStructures",
    "data-stores": "dataStores",
    "data-store-records": "records",
    "incomplete-executions": "incompleteExecutions",
    "public-templates": "publicTemplates",
}

#: Command -> method of the client whose answer it prints, where its name does not tell, or it asks for no columns.
METHODS = {
    "organizations list": "organizations.list with columns",
    "teams get": "teams.get",
    "data-store-records create without a key": "records.create without a key",
    "scenarios set-interface": "scenarios.setInterface",
    "executions get-detail": "executions.getDetail",
    "executions list-for-incomp-exec": "executions.listForIncompleteExecution",
    "executions get-for-incomp-exec": "executions.getForIncompleteExecution",
    "public-templates get-blueprint": "publicTemplates.getBlueprint",
}

#: Output of commands that print no data.
SENTENCES = {
    "organizations delete": "Organization has been deleted.",
    "teams delete": "Team has been deleted.",
    "data-structures delete": "Data structure has been deleted.",
    "data-stores delete": "Data store has been deleted.",
    "data-store-records delete": "Records have been deleted.",
    "folders delete": "Folder has been deleted.",
    "scenarios activate": "Scenario has been activated.",
    "scenarios deactivate": "Scenario has been deactivated.",
    "scenarios delete": "Scenario has been deleted.",
    "functions check": "Function code is valid.",
    "functions delete": "Function has been deleted.",
    "connections update": "Connection has been updated.",
    "connections verify": "Connection is valid.",
    "connections delete": "Connection has been deleted.",
    "hooks update": "Hook has been updated.",
    "hooks delete": "Hook has been deleted.",
}


def method_of(command: str) -> str:
    """The method of the client whose answer a command prints; with all columns, where it asks for them."""
    if command in METHODS:
        return METHODS[command]
    category, action = command.split()
    name = f"{PARTS.get(category, category)}.{action}"
    return f"{name} *" if f"{name} *" in SDK_SHAPES else name


def test_every_command_prints_what_the_client_promises(cli: RunScript) -> None:
    done = cli("every-command")

    responses = done["answers"]
    emulated = {
        command for command in done["commands"] if NOT_EMULATED.isdisjoint({command, command.split()[0]})
    }
    assert {" ".join(name.split()[:2]) for name in responses} == emulated
    assert {name: text for name, text in responses.items() if isinstance(text, str)} == SENTENCES

    responses["executions list"] = executions_in(responses["executions list"])
    assert responses["executions list"]
    for command in responses.keys() - SENTENCES.keys():
        method = method_of(command)
        found = list(shape_mismatches(responses[command], SDK_SHAPES[method]))
        assert found == KNOWN_MISMATCHES.get(method, []), command


def test_a_days_work(cli: RunScript, make_world: World) -> None:
    done = cli("day")

    assert done["found"] == {"organization": "Example Organization", "team": "Example Team"}
    assert done["mended"]["outputs"] == {"greeting": "Good day, Zoe!"}
    assert done["detail"] == {"status": "SUCCESS", "outputs": {"greeting": "Good day, Zoe!"}}
    assert done["newest"] == done["mended"]["executionId"]
    assert done["echoed"] == {"status": 201, "body": {"sku": "A-1", "quantity": 2}}
    key, data = zip(*(line.split(" | ") for line in done["table"] if " | " in line), strict=True)
    head, *known, made_up = (text.strip() for text in key)
    assert (head, known) == ("key", ["order-1001", "order-1003"])
    assert re.fullmatch("[0-9a-f]{12}", made_up)
    assert data[2].strip() == '{"sku":"A-1","quantity":12,"customer":"unknown"}'
    kept = {"key": "order-1001", "data": {"sku": "A-1", "quantity": 3, "customer": "ann@example.com"}}
    assert json.loads(done["compact"]) == [kept]


def test_rejections_end_with_a_code_and_a_sentence(cli: RunScript, make_world: World) -> None:
    done = cli("refusals", readOnly=make_world.create_token(["scenarios:read"]), hiddenScenario=5)

    def refused(status: int, message: str, *faults: str) -> list[object]:
        return [2, "\n - ".join([f"Error [{status}]: {message}", *faults])]

    one_fault = "Validation failed for 1 parameter(s)."
    assert done == {
        "unknownToken": refused(401, "Invalid token header."),
        "unknownScenario": refused(404, "Scenario '999999' not found."),
        "outOfReach": refused(404, "Scenario '5' not found."),
        "missingScope": refused(403, "Access denied."),
        "missingInput": refused(400, one_fault, "Missing value of required parameter 'name'."),
        "inactive": refused(422, "Scenario is not activated"),
        "misfit": refused(400, one_fault, "Invalid number in parameter 'quantity'."),
        "tooSmall": refused(400, one_fault, "Parameter 'maxSizeMB' is out of range."),
        "inUse": refused(422, "Data structure '1' is used by data store '1'."),
        "noJson": [1, "Error: Expected valid JSON, got: name"],
        "noNumber": [1, "Error: Expected a number, got: first"],
        "twice": [
            1,
            "Error: --scenario-id was supplied both positionally and as a flag; pass it only one way.",
        ],
        "noTeam": [1, "error: required option '--team-id <value>' not specified"],
        "beforeUpdate": "Connection is valid.",
        "emptied": refused(
            424,
            "The request failed due to failure of a previous request.",
            "[401] Access denied: Invalid token header.",
        ),
        "afterWrapping": "Connection is valid.",
    }
