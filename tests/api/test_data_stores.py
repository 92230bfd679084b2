from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest

from helpers.api import ApiClient, assert_ok


def keys(api: ApiClient) -> list[str]:
    return [row["key"] for row in assert_ok(api.get("/data-stores/1/data"))["records"]]


def test_a_store_is_shown_in_three_recorded_forms(api: ApiClient) -> None:
    created = assert_ok(api.post("/data-stores", json={"name": "New", "teamId": 1, "maxSizeMB": 2}))[
        "dataStore"
    ]
    assert list(created.items()) == [
        ("id", 4),
        ("name", "New"),
        ("teamId", 1),
        ("datastructureId", None),
        ("records", 0),
        ("size", "0"),
        ("maxSize", "2097152"),
    ]
    listed = assert_ok(api.get("/data-stores?teamId=1"))["dataStores"][0]
    assert list(listed) == ["id", "name", "records", "size", "maxSize", "teamId"]
    detail = assert_ok(api.get("/data-stores/1"))["dataStore"]
    assert list(detail) == ["id", "name", "records", "size", "maxSize", "teamId", "datastructureId"]
    assert (listed["name"], detail["records"]) == ("New", "4")


def test_updating_a_store_changes_what_is_sent_only(api: ApiClient) -> None:
    updated = assert_ok(api.patch("/data-stores/1", json={"maxSizeMB": 20}))["dataStore"]
    assert (updated["name"], updated["maxSize"], updated["datastructureId"]) == ("Orders", "20971520", 1)


def test_a_store_without_space_in_the_organization_is_rejected_with_im003(api: ApiClient) -> None:
    response = api.post("/data-stores", json={"name": "Huge", "teamId": 1, "maxSizeMB": 100_000})
    assert response.status_code == 400
    assert response.json is not None
    assert (response.json["code"], response.json["message"]) == ("IM003", "Not enough space in storage.")


def test_a_structure_of_another_team_is_not_accepted(api: ApiClient) -> None:
    assert_ok(api.post("/teams", json={"name": "Second", "organizationId": 1}))
    response = api.post("/data-stores", json={"name": "x", "teamId": 3, "maxSizeMB": 1, "datastructureId": 1})
    assert response.status_code == 400
    assert len(api.world.data_stores.where(team=3)) == 0


def test_records_come_ten_at_a_time_oldest_first_with_their_fields(api: ApiClient) -> None:
    response = assert_ok(api.get("/data-stores/1/data?pg[limit]=2&pg[offset]=1"))
    assert [row["key"] for row in response["records"]] == ["order-1002", "order-1003"]
    assert list(response) == ["records", "spec", "strict", "count", "pg"]
    assert (response["count"], response["strict"], response["spec"][0]["name"]) == (4, True, "sku")
    assert response["pg"] == {"limit": 2, "offset": 1, "returnTotalCount": False}
    assert assert_ok(api.get("/data-stores/1/data"))["pg"]["limit"] == 10


def test_a_record_without_a_key_gets_twelve_hexadecimal_digits(api: ApiClient) -> None:
    record = assert_ok(api.post("/data-stores/1/data", json={"data": {"sku": "Z", "quantity": 1}}))
    assert list(record) == ["key", "data"]
    assert re.fullmatch(r"[0-9a-f]{12}", record["key"])
    assert record["data"] == {"sku": "Z", "quantity": 1}


def test_put_replaces_and_patch_merges(api: ApiClient) -> None:
    path = "/data-stores/1/data/order-1001"
    assert assert_ok(api.patch(path, json={"quantity": 4}))["data"] == {
        "sku": "A-1",
        "quantity": 4,
        "customer": "ann@example.com",
    }
    assert assert_ok(api.put(path, json={"sku": "B", "quantity": 5}))["data"] == {"sku": "B", "quantity": 5}


def test_a_record_that_misses_a_required_field_is_rejected_by_name(api: ApiClient) -> None:
    for response in (
        api.post("/data-stores/1/data", json={"data": {"sku": "x"}}),
        api.put("/data-stores/1/data/order-1001", json={"sku": "x"}),
    ):
        assert response.status_code == 400
        assert response.json == {
            "detail": "Validation failed for 1 parameter(s).",
            "message": "Bad Request",
            "code": "SC400",
            "suberrors": [{"message": "Missing value of required parameter 'quantity'.", "name": "Error"}],
        }
    record = assert_ok(api.get("/data-stores/1/data"))["records"][0]
    assert record["data"]["sku"] == "A-1"


def test_patching_a_missing_record_is_404_and_putting_creates_it(api: ApiClient) -> None:
    path = "/data-stores/1/data/brand-new"
    assert api.patch(path, json={"sku": "x"}).status_code == 404
    assert_ok(api.put(path, json={"sku": "x", "quantity": 1}))
    assert keys(api)[-1] == "brand-new"


@pytest.mark.parametrize("body", [{"keys": ["order-1001"]}, {"all": True}])
def test_deleting_records_without_confirmation_is_406_and_deletes_nothing(
    api: ApiClient, body: dict[str, Any]
) -> None:
    for query in ("", "?confirmed=false"):
        response = api.delete(f"/data-stores/1/data{query}", json=body)
        assert response.status_code == 406
        assert response.json is not None
        assert (response.json["code"], response.json["message"]) == ("IM004", "Confirmation required.")
    assert len(keys(api)) == 4


def test_chosen_records_are_deleted_and_unknown_keys_passed_over(api: ApiClient) -> None:
    response = api.delete("/data-stores/1/data?confirmed=true", json={"keys": ["order-1001", "unknown"]})
    assert assert_ok(response) == {"keys": ["order-1001"]}
    assert "order-1001" not in keys(api)


def test_all_records_but_some_are_deleted(api: ApiClient) -> None:
    body = {"all": True, "exceptKeys": ["order-1002"]}
    assert len(assert_ok(api.delete("/data-stores/1/data?confirmed=true", json=body))["keys"]) == 3
    assert keys(api) == ["order-1002"]
    assert assert_ok(api.get("/data-stores/1"))["dataStore"]["records"] == "1"


@pytest.mark.parametrize(
    "body",
    [{}, {"all": False}, {"keys": []}, {"keys": ["a"], "all": True}, {"keys": ["a"], "exceptKeys": ["b"]}],
)
def test_what_to_delete_must_be_said_in_exactly_one_way(api: ApiClient, body: dict[str, Any]) -> None:
    assert api.delete("/data-stores/1/data?confirmed=true", json=body).status_code == 400
    assert len(keys(api)) == 4


def test_a_store_that_a_scenario_uses_is_deleted_with_confirmation_only(api: ApiClient) -> None:
    assert api.delete("/data-stores/1").status_code == 406
    assert api.delete("/data-stores?teamId=1", json={"ids": [2, 1]}).status_code == 406
    assert len(api.world.data_stores.where(team=1)) == 2
    assert assert_ok(api.delete("/data-stores?teamId=1", json={"ids": [2]})) == {"dataStores": [2]}
    assert assert_ok(api.delete("/data-stores/1?confirmed=true")) == {"dataStore": 1}
    assert api.get("/data-stores/1/data").status_code == 404


def test_stores_of_others_cannot_be_deleted_in_bulk(api: ApiClient) -> None:
    assert api.delete("/data-stores?teamId=1&confirmed=true", json={"ids": [2, 3]}).status_code == 404
    assert assert_ok(
        api.delete("/data-stores?teamId=1&confirmed=true", json={"all": True, "exceptIds": [1]})
    ) == {"dataStores": [2]}


def test_a_data_structure_lives_from_creation_to_deletion(api: ApiClient) -> None:
    spec = [{"name": "a", "type": "text", "required": True}]
    created = assert_ok(
        api.post("/data-structures", json={"name": "S", "teamId": 1, "spec": spec, "strict": True})
    )
    assert created == {"dataStructure": {"id": 2, "name": "S", "teamId": 1, "spec": spec, "strict": True}}
    assert assert_ok(api.get("/data-structures/2")) == {
        "dataStructure": {"id": 2, "name": "S", "teamId": 1, "spec": spec}
    }
    new_spec = [{"name": "b", "type": "number"}]
    assert (
        assert_ok(api.patch("/data-structures/2", json={"spec": new_spec}))["dataStructure"]["spec"]
        == new_spec
    )
    copy = assert_ok(api.post("/data-structures/2/clone", json={"name": "Copy"}))
    assert (copy["dataStructure"]["id"], copy["differentTeam"]) == (3, False)
    listed = assert_ok(api.get("/data-structures?teamId=1"))["dataStructures"]
    assert listed[1]["dataStoreUsages"] == [{"id": 1, "name": "Orders"}]
    rows = assert_ok(api.get("/data-structures?teamId=1&cols[]=id&cols[]=strict&cols[]=spec"))[
        "dataStructures"
    ]
    assert {"id": 2, "strict": True, "spec": new_spec} in rows
    assert assert_ok(api.delete("/data-structures/2")) == {"dataStructure": 2}
    assert api.get("/data-structures/2").status_code == 404


def test_a_structure_that_a_store_has_stays(api: ApiClient) -> None:
    response = api.delete("/data-structures/1?confirmed=true")
    assert response.status_code == 422
    assert response.json is not None
    assert response.json["code"] == "IM016"
    assert_ok(api.get("/data-structures/1"))


@pytest.mark.parametrize(
    "spec",
    [
        "text",
        [1],
        [{"name": "a"}],
        [{"type": "text"}],
        [{"name": 5, "type": "text"}],
        [{"name": "a", "type": "text"}] * 2,
        [{"name": "a", "type": "select"}],
        [{"name": "a", "type": "array", "spec": {"type": "url"}}],
        [{"name": "a", "type": "collection", "spec": [{"name": "b", "type": "email"}]}],
    ],
)
def test_a_specification_that_is_invalid_is_rejected(api: ApiClient, spec: Any) -> None:
    assert api.post("/data-structures", json={"name": "S", "teamId": 1, "spec": spec}).status_code == 400


@pytest.mark.parametrize("key", ["a/b", "two words", "100%", "a?b#c", "Žluťoučký", "%2F", "a%252Fb"])
def test_any_text_can_be_a_key_when_its_path_is_encoded(api: ApiClient, key: str) -> None:
    path = f"/data-stores/1/data/{quote(key, safe='')}"
    assert assert_ok(api.put(path, json={"sku": "x", "quantity": 1}))["key"] == key
    assert assert_ok(api.patch(path, json={"quantity": 2}))["data"]["quantity"] == 2
    assert keys(api)[-1] == key


def test_a_slash_that_is_not_encoded_is_another_path(api: ApiClient) -> None:
    assert api.put("/data-stores/1/data/a/b", json={"sku": "x", "quantity": 1}).status_code == 404
