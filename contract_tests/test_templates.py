"""Templates of a team."""

from __future__ import annotations

import json
from typing import Any

import pytest

from make_emulator.contract.client import ContractClient

from .resources import ON_DEMAND, FreshResources, Resources
from .valid_requests import default_columns, valid_request


def listed(api: ContractClient, **query: Any) -> list[int]:
    query = {"teamId": api.target.team_id, "pg[limit]": 10_000, **query}
    return [row["id"] for row in api.call("GET", "/templates", query=query).fits()["templates"]]


@pytest.mark.covers("GET /templates", "success", "query teamId")
@pytest.mark.fidelity("templates.list", "templates.fields", "templates.default-columns")
def test_the_list_shows_the_templates_of_a_team(api: ContractClient, shared: Resources) -> None:
    id = shared.id("template")
    body = api.get("/templates", teamId=api.target.team_id).fits()
    assert (body["pg"]["sortBy"], body["pg"]["sortDir"], body["pg"]["limit"]) == ("id", "asc", 10)
    assert list(body["templates"][0]) == default_columns("GET /templates")
    assert {row["teamId"] for row in body["templates"]} == {api.target.team_id}
    assert id in listed(api)


@pytest.mark.covers("GET /templates", "query public", "query usedApps")
@pytest.mark.fidelity("templates.used-apps")
def test_the_list_can_be_narrowed_to_what_is_public_and_to_apps(
    api: ContractClient, make: FreshResources
) -> None:
    id = make.template()["id"]
    assert id in listed(api, public="false")
    assert id not in listed(api, public="true")
    assert id in listed(api, **{"usedApps[]": "scenario-service"})
    assert id not in listed(api, **{"usedApps[]": "contract-nothing"})


@pytest.mark.covers("GET /templates/{templateId}", "success")
def test_one_template_comes_as_in_the_list(api: ContractClient, shared: Resources) -> None:
    id = shared.id("template")
    template = api.get(f"/templates/{id}").fits()["template"]
    assert list(template) == default_columns("GET /templates/{templateId}")
    assert template["id"] == id


@pytest.mark.covers("GET /templates/{templateId}/blueprint", "success", "query forUse")
@pytest.mark.fidelity("templates.blueprint", "templates.for-use")
@pytest.mark.parametrize("query", [{}, {"forUse": "false"}], ids=str)
def test_the_blueprint_of_a_template_comes_flat(
    query: dict[str, str], api: ContractClient, make: FreshResources
) -> None:
    sent = make.template_body()
    id = api.post("/templates", sent).fits()["template"]["id"]
    body = api.call("GET", f"/templates/{id}/blueprint", query=query).fits()
    assert list(body) == ["blueprint", "controller", "scheduling", "language", "metadata"]
    assert body["blueprint"]["flow"] == json.loads(sent["blueprint"])["flow"]
    assert (body["scheduling"], body["language"]) == (ON_DEMAND, "en")


@pytest.mark.covers("GET /templates/{templateId}/blueprint", "query templatePublicId")
def test_a_version_that_was_never_published_is_404(api: ContractClient, shared: Resources) -> None:
    id = shared.id("template")
    api.get(f"/templates/{id}/blueprint", templatePublicId=987_654_321).refused(404)


@pytest.mark.covers("POST /templates", "success")
@pytest.mark.fidelity("templates.create", "templates.name")
def test_a_template_is_named_as_its_blueprint(api: ContractClient, make: FreshResources) -> None:
    sent = make.template_body()
    template = api.post("/templates", sent).fits()["template"]
    assert template["name"] == json.loads(sent["blueprint"])["name"]
    assert (template["teamId"], template["usedApps"]) == (api.target.team_id, ["scenario-service"])
    assert (template["public"], template["published"], template["approvedId"]) == (False, None, None)


@pytest.mark.covers("POST /templates", "plan")
@pytest.mark.fidelity("templates.plan")
def test_a_plan_without_templates_lets_none_be_made(
    api: ContractClient, make: FreshResources, license: dict[str, Any]
) -> None:
    answer = valid_request("POST /templates", make).send(api, in_plan=False)
    if license.get("creatingTemplates", True):
        assert answer.fits()["template"]["id"] > 0
    else:
        answer.refused(403, "SC403")


@pytest.mark.fidelity("templates.update", "templates.language")
def test_a_template_is_changed_in_part(api: ContractClient, make: FreshResources) -> None:
    before = make.template()
    path, name = f"/templates/{before['id']}", make.name("template")
    [changed] = api.patch(path, {"name": name}).ok()["template"]
    assert changed["name"] == name
    body = {"blueprint": make.template_body()["blueprint"]}
    [changed] = api.patch(path, body).ok()["template"]
    assert changed["name"] == name
    api.patch(path, {"language": "cs"}).refused(400)
    api.post("/templates", {**make.template_body(), "language": "English"}).refused(400)


@pytest.mark.fidelity("templates.controller")
@pytest.mark.parametrize(
    "controller", [{}, {"name": "contract"}, {"name": "contract", "modules": [], "idSequence": "1"}]
)
def test_a_controller_has_its_parts(controller: Any, api: ContractClient, make: FreshResources) -> None:
    named = {**controller, "name": make.name("template")} if "name" in controller else controller
    body = {**make.template_body(), "controller": json.dumps(named)}
    api.post("/templates", body).refused(400, "SC400")


@pytest.mark.fidelity("templates.stripped")
def test_a_template_keeps_no_ids_of_its_team(api: ContractClient, make: FreshResources) -> None:
    store = make.data_store()
    body = make.template_body()
    blueprint = json.loads(body["blueprint"])
    blueprint["flow"] = [
        {"id": 1, "module": "datastore:Stats", "version": 1, "parameters": {"datastore": store}, "mapper": {}}
    ]
    id = api.post("/templates", {**body, "blueprint": json.dumps(blueprint)}).ok()["template"]["id"]
    kept = api.get(f"/templates/{id}/blueprint").ok()["blueprint"]["flow"][0]
    assert "datastore" not in kept["parameters"]


@pytest.mark.fidelity(
    "templates.publish", "templates.publish-again", "templates.request-approval", "templates.approval"
)
def test_a_template_is_published_and_approval_requested_once(
    api: ContractClient, make: FreshResources
) -> None:
    row = make.template()
    path = f"/templates/{row['id']}"
    api.post(f"{path}/request-approval", {}).refused(400)
    published = api.post(f"{path}/publish", {}).ok()["template"]
    assert published["published"] is not None
    slug = row["name"].replace(" ", "-")
    assert published["publicUrl"] == f"{published['publishedId']}-{slug}"
    assert api.post(f"{path}/publish", {}).ok()["template"]["publishedId"] == published["publishedId"]
    requested = api.post(f"{path}/request-approval", {}).ok()["template"]
    assert (requested["requestedApproval"], requested["approved"]) == (True, None)
    api.post(f"{path}/request-approval", {}).refused(400)


@pytest.mark.fidelity("templates.delete")
def test_a_template_is_deleted_with_confirmation(api: ContractClient, make: FreshResources) -> None:
    id = make.template()["id"]
    api.delete(f"/templates/{id}").refused(406, "IM004")
    assert api.delete(f"/templates/{id}", confirmed="true").ok() == {"template": id}
    api.get(f"/templates/{id}").refused(404)


@pytest.mark.fidelity(
    "templates.public-list", "templates.public-name", "templates.public-slug", "templates.public-exact-slug"
)
def test_public_templates_are_found_by_name_and_slug(api: ContractClient) -> None:
    answer = api.get("/templates/public").ok()
    rows = answer["templatesPublic"]
    assert answer["pg"]["limit"] == 100
    usages = [row["usage"] for row in rows]
    assert usages == sorted(usages, reverse=True)
    name = rows[0]["name"]
    found = api.get("/templates/public", name=name[: len(name) // 2].upper()).ok()["templatesPublic"]
    assert rows[0]["id"] in [row["id"] for row in found]
    slug = rows[0]["url"]
    one = api.get(f"/templates/public/{slug}").ok()
    assert one[next(iter(one))]["id"] == rows[0]["id"]
    api.get(f"/templates/public/{slug}-contract").refused(404)
    answer = api.get("/templates/public/contract").refused(400)
    assert "Validation failed for templateUrl unknown format" in json.dumps(answer)
