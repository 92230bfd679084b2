"""Data stores, and the records in them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from make_emulator.contract.client import ContractClient

from .resources import STRUCTURE_FIELDS, FreshResources, Resources
from .valid_requests import default_columns

DATA = "/data-stores/{dataStoreId}/data"


@pytest.fixture
def store(make: FreshResources) -> str:
    """The path of the records of a store with three of them, ``key-1`` to ``key-3``."""
    return f"/data-stores/{make.data_store(records=3)}/data"


def keys(api: ContractClient, path: str) -> list[str]:
    """The keys of the records of a store."""
    return [row["key"] for row in api.call("GET", path, query={"pg[limit]": 100}).fits()["records"]]


# --- stores --------------------------------------------------------------------------------------


@pytest.mark.covers("GET /data-stores", "success", "query teamId")
@pytest.mark.fidelity("data-stores.list")
def test_the_list_shows_the_stores_of_a_team(api: ContractClient, shared: Resources) -> None:
    id = shared.id("dataStore")
    query = {"teamId": api.target.team_id}
    rows = api.get("/data-stores", **query).fits()["dataStores"]
    [row] = [row for row in rows if row["id"] == id]
    assert list(row) == default_columns("GET /data-stores")
    assert row["teamId"] == api.target.team_id
    with_structure = api.call("GET", "/data-stores", query={**query, "cols[]": "datastructureId"}).fits()
    assert {tuple(row) for row in with_structure["dataStores"]} == {("datastructureId",)}


@pytest.mark.covers("POST /data-stores", "success")
@pytest.mark.fidelity("data-stores.create")
def test_a_store_is_made_with_a_size_and_a_structure(api: ContractClient, make: FreshResources) -> None:
    name, structure = make.name("store"), make.structure()
    sent = {"name": name, "teamId": api.target.team_id, "maxSizeMB": 1, "datastructureId": structure}
    made = api.post("/data-stores", sent).fits()["dataStore"]
    assert list(made) == default_columns("POST /data-stores")
    assert {key: made[key] for key in made if key != "id"} == {
        "name": name,
        "teamId": api.target.team_id,
        "datastructureId": structure,
        "records": 0,
        "size": "0",
        "maxSize": str(1024 * 1024),
    }


@pytest.mark.covers("POST /data-stores", "success")
@pytest.mark.fidelity("data-stores.create-no-structure")
@pytest.mark.parametrize("more", [{}, {"datastructureId": None}], ids=["left out", "null"])
def test_a_store_needs_no_structure(more: dict[str, Any], api: ContractClient, make: FreshResources) -> None:
    sent = {"name": make.name("store"), "teamId": api.target.team_id, "maxSizeMB": 1, **more}
    assert api.post("/data-stores", sent).fits()["dataStore"]["datastructureId"] is None


@pytest.mark.covers("PATCH /data-stores/{dataStoreId}", "success")
@pytest.mark.fidelity("data-stores.update")
def test_what_is_not_sent_of_a_store_stays(api: ContractClient, make: FreshResources) -> None:
    id, name = make.data_store(records=1), make.name("renamed")
    changed = api.patch(f"/data-stores/{id}", {"name": name}).fits()["dataStore"]
    assert (changed["id"], changed["name"], changed["records"]) == (id, name, 1)
    assert changed["datastructureId"] is not None


# --- records -------------------------------------------------------------------------------------


@pytest.mark.covers(f"GET {DATA}", "success")
@pytest.mark.fidelity("records.list")
def test_the_records_come_with_the_structure(api: ContractClient, store: str) -> None:
    body = api.get(store).fits()
    assert body["records"][0] == {"key": "key-1", "data": {"sku": "A-1", "quantity": 1}}
    assert (body["spec"], body["strict"], body["count"]) == (STRUCTURE_FIELDS, True, 3)
    assert body["pg"] == {"limit": 10, "offset": 0, "returnTotalCount": False}


@pytest.mark.covers(f"GET {DATA}", "success")
@pytest.mark.fidelity("records.order")
def test_the_records_come_in_the_order_of_their_insertion(api: ContractClient, store: str) -> None:
    api.post(store, {"key": "a first letter", "data": {"sku": "B"}}).fits()
    assert keys(api, store) == ["key-1", "key-2", "key-3", "a first letter"]


@pytest.mark.covers(f"POST {DATA}", "success")
@pytest.mark.fidelity("records.create")
def test_a_new_record_is_answered_as_it_is(api: ContractClient, store: str) -> None:
    sent = {"key": "new", "data": {"sku": "B-7", "quantity": 2}}
    assert api.post(store, sent).fits() == sent
    assert "new" in keys(api, store)


@pytest.mark.covers(f"POST {DATA}", "success")
@pytest.mark.fidelity("records.auto-key")
def test_a_record_without_a_key_gets_one(api: ContractClient, store: str) -> None:
    made = api.post(store, {"data": {"sku": "B-7"}}).fits()
    assert re.fullmatch(r"[0-9a-f]{12}", made["key"])


@pytest.mark.covers(f"POST {DATA}", "validation")
@pytest.mark.fidelity("records.duplicate-key")
def test_a_key_that_there_is_cannot_be_made_again(api: ContractClient, store: str) -> None:
    before = api.get(store).fits()
    api.post(store, {"key": "key-1", "data": {"sku": "other"}}).refused(400)
    assert api.get(store).fits() == before


@pytest.mark.covers(f"POST {DATA}", "validation")
@pytest.mark.covers(f"PUT {DATA}/{{key}}", "validation")
@pytest.mark.fidelity("records.strict-unknown", "records.strict-error")
def test_a_strict_structure_refuses_fields_that_it_does_not_have(api: ContractClient, store: str) -> None:
    wrong = {"sku": "B-7", "contract": 1}
    api.post(store, {"key": "new", "data": wrong}).refused(400, "SC400")
    api.put(f"{store}/key-1", wrong).refused(400, "SC400")
    assert keys(api, store) == ["key-1", "key-2", "key-3"]


@pytest.mark.covers(f"POST {DATA}", "success")
@pytest.mark.fidelity("records.loose-unknown")
def test_a_structure_that_is_not_strict_keeps_other_fields(api: ContractClient, make: FreshResources) -> None:
    path = f"/data-stores/{make.data_store(strict=False)}/data"
    data = {"sku": "B-7", "contract": 1}
    made = api.post(path, {"key": "new", "data": data}).fits()
    assert {name: made["data"].get(name) for name in data} == data


@pytest.mark.covers(f"PUT {DATA}/{{key}}", "success")
@pytest.mark.fidelity("records.put")
def test_a_record_that_is_put_loses_what_is_not_sent(api: ContractClient, store: str) -> None:
    put = api.put(f"{store}/key-2", {"sku": "Z-9"}).fits()
    assert put["key"] == "key-2"
    assert put["data"]["sku"] == "Z-9"
    assert put["data"].get("quantity") is None
    [kept] = [row for row in api.get(store).fits()["records"] if row["key"] == "key-2"]
    assert kept["data"].get("quantity") is None


@pytest.mark.covers(f"PUT {DATA}/{{key}}", "success")
@pytest.mark.fidelity("records.put-creates")
def test_a_record_that_is_put_where_there_is_none_is_made(api: ContractClient, store: str) -> None:
    api.put(f"{store}/new", {"sku": "Z-9"}).fits()
    assert "new" in keys(api, store)


@pytest.mark.covers(f"PATCH {DATA}/{{key}}", "success")
@pytest.mark.fidelity("records.patch")
def test_a_record_that_is_patched_keeps_what_is_not_sent(api: ContractClient, store: str) -> None:
    patched = api.patch(f"{store}/key-3", {"quantity": 8}).fits()
    assert patched == {"key": "key-3", "data": {"sku": "A-3", "quantity": 8}}


@pytest.mark.covers(f"PATCH {DATA}/{{key}}", "hidden")
@pytest.mark.fidelity("records.patch-missing")
def test_a_record_that_there_is_not_cannot_be_patched(api: ContractClient, store: str) -> None:
    api.patch(f"{store}/contract", {"quantity": 8}).refused(404, "SC404")


@pytest.mark.covers(f"DELETE {DATA}", "success")
@pytest.mark.fidelity("records.delete")
def test_records_are_deleted_by_their_keys(api: ContractClient, store: str) -> None:
    body = {"keys": ["key-1", "key-3"]}
    assert api.delete(store, body, confirmed="true").fits() == body
    assert keys(api, store) == ["key-2"]


@pytest.mark.covers(f"DELETE {DATA}", "success")
@pytest.mark.fidelity("records.delete")
def test_all_records_but_some_can_be_deleted(api: ContractClient, store: str) -> None:
    body = {"all": True, "exceptKeys": ["key-2"]}
    assert set(api.delete(store, body, confirmed="true").fits()["keys"]) == {"key-1", "key-3"}
    assert keys(api, store) == ["key-2"]


@pytest.mark.covers(f"DELETE {DATA}", "validation")
@pytest.mark.fidelity("records.delete")
@pytest.mark.parametrize("body", [{}, {"keys": ["key-1"], "all": True}], ids=["neither", "both"])
def test_records_are_deleted_by_keys_or_all_of_them(
    body: dict[str, Any], api: ContractClient, store: str
) -> None:
    api.delete(store, body, confirmed="true").refused(400, "SC400")


@pytest.mark.covers(f"DELETE {DATA}", "confirmation")
@pytest.mark.fidelity("records.delete-unconfirmed", "errors.im004")
@pytest.mark.parametrize("body", [{"keys": ["key-1"]}, {"all": True}], ids=["keys", "all"])
def test_records_are_deleted_with_confirmation_only(
    body: dict[str, Any], api: ContractClient, store: str
) -> None:
    api.delete(store, body).refused(406, "IM004")
    assert keys(api, store) == ["key-1", "key-2", "key-3"]
