from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from make_emulator.cli.main import main
from make_emulator.lint.document import LintOptions
from make_emulator.mend.files import WriteError, mend_file

GREETING = """{
    "name": "Greeting",
    "flow": [
        {"id": 1, "module": "gateway:CustomWebHook", "version": 1, "parameters": {"hook": 1}},
        {
            "id": 2,
            "module": "util:SetVariabel2",
            "version": 1,
            "mapper": { "name":"v", "scope": "roundtrip", "value": "caf\\u00e9 {{3.x}}" }
        },
        {"id": 4, "module": "myapp:doIt", "version": 1}
    ],
    "metadata": {"version": 1}
}
"""

VARIABLE: dict[str, Any] = {
    "id": 1,
    "module": "util:SetVariable2",
    "version": 1,
    "mapper": {"name": "v", "scope": "roundtrip", "value": "{{uper(1)}}"},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "greeting.json").write_bytes(GREETING.encode())
    (tmp_path / "package.json").write_text('{"name": "no blueprint"}', "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["mend", *arguments, "--now", "2026-03-02T09:00:00Z"])


def test_repairs_are_shown_with_the_end_of_the_run_and_nothing_is_written(folder: Path) -> None:
    result = run(".")
    assert result.exit_code == 1
    first, *rest = result.output.splitlines()
    assert first.startswith(
        "greeting.json:7: error [no-such-module] The app 'util' has no module 'util:SetVariabel2'. "
        "Did you mean util:SetVariable2 or "
    )
    assert rest == [
        '    /flow/1/module: "util:SetVariabel2" -> "util:SetVariable2"',
        "    with this patch the run ends REFUSED, 0 bundles",
        "greeting.json:9: error [unknown-reference] {{3.x}}: There is no module 3; the modules before this one: 1.",
        '    /flow/1/mapper/value: "café {{3.x}}" -> "café {{1.x}}"',
        "    with this patch the run ends REFUSED, 0 bundles",
        "greeting.json:11: error [no-such-module] Make has no app 'myapp'.",
        "    no obvious repair",
        "",
        "1 blueprint: 2 repairs (--write applies them), 1 finding without one",
    ]
    assert (folder / "greeting.json").read_bytes() == GREETING.encode()


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_only_the_patched_places_of_a_file_change(folder: Path, line_end: str, mark: bytes) -> None:
    text = GREETING.replace("\n", line_end)
    (folder / "greeting.json").write_bytes(mark + text.encode())
    result = run("greeting.json", "--write")
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "1 blueprint: 2 repairs (written), 1 finding without one"
    mended = text.replace("SetVariabel2", "SetVariable2").replace("{{3.x}}", "{{1.x}}")
    assert (folder / "greeting.json").read_bytes() == mark + mended.encode()
    again = run("greeting.json", "--write")
    assert again.output.splitlines()[-1] == "1 blueprint: 1 finding without a repair"


def test_exit_codes(folder: Path) -> None:
    (folder / "greeting.json").write_text(json.dumps({**json.loads(GREETING), "flow": [VARIABLE]}), "utf-8")
    assert run("greeting.json").exit_code == 1
    assert run("greeting.json", "--ignore", "unknown-function").exit_code == 0
    written = run("greeting.json", "--write")
    assert (written.exit_code, written.output.splitlines()[-1]) == (0, "1 blueprint: 1 repair (written)")
    nothing = run("greeting.json")
    assert (nothing.exit_code, nothing.output) == (0, "1 blueprint: nothing to mend\n")
    unknown = run("greeting.json", "--ignore", "unknown-functoin")
    assert unknown.exit_code == 2
    assert "no rule 'unknown-functoin'; did you mean 'unknown-function'?" in unknown.output
    assert run("absent.json").exit_code == 2
    assert run().exit_code == 2
    (folder / "empty").mkdir()
    none = run("empty")
    assert (none.exit_code, none.output) == (1, "make-emulator: no blueprint in empty\n")


def test_a_file_without_a_blueprint_stays(folder: Path) -> None:
    (folder / "broken.json").write_text('{\n"flow": [\n', "utf-8")
    result = run("broken.json", "--write")
    assert result.exit_code == 1
    assert "error [not-json] The file is not JSON" in result.output
    assert (folder / "broken.json").read_text("utf-8") == '{\n"flow": [\n'


def test_a_file_whose_members_are_there_twice_stays(folder: Path) -> None:
    variable = json.dumps(VARIABLE).replace('"scope"', '"scoppe": 1, "scoppe"').replace("uper", "upper")
    text = f'{{"name": "x", "flow": [{variable}], "metadata": {{}}}}'
    (folder / "greeting.json").write_text(text, "utf-8")
    result = run("greeting.json", "--write")
    assert result.exit_code == 0
    assert "    not repaired, as the text of the file has an unusual form: " in result.output
    assert (folder / "greeting.json").read_text("utf-8") == text


def test_the_output_as_json_has_the_patches(folder: Path) -> None:
    result = run(".", "--format", "json")
    [file] = json.loads(result.output)["files"]
    assert file["path"] == "greeting.json"
    assert (file["blueprintPath"], file["written"]) == ("", False)
    assert file["patch"] == [
        {"op": "replace", "path": "/flow/1/module", "value": "util:SetVariable2"},
        {"op": "replace", "path": "/flow/1/mapper/value", "value": "café {{1.x}}"},
    ]
    assert [(each["rule"], each["line"]) for each in file["repairs"]] == [
        ("no-such-module", 7),
        ("unknown-reference", 9),
    ]
    assert [(each["rule"], each["line"], each["reason"]) for each in file["findings"]] == [
        ("no-such-module", 11, "no obvious repair")
    ]
    assert file["run"]["after"]["status"] == "REFUSED"
    [written] = json.loads(run(".", "--format", "json", "--write").output)["files"]
    assert written["written"] is True


def test_a_request_of_the_api_is_repaired_within_its_json_texts(folder: Path) -> None:
    blueprint = {"name": "x", "flow": [VARIABLE], "metadata": {}}
    scheduling = {"type": "indefinitely", "interval": 30}
    body = {"blueprint": json.dumps(blueprint, indent=1), "scheduling": json.dumps(scheduling)}
    path = folder / "body.json"
    path.write_text(json.dumps(body), "utf-8")
    result = run("body.json", "--write")
    assert result.exit_code == 0
    assert "    /interval: 30 -> 60" in result.output.splitlines()
    assert path.read_text("utf-8") == json.dumps(body).replace("uper(", "upper(").replace("30}", "60}")
    response = {"code": "OK", "response": {"blueprint": blueprint, "scheduling": scheduling}}
    path.write_text(json.dumps(response), "utf-8")
    [file] = json.loads(run("body.json", "--write", "--format", "json").output)["files"]
    assert file["blueprintPath"] == "/response/blueprint"
    repaired = json.dumps(response).replace("uper(", "upper(").replace("30}", "60}")
    assert path.read_text("utf-8") == repaired


def test_outputs_of_modules_can_be_scripted(folder: Path) -> None:
    flow = json.loads(GREETING)["flow"][:1]
    mapper = {"channelWType": "manualy", "channelType": "public", "channel": "C1", "text": "hello"}
    message = {"id": 2, "module": "slack:CreateMesage", "version": 4, "mapper": mapper}
    flow.append({**message, "parameters": {"__IMTCONN__": 1}})
    (folder / "greeting.json").write_text(json.dumps({**json.loads(GREETING), "flow": flow}), "utf-8")
    (folder / "modules.yaml").write_text(
        "slack:CreateMessage: {error: {name: DataError, message: 'No such channel.'}}", "utf-8"
    )
    assert "run ends SUCCESS" in run("greeting.json").output
    scripted = run("greeting.json", "--modules", "modules.yaml", "--write")
    assert "    with the obvious repair the run ends ERROR instead of SUCCESS" in scripted.output
    assert "CreateMesage" in (folder / "greeting.json").read_text("utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="permissions and symbolic links of POSIX")
def test_permissions_and_symbolic_links_stay(folder: Path) -> None:
    target = folder / "greeting.json"
    target.chmod(0o640)
    (folder / "link.json").symlink_to("greeting.json")
    run("link.json", "--write")
    assert (folder / "link.json").is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert "SetVariable2" in target.read_text("utf-8")
    assert sorted(os.listdir(folder)) == ["greeting.json", "link.json", "package.json"]


def test_a_file_that_changed_meanwhile_is_not_written(folder: Path) -> None:
    path = folder / "greeting.json"
    mended = mend_file(path, path.read_bytes(), options=LintOptions())
    path.write_text("{}", "utf-8")
    with pytest.raises(WriteError, match="it has changed since it was read"):
        mended.write()
    assert path.read_text("utf-8") == "{}"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions of POSIX")
def test_a_file_that_cannot_be_written_is_one_line(folder: Path) -> None:
    folder.chmod(0o500)
    result = run("greeting.json", "--write")
    folder.chmod(0o700)
    assert result.exit_code == 1
    assert result.output.startswith("make-emulator: cannot write greeting.json: ")
