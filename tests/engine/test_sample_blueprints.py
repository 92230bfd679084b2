"""The sample blueprints do what they say, in the world that they are written for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from helpers.engine import EngineHarness, outputs_of
from make_emulator.engine.inputs import validate_inputs
from make_emulator.engine.runtime import executor
from make_emulator.world import connections, data_stores
from make_emulator.world.models import ConnectionTestResult, Execution

SAMPLES = Path(__file__).parents[2] / "fixtures" / "blueprints"


@pytest.fixture
def harness() -> EngineHarness:
    harness = EngineHarness()
    structure = harness.world.data_structures[1]
    data_stores.update_structure(
        harness.world,
        structure,
        strict=True,
        spec=[
            {"name": "sku", "type": "text", "required": True},
            {"name": "quantity", "type": "number", "required": True},
            {"name": "customer", "type": "text"},
        ],
    )
    harness.add("old", sku="A-1", quantity=12)
    for type in ("slack", "google"):
        row = connections.create(harness.world, harness.team, harness.user, name=type, type=type, data={})
        connections.set_test_result(harness.world, row, ConnectionTestResult("ok"))
    return harness


def run(harness: EngineHarness, name: str, inputs: Any = None, **options: Any) -> Execution:
    sample = orjson.loads((SAMPLES / f"{name}.json").read_bytes())
    io = sample.get("io", {})
    scenario = harness.scenario(*sample["flow"], output_spec=io.get("output_spec", ()))
    return executor.run_scenario(
        harness.world, scenario, inputs=validate_inputs(io.get("input_spec", ()), inputs), **options
    )


def test_greeting_greets(harness: EngineHarness) -> None:
    assert run(harness, "greeting", {"name": "Ada"}).outputs == {"greeting": "Hello, Ada!"}


def test_order_intake_keeps_the_order_and_answers_with_a_receipt(harness: EngineHarness) -> None:
    execution = run(harness, "order-intake", {"sku": " a-1 ", "quantity": 3, "customer": "ann@example.com"})
    assert execution.error is None
    outputs = execution.outputs
    assert outputs is not None
    assert harness.data(str(outputs["key"])) == {"sku": "A-1", "quantity": 3, "customer": "ann@example.com"}
    assert outputs["largest"] == 12
    assert outputs["large"] is False
    assert outputs["receipt"] == '{"sku":"A-1","quantity":3,"customer":"ann@example.com"}'
    assert execution.operations == 4


def test_webhook_to_datastore_keeps_what_the_hook_receives(harness: EngineHarness) -> None:
    execution = run(
        harness, "webhook-to-datastore", trigger_bundle={"sku": "C-3", "quantity": 2}, instant=True
    )
    [bundle] = outputs_of(execution, 2)
    assert bundle["data"] == {"sku": "C-3", "quantity": 2}
    assert harness.world.data_stores[1].records == 2
    assert run(harness, "webhook-to-datastore", trigger_bundle={"quantity": 2}, instant=True).operations == 1


def test_weekly_report_informs_the_team(harness: EngineHarness) -> None:
    execution = run(harness, "weekly-report")
    [row] = outputs_of(execution, 1)
    [message] = outputs_of(execution, 2)
    sent: Any = execution.steps[1].input
    assert sent["text"].startswith(f"Row {row['__ROW_NUMBER__']}: {row['0']} ordered for ")
    assert list(message) == ["ts", "channel", "message"]
    assert execution.operations == 2
