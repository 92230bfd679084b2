"""Data stores, records and variables in the control API, and mails to mailhooks."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.api import ApiClient, assert_status
from helpers.webhooks import WebhookHarness


def look(api: ApiClient, path: str) -> dict[str, Any]:
    shown: dict[str, Any] = assert_status(api.control("GET", f"/worlds/default{path}"))
    return shown


def test_looking_at_data_leaves_no_request_in_the_log(api: ApiClient) -> None:
    [orders] = [row for row in look(api, "/data-stores")["dataStores"] if row["name"] == "Orders"]
    assert (orders["records"], orders["teamId"], orders["size"]) == (4, 1, 372)
    records = look(api, f"/data-stores/{orders['id']}/records")
    own = assert_status(api.get(f"/data-stores/{orders['id']}/data"))
    assert records["total"] == own["count"] == 4
    assert [(row["key"], row["data"]) for row in records["records"]] == [
        (row["key"], row["data"]) for row in own["records"]
    ]
    logged = look(api, "/requests")["requests"]
    assert [row["path"] for row in logged] == [f"/data-stores/{orders['id']}/data"]


def test_records_are_searched_and_paged(api: ApiClient) -> None:
    [orders] = [row for row in look(api, "/data-stores")["dataStores"] if row["name"] == "Orders"]
    path = f"/data-stores/{orders['id']}/records"
    everything = look(api, path)["records"]
    assert look(api, f"{path}?limit=2&offset=1") == {"records": everything[1:3], "total": 4}
    key = everything[2]["key"]
    assert look(api, f"{path}?q={key.upper()}")["records"][0]["key"] == key
    assert look(api, f"{path}?q=nothing-of-the-kind") == {"records": [], "total": 0}
    assert_status(api.control("GET", f"/worlds/default{path}?limit=x"), 400)
    assert_status(api.control("GET", "/worlds/default/data-stores/9999/records"), 404)


def test_variables_are_listed_with_their_owners(api: ApiClient) -> None:
    assert_status(api.post("/teams/1/variables", json={"name": "region", "typeId": 2, "value": "north"}))
    body = {"name": "brand", "typeId": 2, "value": "Acme"}
    assert_status(api.post("/organizations/1/variables", json=body))
    rows = look(api, "/variables")["variables"]
    assert {"owner": "team", "ownerId": 1, "name": "region", "typeId": 2, "value": "north"} in rows
    assert {"owner": "organization", "ownerId": 1, "name": "brand", "typeId": 2, "value": "Acme"} in rows


@pytest.fixture
def mailhook(api: ApiClient) -> int:
    body = {"name": "Mails", "teamId": 1, "typeName": "gateway-mailhook"}
    id: int = assert_status(api.post("/hooks", json=body))["hook"]["id"]
    return id


def test_a_mail_reaches_the_scenario_of_its_hook(api: ApiClient, mailhook: int) -> None:
    harness = WebhookHarness(api)
    harness.hook = mailhook
    id = harness.listen()
    blueprint = look(api, f"/scenarios/{id}")["scenario"]["blueprint"]
    assert blueprint["flow"][0]["parameters"]["hook"] == mailhook
    mail = {"from": "Ada <ada@example.com>", "subject": "Zażółć", "text": "Hello", "html": "<b>Hello</b>"}
    sent = assert_status(api.control("POST", f"/worlds/default/hooks/{mailhook}/mail", json=mail))
    assert sent == {"reply": "250 OK"}
    [run] = look(api, f"/scenarios/{id}")["scenario"]["runs"]
    [bundle] = look(api, f"/executions/{run['id']}/steps")["steps"][0]["output"]
    assert (bundle["subject"], bundle["text"].strip()) == ("Zażółć", "Hello")
    assert "ada@example.com" in str(bundle["from"])


def test_a_mail_that_cannot_be_delivered_is_refused_with_the_reason(api: ApiClient, mailhook: int) -> None:
    path = f"/worlds/default/hooks/{mailhook}/mail"
    api.post(f"/hooks/{mailhook}/disable")
    refused = assert_status(api.control("POST", path, json={"subject": "x"}), 400)
    assert "550 5.2.1 The mailhook takes no mail" in refused["detail"]
    api.post(f"/hooks/{mailhook}/enable")
    for header in ({"subject": "a\r\nBcc: b@example.com"}, {"from": "a\nb"}):
        assert_status(api.control("POST", path, json=header), 400)
    assert_status(api.control("POST", path, json={"to": "x"}), 400)
    assert_status(api.control("POST", "/worlds/default/hooks/9999/mail", json={}), 404)
    webhook = WebhookHarness(api).hook
    assert_status(api.control("POST", f"/worlds/default/hooks/{webhook}/mail", json={}), 404)
