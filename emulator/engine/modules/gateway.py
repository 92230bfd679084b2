"""The app "Webhooks": what a hook received, and what its caller is answered.

Sources: exported blueprints; the vendor's pattern of a webhook that answers.
"""

from __future__ import annotations

from collections.abc import Mapping

from emulator.world.models import Execution, Json

from ..errors import BundleInvalid
from ..iml.values import Value, as_text, is_array
from .registry import Emit, Field, Kind, ModuleContext, Outcome, json_size

RESPOND = "gateway:WebhookRespond"


def _received(context: ModuleContext) -> Outcome:
    """What the hook received is the bundle; run without it, there is none."""
    received = context.run.trigger_bundle
    if received is None:
        return Emit()
    bundles = received if is_array(received) else [received]
    return Emit(
        [bundle if isinstance(bundle, Mapping) else {"value": bundle} for bundle in bundles],
        transfer=json_size(received),
    )


def _respond(context: ModuleContext) -> Outcome:
    """The answer itself is read off the run's steps, see `response`."""
    if not 100 <= context.mapper["status"] <= 599:
        raise BundleInvalid()
    headers = context.mapper.get("headers", ())
    if len(headers) > 16:
        raise BundleInvalid()
    for header in headers:
        if not isinstance(header, Mapping) or not _header(header):
            raise BundleInvalid()
    return Emit()


def _header(header: Mapping[str, Value]) -> bool:
    key, value = header.get("key"), header.get("value")
    if key is None or key == "" or value is None or value == "":
        return False
    return len(as_text(key)) <= 256 and len(as_text(value)) <= 4096


def response(execution: Execution) -> Mapping[str, Json] | None:
    """What the run answers its caller: ``{"status": int, "body"?, "headers"?: [{"key", "value"}]}``.

    ``None`` if it came to no answer. Only the first one counts.
    """
    for step in execution.steps:
        if step.module == RESPOND and step.error is None:
            answer: Mapping[str, Json] = step.input
            return answer
    return None


KINDS = (
    Kind("gateway:CustomWebHook", _received),
    Kind("gateway:CustomMailHook", _received),
    Kind(
        RESPOND,
        _respond,
        (Field("status", "uinteger", required=True), Field("body"), Field("headers", "array")),
    ),
)
