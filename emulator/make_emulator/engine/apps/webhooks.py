"""App "Webhooks": bundles that a hook received, and the response to its caller.

Sources: exported blueprints; the vendor's pattern of a webhook that answers; apps.make.com, "Webhooks".
"""

from __future__ import annotations

from collections.abc import Mapping

from ...world.models import ExecutionResponse
from ..errors import BundleValidationError, invalid_parameter
from ..expressions.values import Value, as_text, is_array, to_json_value
from .app import App, Field
from .context import Emit, ModuleContext, Outcome, json_size

APP = App("gateway", is_built_in=True)

WEBHOOK_MODULE = "gateway:CustomWebHook"
RESPOND_MODULE = "gateway:WebhookRespond"

#: Default response to the caller of a webhook (AdobeDocs, workfront-fusion.en, "Webhooks"), and that of a failed run of a
#: scenario with a module that responds.
ACCEPTED, NOT_COMPLETED = "Accepted", "Scenario failed to complete."


@APP.module("CustomWebHook", trigger="webhook")
@APP.module("CustomMailHook", trigger="webhook")
def _receive(context: ModuleContext) -> Outcome:
    """Emits the bundles that the hook received, or none in a run without."""
    received = context.run.trigger_bundle
    if received is None:
        return Emit()
    bundles = received if is_array(received) else [received]
    return Emit(
        [bundle if isinstance(bundle, Mapping) else {"value": bundle} for bundle in bundles],
        transfer=json_size(received),
    )


@APP.module(
    "WebhookRespond",
    Field("status", "uinteger", required=True),
    Field("body"),
    Field("headers", "array"),
    outputs=(),
)
def _respond(context: ModuleContext) -> Outcome:
    """Sets the response to the caller of the webhook, unless one is set; the modules after it still run."""
    run, status, rows = context.run, context.integer("status"), context.array("headers")
    if not 100 <= status <= 599:
        raise BundleValidationError(invalid_parameter("status"), hint="'status' is from 100 to 599.")
    if len(rows) > 16:
        raise BundleValidationError(invalid_parameter("headers"), hint="There are at most 16 headers.")
    headers: list[Mapping[str, Value]] = []
    for row in rows:
        if not isinstance(row, Mapping) or not _is_valid_header(row):
            raise BundleValidationError(
                invalid_parameter("headers"),
                hint="A header has a 'key' of up to 256 characters and a 'value' of up to 4096.",
            )
        headers.append(row)
    if run.webhook_response is None:
        run.webhook_response = ExecutionResponse(
            at=run.now(),
            status=status,
            body=to_json_value(context.mapper.get("body")),
            headers=tuple((as_text(header["key"]), as_text(header["value"])) for header in headers),
        )
    return Emit([{}])


def _is_valid_header(header: Mapping[str, Value]) -> bool:
    key, value = header.get("key"), header.get("value")
    if key is None or key == "" or value is None or value == "":
        return False
    return len(as_text(key)) <= 256 and len(as_text(value)) <= 4096
