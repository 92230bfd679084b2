"""The app "Webhooks": what a hook received, and what its caller is answered.

Sources: exported blueprints; the vendor's pattern of a webhook that answers; apps.make.com, "Webhooks".
"""

from __future__ import annotations

from collections.abc import Mapping

from ...world.models import WebhookAnswer
from ..errors import BundleInvalid
from ..iml.values import Value, as_text, is_array, plain
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
    """What the caller of the webhook is answered. Only the first one counts; what comes after it still runs."""
    mapper, run = context.mapper, context.run
    if not 100 <= mapper["status"] <= 599:
        raise BundleInvalid()
    headers = mapper.get("headers", ())
    if len(headers) > 16:
        raise BundleInvalid()
    for header in headers:
        if not isinstance(header, Mapping) or not _header(header):
            raise BundleInvalid()
    if run.respond is None:
        run.respond = WebhookAnswer(
            at=run.now(),
            status=int(mapper["status"]),
            body=plain(mapper.get("body")),
            headers=tuple((as_text(header["key"]), as_text(header["value"])) for header in headers),
        )
    return Emit([{}])


def _header(header: Mapping[str, Value]) -> bool:
    key, value = header.get("key"), header.get("value")
    if key is None or key == "" or value is None or value == "":
        return False
    return len(as_text(key)) <= 256 and len(as_text(value)) <= 4096


KINDS = (
    Kind("gateway:CustomWebHook", _received),
    Kind("gateway:CustomMailHook", _received),
    Kind(
        RESPOND,
        _respond,
        (Field("status", "uinteger", required=True), Field("body"), Field("headers", "array")),
    ),
)
