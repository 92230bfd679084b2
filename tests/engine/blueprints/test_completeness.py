"""Completeness of blueprints: the references that modules require."""

from __future__ import annotations

from typing import Any

import pytest

from make_emulator.engine.apps import catalog
from make_emulator.engine.blueprints.completeness import is_complete

WEBHOOK_TRIGGERS = [
    name for name, definition in catalog.interpreted_modules().items() if definition.trigger == "webhook"
]


def blueprint_of(module: str, parameters: Any = None, declared: Any = ()) -> dict[str, Any]:
    node = {"id": 1, "module": module, "parameters": parameters, "metadata": {"parameters": list(declared)}}
    return {"name": "Test", "flow": [node]}


def test_the_webhook_triggers_are_those_of_webhooks_and_mailhooks() -> None:
    assert sorted(WEBHOOK_TRIGGERS) == ["gateway:CustomMailHook", "gateway:CustomWebHook"]


@pytest.mark.parametrize("module", WEBHOOK_TRIGGERS)
def test_a_webhook_trigger_requires_a_hook_even_if_it_declares_none(module: str) -> None:
    assert not is_complete(blueprint_of(module))
    assert not is_complete(blueprint_of(module, {"hook": ""}))
    assert is_complete(blueprint_of(module, {"hook": 7}))


@pytest.mark.parametrize("kind", ["account:google", "hook:custom", "datastore"])
def test_a_required_field_of_a_reference_needs_a_value(kind: str) -> None:
    declared = [{"name": "ref", "type": kind, "required": True}]
    assert not is_complete(blueprint_of("google-drive:watchFiles", {}, declared))
    assert is_complete(blueprint_of("google-drive:watchFiles", {"ref": 3}, declared))


@pytest.mark.parametrize(
    "field", [{"name": "ref", "type": "account:google"}, {"name": "ref", "type": "text", "required": True}]
)
def test_other_fields_need_none(field: dict[str, Any]) -> None:
    assert is_complete(blueprint_of("google-drive:watchFiles", {}, [field]))


@pytest.mark.parametrize("hostile", [None, 7, "text", [1, None], {"a": 1}])
def test_metadata_of_any_form_are_read(hostile: Any) -> None:
    node = {
        "id": 1,
        "module": "util:SetVariable2",
        "parameters": hostile,
        "metadata": {"parameters": hostile},
    }
    assert is_complete({"flow": [node]})
    assert is_complete({"flow": [{**node, "metadata": hostile}]})
