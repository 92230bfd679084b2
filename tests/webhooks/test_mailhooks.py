"""Mailhooks: mails to the address of a hook run its scenario."""

from __future__ import annotations

import json
import smtplib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest

from helpers.api import ApiClient, assert_status, json_of
from helpers.scenarios import http_request_module
from helpers.waiting import wait_until
from make_emulator.app import registry_of
from make_emulator.webhooks.mail import MailServer, TooManyPartsError, parse_mail
from make_emulator.world.models import Execution
from make_emulator.world.transport import HttpResponse, OutgoingRequest

MAILHOOK = 2


@pytest.fixture
def server(api: ApiClient) -> Iterator[MailServer]:
    with MailServer(registry_of(api.app)) as server:
        yield server


@pytest.fixture
def address(api: ApiClient) -> str:
    return f"{api.world.hooks[MAILHOOK].udid}@hook.eu1.make.com"


def mail(to: str, **changes: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Žádost"
    message["From"] = "Ann Example <ann@example.com>"
    message["To"] = to
    message["Date"] = "Mon, 02 Mar 2026 13:00:00 +0100"
    for name, value in changes.items():
        message[name] = value
    message.set_content("Hello\nthere")
    return message


def send(server: MailServer, message: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
        client.send_message(message)


def listen(api: ApiClient, *flow: dict[str, Any]) -> int:
    """Let an active scenario listen at the mailhook, that keeps each mail's subject."""
    trigger = {
        "id": 1,
        "module": "gateway:CustomMailHook",
        "version": 1,
        "parameters": {"hook": MAILHOOK, "maxResults": 1},
        "mapper": {},
    }
    blueprint = {"name": "Mails", "flow": [trigger, *flow], "metadata": {}}
    scheduling = {"type": "immediately"}
    body = {"teamId": 1, "blueprint": json.dumps(blueprint), "scheduling": json.dumps(scheduling)}
    id = int(json_of(api.post("/scenarios", json=body))["scenario"]["id"])
    assert api.post(f"/scenarios/{id}/start").status_code == 200
    return id


def waiting(api: ApiClient) -> list[Any]:
    path = f"/hooks/{MAILHOOK}/incomings"
    rows = json_of(api.get(path))["incomings"]
    return [json_of(api.get(f"{path}/{row['id']}"))["incoming"]["data"] for row in rows]


def test_a_mail_becomes_a_bundle(api: ApiClient, server: MailServer, address: str) -> None:
    message = mail(address, Cc="Bob <bob@example.com>, cy@example.com")
    message.add_alternative("<p>Hello</p>", subtype="html")
    message.add_attachment(b"\x00\x01", maintype="application", subtype="pdf", filename="účet.pdf")
    send(server, message)

    [bundle] = waiting(api)
    headers = bundle.pop("headers")
    assert headers["subject"] == "Žádost"
    assert bundle == {
        "subject": "Žádost",
        "from": {"address": "ann@example.com", "name": "Ann Example"},
        "to": [{"address": address, "name": ""}],
        "cc": [
            {"address": "bob@example.com", "name": "Bob"},
            {"address": "cy@example.com", "name": ""},
        ],
        "date": "2026-03-02T12:00:00.000Z",
        "messageId": "",
        "text": "Hello\nthere\n",
        "html": "<p>Hello</p>\n",
        "attachments": [
            {
                "fileName": "účet.pdf",
                "contentType": "application/pdf",
                "contentDisposition": "attachment",
                "size": 2,
                "data": "AAE=",
            }
        ],
    }


def test_a_mail_runs_an_instant_scenario_at_once(api: ApiClient, server: MailServer, address: str) -> None:
    scenario = listen(api)
    send(server, mail(address))
    assert waiting(api) == []
    api.world.clock.advance(seconds=10)
    rows = json_of(api.get(f"/scenarios/{scenario}/logs"))["scenarioLogs"]
    assert [row["instant"] for row in rows if row.get("type") == "auto"] == [True]
    [log] = json_of(api.get(f"/hooks/{MAILHOOK}/logs"))["hookLogs"]
    assert (log["statusId"], log["parser"]) == (1, "gateway-mailhook")


def test_each_mail_is_a_sentence_of_the_request_log(api: ApiClient, server: MailServer, address: str) -> None:
    send(server, mail(address))
    [entry] = [row for row in api.handle.request_log if row.method == "MAIL"]
    assert entry.path == "/mail/********"
    assert entry.sentence() == "Mail to hook 2 (Support mail) -> 250: it waits in the queue"


def test_any_domain_and_any_case_reach_the_hook(api: ApiClient, server: MailServer, address: str) -> None:
    for to in (address.upper(), address.partition("@")[0] + "@localhost"):
        send(server, mail(to))
    assert len(waiting(api)) == 2


@pytest.mark.parametrize("name", ["unknown", "x" * 32])
def test_an_address_of_no_mailhook_is_rejected(api: ApiClient, server: MailServer, name: str) -> None:
    for to in (name, api.world.hooks[1].udid):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            send(server, mail(f"{to}@hook.eu1.make.com"))
        assert next(iter(refused.value.recipients.values()))[0] == 550


def test_a_disabled_mailhook_takes_no_mail(api: ApiClient, server: MailServer, address: str) -> None:
    api.post(f"/hooks/{MAILHOOK}/disable")
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(server, mail(address))
    assert next(iter(refused.value.recipients.values()))[0] == 550


def test_a_full_queue_asks_to_come_again(api: ApiClient, server: MailServer, address: str) -> None:
    organization = api.world.organizations[1]
    api.world.organizations.put(replace(organization, license=replace(organization.license, iolimit=1)))
    send(server, mail(address))
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(server, mail(address))
    assert refused.value.smtp_code == 452


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"Subject: =?nonsense?Q?x?=\r\n\r\n\xff",
        b"Content-Type: multipart/mixed\r\n\r\n--\r\n",
        b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xe9",
        b"From: a <>, <b@\r\nDate: never\r\nTo: \xff\r\n\r\n",
        b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n\r\n--x--",
    ],
)
def test_a_mail_that_is_no_mail_is_read_as_far_as_it_goes(content: bytes) -> None:
    json.dumps(parse_mail(content))


PART = b"\r\n--x\r\nContent-Type: text/plain\r\n\r\nhi"


def test_a_mail_of_many_parts_is_read_and_one_of_too_many_is_not() -> None:
    head = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    attachments = parse_mail(head + PART * 900 + b"\r\n--x--")["attachments"]
    assert isinstance(attachments, list)
    assert len(attachments) == 899
    with pytest.raises(TooManyPartsError):
        parse_mail(head + PART * 20_000 + b"\r\n--x--")


def test_a_mail_of_parts_within_parts_within_parts_is_not_read() -> None:
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (depth, depth)
        for depth in range(500)
    )
    with pytest.raises(TooManyPartsError):
        parse_mail(nested)


def test_a_mail_of_too_many_parts_is_rejected(server: MailServer, address: str) -> None:
    with (
        smtplib.SMTP("127.0.0.1", server.port, timeout=60) as client,
        pytest.raises(smtplib.SMTPDataError) as error,
    ):
        client.sendmail(
            "a@example.com",
            [address],
            b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + PART * 20_000 + b"\r\n--x--",
        )
    assert (error.value.smtp_code, error.value.smtp_error) == (554, b"5.6.0 The message has too many parts")


def test_a_mail_whose_scenario_runs_long_delays_no_other(
    api: ApiClient, server: MailServer, address: str
) -> None:
    """Neither those of other worlds, nor those of the same one: the run waits for a service, and has lent its world."""
    called, gate = threading.Event(), threading.Event()

    def respond(request: OutgoingRequest, interruption: threading.Event | None = None) -> HttpResponse:
        called.set()
        assert gate.wait(60)
        return HttpResponse(status=200)

    api.world.transport = respond
    scenario = listen(api, {**http_request_module("https://slow.example/"), "id": 2})
    other = assert_status(api.control("POST", "/worlds", json={"name": "other"}), 201)["world"]
    other_world = registry_of(api.app).get("other").world  # type: ignore[union-attr]
    body = {"name": "Mails", "teamId": other["teamId"], "typeName": "gateway-mailhook"}
    hook = json_of(api.post("/hooks", json=body, token=other["token"]))["hook"]
    second = json_of(api.post("/hooks", json={**body, "teamId": 1}))["hook"]
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(send, server, mail(address))
        assert called.wait(60)
        send(server, mail(f"{other_world.hooks[hook['id']].udid}@example.com"))
        send(server, mail(f"{api.world.hooks[second['id']].udid}@example.com"))
        assert len(other_world.incomings.where(hook=hook["id"])) == 1
        assert len(api.world.incomings.where(hook=second["id"])) == 1
        assert not sent.done()
        gate.set()
        sent.result()
    assert [row for row in api.world.logs.where(scenario=scenario) if isinstance(row, Execution)]


def test_a_mail_for_a_world_that_is_held_delays_no_other(
    api: ApiClient, server: MailServer, address: str
) -> None:
    other = assert_status(api.control("POST", "/worlds", json={"name": "other"}), 201)["world"]
    other_world = registry_of(api.app).get("other").world  # type: ignore[union-attr]
    body = {"name": "Mails", "teamId": other["teamId"], "typeName": "gateway-mailhook"}
    hook = json_of(api.post("/hooks", json=body, token=other["token"]))["hook"]
    with ThreadPoolExecutor(1) as pool:
        with api.world.lock:
            sent = pool.submit(send, server, mail(address))
            wait_until(lambda: api.world.lock._waiting)
            send(server, mail(f"{other_world.hooks[hook['id']].udid}@example.com"))
            assert not sent.done()
        sent.result()
    assert len(other_world.incomings.where(hook=hook["id"])) == 1
    assert len(api.world.incomings.where(hook=MAILHOOK)) == 1


def test_without_threads_a_mail_is_to_come_again(
    api: ApiClient, server: MailServer, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def fail(thread: threading.Thread) -> None:
        if thread.name == "make-emulator-mail-delivery":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", fail)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as error:
        send(server, mail(address))
    assert [reply[0] for reply in error.value.recipients.values()] == [451]


def test_it_stops_within_a_second_though_a_client_is_connected(api: ApiClient) -> None:
    server = MailServer(registry_of(api.app))
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        assert client.recv(3) == b"220"
        server.stop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)
