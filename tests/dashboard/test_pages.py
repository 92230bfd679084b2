from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shlex
from dataclasses import replace
from itertools import pairwise
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from helpers.api import ADMIN_TOKEN, READER_TOKEN, ApiClient, assert_status, json_of
from helpers.html_page import Page
from helpers.oauth import CALLBACK, CLIENT_ID, CLIENT_SECRET, PKCE, OAuthHarness
from make_emulator import api as routes
from make_emulator import fidelity
from make_emulator.app import create_app
from make_emulator.world import external_services
from make_emulator.world.models import Attachment, IncompleteExecution, Mail, SentRequest

PAGES = ("/", "/catalogue", "/catalogue?module=slack:CreateMessage", "/docs", "/fidelity")
PAGES_OF_A_WORLD = ("/", "/docs")
EVIL = "</td><script>alert(1)</script><img src=x onerror=alert(2)>\"'"


def page(api: ApiClient, path: str) -> Page:
    return Page(api.control("GET", path))


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_from_elsewhere(api: ApiClient, path: str) -> None:
    shown = page(api, path)
    assert shown.values("src") == []
    assert not {"link", "img", "iframe", "object"} & {tag for tag, _ in shown.elements}
    targets = [*shown.values("href"), *shown.values("action"), *shown.values("data-url")]
    assert targets
    assert all(target.startswith(("/_emulator/", "#", "?")) for target in targets), targets


@pytest.mark.parametrize("path", PAGES_OF_A_WORLD)
def test_only_the_scripts_that_come_along_are_let_in(api: ApiClient, path: str) -> None:
    response = api.control("GET", path)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    scripts = Page(response).scripts
    assert len(scripts) == 2
    style = response.get_data(as_text=True).partition("<style>")[2].partition("</style>")[0]
    for text in (*scripts, style):
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy


def test_the_dashboard_shows_the_last_requests_and_the_resources(api: ApiClient) -> None:
    api.post("/scenarios/1/run", json={"data": {"name": "Zoe"}})
    api.delete("/scenarios/1", token=READER_TOKEN)
    text = page(api, "/").text
    assert "2026-03-02T12:00:00.000Z Frozen" in text
    assert "Ada Maker (token admin): POST /scenarios/1/run in organization 1 -> 200" in text
    assert "-> 403: the token lacks scenarios:write" in text
    assert "Greeting active running 2026-03-02 12:00:00" in text
    assert "Orders 4 372 of 10,485,760" in text
    assert re.search(r"read-only Ada Maker 1 [1-9]\d 0 scenarios:write scenarios:write", text)


def test_the_dashboard_leads_to_the_graph_of_a_scenario_and_of_a_run(api: ApiClient) -> None:
    api.control("POST", "/worlds", json={"name": "a & b"})
    run = json_of(api.post("/scenarios/1/run", json={"data": {"name": "Zoe"}}))["executionId"]
    links = page(api, "/").values("href")
    assert "/_emulator/studio#/w/default/scenarios/1" in links
    assert f"/_emulator/studio#/w/default/scenarios/1/runs/{run}" in links
    assert f"/_emulator/execution?world=default&id={run}" in links
    assert "/_emulator/studio#/w/a%20%26%20b/scenarios/1" in page(api, "/?world=a%20%26%20b").values("href")


def test_the_dashboard_shows_the_requested_world(api: ApiClient) -> None:
    name = "a & b?<i>"
    api.control("POST", "/worlds", json={"name": name})
    shown = page(api, "/")
    assert "?world=a%20%26%20b%3F%3Ci%3E" in shown.values("href")
    other = page(api, "/?world=a%20%26%20b%3F%3Ci%3E")
    assert f"World {name}" in other.text
    assert "/_emulator/worlds/a%20%26%20b%3F%3Ci%3E/clock" in other.values("data-url")
    assert api.control("GET", "/?world=nowhere").status_code == 404


def test_the_dashboard_shows_oauth_clients_without_their_secrets(api: ApiClient, oauth: OAuthHarness) -> None:
    oauth.tokens()
    agent = oauth.register(client_name="Agent <b>")
    oauth.code(client_id=agent["client_id"], **PKCE)
    oauth.create_client(name="Native", public=True, redirectUris=["com.example:/cb"], allowLoopback=False)
    shown = page(api, "/")
    assert "OAuth clients (3)" in shown.text
    assert f"Example App confidential {CLIENT_ID} any on loopback 1" in shown.text
    assert f"Agent <b> registered itself {agent['client_id']} {CALLBACK} 1" in shown.text
    assert "com.example:/cb 0" in shown.text
    html = api.control("GET", "/").get_data(as_text=True)
    assert CLIENT_SECRET not in html
    assert agent["client_secret"] not in html


def test_the_dashboard_shows_faults_and_scripts_with_their_matches(api: ApiClient) -> None:
    fault = {"method": "GET", "path": "/teams*", "status": 503, "times": 2, "delayMs": 1}
    assert api.control("POST", "/worlds/default/faults", json=fault).status_code == 201
    reset = {"action": "reset", "probability": 0.25}
    assert api.control("POST", "/worlds/default/faults", json=reset).status_code == 201
    rows = {"output": [{"0": "Ann"}, {"0": "Bob"}], "durationMs": 5, "times": 3}
    assert (
        api.control("PUT", "/worlds/default/modules/google-sheets:filterRows", json=rows).status_code == 200
    )
    error = {"error": {"name": "RateLimitError"}}
    assert api.control("PUT", "/worlds/default/modules/slack:CreateMessage", json=error).status_code == 200
    assert api.get("/teams/1").status_code == 503
    api.control("DELETE", "/worlds/default/requests")
    text = page(api, "/").text
    assert "GET /teams* respond 503, after 1 ms 1 of 2" in text
    assert "any method any path reset the connection, with a probability of 25 % 0" in text
    assert "google-sheets:filterRows output 2 bundles, 5 ms later 0 of 3" in text
    assert "slack:CreateMessage fail with RateLimitError 0" in text


def test_the_dashboard_shows_external_services_and_what_scenarios_sent(api: ApiClient) -> None:
    assert "Requests to external services (0) No requests yet." in page(api, "/").text
    assert "No mails yet." in page(api, "/").text
    rule = {"method": "GET", "url": "https://api.example.com/*", "status": 503, "times": 3, "delayMs": 2}
    assert api.control("POST", "/worlds/default/http", json=rule).status_code == 201
    deaf = {"url": "https://deaf.example.com/", "error": "timeout"}
    assert api.control("POST", "/worlds/default/http", json=deaf).status_code == 201
    paging = {"url": "https://pages.example.com/", "pages": ["a", "b"]}
    assert api.control("POST", "/worlds/default/http", json=paging).status_code == 201
    world = api.world
    common: dict[str, Any] = {
        "at": world.now(),
        "scenario_id": 1,
        "execution_id": "1" * 32,
        "module_id": 7,
        "module": "http:x",
    }
    url = f"https://api.example.com/orders?token=hush&name={EVIL}"
    external_services.record_request(
        world, SentRequest(**common, method="GET", url=url, answered_by="rule", rule_id=1, status=503)
    )
    attached = (Attachment(name="a.pdf", size=3),)
    external_services.record_mail(
        world,
        Mail(**common, to=("ann@example.com",), bcc=("bob@example.com",), subject=EVIL, attachments=attached),
    )
    shown = page(api, "/")
    assert "GET https://api.example.com/* respond 503, 2 ms later 0 of 3" in shown.text
    assert "any method https://deaf.example.com/ time out 0" in shown.text
    assert "any method https://pages.example.com/ respond 200 with 2 pages 0" in shown.text
    assert "12:00:00 503 GET https://api.example.com/orders?token=" in shown.text
    assert "Greeting, module 7 rule" in shown.text
    assert "12:00:00 ann@example.com, bob@example.com" in shown.text
    assert "1 attachment Greeting, module 7" in shown.text
    assert "hush" not in shown.text
    assert len(shown.scripts) == 2


def test_the_dashboard_shows_incomplete_executions(api: ApiClient) -> None:
    assert "Incomplete executions (0 not resolved)" in page(api, "/").text
    row = IncompleteExecution(
        id="0" * 32,
        scenario_id=1,
        team_id=1,
        execution_id="1" * 32,
        reason="The service was not there.",
        created=api.world.now(),
        index=1,
        blueprint={},
        failer=2,
        bundles={},
        size=1,
        retry=True,
        attempts=1,
        next_retry=api.world.now() + 60_000,
    )
    api.world.incomplete_executions.put(row)
    text = page(api, "/").text
    assert "Greeting The service was not there. 1 2026-03-02T12:01:00.000Z" in text
    api.world.incomplete_executions.put(replace(row, resolved=True))
    assert "The service was not there." not in page(api, "/").text


def test_the_buttons_of_the_dashboard_do_what_they_say(api: ApiClient) -> None:
    buttons = [attributes for tag, attributes in page(api, "/").elements if "data-url" in attributes]
    assert len(buttons) == 5
    for button in buttons:
        response = api.control(
            button["data-method"], button["data-url"].removeprefix("/_emulator"), data=button["data-body"]
        )
        assert response.status_code == 200, button
    clock = api.control("GET", "/worlds/default/clock").json
    assert clock is not None
    assert clock["now"] >= "2026-03-03T13:16:00"
    assert clock["frozen"] is False


def test_what_callers_name_is_shown_and_never_run(api: ApiClient) -> None:
    assert api.patch("/scenarios/1", json={"name": EVIL}).status_code == 200
    api.get(f"/{EVIL}")
    api.control("POST", "/worlds/default/tokens", json={"scopes": [], "label": EVIL})
    shown = page(api, "/")
    assert len(shown.scripts) == 2
    assert shown.values("onerror") == []
    # The name, the label, and the path in its sentence: once as requested, once as not found.
    assert shown.text.count("alert(2)") == 4


def test_a_server_without_worlds_still_has_its_pages(api: ApiClient) -> None:
    api.control("DELETE", "/worlds/default")
    assert "No worlds." in page(api, "/").text
    assert "Authorization: Token TOKEN" in page(api, "/docs").text


def test_a_world_without_teams_still_has_its_dashboard(api: ApiClient) -> None:
    for team in (1, 2):
        api.delete(f"/teams/{team}?confirmed=true")
    assert "World default" in page(api, "/").text


def test_the_reference_has_every_route_with_its_scopes(api: ApiClient) -> None:
    shown = page(api, "/docs")
    words = shown.values("data-words")
    assert len(words) == len(routes.endpoints())
    for endpoint in routes.endpoints():
        assert endpoint.name in shown.values("id")
        [mine] = [text for text in words if text.startswith(f"{endpoint.method} {endpoint.path} ".lower())]
        assert all(scope in mine for scope in endpoint.scopes)
    assert "pg[sortBy] query string one of" in shown.text


def test_the_reference_shows_an_example_of_each_response(api: ApiClient) -> None:
    source = api.control("GET", "/docs").get_data(as_text=True)
    samples = [html.unescape(text) for text in re.findall(r"<pre>(.*?)</pre>", source, re.DOTALL)]
    shown = [json.loads(text) for text in samples if not text.startswith("curl")]
    document = json_of(api.control("GET", "/openapi.json"))
    for operations in document["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                example = response["content"]["application/json"].get("example")
                assert example is None or example in shown, operation["operationId"]


def test_the_calls_that_the_reference_shows_can_be_made(api: ApiClient) -> None:
    source = api.control("GET", "/docs").get_data(as_text=True)
    calls = [
        text.replace("&#39;", "'").replace("&#34;", '"')
        for text in re.findall(r"<pre>(.*?)</pre>", source, re.DOTALL)
    ]
    calls = [text.replace("&amp;", "&").replace("\\\n", " ") for text in calls if text.startswith("curl")]
    assert len(calls) == len(routes.endpoints())
    answered = []
    for call in calls:
        words = shlex.split(call)
        [url] = [word for word in words if word.startswith("http")]
        pairs = list(pairwise(words))
        method = next((value for flag, value in pairs if flag == "-X"), "GET")
        if method == "DELETE":
            continue
        parts = urlsplit(url)
        response = api.app.test_client().open(
            parts.path,
            query_string=parts.query,
            method=method,
            headers=dict(value.split(": ", 1) for flag, value in pairs if flag == "-H"),
            data=next((value for flag, value in pairs if flag == "-d"), None),
        )
        answered.append(response.status_code)
        assert response.status_code not in (401, 405), call
    assert answered.count(200) > len(answered) * 0.7


def test_the_address_of_the_dashboard_may_lack_its_slash(api: ApiClient) -> None:
    response = api.control("GET", "")
    assert (response.status_code, response.headers["Location"]) == (308, "http://localhost/_emulator/")


@pytest.mark.parametrize("path", PAGES_OF_A_WORLD)
def test_with_a_key_a_browser_is_given_a_form_for_it_and_nothing_else(path: str) -> None:
    api = ApiClient(create_app(control_key="sesame"))
    form = Page(api.control("GET", path), 403)
    assert ("input", "password") in [(tag, attributes.get("type")) for tag, attributes in form.elements]
    assert ADMIN_TOKEN not in form.text
    assert api.control("GET", path, headers={"X-Emulator-Key": "wrong"}).status_code == 403
    assert api.control("GET", path, headers={"X-Emulator-Key": "wrong"}).is_json
    assert ADMIN_TOKEN in Page(api.control("GET", path, headers={"X-Emulator-Key": "sesame"})).text


def test_with_a_key_for_other_machines_loopback_sees_the_page_and_others_the_form() -> None:
    api = ApiClient(create_app(control_key="sesame", control_serves_loopback=True))
    far = {"REMOTE_ADDR": "10.0.0.5"}
    assert ADMIN_TOKEN in Page(api.control("GET", "/")).text
    form = Page(api.control("GET", "/", environ_base=far), 403)
    assert ("input", "password") in [(tag, attributes.get("type")) for tag, attributes in form.elements]
    assert ADMIN_TOKEN not in form.text
    unlocked = api.control("GET", "/", headers={"X-Emulator-Key": "sesame"}, environ_base=far)
    assert ADMIN_TOKEN in Page(unlocked).text


@pytest.mark.parametrize("path", PAGES)
def test_without_a_key_only_this_machine_is_shown_the_pages(api: ApiClient, path: str) -> None:
    assert api.control("GET", path, environ_base={"REMOTE_ADDR": "10.0.0.5"}).status_code == 403


# --- the page of a run ---------------------------------------------------------------------------


def run_of(api: ApiClient, *flow: dict[str, Any]) -> str:
    """The id of a run of some modules in the default world."""
    blueprint = json.dumps({"name": EVIL, "flow": flow, "metadata": {}})
    body = {"teamId": 1, "blueprint": blueprint, "scheduling": '{"type": "on-demand"}'}
    scenario = api.post("/scenarios?confirmed=true", json=body).json["scenario"]["id"]  # type: ignore[index]
    api.post(f"/scenarios/{scenario}/start")
    response = api.post(f"/scenarios/{scenario}/run", json={"responsive": True}).json
    assert response is not None
    return str(response["executionId"])


def node(id: int, module: str, mapper: Any, **rest: Any) -> dict[str, Any]:
    return {"id": id, "module": module, "version": 1, "parameters": {}, "mapper": mapper, **rest}


def test_the_page_of_a_run_shows_its_steps_and_decisions(api: ApiClient) -> None:
    condition = {"a": "{{2.value}}", "o": "number:greater", "b": "24"}
    id = run_of(
        api,
        node(2, "builtin:BasicFeeder", {"array": list(range(25))}),
        node(3, "json:ParseJSON", {"json": "{"}, filter={"name": EVIL, "conditions": [[condition]]}),
        node(4, "json:CreateJSON", {"object": {"password": "hunter2"}}),
    )
    shown = page(api, f"/execution?world=default&id={id}")
    assert f"bundle 1 of 25 was stopped by filter '{EVIL}' before module 3: 0 greater than 24" in shown.text
    assert 'does not hold 0 number:greater "24"' in shown.text
    assert "out and 5 more" in shown.text
    assert "img" not in {tag for tag, _ in shown.elements}
    assert "hunter2" not in shown.text
    link = f"/_emulator/execution?world=default&id={id}"
    assert link in page(api, "/?world=default").values("href")


def test_the_page_of_a_failed_run_shows_the_error(api: ApiClient) -> None:
    id = run_of(api, node(3, "json:ParseJSON", {"json": "{"}))
    text = page(api, f"/execution?world=default&id={id}").text
    assert "state error started" in text
    assert text.count("DataError: ") == 2


@pytest.mark.parametrize("query", ["", "?world=default", "?world=default&id=unknown", "?world=nowhere&id=1"])
def test_the_page_of_a_run_that_there_is_not_is_404(api: ApiClient, query: str) -> None:
    assert api.control("GET", f"/execution{query}").status_code == 404


# --- the fidelity ledger -------------------------------------------------------------------------


def test_the_fidelity_page_counts_the_behaviours_of_each_area(api: ApiClient) -> None:
    shown = page(api, "/fidelity")
    counts = fidelity.count_statuses(fidelity.shipped_behaviours())
    assert f"all {' '.join(map(str, counts.values()))}" in shown.text
    for area in fidelity.list_areas(fidelity.shipped_behaviours()):
        assert f"?area={quote(area)}" in shown.values("href")


def test_the_fidelity_page_shows_the_behaviours_of_an_area(api: ApiClient) -> None:
    shown = page(api, "/fidelity?area=Hooks")
    for behaviour in fidelity.shipped_behaviours():
        assert (behaviour.id in shown.values("id")) == (behaviour.area == "Hooks")
    assert "No area matches." in page(api, "/fidelity?area=weather").text


def test_the_fidelity_page_asks_for_the_control_key() -> None:
    api = ApiClient(create_app(control_key="sesame"))
    form = Page(api.control("GET", "/fidelity"), 403)
    assert ("input", "password") in [(tag, attributes.get("type")) for tag, attributes in form.elements]
    shown = Page(api.control("GET", "/fidelity", headers={"X-Emulator-Key": "sesame"}))
    assert "Fidelity ledger" in shown.text


def test_the_dashboard_shows_agents_their_grants_and_decisions(api: ApiClient) -> None:
    body = {"allow": {"scenarios": ["read", "run"], "hooks": "off"}}
    agent = json_of(api.control("PUT", "/worlds/default/agents/Ops <b>", json=body))["agent"]
    for path in ("/scenarios/1", "/hooks?teamId=1", "/hooks?teamId=1"):
        api.get(path, token=agent["token"])
    page = api.control("GET", "/").get_data(as_text=True)
    section = page.partition('id="agents"')[2].partition("</section>")[0]
    [_, row, *decisions] = re.findall(r"<tr>(.*?)</tr>", section, re.DOTALL)
    texts = [re.sub(r"<[^>]*>", " ", decision).split(maxsplit=1)[1].strip() for decision in decisions]
    denied = "Ops &lt;b&gt; tried to list hooks in team Example Team: refused, it has hooks: off"
    assert texts[:2] == [denied, denied]
    assert texts[2].startswith(
        "Ops &lt;b&gt; read scenario 1 &#34;Greeting&#34; in team Example Team: allowed by"
    )
    cells = [re.sub(r"<[^>]*>", " ", cell).split() for cell in row.split("</td>")]
    assert "Ops &lt;b&gt;" in row
    assert [" ".join(cell) for cell in cells[1:6]] == [
        "token Ops &lt;b&gt;",
        "hooks: off scenarios: read, run",
        "1",
        "2",
        "hooks: read",
    ]
    assert agent["token"] not in page


def test_the_dashboard_shows_the_mcp_server_and_toolboxes_without_their_keys(api: ApiClient) -> None:
    body = {"name": "Support <b>", "tools": [1, {"scenarioId": 1, "label": "Say hello"}]}
    toolbox = json_of(api.control("POST", "/worlds/default/toolboxes", json=body))["toolbox"]
    page = api.control("GET", "/").get_data(as_text=True)
    assert "http://localhost/mcp/stateless" in page
    assert f"http://localhost{toolbox['path']}" in page
    assert "Support &lt;b&gt;" in page
    assert "Greeting, Say hello" in page
    assert toolbox["keys"][0]["key"] not in page


def test_the_catalogue_page_lists_every_app_and_finds_modules_by_words(api: ApiClient) -> None:
    shown = page(api, "/catalogue")
    assert "Apps (419)" in shown.text
    assert "?app=google-sheets&world=default" in shown.values("href")
    found = page(api, "/catalogue?q=slack%20message")
    assert "Modules (10)" in found.text
    assert "slack:CreateMessage action 3, 4 full simulated" in found.text
    assert "slack:DeleteMessage action 4 name simulated" in found.text
    assert "slack:AddReaction" not in found.text
    assert "Google Sheets google-sheets 2" in page(api, "/catalogue?q=sheets").text


def test_the_catalogue_page_shows_an_app_with_its_modules(api: ApiClient) -> None:
    shown = page(api, "/catalogue?app=stripe")
    assert "Connections: stripe" in shown.text
    assert "The list is complete for version 1: any other module does not exist." in shown.text
    assert "?module=stripe%3AListCharges&world=default" in shown.values("href")


def test_the_catalogue_page_shows_the_versions_and_fields_of_a_module(api: ApiClient) -> None:
    text = page(api, "/catalogue?module=slack:CreateMessage").text
    assert "engine simulated : its output is mock data" in text
    assert text.index("Version 4") < text.index("Version 3 fields as exports and samples have them")
    assert "connection __IMTCONN__ : slack2, slack3" in text
    assert "channelType select required im, mpim, private, public" in text
    assert "output paths that exports read" in text
    assert "author_icon url" in text
    assert re.search(r'sample of its mock data { "ts": "\d{10}\.\d{6}" }', text)
    interpreted = page(api, "/catalogue?module=json:ParseJSON").text
    assert "interpreted : run by its own rules" in interpreted
    assert "json text required" in interpreted


def test_the_catalogue_page_shows_which_modules_a_world_scripts(api: ApiClient) -> None:
    api.control("POST", "/worlds", json={"name": "other"})
    script = {"output": {"ts": "1"}}
    api.control("PUT", "/worlds/other/modules/slack:CreateMessage", json=script)
    for query in ("module=slack:CreateMessage", "app=slack", "q=createmessage"):
        assert "scripted" not in page(api, f"/catalogue?{query}").text
        assert " scripted" in page(api, f"/catalogue?{query}&world=other").text
    assert api.control("GET", "/catalogue?world=nowhere").status_code == 404


@pytest.mark.parametrize(
    ("query", "name", "suggestion"),
    [
        ("module=slack:SendMessage", "slack:SendMessage", "?module=slack%3ACreateMessage&world=default"),
        ("module=gmail:sendEmail", "gmail:sendEmail", "?module=google-email%3AsendAnEmail&world=default"),
        ("app=gmail", "gmail", "?app=google-email&world=default"),
        ("q=slakc", "slakc", "?app=slack&world=default"),
        ("q=slakc:createmessage", "slakc:createmessage", "?module=slack%3ACreateMessage&world=default"),
    ],
)
def test_the_catalogue_page_suggests_what_was_meant(
    api: ApiClient, query: str, name: str, suggestion: str
) -> None:
    shown = page(api, f"/catalogue?{query}")
    assert f"{name} is not known. Did you mean" in shown.text
    assert suggestion in shown.values("href")


@pytest.mark.parametrize("parameter", ["q", "app", "module"])
def test_the_catalogue_page_shows_hostile_names_and_never_runs_them(api: ApiClient, parameter: str) -> None:
    shown = page(api, f"/catalogue?{parameter}={quote(EVIL)}")
    assert len(shown.scripts) == 1
    assert shown.values("onerror") == []
    assert "alert(2)" in shown.text
    assert page(api, f"/catalogue?{parameter}={'x' * 5_000}").text.count("x" * 200) < 5


def test_the_catalogue_page_shows_hostile_declarations_and_never_runs_them(api: ApiClient) -> None:
    lists: list[dict[str, Any]] = [{"name": EVIL, "type": "array", "spec": [{"name": EVIL, "type": EVIL}]}]
    for _ in range(8):
        lists = [{"name": EVIL, "type": "array", "spec": lists}]
    body = {
        "connection": {"parameter": EVIL[:60], "types": [EVIL]},
        "mapper": [{"name": EVIL, "type": EVIL, "options": [EVIL, {"value": EVIL}, None, {}]}],
        "output": [*lists, *({"name": f"f{place}", "type": "select"} for place in range(900))],
    }
    api.control("PUT", "/worlds/default/declared-modules/acme:Do", json=body)
    shown = page(api, "/catalogue?module=acme:Do")
    assert len(shown.scripts) == 1
    assert shown.values("onerror") == []
    assert "f899" in shown.text
    assert "declared by this world" in shown.text


def test_the_catalogue_page_asks_for_the_control_key_and_needs_no_world() -> None:
    api = ApiClient(create_app(control_key="sesame"))
    form = Page(api.control("GET", "/catalogue?app=slack"), 403)
    assert ("input", "password") in [(tag, attributes.get("type")) for tag, attributes in form.elements]
    key = {"X-Emulator-Key": "sesame"}
    assert "slack:CreateMessage" in Page(api.control("GET", "/catalogue?app=slack", headers=key)).text
    api.control("DELETE", "/worlds/default", headers=key)
    assert "Apps (419)" in Page(api.control("GET", "/catalogue", headers=key)).text


def test_the_dashboard_links_the_catalogue_and_flags_modules_that_are_not_known(api: ApiClient) -> None:
    run_of(api, node(1, "slack:SendMessage", {}, version=4))
    shown = page(api, "/")
    assert "/_emulator/catalogue?world=default" in shown.values("href")
    assert (
        "module 1: no module 'slack:SendMessage' is known; did you mean slack:CreateMessage?"
        in shown.text.partition("Scenarios (")[2]
    )


def test_the_page_of_checkpoints_shows_the_changes_since_one(api: ApiClient) -> None:
    assert "None." in page(api, "/checkpoints?world=default").text
    for name in ("first <i>", "second"):
        api.control("POST", "/worlds/default/checkpoints", json={"name": name})
        api.patch("/teams/1", json={"name": EVIL})
    shown = page(api, "/checkpoints?world=default")
    assert "Changes since second (0)" in shown.text
    shown = page(api, f"/checkpoints?world=default&name={quote('first <i>')}")
    assert "Changes since first <i> (1)" in shown.text
    assert f"{json.dumps(EVIL)}" in shown.text
    assert "img" not in [tag for tag, _ in shown.elements]
    assert json.dumps({"kind": "team", "id": 1}, separators=(",", ":")) in shown.values("data-body")
    [all_url] = set(shown.values("data-url"))
    assert_status(api.control("POST", all_url.removeprefix("/_emulator"), json={}))
    assert api.world.teams[1].name != EVIL
    assert "2, and the changes since" in page(api, "/").text
