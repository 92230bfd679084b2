"""The application is there at once: what only some requests need waits for the first of them."""

from __future__ import annotations

import subprocess
import sys

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
    "make_emulator.dashboard.api_reference",
    "make_emulator.dashboard.catalogue_view",
    "make_emulator.dashboard.execution_view",
    "make_emulator.dashboard.fidelity_view",
    "make_emulator.dashboard.world_view",
    "make_emulator.diff",
    "make_emulator.engine.formats.html_to_text",
    "make_emulator.explain",
    "make_emulator.fidelity",
    "make_emulator.importer",
    "make_emulator.lint",
    "make_emulator.mend",
    "make_emulator.mcp.http_transport",
    "make_emulator.mcp.protocol",
    "make_emulator.mcp.tools",
    "make_emulator.mcp.http_transport",
    "make_emulator.mcp.tools",
    "make_emulator.reports.access",
    "make_emulator.reports.coverage",
    "make_emulator.reports.har",
    "make_emulator.reports.request_queries",
    "make_emulator.reports.trace_view",
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
    assert "make_emulator.dashboard.pages" in imported
    assert [name for name in DEFERRED if name in imported] == []


def test_neither_the_start_nor_the_first_requests_parse_the_module_catalogue() -> None:
    done = subprocess.run([sys.executable, "-c", CATALOGUE_CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
