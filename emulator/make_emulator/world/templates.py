"""Templates of teams, and their published versions, which are visible to all users once approved.

No route approves a version: Make's staff does. Sources: API documentation, "Templates" and "Templates > Public".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import lru_cache
from typing import TypedDict, Unpack

from ..resources import load_fixture
from . import blueprint_refs
from .exceptions import (
    AccessDeniedError,
    InvalidParametersError,
    InvalidStateError,
    NotConfirmedError,
    NotFoundError,
)
from .models import Json, PublicTemplate, Team, Template, User
from .tables import Selection
from .visibility import Visibility
from .world import World

_SLUG = re.compile(r"([0-9]{1,16})(?:-[a-z0-9]+)*", re.ASCII)
_NON_SLUG_CHARACTERS = re.compile(r"[^a-z0-9]+")

_DEFAULT_SCHEDULING: Mapping[str, Json] = {"type": "indefinitely", "interval": 900}


# --- templates of teams --------------------------------------------------------------------------


def create(
    world: World,
    team: Team,
    *,
    language: str,
    blueprint: Mapping[str, Json],
    scheduling: Mapping[str, Json],
    controller: Mapping[str, Json],
    id: int | None = None,
) -> Template:
    """Creates a template from a blueprint, without its references to resources of the team.

    Raises:
        InvalidParametersError: if the controller is malformed.
    """
    _check_controller(controller)
    return insert(
        world,
        team.id,
        name=str(blueprint["name"]),
        language=language,
        blueprint=strip_references(blueprint),
        scheduling=scheduling,
        controller=controller,
        id=id,
    )


def insert(
    world: World,
    team_id: int,
    *,
    name: str,
    description: str | None = None,
    language: str,
    blueprint: Mapping[str, Json],
    scheduling: Mapping[str, Json],
    controller: Mapping[str, Json],
    id: int | None = None,
) -> Template:
    """Inserts a template, unchecked, with its blueprint as it is.

    Args:
        id: an explicit id; by default, the next one.
    """
    return world.templates.put(
        Template(
            id=world.ids.assign("template", id),
            name=name,
            team_id=team_id,
            description=description,
            language=language,
            used_apps=distinct_apps(blueprint),
            blueprint=blueprint,
            scheduling=scheduling,
            controller=controller,
            created=world.now(),
        )
    )


def default_controller(name: str, flow: Sequence[Json]) -> dict[str, Json]:
    """The controller of a template that Make's designer did not create."""
    return {"name": name, "modules": {}, "idSequence": len(flow) + 1}


class TemplateChanges(TypedDict, total=False):
    """Fields of a template that can be changed."""

    name: str
    blueprint: Mapping[str, Json]
    scheduling: Mapping[str, Json]
    controller: Mapping[str, Json]


def update(
    world: World,
    template: Template,
    version: PublicTemplate | None,
    **changes: Unpack[TemplateChanges],
) -> Template:
    """Changes a template, or a published version of it.

    Raises:
        InvalidParametersError: if the controller is malformed.
    """
    if "controller" in changes:
        _check_controller(changes["controller"])
    used_apps = (version or template).used_apps
    if "blueprint" in changes:
        used_apps = distinct_apps(changes["blueprint"])
        changes["blueprint"] = strip_references(changes["blueprint"])
    if version is None:
        return world.templates.put(replace(template, used_apps=used_apps, **changes))
    world.public_templates.put(replace(version, used_apps=used_apps, **changes))
    return template


def delete(world: World, user: User, template: Template, *, confirmed: bool) -> int:
    """Deletes a template with its published versions.

    Raises:
        AccessDeniedError: if it is approved, and the user is no administrator of the zone.
        NotConfirmedError: if the caller did not confirm.
    """
    if template.approved_id is not None and not user.is_admin:
        raise AccessDeniedError("Access denied.")
    if not confirmed:
        raise NotConfirmedError(
            f"The removal of template '{template.id}' is not confirmed.", "deleteTemplate"
        )
    for id in {template.published_id, template.approved_id}:
        if id is not None:
            world.public_templates.remove(id)
    return world.templates.remove(template.id).id


def distinct_apps(blueprint: Mapping[str, Json]) -> tuple[str, ...]:
    """The distinct apps of a blueprint, in order of appearance."""
    return tuple(
        dict.fromkeys(
            blueprint_refs.split_module_name(node)[0]
            for node in blueprint_refs.iter_modules(blueprint["flow"])
        )
    )


def strip_references(blueprint: Mapping[str, Json]) -> dict[str, Json]:
    """A copy whose modules do not refer to the team's connections, hooks and data stores."""
    copy: dict[str, Json] = deepcopy(dict(blueprint))
    for node in blueprint_refs.iter_modules(copy["flow"]):
        parameters = node.get("parameters")
        for kind in blueprint_refs.REFERENCE_FIELDS:
            if isinstance(parameters, dict) and blueprint_refs.find_module_references(node, kind):
                for name in blueprint_refs.reference_fields(node, kind):
                    parameters.pop(name, None)
    return copy


def _check_controller(controller: Mapping[str, Json]) -> None:
    issues = [
        f"Missing value of required parameter 'controller.{name}'."
        if name not in controller
        else f"Parameter 'controller.{name}' must be {form}."
        for name, form, type in (
            ("name", "a string", str),
            ("modules", "an object", dict),
            ("idSequence", "a whole number", int),
        )
        if not isinstance(controller.get(name), type) or isinstance(controller[name], bool)
    ]
    if issues:
        raise InvalidParametersError(*issues)


# --- published versions --------------------------------------------------------------------------


def find_version(world: World, template: Template, id: int | None) -> PublicTemplate | None:
    """The published or approved version of a template with an id; ``None`` without an id.

    Raises:
        NotFoundError: if the template has no such version.
    """
    if id is None:
        return None
    if id not in (template.published_id, template.approved_id):
        raise NotFoundError("template", id)
    return world.public_templates[id]


def publish(world: World, template: Template) -> Template:
    """Publishes the present state of a template; a version that awaits approval is replaced."""
    id = template.published_id
    if id is None or id == template.approved_id:
        id = world.ids.next("public template")
    world.public_templates.put(
        PublicTemplate(
            id=id,
            template_id=template.id,
            name=template.name,
            description=template.description,
            language=template.language,
            used_apps=template.used_apps,
            blueprint=template.blueprint,
            scheduling=template.scheduling,
            controller=template.controller,
            published=world.now(),
        )
    )
    return world.templates.put(replace(template, published_id=id))


def request_approval(world: World, template: Template) -> Template:
    """Requests the approval of the published version.

    Raises:
        InvalidStateError: if there is no such version, or approval was requested or granted.
    """
    if template.published_id is None or template.published_id == template.approved_id:
        raise InvalidStateError("The template has no published version that waits for approval.")
    if template.requested_approval:
        raise InvalidStateError("The approval of the template was requested already.")
    return world.templates.put(replace(template, requested_approval=True))


def approve(world: World, template: Template) -> Template:
    """Approves the published version, as Make's staff does; it replaces an earlier one.

    Raises:
        InvalidStateError: if the template is not published.
    """
    if template.published_id is None:
        raise InvalidStateError("The template is not published.")
    if template.approved_id not in (None, template.published_id):
        world.public_templates.remove(template.approved_id)
    version = world.public_templates[template.published_id]
    world.public_templates.put(replace(version, approved=world.now()))
    return world.templates.put(replace(template, approved_id=version.id, requested_approval=False))


# --- public templates ----------------------------------------------------------------------------


def slug(version: PublicTemplate) -> str:
    """The slug of a public template in paths, e.g. ``13-http-template-example``."""
    return "-".join([str(version.id), *filter(None, _NON_SLUG_CHARACTERS.split(version.name.lower()))])


def list_public(
    world: World, *, languages: Collection[str], name: str | None, apps: Collection[str]
) -> Selection[PublicTemplate]:
    """The approved templates in some languages whose name contains a text, and that use all of some apps."""
    text = (name or "").casefold()
    return world.public_templates.all().filter(
        lambda row: (
            row.approved is not None
            and row.language in languages
            and text in row.name.casefold()
            and set(apps) <= set(row.used_apps)
        )
    )


def find_public(world: World, url: str) -> PublicTemplate:
    """The approved template with a slug.

    Raises:
        InvalidParametersError: if that is no slug.
        NotFoundError: if there is no such template.
    """
    match = _SLUG.fullmatch(url)
    if match is None:
        raise InvalidParametersError("Validation failed for templateUrl unknown format")
    found = world.public_templates.get(int(match[1]))
    if found is None or found.approved is None or slug(found) != url:
        raise NotFoundError("template", url)
    return found


def find_source_template(world: World, visibility: Visibility, id: int) -> Template | PublicTemplate:
    """The template on which a scenario may be based: one of a visible team, or an approved one.

    Raises:
        NotFoundError: if there is none.
    """
    own = world.templates.get(id)
    if own is not None and visibility.can_see_team(own.team_id):
        return own
    found = world.public_templates.get(id)
    if found is None or found.approved is None:
        raise NotFoundError("template", id)
    return found


def install_public_templates(world: World) -> None:
    """Inserts the approved templates that ship with the emulator into a world."""
    for version in _load_shipped_templates():
        world.ids.reserve("public template", version.id)
        world.public_templates.put(replace(version, published=world.now(), approved=world.now()))


@lru_cache(maxsize=1)
def _load_shipped_templates() -> Iterable[PublicTemplate]:
    rows = load_fixture("public-templates.yaml")
    return [
        PublicTemplate(
            id=row["id"],
            template_id=None,
            name=row["name"],
            description=row["description"],
            language=row.get("language", "en"),
            used_apps=distinct_apps(row),
            blueprint={"name": row["name"], "flow": row["flow"], "metadata": {"version": 1}},
            scheduling=row.get("scheduling", _DEFAULT_SCHEDULING),
            controller=default_controller(row["name"], row["flow"]),
            published=0,
            usage=row["usage"],
        )
        for row in rows
    ]
