"""Rules on the responses of webhooks."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.apps.scenarios import RETURN_MODULE
from ...engine.apps.webhooks import RESPOND_MODULE, WEBHOOK_MODULE
from ...json_patch import replace
from ..document import LintDocument
from ..finding import Issue, rule


@rule("response-without-webhook", "warning")
def check_responses(document: LintDocument) -> Iterator[Issue]:
    """A webhook response in a scenario that no webhook triggers goes nowhere."""
    trigger = document.trigger
    for module in document.modules:
        if module.name == RESPOND_MODULE and trigger is not None and trigger.name != WEBHOOK_MODULE:
            yield Issue(
                message=f"Module {module.id} responds to a webhook, but the scenario starts with {trigger.name}.",
                path=module.path,
                module_id=module.id,
            )


@rule("late-response", "warning", repair="the type `immediately`")
def check_scheduling_of_responses(document: LintDocument) -> Iterator[Issue]:
    """A webhook response in a scenario that does not run immediately comes too late: the caller got "200 Accepted" before."""
    trigger, kind = document.trigger, document.scheduling.get("type")
    if trigger is None or trigger.name != WEBHOOK_MODULE or kind in (None, "immediately", "on-demand"):
        return
    for module in document.modules:
        if module.name == RESPOND_MODULE:
            yield Issue(
                message=f'{module.subject} responds too late, as the scenario does not run immediately: the caller got "200 Accepted".',
                path=module.path,
                module_id=module.id,
                suggestion="Set the scheduling to immediately.",
                patch=()
                if document.options.scheduling
                else (replace(("scheduling", "type"), "immediately"),),
                scheduling_patch=(replace(("type",), "immediately"),) if document.options.scheduling else (),
            )
            return


@rule("outputs-without-response", "warning")
def check_outputs(document: LintDocument) -> Iterator[Issue]:
    """A webhook scenario returns outputs but has no webhook response: the caller gets only "200 Accepted"."""
    trigger = document.trigger
    if trigger is None or trigger.name != WEBHOOK_MODULE:
        return
    if any(module.name == RESPOND_MODULE for module in document.modules):
        return
    for module in document.modules:
        if module.name == RETURN_MODULE:
            yield Issue(
                message='The caller of the webhook gets "200 Accepted", not these outputs.',
                path=module.path,
                module_id=module.id,
                suggestion=f"Add a module {RESPOND_MODULE}.",
            )
