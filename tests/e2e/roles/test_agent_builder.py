"""A builder of AI agents: the skill, the MCP server in several clients, and tests of agents."""

from __future__ import annotations

import json
import shlex
import tomllib
from pathlib import Path
from textwrap import indent
from typing import Any
from urllib.request import Request, urlopen

import pytest

from helpers.api import ADMIN_TOKEN
from helpers.documentation import ROOT
from helpers.installation import create_environment
from helpers.sharing import share

from .reader import Reader

pytestmark = pytest.mark.e2e

PAGE = "docs/how-to/mcp.md"
AGENT_LIBRARIES = ("openai-agents==0.24.0", "langchain-mcp-adapters==0.3.2")


def message(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def list_tools(reader: Reader, url: str, authorization: str) -> set[str]:
    """The names of the tools that a client gets with a configuration."""
    request = Request(
        reader.shell.localize(url),
        json.dumps(message("tools/list")).encode(),
        {
            "Authorization": authorization,
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        },
    )
    with urlopen(request, timeout=60) as response:
        # One event of a stream.
        data = response.read().decode().partition("data: ")[2]
    return {tool["name"] for tool in json.loads(data)["result"]["tools"]}


def test_the_skill_is_installed(reader: Reader) -> None:
    reader.follow("docs/how-to/skill.md")
    installed = reader.folder / ".claude/skills/make-emulator/SKILL.md"
    assert installed.read_bytes() == (ROOT / "skills/make-emulator/SKILL.md").read_bytes()


def test_every_client_reaches_the_server_with_the_configuration_that_is_shown(reader: Reader) -> None:
    reader.run("make-emulator serve")
    [(claude, _)] = reader.block(PAGE, "console", "Claude Code").commands()
    words = shlex.split(claude)
    [url] = [word for word in words if word.startswith("http://")]
    header = words[words.index("--header") + 1]
    codex = tomllib.loads(reader.block(PAGE, "toml", "Codex").text)["mcp_servers"]["make"]
    assert codex["bearer_token_env_var"] == "MAKE_API_KEY"
    cursor = json.loads(reader.block(PAGE, "json", "Cursor").text)["mcpServers"]["make"]
    code = json.loads(reader.block(PAGE, "json", "VS Code").text)["servers"]["make"]
    for address, authorization in (
        (url, header.removeprefix("Authorization: ")),
        (codex["url"], f"Bearer {ADMIN_TOKEN}"),
        (cursor["url"], cursor["headers"]["Authorization"]),
        (code["url"], code["headers"]["Authorization"]),
    ):
        assert {"s1_greeting", "teams_list"} <= list_tools(reader, address, authorization)


def test_a_client_starts_the_server_with_the_configuration_that_is_shown(reader: Reader) -> None:
    heading = "Clients that start their servers"
    server = json.loads(reader.block(PAGE, "json", heading).text)["mcpServers"]["make"]
    # The program that `uvx` would install is in the environment of the shell.
    assert server["command"] == "uvx"
    start = message(
        "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "t", "version": "1"}
    )
    messages = [start, {"jsonrpc": "2.0", "method": "notifications/initialized"}, message("tools/list")]
    lines = "".join(f"{json.dumps(each)}\n" for each in messages)
    (reader.folder / "messages").write_text(lines, "utf-8")
    printed = reader.run(f"command {shlex.join(server['args'])} < messages 2> log")
    *_, listed = [json.loads(line) for line in printed.splitlines()]
    names = {tool["name"] for tool in listed["result"]["tools"]}
    text = (ROOT / PAGE).read_text("utf-8").partition(f"## {heading}")[2].partition("\n## ")[0]
    named = {name for name in text.split("`") if name.startswith("emulator_")}
    assert len(named) >= 8
    assert named <= names


@pytest.fixture(scope="session")
def agent_libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the libraries for agents that the page names, but without the emulator."""

    def build(folder: Path) -> None:
        create_environment(folder / "agents", *AGENT_LIBRARIES)

    return share(tmp_path_factory, "agents", build) / "agents/bin/python"


@pytest.mark.parametrize(
    ("heading", "shown"),
    [
        ("The OpenAI Agents SDK", "    print([tool.name for tool in await make.list_tools()])"),
        ("LangChain", "print([tool.name for tool in tools])"),
    ],
)
def test_a_library_for_agents_lists_the_tools_by_the_code_that_is_shown(
    reader: Reader, agent_libraries: Path, heading: str, shown: str
) -> None:
    reader.run("make-emulator serve")
    code = f"{reader.block(PAGE, 'py', heading).text}{shown}\n"
    program = f"import asyncio\n\n\nasync def main():\n{indent(code, '    ')}\n\nasyncio.run(main())\n"
    (reader.folder / "program.py").write_text(reader.shell.localize(program), "utf-8")
    # The SDK sends traces to its vendor unless this variable says otherwise.
    printed = reader.run(f"OPENAI_AGENTS_DISABLE_TRACING=1 {agent_libraries} program.py 2> log")
    assert "'s1_greeting'" in printed
    assert "'teams_list'" in printed


@pytest.mark.parametrize("page", ["mcp", "offline-agents", "agents", "checkpoints"])
def test_the_tests_of_a_guide_pass(reader: Reader, page: str) -> None:
    for block in reader.blocks(f"docs/how-to/{page}.md"):
        if block.language == "python" and block.file_name() is not None:
            reader.shell.write(block)
    reader.test()
