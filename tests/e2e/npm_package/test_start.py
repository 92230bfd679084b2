"""The start of the Python program by the npm package: where it is found, how it is installed, and its end."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helpers.waiting import wait_until
from helpers.wheels import checkout_wheel
from make_emulator import __version__

from .conftest import Project, RunCode, links, node_path

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform == "win32", reason="the programs on the PATH are shell scripts here"),
]

SOURCES = Path(sys.modules["make_emulator"].__file__ or "").parents[1]

FIND = """
import { findProgram } from 'make-emulator';
const progress = [];
try {
  console.log(JSON.stringify({ found: await findProgram({ ...OPTIONS, onProgress: (line) => progress.push(line) }), progress }));
} catch (error) {
  console.log(JSON.stringify({ name: error.name, message: error.message, progress }));
}
"""

START = """
import { startEmulator } from 'make-emulator';
try {
  const emulator = await startEmulator(OPTIONS);
  const { status } = await emulator.world.fetch('/scenarios/1');
  const { url, version, token, teamId, organizationId } = emulator;
  await emulator.stop();
  console.log(JSON.stringify({ url, version, token, teamId, organizationId, status }));
} catch (error) {
  console.log(JSON.stringify({ name: error.name, message: error.message }));
}
"""


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """A folder that is the whole PATH, with Node alone."""
    links(tmp_path / "bin", ["node", "sh", "env"])
    return tmp_path / "bin"


@pytest.fixture
def environment(project: Project, bin_folder: Path) -> dict[str, str]:
    return {**project.environment, "PATH": str(bin_folder)}


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def emulator_script(path: Path) -> Path:
    """A command that runs the program of this checkout."""
    return script(path, f'PYTHONPATH="{SOURCES}" exec "{sys.executable}" -m make_emulator "$@"')


def find(run_code: RunCode, environment: Mapping[str, str], **options: Any) -> Any:
    return run_code(FIND.replace("OPTIONS", json.dumps(options)), environment)


def start(run_code: RunCode, environment: Mapping[str, str], **options: Any) -> Any:
    return run_code(START.replace("OPTIONS", json.dumps(options)), environment)


# --- found ---------------------------------------------------------------------------------------


def test_the_command_on_the_path_is_used(
    run_code: RunCode, environment: dict[str, str], bin_folder: Path
) -> None:
    command = emulator_script(bin_folder / "make-emulator")
    assert find(run_code, environment) == {"found": [str(command)], "progress": []}


def test_a_command_of_another_version_is_not_used(
    run_code: RunCode, environment: dict[str, str], bin_folder: Path
) -> None:
    command = script(bin_folder / "make-emulator", "echo make-emulator, version 7.1.0")
    found = find(run_code, environment, install=False)
    assert f"{command}: version 7.1.0, and {__version__} is needed" in found["message"]


def test_the_command_of_npm_itself_is_not_used(
    run_code: RunCode, environment: dict[str, str], bin_folder: Path, installed: Path
) -> None:
    own = installed / "make-emulator/dist/esm/cli.js"
    assert os.access(own, os.X_OK)
    (bin_folder / "make-emulator").symlink_to(own)
    found = find(run_code, environment, install=False)
    assert "make-emulator: not on the PATH" in found["message"]


def test_the_python_of_the_environment_in_the_working_directory_is_used(
    run_code: RunCode, environment: dict[str, str], project: Project
) -> None:
    python = script(
        project.folder / ".venv/bin/python", f'PYTHONPATH="{SOURCES}" exec "{sys.executable}" "$@"'
    )
    assert find(run_code, environment)["found"] == [str(python), "-m", "make_emulator"]


def test_the_python_of_the_variable_goes_first(
    run_code: RunCode, environment: dict[str, str], bin_folder: Path, tmp_path: Path
) -> None:
    emulator_script(bin_folder / "make-emulator")
    python = script(tmp_path / "mine", f'PYTHONPATH="{SOURCES}" exec "{sys.executable}" "$@"')
    environment["MAKE_EMULATOR_PYTHON"] = str(python)
    assert find(run_code, environment)["found"] == [str(python), "-m", "make_emulator"]


def test_uvx_runs_the_release_of_the_package(
    run_code: RunCode, environment: dict[str, str], bin_folder: Path
) -> None:
    uvx = script(bin_folder / "uvx", "exit 1")
    wanted = [str(uvx), "--python", ">=3.11", "--from", f"make-emulator=={__version__}", "make-emulator"]
    assert find(run_code, environment)["found"] == wanted


def test_a_server_is_started_with_uvx(
    run_code: RunCode, environment: dict[str, str], bin_folder: Path
) -> None:
    # As uv does: the program follows its options.
    script(
        bin_folder / "uvx",
        f'while [ "$1" != make-emulator ]; do shift; done; shift; exec "{emulator_script(bin_folder / "tool")}" "$@"',
    )
    started = start(run_code, environment, rateLimit=False)
    assert (started["version"], started["status"]) == (__version__, 200)


def test_without_any_python_the_error_tells_what_to_do(
    run_code: RunCode, environment: dict[str, str]
) -> None:
    found = find(run_code, environment)
    assert found["name"] == "EmulatorStartError"
    assert found["message"].splitlines() == [
        f"The Python program make-emulator {__version__} was not found. Tried:",
        "  make-emulator: not on the PATH",
        "  python3: not on the PATH, and there is no .venv",
        f"  {environment['XDG_CACHE_HOME']}/make-emulator/{__version__}: not installed yet",
        "  uvx: not on the PATH",
        "Do one of these:",
        "  install uv, which needs nothing else: https://docs.astral.sh/uv/getting-started/installation/",
        f"  install Python 3.11 or newer, and run: pip install make-emulator=={__version__}",
        "  run it in Docker: startEmulator({ image: 'IMAGE' })",
        "  run it elsewhere, and set MAKE_EMULATOR_URL to its address",
    ]


# --- installed -----------------------------------------------------------------------------------


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel that needs no network: it makes the checkout, and what this Python has, importable."""
    return checkout_wheel(tmp_path)


@pytest.fixture
def with_python(environment: dict[str, str], bin_folder: Path) -> dict[str, str]:
    """An environment with a Python that does not have the program."""
    (bin_folder / "python3").symlink_to(getattr(sys, "_base_executable", sys.executable))
    environment.pop("PYTHONPATH", None)
    return environment


def test_the_program_is_installed_once_by_whichever_process_is_first_and_then_used(
    run_code: RunCode, with_python: dict[str, str], wheel: Path, tmp_path: Path
) -> None:
    code = """
    import { findProgram } from 'make-emulator';
    const progress = [];
    const find = () => findProgram({ package: PACKAGE, onProgress: (line) => progress.push(line) });
    const both = await Promise.all([find(), find()]);
    console.log(JSON.stringify({ commands: [...both, await find()], progress }));
    """
    found = run_code(code.replace("PACKAGE", json.dumps(str(wheel))), with_python)
    [folder] = (tmp_path / "cache/make-emulator").iterdir()
    assert found["commands"] == [[f"{folder}/bin/python", "-m", "make_emulator"]] * 3
    assert found["progress"] == [f"installing {wheel} in {folder}, once"] * 2
    assert start(run_code, with_python, package=str(wheel))["version"] == __version__


def test_an_installation_that_fails_shows_the_reason_and_leaves_nothing(
    run_code: RunCode, with_python: dict[str, str], tmp_path: Path
) -> None:
    found = find(run_code, with_python, package=str(tmp_path / "missing.whl"))
    assert found["message"].startswith(f"make-emulator: {tmp_path}/missing.whl could not be installed:\n  ")
    assert "missing.whl" in found["message"].splitlines()[1]
    assert "look at the settings of pip" in found["message"]
    assert list((tmp_path / "cache/make-emulator").iterdir()) == []


def test_nothing_is_installed_against_the_users_will(
    run_code: RunCode, with_python: dict[str, str], tmp_path: Path
) -> None:
    found = find(run_code, with_python, install=False)
    assert "Installing it is switched off (install: false)." in found["message"]
    assert re_python(found["message"])
    assert not (tmp_path / "cache").exists()


def re_python(message: str) -> bool:
    """Returns true if the Python without the program is among those that were tried."""
    return any(
        line.endswith("without make-emulator") and "python3: Python 3." in line
        for line in message.splitlines()
    )


def test_an_old_python_installs_uv_which_brings_a_newer_one(
    run_code: RunCode, environment: dict[str, str], bin_folder: Path, tmp_path: Path
) -> None:
    """The old Python is a stub: it reports its version, creates an environment and notes what pip is called with."""
    log = tmp_path / "pip.log"
    text = f"""
case "$*" in
  -c*) echo '{{"python": [3, 9], "emulator": null}}';;
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python";;
  "-m pip "*) echo "$*" >> "{log}";;
esac
"""
    script(bin_folder / "python3", text)
    for program in ("mkdir", "cp"):
        links(bin_folder, [program])
    found = find(run_code, environment)["found"]
    cache = tmp_path / "cache/make-emulator"
    release = f"make-emulator=={__version__}"
    assert found == [
        *[f"{cache}/uv/bin/python", "-m", "uv", "tool", "run", "--python", ">=3.11", "--from", release],
        "make-emulator",
    ]
    assert log.read_text() == "-m pip install --quiet --disable-pip-version-check uv\n"


# --- started -------------------------------------------------------------------------------------


@pytest.fixture
def with_emulator(environment: dict[str, str], bin_folder: Path) -> dict[str, str]:
    emulator_script(bin_folder / "make-emulator")
    return environment


def test_a_server_has_the_options_of_the_start(
    run_code: RunCode, with_emulator: dict[str, str], project: Project
) -> None:
    code = """
    import { startEmulator } from 'make-emulator';
    import { readFileSync } from 'node:fs';
    const seed = JSON.parse(readFileSync('seed.json', 'utf8'));
    const emulator = await startEmulator({
      seed, worldSeed: 3, rateLimit: false, tls: true, settings: { unmatched: 'fail' },
      args: ['--smtp-port', '0'], controlKey: 'sesame',
    });
    const { world, settings } = await emulator.control.call('GET /worlds/{name}', { path: { name: 'default' } });
    console.log(JSON.stringify({ url: emulator.url, ca: readFileSync(emulator.caFile, 'utf8'), world, settings }));
    """
    project.write(
        {"seed.json": json.dumps({"organizations": [{"name": "Acme", "teams": [{"name": "Ops"}]}]})}
    )
    started = run_code(code, with_emulator)
    assert started["url"].startswith("https://127.0.0.1:")
    assert started["ca"].startswith("-----BEGIN CERTIFICATE-----")
    assert started["settings"]["unmatched"] == "fail"
    assert started["settings"]["rateLimit"] is False


def test_a_server_that_cannot_start_says_why(run_code: RunCode, with_emulator: dict[str, str]) -> None:
    assert start(run_code, with_emulator, seed="nothing") == {
        "name": "EmulatorStartError",
        "message": "make-emulator ended with exit code 1 before it was ready.\n"
        "  make-emulator: there is no seed named 'nothing', nor a file of that name",
    }


def test_a_server_that_is_not_ready_in_time_is_stopped(
    run_code: RunCode, environment: dict[str, str], bin_folder: Path, tmp_path: Path
) -> None:
    links(bin_folder, ["cat", "touch"])
    command = script(bin_folder / "slow", f'echo loading >&2; cat > /dev/null; touch "{tmp_path}/ended"')
    failed = start(run_code, environment, command=[str(command)], timeout=500)
    assert failed["message"].splitlines() == [
        "make-emulator was not ready after 0.5 s; a longer time goes in the option timeout.",
        "  loading",
    ]
    assert (tmp_path / "ended").exists()


def test_a_server_is_ready_once_its_start_scripts_have_ended(
    run_code: RunCode, with_emulator: dict[str, str], bin_folder: Path, tmp_path: Path
) -> None:
    links(bin_folder, ["sleep"])
    done = tmp_path / "done"
    on_start = script(tmp_path / "setup.sh", f'sleep 0.5; : > "{done}"')
    code = """
    import { existsSync } from 'node:fs';
    import { startEmulator } from 'make-emulator';
    const emulator = await startEmulator({ args: ['--on-start', SCRIPT] });
    console.log(JSON.stringify(existsSync(DONE)));
    """
    assert run_code(
        code.replace("SCRIPT", json.dumps(str(on_start))).replace("DONE", json.dumps(str(done))),
        with_emulator,
    )


def test_a_start_script_that_fails_is_shown(
    run_code: RunCode, with_emulator: dict[str, str], tmp_path: Path
) -> None:
    on_start = script(tmp_path / "setup.sh", "echo no such team >&2; exit 3")
    failed = start(run_code, with_emulator, args=["--on-start", str(on_start)])
    assert failed["name"] == "EmulatorStartError"
    assert failed["message"].startswith("make-emulator ended with exit code 1 before it was ready.\n")
    assert "no such team" in failed["message"]


def test_a_command_that_does_not_exist_is_named(run_code: RunCode, environment: dict[str, str]) -> None:
    failed = start(run_code, environment, command=["/nowhere/make-emulator"])
    assert failed["message"] == (
        "make-emulator could not be started: /nowhere/make-emulator: spawn /nowhere/make-emulator ENOENT"
    )


RUNNING = """
import { startEmulator } from 'make-emulator';
const emulator = await startEmulator();
console.log(emulator.url);
"""


def is_serving(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_emulator/health", timeout=10):
            return True
    except (urllib.error.URLError, OSError):
        return False


def test_a_script_that_does_not_stop_the_server_ends_and_the_server_with_it(
    project: Project, with_emulator: dict[str, str]
) -> None:
    project.write({"script.mjs": RUNNING})
    done = project.run(node_path(), "script.mjs", env=with_emulator)
    assert (done.returncode, done.stderr) == (0, "")
    wait_until(lambda: not is_serving(done.stdout.strip()))


@pytest.mark.parametrize("kill", [signal.SIGTERM, signal.SIGKILL])
def test_the_server_ends_with_a_process_that_is_killed(
    project: Project, with_emulator: dict[str, str], kill: signal.Signals
) -> None:
    project.write({"script.mjs": f"{RUNNING}\nsetInterval(() => undefined, 1000);"})
    command = [node_path(), "script.mjs"]
    with subprocess.Popen(
        command, cwd=project.folder, env=with_emulator, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert is_serving(url)
        process.send_signal(kill)
    wait_until(lambda: not is_serving(url))


# --- elsewhere -----------------------------------------------------------------------------------


@contextmanager
def serve(*arguments: str) -> Iterator[str]:
    """A server of this checkout; its address."""
    command = [sys.executable, "-m", "make_emulator", "serve", "--port", "0", "--format", "json", *arguments]
    with subprocess.Popen(
        [*command, "--stop-on-eof"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
        process.stdin.close()


def test_a_server_elsewhere_is_used_and_goes_on(run_code: RunCode, environment: dict[str, str]) -> None:
    with serve("--control-key", "sesame") as url:
        environment["MAKE_EMULATOR_URL"] = f"{url}/api/v2"
        failed = start(run_code, environment)
        assert failed["message"].splitlines() == [
            f"The emulator at {url}/api/v2 cannot be used: GET /_emulator/worlds/default returned 403: "
            "The control API needs its key in the header X-Emulator-Key.",
            "Set MAKE_EMULATOR_CONTROL_KEY, or controlKey, to the key that the server was started with.",
        ]
        environment["MAKE_EMULATOR_CONTROL_KEY"] = "sesame"
        started = start(run_code, environment)
        assert (started["url"], started["status"]) == (url, 200)
        assert is_serving(url)


def test_a_server_elsewhere_that_does_not_respond_is_an_error(
    run_code: RunCode, environment: dict[str, str]
) -> None:
    with serve() as url:
        pass
    failed = start(run_code, environment, url=url)
    assert failed["message"].splitlines() == [
        f"The emulator at {url} cannot be used: no emulator answers at {url}: the connection was refused",
        "Start it there with make-emulator serve, or unset MAKE_EMULATOR_URL to have one started here.",
    ]


# --- images --------------------------------------------------------------------------------------

#: Docker without a daemon: runs the program of this checkout at the published port.
DOCKER = """
echo "$@" > "{log}"
[ "$1 $2 $3 $4" = "run --rm --interactive --publish" ] || exit 125
port=${{5#127.0.0.1:}}; port=${{port%:4747}}
[ "$6 $7" = "--env MAKE_EMULATOR_CONTROL_KEY" ] || exit 125
shift 8
exec "{program}" "$@" --port "$port"
"""


def test_an_image_is_run_with_a_key_of_its_own(
    run_code: RunCode, environment: dict[str, str], bin_folder: Path, tmp_path: Path
) -> None:
    log = tmp_path / "docker.log"
    program = emulator_script(tmp_path / "program")
    script(bin_folder / "docker", DOCKER.format(log=log, program=program))
    started = start(run_code, environment, image="ghcr.io/make-emulator/make-emulator", rateLimit=False)
    assert started["status"] == 200
    words = log.read_text().split()
    assert words[7] == "ghcr.io/make-emulator/make-emulator"
    assert words[8:] == [
        "serve",
        "--format",
        "json",
        "--stop-on-eof",
        "--log-format",
        "none",
        "--no-rate-limit",
    ]


def test_an_image_without_docker_is_an_error_that_tells_what_to_do(
    run_code: RunCode, environment: dict[str, str]
) -> None:
    failed = start(run_code, environment, image="make-emulator")
    assert failed["message"].splitlines() == [
        "The image make-emulator cannot be run: docker is not on the PATH.",
        'Install Docker, name another program with { docker: "podman" }, or leave image out to run the Python program.',
    ]


# --- the command of npm --------------------------------------------------------------------------


def test_the_command_passes_all_to_the_program(
    project: Project, with_emulator: dict[str, str], installed: Path
) -> None:
    own = str(installed / "make-emulator/dist/esm/cli.js")
    version = project.run(own, "--version", env=with_emulator)
    assert (version.returncode, version.stdout) == (0, f"make-emulator, version {__version__}\n")
    wrong = project.run(own, "serve", "--colour", env=with_emulator)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "No such option '--colour'" in wrong.stderr


def test_the_command_ends_with_the_server_that_it_started(
    project: Project, with_emulator: dict[str, str], installed: Path
) -> None:
    own = str(installed / "make-emulator/dist/esm/cli.js")
    with subprocess.Popen(
        [own, "serve", "--port", "0", "--format", "json"], env=with_emulator, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        assert is_serving(url)
        process.terminate()
        assert process.wait(timeout=60) == 0
    assert not is_serving(url)


def test_the_command_without_the_program_tells_what_to_do(
    project: Project, environment: dict[str, str], installed: Path
) -> None:
    done = project.run(str(installed / "make-emulator/dist/esm/cli.js"), "serve", env=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"The Python program make-emulator {__version__} was not found. Tried:\n")
