"""A run that is requested while another one has not ended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.api import ApiClient, assert_status

SLEEP = {"id": 1, "module": "util:FunctionSleep", "version": 1, "mapper": {"duration": 30}}


@pytest.mark.parametrize("sequential", [True, False])
def test_only_sequential_processing_rejects_a_second_run(api: ApiClient, sequential: bool) -> None:
    blueprint: dict[str, Any] = {
        "name": "Slow",
        "flow": [SLEEP],
        "metadata": {"scenario": {"sequential": sequential}},
    }
    document = {"teamId": 1, "blueprint": json.dumps(blueprint), "scheduling": '{"type":"on-demand"}'}
    id = assert_status(api.post("/scenarios", json=document))["scenario"]["id"]
    assert_status(api.post(f"/scenarios/{id}/start"))
    assert_status(api.control("PATCH", "/worlds/default/clock", json={"frozen": True}))

    def run() -> Any:
        return api.post(f"/scenarios/{id}/run", json={"responsive": False})

    assert_status(run())
    second = run()
    if not sequential:
        assert second.status_code == 200
        return
    assert second.status_code == 422
    assert second.json["detail"] == "Scenario is already being executed"
    assert "sequentially" in second.headers["X-Emulator-Why"]
    assert_status(api.control("POST", "/worlds/default/clock/advance", json={"seconds": 31}))
    assert_status(run())
