from __future__ import annotations

import json
from typing import Any

import pytest

from make_emulator.engine.apps import known_modules
from make_emulator.module_catalogue import ModuleCatalogue, module_catalogue
from make_emulator.resources import fixture_path
from tools.build_module_catalogue import build_catalogue, format_catalogue

CATALOGUE = module_catalogue()
FILE = fixture_path("modules.json").read_text("utf-8")
INVENTED: dict[str, Any] = json.loads(FILE)["invented"]


@pytest.mark.parametrize(
    ("name", "version", "verdict"),
    [
        ("slack:CreateMessage", 4, "known"),
        ("slack:CreateMessage", 1, "other-version"),
        ("slack:SendMessage", 4, "unknown"),
        ("myapp:doIt", 1, "missing"),
        ("gmail:AnythingElse", 1, "missing"),
        ("stripe:ActionCreateCustomer", 1, "missing"),
        ("stripe:NotInTheCompleteList", 1, "missing"),
        ("google-sheets:ActionAddRow", 2, "missing"),
        ("asana:NotInTheListOfAnotherVersion", 2, "unknown"),
        ("an-app-of-somebody:Module", 1, "unknown"),
        ("app#mine-abc123:Module", 1, "unknown"),
        ("json:ParseJSON", 1, "known"),
        ("json:parseJson", 1, "missing"),
        ("builtin:Sleep", 1, "missing"),
        ("datastore:SearchRecords", 1, "missing"),
        ("http:ActionSendData", 3, "known"),
    ],
)
def test_verdicts_on_modules(name: str, version: int, verdict: str) -> None:
    assert known_modules.judge_module(name, version).verdict == verdict


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("slack:SendMessage", "slack:CreateMessage"),
        ("gmail:sendEmail", "google-email:sendAnEmail"),
        ("google-sheets:AddRow", "google-sheets:addRow"),
        ("builtin:Sleep", "util:FunctionSleep"),
        ("json:ParseJason", "json:ParseJSON"),
        ("slakc:CreateMessage", "slack:CreateMessage"),
    ],
)
def test_invented_names_suggest_the_right_one(name: str, suggestion: str) -> None:
    assert known_modules.similar_modules(name)[0] == suggestion


def test_every_invented_name_is_called_unknown_and_led_to_the_right_one() -> None:
    judgements = {name: known_modules.judge_module(name, 1) for name in INVENTED}
    assert len(judgements) == 254
    assert {judgement.verdict for judgement in judgements.values()} == {"missing", "unknown"}
    likely = {name: entry["likely"] for name, entry in INVENTED.items() if "likely" in entry}
    assert len(likely) == 235
    assert [name for name in likely if judgements[name].suggestions[:1] != (likely[name][0],)] == []
    assert all(CATALOGUE.find_module(each) for names in likely.values() for each in names)


def test_names_that_people_invent_are_led_to_the_right_one_by_likeness_alone() -> None:
    blind = ModuleCatalogue((FILE[: FILE.index('"invented": {')] + '"invented": {\n\n}\n}\n').encode())
    likely = {name: set(entry["likely"]) for name, entry in INVENTED.items() if "likely" in entry}
    found = [name for name, names in likely.items() if names & set(blind.suggest(name))]
    assert len(found) >= 0.83 * len(likely)


def test_modules_that_share_a_verb_alone_are_not_alike() -> None:
    assert CATALOGUE.suggest("microsoft-teams:sendAMessage") == ()
    assert CATALOGUE.suggest("notion:addPage")[0] == "notion:createAPage"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "util:Filter",
            "the app 'util' has no module 'util:Filter'; use the filter property of the next module",
        ),
        (
            "gateway:Schedule",
            "the app 'gateway' has no module 'gateway:Schedule'; use the scheduling property of the scenario",
        ),
    ],
)
def test_a_judgement_names_what_there_is_in_place_of_a_module(name: str, text: str) -> None:
    assert known_modules.judge_module(name, 1).describe() == text


def test_a_look_up_parses_the_line_of_that_module_only() -> None:
    lines = FILE.replace('"asana:', 'not JSON "asana:').replace("\n", "\r\n")
    catalogue = ModuleCatalogue(lines.encode())
    assert catalogue.find_module("slack:CreateMessage") == CATALOGUE.find_module("slack:CreateMessage")
    assert catalogue.module_names("slack") == CATALOGUE.module_names("slack")
    assert catalogue.judge("slack:CreateMessage", 4).verdict == "known"
    assert catalogue.find_module("slack:Nothing") is None
    assert catalogue.find_module('slack:CreateMessage": {"\n') is None
    with pytest.raises(ValueError, match=r"JSON|unexpected"):
        list(catalogue.judge("slakc:CreateMessage", 1).suggestions)


def test_a_judgement_says_why_and_names_the_alternative() -> None:
    missing = known_modules.judge_module("datastore:SearchRecords", 1)
    assert missing.describe() == (
        "the app 'datastore' has no module 'datastore:SearchRecords'; did you mean datastore:SearchRecord?"
    )
    wrong_version = known_modules.judge_module("slack:CreateMessage", 1)
    assert wrong_version.describe() == "'slack:CreateMessage' is known in version 3, 4, not in version 1"
    assert known_modules.judge_module("gmail:X", 1).reason == "Make has no app 'gmail', only 'google-email'"


def test_a_module_has_its_connection_fields_and_output() -> None:
    module = CATALOGUE.find_module("slack:CreateMessage")
    assert module is not None
    assert (module.version, module.connection_parameter) == (4, "__IMTCONN__")
    assert module.connection_types == ("slack2", "slack3")
    assert {field.name for field in module.mapper if field.required == "always"} >= {
        "channelType",
        "channelWType",
    }
    assert "ts" in module.output_paths
    older = CATALOGUE.find_module("slack:CreateMessage", 3)
    assert older is not None
    assert older.version == 3
    assert CATALOGUE.find_module("slack:CreateMessage", 1) is None


def test_every_module_of_the_catalogue_can_be_read() -> None:
    modules = [
        module
        for app in CATALOGUE.app_names()
        for name in CATALOGUE.module_names(app)
        for module in CATALOGUE.iter_versions(name)
    ]
    assert len(modules) > 1_100
    assert all(module.name.startswith(f"{module.app}:") and module.kind for module in modules)


def test_interpreted_modules_are_known_in_each_of_their_versions() -> None:
    from make_emulator.engine.apps.catalog import interpreted_modules

    unknown = [
        (name, version)
        for name, definition in interpreted_modules().items()
        for version in definition.versions or ()
        if known_modules.judge_module(name, version).verdict != "known"
    ]
    assert unknown == []


def test_the_file_is_laid_out_as_the_builder_writes_it() -> None:
    assert format_catalogue(json.loads(FILE)) == FILE


def test_the_builder_writes_the_same_bytes_whatever_the_order_of_the_facts() -> None:
    modules = {f"acme:{name}": {"1": {"kind": "action", "strength": "vendor"}} for name in "bca"}
    facts: dict[str, Any] = {
        "apps": {"zeta": {"name": "Z"}, "acme": {"name": "A"}},
        "modules": modules,
        "appAliases": {"z": "zeta", "a": "acme"},
        "notReal": [{"name": f"acme:{name}", "why": "never-exported"} for name in "yx"],
    }
    text = build_catalogue(facts)
    turned = {
        name: part[::-1] if isinstance(part, list) else dict(reversed(part.items()))
        for name, part in facts.items()
    }
    assert build_catalogue(turned) == text == build_catalogue(facts)
    assert [line.partition(":")[2][:1] for line in text.splitlines() if "action" in line] == ["a", "b", "c"]


def test_the_builder_keeps_names_and_types_only() -> None:
    facts = {
        "apps": {"acme": {"name": "Acme", "modules": 1, "versions": [2], "listComplete": [2], "seenBy": 3}},
        "modules": {
            "acme:Do": {
                "2": {
                    "kind": "action",
                    "strength": "derived",
                    "sources": 4,
                    "connection": [{"param": "__IMTCONN__"}, {"param": "__IMTCONN__", "types": ["acme2"]}],
                    "connectionSeen": ["acme"],
                    "mapper": [{"name": "to", "type": "text", "required": True, "label": "left out"}],
                }
            }
        },
        "appAliases": {"acmee": "acme"},
        "notReal": [{"name": "acme:Did", "seen": 1, "why": "absent-from-list", "likely": ["acme:Do"]}],
    }
    assert json.loads(build_catalogue(facts)) == {
        "apps": {"acme": {"label": "Acme", "versions": [2], "complete": [2]}},
        "modules": {
            "acme:Do": {
                "2": {
                    "kind": "action",
                    "trust": "partial",
                    "connection": "__IMTCONN__",
                    "connectionTypes": ["acme", "acme2"],
                    "mapper": [{"name": "to", "type": "text", "required": True}],
                }
            }
        },
        "aliases": {"acmee": "acme"},
        "invented": {"acme:Did": {"reason": "absent-from-list", "likely": ["acme:Do"]}},
    }
