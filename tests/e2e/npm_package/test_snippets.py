"""The JavaScript and TypeScript of the documentation runs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helpers.server import SERVE_FOR_PROGRAM

from .conftest import PACKAGE, ROOT, Project, node_path

pytestmark = pytest.mark.e2e

_BLOCK = re.compile(r"^```(?:js|ts)\n// (\S+)\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
_OPENING = re.compile(r"^```(?:js|ts|javascript|typescript)\b", flags=re.MULTILINE)

PAGES = [
    page
    for page in [
        ROOT / "README.md",
        PACKAGE / "README.md",
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "skills").rglob("*.md")),
    ]
    if _OPENING.search(page.read_text(encoding="utf-8"))
    # Its code runs in test_testcontainers.py.
    and page.stem != "testcontainers"
]

#: The address that pages show.
_ADDRESS = "127.0.0.1:4747"


@contextmanager
def serve(folder: Path, *, tls: bool) -> Iterator[dict[str, Any]]:
    """A server as a page has it started before."""
    command = list(SERVE_FOR_PROGRAM)
    if tls:
        command += ["--tls", "--tls-ca", str(folder / "ca.pem")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        started: dict[str, Any] = json.loads(process.stdout.readline())
        yield started
        process.stdin.close()


def files_of(page: Path) -> dict[str, str]:
    """Returns the files that a page shows, by the name in their first line."""
    return dict(_BLOCK.findall(page.read_text(encoding="utf-8")))


def test_pages_with_code_are_found() -> None:
    assert {"README.md", "node.md", "clients.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_code_of_a_page_runs(page: Path, project: Project) -> None:
    files = files_of(page)
    assert len(files) == len(_OPENING.findall(page.read_text(encoding="utf-8"))), (
        "every block names its file in the first line"
    )
    unknown = [
        name
        for name in files
        if not name.endswith((".test.ts", ".test.cjs", ".test.mjs", ".mjs", "config.mts", "config.cjs"))
    ]
    assert unknown == []
    for runner in (_run_vitest, _run_jest, _run_node_test, _run_scripts):
        runner(files, project)


def _run_vitest(files: dict[str, str], project: Project) -> None:
    chosen = {name: code for name, code in files.items() if name.endswith((".test.ts", ".config.mts"))}
    tests = [name for name in chosen if name.endswith(".test.ts")]
    if tests:
        folder = _folder(project, "vitest", chosen)
        done = project.run_tool("vitest", "run", "--reporter=json", "--outputFile=report.json", cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads((folder / "report.json").read_text("utf-8"))
        assert report["numPassedTestSuites"] == report["numTotalTestSuites"] == len(tests)
        assert report["numPassedTests"] == report["numTotalTests"] >= len(tests)


def _run_jest(files: dict[str, str], project: Project) -> None:
    chosen = {name: code for name, code in files.items() if name.endswith(".cjs")}
    tests = [name for name in chosen if name.endswith(".test.cjs")]
    if tests:
        folder = _folder(project, "jest", chosen)
        done = project.run_tool("jest", "--json", "--outputFile=report.json", cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads((folder / "report.json").read_text("utf-8"))
        assert report["numPassedTests"] == report["numTotalTests"] >= len(tests)


def _run_node_test(files: dict[str, str], project: Project) -> None:
    chosen = {name: code for name, code in files.items() if name.endswith(".test.mjs")}
    if chosen:
        folder = _folder(project, "node-test", chosen)
        done = project.run(node_path(), "--test", "--test-reporter=tap", cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert int(re.findall(r"^# pass (\d+)$", done.stdout, flags=re.MULTILINE)[0]) >= len(chosen)


def _run_scripts(files: dict[str, str], project: Project) -> None:
    for name, code in files.items():
        if not name.endswith(".mjs") or name.endswith(".test.mjs"):
            continue
        tls = "'https'" in code
        with serve(project.folder, tls=tls) as started:
            address = started["url"].partition("://")[2]
            folder = _folder(project, Path(name).stem, {name: code.replace(_ADDRESS, address)})
            environment = {
                **project.environment,
                "MAKE_API_KEY": started["token"],
                "MAKE_ZONE": address,
                **({"NODE_EXTRA_CA_CERTS": started["caFile"]} if tls else {}),
            }
            done = project.run(node_path(), name, cwd=folder, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Hello, Zoe!" in done.stdout


def _folder(project: Project, name: str, files: dict[str, str]) -> Path:
    """Returns a folder of the project with files."""
    folder = project.folder / name
    if folder.exists():
        shutil.rmtree(folder)
    project.write({f"{name}/{file}": code for file, code in files.items()})
    (folder / "package.json").write_text("{}", encoding="utf-8")
    return folder
