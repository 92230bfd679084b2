from __future__ import annotations

import json

from click.testing import CliRunner, Result

from make_emulator.cli.main import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["modules", *arguments])


def test_the_catalogue_is_shown_as_text() -> None:
    apps = run()
    assert apps.exit_code == 0
    assert "slack " in apps.output
    assert "apps. The modules of one: make-emulator modules APP" in apps.output
    app = run("stripe")
    assert "The list is complete for version 1." in app.output
    assert "stripe:ListCharges" in app.output
    module = run("slack:CreateMessage")
    assert module.output.startswith("slack:CreateMessage: action, version 3, 4, simulated\n")
    assert "  connection: __IMTCONN__ (slack2, slack3)\n" in module.output
    assert "    channelType select (required): im, mpim, private, public\n" in module.output


def test_the_catalogue_is_shown_as_json() -> None:
    document = json.loads(run("json:ParseJSON", "--format", "json").output)
    assert (document["name"], document["support"], document["versions"]) == (
        "json:ParseJSON",
        "interpreted",
        [1],
    )
    assert "google-email" in {app["name"] for app in json.loads(run("--format", "json").output)["apps"]}


def test_an_unknown_name_is_a_usage_error_with_a_suggestion() -> None:
    unknown = run("slack:SendMessage")
    assert unknown.exit_code == 2
    assert "no module 'slack:SendMessage' is known; did you mean slack:CreateMessage?" in unknown.output
    assert "did you mean google-email?" in run("gmail").output
