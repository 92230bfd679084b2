"""Rules on the fields of modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from ...engine.apps.app import is_email_address
from ...engine.errors import ConversionError
from ...engine.expressions.values import coerce
from ...json_patch import Path
from ...json_types import Json, as_mappings
from ...plain_text import find_slip
from ..document import LintDocument, LintModule
from ..finding import Issue, rule
from ..module_facts import FieldSpec, field_names, field_specs, is_reference
from ..repairs.fields import correct_field, correct_value

#: Types of fields by what they take.
_TEXTS = frozenset({"text", "email", "url", "uuid", "filename", "path", "password", "date", "time", "buffer"})
_NUMBERS = frozenset({"number", "integer", "uinteger", "port"})
_KIND_NAMES = {
    "buffer": "text or file",
    "collection": "object",
    "date": "date",
    "filename": "file name",
    "integer": "whole number",
    "port": "whole number from 0 on",
    "uinteger": "whole number from 0 on",
}
#: Parts of a module that are no fields of it.
_MODULE_PARTS = frozenset(
    {"branches", "filter", "flow", "id", "metadata", "module", "onerror", "routes", "version"}
)
#: Values of a select by which other fields are entered, in the place of lists to choose from.
_ENTERED_BY_HAND = ("enter", "manual", "manually", "manualy", "map")
_MAX_UNKNOWN_FIELDS = 100
_MAX_NAME = 60
_MAX_LISTED = 12


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
    declared = as_mappings(module.metadata.get("expect"))
    if declared:
        # What the designer stored says which fields are shown for these settings; its choices of a select add nested ones.
        yield from (
            str(field["name"])
            for field in declared
            if field.get("required") is True and isinstance(field.get("name"), str)
        )
        return
    if module.interpreted is not None:
        yield from (field.name for field in module.interpreted.fields if field.required)
        return
    known = module.known
    if known is not None and known.is_described and not known.has_dynamic_mapper:
        # A field beside a select may be shown for some of its values only, and a list to choose from only where nothing is entered by hand.
        selects = [field.name for field in known.mapper if field.type == "select"]
        by_hand = {name for name in selects if module.mapper.get(name) in _ENTERED_BY_HAND}
        yield from (
            field.name
            for field in known.mapper
            if field.required == "always"
            and (not selects or (field.type == "select" and by_hand <= {field.name}))
        )


@rule("unknown-field", "warning", repair="its real name, or its place beside the mapper")
def check_field_names(document: LintDocument) -> Iterator[Issue]:
    """A field has a name that the module does not know, so it is ignored: a slip, or a field of another module or service."""
    for module in document.modules:
        known = field_names(module)
        if not known.names:
            continue
        given = module.parameters.keys() | module.mapper.keys()
        free = sorted(known.names - given)
        # The editor stores fields that it does not describe, but only in modules that it has described.
        is_complete = known.is_complete and not module.is_described
        unknown = (
            (part, name)
            for part, values in (("parameters", module.parameters), ("mapper", module.mapper))
            for name in values
            if name not in known.names and not is_reference(module, name)
        )
        for part, name in islice(unknown, _MAX_UNKNOWN_FIELDS):
            meant = find_slip(name, free)
            if meant is not None or is_complete:
                yield Issue(
                    message=f"{module.subject} has no field '{name[:_MAX_NAME]}'.",
                    path=(*module.path, part, name),
                    module_id=module.id,
                    suggestion=_suggest_field(name, meant, free),
                    patch=correct_field(module, part, name, meant),
                )


def _suggest_field(name: str, meant: str | None, free: Sequence[str]) -> str:
    if meant is not None:
        return f"Did you mean '{meant}'?"
    if name in _MODULE_PARTS:
        return f"'{name}' stands beside the parameters and the mapper of a module, not in them."
    # Those with the name in their own come first: 'body' is 'jsonStringBodyContent' in some services.
    others = sorted(free, key=lambda each: (name.lower() not in each.lower(), each))
    listed = [f"'{each}'" for each in others[:_MAX_LISTED]]
    return f"It also has {', '.join(listed)}{' …' if len(others) > _MAX_LISTED else ''}." if listed else ""


@rule("invalid-value", "warning", repair="the choice, the JSON, the object, or the pairs")
def check_values(document: LintDocument) -> Iterator[Issue]:
    """A field has a value of another type, or one that is not among its choices, so the run fails with a BundleValidationError."""
    for module in document.modules:
        specs = field_specs(module)
        for part, values in (("parameters", module.parameters), ("mapper", module.mapper)):
            for name, value in values.items():
                spec = specs.get(name)
                if spec is None or value is None or value == "":
                    continue
                for path, problem, suggestion in _find_problems(spec, value):
                    yield Issue(
                        message=f"The value of '{name}' of {module.label} {problem}.",
                        path=(*module.path, part, name, *path),
                        module_id=module.id,
                        suggestion=suggestion,
                        patch=correct_value(spec, (*module.path, part, name), path, value),
                    )


def _find_problems(spec: FieldSpec, value: Json) -> Iterator[tuple[Path, str, str]]:
    """Yields the place below a value, the problem there, and a suggestion."""
    is_mapped = isinstance(value, str) and "{{" in value
    if isinstance(value, Mapping) and spec.type in _TEXTS:
        hint = " Write it as text, such as JSON." if spec.type in ("text", "buffer") else ""
        yield (), f"is an object, not {_article(spec.type)}", hint.strip()
    elif isinstance(value, (list, tuple)) and spec.type in (*_TEXTS, *_NUMBERS, "boolean", "collection"):
        yield (), f"is an array, not {_article(spec.type)}", ""
    elif isinstance(value, Mapping) and spec.type == "array":
        members = (
            f", each with {' and '.join(map(repr, spec.required_members))}" if spec.required_members else ""
        )
        yield (), "is an object, not an array", f"Write an array of objects{members}." if spec.members else ""
    elif isinstance(value, str) and not is_mapped and spec.type == "collection":
        yield (), "is a text, not an object", "Write the object itself, not its JSON."
    elif spec.type in _NUMBERS and not is_mapped and not _is_convertible(value, spec.type):
        yield (), f"is {_quote(value)}, not {_article(spec.type)}", ""
    elif spec.choices and not is_mapped and not isinstance(value, (list, tuple, Mapping)):
        if not any(value == choice or str(value) == str(choice) for choice in spec.choices):
            listed = ", ".join(_quote(choice) for choice in spec.choices[:_MAX_LISTED])
            meant = find_slip(str(value), [str(choice) for choice in spec.choices])
            yield (
                (),
                f"is {_quote(value)}, but it is one of {listed}",
                f"Did you mean {meant!r}?" if meant else "",
            )
    elif spec.type == "array":
        yield from _find_problems_of_items(spec, value)


def _find_problems_of_items(spec: FieldSpec, value: Json) -> Iterator[tuple[Path, str, str]]:
    items = value if isinstance(value, (list, tuple)) else (value,)
    for place, item in enumerate(items):
        path: Path = (place,) if isinstance(value, (list, tuple)) else ()
        if isinstance(item, Mapping):
            missing = [name for name in spec.required_members if name not in item]
            if missing and item:
                others = sorted(item.keys() - spec.members)
                has = f", but {', '.join(map(repr, others[:3]))}" if others else ""
                yield path, f"has an item without {' and '.join(map(repr, missing))}{has}", ""
        elif isinstance(item, str) and item and "{{" not in item:
            if spec.has_addresses and item[0] not in "<[" and not is_email_address(item):
                yield path, f"has {_quote(item)}, which is no mail address", ""
            elif spec.required_members:
                names = " and ".join(map(repr, spec.required_members))
                yield path, f"has the item {_quote(item)}, not an object", f"Write an object with {names}."


def _is_convertible(value: Json, kind: str) -> bool:
    try:
        coerce(value, kind if kind != "port" else "uinteger")
    except ConversionError:
        return False
    return True


def _article(kind: str) -> str:
    name = _KIND_NAMES.get(kind, kind)
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _quote(value: Json) -> str:
    text = str(value)
    return repr(text if len(text) <= _MAX_NAME else f"{text[:_MAX_NAME]}…")
