"""An agent's whole job through the Python package mcp 1.x alone: build, validate, activate, run, mend, run, clean up."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import httpx
from mcp.client.streamable_http import streamable_http_client

from mcp import ClientSession


class Agent:
    """Calls tools as a model does: by name and arguments, and reads the text that comes back."""

    def __init__(self, session: ClientSession) -> None:
        self.session = session

    async def call(self, tool: str, /, **arguments: Any) -> Any:
        result = await self.session.call_tool(tool, arguments)
        text = "".join(getattr(part, "text", "") for part in result.content)
        if result.isError:
            return {"error": text}
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text


async def work(agent: Agent, blueprint: dict[str, Any]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    organization = (await agent.call("organizations_list"))[0]["id"]
    team = (await agent.call("teams_list", organizationId=organization))[0]["id"]
    spec = [{"name": "total", "type": "number", "label": "Total"}]
    structure = await agent.call("data-structures_create", teamId=team, name="Order", strict=True, spec=spec)
    store = await agent.call(
        "data-stores_create", name="Orders", teamId=team, maxSizeMB=1, datastructureId=structure["id"]
    )
    blueprint["flow"][2]["parameters"]["datastore"] = store["id"]
    scheduling = {"type": "on-demand"}
    seen["valid"] = await agent.call("validate_blueprint_schema", blueprint=blueprint)
    scenario = await agent.call(
        "scenarios_create", teamId=team, blueprint=blueprint, scheduling=scheduling, confirmed=True
    )
    await agent.call(
        "scenarios_set-interface",
        scenarioId=scenario["id"],
        interface={
            "input": [{"name": "order", "type": "text", "required": True}, {"name": "key", "type": "text"}],
            "output": [{"name": "total", "type": "number"}],
        },
    )
    inputs = {"order": '{"total": 12.5}', "key": "A1"}
    run = {"scenarioId": scenario["id"], "data": inputs, "responsive": True}
    seen["inactive"] = await agent.call("scenarios_run", **run)
    seen["activated"] = await agent.call("scenarios_activate", scenarioId=scenario["id"])
    seen["broken"] = await agent.call("scenarios_run", **run)
    executions = await agent.call("executions_list", scenarioId=scenario["id"])
    failed = next(row for row in executions if row.get("status") == 3)
    seen["failed"] = await agent.call(
        "executions_get-detail", scenarioId=scenario["id"], executionId=failed["id"]
    )

    blueprint["flow"][1]["mapper"]["json"] = "{{1.order}}"
    await agent.call("scenarios_update", scenarioId=scenario["id"], blueprint=json.dumps(blueprint))
    if not (await agent.call("scenarios_get", scenarioId=scenario["id"]))["isActive"]:
        await agent.call("scenarios_activate", scenarioId=scenario["id"])
    seen["mended"] = await agent.call("scenarios_run", **run)
    seen["records"] = await agent.call("data-store-records_list", dataStoreId=store["id"])

    await agent.call("scenarios_deactivate", scenarioId=scenario["id"])
    seen["deleted"] = [
        await agent.call("scenarios_delete", scenarioId=scenario["id"]),
        await agent.call("data-store-records_delete", dataStoreId=store["id"], keys=["A1"]),
        await agent.call("data-stores_delete", dataStoreId=store["id"]),
    ]
    seen["gone"] = await agent.call("scenarios_get", scenarioId=scenario["id"])
    return seen


async def main(given: dict[str, Any]) -> dict[str, Any]:
    async with (
        httpx.AsyncClient(headers=given["headers"], timeout=60) as client,
        streamable_http_client(given["url"], http_client=client) as (read, write, _session_id),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        return await work(Agent(session), given["blueprint"])


print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))
