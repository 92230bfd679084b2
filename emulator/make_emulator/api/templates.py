"""Templates. Source: API documentation, "Templates", "Templates > Public"; the vendor's SDK for the public ones."""

from __future__ import annotations

from ..engine.blueprints.parser import parse_blueprint
from ..engine.scenarios import module_checks
from ..engine.scheduling import schedule
from ..http.endpoint import ApiCall, ConfirmableQuery, EndpointGroup, NoPermissionRequired
from ..http.envelope import Envelope, EnvelopeField, many, one, value
from ..json_types import Json
from ..schemas.templates import (
    PublicTemplateOut,
    PublicTemplatesQuery,
    TemplateBlueprintQuery,
    TemplateCreate,
    TemplateOut,
    TemplatesQuery,
    TemplateUpdate,
    VersionQuery,
    template_content,
)
from ..world import templates
from ..world.exceptions import NotFoundError
from ..world.models import PublicTemplate, Team, Template
from ..world.tables import Selection
from .ordering import by_id, by_name, make_paging, sort_by

group = EndpointGroup("templates")

_CONTENT = Envelope(
    {key: EnvelopeField() for key in ("blueprint", "controller", "scheduling", "language", "metadata")}
)
_NO_PERMISSION = NoPermissionRequired(
    "Public templates are there for every user, whatever the organization and team."
)


# The public routes first: their word takes precedence over an id.


@group.get(
    "/templates/public",
    scopes=["templates:read"],
    query=PublicTemplatesQuery,
    response=many("templatesPublic", PublicTemplateOut),
    paging=make_paging(
        "usage", {"usage": sort_by("usage"), "name": by_name, "id": by_id}, limit=100, descending=True
    ),
    cols=True,
    permission=_NO_PERMISSION,
)
def list_public_templates(call: ApiCall) -> Selection[PublicTemplate]:
    """List the approved templates in the user's language, the most used first."""
    return templates.list_public(
        call.world,
        languages={call.user.language, "en" if call.query["include_en"] else call.user.language},
        name=call.query.get("name"),
        apps=call.query.get("used_apps", ()),
    )


@group.get(
    "/templates/public/{templateUrl}",
    scopes=["templates:read"],
    query=VersionQuery,
    response=one("templatePublic", PublicTemplateOut),
    cols=True,
    permission=_NO_PERMISSION,
)
def get_public_template(call: ApiCall, template_url: str) -> PublicTemplate:
    """Get an approved template by its slug."""
    return _find_public_template(call, template_url)


@group.get(
    "/templates/public/{templateUrl}/blueprint",
    scopes=["templates:read"],
    query=VersionQuery,
    response=_CONTENT,
    permission=_NO_PERMISSION,
)
def get_public_template_blueprint(call: ApiCall, template_url: str) -> dict[str, Json]:
    """Get the blueprint of an approved template."""
    return template_content(_find_public_template(call, template_url))


def _find_public_template(call: ApiCall, url: str) -> PublicTemplate:
    found = templates.find_public(call.world, url)
    if call.query.get("template_public_id", found.id) != found.id:
        raise NotFoundError("template", call.query["template_public_id"])
    return found


@group.get(
    "/templates",
    scopes=["templates:read"],
    query=TemplatesQuery,
    response=many("templates", TemplateOut),
    lists="id",
    paging=make_paging("id", {"id": by_id, "name": by_name}, limit=10),
    cols=True,
    permission="templates get",
    core=44,
)
def list_templates(call: ApiCall, team: Team) -> Selection[Template]:
    """List the templates of a team."""
    rows = call.world.templates.where(team=team.id)
    if "public" in call.query:
        rows = rows.filter(lambda row: (row.approved_id is not None) == call.query["public"])
    if apps := set(call.query.get("used_apps", ())):
        rows = rows.filter(lambda row: apps <= set(row.used_apps))
    return rows


@group.get(
    "/templates/{templateId}",
    scopes=["templates:read"],
    response=one("template", TemplateOut),
    cols=True,
    permission="template view",
    core=45,
)
def get_template(call: ApiCall, template: Template) -> Template:
    """Get a template."""
    return template


@group.get(
    "/templates/{templateId}/blueprint",
    scopes=["templates:read"],
    query=TemplateBlueprintQuery,
    response=_CONTENT,
    permission="template view",
    core=46,
)
def get_template_blueprint(call: ApiCall, template: Template) -> dict[str, Json]:
    """Get the blueprint of a template, or of a published version of it."""
    return template_content(_requested_version(call, template) or template)


def _requested_version(call: ApiCall, template: Template) -> PublicTemplate | None:
    return templates.find_version(call.world, template, call.query.get("template_public_id"))


@group.post(
    "/templates",
    scopes=["templates:write"],
    body=TemplateCreate,
    response=one("template", TemplateOut),
    cols=True,
    plan="creating_templates",
    permission="template add",
    core=47,
)
def create_template(call: ApiCall, team: Team) -> Template:
    """Create a template, without connections and other resources of the team."""
    _check(call, team)
    return templates.create(
        call.world, team, **{name: part for name, part in call.body.items() if name != "team_id"}
    )


@group.patch(
    "/templates/{templateId}",
    scopes=["templates:write"],
    query=VersionQuery,
    body=TemplateUpdate,
    response=many("template", TemplateOut),
    cols=True,
    permission="template edit",
)
def update_template(call: ApiCall, template: Template) -> list[Template]:
    """Change a template, or a published version of it: missing fields stay unchanged.

    The response has the template in an array, in the vendor's description as well as in its example.
    """
    _check(call, call.world.teams[template.team_id])
    return [templates.update(call.world, template, _requested_version(call, template), **call.body)]


def _check(call: ApiCall, team: Team) -> None:
    if "blueprint" in call.body:
        parse_blueprint(call.body["blueprint"])
        module_checks.check_modules(call.world, call.body["blueprint"])
        call.warnings += module_checks.find_warnings(call.world, call.body["blueprint"])
    if "scheduling" in call.body:
        organization = call.world.organizations[team.organization_id]
        schedule.validate_scheduling(call.body["scheduling"], least_minutes=organization.license.interval)


@group.delete(
    "/templates/{templateId}",
    scopes=["templates:write"],
    query=ConfirmableQuery,
    response=value("template"),
    permission="template delete",
)
def delete_template(call: ApiCall, template: Template) -> int:
    """Delete a template; always needs confirmation."""
    return templates.delete(call.world, call.user, template, confirmed=call.confirmed)


@group.post(
    "/templates/{templateId}/publish",
    scopes=["templates:write"],
    response=one("template", TemplateOut),
    cols=True,
    permission="template edit",
)
def publish_template(call: ApiCall, template: Template) -> Template:
    """Publish the current state of a template."""
    return templates.publish(call.world, template)


@group.post(
    "/templates/{templateId}/request-approval",
    scopes=["templates:write"],
    query=VersionQuery,
    response=one("template", TemplateOut),
    cols=True,
    permission="template edit",
)
def request_template_approval(call: ApiCall, template: Template) -> Template:
    """Request approval of the published version of a template."""
    _requested_version(call, template)
    return templates.request_approval(call.world, template)
