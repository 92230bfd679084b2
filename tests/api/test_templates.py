from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from helpers.api import OUTSIDER_TOKEN, READER_TOKEN, ApiClient, assert_ok, assert_refused, suberror_messages
from make_emulator.world import organizations, templates

COLUMNS = [
    "id",
    "name",
    "teamId",
    "description",
    "usedApps",
    "public",
    "published",
    "approved",
    "approvedId",
    "requestedApproval",
    "publishedId",
    "publicUrl",
    "approvedName",
    "publishedName",
]
FLOW = [
    {
        "id": 1,
        "module": "gateway:CustomWebHook",
        "version": 1,
        "parameters": {"hook": 1, "maxResults": 2},
        "mapper": {},
    },
    {
        "id": 2,
        "module": "builtin:BasicRouter",
        "version": 1,
        "mapper": None,
        "routes": [
            {
                "flow": [
                    {
                        "id": 3,
                        "module": "slack:CreateMessage",
                        "version": 4,
                        "parameters": {"__IMTCONN__": 1},
                        "mapper": {"text": "{{1.text}}"},
                    },
                    {
                        "id": 4,
                        "module": "slack:CreateMessage",
                        "version": 4,
                        "parameters": {"__IMTCONN__": 1},
                    },
                ]
            }
        ],
    },
]
BLUEPRINT = {"name": "Lead intake", "flow": FLOW, "metadata": {"version": 1}}
SCHEDULING = {"type": "indefinitely", "interval": 900}
CONTROLLER = {"name": "Lead intake", "modules": {"1": {"text": "Call it."}}, "idSequence": 5}


def body(**changes: Any) -> dict[str, Any]:
    whole = {
        "teamId": 1,
        "language": "en",
        "blueprint": BLUEPRINT,
        "scheduling": SCHEDULING,
        "controller": CONTROLLER,
    }
    return {
        name: json.dumps(part) if isinstance(part, dict) else part
        for name, part in {**whole, **changes}.items()
        if part is not ...
    }


def create(api: ApiClient, **changes: Any) -> dict[str, Any]:
    template: dict[str, Any] = assert_ok(api.post("/templates", json=body(**changes)))["template"]
    return template


# --- a team's own --------------------------------------------------------------------------------


def test_a_template_is_created_under_the_name_of_its_blueprint(api: ApiClient) -> None:
    template = create(api)
    assert template == {
        "id": template["id"],
        "name": "Lead intake",
        "teamId": 1,
        "description": None,
        "usedApps": ["gateway", "builtin", "slack"],
        "public": False,
        "published": None,
        "approved": None,
        "approvedId": None,
        "requestedApproval": False,
        "publishedId": None,
        "publicUrl": None,
        "approvedName": None,
        "publishedName": None,
    }
    assert list(template) == COLUMNS
    assert assert_ok(api.get(f"/templates/{template['id']}")) == {"template": template}


def test_a_template_holds_nothing_of_the_team(api: ApiClient) -> None:
    content = assert_ok(api.get(f"/templates/{create(api)['id']}/blueprint?forUse=true"))
    assert list(content) == ["blueprint", "controller", "scheduling", "language", "metadata"]
    hook, router = content["blueprint"]["flow"]
    assert hook["parameters"] == {"maxResults": 2}
    assert [module["parameters"] for module in router["routes"][0]["flow"]] == [{}, {}]
    assert router["routes"][0]["flow"][0]["mapper"] == {"text": "{{1.text}}"}
    assert (content["scheduling"], content["controller"]) == (SCHEDULING, CONTROLLER)
    assert (content["language"], content["metadata"]) == ("en", None)


def test_the_parts_are_json_in_strings(api: ApiClient) -> None:
    for name, part in (("blueprint", BLUEPRINT), ("scheduling", SCHEDULING), ("controller", CONTROLLER)):
        assert suberror_messages(api.post("/templates", json={**body(), name: part})) == [
            f"Parameter '{name}' must be a JSON string."
        ]
        assert suberror_messages(api.post("/templates", json=body(**{name: ...}))) == [
            f"Missing value of required parameter '{name}'."
        ]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"blueprint": {"name": "x", "flow": []}}, "should have required property 'metadata'"),
        (
            {"controller": {"name": "x", "modules": {}}},
            "Missing value of required parameter 'controller.idSequence'.",
        ),
        (
            {"controller": {"name": "x", "modules": [], "idSequence": 2}},
            "Parameter 'controller.modules' must be an object.",
        ),
        (
            {"controller": {"name": "x", "modules": {}, "idSequence": True}},
            "Parameter 'controller.idSequence' must be a whole number.",
        ),
        ({"language": "english"}, "Parameter 'language' must be a code such as en."),
        ({"name": "Other"}, "Unknown parameter 'name'."),
    ],
)
def test_what_makes_no_template_is_rejected(api: ApiClient, changes: dict[str, Any], text: str) -> None:
    before = len(api.world.templates)
    assert suberror_messages(api.post("/templates", json=body(**changes))) == [text]
    assert len(api.world.templates) == before


def test_a_blueprint_with_unknown_modules_is_rejected_with_im007(api: ApiClient) -> None:
    flow = [{"id": 1, "module": "util:Unknown", "version": 1, "parameters": {}, "mapper": {}}]
    response = api.post("/templates", json=body(blueprint={**BLUEPRINT, "flow": flow}))
    assert_refused(response, 400, code="IM007", detail="Module not found 'util:Unknown' version '1'.")


def test_a_plan_without_templates_creates_none(api: ApiClient) -> None:
    organizations.change_plan(api.world, api.world.organizations[1], "free")
    assert_refused(api.post("/templates", json=body()), 403, code="SC403", message="Permission denied")
    assert [row["id"] for row in assert_ok(api.get("/templates?teamId=1"))["templates"]] == [1]


def test_the_list_has_ten_templates_by_id(api: ApiClient) -> None:
    first = assert_ok(api.get("/templates?teamId=1"))
    assert list(first["templates"][0]) == COLUMNS
    for _ in range(11):
        create(api)
    listed = assert_ok(api.get("/templates?teamId=1"))
    ids = [row["id"] for row in listed["templates"]]
    assert (len(ids), ids) == (10, sorted(ids))
    assert listed["pg"] == {
        "sortBy": "id",
        "limit": 10,
        "sortDir": "asc",
        "offset": 0,
        "returnTotalCount": False,
    }
    assert len(assert_ok(api.get("/templates?teamId=1&pg[offset]=10"))["templates"]) == 2
    assert "Missing value of required parameter 'teamId'." in suberror_messages(api.get("/templates"))


def test_the_list_is_narrowed_by_apps_and_by_whether_they_are_public(api: ApiClient) -> None:
    id = create(api)["id"]
    templates.approve(api.world, templates.publish(api.world, api.world.templates[id]))

    def listed(query: str) -> list[int]:
        return [
            row["id"] for row in assert_ok(api.get(f"/templates?teamId=1&cols[]=id&{query}"))["templates"]
        ]

    assert listed("usedApps[]=slack") == [id]
    assert listed("usedApps[]=slack&usedApps[]=gateway") == [id]
    assert listed("usedApps[]=slack&usedApps[]=trello") == []
    assert listed("public=true") == [id]
    assert listed("public=false") == [1]


def test_what_is_not_sent_stays(api: ApiClient) -> None:
    id = create(api)["id"]
    assert (
        assert_ok(api.patch(f"/templates/{id}", json={"name": "Renamed"}))["template"][0]["name"] == "Renamed"
    )
    flow = [{"id": 1, "module": "http:ActionSendData", "version": 3, "parameters": {}, "mapper": {}}]
    changed = assert_ok(
        api.patch(
            f"/templates/{id}?cols[]=name&cols[]=usedApps",
            json={"blueprint": json.dumps({**BLUEPRINT, "name": "Fourth", "flow": flow})},
        )
    )
    assert changed == {"template": [{"name": "Renamed", "usedApps": ["http"]}]}
    assert assert_ok(api.get(f"/templates/{id}/blueprint"))["controller"] == CONTROLLER
    assert suberror_messages(api.patch(f"/templates/{id}", json={"language": "de"})) == [
        "Unknown parameter 'language'."
    ]
    assert suberror_messages(api.patch(f"/templates/{id}", json={"controller": "{}"})) == [
        f"Missing value of required parameter 'controller.{name}'."
        for name in ("name", "modules", "idSequence")
    ]


def test_a_template_is_deleted_with_confirmation_only(api: ApiClient) -> None:
    for query in ("", "?confirmed=false"):
        assert_refused(api.delete(f"/templates/1{query}"), 406, code="IM004")
    assert_ok(api.post("/templates/1/publish"))
    version = api.world.templates[1].published_id
    assert assert_ok(api.delete("/templates/1?confirmed=true")) == {"template": 1}
    assert_refused(api.get("/templates/1"), 404, code="SC404", detail="Template '1' not found.")
    assert version not in api.world.public_templates


def test_an_approved_template_is_deleted_by_administrators_only(api: ApiClient) -> None:
    templates.approve(api.world, templates.publish(api.world, api.world.templates[1]))
    api.world.users.put(replace(api.world.users[1], is_admin=False))
    assert_refused(api.delete("/templates/1?confirmed=true"), 403, detail="Access denied.")
    api.world.users.put(replace(api.world.users[1], is_admin=True))
    assert_ok(api.delete("/templates/1?confirmed=true"))


def test_templates_of_others_do_not_exist(api: ApiClient) -> None:
    assert_refused(api.get("/templates/1", token=OUTSIDER_TOKEN), 404, detail="Template '1' not found.")
    assert_refused(api.get("/templates?teamId=1", token=OUTSIDER_TOKEN), 403, code="IM002")
    assert_refused(api.post("/templates", json=body(teamId=2)), 403, code="IM002")
    assert_refused(api.post("/templates", json=body(), token=READER_TOKEN), 403, code="SC403")
