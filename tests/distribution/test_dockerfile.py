"""Dockerfile and compose.yaml, read without a daemon: what is copied suffices, and what is configured exists.

``tests/e2e/image`` builds the image and runs it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from helpers.markdown import code_blocks
from make_emulator import __version__
from make_emulator.cli.main import COMMANDS
from make_emulator.cli.serve import serve

from .conftest import ROOT, Distributions

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Instruction:
    name: str
    text: str

    def words(self) -> list[str]:
        """The words of its JSON form, or those between spaces."""
        return json.loads(self.text) if self.text.startswith("[") else self.text.split()


def stages() -> list[list[Instruction]]:
    """The instructions of each stage."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found: list[list[Instruction]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append(Instruction(name, rest.strip()))
    return found


BUILD, SHIPPED = stages()


def texts(stage: list[Instruction], name: str) -> list[str]:
    return [each.text for each in stage if each.name == name]


def environment() -> dict[str, str]:
    return dict(pair for text in texts(SHIPPED, "ENV") for pair in re.findall(r'(\w+)="?([^"\s]+)"?', text))


def options_of_serve() -> set[str]:
    return {
        str(option.envvar) for option in serve.params if isinstance(option, click.Option) and option.envvar
    }


def copied_names() -> list[str]:
    """The files and folders of the repository that the build copies."""
    return [name for each in BUILD if each.name == "COPY" for name in each.words()[:-1]]


def is_in_context(name: str) -> bool:
    """Returns whether ``.dockerignore``, which leaves all out and takes some back, lets a name at the top through."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert lines[0] == "*"
    return f"!{name.partition('/')[0]}" in lines


def test_what_is_copied_is_there_and_in_the_context() -> None:
    assert len(copied_names()) > 5
    for name in copied_names():
        assert (ROOT / name).exists(), name
        assert is_in_context(name), name
    taken = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").split() if line[0] == "!"}
    assert taken == {name.partition("/")[0] for name in copied_names()}


def test_what_is_copied_builds_the_wheel_that_is_published(
    distributions: Distributions, tmp_path: Path
) -> None:
    for name in copied_names():
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "dist" / distributions.wheel.name).read_bytes() == distributions.wheel.read_bytes()


def test_dependencies_are_locked_by_their_hashes_and_have_the_javascript_engine() -> None:
    installs = [text for text in texts(BUILD, "RUN") if "pip install" in text]
    assert "--require-hashes --requirement requirements/runtime.txt" in installs[0]
    assert all("--no-deps" in text for text in installs[1:])
    assert re.search(r"^quickjs-ng==", (ROOT / "requirements/runtime.txt").read_text("utf-8"), re.MULTILINE)


def test_both_stages_have_one_base_of_a_supported_python() -> None:
    bases = [stage[0].text.split()[0] for stage in (BUILD, SHIPPED)]
    assert bases[0] == bases[1]
    version = re.fullmatch(r"python:(3\.\d+)-slim", bases[0])
    assert version is not None
    assert f"Programming Language :: Python :: {version[1]}" in PROJECT["project"]["classifiers"]


def test_the_container_runs_as_a_user_by_number_after_all_that_needs_rights() -> None:
    names = [each.name for each in SHIPPED]
    [user] = texts(SHIPPED, "USER")
    number, group = map(int, user.split(":"))
    assert number == group > 1000
    assert names.index("USER") > max(place for place, name in enumerate(names) if name in ("RUN", "COPY"))
    assert f"--uid {number} --gid {group}" in " ".join(texts(SHIPPED, "RUN"))


def test_nothing_is_built_or_fetched_in_the_stage_that_is_shipped() -> None:
    assert not re.search(r"pip|apt-get|curl|wget", " ".join(texts(SHIPPED, "RUN")))
    assert [text.split()[0] for text in texts(SHIPPED, "COPY")] == ["--from=build"]


def test_variables_and_commands_are_those_of_the_program() -> None:
    variables = {name for name in environment() if name.startswith("MAKE_")}
    assert variables <= options_of_serve()
    assert environment()["MAKE_EMULATOR_HOST"] == "0.0.0.0"
    assert texts(SHIPPED, "EXPOSE") == [environment()["MAKE_EMULATOR_PORT"]]
    [entry], [default], [check] = (texts(SHIPPED, name) for name in ("ENTRYPOINT", "CMD", "HEALTHCHECK"))
    assert json.loads(entry) == ["make-emulator"]
    assert json.loads(default) == ["serve"]
    [command] = re.findall(r"CMD (\[.*\])$", check)
    program, name = json.loads(command)
    assert [program] == json.loads(entry)
    assert name in COMMANDS


def test_the_folder_of_the_files_to_start_with_is_there() -> None:
    assert f"mkdir -p {environment()['MAKE_EMULATOR_INIT_DIR']} " in " ".join(texts(SHIPPED, "RUN"))


# --- compose -------------------------------------------------------------------------------------


@pytest.fixture
def service() -> Any:
    """The only service of compose.yaml."""
    [service] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"].values()
    return service


def test_compose_sets_variables_of_the_program_and_a_key(service: Any) -> None:
    assert set(service["environment"]) <= options_of_serve()
    assert "MAKE_EMULATOR_CONTROL_KEY" in service["environment"]


def test_other_services_may_call_it_by_its_name(service: Any) -> None:
    [name] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    assert name in service["environment"]["MAKE_EMULATOR_ALLOWED_HOST"].split()


def test_compose_publishes_on_this_machine_alone_and_gives_no_rights(service: Any) -> None:
    assert service["ports"] == [f"127.0.0.1:{environment()['MAKE_EMULATOR_PORT']}:4747"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]


# --- the documentation ---------------------------------------------------------------------------

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs/how-to").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_tells_docker_is_right(page: Path) -> None:
    """Variables are options of the program, arguments its commands, and ports are published on this machine alone."""
    text = page.read_text("utf-8")
    runs = re.findall(r"docker run ((?:[^`\n\\]|\\\n)+)", text)
    for run in runs:
        words = run.replace("\\\n", " ").split()
        for place, word in enumerate(words):
            if word == "-e":
                assert words[place + 1].partition("=")[0] in options_of_serve(), words
            if word == "-p":
                assert words[place + 1].startswith("127.0.0.1:"), words
        arguments = words[words.index("make-emulator") + 1 :]
        if arguments and arguments[0].isalpha():
            assert arguments[0] in COMMANDS


def test_the_page_of_docker_lists_every_variable_of_the_image() -> None:
    page = (ROOT / "docs/how-to/docker.md").read_text("utf-8")
    for name in environment():
        if name.startswith("MAKE_"):
            assert f"`{name}`" in page, name


def test_a_server_says_what_the_page_of_docker_shows(tmp_path: Path) -> None:
    page = (ROOT / "docs/how-to/docker.md").read_text("utf-8")
    [shown] = [block for block in code_blocks(page, "console") if "control key" in block]
    shown = shown[shown.index(f"make-emulator {__version__} serves") :]
    command = [sys.executable, "-m", "make_emulator", "serve", "--host", "0.0.0.0", "--port", "0"]
    with subprocess.Popen(
        [*command, "--init-dir", str(tmp_path)], stdout=subprocess.PIPE, encoding="utf-8"
    ) as server:
        assert server.stdout is not None
        reported = "".join(server.stdout.readline() for _ in shown.splitlines())
        server.terminate()
    [port] = set(re.findall(r"127\.0\.0\.1:(\d+)", reported))
    reported = reported.replace(f":{port}/", ":4747/").replace(str(tmp_path), "/emulator/init.d")
    assert re.sub(r"[0-9a-f]{32}", "KEY", reported) == re.sub(r"[0-9a-f]{32}", "KEY", shown)
