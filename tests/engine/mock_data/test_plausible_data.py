"""Mock data that can be: places and counts, whole numbers, addresses, and what a module was given."""

from __future__ import annotations

import re
from typing import Any

import pytest

from helpers.engine import EngineHarness, filter_if, module, outputs_of, set_variable
from helpers.http_modules import add_http_rule, http_v4_module, sent_request
from make_emulator.engine.apps.app import is_email_address
from make_emulator.engine.runtime import module_scripts
from make_emulator.world.models import ModuleScript

SEEDS = range(5)


def simulated(id: int, name: str, interface: Any = None, mapper: Any = None, expect: Any = None) -> Any:
    metadata = {
        key: value for key, value in (("interface", interface), ("expect", expect)) if value is not None
    }
    return module(id, name, mapper, metadata=metadata)


def fields(*names: str, type: str = "text") -> list[dict[str, str]]:
    return [{"name": name, "type": type} for name in names]


def output(harness: EngineHarness, *flow: Any, id: int = 1) -> Any:
    [bundle] = outputs_of(harness.run(*flow), id)
    return bundle


# --- places and counts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["google-sheets:filterRows", "airtable:ActionSearchRecords", "notion:searchObjects"]
)
@pytest.mark.parametrize("type", ["number", "uinteger", "text", "any"])
def test_places_and_counts_of_bundles_are_what_they_mean(name: str, type: str) -> None:
    places = fields("__IMTLENGTH__", "__IMTINDEX__", "__ROW_NUMBER__", type=type)
    for seed in SEEDS:
        search = simulated(1, name, [*places, {"name": "0", "type": "text"}])
        run = EngineHarness(seed=seed).run(
            search, set_variable(2, "{{1.__IMTINDEX__}} of {{1.__IMTLENGTH__}}, row {{1.__ROW_NUMBER__}}")
        )
        assert outputs_of(run, 2) == [{"x": "1 of 1, row 2"}]
        assert (outputs_of(run, 1)[0]["__IMTLENGTH__"], outputs_of(run, 1)[0]["__ROW_NUMBER__"]) == (1, 2)


def test_a_row_number_that_is_only_mapped_is_whole_and_below_the_header() -> None:
    run = EngineHarness().run(module(1, "google-sheets:getCell"), set_variable(2, "{{1.__ROW_NUMBER__ + 0}}"))
    assert outputs_of(run, 2) == [{"x": 2}]


def test_a_filter_on_the_number_of_bundles_takes_the_way_of_a_search_that_found_something() -> None:
    search = simulated(1, "google-sheets:filterRows", fields("__IMTLENGTH__", type="uinteger"))
    found, none = (filter_if("{{1.__IMTLENGTH__}}", f"number:{o}", "0") for o in ("greater", "equal"))
    router = module(
        2,
        "builtin:BasicRouter",
        None,
        routes=[
            {"flow": [set_variable(3, "found", filter=found)]},
            {"flow": [set_variable(4, "none", filter=none)]},
        ],
    )
    run = EngineHarness().run(search, router)
    assert [step.module_id for step in run.steps] == [1, 2, 3]


def test_a_search_that_is_scripted_to_find_nothing_takes_the_other_way() -> None:
    harness = EngineHarness()
    script = ModuleScript(module="google-sheets:filterRows", output=[{"__IMTLENGTH__": 0}])
    module_scripts.save_script(harness.world, script)
    search = simulated(1, "google-sheets:filterRows", fields("__IMTLENGTH__", type="uinteger"))
    none = filter_if("{{1.__IMTLENGTH__}}", "number:equal", "0")
    run = harness.run(search, set_variable(2, "none of {{1.__IMTLENGTH__}}", filter=none))
    assert outputs_of(run, 2) == [{"x": "none of 0"}]


# --- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "id",
        "ID",
        "orderId",
        "parent_id",
        "title",
        "rowNumber",
        "count",
        "quantity",
        "total_tokens",
        "year",
    ],
)
def test_numbers_that_count_or_name_something_are_whole(name: str) -> None:
    for seed in SEEDS:
        harness = EngineHarness(seed=seed)
        [declared] = outputs_of(harness.run(simulated(1, "acme:get", fields(name, type="number"))), 1)
        assert isinstance(declared[name], int)
        assert declared[name] >= 1
        inferred = output(harness, module(1, "acme:get"), set_variable(2, f'{{"v": {{{{1.`{name}`}}}}}}'))
        assert isinstance(inferred[name], int)


@pytest.mark.parametrize("name", ["price", "totalAmount", "latitude", "tax_rate", "unit cost", "weight"])
def test_numbers_that_measure_something_have_fractions(name: str) -> None:
    made = {
        output(EngineHarness(seed=seed), simulated(1, "acme:get", fields(name, type="number")))[name]
        for seed in range(20)
    }
    assert any(isinstance(value, float) for value in made)


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["to", "from", "From", "cc", "bcc", "sender", "reply_to", "email", "customerEmail"]
)
@pytest.mark.parametrize("type", ["text", "any", "email"])
def test_fields_for_addresses_have_addresses(name: str, type: str) -> None:
    for seed in SEEDS:
        bundle = output(EngineHarness(seed=seed), simulated(1, "acme:get", fields(name, type=type)))
        assert is_email_address(bundle[name])


def test_arrays_of_addresses_have_addresses() -> None:
    interface = [{"name": "to", "type": "array"}, {"name": "cc", "type": "array", "spec": {"type": "text"}}]
    bundle = output(EngineHarness(), simulated(1, "acme:get", interface))
    uses = output(EngineHarness(), module(1, "acme:get"), set_variable(2, "{{join(1.to; 1.recipients[1])}}"))
    assert all(map(is_email_address, [*bundle["cc"], *uses["recipients"]]))


@pytest.mark.parametrize("field", ["contact", "1", "owner_address"])
def test_what_a_mail_is_sent_to_is_an_address(field: str) -> None:
    for seed in SEEDS:
        harness = EngineHarness(seed=seed)
        mail = {"to": [f"{{{{1.`{field}`}}}}"], "cc": "{{1.others}}", "contentType": "text", "text": "Hi"}
        run = harness.run(module(1, "acme:get"), module(2, "email:ActionSendEmail", mail) | {"version": 7})
        assert run.error is None
        [sent] = harness.world.outbox
        assert is_email_address(sent.to[0])


def test_the_key_of_a_group_that_a_mail_is_sent_to_is_an_address() -> None:
    harness = EngineHarness()
    aggregator = module(2, "util:TextAggregator", {"value": "{{1.text}}"}, parameters={"feeder": 1})
    aggregator["flags"] = {"groupBy": "{{1.`1`}}"}
    mail = {"to": ["{{2.__IMTKEY__}}"], "html": "{{2.text}}"}
    run = harness.run(
        module(1, "acme:rows"), aggregator, module(3, "google-email:ActionSendEmail", mail) | {"version": 2}
    )
    assert run.error is None
    assert is_email_address(outputs_of(run, 1)[0]["1"])


@pytest.mark.parametrize("field", ["link", "page", "a b", "source"])
def test_what_a_request_is_sent_to_is_a_url(field: str) -> None:
    harness = EngineHarness()
    add_http_rule(harness)
    run = harness.run(module(1, "acme:get"), http_v4_module(2, url=f"{{{{1.`{field}`}}}}"))
    assert run.error is None
    assert re.fullmatch(r"https://example\.com/[\w-]+", sent_request(harness).url)


# --- what a module was given ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "slack:CreateMessage",
        "acme:updateRecord",
        "acme:ActionCreateRecord",
        "acme:addRow",
        "acme:upsertContact",
        "acme:sendAnEmail",
    ],
)
def test_what_creates_or_changes_something_returns_what_it_was_given(name: str) -> None:
    given = {
        "name": "Ada", "to": "ada@example.com", "subject": "Order {{1 + 1}}", "title": "T", "count": "7",
        "tags": ["a", "b"], "fields": {"City": "Oslo", "more": {"x": 1}}, "empty": "", "unknown": 5,
    }  # fmt: skip
    interface = [
        *fields("id", "name", "to", "subject", "title", "empty"),
        {"name": "count", "type": "number"},
        {"name": "tags", "type": "array", "spec": {"type": "text"}},
        {"name": "fields", "type": "collection", "spec": [*fields("City", "Zip")]},
    ]
    bundle = output(EngineHarness(), simulated(1, name, interface, given))
    assert bundle | {"id": 0, "empty": 0} == {
        "id": 0, "name": "Ada", "to": "ada@example.com", "subject": "Order 2", "title": "T", "empty": 0, "count": 7,
        "tags": ["a", "b"], "fields": {"City": "Oslo", "more": {"x": 1}, "Zip": bundle["fields"]["Zip"]},
    }  # fmt: skip
    assert bundle["id"]
    assert bundle["empty"]
    assert bundle["fields"]["Zip"]


def test_a_value_that_does_not_fit_the_type_of_the_output_is_not_returned() -> None:
    interface = [{"name": "due", "type": "date"}, {"name": "count", "type": "number"}]
    bundle = output(EngineHarness(), simulated(1, "acme:create", interface, {"due": "soon", "count": "many"}))
    assert isinstance(bundle["count"], int)
    assert re.match(r"\d{4}-", bundle["due"])


def test_what_is_only_mapped_or_expected_is_returned_too() -> None:
    given = {"name": "Ada", "note": "x"}
    run = EngineHarness().run(module(1, "acme:createContact", given), set_variable(2, "{{1.name}} {{1.id}}"))
    assert outputs_of(run, 2)[0]["x"].startswith("Ada ")
    guessed = output(
        EngineHarness(), simulated(1, "acme:createContact", None, given, fields("name", "note", "stage"))
    )
    assert (guessed["name"], guessed["note"]) == ("Ada", "x")
    assert guessed["stage"]


@pytest.mark.parametrize("name", ["acme:searchContacts", "acme:getContact", "acme:listContacts"])
def test_what_finds_something_does_not_return_what_it_was_given(name: str) -> None:
    bundle = output(EngineHarness(), simulated(1, name, fields("name"), {"name": "Ada Lovelace of nowhere"}))
    assert bundle["name"] != "Ada Lovelace of nowhere"


def test_a_mail_returns_its_recipient_and_subject() -> None:
    mail = {"to": ["ann@example.com"], "subject": "Hello", "contentType": "text", "text": "Hi"}
    interface = [*fields("id", "subject"), {"name": "to", "type": "array", "spec": {"type": "text"}}]
    sent = module(1, "email:ActionSendEmail", mail) | {"version": 7, "metadata": {"interface": interface}}
    bundle = output(EngineHarness(), sent)
    assert (bundle["to"], bundle["subject"]) == (["ann@example.com"], "Hello")
