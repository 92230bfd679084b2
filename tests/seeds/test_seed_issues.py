"""A seed that makes no sense is refused with every issue of it and the line of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from make_emulator import seeds

#: A seed without issues, to which the tests add some.
GOOD = """\
users:
  - { id: 1, name: Ann, email: ann@example.com }
  - { id: 2, name: Bob }
tokens:
  - { label: admin, user: Ann }
organizations:
  - name: Acme
    plan: core
    created: -20d
    members: [{ user: Bob, role: Accountant }]
    teams:
      - name: Ops
        members: [{ user: bob@example.com, role: operator }]
        connections:
          - { id: 7, name: Slack, type: slack }
        folders:
          - { name: Top }
          - { name: Below, parent: Top }
        dataStructures:
          - { name: Order, strict: true, spec: [{ name: sku, type: text, required: true }] }
        dataStores:
          - name: Orders
            dataStructure: Order
            records:
              - { key: a, data: { sku: A } }
        scenarios:
          - blueprint: greeting
            folder: Below
            active: true
            runs:
              - { at: -2h, inputs: { name: Ann } }
"""


def faults_of(seed: Any) -> list[tuple[int | None, str]]:
    with pytest.raises(seeds.SeedError) as refused:
        seeds.check(seed)
    return [(issue.line, str(issue)) for issue in refused.value.issues]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "seed.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_seed_without_faults_has_none(tmp_path: Path) -> None:
    seed = seeds.check(written(tmp_path, GOOD))
    assert seeds.summarize(seed) == (
        "2 users, 1 organization, 1 team, 1 connection, 2 folders, 1 data structure, 1 data store, 1 scenario, "
        "1 record, 1 execution"
    )


CASES = [
    ("label: admin", "lable: admin", 5, "tokens[0].lable: unknown key; did you mean 'label'?"),
    ("name: Acme", "nome: Acme", 7, "organizations[0].nome: unknown key; did you mean 'name'?"),
    ("name: Ops", "members: []", 13, "organizations[0].teams[0].members: duplicate key"),
    ("- name: Ops", "- id: 1", 12, "organizations[0].teams[0].name: is missing"),
    ("name: Bob", "name: [Bob]", 3, "users[1].name: must be a string, not a list"),
    ("id: 2", "id: 1", 3, "users[1].id: another user has the id 1"),
    ("id: 2", "id: two", 3, "users[1].id: must be a whole number, not 'two'"),
    ("id: 2", "id: 0", 3, "users[1].id: must be between 1 and 9007199254740991"),
    (
        "user: Ann",
        "user: Anna",
        5,
        "tokens[0].user: there is no user 'Anna'; there are: Ann, ann@example.com,",
    ),
    ("user: Ann", "user: 3", 5, "tokens[0].user: there is no user 3"),
    (
        "user: Ann",
        "scopes: [teams:raed]",
        5,
        "tokens[0].scopes[0]: there is no scope 'teams:raed'; did you mean",
    ),
    ("user: Ann", "scopes: some", 5, "tokens[0].scopes: must be a list of scopes, all or read, not 'some'"),
    ("user: Ann", "token: '1'", 5, "tokens[0].token: must be a UUID of version 4 in lower case, not '1'"),
    ("plan: core", "plan: gold", 8, "organizations[0].plan: there is no 'gold'; there are: free, core,"),
    ("plan: core", "timezoneId: 99999", 8, "organizations[0].timezoneId: there is no time zone 99999"),
    ("plan: core", "zone: EU", 8, "organizations[0].zone: must be a zone such as eu1, not 'EU'"),
    ("created: -20d", "created: 20d", 9, "organizations[0].created: must be a time such as -2h,"),
    (
        "created: -20d",
        "created: 2999-01-01",
        9,
        "organizations[0].created: a time of a seed must not be in the future",
    ),
    ("created: -20d", "created: -999999d", 9, "organizations[0].created: the time must be between 1970 and"),
    (
        "Accountant",
        "Boss",
        10,
        "organizations[0].members[0].role: there is no organization role 'Boss'; there are: Owner,",
    ),
    ("role: operator", "role: 11", 13, "organizations[0].teams[0].members[0].role: there is no team role 11"),
    (
        "parent: Top",
        "parent: Below",
        18,
        "organizations[0].teams[0].folders[1].parent: a folder must come after its parent",
    ),
    (
        "type: text",
        "type: 5",
        20,
        "organizations[0].teams[0].dataStructures[0].spec: Invalid value of parameter 'type'",
    ),
    (
        "dataStructure: Order",
        "dataStructure: Odor",
        23,
        "there is no dataStructure 'Odor' in this team; there are: Order",
    ),
    ("data: { sku: A }", "data: { sku: 5 }", 25, "records[0].data: Invalid text in parameter 'sku'"),
    ("data: { sku: A }", "data: { sku: A, x: 1 }", 25, "records[0].data: Unknown parameter 'x'"),
    ("data: { sku: A }", "data: 5", 25, "records[0].data: must be a mapping, not 5"),
    (
        "key: a",
        "key: a }\n              - { key: a",
        26,
        "records[1].key: another record of this store has the key 'a'",
    ),
    (
        "greeting",
        "greting",
        27,
        "scenarios[0].blueprint: there is neither a file 'greting' beside the seed nor",
    ),
    ("greeting", "x" * 300, 27, "scenarios[0].blueprint: this is not a file name"),
    ("greeting", "{ name: x, flow: 5 }", 27, "scenarios[0].blueprint: 'flow' should be array"),
    ("greeting", "{ name: x }", 27, "scenarios[0].blueprint: should have required property 'flow'"),
    (
        "greeting",
        "weekly-report",
        27,
        "scenarios[0].blueprint: module google-sheets:filterRows uses connection 2",
    ),
    (
        "greeting",
        "{ name: x, flow: [{ id: 1, module: 'json:No', version: 1 }] }",
        27,
        "scenarios[0].blueprint: Module not found 'json:No' version '1'",
    ),
    (
        "folder: Below",
        "scheduling: { type: dialy }",
        28,
        "scenarios[0].scheduling: Invalid scheduling type 'dialy'",
    ),
    (
        "folder: Below",
        "scheduling: { type: immediately }",
        28,
        "scenarios[0].scheduling: a scenario that takes inputs must be scheduled on demand",
    ),
    ("active: true", "active: maybe", 29, "scenarios[0].active: must be true or false, not 'maybe'"),
    (
        "at: -2h",
        "at: yesterday",
        31,
        "runs[0].at: must be a time such as -2h, -30d or 2026-01-31T08:00:00Z, not 'yesterday'",
    ),
    ("name: Ann }", "nom: Ann }", 31, "runs[0]: Missing value of required parameter 'name'"),
]


@pytest.mark.parametrize(
    ("before", "after", "line", "text"), CASES, ids=[f"{row[2]}: {row[1]}" for row in CASES]
)
def test_an_issue_is_reported_with_its_line(
    tmp_path: Path, before: str, after: str, line: int, text: str
) -> None:
    head, found, tail = GOOD.rpartition(before) if before == "name: Ann }" else GOOD.partition(before)
    assert found
    path = written(tmp_path, head + after + tail)
    lines = [(line, reported) for line, reported in faults_of(path) if text in reported]
    assert lines, faults_of(path)
    assert lines[0][0] == line
    assert lines[0][1].startswith(f"{path}:{line}: ")


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        ("2x", "function f() {}", "name of a function must contain only letters and digits"),
        ("do", "function do() {}", "name of a function cannot be the reserved word 'do'"),
        ("upper", "function upper() {}", "There is a built-in function 'upper'"),
        ("f", "function g() {}", "The function in the code is called 'g' instead of 'f'"),
        ("f", "f => 1", "The code must be a function: function name(arguments) { … }"),
        ("ok", "function ok() {}", "The team has a function 'ok' already"),
    ],
)
def test_a_function_that_is_invalid_is_reported_with_its_line(
    tmp_path: Path, name: str, code: str, text: str
) -> None:
    functions = [
        "        functions:",
        '          - { name: ok, code: "function ok() {}" }',
        f'          - {{ name: {name}, code: "{code}" }}',
        "        folders:",
    ]
    path = written(tmp_path, GOOD.replace("        folders:", "\n".join(functions)))
    [(line, reported)] = faults_of(path)
    assert line == 18
    assert text in reported
    assert "organizations[0].teams[0].functions[1]" in reported


def test_every_issue_is_reported_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    text = (
        GOOD.replace("plan: core", "plan: gold").replace("greeting", "greting").replace("key: a", "key: []")
    )
    reported = faults_of(written(tmp_path, text.replace("label: admin", "lable: admin")))
    assert [line for line, _ in reported] == [5, 8, 25, 27]


def test_what_refers_to_a_list_with_faults_is_not_called_wrong(tmp_path: Path) -> None:
    reported = faults_of(written(tmp_path, GOOD.replace("name: Ann, email", "nome: Ann, email")))
    assert [text.partition(": ")[2] for _, text in reported] == [
        "users[0].name: is missing",
        "users[0].nome: unknown key; did you mean 'name'?",
    ]


def test_a_seed_that_is_an_object_has_paths_instead_of_lines() -> None:
    seed = {"organizations": [{"name": "A", "teams": [{"name": "T"}, {"nam": "U"}]}]}
    assert faults_of(seed) == [
        (None, "organizations[0].teams[1].name: is missing"),
        (None, "organizations[0].teams[1].nam: unknown key; did you mean 'name'?"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "a seed must be a mapping"),
        ("- a\n", 1, "a seed must be a mapping"),
        ("a: 1\n\tb: 2\n", 2, "this is not YAML: while scanning"),
        ("a: 1\n---\nb: 2\n", 2, "expected a single document"),
        ("a: \0", 1, "this is not YAML"),
        ("a: " + "[" * 200_000, 1, "this is nested too deep"),
        ("a: " + "[" * 300 + "]" * 300, 1, "this is nested too deep"),
        ("organizations: &o [*o]", 1, "organizations[0]: this contains itself"),
        ("a: !!python/name:os.system", 1, "this is not YAML: could not determine a constructor"),
        ("a: !!binary aGk=", 1, "a: tag:yaml.org,2002:binary is not a kind of value that JSON has"),
        ("a: 99999999999999999999", 1, "a: this number is too large for JSON"),
        ("1: a", 1, "the key '1' must be in quotes"),
        ("? [a]\n: b", 1, "a key must be a word"),
        (
            "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + "".join(
                f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
            ),
            7,
            "g: this has more than 2,000,000 values",
        ),
    ],
    ids=lambda value: str(value)[:20].encode("unicode_escape").decode(),
)
def test_a_text_that_is_no_seed_at_all_is_rejected(tmp_path: Path, text: str, line: int, reason: str) -> None:
    reported = faults_of(written(tmp_path, text))
    assert reported[0][0] == line
    assert reason in reported[0][1]


def test_an_object_that_json_cannot_say_is_rejected() -> None:
    deep: Any = {}
    for _ in range(150):
        deep = {"a": deep}
    assert "cannot be written as JSON" in faults_of({"users": {1, 2}})[0][1]
    assert faults_of({"users": deep}) == [(None, "the seed is nested too deep")]


def test_a_file_that_is_not_text_or_not_there_is_rejected(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert faults_of(binary) == [(None, f"{binary}: this is not text in UTF-8")]
    assert faults_of(tmp_path)[0][1].startswith(f"cannot read {tmp_path}: ")
    for missing in (tmp_path / "none.yaml", "no-such-seed", "\0", "x" * 300, "a/../../b"):
        assert "there is no seed named" in faults_of(missing)[0][1]


def test_a_record_without_space_is_an_issue_of_its_store(tmp_path: Path) -> None:
    text = GOOD.replace("sku: A }", f"sku: {'x' * 1_100_000} }}")
    assert faults_of(written(tmp_path, text))[0][0] == 25


def test_a_blueprint_file_that_is_no_blueprint_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("{\n  5\n}", "utf-8")
    reported = faults_of(written(tmp_path, GOOD.replace("greeting", "mine.json")))
    assert reported == [
        (
            27,
            f"{tmp_path}/seed.yaml:27: organizations[0].teams[0].scenarios[0].blueprint: "
            f"{tmp_path}/mine.json:2: this is not JSON: " + reported[0][1].rpartition("JSON: ")[2],
        )
    ]


def test_a_long_list_of_faults_is_cut_in_the_text_but_not_in_the_faults() -> None:
    seed = {"organizations": [{"name": "A", "teams": [{}] * 30}]}
    with pytest.raises(seeds.SeedError) as refused:
        seeds.load(seed)
    assert len(refused.value.issues) == 30
    assert str(refused.value).splitlines()[-1] == "and 10 more"


def test_a_variable_that_is_invalid_is_reported_with_its_line(tmp_path: Path) -> None:
    text = GOOD.replace(
        "    teams:\n",
        "    variables:\n"
        "      - { name: OK, value: 1 }\n"
        "      - { name: not good, value: 1 }\n"
        "      - { name: DATE, value: soon, type: date }\n"
        "      - { name: LIST, value: [1] }\n"
        "    teams:\n",
    )
    found = faults_of(written(tmp_path, text))
    assert [line for line, _ in found] == [13, 15]
    assert "variables[1].name: must be letters, digits, $ and _ (at most 128), not 'not good'" in found[0][1]
    good = text.replace("not good", "GOOD").replace("[1]", "true")
    assert [(line, text.rpartition(": ")[2]) for line, text in faults_of(written(tmp_path, good))] == [
        (14, "Parameter 'value' must be a date")
    ]


def test_issues_of_oauth_clients_are_found_with_their_lines(tmp_path: Path) -> None:
    seed = """\
oauthClients:
  - { name: A, id: 44444444-4444-4444-8444-444444444444, allowLoopback: true }
  - { name: B, id: 44444444-4444-4444-8444-444444444444, redirectUris: ["https://b.example/"] }
  - { name: C }
  - { name: D, public: true, secret: mine, allowLoopback: true }
  - { name: E, redirectUris: ["https://e.example/#x", 1, "http://e.example/"] }
  - { name: F, allowLoopback: true, scopes: [openid, scenario:read] }
  - { name: G, allowLoopback: true, id: 11111111-1111-4111-8111-111111111111 }
tokens:
  - { token: 11111111-1111-4111-8111-111111111111 }
organizations:
  - { name: Acme, teams: [{ name: Ops }] }
"""
    path = written(tmp_path, seed)
    assert [text.removeprefix(f"{path}:") for _, text in faults_of(path)] == [
        "3: oauthClients[1].id: another client, or a token, has the same",
        "4: oauthClients[2]: must have redirectUris, or allowLoopback: true",
        "5: oauthClients[3]: a public client has no secret",
        "6: oauthClients[4].redirectUris[0]: a redirect URI has no fragment",
        "6: oauthClients[4].redirectUris[1]: must be a string",
        "6: oauthClients[4].redirectUris[2]: a redirect URI with http is on loopback; others need https",
        "7: oauthClients[5].scopes[1]: there is no scope 'scenario:read'; did you mean 'scenarios:read'?",
        "8: oauthClients[6].id: another client, or a token, has the same",
    ]
