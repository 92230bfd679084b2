"""The studio in a real browser: what people do in it, hostile names and data, its sizes, and what assistive technology gets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.api import ADMIN_TOKEN, READER_TOKEN, ApiClient
from helpers.chromium import Page, open_browser
from helpers.http_modules import http_v3_module
from helpers.mcp import McpHarness
from helpers.webhooks import WebhookHarness
from make_emulator import MakeEmulator
from make_emulator.app import create_app
from make_emulator.resources import fixture_path
from make_emulator.server.wsgi import Server

pytestmark = pytest.mark.e2e

AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"

EVIL = """</script><img src=x onerror="document.title='owned'">"'`{{1.x}}"""

#: Waits until an expression is true in the page, and returns its value.
UNTIL = """
new Promise((resolve) => {
  const end = Date.now() + 60000;
  const look = () => {
    let value;
    try { value = (%s); } catch (error) { value = null; }
    if (value) resolve({ value });
    else if (Date.now() > end) resolve({ shown: document.body.innerText });
    else setTimeout(look, 15);
  };
  look();
})
"""


class Studio:
    """The studio in a tab."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, *parts: object) -> None:
        self.page.open("about:blank")
        self.page.open(f"{self.url}/_emulator/studio#/" + "/".join(map(str, parts)))

    def until(self, expression: str) -> Any:
        result = self.page.evaluate(UNTIL % expression)
        assert "value" in result, f"{expression} in {result['shown']}"
        return result["value"]

    def text(self, selector: str) -> str:
        """The text of an element, once it is there."""
        found: str = self.until(f"document.querySelector({json.dumps(selector)})?.innerText")
        return found

    def shows(self, text: str) -> None:
        self.until(f"document.body.innerText.includes({json.dumps(text)})")

    def press(self, text: str, within: str = "body") -> None:
        """Press the button or the link that has a text, once it can be pressed."""
        self.until(
            f"[...document.querySelectorAll({json.dumps(within)} + ' :is(button, a, summary)')].find("
            f"(each) => (each.innerText.trim() === {json.dumps(text)} || each.getAttribute('aria-label') === {json.dumps(text)})"
            " && !each.disabled && (each.click(), true))"
        )

    def type(self, label: str, text: str) -> None:
        """Type into the field that has a label."""
        self.until(
            f"(() => {{ const name = {json.dumps(label)};"
            " const field = [...document.querySelectorAll('input, textarea, select')].find((each) =>"
            " each.getAttribute('aria-label') === name || each.closest('label')?.innerText.trim().startsWith(name));"
            f" if (!field) return false; field.value = {json.dumps(text)};"
            " field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input', {bubbles: true})); return true; })()"
        )

    def drop(self, name: str, text: str) -> None:
        """Drop a file onto the area of the import."""
        self.until(
            "(() => { const area = document.querySelector('.drop'); if (!area) return false;"
            f" const data = new DataTransfer(); data.items.add(new File([{json.dumps(text)}], {json.dumps(name)}, {{type: 'application/json'}}));"
            " area.dispatchEvent(new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: data})); return true; })()"
        )

    def node(self, id: int) -> str:
        """The selector of a module in the graph."""
        return f'[data-module="{id}"]'

    def click_node(self, id: int) -> None:
        selector = json.dumps(self.node(id))
        self.until(
            f"document.querySelector({selector})?.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))"
        )


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with open_browser() as page:
        yield page


@pytest.fixture
def make() -> Iterator[MakeEmulator]:
    with MakeEmulator() as make:
        yield make


@pytest.fixture
def studio(page: Page, make: MakeEmulator) -> Studio:
    return Studio(page, make.url)


def runs_of(make: MakeEmulator, scenario: int) -> list[dict[str, Any]]:
    """The runs of a scenario, the latest first."""
    answer = make.control.call("GET", "worlds", "default", "scenarios", str(scenario))
    runs: list[dict[str, Any]] = answer["scenario"]["runs"]
    return runs


def requests_to(make: MakeEmulator) -> list[dict[str, Any]]:
    """The requests in the log of the default world."""
    logged: list[dict[str, Any]] = make.control.call("GET", "worlds", "default", "requests")["requests"]
    return logged


def blueprint_text(name: str) -> str:
    return (fixture_path("blueprints") / f"{name}.json").read_text("utf-8")


def test_an_export_is_dropped_run_and_mended_until_it_takes_the_other_route(studio: Studio) -> None:
    """Drop an export, run it, find out why a route was not taken, change the input, see it pass."""
    studio.open()
    studio.drop("shipping-quote.json", blueprint_text("shipping-quote"))
    studio.press("Carrier and price of a parcel")
    assert studio.until("document.querySelectorAll('[data-node]').length") == 7
    studio.press("Start")
    studio.press("Run")
    studio.type("Country", "US")
    studio.type("Weight", "12")
    studio.press("Run once")
    # The page of the run: the branch for parcels within the European Union was not reached.
    studio.until(
        f"document.querySelector('{studio.node(4)}')?.getAttribute('aria-label').includes('not reached')"
    )
    studio.click_node(4)
    studio.shows("The run did not reach this module.")
    studio.press("All events")
    studio.press("the bundle took branch 3 of module 2")
    studio.press("← All runs")
    studio.press("Run")
    studio.type("Country", "DE")
    studio.type("Weight", "12")
    studio.press("Run once")
    studio.until(f"document.querySelector('{studio.node(4)}')?.classList.contains('good')")
    assert "off" in studio.until(f"document.querySelector('{studio.node(5)}')?.getAttribute('class')")
    # Both runs side by side.
    other = studio.until(
        "[...(document.querySelector('[aria-label=\"Compare with another run\"]')?.options ?? [])].map((each) => each.value)[1]"
    )
    studio.type("Compare with another run", other)
    rows = studio.until(
        "[...document.querySelectorAll('section[aria-label=\"Comparison of two runs\"] tbody tr')].map((row) => row.innerText).join('\\n')"
    )
    assert "Courier" in rows
    assert "not reached" in rows
    assert "different" in rows


def test_a_run_is_followed_step_by_step_with_filters_and_bundles(studio: Studio, make: MakeEmulator) -> None:
    harness = WebhookHarness(ApiClient(make.app))
    conditions = [[{"a": "{{1.total}}", "o": "number:greater", "b": "100"}]]
    scenario = harness.listen(
        {
            "id": 2,
            "module": "json:ParseJSON",
            "version": 1,
            "parameters": {"type": ""},
            "mapper": {"json": '{"a": '},
            "filter": {"name": "Large", "conditions": conditions},
        }
    )
    harness.send(json={"total": 5, "nested": {"needle": "found it"}})
    harness.send(json={"total": 500})
    runs = runs_of(make, scenario)
    studio.open("w", "default", "scenarios", scenario, "runs", runs[1]["id"])
    studio.press("First event")
    studio.shows("total")
    studio.type("Search in the bundles", "needle")
    assert studio.text("mark") == "needle"
    studio.press("Next event")
    condition = studio.text(".condition")
    assert "5" in condition
    assert "number:greater" in condition
    assert "does not hold" in condition
    assert studio.text(".stepper .number") == "2 / 2"
    # The other run passed the filter and failed.
    studio.open("w", "default", "scenarios", scenario, "runs", runs[0]["id"])
    studio.until(f"document.querySelector('{studio.node(2)}')?.classList.contains('bad')")
    studio.press("Last event")
    assert "JSON" in studio.text(".detail .problem")


def call_of(id: int, scenario: int, mapper: dict[str, Any]) -> dict[str, Any]:
    """A module that calls another scenario and waits for it."""
    parameters = {"scenario": scenario, "shouldWaitForExecutionEnd": True}
    module = "scenario-service:CallSubscenario"
    return {"id": id, "module": module, "version": 2, "parameters": parameters, "mapper": mapper}


def test_the_number_on_a_bubble_opens_the_bundles_of_its_operations(
    studio: Studio, make: MakeEmulator
) -> None:
    harness = WebhookHarness(ApiClient(make.app))
    each = {"id": 2, "module": "builtin:BasicFeeder", "version": 1, "mapper": {"array": "{{1.items}}"}}
    mapper = {"name": "a", "scope": "roundtrip", "value": "{{2.value}}"}
    work = {"id": 3, "module": "util:SetVariable2", "version": 1, "parameters": {}, "mapper": mapper}
    scenario = harness.listen(each, work)
    harness.send(json={"items": [{"value": "first"}, {"value": "second"}]})
    run = runs_of(make, scenario)[0]["id"]
    studio.open("w", "default", "scenarios", scenario, "runs", run)
    badge = "document.querySelector('[data-badge=\"3\"]')"
    assert studio.until(f"{badge}?.getAttribute('aria-label')") == "Bundles of Set variable, 2 operations"
    studio.page.evaluate(f"{badge}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
    operations = studio.until(
        "[...document.querySelectorAll('.operation > summary')].map((each) => each.innerText)"
    )
    assert operations == [
        "Operation 1 bundle 1 of 2 of module 2, 1 out",
        "Operation 2 bundle 2 of 2 of module 2, 1 out",
    ]
    assert '"first"' in studio.text(".operation[open]")
    studio.until("document.querySelectorAll('.operation > summary')[1].click() ?? true")
    assert '"second"' in studio.text(".operation[open] + .operation[open]")
    # The time line leads to any event.
    line = "document.querySelector('[role=slider]')"
    assert studio.until(f"{line}?.getAttribute('aria-valuemax')") == "4"
    studio.page.evaluate(f"{line}.dispatchEvent(new KeyboardEvent('keydown', {{key: 'End', bubbles: true}}))")
    studio.until("document.querySelector('.stepper .number')?.innerText === '4 / 4'")
    assert "bundle 2 of 2" in studio.until(f"{line}.getAttribute('aria-valuetext')")


def test_a_run_leads_to_the_runs_that_it_called_and_they_lead_back(
    studio: Studio, make: MakeEmulator
) -> None:
    harness = WebhookHarness(ApiClient(make.app))
    scenario = harness.listen(call_of(2, 1, {"name": "{{1.name}}"}))
    harness.send(json={"name": "Ada"})
    run = runs_of(make, scenario)[0]["id"]
    studio.open("w", "default", "scenarios", scenario, "runs", run)
    studio.press("Greeting", ".links")
    studio.until(f"document.querySelector('h1')?.innerText === 'Greeting' && location.hash !== '#{run}'")
    called = runs_of(make, 1)[0]["id"]
    studio.until(f"location.hash.endsWith('/scenarios/1/runs/{called}')")
    studio.until("document.querySelector('.links')?.innerText.includes('called by Listener')")
    studio.press("Listener", ".links")
    studio.until(f"location.hash.endsWith('/scenarios/{scenario}/runs/{run}')")
    studio.press("Replay")
    studio.until("document.querySelector('.links')?.innerText.includes('replay of Listener')")
    assert [row["id"] for row in runs_of(make, scenario)][1:] == [run]


def test_two_runs_are_compared_by_the_first_bundle_that_differs(studio: Studio, make: MakeEmulator) -> None:
    harness = WebhookHarness(ApiClient(make.app))
    mapper = {"name": "a", "scope": "roundtrip", "value": "{{1.order.total}}"}
    work = {"id": 2, "module": "util:SetVariable2", "version": 1, "parameters": {}, "mapper": mapper}
    scenario = harness.listen(work)
    for total in (5, 500, 500):
        harness.send(json={"order": {"total": total, "currency": "EUR"}})
    latest, same, other = (row["id"] for row in runs_of(make, scenario))
    studio.open("w", "default", "scenarios", scenario, "runs", latest, "with", same)
    studio.shows("Both runs did the same with the same data.")
    studio.open("w", "default", "scenarios", scenario, "runs", latest, "with", other)
    shown = studio.text(".first-difference")
    assert "THE BUNDLE OUT OF MODULE 1" in shown.upper()
    rows = studio.until(
        "[...document.querySelectorAll('.difference tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText))"
    )
    assert rows == [["out[1].order.total", "500", "5"]]
    studio.press("Show it")
    studio.until("document.querySelector('.stepper .number')?.innerText === '1 / 2'")


def test_a_run_that_does_not_exist_has_a_page(studio: Studio) -> None:
    studio.open("w", "default", "scenarios", 1, "runs", "nothing")
    studio.shows("There is no execution 'nothing' in that world.")
    studio.press("← All runs")
    assert "Runs" in studio.text(".tabs")


def test_a_blueprint_is_edited_with_lint_and_a_module_is_scripted(studio: Studio, make: MakeEmulator) -> None:
    studio.open("w", "default", "scenarios", 1)
    studio.press("Blueprint")
    text = studio.until("document.querySelector('textarea.tall')?.value")
    studio.type(
        "Blueprint as JSON", text.replace("scenario-service:ReturnData", "scenario-service:ReturnDat")
    )
    studio.shows("no-such-module")
    studio.type("Blueprint as JSON", text.replace('"name": "Greeting"', '"name": "Salute"'))
    studio.press("Save")
    studio.until("document.querySelector('h1')?.innerText === 'Salute'")
    studio.click_node(1)
    studio.press("Script this module")
    studio.type("Or fail with", "RateLimitError")
    studio.press("Fail")
    studio.shows("Delete the script")
    [script] = make.control.call("GET", "worlds", "default", "modules")["modules"]
    assert script["error"]["name"] == "RateLimitError"
    studio.press("Delete the script")
    studio.until("!document.body.innerText.includes('Delete the script')")


def test_a_webhook_is_sent_to_and_its_run_appears_by_itself(studio: Studio, make: MakeEmulator) -> None:
    harness = WebhookHarness(ApiClient(make.app))
    scenario = harness.listen()
    studio.open("w", "default", "scenarios", scenario)
    studio.shows("No runs yet.")
    studio.press("Run")
    studio.type("Body as JSON", '{"name": ')
    studio.press("Send")
    studio.shows("The body is not JSON")
    studio.type("Body as JSON", '{"name": "Ada"}')
    studio.press("Send")
    studio.shows("Answered 200")
    studio.press("Runs")
    studio.until("document.querySelector('.side table')?.innerText.includes('success')")
    # A run that something else starts appears without a reload.
    harness.send(json={"name": "Zoe"})
    studio.until("document.querySelectorAll('.side table tr').length === 2")


def test_requests_appear_with_the_reason_of_a_refusal(studio: Studio, make: MakeEmulator) -> None:
    studio.open("w", "default", "requests")
    studio.shows("No requests.")
    api = ApiClient(make.app)
    reader = "22222222-2222-4222-8222-222222222222"
    assert api.post("/scenarios/1/start", token=reader).status_code == 403
    studio.until("document.querySelector('.log-row')?.click() ?? document.querySelector('.log-row')")
    studio.shows("scenarios:write")
    assert "refused: scope" in studio.text(".facts")
    assert "curl -X POST" in studio.text("pre.code")
    studio.press("pytest")
    studio.shows('make_world.requests.assert_called("POST", "/scenarios/1/start", times=1)')
    studio.type("Status", "2xx")
    studio.shows("No requests.")


def test_the_clock_is_advanced_and_tells_the_runs_that_fell_due(studio: Studio, make: MakeEmulator) -> None:
    world = make.create_world(now="2026-03-02T12:00:00Z")
    world.clock.freeze("2026-03-02T12:00:00Z")
    studio.open("w", world.name, "world")
    studio.until("document.querySelector('.clock')?.innerText.includes('2026-03-02 12:00:00')")
    studio.until("document.querySelector('.clock').click() ?? true")
    studio.press("+1 week")
    studio.shows("scenario 3 (Weekly report)")
    assert world.clock.now == "2026-03-09T12:00:00.000Z"


def test_records_variables_faults_checkpoints_and_worlds_are_changed(
    studio: Studio, make: MakeEmulator
) -> None:
    studio.open("w", "default", "data")
    store = studio.until("document.querySelector('.chips a')?.getAttribute('href')").rpartition("/")[2]
    studio.open("w", "default", "data", store)
    studio.press("New record")
    studio.type("Key", "zz-new")
    studio.type("Data", "{")
    studio.press("Save")
    studio.shows("The record is not JSON")
    studio.type("Data", '{"sku": "Z-1", "quantity": 1}')
    studio.press("Save")
    studio.shows("zz-new")
    studio.press("Delete zz-new")
    studio.until("!document.body.innerText.includes('zz-new')")
    studio.press("New variable")
    studio.type("Name", "region")
    studio.type("Value", "north")
    studio.press("Save")
    studio.shows('"north"')

    studio.open("w", "default", "world")
    studio.press("Add")
    studio.shows("any /scenarios*")
    assert ApiClient(make.app).get("/scenarios/1").status_code == 503
    studio.type("Name of the checkpoint", "before")
    studio.press("Create", "section[aria-label=Checkpoints]")
    studio.shows("Undo what came after")
    studio.type("Name of the world", "second")
    studio.press("Create", 'section[aria-label="New world"]')
    studio.until("location.hash === '#/w/second/scenarios'")
    studio.open("w", "second", "world")
    studio.press("Delete …")
    studio.press("Delete", "dialog")
    studio.until("location.hash.startsWith('#/w/default')")
    assert [row["name"] for row in make.control.worlds()] == ["default"]


def test_looking_at_data_leaves_the_request_log_alone(studio: Studio, make: MakeEmulator) -> None:
    studio.open("w", "default", "data")
    studio.until("document.querySelector('.chips a')?.click() ?? document.querySelector('.chips a')")
    studio.until("document.querySelectorAll('.scroll .list tbody tr').length === 4")
    studio.type("Search in the records", "nothing of the kind")
    studio.shows("No records.")
    assert requests_to(make) == []
    section = 'section[aria-label="Variables of the organization"]'
    studio.press("New variable", section)
    studio.type("Name", "vat")
    studio.type("Type", "1")
    studio.type("Value", "0.19")
    studio.press("Save", section)
    studio.until(f"document.querySelector('{section} table')?.innerText.includes('0.19')")
    rows = make.control.call("GET", "worlds", "default", "variables")["variables"]
    [variable] = [row for row in rows if row["name"] == "vat"]
    assert (variable["owner"], variable["value"]) == ("organization", 0.19)


def test_what_is_done_in_the_studio_is_no_request_of_a_client(studio: Studio, make: MakeEmulator) -> None:
    harness = WebhookHarness(ApiClient(make.app))
    failing = {"id": 2, "module": "json:ParseJSON", "version": 1, "parameters": {"type": ""}}
    incomplete = harness.listen({**failing, "mapper": {"json": "{"}}, settings={"dlq": True})
    harness.send(json={})
    make.control.call("DELETE", "worlds", "default", "requests")

    studio.open("w", "default", "scenarios", 1)
    studio.press("Stop", ".head")
    studio.press("Start", ".head")
    studio.press("Run")
    studio.type("Name", "Zoe")
    studio.press("Run once")
    studio.until("location.hash.includes('/runs/')")
    first = studio.page.evaluate("location.hash")
    studio.press("Replay")
    studio.until(f"location.hash.includes('/runs/') && location.hash !== {json.dumps(first)}")
    studio.open("w", "default", "scenarios", 1)
    studio.press("Blueprint")
    text = studio.until("document.querySelector('textarea.tall')?.value")
    studio.type("Blueprint as JSON", text.replace('"name": "Greeting"', '"name": "Salute"'))
    studio.press("Save")
    studio.until("document.querySelector('h1')?.innerText === 'Salute'")
    studio.open("w", "default", "scenarios", incomplete)
    studio.press("Edit the retry")
    studio.press("Save and retry")
    studio.shows("Edit the retry")
    studio.open("w", "default", "data", 1)
    studio.press("New record")
    studio.type("Key", "a/b")
    studio.type("Data", '{"sku": "Z-1", "quantity": 1}')
    studio.press("Save")
    studio.press("Delete a/b")
    studio.until("!document.body.innerText.includes('a/b')")
    studio.press("New variable", 'section[aria-label="Variables of the team"]')
    studio.type("Name", "region")
    studio.type("Value", "north")
    studio.press("Save")
    studio.shows('"north"')
    assert requests_to(make) == []
    assert len(runs_of(make, 1)) >= 2


def test_replaying_a_request_is_one_of_a_client(studio: Studio, make: MakeEmulator) -> None:
    ApiClient(make.app).get("/scenarios/1")
    studio.open("w", "default", "requests", 1)
    studio.press("Replay")
    studio.until("document.querySelectorAll('.log-row').length === 2")
    assert [row["path"] for row in requests_to(make)] == ["/scenarios/1", "/scenarios/1"]


def test_a_request_leads_to_the_run_that_it_started(studio: Studio, make: MakeEmulator) -> None:
    ApiClient(make.app).post("/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True})
    studio.open("w", "default", "requests", 1)
    detail = studio.text('section[aria-label="Request"]')
    assert "POST /scenarios/1/run" in detail
    # The tree of a JSON body has its own.
    assert (detail.count("Copy JSON"), detail.count("Copy body")) == (2, 0)
    [run] = runs_of(make, 1)[:1]
    studio.press(run["id"])
    studio.until(f"location.hash === '#/w/default/scenarios/1/runs/{run['id']}'")


def test_a_test_mail_runs_the_scenario_of_a_mailhook(studio: Studio, make: MakeEmulator) -> None:
    api = ApiClient(make.app)
    harness = WebhookHarness(api)
    harness.hook = harness.create("gateway-mailhook")
    scenario = harness.listen()
    studio.open("w", "default", "scenarios", scenario)
    studio.press("Run")
    studio.type("Subject", "Order 7")
    studio.press("Send the mail")
    studio.shows("Answered 250 OK")
    [run] = runs_of(make, scenario)
    steps = make.control.call("GET", "worlds", "default", "executions", run["id"], "steps")["steps"]
    assert steps[0]["output"][0]["subject"] == "Order 7"


def test_a_service_is_stubbed_from_the_module_that_calls_it(studio: Studio, make: MakeEmulator) -> None:
    harness = WebhookHarness(ApiClient(make.app))
    scenario = harness.listen(http_v3_module(2, url="https://api.example.com/orders/{{1.id}}"))
    studio.open("w", "default", "scenarios", scenario)
    studio.click_node(2)
    studio.press("Stub the service that it calls")
    assert (
        studio.until("document.querySelector('[aria-label=\"URL of the service\"]')?.value")
        == "https://api.example.com/orders/*"
    )
    studio.type("Response of the service", "503")
    studio.press("Add a response")
    studio.shows("Added.")
    harness.send(json={"id": 7})
    [sent] = make.control.call("GET", "worlds", "default", "http")["requests"]
    assert (sent["url"], sent["status"], sent["answeredBy"]) == (
        "https://api.example.com/orders/7",
        503,
        "rule",
    )
    studio.open("w", "default", "world")
    assert "503 GET https://api.example.com/orders/7" in studio.text(
        'section[aria-label="External services"] details summary'
    )


def test_findings_are_repaired_from_the_page(studio: Studio, make: MakeEmulator) -> None:
    harness = WebhookHarness(ApiClient(make.app))
    mapper = {"name": "a", "scope": "roundtrip", "value": "{{1.name}}"}
    work = {"id": 2, "module": "util:SetVariable2", "version": 1, "parameters": {}, "mapper": mapper}
    conditions = [[{"a": "{{1.name}}", "o": "text:equals", "b": "Ada"}]]
    scenario = harness.listen({**work, "filter": {"name": "Ada", "conditions": conditions}})
    studio.open("w", "default", "scenarios", scenario)
    studio.press("Problems")
    studio.press("Find repairs")
    studio.press("Apply the repairs")
    studio.until("!document.body.innerText.includes('Apply the repairs')")
    shown = make.control.call("GET", "worlds", "default", "scenarios", str(scenario))["scenario"]
    assert shown["blueprint"]["flow"][1]["filter"]["conditions"][0][0]["o"] == "text:equal"


def test_an_incomplete_execution_is_changed_before_its_retry(studio: Studio, make: MakeEmulator) -> None:
    harness = WebhookHarness(ApiClient(make.app))
    failing = {"id": 2, "module": "json:ParseJSON", "version": 1, "parameters": {"type": ""}}
    scenario = harness.listen({**failing, "mapper": {"json": "{"}}, settings={"dlq": True})
    harness.send(json={})
    studio.open("w", "default", "scenarios", scenario)
    studio.press("Edit the retry")
    text = studio.until("document.querySelector('[aria-label=\"Blueprint of the retry\"]')?.value")
    blueprint = json.loads(text)
    blueprint["flow"][1]["mapper"]["json"] = '{"mended": true}'
    studio.type("Blueprint of the retry", json.dumps(blueprint))
    studio.press("Save and retry")
    studio.until("!document.body.innerText.includes('Incomplete executions'.toUpperCase())")
    shown = make.control.call("GET", "worlds", "default", "scenarios", str(scenario))["scenario"]
    assert shown["incompleteExecutions"] == []


def test_agents_clients_and_toolboxes_are_made_and_deleted(studio: Studio, make: MakeEmulator) -> None:
    studio.open("w", "default", "world")
    studio.press("New agent")
    studio.type("Name of the agent", "helper")
    studio.type("Grants as JSON", "{")
    studio.press("Save", "section[aria-label=Agents]")
    studio.shows("The grants is not JSON")
    studio.type("Grants as JSON", '{"scenarios": "read"}')
    studio.press("Save", "section[aria-label=Agents]")
    studio.shows("Token of helper")
    [agent] = make.control.call("GET", "worlds", "default", "agents")["agents"]
    assert agent["allow"] == {"scenarios": "read"}
    studio.press("Least grants")
    studio.text("section[aria-label=Agents] pre")
    studio.press("Delete helper")
    studio.shows("No agents")
    before = make.control.call("GET", "worlds", "default", "oauth", "clients")["clients"]
    studio.type("Name of the client", "Portal")
    studio.type("Redirect URI", "https://portal.example.com/back")
    studio.press("Create", 'section[aria-label="OAuth clients"]')
    studio.shows("It is shown once.")
    clients = make.control.call("GET", "worlds", "default", "oauth", "clients")["clients"]
    [made] = [client for client in clients if client not in before]
    assert (made["name"], made["redirectUris"]) == ("Portal", ["https://portal.example.com/back"])
    studio.type("Name of the toolbox", "Desk")
    studio.type("Ids of its scenarios", "1")
    studio.press("Create", "section[aria-label=Toolboxes]")
    studio.press("Delete Desk")
    studio.until("document.querySelector('section[aria-label=Toolboxes]').innerText.includes('None.')")
    assert make.control.call("GET", "worlds", "default", "toolboxes")["toolboxes"] == []


def test_a_request_has_its_headers_and_a_search_in_its_bodies(studio: Studio, make: MakeEmulator) -> None:
    ApiClient(make.app).get("/scenarios/1", headers={"X-Trace": "trace-7"})
    studio.open("w", "default", "requests", 1)
    studio.text("section[aria-label=Request] section[aria-label=Request] details")
    studio.until(
        "[...document.querySelectorAll('section[aria-label=Request] details > summary')].filter((each) => /headers/.test(each.innerText)).map((each) => each.click()).length === 2"
    )
    studio.shows("trace-7")
    studio.shows("X-RateLimit-Remaining")
    assert ADMIN_TOKEN not in studio.page.evaluate("document.body.innerText")
    studio.type("Search in the body of the response", "greeting")
    assert studio.text("mark") == "Greeting"


def test_an_mcp_session_is_seen_as_one_with_its_tools(studio: Studio, make: MakeEmulator) -> None:
    mcp = McpHarness(ApiClient(make.app), "/mcp/stream")
    mcp.initialize()
    mcp.request("tools/call", {"name": "scenarios_list", "arguments": {"teamId": 1}})
    mcp.request("tools/call", {"name": "scenarios_get", "arguments": {"scenarioId": 99_999}})
    ApiClient(make.app).get("/scenarios/1")
    studio.open("w", "default", "requests")
    studio.until("document.querySelectorAll('.log-row').length === 6")
    studio.until(
        "document.querySelector('[aria-label=\"MCP session\"]')?.options[1].innerText === 'tests 1 of admin, 2 calls, open'"
    )
    studio.type("MCP session", str(mcp.session))
    studio.until("document.querySelectorAll('.log-row').length === 3")
    facts = studio.text("section[aria-label='MCP session']")
    assert "MCP 2025-11-25" in facts
    assert "scenarios_get" in facts
    studio.press("✕ 4", "section[aria-label='MCP session']")
    studio.until("document.querySelector('.log-row.current')?.innerText.includes('scenarios_get')")
    mcp.send("DELETE")
    studio.shows("session, ended")


def test_requests_are_filtered_and_the_arrows_go_through_them(studio: Studio, make: MakeEmulator) -> None:
    api = ApiClient(make.app)
    api.get("/users/me")
    api.get("/scenarios/1")
    assert api.get("/scenarios/1", token="nothing").status_code == 401
    studio.open("w", "default", "requests")
    studio.until("document.querySelectorAll('.log-row').length >= 2")
    studio.type("Path", "/users")
    studio.until("document.querySelectorAll('.log-row').length === 1")
    studio.type("Path", "")
    studio.type("Decision", "refused*")
    studio.until("![...document.querySelectorAll('.log-row')].some((row) => row.innerText.includes('200'))")
    studio.type("Decision", "")
    studio.until("document.querySelectorAll('.log-row').length >= 2")
    studio.page.evaluate("document.querySelector('.log-row').focus()")
    key = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown', bubbles: true}))"
    studio.page.evaluate(key)
    studio.until("document.querySelectorAll('.log-row')[1]?.classList.contains('current')")
    assert "/scenarios/1" in studio.text(".log-row.current")


def test_hostile_names_and_data_are_text(studio: Studio, make: MakeEmulator) -> None:
    api = ApiClient(make.app)
    harness = WebhookHarness(api)
    module = {
        "id": 2,
        "module": "util:SetVariable2",
        "version": 1,
        "parameters": {},
        "mapper": {"name": EVIL, "scope": "roundtrip", "value": EVIL},
        "metadata": {"designer": {"x": 300, "y": 0, "name": EVIL}},
        "filter": {"name": EVIL, "conditions": [[{"a": EVIL, "o": "exist"}]]},
    }
    scenario = harness.listen(module)
    api.patch(f"/scenarios/{scenario}", json={"name": EVIL[:120]})
    harness.send(json={EVIL: EVIL})
    api.get(f"/scenarios/{scenario}/{EVIL}")
    run = runs_of(make, scenario)[0]["id"]
    for parts in (
        ("scenarios",),
        ("scenarios", scenario),
        ("scenarios", scenario, "runs", run),
        ("requests",),
        (EVIL.replace("/", ""),),
        ("scenarios", "%3Cimg%20src=x%20onerror=alert(1)%3E"),
    ):
        studio.open("w", "default", *parts)
        studio.until("document.querySelector('h1')")
        if "runs" in parts:
            studio.press("Last event")
            studio.text(".detail")
        assert studio.page.evaluate("document.querySelectorAll('#studio img, #studio script').length") == 0
        assert studio.page.evaluate("document.title") != "owned"


# --- the routes of the API ----------------------------------------------------------------------------


def test_a_route_is_found_sent_and_its_response_shown(studio: Studio, make: MakeEmulator) -> None:
    studio.open("w", "default", "api")
    studio.type("Search in the routes", "post scenarios:write")
    studio.until(
        "[...document.querySelectorAll('.log-row')].every((row) => row.innerText.startsWith('POST'))"
    )
    studio.until(
        "[...document.querySelectorAll('.log-row')].some((row) => row.title.startsWith('Create a scenario from') && (row.click(), true))"
    )
    studio.press("Send")
    studio.until("document.querySelector('[aria-label=Response] [role=status] b')?.innerText === '200'")
    studio.shows('"Valid"')
    [entry] = requests_to(make)
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", "/scenarios", 200)


def test_parameters_choose_what_is_sent_and_the_code_says_the_same(
    studio: Studio, make: MakeEmulator
) -> None:
    studio.open("w", "default", "api", "list_scenarios")
    studio.type("pg[limit]", "1")
    studio.type("pg[sortBy]", "name")
    studio.type("pg[sortDir]", "asc")
    studio.type("cols[]", "id, name")
    shown = studio.until("document.querySelector('pre.code')?.innerText")
    assert "/scenarios?teamId=1&cols[]=id&cols[]=name&pg[limit]=1&pg[sortBy]=name&pg[sortDir]=asc" in shown
    studio.press("Send")
    studio.until("document.querySelector('[aria-label=Response] [role=status] b')?.innerText === '200'")
    [entry] = requests_to(make)
    [scenario] = entry["responseBody"]["scenarios"]
    assert (set(scenario), scenario["name"]) == ({"id", "name"}, "Greeting")
    studio.press("Python")
    assert "requests.request(" in studio.until("document.querySelector('pre.code')?.innerText")


def test_a_refused_request_says_which_scope_is_missing(studio: Studio, make: MakeEmulator) -> None:
    studio.open("w", "default", "api", "start_scenario")
    studio.until(
        "[...document.querySelectorAll('select option')].some((each) => each.innerText.includes('read-only, which lacks a scope'))"
    )
    studio.type("Caller", f"token {READER_TOKEN}")
    studio.press("Send")
    studio.until("document.querySelector('[aria-label=Response] [role=status] b')?.innerText === '403'")
    assert requests_to(make)[-1]["missing"] == ["scenarios:write"]
    studio.type("Caller", "other")
    studio.type("Token", make.world.create_token(["scenarios:read"]))
    studio.press("Send")
    studio.until("document.querySelector('[aria-label=Response] [role=status] b')?.innerText === '403'")
    assert "scenarios:write" in studio.text("[aria-label=Response] .problem")
    studio.type("Caller", "none")
    studio.press("Send")
    studio.until("document.querySelector('[aria-label=Response] [role=status] b')?.innerText === '401'")


def test_a_deletion_is_sent_at_the_second_press(studio: Studio, make: MakeEmulator) -> None:
    studio.open("w", "default", "api", "delete_scenario")
    studio.type("scenarioId", "4")
    studio.press("Send")
    studio.text("button.danger")
    assert requests_to(make) == []
    studio.press("Delete it")
    studio.until("document.querySelector('[aria-label=Response] [role=status] b')?.innerText === '200'")
    assert [entry["method"] for entry in requests_to(make)] == ["DELETE"]


def test_a_deletion_that_needs_a_confirmation_offers_it(studio: Studio, make: MakeEmulator) -> None:
    studio.open("w", "default", "api", "delete_data_store")
    assert studio.until("document.querySelector('.parameter select')?.value === ''")
    for status in (406, 200):
        studio.press("Send")
        studio.press("Delete it")
        studio.until(
            f"document.querySelector('[aria-label=Response] [role=status] b')?.innerText === '{status}'"
        )
        if status == 406:
            assert "confirmed=true" in studio.text("[aria-label=Response] .problem")
            studio.press("Set confirmed to true")
            assert "?confirmed=true" in studio.until(
                "(document.querySelector('pre.code')?.innerText ?? '').match(/.*confirmed=true.*/)?.[0]"
            )
    assert [entry["status"] for entry in requests_to(make)] == [406, 200]
    assert ApiClient(make.app).get("/data-stores/1").status_code == 404


def test_a_request_that_was_sent_leads_to_its_entry_in_the_list(studio: Studio, make: MakeEmulator) -> None:
    assert ApiClient(make.app).get("/users/me").status_code == 200
    studio.open("w", "default", "api", "get_scenario")
    studio.press("Send")
    studio.press("Show it in the requests")
    assert "GET /scenarios/1 in organization 1" in studio.text(".sentence")
    latest = requests_to(make)[-1]
    assert latest["path"] == "/scenarios/1"
    assert studio.page.evaluate("location.hash") == f"#/w/default/requests/{latest['id']}"


def test_a_route_has_its_fields_and_an_example_of_its_response(studio: Studio) -> None:
    studio.open("w", "default", "api", "create_hook")
    studio.press("Fields of the body")
    fields = studio.text("details[open] .schema")
    assert "typeName*" in fields
    assert "at most 128 characters" in fields
    studio.press("Example of the response, 200")
    assert '"gateway-webhook"' in studio.text("details[open] .json")


def test_hostile_names_in_a_response_are_text(studio: Studio, make: MakeEmulator) -> None:
    studio.open("w", "default", "api", "update_scenario")
    studio.until("document.querySelector('textarea')")
    studio.type("Body", json.dumps({"name": EVIL}))
    studio.press("Send")
    studio.until("document.querySelector('[aria-label=Response] [role=status] b')?.innerText === '200'")
    assert ApiClient(make.app).get("/scenarios/1").get_json()["scenario"]["name"] == EVIL
    assert "onerror" in studio.text("[aria-label=Response] .json")
    assert studio.page.evaluate("document.querySelectorAll('#studio img').length") == 0
    assert studio.page.evaluate("document.title") != "owned"


def test_a_body_that_is_no_json_and_a_route_that_does_not_exist_are_told(studio: Studio) -> None:
    studio.open("w", "default", "api", "create_scenario")
    studio.until("document.querySelector('textarea')")
    studio.until(
        "(() => { const area = document.querySelector('textarea'); area.value = '{'; area.dispatchEvent(new Event('input', {bubbles: true})); return true; })()"
    )
    studio.press("Send")
    assert "The body is not JSON" in studio.text(".problem")
    studio.open("w", "default", "api", "nothing")
    studio.shows("There is no route of this name.")


def test_the_reference_leads_to_the_form_of_a_route(studio: Studio) -> None:
    studio.page.open(f"{studio.url}/_emulator/docs#list_hooks")
    # To press it would end the script that waits for it.
    link = studio.until("document.querySelector('#list_hooks a[href*=studio]')?.href")
    studio.page.open("about:blank")
    studio.page.open(link)
    assert "/hooks" in studio.text("section[aria-label=Route] h2")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [2560, 1280, 390])
def test_every_page_fits_the_window_and_has_no_serious_barrier(
    studio: Studio, make: MakeEmulator, width: int, scheme: str
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed")
    api = ApiClient(make.app)
    assert api.post("/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True}).status_code == 200
    api.get("/scenarios/99999")
    run = runs_of(make, 1)[0]["id"]
    page = studio.page
    page.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
    )
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    try:
        for parts, ready in (
            (("scenarios",), ".list tbody tr"),
            (("scenarios", 1), "[data-node]"),
            (("scenarios", 1, "runs", run), ".event-line"),
            (("requests", 2), ".facts"),
            (("data",), ".chips a"),
            (("api",), ".log-row"),
            (("api", "create_scenario"), ".schema"),
            (("world",), ".columns"),
            (("nowhere",), "h1"),
        ):
            studio.open("w", "default", *parts)
            studio.until(f"document.querySelector({json.dumps(ready)})")
            if "api" in parts:
                page.evaluate(
                    "document.querySelectorAll('.side details').forEach((each) => { each.open = true; })"
                )
            if "runs" in parts:
                studio.press("First event")
                studio.text(".detail")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, parts
            page.evaluate(AXE.read_text("utf-8"))
            found = page.evaluate(
                # The initials in a circle are a decoration, not a part of the label.
                "axe.run({resultTypes: ['violations'], preload: false, rules: {'label-content-name-mismatch': {enabled: false}}}).then((result) => result.violations"
                ".filter((each) => ['serious', 'critical'].includes(each.impact))"
                ".map((each) => [each.id, each.nodes.map((node) => node.html.slice(0, 200) + ' ' + node.failureSummary)]))"
            )
            assert found == [], parts
    finally:
        page.call("Emulation.clearDeviceMetricsOverride")
        page.call("Emulation.setEmulatedMedia", features=[])


def test_the_keyboard_reaches_and_opens_every_module(studio: Studio) -> None:
    studio.open("w", "default", "scenarios", 4)
    studio.until(
        "document.querySelector('[data-node]')?.focus() ?? document.activeElement?.hasAttribute('data-node')"
    )
    key = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: %r, bubbles: true, cancelable: true})) ?? true"
    studio.page.evaluate(key % "ArrowRight")
    assert studio.until("document.activeElement?.getAttribute('data-node')") == "1"
    studio.page.evaluate(key % "Enter")
    studio.text('section[aria-label^="Module"] h2')
    studio.page.evaluate(key % "Escape")
    studio.text(".tabs")


def test_panning_renders_no_module_again_and_the_wheel_zooms_at_the_pointer(studio: Studio) -> None:
    studio.page.resize(1280, 860)
    studio.open("w", "default", "scenarios", 4)
    view = "new DOMMatrix(document.querySelector('.view')?.style.transform)"
    scale = studio.until(f"document.querySelector('[data-node]') && {view}.a !== 1 && {view}.a")
    # Findings of lint mark modules later.
    studio.until("performance.getEntriesByType('resource').some((each) => each.name.endsWith('/lint'))")
    studio.page.evaluate("new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))")
    box = "document.querySelector('.graph').getBoundingClientRect()"
    left, top = studio.page.evaluate(f"[{box}.left, {box}.top]")
    studio.page.evaluate(
        "window.changes = []; new MutationObserver((rows) => window.changes.push(...rows.map((row) => row.target.className ?? row.target.data)))"
        ".observe(document.querySelector('.graph'), {attributes: true, childList: true, characterData: true, subtree: true}); null"
    )
    x, y = left + 60, top + 30
    start = studio.page.evaluate(f"[{view}.e, {view}.f]")
    studio.page.mouse("mousePressed", x, y)
    for step in range(1, 11):
        studio.page.mouse("mouseMoved", x + 6 * step, y + 3 * step, is_pressed=True)
    studio.page.mouse("mouseReleased", x + 60, y + 30)
    studio.until(f"Math.hypot({view}.e - {start[0]} - 60, {view}.f - {start[1]} - 30) < 0.01")
    assert set(studio.page.evaluate("window.changes")) == {"view"}
    # The point of the drawing under the pointer stays there.
    x, y = 200, 150
    point = f"(({x} - {view}.e) / {view}.a) + ' ' + (({y} - {view}.f) / {view}.a)"
    before = [float(each) for each in studio.page.evaluate(point).split()]
    for _ in range(4):
        studio.page.wheel(left + x, top + y, -60, with_control=True)
    studio.until(f"{view}.a > {scale} * 3")
    assert [float(each) for each in studio.page.evaluate(point).split()] == pytest.approx(before, abs=0.01)
    assert set(studio.page.evaluate("window.changes")) == {"view"}


def test_two_fingers_zoom_the_graph(studio: Studio) -> None:
    studio.open("w", "default", "scenarios", 4)
    studio.until("document.querySelector('[data-node]')")
    scale = "new DOMMatrix(document.querySelector('.view')?.style.transform).a"
    # The scenario is wider than the window: it is shown smaller as soon as that is known.
    before = studio.until(f"{scale} !== 1 && {scale}")
    box = studio.page.evaluate(
        "(() => { const box = document.querySelector('.graph').getBoundingClientRect(); return [box.left, box.top, box.width, box.height]; })()"
    )
    x, y = box[0] + box[2] / 2, box[1] + 40

    def touch(kind: str, apart: float) -> None:
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        studio.page.call(
            "Input.dispatchTouchEvent", type=kind, touchPoints=[] if kind == "touchEnd" else points
        )

    touch("touchStart", 40)
    for apart in (50, 60, 80):
        touch("touchMove", apart)
    touch("touchEnd", 0)
    studio.until(f"Math.abs({scale} / {before} - 2) < 0.05")
    # The fingers chose no module.
    studio.text(".tabs")


def test_the_studio_asks_for_the_control_key_and_takes_it_from_a_link(page: Page) -> None:
    with Server(create_app(control_key="sesame")) as server:
        studio = Studio(page, server.url)
        studio.open()
        studio.type("Control key", "wrong")
        studio.press("Open")
        studio.shows("Wrong key.")
        studio.type("Control key", "sesame")
        studio.press("Open")
        studio.shows("Greeting")
        page.evaluate("sessionStorage.clear()")
        page.open("about:blank")
        page.open(f"{server.url}/_emulator/studio#key=sesame")
        studio.shows("Greeting")
        assert "sesame" not in page.evaluate("location.href")


def test_without_an_event_stream_the_studio_looks_by_itself(studio: Studio, make: MakeEmulator) -> None:
    page = studio.page
    script = (
        "const original = window.fetch; window.fetch = (url, init) =>"
        " String(url).includes('/events') && init?.headers?.Accept === 'text/event-stream'"
        " ? Promise.reject(new TypeError('no stream')) : original(url, init);"
    )
    added = page.call("Page.addScriptToEvaluateOnNewDocument", source=script)["identifier"]
    try:
        studio.open("w", "default", "requests")
        studio.shows("No requests.")
        ApiClient(make.app).get("/users/me")
        studio.until("document.querySelector('.log-row')")
    finally:
        page.call("Page.removeScriptToEvaluateOnNewDocument", identifier=added)


def test_nothing_is_loaded_from_elsewhere_and_no_script_is_inline(studio: Studio) -> None:
    studio.open("w", "default", "scenarios", 1)
    studio.until("document.querySelector('[data-node]')")
    loaded = studio.page.evaluate("performance.getEntriesByType('resource').map((each) => each.name)")
    assert loaded
    assert all(url.startswith(studio.url) for url in loaded)
    assert studio.page.evaluate("[...document.scripts].every((script) => script.src && !script.text)")
    # The policy holds: a script of another text does not run.
    studio.page.evaluate(
        "(() => { const script = document.createElement('script'); script.textContent = 'document.title = \"owned\"';"
        " document.body.append(script); })()"
    )
    assert studio.page.evaluate("document.title") != "owned"


def test_a_thousand_scenarios_and_a_run_of_two_thousand_steps_open(
    studio: Studio, make: MakeEmulator
) -> None:
    api = ApiClient(make.app)
    harness = WebhookHarness(api)
    each = {"id": 2, "module": "builtin:BasicFeeder", "version": 1, "mapper": {"array": "{{1.items}}"}}
    work = {
        "id": 3,
        "module": "util:SetVariable2",
        "version": 1,
        "parameters": {},
        "mapper": {"name": "a", "scope": "roundtrip", "value": "{{2.value}}"},
    }
    scenario = harness.listen(each, work)
    harness.send(json={"items": [{"value": number} for number in range(2000)]})
    run = runs_of(make, scenario)[0]["id"]
    studio.open("w", "default", "scenarios", scenario, "runs", run)
    # The trace is whole: the trigger, the iterator, and each of the 2,000 bundles.
    assert studio.until("document.querySelector('.stepper .number')?.innerText") == "– / 2002"
    studio.press("Last event")
    studio.text(".detail")
    # However long the run is, the page holds a part of it.
    assert studio.page.evaluate("document.querySelectorAll('.event').length") <= 200


def test_calls_of_the_mcp_server_are_shown_by_their_tools(studio: Studio, make: MakeEmulator) -> None:
    api = ApiClient(make.app)
    for message in (
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "users_me", "arguments": {}}},
    ):
        response = api.app.test_client().post(
            "/mcp/stateless",
            json=message,
            headers={
                "Authorization": f"Bearer {make.token}",
                "Accept": "application/json, text/event-stream",
            },
        )
        assert response.status_code == 200
    studio.open("w", "default", "requests")
    # The call of the API that the tool made is a request of its own.
    studio.until("document.querySelectorAll('.log-row').length === 3")
    rows = studio.page.evaluate(
        "[...document.querySelectorAll('.log-row .anywhere')].map((each) => each.innerText)"
    )
    assert sorted(rows) == ["/users/me", "MCP tools/call users_me", "MCP tools/list"]
