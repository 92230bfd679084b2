from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from helpers.api import NOON_ISO, OUTSIDER_TOKEN, ApiClient, assert_ok, assert_refused, suberror_messages
from make_emulator.world import templates

# --- publishing ----------------------------------------------------------------------------------


def test_a_template_is_published_and_waits_for_approval(api: ApiClient) -> None:
    published = assert_ok(api.post("/templates/1/publish"))["template"]
    version = published["publishedId"]
    assert published["publicUrl"] == f"{version}-greet-somebody"
    assert (published["published"], published["publishedName"]) == (NOON_ISO, "Greet somebody")
    assert (published["public"], published["approved"], published["requestedApproval"]) == (
        False,
        None,
        False,
    )
    requested = assert_ok(
        api.post(f"/templates/1/request-approval?templatePublicId={version}&cols[]=requestedApproval")
    )
    assert requested == {"template": {"requestedApproval": True}}
    assert_refused(api.get(f"/templates/public/{published['publicUrl']}"), 404, code="SC404")


def test_approval_is_requested_for_a_published_version_once(api: ApiClient) -> None:
    path = "/templates/1/request-approval"
    assert_refused(
        api.post(path),
        400,
        detail="The template has no published version that waits for approval.",
        code="SC400",
    )
    assert_ok(api.post("/templates/1/publish"))
    assert_refused(api.post(f"{path}?templatePublicId=101"), 404, detail="Template '101' not found.")
    assert_ok(api.post(path))
    assert_refused(api.post(path), 400, detail="The approval of the template was requested already.")


def test_an_approved_template_is_seen_by_everybody(api: ApiClient) -> None:
    assert_ok(api.post("/templates/1/publish"))
    assert_ok(api.post("/templates/1/request-approval"))
    templates.approve(api.world, api.world.templates[1])
    template = assert_ok(api.get("/templates/1"))["template"]
    assert (template["public"], template["approved"], template["requestedApproval"]) == (
        True,
        NOON_ISO,
        False,
    )
    assert (template["approvedId"], template["approvedName"]) == (template["publishedId"], "Greet somebody")
    seen = assert_ok(api.get(f"/templates/public/{template['publicUrl']}", token=OUTSIDER_TOKEN))[
        "templatePublic"
    ]
    assert (seen["id"], seen["name"], seen["usage"]) == (template["approvedId"], "Greet somebody", 0)


def test_a_published_version_is_a_copy(api: ApiClient) -> None:
    first = assert_ok(api.post("/templates/1/publish"))["template"]["publishedId"]
    assert_ok(api.patch("/templates/1", json={"name": "Later"}))
    shown = assert_ok(api.get("/templates/1"))["template"]
    assert (shown["name"], shown["publishedName"]) == ("Later", "Greet somebody")
    assert_ok(api.patch(f"/templates/1?templatePublicId={first}", json={"name": "Mended"}))
    shown = assert_ok(api.get("/templates/1"))["template"]
    assert (shown["name"], shown["publishedName"]) == ("Later", "Mended")
    assert_refused(api.patch("/templates/1?templatePublicId=101", json={"name": "x"}), 404)
    again = assert_ok(api.post("/templates/1/publish"))["template"]
    assert (again["publishedId"], again["publishedName"]) == (first, "Later")
    assert assert_ok(api.get(f"/templates/1/blueprint?templatePublicId={first}"))["language"] == "en"


def test_what_is_published_after_an_approval_is_a_version_of_its_own(api: ApiClient) -> None:
    approved = templates.approve(api.world, templates.publish(api.world, api.world.templates[1]))
    assert_ok(api.patch("/templates/1", json={"name": "Second"}))
    again = assert_ok(api.post("/templates/1/publish"))["template"]
    assert again["approvedId"] == approved.approved_id != again["publishedId"]
    assert (again["approvedName"], again["publishedName"]) == ("Greet somebody", "Second")
    templates.approve(api.world, api.world.templates[1])
    assert assert_ok(api.get("/templates/1"))["template"]["approvedName"] == "Second"
    assert approved.approved_id not in api.world.public_templates


# --- public ones ---------------------------------------------------------------------------------


def test_the_public_ones_come_most_used_first(api: ApiClient) -> None:
    response = assert_ok(api.get("/templates/public", token=OUTSIDER_TOKEN))
    rows = response["templatesPublic"]
    assert list(rows[0]) == ["id", "name", "description", "url", "usedApps", "usage"]
    assert rows[0] == {
        "id": 101,
        "name": "Fetch a page over HTTP",
        "description": "Fetches a web address and stores the response.",
        "url": "101-fetch-a-page-over-http",
        "usedApps": ["http"],
        "usage": 321,
    }
    usages = [row["usage"] for row in rows]
    assert usages == sorted(usages, reverse=True)
    assert response["pg"] == {
        "sortBy": "usage",
        "limit": 100,
        "sortDir": "desc",
        "offset": 0,
        "returnTotalCount": False,
    }


def test_the_public_ones_are_searched_by_name_apps_and_language(api: ApiClient) -> None:
    def found(query: str) -> list[int]:
        return [
            row["id"] for row in assert_ok(api.get(f"/templates/public?cols[]=id&{query}"))["templatesPublic"]
        ]

    assert found("name=http") == [101]
    assert found("name=SLACK") == [104, 103]
    assert found("usedApps[]=slack&usedApps[]=rss") == [103]
    assert found("name=unknown") == []
    assert found("pg[sortBy]=id&pg[sortDir]=asc&pg[limit]=2") == [101, 102]
    api.world.users.put(replace(api.world.users[1], language="de"))
    assert found("") == [105]
    assert found("includeEn=true&name=webhook") == [102, 105]


def test_a_public_one_is_found_by_its_slug(api: ApiClient) -> None:
    template = assert_ok(api.get("/templates/public/102-webhook-to-email?cols[]=id&cols[]=url"))
    assert template == {"templatePublic": {"id": 102, "url": "102-webhook-to-email"}}
    content = assert_ok(api.get("/templates/public/102-webhook-to-email/blueprint?templatePublicId=102"))
    assert list(content) == ["blueprint", "controller", "scheduling", "language", "metadata"]
    assert content["scheduling"] == {"type": "immediately"}
    assert content["controller"] == {"name": "Webhook to email", "modules": {}, "idSequence": 3}
    for path in (
        "102-webhook",
        "102",
        "999-nothing",
        "102-webhook-to-email?templatePublicId=101",
    ):
        assert_refused(api.get(f"/templates/public/{path}"), 404, code="SC404")


@pytest.mark.parametrize("url", ["webhook-to-email", "102-Webhook-To-Email", "102-", "102 webhook", "-1"])
def test_what_is_no_slug_is_rejected_in_makes_words(api: ApiClient, url: str) -> None:
    assert suberror_messages(api.get(f"/templates/public/{url}")) == [
        "Validation failed for templateUrl unknown format"
    ]


# --- scenarios from templates --------------------------------------------------------------------


def scenario_from(api: ApiClient, based_on: Any, **options: Any) -> Any:
    blueprint = {"name": "New", "flow": [], "metadata": {}}
    sent = {
        "teamId": 1,
        "blueprint": json.dumps(blueprint),
        "scheduling": json.dumps({"type": "on-demand"}),
        "basedon": based_on,
    }
    return api.post("/scenarios", json=sent, **options)


@pytest.mark.parametrize("id", [1, 101])
def test_a_scenario_remembers_the_template_that_it_is_based_on(api: ApiClient, id: int) -> None:
    scenario = assert_ok(scenario_from(api, id))["scenario"]
    assert api.world.scenarios[scenario["id"]].based_on == str(id)


def test_a_scenario_is_based_on_a_template_that_the_user_sees(api: ApiClient) -> None:
    before = len(api.world.scenarios)
    assert_refused(scenario_from(api, 99), 404, detail="Template '99' not found.", code="SC404")
    api.world.templates.put(replace(api.world.templates[1], id=7, team_id=2))
    assert_refused(scenario_from(api, 7), 404, code="SC404")
    assert suberror_messages(scenario_from(api, "1")) == ["Parameter 'basedon' must be a whole number."]
    assert len(api.world.scenarios) == before
    assert api.world.scenarios[assert_ok(scenario_from(api, None))["scenario"]["id"]].based_on is None
