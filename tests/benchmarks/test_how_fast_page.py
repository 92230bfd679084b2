"""The page "How fast": its sections can be written, and agree with what is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import page
from benchmarks.__main__ import PAGE_PARTS, PARTS
from benchmarks.peers.catalog import PEERS
from benchmarks.peers.packages import VERSIONS

TEXT = page.PAGE.read_text(encoding="utf-8")

SHORT = (
    "# Title\n\n<!-- benchmarks one -->\nold\n<!-- end -->\n\n<!-- benchmarks two -->\nkept\n<!-- end -->\n"
)


def section(name: str) -> str:
    return TEXT.partition(f"<!-- benchmarks {name} -->\n")[2].partition("<!-- end -->")[0]


def test_a_section_is_replaced_alone(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(SHORT, encoding="utf-8")
    page.write_section("one", "| new \\1 |", file)
    assert file.read_text(encoding="utf-8") == SHORT.replace("old", "| new \\1 |")
    page.write_section("one", "newer", file)
    assert file.read_text(encoding="utf-8") == SHORT.replace("old", "newer")


def test_a_section_that_the_page_does_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 sections named three"):
        page.replace_section(SHORT, "three", "text")


@pytest.mark.parametrize("name", PAGE_PARTS)
def test_the_page_has_a_section_for_each_part(name: str) -> None:
    assert name in PARTS
    assert page.replace_section(TEXT, name, section(name).removesuffix("\n")) == TEXT
    assert "| -- | --:" in section(name)


def test_every_peer_is_on_the_page_with_its_pinned_version() -> None:
    shown = section("peers")
    for peer in PEERS:
        assert f"| {peer.name} |" in shown.replace("**", ""), peer.name
        if peer.package:
            assert f"- {peer.name} {VERSIONS[peer.package]}" in shown, "python -m benchmarks peers"
