"""Budgets of imports, counted in modules: start-up time is a feature, and a time depends on the machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

from helpers.api import ADMIN_TOKEN

#: The most modules of ours until the first request is answered; raise it for what every start needs, and for nothing else.
MAX_MODULES_OF_SERVE = 308

#: The libraries that are loaded until then. Others are imported where they are first used.
LIBRARIES_OF_SERVE = {
    "blinker",
    "cheroot",
    "click",
    "flask",
    "itsdangerous",
    "jaraco",
    "jinja2",
    "markupsafe",
    "marshmallow",
    "more_itertools",
    "orjson",
    "werkzeug",
}

#: The modules of the plugin in a test run without an emulator.
MODULES_OF_THE_PLUGIN = {
    "make_emulator",
    "make_emulator.http",
    "make_emulator.http.provenance",
    "make_emulator.json_types",
    "make_emulator.lazy_dataclasses",
    "make_emulator.resources",
    "make_emulator.testing",
    "make_emulator.testing.activity",
    "make_emulator.testing.collectors",
    "make_emulator.testing.plugin",
    "make_emulator.testing.provenance",
    "make_emulator.version",
}


def modules_of_serve(tmp_path: Path) -> set[str]:
    """Returns the modules that ``serve`` has imported when it has answered a request for a scenario."""
    errors = tmp_path / "imports.txt"
    with (
        errors.open("w") as stream,
        subprocess.Popen(
            [
                sys.executable,
                "-v",
                "-m",
                "make_emulator",
                "serve",
                "--port",
                "0",
                "--log-format",
                "none",
            ],
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("MAKE_EMULATOR_")},
        ) as process,
    ):
        try:
            assert process.stdout is not None
            url = next(
                match[1] for line in process.stdout if (match := re.match(r"\s+base URL\s+(\S+)", line))
            )
            request = Request(f"{url}/scenarios/1", headers={"Authorization": f"Token {ADMIN_TOKEN}"})
            with urlopen(request, timeout=30) as response:
                assert response.status == 200
        finally:
            process.kill()
    return set(re.findall(r"^import '([\w.]+)' #", errors.read_text(), re.MULTILINE))


def test_a_start_imports_what_the_first_request_needs(tmp_path: Path) -> None:
    modules = modules_of_serve(tmp_path)
    ours = {name for name in modules if name.split(".")[0] == "make_emulator"}
    assert "make_emulator.api.scenarios" in ours
    assert len(ours) <= MAX_MODULES_OF_SERVE
    roots = {name.split(".")[0] for name in modules} - sys.stdlib_module_names - {"make_emulator"}
    assert {name for name in roots if not name.startswith("_")} <= LIBRARIES_OF_SERVE


def test_a_start_imports_no_group_of_the_api_that_is_not_called(tmp_path: Path) -> None:
    modules = modules_of_serve(tmp_path)
    assert (
        not {f"make_emulator.api.{name}" for name in ("enums", "organizations", "teams", "users")} & modules
    )
    assert not {f"make_emulator.cli.{name}" for name in ("contract", "explain", "lint", "zone")} & modules


def test_a_test_run_without_an_emulator_imports_the_plugin_alone(tmp_path: Path) -> None:
    script = (
        "import sys, pytest\n"
        "pytest.main(['--collect-only', '-p', 'no:cacheprovider', sys.argv[1]])\n"
        "print(*(name for name in sys.modules if name.split('.')[0] == 'make_emulator'))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    assert set(result.stdout.splitlines()[-1].split()) == MODULES_OF_THE_PLUGIN
