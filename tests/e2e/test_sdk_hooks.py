"""A hook that the vendor's own client creates receives, and its scenario answers."""

from __future__ import annotations

import pytest

from make_emulator import World

from .conftest import RunScript

pytestmark = pytest.mark.e2e


def test_a_created_hook_receives_and_its_scenario_answers(sdk: RunScript, make_world: World) -> None:
    done = sdk("flows/hooks")

    hook = done["hook"]
    assert hook["url"] == make_world.base_url.replace("/api/v2", f"/hook/{hook['udid']}")
    assert done["fresh"] == {"address": hook["url"], "attached": False, "learning": True, "gone": False}
    assert done["activated"] is True
    assert done["answer"] == {
        "status": 201,
        "kind": "application/json",
        "readable": "*",
        "body": {"sku": "A-1", "quantity": 2},
    }
    assert done["attached"] == {
        **done["fresh"],
        "attached": True,
        "learning": False,
        "dataStructure": [{"name": "sku", "type": "text"}, {"name": "quantity", "type": "number"}],
    }
    log = done["log"]
    assert (log["status"], log["instant"], log["operations"], log["authorId"]) == (1, True, 2, None)
    assert (done["read"]["scenarioName"], done["read"]["queueCount"]) == ("Echo", 0)
    assert done["gone"]["statusCode"] == 404
    assert done["left"] == {"id": done["left"]["id"], "isActive": False, "isinvalid": True, "hookId": None}
    assert done["afterwards"] == 410
    [sent, after] = [row for row in make_world.requests if row["path"] == "/hook/********"]
    assert (sent["method"], sent["status"], after["method"], after["status"]) == ("POST", 201, "GET", 410)
