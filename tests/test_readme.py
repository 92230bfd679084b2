"""What README.md shows is what happens."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from conftest import Api
from emulator import seeds
from emulator.app import create_app
from emulator.cli import main
from emulator.data import fixture
from emulator.tls import CLIENT_VARIABLES

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_the_first_answer_of_a_fresh_server_is_the_one_shown() -> None:
    [call] = [block for block in blocks("console") if block.startswith("$ curl")]
    command, _, answer = call.removeprefix("$ ").replace("\\\n", " ").partition("}'\n")
    words = shlex.split(command + "}'")
    headers = dict(text.split(": ", 1) for flag, text in pairwise(words) if flag == "-H")
    [url] = [word for word in words if word.startswith("http")]
    client = create_app().test_client()
    got = client.open(
        url.partition("4747")[2],
        method=words[words.index("-X") + 1],
        headers=headers,
        data=words[words.index("-d") + 1],
    )
    assert got.json == json.loads(answer)


def test_the_tests_that_are_shown_pass(pytester: pytest.Pytester) -> None:
    shown = "\n\n".join(blocks("python"))
    pytester.makepyfile(shown)
    pytester.runpytest("-W", "error").assert_outcomes(passed=shown.count("def test_"))


def test_the_variables_that_are_shown_are_the_ones_that_are_printed() -> None:
    [shown] = [block for block in blocks("console") if "--tls" in block]
    assert re.findall(r"export (\w+)=", shown) == list(CLIENT_VARIABLES)


def test_every_control_call_is_listed_and_every_listed_one_is_there(api: Api) -> None:
    listed = set(re.findall(r"^\| `([A-Z]+) (/[^`]*)` \|", README, flags=re.MULTILINE))
    served = {
        (method, re.sub(r"<(?:int:)?(\w+)>", r"{\1}", rule.rule.removeprefix("/_emulator")))
        for rule in api.app.url_map.iter_rules()
        if rule.rule.startswith("/_emulator")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert listed == served


def test_the_blueprint_is_explained_as_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    [shown] = [block for block in blocks("console") if "make-emulator explain" in block]
    call, _, told = shown.removeprefix("$ ").partition("\n")
    monkeypatch.chdir(Path(__file__).parent.parent)
    result = CliRunner().invoke(main, shlex.split(call)[1:], env={"COLUMNS": "100"})
    assert result.exit_code == 0
    assert result.output == told


def test_the_files_that_are_linked_exist() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (Path(__file__).parent.parent / target).exists(), target


def test_the_seed_that_is_shown_is_valid(tmp_path: Path) -> None:
    [seed] = blocks("yaml")
    path = tmp_path / "seed.yaml"
    path.write_text(seed, "utf-8")
    assert seeds.summary(seeds.check(path)) == "1 user, 1 organization, 1 team"


def test_every_shipped_seed_is_listed() -> None:
    shown = README.partition("\n| seed |")[2].partition("\n\n")[0]
    listed = re.findall(r"^\| `(\w+)` \|", shown, flags=re.MULTILINE)
    assert sorted(listed) == sorted(path.stem for path in fixture("worlds").glob("*.yaml"))
