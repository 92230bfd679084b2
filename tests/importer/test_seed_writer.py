"""The text of a seed says what the seed is, to the reader of seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from make_emulator import seeds
from make_emulator.importer import ImportNote, extract_blueprints, header_comments, render_yaml
from make_emulator.seeds.yaml_reader import parse_text

#: JSON values that orjson reads: no lone surrogates, no numbers past 64 bits.
_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_LINES = st.lists(st.sampled_from(["", " ", "a", "# b", "\tc", "d: e ", "\r", "\x85", "é"])).map("\n".join)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT
    | _LINES
    | st.sampled_from(
        ["yes", "1e3", "0x1F", "2026-01-01", "~", "- a", "a: b", "<<", "=", "'", "null", "1.", "+1"]
    ),
    lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner),
    max_leaves=20,
)


@given(
    st.dictionaries(st.sampled_from(["records", "spec", "blueprint", "code", "x"]), _JSON), st.lists(_TEXT)
)
def test_whatever_json_says_is_read_back(document: dict[str, Any], comments: list[str]) -> None:
    text = render_yaml({"seed": document}, comments)
    assert parse_text(text, "seed.yaml").data == {"seed": document}


def test_short_rows_are_a_line_each() -> None:
    text = render_yaml(
        {"records": [{"key": "a", "data": {"n": 1}}, {"key": "b"}], "blueprint": {"flow": [{"id": 1}]}}
    )
    assert text == "records:\n- {key: a, data: {n: 1}}\n- {key: b}\nblueprint:\n  flow:\n  - id: 1\n"


def test_code_is_written_in_lines() -> None:
    code = "function f(x) {\n  return x; // done\n}\n"
    assert render_yaml({"functions": [{"name": "f", "code": code}]}) == (
        "functions:\n- name: f\n  code: |\n    function f(x) {\n      return x; // done\n    }\n"
    )


def test_a_name_cannot_break_out_of_the_comments() -> None:
    lines = header_comments(
        "https://eu1.make.com/api/v2", {"id": 1, "name": "A\nusers: []\u2028x"}, "1.0", [], 0
    )
    text = render_yaml({"organizations": []}, lines)
    assert parse_text(text, "seed.yaml").data == {"organizations": []}


def test_the_header_shows_what_is_missing() -> None:
    notes = [ImportNote("hooks", "not readable with this token")]
    assert header_comments("https://eu1.make.com/api/v2", {"id": 7, "name": "Ops"}, "1.0", notes, 2) == [
        "Pulled by make-emulator 1.0 from https://eu1.make.com/api/v2: team 7, Ops.",
        "The seed has no tokens: a server prints its token when it starts.",
        "Values that look like secrets are masked: 2.",
        "",
        "Differences from the zone:",
        "- hooks: not readable with this token",
    ]


def test_blueprints_can_be_files_beside_the_seed(tmp_path: Path) -> None:
    blueprint = {"name": "x", "flow": [], "metadata": {}}
    names = ["Größe / ../../etc", "Größe / ../../etc", "☃"]
    document = {
        "organizations": [
            {
                "name": "O",
                "teams": [
                    {
                        "name": "T",
                        "scenarios": [
                            {"id": id, "name": name, "blueprint": blueprint}
                            for id, name in enumerate(names, 1)
                        ],
                    }
                ],
            }
        ]
    }
    assert extract_blueprints(document, tmp_path / "blueprints", tmp_path) == 3
    scenarios = document["organizations"][0]["teams"][0]["scenarios"]  # type: ignore[index]
    assert [row["blueprint"] for row in scenarios] == [
        "blueprints/scenario-1-gr-sse-etc.json",
        "blueprints/scenario-2-gr-sse-etc.json",
        "blueprints/scenario-3-unnamed.json",
    ]
    assert orjson.loads((tmp_path / "blueprints/scenario-3-unnamed.json").read_bytes()) == blueprint
    seed = tmp_path / "seed.yaml"
    seed.write_text(render_yaml(document), encoding="utf-8")
    assert seeds.summarize(seeds.check(seed)) == "1 user, 1 organization, 1 team, 3 scenarios"
