"""A user's own top-level package `emulator`, beside the plugin."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

PYTEST = str(Path(sys.executable).with_name("pytest"))


@pytest.mark.usefixtures("few_plugins")
@pytest.mark.parametrize(
    "command", [(PYTEST,), (sys.executable, "-m", "pytest")], ids=["pytest", "python -m"]
)
def test_a_project_with_its_own_package_emulator_runs_its_tests(
    pytester: pytest.Pytester, command: tuple[str, ...]
) -> None:
    for folder in ("emulator", "tests"):
        pytester.mkdir(folder)
    project = pytester.path
    (project / "conftest.py").write_text("import emulator\n")
    (project / "emulator/__init__.py").write_text("from .cpu import step\n")
    (project / "emulator/cpu.py").write_text("def step(counter):\n    return counter + 1\n")
    (project / "tests/test_cpu.py").write_text(
        "import emulator\n"
        "from pathlib import Path\n"
        "from emulator.cpu import step\n"
        "\n"
        "def test_the_package_is_the_users_own():\n"
        f"    assert Path(emulator.__file__).parent == Path({str(project / 'emulator')!r})\n"
        "    assert emulator.step(1) == step(1) == 2\n"
        "\n"
        "def test_the_plugin_is_active(make_client, make_world):\n"
        "    response = make_client.get(f'/teams/{make_world.team_id}')\n"
        "    assert response.json()['team']['id'] == make_world.team_id\n"
    )
    pytester.run(*command, "-p", "no:cacheprovider").assert_outcomes(passed=2)
