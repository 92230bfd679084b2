"""A hook with a scenario of the test's own, and what is sent to it."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.test import TestResponse

from make_emulator.world.models import Execution

from .api import ApiClient, json_of

#: The body of the response for a hook whose scenario is inactive.
NO_LISTENER_MESSAGE = "There is no scenario listening for this webhook."


class WebhookHarness:
    """A hook of the default world with a scenario of the test's own."""

    def __init__(self, api: ApiClient) -> None:
        self.api = api
        self.hook = self.create("gateway-webhook", method=False, headers=False, stringify=False)
        self.scenario = 0

    def create(self, type_name: str, **data: Any) -> int:
        body = {"name": "Intake", "teamId": 1, "typeName": type_name, **data}
        return int(json_of(self.api.post("/hooks", json=body))["hook"]["id"])

    def listen(
        self,
        *flow: dict[str, Any],
        scheduling: Any = None,
        start: bool = True,
        settings: Any = None,
        **parameters: Any,
    ) -> int:
        """Let a scenario listen at the hook; its modules come after the trigger."""
        trigger = {
            "id": 1,
            "module": "gateway:CustomWebHook",
            "version": 1,
            "parameters": {"hook": self.hook, **parameters},
            "mapper": {},
        }
        blueprint = {"name": "Listener", "flow": [trigger, *flow], "metadata": {"scenario": settings or {}}}
        body = {
            "teamId": 1,
            "blueprint": json.dumps(blueprint),
            "scheduling": json.dumps(scheduling or {"type": "immediately"}),
        }
        self.scenario = int(json_of(self.api.post("/scenarios", json=body))["scenario"]["id"])
        if start:
            assert self.api.post(f"/scenarios/{self.scenario}/start").status_code == 200
        return self.scenario

    def send(
        self, method: str = "POST", *, query: str = "", hook: int | None = None, **options: Any
    ) -> TestResponse:
        path = f"/hook/{self.api.world.hooks[hook or self.hook].udid}"
        return self.api.app.test_client().open(path + query, method=method, **options)

    def set(self, **data: Any) -> None:
        assert json_of(self.api.post(f"/hooks/{self.hook}/set-data", json=data))["changed"]

    def runs(self) -> list[Execution]:
        return [
            row for row in self.api.world.logs.where(scenario=self.scenario) if isinstance(row, Execution)
        ]

    def bundles(self) -> list[Any]:
        """Output bundles of the trigger of each run."""
        return [list(run.steps[0].output) for run in self.runs()]

    def waiting(self) -> list[Any]:
        path = f"/hooks/{self.hook}/incomings"
        rows = json_of(self.api.get(path))["incomings"]
        return [json_of(self.api.get(f"{path}/{row['id']}"))["incoming"]["data"] for row in rows]

    def received(self, **options: Any) -> Any:
        """The bundle that a request becomes."""
        assert self.send(**options).status_code == 200
        [*_, incoming] = self.waiting()
        return incoming


def webhook_response_module(
    status: Any = "200", body: Any = None, *headers: dict[str, str]
) -> dict[str, Any]:
    mapper = {"status": status, "body": body, "headers": list(headers)}
    return {"id": 9, "module": "gateway:WebhookRespond", "version": 1, "parameters": {}, "mapper": mapper}


FAILING_MODULE = {
    "id": 8,
    "module": "json:ParseJSON",
    "version": 1,
    "parameters": {},
    "mapper": {"json": "{"},
}
