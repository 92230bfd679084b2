"""A Python developer: from the installation to a tested agent, and to the project's own tests."""

from __future__ import annotations

import pytest

from .reader import Reader

pytestmark = pytest.mark.e2e


def test_the_first_page_leads_to_a_demonstration(reader: Reader) -> None:
    reader.follow("docs/README.md", "make-emulator: a local emulator of the Make.com API")


def test_the_examples_of_the_readme_pass(reader: Reader) -> None:
    for number, block in enumerate(reader.blocks("README.md", "make-emulator")):
        if block.language == "python":
            reader.shell.write(block, f"test_readme_{number}.py")
    assert reader.pytest() == {"passed": 2}


def test_the_tutorial_leads_to_a_tested_agent(reader: Reader) -> None:
    page = "docs/tutorial.md"
    for heading in ("1. Install", "2. An agent", "3. The first test"):
        reader.follow(page, heading)
    assert "5 passed" in reader.run_named(page, "pytest")

    # The change that the page asks for.
    test = reader.folder / "test_agent.py"
    test.write_text(
        test.read_text("utf-8").replace('== {"greeting": "Hello, Zoe!"}', '== {"greeting": "Bye!"}')
    )
    _, printed = reader.shell.run("pytest -q")
    assert "1 failed, 4 passed" in printed
    # Without the times of the requests.
    for line in reader.block(page, "text", "4. When a test fails").text.splitlines():
        assert line.strip("-").partition("Z  ")[2 if "Z  " in line else 0] in printed


@pytest.mark.parametrize("name", ["pytest", "unittest", "interception", "faults", "reports", "settings"])
def test_a_guide_is_followed(reader: Reader, name: str) -> None:
    reader.follow(f"docs/how-to/{name}.md")
    reader.test()
