"""Facts on a module of a blueprint: its fields and its outputs, from its metadata, the interpreted apps and the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..json_types import Json, as_array, as_mapping, as_mappings
from ..module_catalogue import CatalogueField
from ..world.blueprint_refs import reference_fields
from .document import LintModule

#: Kinds of resources whose ids stand in parameters that no list of fields has.
_REFERENCES = ("connection", "hook", "dataStore", "key")
#: Modules that output variables under the names that the mapper has.
_VARIABLE_MODULES = frozenset(
    f"util:{name}" for name in ("SetVariable2", "SetVariables", "GetVariable2", "GetVariables")
)


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Names of fields or outputs.

    Attributes:
        is_complete: true if the module has no others.
    """

    names: frozenset[str] = frozenset()
    is_complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """A field that a module is known to have.

    Attributes:
        type: of Make; empty if it is not known.
        choices: the values that it takes; empty if any.
        required_members: names that each of its items must have, if they are collections.
        has_addresses: true if its items are mail addresses.
    """

    type: str = ""
    choices: tuple[Json, ...] = ()
    members: frozenset[str] = frozenset()
    required_members: tuple[str, ...] = ()
    has_addresses: bool = False


def field_names(module: LintModule) -> KnownNames:
    """Returns the names of the fields that a module has, whatever is chosen in it.

    Complete are those of a module whose fields are all interpreted, or are in the catalogue and depend on nothing of the user's.
    """
    names: set[str] = set()
    for key in ("expect", "parameters"):
        names |= set(_declared_names(module.metadata.get(key)))
    interpreted = module.interpreted
    if interpreted is not None:
        if interpreted.accepts_any_field:
            return KnownNames()
        names |= {field.name for field in interpreted.fields}
    known = module.known
    is_in_catalogue = known is not None and known.is_described and not known.has_dynamic_mapper
    if known is not None and is_in_catalogue:
        names |= set(_catalogue_names((*known.parameters, *known.mapper)))
        names |= {name for name in (known.connection_parameter, known.hook_parameter) if name is not None}
    has_fields = interpreted is not None and bool(interpreted.fields)
    return KnownNames(frozenset(names), is_complete=is_in_catalogue or has_fields)


def is_reference(module: LintModule, name: str) -> bool:
    """Returns true for a parameter that holds the id of a resource, which no list of fields needs to have."""
    return any(name in reference_fields(module.node, kind) for kind in _REFERENCES)


def _catalogue_names(fields: Iterable[CatalogueField]) -> Iterator[str]:
    for field in fields:
        yield field.name
        yield from _catalogue_names(field.choice_fields)


def _declared_names(fields: Json) -> Iterator[str]:
    for field in _iter_declared(fields):
        yield str(field["name"])


def _iter_declared(fields: Json) -> Iterator[Mapping[str, Json]]:
    """Yields the fields that metadata declare, those of the values of selects included."""
    pending: list[Mapping[str, Json]] = list(as_mappings(fields))
    while pending:
        field = pending.pop()
        if isinstance(field.get("name"), str):
            yield field
        for option in as_mappings(field.get("options")):
            pending.extend(as_mappings(option.get("nested")))
        pending.extend(as_mappings(field.get("nested")))


def field_specs(module: LintModule) -> dict[str, FieldSpec]:
    """Returns the fields of a module whose form is known; the editor's description of the module comes first."""
    specs: dict[str, FieldSpec] = {}
    known = module.known
    if known is not None and known.is_described:
        for field in (*known.parameters, *known.mapper):
            if not field.other_types:
                specs[field.name] = _catalogue_spec(field)
    interpreted = module.interpreted
    for each in interpreted.fields if interpreted is not None else ():
        spec = specs.get(each.name, FieldSpec())
        specs[each.name] = FieldSpec(
            type=each.type if each.type != "any" else "",
            choices=each.choices,
            members=spec.members,
            required_members=spec.required_members,
            has_addresses=each.item == "email",
        )
    declared: dict[str, list[Mapping[str, Json]]] = {}
    for key in ("parameters", "expect"):
        for field_declared in _iter_declared(module.metadata.get(key)):
            declared.setdefault(str(field_declared["name"]), []).append(field_declared)
    for name, fields in declared.items():
        if len(fields) == 1:
            addresses = specs[name].has_addresses if name in specs else False
            specs[name] = _declared_spec(fields[0], has_addresses=addresses)
        else:
            # Shown in one form or another, by the values of others.
            specs.pop(name, None)
    return specs


def _catalogue_spec(field: CatalogueField) -> FieldSpec:
    members = field.fields if not field.is_dynamic else ()
    return FieldSpec(
        type=field.type,
        members=frozenset(_catalogue_names(members)),
        required_members=tuple(member.name for member in members if member.required == "always"),
    )


def _declared_spec(field: Mapping[str, Json], *, has_addresses: bool) -> FieldSpec:
    kind = str(field.get("type", "")).partition(":")[0]
    choices = as_array(as_mapping(field.get("validate")).get("enum")) if kind == "select" else ()
    members = as_mappings(field.get("spec"))
    return FieldSpec(
        type=kind,
        choices=tuple(choices),
        members=frozenset(_declared_names(members)),
        required_members=tuple(
            str(member["name"])
            for member in members
            if member.get("required") is True and isinstance(member.get("name"), str)
        ),
        has_addresses=has_addresses,
    )


def output_names(module: LintModule) -> KnownNames:
    """Returns the names of the fields that a module outputs."""
    if module.name in _VARIABLE_MODULES:
        return _variable_names(module.mapper)
    interpreted = module.interpreted
    if interpreted is not None and interpreted.outputs is not None:
        return KnownNames(frozenset(interpreted.outputs), is_complete=True)
    fields = as_mappings(module.metadata.get("interface"))
    names = (field.get("name") for field in fields)
    return KnownNames(frozenset(name for name in names if isinstance(name, str)))


def output_type(module: LintModule, path: Sequence[str]) -> str:
    """Returns the type that a module declares of a field of its output, or of one within collections; empty if it declares none."""
    fields = as_mappings(module.metadata.get("interface"))
    kind = ""
    for name in path:
        declared = [field for field in fields if field.get("name") == name]
        if len(declared) != 1:
            return ""
        kind = str(declared[0].get("type", ""))
        fields = as_mappings(declared[0].get("spec"))
    return kind


def member_names(module: LintModule, path: Sequence[str]) -> frozenset[str]:
    """Returns the names that a module declares within a collection of its output, or within the items of an array; empty if it declares none."""
    fields = as_mappings(module.metadata.get("interface"))
    for name in path:
        declared = [field for field in fields if field.get("name") == name]
        if len(declared) != 1:
            return frozenset()
        fields = as_mappings(declared[0].get("spec"))
    return frozenset(str(field["name"]) for field in fields if isinstance(field.get("name"), str))


def _variable_names(mapper: Mapping[str, Json]) -> KnownNames:
    variables: Sequence[Json] = as_array(mapper.get("variables"))
    names = [mapper.get("name"), *(as_mapping(item).get("name", item) for item in variables)]
    texts = frozenset(name for name in names if isinstance(name, str) and name)
    return KnownNames(texts, is_complete=bool(texts) and not any("{{" in name for name in texts))
