"""Run of a scenario test in a world of its own, and what can be observed of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from urllib.parse import parse_qsl, urlencode

import orjson

from ..blueprint_import.export import BlueprintExport, error_text
from ..engine.inputs import validate_inputs
from ..engine.runtime import executor
from ..engine.scenarios import activation
from ..engine.scheduling import webhook_dispatch
from ..error_reasons import os_error_reason
from ..explain.runner import Explanation, PreparedWorld, find_default_response, prepare_world
from ..json_types import Json, as_array, as_mapping
from ..reports.trace_view import TraceView
from ..world import connections, data_stores, external_services, settings, variables
from ..world.exceptions import DomainError
from ..world.models import (
    ConnectionTestResult,
    Execution,
    Hook,
    IncompleteExecution,
    Mail,
    Record,
    SentRequest,
    Step,
)
from ..world.world import World
from .documents import ScenarioTest
from .references import BlueprintIndex, find_resource
from .scripts import TestScripts

#: The time of a run, unless the test gives another.
DEFAULT_NOW = "2026-03-02T09:00:00Z"

#: Types of custom variables by the JSON types of their values.
_VARIABLE_TYPES = {bool: 3, int: 1, float: 1, str: 2}


class TestSetupError(Exception):
    """Test that cannot be run as it is written; ``path`` is the place of the reason within the test."""

    __test__ = False

    def __init__(self, text: str, *path: str | int) -> None:
        super().__init__(text)
        self.path = path


@dataclass(slots=True, kw_only=True)
class TestRun:
    """Run of a test: its world afterwards, and the execution of the scenario.

    Attributes:
        execution: ``None`` if no run was started: the world queued what its trigger received.
    """

    __test__ = False

    test: ScenarioTest
    prepared: PreparedWorld
    index: BlueprintIndex
    scripts: TestScripts
    execution: Execution | None

    @property
    def world(self) -> World:
        return self.prepared.world

    @property
    def steps(self) -> Sequence[Step]:
        """The operations of the run."""
        return self.execution.steps if self.execution is not None else ()

    def steps_of(self, ids: Sequence[int]) -> list[Step]:
        """Returns the operations of some modules."""
        return [step for step in self.steps if step.module_id in ids]

    @property
    def requests(self) -> list[SentRequest]:
        return list(self.world.http_requests)

    @property
    def mails(self) -> list[Mail]:
        return list(self.world.outbox)

    @property
    def incomplete(self) -> list[IncompleteExecution]:
        return list(self.world.incomplete_executions.where(scenario=self.prepared.scenario.id))

    def records_of(self, store_id: int) -> list[Record]:
        """Returns the records of a data store, the first written first."""
        return list(self.world.records.where(store=store_id))

    def runs_of(self, scenario_id: int) -> list[Execution]:
        """Returns the runs of a called scenario."""
        return [
            row for row in self.world.logs if isinstance(row, Execution) and row.scenario_id == scenario_id
        ]

    @property
    def explanation(self) -> Explanation | None:
        """The run as `explain` shows it."""
        if self.execution is None:
            return None
        return Explanation(
            export=self.prepared.export,
            treatments={},
            stubs=self.prepared.stubs,
            execution=self.execution,
            calls=self.prepared.find_calls(),
            incomplete_count=len(self.incomplete),
            has_input=True,
        )

    @property
    def trace(self) -> TraceView | None:
        return None if self.execution is None else TraceView.from_execution(self.execution)

    def response(self) -> dict[str, Json] | None:
        """Returns what the caller of the webhook got; ``None`` without a caller."""
        explanation = self.explanation
        if explanation is None:
            return None
        response = explanation.execution.respond
        if response is not None:
            body = response.body
            headers = {name.lower(): value for name, value in response.headers}
            return {"status": response.status, "body": parse_body(body), "headers": headers}
        default = find_default_response(explanation)
        if default is None:
            return None
        return {"status": default.status, "body": default.body, "headers": {}}

    def iter_runs(self) -> Iterator[tuple[BlueprintExport, Execution]]:
        """Yields the run of the scenario and those of called ones, each with its blueprint."""
        for row in self.world.logs:
            if not isinstance(row, Execution):
                continue
            if row.scenario_id == self.prepared.scenario.id:
                yield self.prepared.export, row
            elif row.scenario_id in self.prepared.called:
                yield self.prepared.called[row.scenario_id], row


def parse_body(body: Json) -> Json:
    """Returns a body as JSON, if it is the text of an object or an array."""
    if not isinstance(body, str) or not body.lstrip().startswith(("{", "[")):
        return body
    try:
        parsed: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    return parsed


def request_view(request: SentRequest) -> dict[str, Json]:
    """Returns a request as a test compares it."""
    url, _, query = request.url.partition("?")
    return {
        "method": request.method,
        "url": url,
        "query": dict(parse_qsl(query, keep_blank_values=True)),
        "headers": {name.lower(): value for name, value in request.headers},
        "body": parse_body(request.body) if _is_json(request) else _parse_form(request),
        "module": request.module_id,
        "status": request.status,
    }


def _is_json(request: SentRequest) -> bool:
    kind = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    return "form-urlencoded" not in kind


def _parse_form(request: SentRequest) -> dict[str, Json]:
    return dict(parse_qsl(request.body or "", keep_blank_values=True))


def mail_view(mail: Mail) -> dict[str, Json]:
    """Returns a mail as a test compares it."""
    return {
        "from": mail.sender,
        "to": list(mail.to),
        "cc": list(mail.cc),
        "bcc": list(mail.bcc),
        "replyTo": mail.reply_to,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "attachments": [file.name for file in mail.attachments],
        "module": mail.module_id,
    }


# --- the run -------------------------------------------------------------------------------------


def run_test(test: ScenarioTest, *, blueprint: Mapping[str, Json] | None = None) -> TestRun:
    """Runs the scenario of a test.

    Args:
        blueprint: in place of that of the file, such as a mutant of it.

    Raises:
        TestSetupError: if the test cannot be run as it is written.
        BlueprintRejectedError: if Make would reject the blueprint.
    """
    run = prepare_test(test, blueprint=blueprint)
    run.execution = start(run)
    return run


def prepare_test(
    test: ScenarioTest,
    *,
    blueprint: Mapping[str, Json] | None = None,
    scheduling: Mapping[str, Json] | None = None,
) -> TestRun:
    """Creates the world of a test, in which nothing has run; see `run_test`.

    Args:
        scheduling: of the scenario, by default that of what the test gives.
    """
    file, given = test.file, test.given
    export = file.blueprint.export
    if blueprint is not None:
        export = replace(export, blueprint=blueprint)
    nodes = [node for held in file.blueprints for node in held.export.nodes]
    now = given.get("now")
    prepared = prepare_world(
        export,
        now=now if isinstance(now, str) else DEFAULT_NOW,
        called={id: held.export for id, held in file.called.items()},
        scheduling=scheduling or ({"type": "immediately"} if given.keys() & {"webhook", "mail"} else None),
        nodes=nodes,
    )
    # Of the blueprint as it is: a mutant may lack a module that the test names.
    index = BlueprintIndex(file.blueprint.export)
    scripts = TestScripts(test.modules, index, nodes, prepared.scenario.id)
    prepared.world.interceptor = scripts
    _Givens(test, prepared, nodes).apply()
    return TestRun(test=test, prepared=prepared, index=index, scripts=scripts, execution=None)


class _Givens:
    """Application of what a test gives to its world."""

    def __init__(
        self, test: ScenarioTest, prepared: PreparedWorld, nodes: Sequence[Mapping[str, Json]]
    ) -> None:
        self._test = test
        self._prepared = prepared
        self._world = prepared.world
        self._nodes = nodes

    def apply(self) -> None:
        given = self._test.given
        settings.apply(self._world, as_mapping(given.get("settings")))
        for reference, rows in as_mapping(given.get("records")).items():
            self._records(reference, rows)
        for kind, values in as_mapping(given.get("variables")).items():
            self._variables(kind, as_mapping(values))
        for reference, state in as_mapping(given.get("connections")).items():
            self._connection(reference, state)
        for _, rule in self._test.http:
            params = {name: value for name, value in rule.items() if value is not None}
            external_services.add_rule(self._world, external_services.parse_rule(params))

    def _records(self, reference: str, rows: Json) -> None:
        id = find_resource(self._nodes, "dataStore", reference)
        pairs: list[tuple[str | None, Json]] = (
            list(rows.items()) if isinstance(rows, Mapping) else [(None, row) for row in as_array(rows)]
        )
        for place, (key, data) in enumerate(pairs):
            try:
                data_stores.add_record(
                    self._world, self._world.data_stores[id], key=key, data=as_mapping(data)
                )
            except DomainError as error:
                step = place if key is None else key
                raise TestSetupError(error_text(error), "given", "records", reference, step) from None

    def _variables(self, kind: str, values: Mapping[str, Json]) -> None:
        team = self._prepared.team
        owner = team if kind == "team" else self._world.organizations[team.organization_id]
        for name, value in values.items():
            try:
                type_id = _VARIABLE_TYPES.get(type(value))
                if type_id is None:
                    raise TestSetupError(
                        "a variable is a text, a number or a boolean", "given", "variables", kind, name
                    )
                variables.create(
                    self._world, self._prepared.user, owner, name=name, type_id=type_id, value=value
                )
            except DomainError as error:
                raise TestSetupError(error_text(error), "given", "variables", kind, name) from None

    def _connection(self, reference: str, state: Json) -> None:
        connection = self._world.connections[find_resource(self._nodes, "connection", reference)]
        if state == "missing":
            self._world.connections.remove(connection.id)
            return
        outcome = as_mapping(state).get("outcome", state)
        message = as_mapping(state).get("message", connections.TEST_OUTCOMES[str(outcome)][1])
        connections.set_test_result(
            self._world, connection, ConnectionTestResult(str(outcome), str(message) if message else None)
        )


def start(run: TestRun) -> Execution | None:
    """Runs the scenario of a prepared test with what its trigger receives; ``None`` if that is queued.

    Raises:
        TestSetupError: if the scenario cannot be run so.
    """
    given, prepared = run.test.given, run.prepared
    if "webhook" in given or "mail" in given:
        activate(run)
        key = "webhook" if "webhook" in given else "mail"
        return deliver(run, trigger_payload(run), key)
    inputs: Mapping[str, Json] | None = None
    export = prepared.export
    if export.takes_inputs:
        try:
            inputs = validate_inputs(export.input_spec, as_mapping(given.get("inputs")))
        except DomainError as error:
            raise TestSetupError(error_text(error), "given", "inputs") from None
    return executor.run_scenario(
        run.world,
        prepared.scenario,
        inputs=inputs,
        kind="manual",
        author_id=prepared.user.id,
        trigger_bundle=given.get("bundles"),
    )


def activate(run: TestRun) -> None:
    """Activates the scenario of a prepared test.

    Raises:
        TestSetupError: if it cannot be active.
    """
    prepared = run.prepared
    try:
        activation.start(prepared.world, prepared.user, prepared.scenario)
    except DomainError as error:
        hint = f" ({error.hint})" if error.hint else ""
        text = f"the scenario cannot be active: {error_text(error)}{hint}; a run with 'bundles' needs no activation"
        raise TestSetupError(text, "given") from None


def deliver(run: TestRun, payload: Json, key: str) -> Execution | None:
    """Delivers a payload to the hook of the scenario."""
    world = run.world
    try:
        return webhook_dispatch.deliver(
            world, find_hook(run), payload, id=world.ids.hex(32), size=len(orjson.dumps(payload))
        )
    except DomainError as error:
        raise TestSetupError(error_text(error), "given", key) from None


def find_hook(run: TestRun) -> Hook:
    """Returns the hook of the scenario."""
    scenario = run.world.scenarios[run.prepared.scenario.id]
    assert scenario.hook_id is not None, "the trigger was checked"
    return run.world.hooks[scenario.hook_id]


def trigger_payload(run: TestRun) -> Json:
    """Returns the bundles of the webhook request or the mail that a test gives."""
    given = run.test.given
    if "webhook" in given:
        return _webhook_payload(run, as_mapping(given["webhook"]))
    return _mail_payload(run, as_mapping(given["mail"]))


def _webhook_payload(run: TestRun, webhook: Mapping[str, Json]) -> Json:
    # Imported here, since Flask is of no use to a test without a webhook.
    from flask import Request
    from werkzeug.test import EnvironBuilder

    from ..webhooks.payloads import UnreadablePayloadError, parse_request

    hook = find_hook(run)
    blueprint = orjson.dumps(run.prepared.export.blueprint)
    # Settings of the hook, of which an export shows nothing but the use of what they add.
    data = {
        **hook.data,
        "headers": b"__IMTHEADERS__" in blueprint,
        "method": b"__IMTMETHOD__" in blueprint,
    }
    headers = {name: str(value) for name, value in as_mapping(webhook.get("headers")).items()}
    kinds = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
    body, kind = b"", None
    for name in ("json", "form", "body"):
        if name in webhook:
            kind = kinds.get(name, "text/plain")
            value = webhook[name]
            body = (
                orjson.dumps(value)
                if name == "json"
                else urlencode({key: str(item) for key, item in as_mapping(value).items()}).encode()
                if name == "form"
                else str(value).encode()
            )
    content_type = next((value for name, value in headers.items() if name.lower() == "content-type"), kind)
    builder = EnvironBuilder(
        method=str(webhook.get("method", "POST")).upper(),
        query_string=urlencode({name: str(item) for name, item in as_mapping(webhook.get("query")).items()}),
        headers=list(headers.items()),
        data=body,
        content_type=content_type,
    )
    request = Request(builder.get_environ())
    try:
        return parse_request(replace(hook, data=data), request, body, run.world.ids.hex(32))
    except UnreadablePayloadError as error:
        raise TestSetupError(f"the webhook would refuse the request: {error}", "given", "webhook") from None


def _mail_payload(run: TestRun, mail: Mapping[str, Json]) -> Json:
    from ..webhooks.mail import parse_mail

    if "file" in mail:
        path = run.test.file.folder / str(mail["file"])
        try:
            return parse_mail(path.read_bytes())
        except (OSError, ValueError) as error:
            text = f"cannot read {path}: {os_error_reason(error)}"
            raise TestSetupError(text, "given", "mail", "file") from None
    return parse_mail(_build_mail(mail))


def _build_mail(mail: Mapping[str, Json]) -> bytes:
    message = EmailMessage()
    try:
        message["From"] = str(mail.get("from", "sender@example.com"))
        for name in ("to", "cc"):
            addresses = mail.get(name, "hook@example.com" if name == "to" else None)
            if addresses is not None:
                message[name] = ", ".join(map(str, as_array(addresses))) or str(addresses)
        message["Subject"] = str(mail.get("subject", ""))
        for name, value in as_mapping(mail.get("headers")).items():
            message[name] = str(value)
    except ValueError as error:
        raise TestSetupError(f"this is no mail: {error}", "given", "mail") from None
    message.set_content(str(mail.get("text", "")))
    if "html" in mail:
        message.add_alternative(str(mail["html"]), subtype="html")
    for file in as_array(mail.get("attachments")):
        each = as_mapping(file)
        message.add_attachment(str(each["text"]), filename=str(each["name"]))
    return message.as_bytes()
