"""Templates. Source: API documentation, "Templates"; the SDK's types and samples of public ones."""

from __future__ import annotations

from marshmallow import fields, validate

from ..json_types import Json
from ..world import templates
from ..world.clock import format_iso
from ..world.models import PublicTemplate, Template
from ..world.world import World
from .base import BodySchema, Bool, Derived, Int, ListField, QuerySchema, ResourceId, ResponseSchema, Text
from .scenarios import JsonText

_nullable_string = fields.String(allow_none=True)
_nullable_integer = fields.Integer(allow_none=True)


def _published(world: World, row: Template) -> PublicTemplate | None:
    return None if row.published_id is None else world.public_templates[row.published_id]


def _approved(world: World, row: Template) -> PublicTemplate | None:
    return None if row.approved_id is None else world.public_templates[row.approved_id]


def _published_at(world: World, row: Template) -> str | None:
    version = _published(world, row)
    return None if version is None else format_iso(version.published)


def _approved_at(world: World, row: Template) -> str | None:
    version = _approved(world, row)
    return None if version is None or version.approved is None else format_iso(version.approved)


def _url(world: World, row: Template) -> str | None:
    version = _approved(world, row) or _published(world, row)
    return None if version is None else templates.slug(version)


def _name(version: PublicTemplate | None) -> str | None:
    return None if version is None else version.name


class TemplateOut(ResponseSchema):
    """A team's template; ``public`` means published and approved."""

    id = fields.Integer()
    name = fields.String()
    team_id = fields.Integer()
    description = fields.String(allow_none=True)
    used_apps = fields.List(fields.String())
    public = Derived(lambda world, row: row.approved_id is not None, fields.Boolean())
    published = Derived(_published_at, _nullable_string)
    approved = Derived(_approved_at, _nullable_string)
    approved_id = fields.Integer(allow_none=True)
    requested_approval = fields.Boolean()
    published_id = fields.Integer(allow_none=True)
    public_url = Derived(_url, _nullable_string)
    approved_name = Derived(lambda world, row: _name(_approved(world, row)), _nullable_string)
    published_name = Derived(lambda world, row: _name(_published(world, row)), _nullable_string)


class PublicTemplateOut(ResponseSchema):
    """Public template."""

    id = fields.Integer()
    name = fields.String()
    description = fields.String(allow_none=True)
    url = Derived(lambda world, row: templates.slug(row), fields.String())
    used_apps = fields.List(fields.String())
    usage = fields.Integer()


def template_content(row: Template | PublicTemplate) -> dict[str, Json]:
    """Fields of the flat response with a template's blueprint."""
    return {
        "blueprint": row.blueprint,
        "controller": row.controller,
        "scheduling": row.scheduling,
        "language": row.language,
        "metadata": None,
    }


class TemplatesQuery(QuerySchema):
    team_id = ResourceId("team", required=True)
    public = Bool()
    used_apps = ListField(Text(128))


class VersionQuery(QuerySchema):
    template_public_id = Int(1)


class TemplateBlueprintQuery(VersionQuery):
    for_use = Bool(load_default=False)


class PublicTemplatesQuery(QuerySchema):
    include_en = Bool(load_default=False)
    name = Text(256)
    used_apps = ListField(Text(128))


_LANGUAGE_PATTERN = validate.Regexp(r"[a-z]{2}\Z", error="Parameter '{{path}}' must be a code such as en.")


class TemplateCreate(BodySchema):
    """Template whose three parts are JSON objects sent as strings."""

    team_id = ResourceId("team", required=True)
    language = fields.String(required=True, validate=_LANGUAGE_PATTERN)
    blueprint = JsonText(required=True)
    scheduling = JsonText(required=True)
    controller = JsonText(required=True)


class TemplateUpdate(BodySchema):
    name = Text(256)
    blueprint = JsonText()
    scheduling = JsonText()
    controller = JsonText()
