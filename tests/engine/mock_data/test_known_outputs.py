"""Mock data of modules whose output the catalogue knows: its fields, and the paths that exports read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from helpers.engine import EngineHarness, filter_if, module, outputs_of, set_variable
from make_emulator.engine.apps import catalog
from make_emulator.engine.mock_data.name_types import suggested_type
from make_emulator.module_catalogue import CatalogueModule, module_catalogue

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def call(id: int, name: str, version: int = 1, mapper: Any = None, **metadata: Any) -> dict[str, Any]:
    return module(id, name, mapper or {}, metadata=metadata) | {"version": version}


def given(known: CatalogueModule) -> dict[str, Any]:
    """A mapper with what a module certainly requires."""
    return dict.fromkeys(known.certainly_required, "7")


def output(*flow: Any, seed: int = 0) -> Any:
    run = EngineHarness(seed=seed).run(*flow)
    assert run.error is None, run.error
    [bundle] = outputs_of(run, 1)
    return bundle


def read(bundle: Any, path: str) -> Any:
    """The value at a path of the catalogue, of the first item of each array."""
    for step in path.split("."):
        name, _, item = step.partition("[]")
        bundle = bundle[name]
        if item or step.endswith("[]"):
            bundle = bundle[0]
    return bundle


SIMULATED = [
    known
    for app in module_catalogue().app_names()
    for name in module_catalogue().module_names(app)
    for known in module_catalogue().iter_versions(name)
    if (known.output or known.output_paths)
    and catalog.get_support_level(name) == "simulated"
    # The service behind it wants a value that no field of a blueprint says.
    and name != "google-sheets:addRow"
]


def test_every_path_that_exports_read_and_every_known_field_has_a_value() -> None:
    assert len(SIMULATED) > 150
    for known in SIMULATED:
        bundle = output(call(1, known.name, known.version or 1, given(known)))
        for path in known.output_paths:
            assert read(bundle, path) is not None, (known.name, path)
        for field in known.output:
            assert field.name in bundle, (known.name, field.name)


def test_the_values_have_the_types_that_the_catalogue_declares() -> None:
    types: dict[str, tuple[type, ...]] = {
        "array": (list,),
        "boolean": (bool,),
        "collection": (dict,),
        "date": (str,),
        "number": (int, float),
        "text": (str,),
        "uinteger": (int,),
        "url": (str,),
    }

    def check(known: CatalogueModule, values: Mapping[str, Any], fields: Any) -> int:
        checked = 0
        for field in fields:
            value = values.get(field.name)
            if value is None or field.name not in values or field.type not in types:
                continue
            assert isinstance(value, types[field.type]), (known.name, field.name, value)
            if not isinstance(value, str):
                pass
            elif field.type == "date":
                assert ISO.fullmatch(value), (known.name, field.name, value)
            elif field.type == "url":
                assert value.startswith("https://example.com/"), (known.name, field.name, value)
            checked += 1
            inner = value[0] if isinstance(value, list) and value else value
            if isinstance(inner, dict):
                checked += check(known, inner, field.fields)
        return checked

    assert (
        sum(
            check(known, output(call(1, known.name, known.version or 1, given(known))), known.output)
            for known in SIMULATED
        )
        > 800
    )


def test_the_values_of_paths_are_plausible_by_their_names() -> None:
    file = output(call(1, "google-drive:getAFile", 4))
    assert ISO.fullmatch(file["createdTime"])
    assert re.fullmatch(r"[\w-]+\.\w+", file["name"])
    assert re.fullmatch(r"[a-z]+/[\w.+-]+", file["mimeType"])
    assert file["webViewLink"].startswith("https://example.com/")
    assert re.fullmatch(r"[0-9a-f]{12}", file["id"])
    assert len(file["parents"]) == 2
    mail = output(call(1, "email:TriggerNewEmail", 7))
    assert re.fullmatch(r"\S+@example\.\w+", mail["from"]["address"])
    assert [set(attachment) for attachment in mail["attachments"]] == [{"fileName"}, {"fileName"}]
    assert re.fullmatch(r"\d{10}\.\d{6}", output(call(1, "slack:CreateMessage", 4))["ts"])
    image = output(call(1, "imgbb:UploadPhotoV1"))
    assert isinstance(image["width"], int)
    assert isinstance(output(call(1, "instagram-business:GetMedia", 1, {"id": "7"}))["comments_count"], int)
    assert output(call(1, "todoist:GetItem", 2, {"id": 7}))["is_deleted"] in (True, False)


def test_the_same_world_and_run_have_the_same_output_and_another_seed_another() -> None:
    flow = call(1, "google-email:TriggerNewEmail", 2)
    assert output(flow) == output(flow)
    assert output(flow) != output(flow, seed=1)


def test_the_latest_version_stands_for_one_that_is_not_known() -> None:
    assert set(output(call(1, "slack:CreateMessage", 9))) == {"ts"}


def test_what_later_modules_expect_goes_before_what_a_name_suggests() -> None:
    search = call(1, "google-drive:searchForFilesFolders", 4)
    assert isinstance(output(search)["size"], int)
    run = EngineHarness().run(
        search, set_variable(2, "x") | {"filter": filter_if("{{1.size}}", "text:equal", "big")}
    )
    assert outputs_of(run, 1)[0]["size"] == "big"
    assert outputs_of(run, 2) == [{"x": "x"}]
    feed = module(2, "builtin:BasicFeeder", {"array": "{{1.attendees}}"})
    run = EngineHarness().run(
        call(1, "google-calendar:updateAnEvent", 5), feed, set_variable(3, "{{2.email}} {{2.self}}")
    )
    assert len(outputs_of(run, 3)) == 2
    assert all(re.match(r"\S+@example\.\w+ ", row["x"]) for row in outputs_of(run, 3))


def test_fields_that_later_modules_map_are_added_to_known_ones() -> None:
    bundle = output(call(1, "slack:CreateMessage", 4), set_variable(2, "{{1.message.permalink}}"))
    assert set(bundle) == {"ts", "message"}
    assert bundle["message"]["permalink"].startswith("https://example.com/")


def test_an_output_of_hundreds_of_fields_is_cut_below_the_top_level() -> None:
    bundle = output(call(1, "openai-gpt-3:createModelResponse", 1))
    known = module_catalogue().find_module("openai-gpt-3:createModelResponse", 1)
    assert known is not None
    assert set(bundle) == {field.name for field in known.output}
    assert len(json.dumps(bundle)) < 8_000


def test_an_interface_of_the_blueprint_is_still_all_that_a_module_emits() -> None:
    interface = [{"name": "own", "type": "number"}]
    assert set(output(call(1, "slack:CreateMessage", 4, interface=interface))) == {"own"}


def test_a_module_that_writes_returns_what_it_was_given_in_known_fields() -> None:
    given = {"title": "Mug", "blueprint_id": 5}
    expect = [{"name": "title", "type": "text"}, {"name": "blueprint_id", "type": "number"}]
    bundle = output(call(1, "printify:createAProduct", 1, given, expect=expect))
    assert (bundle["title"], bundle["blueprint_id"]) == ("Mug", 5)
    assert set(bundle) == {"blueprint_id", "id", "print_provider_id", "shop_id", "title", "variants"}


@pytest.mark.parametrize(
    ("name", "type"),
    [
        ("createdTime", "date"),
        ("due_date", "date"),
        ("dateCreated", "date"),
        ("words_count", "uinteger"),
        ("rowNumber", "uinteger"),
        ("wind speed", "number"),
        ("hasMedia", "boolean"),
        ("is_deleted", "boolean"),
        ("fileName", "filename"),
        ("htmlLink", "url"),
        ("booking_url", "url"),
        ("attachments", "array"),
        ("outputAudio", "buffer"),
        ("number", None),
        ("status", None),
        ("address", None),
        ("id", None),
        ("is", None),
        ("$1", None),
        ("", None),
    ],
)
def test_names_suggest_types(name: str, type: str | None) -> None:
    assert suggested_type(name) == type


def test_a_field_that_is_certainly_required_fails_the_run_if_it_is_missing() -> None:
    for mapper in ({}, {"user": ""}, {"user": "{{emptystring}}"}):
        run = EngineHarness().run(call(1, "slack:GetUser", 4, mapper))
        assert run.error is not None
        assert (run.error.name, run.error.message) == (
            "BundleValidationError",
            "Validation failed for 1 parameter(s).",
        )
        assert run.error.issues == ("Missing value of required parameter 'user'.",)
    assert EngineHarness().run(call(1, "slack:GetUser", 4, {"user": "U1"})).error is None


@pytest.mark.parametrize(
    "node",
    [
        # Beside selects, which may hide it.
        call(1, "slack:AddReaction", 4),
        # In another version, and by its own description not required.
        call(1, "slack:GetUser", 9),
        call(1, "slack:GetUser", 4, expect=[{"name": "user", "type": "text"}]),
        # A switch that is off.
        call(1, "markdown:Compile", 2),
        # Described by lists of others only.
        call(1, "slack:ListReplies", 4),
    ],
    ids=lambda node: f"{node['module']}-{node['version']}",
)
def test_nothing_else_that_the_catalogue_calls_required_fails_a_run(node: dict[str, Any]) -> None:
    assert EngineHarness().run(node).error is None
