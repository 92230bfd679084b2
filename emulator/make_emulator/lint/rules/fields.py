"""Rules on the fields of modules."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from ...engine.apps.known_modules import find_interpreted, find_known_module
from ...json_patch import move
from ...json_types import Json, as_mappings
from ..document import LintDocument, LintModule
from ..finding import Issue, rule

#: Least similarity of a field's name to a known one for it to be called a slip.
_SIMILARITY = 0.75


@rule("missing-field", "warning")
def check_required_fields(document: LintDocument) -> Iterator[Issue]:
    """A required field has no value, so the run fails with a BundleValidationError."""
    for module in document.modules:
        values = {**module.parameters, **module.mapper}
        for name in _required_fields(module):
            if values.get(name) in (None, ""):
                yield Issue(
                    message=f"The required field '{name}' of {module.label} has no value.",
                    path=(*module.path, "mapper"),
                    module_id=module.id,
                )


def _required_fields(module: LintModule) -> Iterator[str]:
    interpreted = find_interpreted(module.name, module.version)
    if interpreted is not None:
        yield from (field.name for field in interpreted.fields if field.required)
        return
    declared = as_mappings(module.metadata.get("expect"))
    if declared:
        # What the designer stored says which fields are shown for these settings; its choices of a select add nested ones.
        yield from (
            str(field["name"])
            for field in declared
            if field.get("required") is True and isinstance(field.get("name"), str)
        )
        return
    known = find_known_module(module.name, module.version)
    if known is not None and known.trust == "full" and not known.has_dynamic_mapper:
        # A field beside a select may be shown for some of its values only.
        has_select = any(field.type == "select" for field in known.mapper)
        yield from (
            field.name
            for field in known.mapper
            if field.required == "always" and (not has_select or field.type == "select")
        )


@rule("unknown-field", "warning")
def check_field_names(document: LintDocument) -> Iterator[Issue]:
    """A field has a name that the module does not know, and that resembles one which it does know and which has no value."""
    for module in document.modules:
        known = _known_fields(module)
        given = {**module.parameters, **module.mapper}
        free = {name.lower(): name for name in known - given.keys()}
        for part, values in (("parameters", module.parameters), ("mapper", module.mapper)):
            for name in values:
                if name in known or not known:
                    continue
                close = difflib.get_close_matches(str(name).lower(), free, 1, _SIMILARITY)
                if close:
                    path = (*module.path, part)
                    yield Issue(
                        message=f"{module.label[:1].upper()}{module.label[1:]} has no field '{name}'.",
                        path=(*path, str(name)),
                        module_id=module.id,
                        suggestion=f"Did you mean '{free[close[0]]}'?",
                        patch=(move((*path, str(name)), (*path, free[close[0]])),),
                    )


def _known_fields(module: LintModule) -> set[str]:
    names: set[str] = set()
    for key in ("expect", "parameters"):
        names |= set(_declared_names(module.metadata.get(key)))
    interpreted = find_interpreted(module.name, module.version)
    if interpreted is not None:
        if interpreted.accepts_any_field:
            return set()
        names |= {field.name for field in interpreted.fields}
    known = find_known_module(module.name, module.version)
    if known is not None and known.trust == "full" and not known.has_dynamic_mapper:
        for field in (*known.parameters, *known.mapper):
            names |= {field.name, *(nested.name for nested in field.choice_fields)}
    return names


def _declared_names(fields: Json) -> Iterator[str]:
    pending: list[Mapping[str, Json]] = list(as_mappings(fields))
    while pending:
        field = pending.pop()
        if isinstance(field.get("name"), str):
            yield str(field["name"])
        for option in as_mappings(field.get("options")):
            pending.extend(as_mappings(option.get("nested")))
        pending.extend(as_mappings(field.get("nested")))
