"""Data structures, folders and data stores beyond the documented core."""

from __future__ import annotations

import pytest

from make_emulator.contract.client import ContractClient

from .behaviours import step
from .resources import STRUCTURE_FIELDS, FreshResources

NEW_FIELDS = [{"name": "b", "type": "number"}]


@pytest.mark.fidelity("data-structures.create", "data-structures.get", "data-structures.list")
def test_a_structure_is_shown_as_it_was_sent(api: ContractClient, make: FreshResources) -> None:
    team, name = api.target.team_id, make.name("structure")
    body = {"name": name, "teamId": team, "spec": STRUCTURE_FIELDS}
    made = api.post("/data-structures", body).fits()["dataStructure"]
    assert made == {"id": made["id"], **body, "strict": False}
    one = api.get(f"/data-structures/{made['id']}").fits()["dataStructure"]
    assert one == {"id": made["id"], **body}
    columns = {"cols[]": "strict"}
    one = api.call("GET", f"/data-structures/{made['id']}", query=columns).fits()["dataStructure"]
    assert one == {"strict": False}
    rows = api.get("/data-structures", teamId=team).fits()["dataStructures"]
    [row] = [row for row in rows if row["id"] == made["id"]]
    assert row == {
        "id": made["id"],
        "name": name,
        "teamId": team,
        "scenarioUsages": [],
        "dataStoreUsages": [],
    }
    api.post("/data-structures", {"name": make.name("structure"), "teamId": team}).refused(400)


@pytest.mark.fidelity("data-structures.update")
def test_a_new_specification_replaces_the_old_one(api: ContractClient, make: FreshResources) -> None:
    store = make.data_store(records=1, strict=False)
    row = api.get(f"/data-stores/{store}").fits()["dataStore"]
    id = row["datastructureId"]
    before = api.get(f"/data-stores/{store}/data").fits()["records"]
    changed = api.patch(f"/data-structures/{id}", {"spec": NEW_FIELDS}).fits()["dataStructure"]
    assert changed["spec"] == NEW_FIELDS
    assert api.get(f"/data-stores/{store}/data").fits()["records"] == before


@pytest.mark.fidelity("data-structures.delete-used")
def test_a_structure_that_a_scenario_uses_is_deleted_with_confirmation(
    api: ContractClient, make: FreshResources
) -> None:
    id = make.structure()
    creator = step(1, "json:CreateJSON", {"sku": "x"}, parameters={"type": id})
    make.scenario(creator, inputs=None)
    api.delete(f"/data-structures/{id}").refused(406, "IM004")
    assert api.delete(f"/data-structures/{id}", confirmed="true").fits() == {"dataStructure": id}
    api.get(f"/data-structures/{id}").refused(404)


@pytest.mark.fidelity("data-structures.delete-in-store")
def test_a_structure_that_a_store_uses_stays(api: ContractClient, make: FreshResources) -> None:
    store = make.data_store()
    id = api.get(f"/data-stores/{store}").fits()["dataStore"]["datastructureId"]
    for query in ({}, {"confirmed": "true"}):
        api.call("DELETE", f"/data-structures/{id}", query=query).refused(422, "IM016")
    assert api.get(f"/data-structures/{id}").fits()["dataStructure"]["id"] == id


@pytest.mark.fidelity("data-structures.clone")
def test_a_structure_is_cloned_within_its_team_or_to_another(
    api: ContractClient, make: FreshResources
) -> None:
    id, team = make.structure(), make.team()
    for target, differs in ((None, False), (team, True)):
        body = {"name": make.name("structure"), **({"targetTeamId": target} if target else {})}
        answer = api.post(f"/data-structures/{id}/clone", body).fits()
        copy = answer["dataStructure"]
        assert answer["differentTeam"] is differs
        assert (copy["name"], copy["spec"]) == (body["name"], STRUCTURE_FIELDS)
        api.guard.claim("dataStructure", copy)
        api.delete(f"/data-structures/{copy['id']}").ok()
        api.guard.forget("dataStructure", copy["id"])
    api.post(f"/data-structures/{id}/clone", {}).refused(400)


@pytest.mark.fidelity(
    "folders.create", "folders.list", "folders.rename", "folders.delete", "folders.no-nesting"
)
def test_a_folder_is_made_renamed_and_deleted(api: ContractClient, make: FreshResources) -> None:
    team, name = api.target.team_id, make.name("folder")
    made = api.post("/scenarios-folders", {"name": name, "teamId": team}).fits()
    folder = made["scenarioFolder"]
    api.guard.claim("folder", folder)
    api.get("/scenarios-folders").refused(400)
    scenario = make.scenario(folderId=folder["id"])["id"]
    answer = api.get("/scenarios-folders", teamId=team).fits()
    assert list(answer) == ["scenariosFolders"]
    names = [row["name"] for row in answer["scenariosFolders"]]
    assert [each.casefold() for each in names] == sorted(each.casefold() for each in names)
    [row] = [row for row in answer["scenariosFolders"] if row["id"] == folder["id"]]
    assert (row["name"], row["scenariosTotal"]) == (name, 1)
    renamed = make.name("folder")
    path = f"/scenarios-folders/{folder['id']}"
    assert api.patch(path, {"name": renamed}).fits()["scenarioFolder"]["name"] == renamed
    api.patch(path, {"name": renamed, "parentId": folder["id"]}).refused(400)
    assert api.delete(path).fits() == {"scenarioFolder": folder["id"]}
    api.guard.forget("folder", folder["id"])
    assert api.get(f"/scenarios/{scenario}").fits()["scenario"]["folderId"] is None


@pytest.mark.fidelity("data-stores.get-records", "records.size")
def test_a_single_store_shows_its_records_as_text(api: ContractClient, make: FreshResources) -> None:
    store = make.data_store(records=2)
    row = api.get(f"/data-stores/{store}").fits()["dataStore"]
    assert row["records"] == "2"
    rows = api.get("/data-stores", teamId=api.target.team_id).fits()["dataStores"]
    [listed] = [row for row in rows if row["id"] == store]
    assert listed["records"] == 2
    # 28 bytes, the key, and the document in BSON: its length, two fields, and its end.
    document = 4 + (1 + 4 + 4 + 4) + (1 + 9 + 4) + 1
    assert int(listed["size"]) == 2 * (28 + len("key-1") + document)


@pytest.mark.fidelity("data-stores.delete-unused", "data-stores.delete-one")
def test_a_store_that_nobody_uses_is_deleted_at_once(api: ContractClient, make: FreshResources) -> None:
    first, second = make.data_store(), make.data_store()
    answer = api.delete("/data-stores", {"ids": [first]}, teamId=api.target.team_id).fits()
    assert answer == {"dataStores": [first]}
    assert api.delete(f"/data-stores/{second}").fits() == {"dataStore": second}
    for id in (first, second):
        api.get(f"/data-stores/{id}").refused(404)
        api.guard.forget("dataStore", id)


@pytest.mark.fidelity("data-stores.delete-used", "data-stores.delete-many")
def test_of_several_stores_none_is_deleted_if_one_is_used(api: ContractClient, make: FreshResources) -> None:
    used, free, team = make.data_store(), make.data_store(), api.target.team_id
    make.scenario(step(1, "datastore:Stats", parameters={"datastore": used}), inputs=None)
    api.delete("/data-stores", {"ids": [used, free]}, teamId=team).refused(406, "IM004")
    for id in (used, free):
        assert api.get(f"/data-stores/{id}").fits()["dataStore"]["id"] == id
    api.delete("/data-stores", {"ids": [free]}).refused(400)


@pytest.mark.fidelity("data-stores.shrink", "errors.im003", "records.full")
def test_a_store_holds_no_more_than_its_size(api: ContractClient, make: FreshResources) -> None:
    store = make.data_store(strict=False)
    path = f"/data-stores/{store}/data"
    answer = api.post(path, {"key": "big", "data": {"sku": "x" * 1_100_000}}).refused(400, "IM003")
    assert answer["message"] == "Not enough space in storage."
    assert "detail" not in answer
    assert api.get(path).fits()["records"] == []


@pytest.mark.fidelity("records.no-data", "records.delete-unknown", "records.single-get")
def test_a_record_without_data_has_every_field_empty(api: ContractClient, make: FreshResources) -> None:
    store = make.data_store(strict=False)
    id = api.get(f"/data-stores/{store}").fits()["dataStore"]["datastructureId"]
    api.patch(f"/data-structures/{id}", {"spec": NEW_FIELDS}).fits()
    path = f"/data-stores/{store}/data"
    made = api.post(path, {"key": "empty"}).fits()
    assert made["data"] == {"b": None}
    assert api.delete(path, {"keys": ["unknown"]}, confirmed="true").status == 200
    api.get(f"{path}/empty").refused(405)


@pytest.mark.fidelity("records.keys-only")
def test_a_store_without_a_structure_stores_keys_only(api: ContractClient, make: FreshResources) -> None:
    body = {"name": make.name("store"), "teamId": api.target.team_id, "maxSizeMB": 1}
    store = api.post("/data-stores", body).fits()["dataStore"]["id"]
    made = api.post(f"/data-stores/{store}/data", {"key": "a", "data": {"x": 1}}).fits()
    assert (made["key"], made["data"]) == ("a", {})
