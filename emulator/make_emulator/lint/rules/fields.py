"""Rules on the fields of modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...engine.apps.known_modules import find_interpreted, find_known_module
from ...json_types import Json, as_mappings
from ...plain_text import find_slip
from ..document import LintDocument, LintModule
from ..finding import Issue, rule


@rule("missing-field", "warning")
def check_required_fields(document: LintDocument) -> Iterator[Issue]:
    """Required fields have no value, so the run fails with a BundleValidationError."""
    for module in document.modules:
        values = {**module.parameters, **module.mapper}
        missing = [name for name in _required_fields(module) if values.get(name) in (None, "")]
        if missing:
            names = ", ".join(f"'{name}'" for name in missing)
            subject = f"field {names}" if len(missing) == 1 else f"fields {names}"
            yield Issue(
                message=f"The required {subject} of {module.label} {'has' if len(missing) == 1 else 'have'} no value.",
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
        free = sorted(known - given.keys())
        for part, values in (("parameters", module.parameters), ("mapper", module.mapper)):
            for name in values:
                if name in known or not known:
                    continue
                meant = find_slip(str(name), free)
                if meant is not None:
                    yield Issue(
                        message=f"{module.subject} has no field '{name}'.",
                        path=(*module.path, part, str(name)),
                        module_id=module.id,
                        suggestion=f"Did you mean '{meant}'?",
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
