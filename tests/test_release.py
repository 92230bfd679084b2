"""The version of a release in every place, its changes, and the workflow that publishes it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from make_emulator import __version__
from tools import release

ROOT = Path(__file__).parents[1]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the files that have the version, with an unreleased change."""
    for glob in (*release.PLACES, release.CHANGELOG):
        for path in release._files(ROOT, glob):
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    changes = (
        "# Change log\n\n## Unreleased\n\n### Added\n\n- A thing.\n\n## 0.1.0 - 2026-01-01\n\n- The first.\n"
    )
    (tmp_path / release.CHANGELOG).write_text(changes)
    return tmp_path


def test_all_places_have_the_version_of_the_package() -> None:
    found = dict(release.find())
    assert set(found.values()) == {__version__}
    assert len(found) >= 18


def test_a_version_is_written_to_all_places_and_to_the_change_log(copy: Path) -> None:
    release.set_version("7.8.9", copy, date="2027-01-02")
    assert {version for _, version in release.find(copy)} == {"7.8.9"}
    assert (copy / release.CHANGELOG).read_text() == (
        "# Change log\n\n## Unreleased\n\n## 7.8.9 - 2027-01-02\n\n### Added\n\n- A thing.\n\n"
        "## 0.1.0 - 2026-01-01\n\n- The first.\n"
    )
    assert release.notes("7.8.9", copy) == "### Added\n\n- A thing.\n"
    release.check("v7.8.9", copy)
    old = re.compile(rf"make-emulator[ :=@]+v?{re.escape(__version__)}")
    assert [path for path in copy.rglob("*") if path.is_file() and old.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (
            lambda copy: release.set_version("7.8", copy, date="2027-01-02"),
            "'7.8' is not a version such as 0.3.0",
        ),
        (lambda copy: release.check("v0.0.1", copy), "version.py:3 has the version"),
        (
            lambda copy: release.check(f"v{__version__}", copy),
            f"has no changes of {__version__}, with its date",
        ),
    ],
)
def test_a_wrong_release_is_rejected_with_the_reason(copy: Path, call: Any, reason: str) -> None:
    with pytest.raises(release.ReleaseError, match=reason):
        call(copy)


def test_a_release_without_changes_is_rejected(copy: Path) -> None:
    release.set_version("7.8.9", copy, date="2027-01-02")
    with pytest.raises(release.ReleaseError, match="has no unreleased changes"):
        release.set_version("7.9.0", copy, date="2027-01-03")


def test_a_place_that_lost_its_version_is_named(copy: Path) -> None:
    (copy / "node/src/version.ts").write_text("export const VERSION = 'next';\n")
    with pytest.raises(release.ReleaseError, match=r"node/src/version\.ts has no text like"):
        list(release.find(copy))


def test_the_present_version_has_its_part_of_the_change_log() -> None:
    assert "### Added" in release.notes(__version__)


def test_only_the_jobs_that_publish_may_write() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    publishers = {name for name, job in workflow["jobs"].items() if "permissions" in job}
    assert publishers == {"pypi", "npm", "image", "devcontainer", "github"}
    for name in publishers:
        needs = workflow["jobs"][name]["needs"]
        assert {"pypi", "test", "build"} & {needs} if isinstance(needs, str) else needs
    # What is published has been tested: all others come after PyPI.
    assert workflow["jobs"]["pypi"]["needs"] == ["test", "build"]
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text("utf-8")
