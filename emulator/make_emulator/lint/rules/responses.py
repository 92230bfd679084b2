"""Rules on the responses of webhooks."""

from __future__ import annotations

from collections.abc import Iterator

from ..document import LintDocument
from ..finding import Issue, rule

_WEBHOOKS = frozenset({"gateway:CustomWebHook"})
_RESPOND = "gateway:WebhookRespond"
_RETURN = "scenario-service:ReturnData"


@rule("response-without-webhook", "warning")
def check_responses(document: LintDocument) -> Iterator[Issue]:
    """A webhook response in a scenario that no webhook triggers goes nowhere."""
    trigger = document.trigger
    for module in document.modules:
        if module.name == _RESPOND and trigger is not None and not _is_hook_trigger(trigger.name):
            yield Issue(
                message=f"Module {module.id} responds to a webhook, but the scenario starts with {trigger.name}.",
                path=module.path,
                module_id=module.id,
            )


def _is_hook_trigger(name: str) -> bool:
    return name.startswith("gateway:") and name != _RESPOND


@rule("outputs-without-response", "warning")
def check_outputs(document: LintDocument) -> Iterator[Issue]:
    """A webhook scenario returns outputs but has no webhook response: the caller gets only "200 Accepted"."""
    trigger = document.trigger
    if trigger is None or trigger.name not in _WEBHOOKS:
        return
    if any(module.name == _RESPOND for module in document.modules):
        return
    for module in document.modules:
        if module.name == _RETURN:
            yield Issue(
                message='The caller of the webhook gets "200 Accepted", not these outputs.',
                path=module.path,
                module_id=module.id,
                suggestion=f"Add a module {_RESPOND}.",
            )
