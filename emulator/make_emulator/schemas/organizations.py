"""Organizations, as recorded in July 2026 (order of keys included)."""

from __future__ import annotations

from marshmallow import fields, validate

from ..world.consumption import get_consumption, is_exhausted
from ..world.models import Organization
from ..world.plans import PLANS
from ..world.world import World
from .base import BodySchema, Bool, Constant, Derived, Int, QuerySchema, ResponseSchema, Text, Timestamp


class LicenseOut(ResponseSchema):
    teams = fields.Integer()
    dslimit = fields.Integer()
    fslimit = fields.Integer()
    iolimit = fields.Integer()
    api_limit = fields.Integer()
    dsslimit = fields.Integer()
    fulltext = fields.Boolean()
    interval = fields.Integer()
    priority = fields.String()
    transfer = fields.Integer()
    mcp_v_hosts = Constant(-1, fields.Integer(), data_key="mcpVHosts")
    retention = fields.Integer()
    scenarios = fields.Integer()
    dlq_storage = fields.Integer()
    operations = fields.Integer()
    scenario_io = Constant(True, fields.Boolean(), data_key="scenarioIO")
    grace_period = Constant(0, fields.Integer())
    execution_time = fields.Integer()
    restart_period = Constant("1 month", fields.String())
    creating_templates = fields.Boolean()
    install_public_apps = Constant(True, fields.Boolean())
    product_management = Constant("selfService", fields.String())
    on_demand_scheduling = Constant(True, fields.Boolean())
    webhook_log_retention_days = fields.Integer()
    # Expected by the vendor's live suites; the recorded license of Free has no such key.
    on_prem_agent = Derived(lambda world, row: row.on_prem_agent or None, fields.Boolean(allow_none=True))

    omit_none = ("onPremAgent",)


class TeamInOrganization(ResponseSchema):
    id = fields.Integer()
    name = fields.String()


def _product(world: World, row: Organization) -> str:
    return PLANS[row.plan][0]


def _teams(world: World, row: Organization) -> list[dict[str, object]]:
    teams = sorted(
        (team for team in world.teams.where(organization=row.id) if team.owner_id is None),
        key=lambda team: team.id,
    )
    return [{"id": team.id, "name": team.name} for team in teams]


_teams_field = fields.List(fields.Nested(TeamInOrganization))


def _extra(**kwargs: object) -> dict[str, object]:
    return {"metadata": {"extra": True}, **kwargs}


class OrganizationListItem(ResponseSchema):
    """Row of the list; columns that are not marked as extra are included by default."""

    id = fields.Integer()
    name = fields.String()
    timezone_id = fields.Integer()
    zone = fields.String()
    country_id = fields.Integer(metadata={"extra": True})
    license = fields.Nested(LicenseOut, metadata={"extra": True})
    service_name = Derived(_product, fields.String(), metadata={"extra": True})
    teams = Derived(_teams, _teams_field, metadata={"extra": True})
    is_paused = Derived(is_exhausted, fields.Boolean(), metadata={"extra": True})
    external_id = Constant(None, fields.String(allow_none=True), metadata={"extra": True})
    product_name = Derived(_product, fields.String(), metadata={"extra": True})
    tfa_enforced = fields.Boolean(metadata={"extra": True})
    private_spaces = Constant([], fields.List(fields.Dict()), metadata={"extra": True})


_string = fields.String()
_nullable_string = fields.String(allow_none=True)


class OrganizationOut(ResponseSchema):
    """One organization in full. Counters are strings of digits."""

    id = fields.Integer()
    name = fields.String()
    timezone_id = fields.Integer()
    zone = fields.String()
    country_id = fields.Integer()
    license = fields.Nested(LicenseOut)
    service_name = Derived(_product, _string)
    is_paused = Derived(is_exhausted, fields.Boolean())
    external_id = Constant(None, _nullable_string)
    product_name = Derived(_product, _string)
    solution_partner_link = Constant(None, _nullable_string)
    tfa_enforced = fields.Boolean()
    shared_scenario_partner_code = Constant(None, _nullable_string)
    private_spaces = Constant([], fields.List(fields.Dict()))
    created = Timestamp(data_key="createdAt")
    last_reset = Timestamp()
    next_reset = Timestamp()
    operations = Derived(lambda world, row: str(get_consumption(world, row).operations), _string)
    transfer = Derived(lambda world, row: str(get_consumption(world, row).transfer), _string)
    centicredits_consumed = Derived(lambda world, row: str(get_consumption(world, row).centicredits), _string)
    operations_ext = Constant("0", _string)
    centicredits_extra = Constant("0", _string)
    auto_purchasing_activated = Constant(False, fields.Boolean())
    transfer_ext = Constant("0", _string)
    features = Constant({}, fields.Dict())
    active_apps = Constant(0, fields.Integer())
    active_scenarios = Derived(
        lambda world, row: sum(s.is_active for s in world.scenarios.where(organization=row.id)),
        fields.Integer(),
    )
    unused_operations = Derived(
        lambda world, row: str(max(row.license.operations - get_consumption(world, row).operations, 0)),
        _string,
    )
    unused_transfer = Derived(
        lambda world, row: str(max(row.license.transfer - get_consumption(world, row).transfer, 0)), _string
    )
    unused_centicredits = Derived(
        lambda world, row: str(
            max(100 * row.license.operations - get_consumption(world, row).centicredits, 0)
        ),
        _string,
    )
    auto_purchase_in_progress = Constant(False, fields.Boolean())
    sso_type = Constant(None, _nullable_string)
    feature_controls = Constant([], fields.List(fields.Dict()))
    teams = Derived(_teams, _teams_field)


class OrganizationBrief(ResponseSchema):
    """Response to creating and updating."""

    id = fields.Integer()
    name = fields.String()
    timezone_id = fields.Integer()
    country_id = fields.Integer()
    license = fields.Nested(LicenseOut)
    zone = fields.String()
    service_name = Derived(_product, _string)
    teams = Derived(_teams, _teams_field)
    is_paused = Derived(is_exhausted, fields.Boolean())
    tfa_enforced = fields.Boolean()


class UserOrganizationRoleOut(ResponseSchema):
    user_id = fields.Integer()
    organization_id = fields.Integer()
    role_id = fields.Integer(data_key="usersRoleId")
    invitation = Constant(None, _nullable_string)


class OrganizationQuery(QuerySchema):
    wait = Bool(load_default=False)


class OrganizationsQuery(QuerySchema):
    zone = Text(253)
    external_id = Text(128)


#: Documented: letters, digits, spaces and some signs, no space at either end.
NAME_PATTERN = validate.Regexp(
    r"[^\W_](?:[\w '\-.()*+,@/]*[\w'\-.()*+,@/])?\Z", error="Parameter '{{path}}' has forbidden characters."
)


class OrganizationCreate(BodySchema):
    name = fields.String(required=True, validate=[validate.Length(1, 128), NAME_PATTERN])
    region_id = Int(1, required=True)
    timezone_id = Int(1, required=True)
    country_id = Int(1, required=True)


class OrganizationUpdate(BodySchema):
    name = fields.String(validate=[validate.Length(1, 128), NAME_PATTERN])
    timezone_id = Int(1)
    country_id = Int(1)


class TfaEnforcementOut(ResponseSchema):
    tfa_enforced = fields.Boolean()


class TfaEnforcement(BodySchema):
    enable = Bool(required=True)


class TeamPermissionQuery(QuerySchema):
    team_permission = Text(128, required=True)
