"""The application is there at once: what only some requests need waits for the first of them."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from helpers.api import ADMIN_TOKEN
from make_emulator.app import create_app

CODE = """
import sys
from make_emulator.app import create_app
create_app()
print(*(name for name in sys.modules if name.startswith(("make_emulator.", "faker", "apispec", "requests"))))
"""

#: Modules of pages, reports, the MCP server and rare modules of scenarios, and heavy libraries.
DEFERRED = (
    "apispec",
    "faker",
    "requests",
    "make_emulator.blueprint_import.export",
    "make_emulator.blueprint_import.scenarios",
    "make_emulator.contract",
    "make_emulator.control.blueprint",
    "make_emulator.dashboard",
    "make_emulator.diff",
    "make_emulator.engine.formats.html_to_text",
    "make_emulator.explain",
    "make_emulator.fidelity",
    "make_emulator.importer",
    "make_emulator.lint",
    "make_emulator.mend",
    "make_emulator.mcp.http_transport",
    "make_emulator.mcp.protocol",
    "make_emulator.mcp.routes",
    "make_emulator.mcp.tools",
    "make_emulator.oauth",
    "make_emulator.reports.access",
    "make_emulator.reports.coverage",
    "make_emulator.reports.har",
    "make_emulator.reports.request_queries",
    "make_emulator.reports.trace_view",
    "make_emulator.routes",
    "make_emulator.webhooks.gateway",
)

#: Prints the names of the sections of the module catalogue that were parsed in whole.
CATALOGUE_CODE = """
from make_emulator.app import create_app
from make_emulator.module_catalogue import module_catalogue
client = create_app().test_client()
token = {"Authorization": "Token 11111111-1111-4111-8111-111111111111"}
for path in ("users/me", "scenarios?teamId=1", "scenarios/1/blueprint", "connections?teamId=1"):
    assert client.get(f"/api/v2/{path}", headers=token).status_code == 200, path
print(*(name for name, part in vars(module_catalogue()).items() if "_members" in getattr(part, "__dict__", {})))
"""


def test_creating_the_application_imports_nothing_that_only_some_requests_need() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    imported = done.stdout.split()
    assert "make_emulator.http.pipeline" in imported
    assert [name for name in DEFERRED if name in imported] == []


def test_neither_the_start_nor_the_first_requests_parse_the_module_catalogue() -> None:
    done = subprocess.run([sys.executable, "-c", CATALOGUE_CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


#: Method and path of a request to each kind of routes outside of the API, and its status.
OTHER_REQUESTS = {
    ("GET", "/_emulator/health"): 200,
    ("GET", "/_emulator/worlds/default"): 200,
    ("GET", "/_emulator/studio"): 200,
    ("GET", "/.well-known/oauth-authorization-server"): 200,
    ("POST", "/hook/none"): 410,
    ("GET", "/nothing"): 404,
}


def test_the_first_requests_outside_of_the_api_may_come_together() -> None:
    app = create_app()
    barrier = Barrier(len(OTHER_REQUESTS))

    def send(route: tuple[str, str]) -> int:
        barrier.wait()
        return app.test_client().open(route[1], method=route[0]).status_code

    with ThreadPoolExecutor(len(OTHER_REQUESTS)) as pool:
        assert list(pool.map(send, OTHER_REQUESTS)) == list(OTHER_REQUESTS.values())


def test_requests_to_the_api_need_no_other_routes() -> None:
    app = create_app()
    headers = {"Authorization": f"Token {ADMIN_TOKEN}"}
    assert app.test_client().get("/api/v2/scenarios/1", headers=headers).status_code == 200
    assert app.test_client().get("/api/v2/nothing", headers=headers).status_code == 404
    assert app.test_client().get("/_emulator/health", headers={"Host": "example.com"}).status_code == 421
    assert app.view_functions == {}
    assert {rule.rule for rule in app.url_map.iter_rules()} > {"/_emulator/health", "/_emulator/worlds"}
    assert len(app.view_functions) > 100
