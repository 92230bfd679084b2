"""The report for an issue: what it tells, and that it tells no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from helpers.api import ADMIN_TOKEN
from make_emulator import MakeEmulator, __version__
from make_emulator.cli.main import main

SECRETS = {
    "token": "d1f6e1a0-1111-4222-8333-0123456789ab",
    "clientSecret": "client-secret-of-the-app",
    "apiKey": "sk-live-4242424242424242",
    "password": "correct horse battery staple",
    "variable": "tr0ub4dor&3",
}
SEED = f"""\
users:
  - {{ name: Ann, email: ann.real@customer.example }}
tokens:
  - {{ label: admin, user: Ann, scopes: all, token: {SECRETS["token"]} }}
oauthClients:
  - {{ name: App, redirectUris: ["https://app.example/cb"], scopes: [openid], secret: {SECRETS["clientSecret"]} }}
organizations:
  - name: Acme
    owner: Ann
    teams:
      - name: Ops
        variables:
          - {{ name: SHOP_PASSWORD, value: "{SECRETS["variable"]}" }}
        dataStores:
          - {{ id: 1, name: Notes, maxSizeMB: 1, records: [{{ key: a, data: {{ apiKey: {SECRETS["apiKey"]}, password: "{SECRETS["password"]}", text: "see {SECRETS["token"]} and {SECRETS["variable"]}, ask ann.real@customer.example" }} }}] }}
"""


def run(*arguments: str, **environment: str) -> Result:
    result = CliRunner().invoke(main, ["report", *arguments], env=environment)
    assert (result.exit_code, result.stderr) == (0, "")
    return result


def test_it_describes_installation_and_server() -> None:
    with MakeEmulator() as make:
        make.create_world("mine", plan="core", unmatched="fail")
        text = run("--url", make.url).stdout
        document = json.loads(run("--url", make.url, "--format", "json").stdout)
        assert ADMIN_TOKEN not in text
        assert document["server"] == {
            "url": make.url,
            "version": __version__,
            "worlds": [
                {"name": "default", "plan": "enterprise", "zone": "eu1.make.com", "settings": {}},
                {"name": "mine", "plan": "core", "zone": "eu1.make.com", "settings": {"unmatched": "fail"}},
            ],
        }
        assert f"server         {__version__} at {make.url}\n" in text
    assert document["version"] == __version__
    assert document["libraries"]["flask"].startswith("3.")
    assert text.startswith(f"```text\nmake-emulator  {__version__}\npython         CPython 3.")
    assert "world          mine: core, eu1.make.com\nsettings       unmatched fail\n" in text


def test_a_server_that_does_not_run_is_told() -> None:
    assert "server         no emulator answers at http://127.0.0.1:9: Connection refused\n" in (
        run("--url", "http://127.0.0.1:9").stdout
    )


def test_variables_are_shown_without_secrets() -> None:
    environment = {
        "MAKE_EMULATOR_URL": "http://127.0.0.1:9",
        "MAKE_EMULATOR_CONTROL_KEY": "sesame-open",
        "MAKE_EMULATOR_STATE": f"{Path.home()}/state.json",
        "MAKE_API_KEY": SECRETS["token"],
        "MAKE_ZONE": "127.0.0.1:4747",
        "https_proxy": "http://ann:swordfish@proxy.example:3128",
    }
    result = run("--format", "json", **environment)
    variables = json.loads(result.stdout)["variables"]
    assert variables["MAKE_EMULATOR_CONTROL_KEY"] == variables["MAKE_API_KEY"] == "********"
    assert variables["MAKE_EMULATOR_STATE"] == "~/state.json"
    assert variables["MAKE_ZONE"] == "127.0.0.1:4747"
    assert variables["https_proxy"] == "http://********@proxy.example:3128"
    for secret in ("sesame-open", SECRETS["token"], "swordfish"):
        assert secret not in result.stdout


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_seed_is_shown_without_its_secrets_and_addresses(format: str, tmp_path: Path) -> None:
    path = tmp_path / "seed.yaml"
    path.write_text(SEED, "utf-8")
    text = run("--url", "http://127.0.0.1:9", "--seed", str(path), "--format", format).stdout
    for name, secret in SECRETS.items():
        assert secret not in text, name
    assert "customer.example" not in text
    assert "somebody@example.com" in text
    assert "name: Acme" in text
    assert "1 user, 1 organization, 1 team" in text


def test_a_long_seed_is_cut_unless_all_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "seed.yaml"
    teams = "\n".join(f"      - name: Team {number}" for number in range(200))
    path.write_text(f"organizations:\n  - name: Acme\n    teams:\n{teams}\n", "utf-8")
    short = run("--url", "http://127.0.0.1:9", "--seed", str(path)).stdout
    full = run("--url", "http://127.0.0.1:9", "--seed", str(path), "--full").stdout
    assert "Team 199" not in short
    assert short.endswith("```\n53 more lines: --full shows them.\n")
    assert "Team 199" in full
    assert "more lines" not in full


def test_a_shipped_seed_is_named_and_an_invalid_one_has_its_issues(tmp_path: Path) -> None:
    assert run("--url", "http://127.0.0.1:9", "--seed", "default").stdout.endswith(" executions\n")
    path = tmp_path / "seed.yaml"
    path.write_text("organizations:\n  - name: Acme\n    plan: gold\n", "utf-8")
    text = run("--url", "http://127.0.0.1:9", "--seed", str(path)).stdout
    assert f"Seed {path} is invalid:\n" in text
    assert f"{path}:3: organizations[0].plan: there is no 'gold'" in text
