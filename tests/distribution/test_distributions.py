"""Source distribution and wheel: they are complete, reproducible, and what an index accepts and shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from helpers.markdown import code_blocks
from make_emulator import __version__

from .conftest import ROOT, Distributions

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

#: Files and folders that somebody who builds, tests, packages or deploys from the source distribution looks for.
NEEDED = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    ".dockerignore",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "compose.yaml",
    "pyproject.toml",
    "benchmarks/__main__.py",
    "charts/make-emulator/Chart.yaml",
    "contract_tests/conftest.py",
    "docs/README.md",
    "emulator/make_emulator/py.typed",
    "fixtures/fidelity.yaml",
    "requirements/dev.txt",
    "requirements/runtime.txt",
    "skills/make-emulator/SKILL.md",
    "tests/conftest.py",
    "tests/e2e/package-lock.json",
    "tools/prepare_fixtures.py",
)


def tracked_files(*folders: str) -> set[str]:
    """The files of the repository, those that are not yet committed included."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no repository")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *folders]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    # Links to installed clients are ignored where folders are.
    names = {name for name in listed.split("\0") if name and not name.endswith("/node_modules")}
    return {name for name in names if (ROOT / name).is_file()}


def test_the_source_distribution_is_the_repository(distributions: Distributions) -> None:
    assert distributions.sdist_names() - {"PKG-INFO"} == tracked_files()


@pytest.mark.parametrize("name", NEEDED)
def test_the_source_distribution_has_what_is_looked_for(distributions: Distributions, name: str) -> None:
    assert name in distributions.sdist_names()


def test_the_wheel_has_the_package_with_its_data_and_the_contract_suite(distributions: Distributions) -> None:
    expected = {
        name.removeprefix("emulator/") if name.startswith("emulator/") else f"make_emulator/{name}"
        for name in tracked_files("emulator", "fixtures", "contract_tests")
    }
    names = {name for name in distributions.wheel_names() if ".dist-info/" not in name}
    assert expected <= names
    # Nothing else but what pyproject.toml adds by name.
    assert not {name for name in names - expected if not name.startswith("make_emulator/")}
    assert not [name for name in names if "/tests/" in name or name.endswith((".pyc", ".pyo"))]


def test_a_second_build_gives_the_same_bytes(distributions: Distributions) -> None:
    """Another folder, other times of files: only the content counts, so that anybody can verify a release."""
    for first, second in zip((distributions.sdist, distributions.wheel), distributions.rebuilt, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name


@pytest.mark.parametrize(
    "command", [["twine", "check", "--strict"], ["check_wheel_contents"]], ids=lambda command: command[0]
)
def test_the_tools_of_the_index_find_nothing(distributions: Distributions, command: list[str]) -> None:
    files = (
        [distributions.wheel]
        if command[0] == "check_wheel_contents"
        else [distributions.wheel, distributions.sdist]
    )
    done = subprocess.run(
        [sys.executable, "-m", *command, *map(str, files)],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_metadata_name_version_licence_and_addresses(distributions: Distributions) -> None:
    metadata = distributions.metadata()
    assert (metadata["Name"], metadata["Version"]) == ("make-emulator", __version__)
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_all("License-File") == ["LICENSE"]
    addresses = dict(value.split(", ", 1) for value in metadata.get_all("Project-URL", []))
    assert {"Homepage", "Documentation", "Repository", "Issues", "Changelog"} <= set(addresses)
    for address in addresses.values():
        assert urlsplit(address).scheme == "https"


def test_the_supported_versions_of_python_are_those_of_the_continuous_integration() -> None:
    tested = re.findall(r"python(3\.\d+)", (ROOT / ".ci/run").read_text("utf-8"))
    prefix = "Programming Language :: Python :: "
    stated = [name.removeprefix(prefix) for name in PROJECT["classifiers"] if re.match(rf"{prefix}3\.", name)]
    assert stated == ["3.11", "3.12", "3.13", "3.14"]
    assert list(dict.fromkeys(tested)) == stated
    assert PROJECT["requires-python"] == f">={stated[0]}"


def test_the_long_description_is_the_readme_with_links_that_work_elsewhere(
    distributions: Distributions,
) -> None:
    text = distributions.metadata().get_payload()
    assert isinstance(text, str)
    assert code_blocks(text, "console") == code_blocks((ROOT / "README.md").read_text("utf-8"), "console")
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert len(targets) > 10
    prefix = f"{PROJECT['urls']['Repository']}/blob/v{__version__}/"
    for target in targets:
        assert target.startswith(("https://", "#")), target
        if target.startswith(prefix):
            assert (ROOT / target.removeprefix(prefix).partition("#")[0]).exists(), target


def test_the_source_distribution_runs_tests(distributions: Distributions, tmp_path: Path) -> None:
    """Tests that read the documents, charts and sources around the package, and one that starts a server."""
    chosen = ("test_readme.py", "test_charts.py", "test_layers.py", "test_skill.py")
    folder = distributions.unpacked
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))},
        "PYTHONPATH": str(folder / "emulator"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            f"--basetemp={tmp_path / 'inner'}",
            *(f"tests/{name}" for name in chosen),
        ],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert re.search(r"^\d\d+ passed in ", done.stdout, flags=re.MULTILINE), done.stdout[-1000:]
