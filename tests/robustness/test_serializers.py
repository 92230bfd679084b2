"""The serializer compiled from a schema gives what marshmallow's own dump gives, for any row and any columns."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.populated_app import PopulatedApp
from make_emulator import api
from make_emulator.api.billing import PAYMENT_METHOD_TYPES
from make_emulator.api.users import Authorization
from make_emulator.schemas import (
    billing,
    connections,
    consumption,
    credential_requests,
    custom_properties,
    data_stores,
    data_structures,
    devices,
    enums,
    executions,
    feature_controls,
    folders,
    functions,
    hooks,
    incomplete_executions,
    invitations,
    keys,
    memberships,
    notes,
    notifications,
    organizations,
    private_spaces,
    roles,
    scenarios,
    shared_scenarios,
    teams,
    templates,
    users,
    variables,
)
from make_emulator.schemas import module_logs as module_logs_schemas
from make_emulator.schemas.base import ResponseSchema, dumping_world
from make_emulator.schemas.serialize import compile_serializer, serialize_rows
from make_emulator.world import enums as world_enums
from make_emulator.world import module_logs
from make_emulator.world.app_credentials import list_module_credentials
from make_emulator.world.clock import MAX_TIMESTAMP
from make_emulator.world.connections import list_with_usage
from make_emulator.world.consumption import DailyConsumption, ScenarioConsumption
from make_emulator.world.enums import REGIONS, countries, timezones
from make_emulator.world.feature_controls import FEATURE_CONTROLS
from make_emulator.world.keys import all_key_types
from make_emulator.world.memberships import organization_roles_of, team_roles_of
from make_emulator.world.models import (
    Execution,
    ExecutionError,
    FunctionChange,
    ScenarioEvent,
    VariableChange,
)
from make_emulator.world.notifications import team_notifications
from make_emulator.world.roles import PERMISSIONS, ROLES
from make_emulator.world.world import World

WORLD = PopulatedApp().world

_ERROR = ExecutionError(name="DataError", message="No.", module_name="Search", app_name="datastore")


def _executions(world: World) -> list[Execution]:
    runs = [row for row in world.logs.all() if isinstance(row, Execution)]
    return [*runs, dataclasses.replace(runs[0], status=3, error=_ERROR)]


def _module_logs(world: World) -> list[module_logs.ModuleLog]:
    rows = module_logs.list_logs(world, world.scenarios[1], 1)
    return [*rows, dataclasses.replace(rows[0], warning="Mind.", error="No.")]


def _changes(world: World) -> list[VariableChange]:
    made = list(world.variable_changes)
    return [*made, dataclasses.replace(made[0], before={"typeId": 2, "value": "old"}, author_id=99)]


#: Schema -> the rows of a world that it shows.
ROWS: dict[type[ResponseSchema], Callable[[World], Iterable[Any]]] = {
    billing.ProductOut: lambda world: world.organizations.all(),
    billing.PaymentMethodTypeOut: lambda world: PAYMENT_METHOD_TYPES,
    feature_controls.FeatureControlOut: lambda world: FEATURE_CONTROLS,
    feature_controls.FeatureControlState: lambda world: FEATURE_CONTROLS,
    organizations.TfaEnforcementOut: lambda world: world.organizations.all(),
    users.OAuthConnectionOut: lambda world: world.oauth_grants.all(),
    connections.ConnectionOut: lambda world: world.connections.all(),
    connections.ConnectionListItem: lambda world: list_with_usage(world, world.teams[1], None),
    connections.ConnectionDetail: lambda world: world.connections.all(),
    connections.ConnectionCreated: lambda world: world.connections.all(),
    connections.ConnectionTested: lambda world: world.connections.all(),
    credential_requests.CredentialRequestOut: lambda world: world.credential_requests.all(),
    credential_requests.CredentialRequestDetails: lambda world: world.credential_requests.all(),
    credential_requests.CredentialRequestListItem: lambda world: world.credential_requests.all(),
    credential_requests.CredentialRequestDetail: lambda world: world.credential_requests.all(),
    credential_requests.CredentialOut: lambda world: world.credentials.all(),
    credential_requests.AppModuleOut: lambda world: list_module_credentials("http", 4),
    custom_properties.CustomPropertyStructureOut: lambda world: world.custom_property_structures.all(),
    custom_properties.CustomPropertyItemListItem: lambda world: world.custom_property_items.all(),
    custom_properties.CustomPropertyItemOut: lambda world: world.custom_property_items.all(),
    data_stores.DataStoreListItem: lambda world: world.data_stores.all(),
    data_stores.DataStoreDetail: lambda world: world.data_stores.all(),
    data_stores.DataStoreWritten: lambda world: world.data_stores.all(),
    data_stores.RecordOut: lambda world: world.records.all(),
    data_structures.DataStructureListItem: lambda world: world.data_structures.all(),
    data_structures.DataStructureDetail: lambda world: world.data_structures.all(),
    data_structures.DataStructureWritten: lambda world: world.data_structures.all(),
    data_structures.DataStructureCloned: lambda world: world.data_structures.all(),
    enums.CountryOut: lambda world: countries()[:5],
    enums.RegionOut: lambda world: REGIONS,
    enums.TimezoneOut: lambda world: timezones()[:5],
    enums.NamedIdOut: lambda world: world_enums.MODULE_TYPES,
    enums.LocaleOut: lambda world: world_enums.locales(),
    enums.LanguageOut: lambda world: world_enums.languages(),
    enums.ImtZoneOut: lambda world: world_enums.IMT_ZONES,
    enums.VariableTypeOut: lambda world: world_enums.VARIABLE_TYPES,
    enums.EmailNotificationOut: lambda world: world_enums.EMAIL_NOTIFICATIONS,
    enums.FeatureOut: lambda world: world_enums.USER_FEATURES,
    enums.ReviewStatusOut: lambda world: world_enums.REVIEW_STATUSES,
    enums.LlmModelOut: lambda world: world_enums.LLM_MODELS,
    enums.LlmTierOut: lambda world: world_enums.LLM_TIERS,
    executions.ExecutionErrorOut: lambda world: [_ERROR],
    executions.LogRow: _executions,
    executions.LogDetail: _executions,
    executions.EventRow: lambda world: [row for row in world.logs.all() if isinstance(row, ScenarioEvent)],
    variables.VariableOut: lambda world: world.variables.all(),
    variables.VariableChangeOut: lambda world: _changes(world),
    consumption.ConsumptionOut: lambda world: [ScenarioConsumption(1, 2, 3, 4)],
    consumption.DailyUsageOut: lambda world: [DailyConsumption("1", 2, 3, 4)],
    folders.FolderListItem: lambda world: [
        folders.FolderNode(row, levels, columns)
        for row in world.folders.all()
        for levels, columns in ((0, None), (1, None), (2, ("id", "children")))
    ],
    devices.DeviceOut: lambda world: world.devices.all(),
    devices.DeviceMessageListItem: lambda world: world.device_messages.all(),
    devices.DeviceMessageOut: lambda world: world.device_messages.all(),
    folders.FolderOut: lambda world: world.folders.all(),
    functions.FunctionListItem: lambda world: world.functions.all(),
    functions.FunctionDetail: lambda world: world.functions.all(),
    functions.FunctionWritten: lambda world: world.functions.all(),
    functions.FunctionChangeOut: lambda world: [
        FunctionChange(id=1, function_id=1, previous_code="", updated=world.now(), updated_by=1)
    ],
    hooks.HookListItem: lambda world: world.hooks.all(),
    hooks.HookOut: lambda world: world.hooks.all(),
    hooks.HookPing: lambda world: world.hooks.all(),
    hooks.TriggerOut: lambda world: world.hooks.all(),
    hooks.IncomingListItem: lambda world: world.incomings.all(),
    hooks.IncomingOut: lambda world: world.incomings.all(),
    hooks.HookLogListItem: lambda world: world.hook_logs.all(),
    hooks.HookLogOut: lambda world: world.hook_logs.all(),
    incomplete_executions.IncompleteExecutionListItem: lambda world: world.incomplete_executions.all(),
    incomplete_executions.IncompleteExecutionOut: lambda world: world.incomplete_executions.all(),
    incomplete_executions.IncompleteExecutionChanged: lambda world: world.incomplete_executions.all(),
    incomplete_executions.RetryListItem: lambda world: world.retries.all(),
    module_logs_schemas.ModuleLogOut: _module_logs,
    module_logs_schemas.ModuleOperationsOut: lambda world: [
        module_logs.ModuleOperations(module_id=1, total=3, warnings=2, errors=1)
    ],
    notes.NoteOut: lambda world: [
        *world.notes.all(),
        *(dataclasses.replace(row, updated=1, updated_by=1) for row in world.notes.all()),
    ],
    incomplete_executions.RetryOut: lambda world: world.retries.all(),
    invitations.InvitationOut: lambda world: world.invitations.all(),
    invitations.InvitingOrganizationOut: lambda world: world.organizations.all(),
    keys.KeyOut: lambda world: world.keys.all(),
    keys.KeyWritten: lambda world: world.keys.all(),
    keys.KeyTypeOut: lambda world: all_key_types().values(),
    memberships.OrganizationRoleOut: lambda world: organization_roles_of(world, world.organizations[1]),
    memberships.TeamRoleOut: lambda world: team_roles_of(world, world.teams[1]),
    notifications.NotificationIdOut: lambda world: world.notifications.all(),
    notifications.NotificationListItem: lambda world: world.notifications.all(),
    notifications.NotificationOut: lambda world: world.notifications.all(),
    notifications.TeamNotificationOut: lambda world: team_notifications(
        world, world.users[1], world.teams[1]
    ),
    organizations.LicenseOut: lambda world: [row.license for row in world.organizations.all()],
    organizations.TeamInOrganization: lambda world: world.teams.all(),
    organizations.OrganizationListItem: lambda world: world.organizations.all(),
    organizations.OrganizationOut: lambda world: world.organizations.all(),
    organizations.OrganizationBrief: lambda world: world.organizations.all(),
    organizations.UserOrganizationRoleOut: lambda world: world.organization_members.all(),
    private_spaces.PrivateSpaceListItem: lambda world: world.teams.all(),
    private_spaces.PrivateSpaceOut: lambda world: world.teams.all(),
    private_spaces.PrivateSpaceUpdated: lambda world: world.teams.all(),
    roles.RoleListOut: lambda world: ROLES,
    roles.RoleOut: lambda world: ROLES,
    roles.RolePermissionOut: lambda world: PERMISSIONS,
    roles.CustomRoleOut: lambda world: ROLES,
    scenarios.ScenarioOut: lambda world: world.scenarios.all(),
    scenarios.ScenarioListItem: lambda world: world.scenarios.all(),
    scenarios.ScenarioCloned: lambda world: world.scenarios.all(),
    scenarios.ScenarioState: lambda world: world.scenarios.all(),
    scenarios.BlueprintVersionOut: lambda world: world.blueprints.all(),
    shared_scenarios.SharedScenarioListItem: lambda world: world.shared_scenarios.all(),
    shared_scenarios.SharedScenarioOfScenario: lambda world: world.shared_scenarios.all(),
    shared_scenarios.SharedScenarioOut: lambda world: world.shared_scenarios.all(),
    shared_scenarios.SharedScenarioCreated: lambda world: world.shared_scenarios.all(),
    shared_scenarios.SharedScenarioId: lambda world: world.shared_scenarios.all(),
    templates.TemplateOut: lambda world: world.templates.all(),
    templates.PublicTemplateOut: lambda world: world.public_templates.all(),
    teams.TeamOut: lambda world: world.teams.all(),
    teams.TeamCreated: lambda world: world.teams.all(),
    teams.UserTeamRoleOut: lambda world: world.team_members.all(),
    users.ApiTokenOut: lambda world: world.tokens.all(),
    users.ApiTokenCreated: lambda world: world.tokens.all(),
    users.UserOut: lambda world: world.users.all(),
    users.UserListItem: lambda world: [
        users.ListedUser.of(row, organization)
        for row in world.users.all()
        for organization in (None, world.organizations[1])
    ],
    users.PermittedUserOut: lambda world: world.users.all(),
    users.AuthUserOut: lambda world: world.users.all(),
    users.AuthorizationOut: lambda world: [Authorization("token", ["scenarios:read"])],
}

every_schema = pytest.mark.parametrize("schema", ROWS, ids=lambda schema: schema.__name__)

#: Replacement values of a column of a row, by its type.
_VALUES: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(0, MAX_TIMESTAMP),
    int | None: st.none() | st.integers(0, MAX_TIMESTAMP),
    bool: st.booleans(),
    str: st.text(),
    str | None: st.none() | st.text(),
    ExecutionError | None: st.none() | st.builds(ExecutionError, name=st.text(), message=st.text()),
    tuple[str, ...]: st.lists(st.text()).map(tuple),
}


def _is_fixed(name: str) -> bool:
    """True if derived columns look rows up by this one, so that it cannot hold just any value."""
    return name in ("id", "plan", "blueprint_version") or name.endswith("_id")


@lru_cache
def rows_of(schema: type[ResponseSchema]) -> list[Any]:
    return list(ROWS[schema](WORLD))


@st.composite
def rows(draw: st.DrawFn, schema: type[ResponseSchema]) -> Any:
    """A row of the default world, perhaps with some of its columns exchanged."""
    row = draw(st.sampled_from(rows_of(schema)))
    hints = typing.get_type_hints(type(row))
    open_ = [
        field.name
        for field in dataclasses.fields(row)
        if hints[field.name] in _VALUES and not _is_fixed(field.name)
    ]
    changed = draw(st.lists(st.sampled_from(open_), unique=True)) if open_ else []
    return dataclasses.replace(row, **{name: draw(_VALUES[hints[name]]) for name in changed})


def dumped(schema: type[ResponseSchema], row: Any) -> dict[str, Any]:
    """Row as marshmallow dumps it: every column, extra ones too."""
    token = dumping_world.set(WORLD)
    try:
        shown: dict[str, Any] = schema().dump(row)
    finally:
        dumping_world.reset(token)
    return shown


def assert_alike(compiled: dict[str, Any], reference: dict[str, Any]) -> None:
    """Byte for byte: order of the keys, arrays, numbers and strings."""
    assert orjson.dumps(compiled) == orjson.dumps(reference)


def test_every_schema_that_a_route_answers_with_is_compared() -> None:
    answered: set[type[ResponseSchema]] = set()
    for endpoint in api.endpoints():
        parts = endpoint.response.fields.values()
        shown = [endpoint.response.unwrapped, *(part.schema for part in parts)]
        shown += [schema for part in parts for schema in part.schema_by_type.values()]
        answered |= {schema for schema in shown if schema is not None}
    assert answered <= set(ROWS)


@every_schema
def test_the_default_world_has_rows_for_it(schema: type[ResponseSchema]) -> None:
    assert rows_of(schema)


@every_schema
@settings(max_examples=20, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_it_gives_what_marshmallow_dumps(schema: type[ResponseSchema], data: st.DataObject) -> None:
    row = data.draw(rows(schema))
    reference = dumped(schema, row)
    unasked = {name: value for name, value in reference.items() if schema.columns()[name]}
    assert_alike(compile_serializer(schema)(WORLD, row), unasked)
    assert_alike(compile_serializer(schema, tuple(schema.columns()))(WORLD, row), reference)


@every_schema
@settings(max_examples=20, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_it_gives_any_columns_in_any_order(schema: type[ResponseSchema], data: st.DataObject) -> None:
    row = data.draw(rows(schema))
    columns = data.draw(st.lists(st.sampled_from(list(schema.columns())), unique=True))
    reference = dumped(schema, row)
    wanted = {name: reference[name] for name in columns if name in reference}
    assert_alike(compile_serializer(schema, tuple(columns))(WORLD, row), wanted)


@every_schema
def test_a_list_has_each_row_as_it_is_alone_also_when_it_is_shown_again(schema: type[ResponseSchema]) -> None:
    rows = rows_of(schema)
    for columns in (None, tuple(schema.columns())):
        dump = compile_serializer(schema, columns)
        alone = orjson.dumps([dump(WORLD, row) for row in rows])
        assert orjson.dumps(serialize_rows(WORLD, schema, columns, rows)) == alone
        assert orjson.dumps(serialize_rows(WORLD, schema, columns, rows)) == alone
