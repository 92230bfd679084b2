"""Mails that scenarios send lie in the outbox of the world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from helpers.engine import NOW, EngineHarness, error_of, module, outputs_of
from make_emulator.engine.runtime import module_scripts
from make_emulator.world import connections, external_services, snapshot
from make_emulator.world.models import Attachment, Execution, Mail, ModuleScript

MAIL: Mapping[str, Any] = {
    "to": ["ann@example.com"], "cc": [], "bcc": [], "from": "", "sender": "", "subject": "Order {{1 + 1}}",
    "contentType": "html", "html": "<p>Hi</p>", "attachments": [], "replyTo": "", "inReplyTo": "", "references": [],
    "priority": "normal", "headers": [],
}  # fmt: skip


def email(
    id: int = 1, parameters: Mapping[str, Any] | None = None, sent_from: str = "", **mapper: Any
) -> dict[str, Any]:
    fields = {**MAIL, "from": sent_from, **mapper}
    return module(id, "email:ActionSendEmail", fields, version=7, parameters=parameters or {})


def mail(harness: EngineHarness) -> Mail:
    [mail] = harness.world.outbox
    return mail


def test_a_mail_is_put_into_the_outbox_with_all_its_fields() -> None:
    harness = EngineHarness()
    run = harness.run(
        email(
            to=["ann@example.com", "{{'bob'}}@example.com"],
            cc="carl@example.com",
            bcc=["dora@example.com"],
            replyTo="desk@example.com",
            attachments=[{"fileName": "a.csv", "data": "é;b"}],
            priority="high",
            inReplyTo="<1@example.com>",
            references=["<0@example.com>", "<1@example.com>"],
            headers=[{"key": "X-Tag", "value": 5}],
            sent_from="shop@example.com",
        )
    )
    assert mail(harness) == Mail(
        id=1,
        at=mail(harness).at,
        scenario_id=run.scenario_id,
        execution_id=run.id,
        module_id=1,
        module="email:ActionSendEmail",
        sender="shop@example.com",
        to=("ann@example.com", "bob@example.com"),
        cc=("carl@example.com",),
        bcc=("dora@example.com",),
        reply_to="desk@example.com",
        subject="Order 2",
        html="<p>Hi</p>",
        attachments=(Attachment("a.csv", 4),),
        headers=(
            ("X-Priority", "1 (Highest)"),
            ("In-Reply-To", "<1@example.com>"),
            ("References", "<0@example.com> <1@example.com>"),
            ("X-Tag", "5"),
        ),
    )
    assert NOW < mail(harness).at <= run.ends


def test_halves_of_characters_are_no_matter() -> None:
    harness, half = EngineHarness(), "{{1.x}}"
    parse = module(1, "json:ParseJSON", {"json": r'{"x": "\ud83d"}'})
    files = [{"fileName": half, "data": half}]
    harness.run(parse, email(2, to=[f"{half}@example.com"], subject=half, html=half, attachments=files))
    assert (mail(harness).to, mail(harness).subject, mail(harness).html) == (
        ("\ufffd@example.com",),
        "\ufffd",
        "\ufffd",
    )
    snapshot.dumps(snapshot.take(harness.world))


def test_only_the_body_of_the_chosen_type_counts() -> None:
    harness = EngineHarness()
    harness.run(email(contentType="text", text="Hi", html="<p>Hi</p>"))
    assert (mail(harness).text, mail(harness).html) == ("Hi", None)


@pytest.mark.parametrize(
    ("mapper", "parameters"),
    [
        ({"to": None}, 1),
        ({"contentType": ""}, 1),
        ({"contentType": "markdown", "priority": "urgent"}, 2),
        ({"attachments": ["a.csv"]}, 1),
        ({"attachments": [{"fileName": "a.csv"}]}, 1),
    ],
)
def test_what_a_mail_needs_and_does_not_get_is_a_validation_error(mapper: Any, parameters: int) -> None:
    harness = EngineHarness()
    text = f"Validation failed for {parameters} parameter(s)."
    assert error_of(harness.run(email(**mapper))) == ("BundleValidationError", text)
    assert len(harness.world.outbox) == 0


MISSING, INVALID = "Missing value of required parameter '{}'.", "Invalid email address in parameter '{}'."

SENDERS = {
    "email:ActionSendEmail": (7, {"contentType": "text", "text": "Hi"}),
    "google-email:sendAnEmail": (4, {"bodyType": "rawHtml", "content": "Hi"}),
    "google-email:ActionSendEmail": (2, {"html": "Hi"}),
}


def send(harness: EngineHarness, name: str, **mapper: Any) -> Execution:
    version, rest = SENDERS[name]
    trigger = module(1, "json:ParseJSON", {"json": '{"number": 5, "row": {"a": 1}, "empty": ""}'})
    fields = {"to": ["ann@example.com"], "subject": "s", **rest, **mapper}
    return harness.run(trigger, module(2, name, fields) | {"version": version})


@pytest.mark.parametrize("name", SENDERS)
@pytest.mark.parametrize(
    "address",
    [
        "not an address", "ann", "ann@", "@example.com", "ann@example", "ann@example..com", "a b@example.com",
        "ann@example.com; bob@example.com", "ann@example.com,bob@example.com", "Ann <ann@example.com>",
        " ann@example.com", "", "{{1.number}}", "{{1.row}}", "{{1.empty}}", "{{1.missing}}", 5, True, None,
        ["ann@example.com"], {"email": "ann@example.com"},
    ],
)  # fmt: skip
def test_an_address_that_is_none_stops_the_mail(name: str, address: Any) -> None:
    for field in ("to", "cc", "bcc"):
        for addresses in ([address], ["ann@example.com", address]):
            harness = EngineHarness()
            execution = send(harness, name, **{field: addresses})
            assert error_of(execution) == ("BundleValidationError", "Validation failed for 1 parameter(s).")
            assert execution.error is not None
            assert execution.error.issues == (INVALID.format(field),)
            assert len(harness.world.outbox) == 0


@pytest.mark.parametrize("name", SENDERS)
@pytest.mark.parametrize("recipients", [None, "", [], "{{emptyarray}}", "{{1.missing}}", "{{1.empty}}"])
def test_a_mail_without_recipients_is_not_sent(name: str, recipients: Any) -> None:
    harness = EngineHarness()
    execution = send(harness, name, to=recipients, cc=recipients, bcc=["bob@example.com"])
    assert execution.error is not None
    assert (execution.error.name, execution.error.issues) == (
        "BundleValidationError",
        (MISSING.format("to"),),
    )
    assert len(harness.world.outbox) == 0


@pytest.mark.parametrize(
    "address",
    ["ann@example.com", "ann.b+c@mail.example.co.uk", "o'neil_1@ex-ample.museum", "jürgen@müller.example"],
)
def test_an_address_is_taken_alone_or_in_an_array(address: str) -> None:
    for to in (address, [address]):
        harness = EngineHarness()
        assert send(harness, "email:ActionSendEmail", to=to).status == 1
        assert mail(harness).to == (address,)


def test_every_parameter_that_fails_is_counted() -> None:
    harness = EngineHarness()
    execution = send(harness, "email:ActionSendEmail", to=["x"], cc=["y", "z"], contentType="")
    assert error_of(execution)[1] == "Validation failed for 3 parameter(s)."
    assert execution.error is not None
    assert execution.error.issues == (
        INVALID.format("to"),
        INVALID.format("cc"),
        MISSING.format("contentType"),
    )


def test_a_mail_comes_from_the_account_unless_it_says_otherwise() -> None:
    harness = EngineHarness()
    login: dict[str, Any] = {
        "host": "smtp.example.com",
        "port": 587,
        "userName": "shop@example.com",
        "password": "s3cret",
    }
    id = connections.create(
        harness.world, harness.team, harness.user, name="Mail", type="smtp", data=login
    ).id
    harness.run(email(parameters={"account": id}))
    assert mail(harness).sender == "shop@example.com"
    assert "s3cret" not in repr(mail(harness))
    lonely = EngineHarness()
    lonely.run(email(parameters={"account": "PLACEHOLDER"}))
    assert mail(lonely).sender is None


def test_gmail_sends_raw_html_or_parts() -> None:
    parts = [{"text": "<b>A</b>", "image": {}}, {"text": "B"}]
    for mapper, html in (
        ({"bodyType": "rawHtml", "content": "<i>C</i>", "contents": parts}, "<i>C</i>"),
        ({"bodyType": "collection", "contents": parts}, "<b>A</b>B"),
    ):
        harness = EngineHarness()
        harness.run(
            module(
                1, "google-email:sendAnEmail", {"to": ["a@example.com"], "subject": "S", **mapper}, version=4
            )
        )
        assert (mail(harness).to, mail(harness).subject, mail(harness).html) == (
            ("a@example.com",),
            "S",
            html,
        )
    harness = EngineHarness()
    harness.run(
        module(1, "google-email:ActionSendEmail", {"to": ["a@example.com"], "html": "<p/>"}, version=2)
    )
    assert (mail(harness).module, mail(harness).html) == ("google-email:ActionSendEmail", "<p/>")


def test_what_is_output_has_the_shape_that_the_blueprint_declares() -> None:
    interface = {"interface": [{"name": "id", "type": "text"}]}
    [bundle] = outputs_of(EngineHarness().run(email() | {"metadata": interface}), 1)
    assert list(bundle) == ["id"]


def test_a_mail_stays_sent_when_a_run_is_rolled_back() -> None:
    harness = EngineHarness()
    run = harness.run(email(1), email(2, to=[""]), settings={"autoCommit": False})
    assert run.status == 3
    assert [row.module_id for row in harness.world.outbox] == [1]


def test_a_scripted_module_sends_nothing() -> None:
    harness = EngineHarness()
    module_scripts.save_script(
        harness.world, ModuleScript(module="email:ActionSendEmail", output=[{"id": "1"}])
    )
    assert outputs_of(harness.run(email()), 1) == [{"id": "1"}]
    assert len(harness.world.outbox) == 0


def test_only_the_latest_mails_are_kept_and_only_a_part_of_a_long_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(external_services, "MAX_MAILS", 2)
    harness = EngineHarness()
    harness.run(*(email(id, html="x" * 200_000) for id in (1, 2, 3)))
    assert [(row.id, len(row.html or "")) for row in harness.world.outbox] == [(2, 100_000), (3, 100_000)]
