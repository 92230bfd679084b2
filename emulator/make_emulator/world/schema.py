"""The schema of a world: every table, declared once.

From a declaration follow the table itself, its indexes, its section of a snapshot, the references that a restore
checks, what redaction masks, the look-up of a resource by the id in a request, and the removal of rows together with
the row that owns them. A new table is a row class in `models` and one declaration here.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ParamSpec

import orjson

from ..redaction.secret_values import SecretValues
from . import secret_texts
from .models import (
    Agent,
    BlueprintVersion,
    BuildVariable,
    Connection,
    Credential,
    CredentialRequest,
    CustomFunction,
    CustomProperties,
    CustomPropertyItem,
    CustomPropertyStructure,
    DataStore,
    DataStructure,
    Device,
    DeviceMessage,
    EmailPreference,
    Execution,
    Folder,
    FunctionChange,
    Hook,
    HookLog,
    HttpRule,
    Incoming,
    IncompleteExecution,
    InstantRetry,
    Invitation,
    Key,
    LlmConfiguration,
    Mail,
    Note,
    Notification,
    OAuthClient,
    OAuthCode,
    OAuthGrant,
    OAuthToken,
    Organization,
    OrganizationMember,
    PublicTemplate,
    Record,
    RetryAttempt,
    Role,
    RunCallback,
    Scenario,
    ScenarioEvent,
    SentRequest,
    SharedScenario,
    Team,
    TeamMember,
    Template,
    Token,
    Toolbox,
    ToolboxKey,
    ToolboxTool,
    User,
    Variable,
    VariableChange,
)
from .secret_texts import SecretText, values_of
from .tables import Table, TableState

#: What an index holds: a field, several of them as a tuple, or a value computed from the world's tables and a row.
IndexSpec = str | tuple[str, ...] | Callable[["Tables", Any], Hashable]

_Arguments = ParamSpec("_Arguments")

_NONE: Mapping[str, Any] = MappingProxyType({})


class TableSpec:
    """The declaration of a table.

    Args:
        rows: the class of the rows; several where rows of different kinds share an order by ``sequence``.
        key: the fields of the primary key.
        indexes: the indexes by name.
        owners: table -> the index of this one that holds the keys of that table's rows. Removing an owning row removes
            the rows that it owns.
        references: field -> the table whose rows it names; a restore checks that they exist.
        resource: the kind of the rows in requests, e.g. ``dataStore``; organizations, teams and users aside, such rows
            have a ``team_id``, or an ``organization_id`` if an organization owns them.
        path_parameter: the name of the resource's id in paths, ``{resource}Id`` by default.
        has_text_id: true if the ids of the resource are text, not numbers.
        sections: section of a snapshot -> class of its rows; by default one, of the table's name.
        is_optional: true if snapshots of earlier releases lack the table.
        lookup_key: the field by which a server finds the world of a request, ``None`` in a row that is found by another; a
            secret.
        public_lookup_key: such a field that is no secret.
        sensitive_fields: the fields that redaction masks, because they may hold secrets of external services.
        secret_fields: the fields whose values redaction masks wherever they occur.
        secret_texts: the function from a row to further texts that redaction masks wherever they occur.
        measure: the function from a row to its size in bytes, for tables whose total size is bounded.
        links: field -> the table whose row it names, unless it is ``None``; no restore checks it.
        unique: the indexes of which no two rows have the same value.
        is_history: true if the rows say what happened to others, and are no state of their own.
    """

    def __init__(
        self,
        *rows: type,
        key: str | tuple[str, ...] = "id",
        indexes: Mapping[str, IndexSpec] = _NONE,
        owners: Mapping[str, str] = _NONE,
        references: Mapping[str, str] = _NONE,
        resource: str | None = None,
        path_parameter: str | None = None,
        has_text_id: bool = False,
        sections: Mapping[str, type] | None = None,
        is_optional: bool = False,
        lookup_key: str | None = None,
        public_lookup_key: str | None = None,
        sensitive_fields: tuple[str, ...] = (),
        secret_fields: tuple[str, ...] = (),
        secret_texts: Callable[[Any], Iterable[SecretText]] | None = None,
        measure: Callable[[Any], int] | None = None,
        links: Mapping[str, str] = _NONE,
        unique: tuple[str, ...] = (),
        is_history: bool = False,
    ) -> None:
        self.measure = measure
        self.links = links
        self.unique = unique
        self.is_history = is_history
        self.rows = rows
        self.key = key
        self.indexes = indexes
        self.owners = owners
        self.references = references
        self.resource = resource
        self.path_parameter = path_parameter or (f"{resource}Id" if resource else None)
        self.has_text_id = has_text_id
        self.sections = sections or {}
        self.is_optional = is_optional
        self.sensitive_fields = sensitive_fields
        self.lookup_key = lookup_key or public_lookup_key
        self.has_public_key = public_lookup_key is not None
        self.secret_fields = (*secret_fields, lookup_key) if lookup_key else secret_fields
        self.secret_texts = secret_texts
        # Shared by the tables of all worlds.
        self.key_of = _field_getter(key)
        self._fields = {index: _field_getter(spec) for index, spec in indexes.items() if not callable(spec)}
        self._computed = {index: spec for index, spec in indexes.items() if callable(spec)}
        self._empty = TableState.empty(indexes)

    def __set_name__(self, _owner: type, name: str) -> None:
        if not self.sections:
            [row] = self.rows
            self.sections = {name: row}

    def kind_of(self, row: Any) -> str:
        """The kind of a row: the resource that it is, or the name of its class, such as ``record``."""
        return self.kind_of_class(type(row))

    def kind_of_class(self, row_class: type) -> str:
        """The kind of the rows of a class."""
        name = row_class.__name__
        return self.resource or name[:1].lower() + name[1:]

    def create(self, name: str, tables: Tables) -> Table[Any, Any]:
        """An empty table of the declared keys and indexes."""
        if not self._computed:
            return Table(name, self.key_of, self._fields, self.measure, self._empty)
        computed = {index: _bind(compute, tables) for index, compute in self._computed.items()}
        return Table(name, self.key_of, {**self._fields, **computed}, self.measure, self._empty)


def _field_getter(fields: str | tuple[str, ...]) -> Callable[[Any], Any]:
    return attrgetter(fields) if isinstance(fields, str) else attrgetter(*fields)


def _bind(compute: Callable[[Tables, Any], Hashable], tables: Tables) -> Callable[[Any], Hashable]:
    # A table must not keep its world alive: a suite makes one for each test, and the garbage collector would have to find them.
    reference = weakref.ref(tables)

    def value_of(row: Any) -> Hashable:
        owner = reference()
        assert owner is not None, "the world of the table is gone"
        return compute(owner, row)

    return value_of


def _as_attribute(spec: Callable[_Arguments, TableSpec]) -> Callable[_Arguments, Any]:
    """``spec`` itself, for mypy a function whose result may stand for an attribute of any type."""
    return spec


#: Declares a table of `Tables`; for the arguments see `TableSpec`.
table = _as_attribute(TableSpec)


def _organization_of_team(tables: Tables, row: Any) -> int:
    return tables.teams[row.team_id].organization_id


def _json_size(row: Any) -> int:
    """The bytes of a row's ``data`` in a snapshot."""
    return len(orjson.dumps(row.data))


def _owned_by(kind: str) -> Callable[[Tables, Variable], int | None]:
    """The index of the variables of an organization, or of a team."""
    return lambda _tables, row: row.owner_id if row.owner == kind else None


class Tables:
    """The tables of a world, in the order in which a snapshot lists them: a table comes after those that it refers to."""

    organizations: Table[int, Organization] = table(Organization, resource="organization")
    teams: Table[int, Team] = table(
        Team,
        indexes={"organization": "organization_id"},
        owners={"organizations": "organization"},
        references={"organization_id": "organizations"},
        resource="team",
    )
    custom_roles: Table[int, Role] = table(
        Role,
        indexes={"organization": "organization_id"},
        owners={"organizations": "organization"},
        references={"organization_id": "organizations"},
        is_optional=True,
    )
    users: Table[int, User] = table(User, resource="user")
    organization_members: Table[tuple[int, int], OrganizationMember] = table(
        OrganizationMember,
        key=("user_id", "organization_id"),
        indexes={"organization": "organization_id", "user": "user_id"},
        owners={"organizations": "organization"},
        references={"user_id": "users", "organization_id": "organizations"},
    )
    team_members: Table[tuple[int, int], TeamMember] = table(
        TeamMember,
        key=("user_id", "team_id"),
        indexes={"team": "team_id", "user": "user_id"},
        owners={"teams": "team"},
        references={"user_id": "users", "team_id": "teams"},
    )
    llm_configurations: Table[int, LlmConfiguration] = table(
        LlmConfiguration,
        key="team_id",
        indexes={"team": "team_id"},
        owners={"teams": "team"},
        references={"team_id": "teams"},
        is_optional=True,
    )
    #: Open invitations to organizations; see `make_emulator.world.invitations`.
    invitations: Table[str, Invitation] = table(
        Invitation,
        key="hash",
        indexes={"organization": "organization_id", "user": "user_id"},
        owners={"organizations": "organization"},
        references={"organization_id": "organizations", "user_id": "users"},
        is_optional=True,
        secret_texts=secret_texts.of_invitation,
    )
    #: Notifications of users, and their choices of e-mails; see `make_emulator.world.notifications`.
    notifications: Table[int, Notification] = table(
        Notification,
        indexes={"user": "user_id"},
        references={"user_id": "users"},
        is_optional=True,
        sensitive_fields=("body",),
    )
    email_preferences: Table[tuple[int, int, str], EmailPreference] = table(
        EmailPreference,
        key=("user_id", "team_id", "kind"),
        indexes={"team": "team_id"},
        owners={"teams": "team"},
        references={"user_id": "users"},
        is_optional=True,
    )
    tokens: Table[str, Token] = table(Token, key="token", references={"user_id": "users"}, lookup_key="token")
    #: Clients of the authorization server, and what users granted them; see `make_emulator.world.oauth`.
    oauth_clients: Table[str, OAuthClient] = table(
        OAuthClient,
        is_optional=True,
        public_lookup_key="lookup_id",
        sensitive_fields=("secret",),
        secret_texts=secret_texts.of_oauth_client,
    )
    oauth_grants: Table[int, OAuthGrant] = table(
        OAuthGrant,
        indexes={"client": "client_id", "organization": "organization_id"},
        owners={"oauth_clients": "client", "organizations": "organization"},
        references={"client_id": "oauth_clients", "user_id": "users", "organization_id": "organizations"},
        is_optional=True,
    )
    oauth_codes: Table[str, OAuthCode] = table(
        OAuthCode,
        key="code",
        indexes={"grant": "grant_id"},
        owners={"oauth_grants": "grant"},
        references={"grant_id": "oauth_grants"},
        is_optional=True,
        lookup_key="code",
    )
    #: The texts are JSON Web Tokens, which redaction recognizes by their form.
    oauth_tokens: Table[str, OAuthToken] = table(
        OAuthToken,
        indexes={"grant": "grant_id"},
        owners={"oauth_grants": "grant"},
        references={"grant_id": "oauth_grants"},
        is_optional=True,
        lookup_key="id",
        sensitive_fields=("text",),
    )
    #: Agents with grants of their own; see `make_emulator.policies`.
    agents: Table[str, Agent] = table(
        Agent,
        key="name",
        indexes={"token": "token", "client": "client_id"},
        owners={"tokens": "token", "oauth_clients": "client"},
        is_optional=True,
        secret_fields=("token",),
    )
    folders: Table[int, Folder] = table(
        Folder,
        indexes={"team": "team_id", "parent": "parent_id"},
        owners={"teams": "team"},
        references={"team_id": "teams"},
        resource="folder",
        links={"parent_id": "folders"},
    )
    scenarios: Table[int, Scenario] = table(
        Scenario,
        indexes={
            "team": "team_id",
            "organization": _organization_of_team,
            "folder": "folder_id",
            "hook": "hook_id",
            "awaited": lambda _tables, row: row.next_exec is not None or None,
        },
        owners={"teams": "team"},
        references={"team_id": "teams"},
        resource="scenario",
        links={"folder_id": "folders", "hook_id": "hooks"},
        unique=("hook",),
    )
    custom_property_structures: Table[int, CustomPropertyStructure] = table(
        CustomPropertyStructure,
        indexes={"organization": "organization_id"},
        owners={"organizations": "organization"},
        references={"organization_id": "organizations"},
        resource="customPropertyStructure",
        is_optional=True,
    )
    custom_property_items: Table[int, CustomPropertyItem] = table(
        CustomPropertyItem,
        indexes={"structure": "structure_id"},
        owners={"custom_property_structures": "structure"},
        references={"structure_id": "custom_property_structures", "organization_id": "organizations"},
        resource="customPropertyStructureItem",
        is_optional=True,
    )
    custom_properties: Table[int, CustomProperties] = table(
        CustomProperties,
        key="scenario_id",
        indexes={"scenario": "scenario_id"},
        owners={"scenarios": "scenario"},
        references={"scenario_id": "scenarios"},
        is_optional=True,
    )
    blueprints: Table[tuple[int, int], BlueprintVersion] = table(
        BlueprintVersion,
        key=("scenario_id", "version"),
        indexes={"scenario": "scenario_id"},
        owners={"scenarios": "scenario"},
        references={"scenario_id": "scenarios"},
        is_history=True,
    )
    logs: Table[tuple[int, str], Execution | ScenarioEvent] = table(
        Execution,
        ScenarioEvent,
        key=("scenario_id", "id"),
        indexes={"scenario": "scenario_id"},
        owners={"scenarios": "scenario"},
        sections={"executions": Execution, "scenario_events": ScenarioEvent},
        is_history=True,
    )
    shared_scenarios: Table[str, SharedScenario] = table(
        SharedScenario,
        indexes={"scenario": "scenario_id", "team": "team_id", "organization": _organization_of_team},
        owners={"scenarios": "scenario"},
        references={"scenario_id": "scenarios", "team_id": "teams"},
        resource="sharedScenario",
        has_text_id=True,
        is_optional=True,
    )
    notes: Table[int, Note] = table(
        Note,
        indexes={"scenario": "scenario_id"},
        owners={"scenarios": "scenario"},
        references={"scenario_id": "scenarios", "team_id": "teams"},
        resource="note",
        is_optional=True,
    )
    build_variables: Table[tuple[int, str, int], BuildVariable] = table(
        BuildVariable,
        key=("scenario_id", "name", "user_id"),
        indexes={"scenario": "scenario_id"},
        owners={"scenarios": "scenario"},
        references={"scenario_id": "scenarios", "user_id": "users"},
        is_optional=True,
    )
    incomplete_executions: Table[str, IncompleteExecution] = table(
        IncompleteExecution,
        indexes={
            "scenario": "scenario_id",
            "awaited": lambda _tables, row: row.next_retry is not None or None,
        },
        owners={"scenarios": "scenario"},
        references={"scenario_id": "scenarios", "team_id": "teams"},
        resource="incompleteExecution",
        path_parameter="dlqId",
        has_text_id=True,
    )
    #: The runs that tried to complete an incomplete execution.
    retries: Table[tuple[str, str], RetryAttempt] = table(
        RetryAttempt,
        key=("incomplete_id", "id"),
        indexes={"incomplete": "incomplete_id", "scenario": "execution.scenario_id"},
        owners={"incomplete_executions": "incomplete"},
        is_history=True,
    )
    #: Runs of instant triggers that failed because a service rejected them, each to be run once more.
    reruns: Table[str, InstantRetry] = table(
        InstantRetry,
        indexes={"scenario": "scenario_id"},
        owners={"scenarios": "scenario"},
        references={"scenario_id": "scenarios"},
        is_optional=True,
    )
    #: Calls that announce the end of a run, each to be sent once.
    callbacks: Table[str, RunCallback] = table(
        RunCallback,
        key=("execution_id",),
        indexes={"scenario": "scenario_id"},
        owners={"scenarios": "scenario"},
        references={"scenario_id": "scenarios"},
        is_optional=True,
    )
    data_structures: Table[int, DataStructure] = table(
        DataStructure,
        indexes={"team": "team_id"},
        owners={"teams": "team"},
        references={"team_id": "teams"},
        resource="dataStructure",
    )
    data_stores: Table[int, DataStore] = table(
        DataStore,
        indexes={"team": "team_id", "organization": _organization_of_team, "structure": "datastructure_id"},
        owners={"teams": "team"},
        references={"team_id": "teams"},
        resource="dataStore",
        links={"datastructure_id": "data_structures"},
    )
    records: Table[tuple[int, str], Record] = table(
        Record,
        key=("data_store_id", "key"),
        indexes={"store": "data_store_id"},
        owners={"data_stores": "store"},
        references={"data_store_id": "data_stores"},
    )
    connections: Table[int, Connection] = table(
        Connection,
        indexes={"team": "team_id"},
        owners={"teams": "team"},
        references={"team_id": "teams"},
        resource="connection",
        sensitive_fields=("credentials",),
        secret_texts=secret_texts.of_connection,
    )
    keys: Table[int, Key] = table(
        Key,
        indexes={"team": "team_id"},
        owners={"teams": "team"},
        references={"team_id": "teams"},
        resource="key",
        is_optional=True,
        sensitive_fields=("parameters",),
        secret_texts=secret_texts.of_key,
    )
    credential_requests: Table[str, CredentialRequest] = table(
        CredentialRequest,
        indexes={"team": "team_id"},
        owners={"teams": "team"},
        references={"team_id": "teams", "user_id": "users"},
        resource="credentialRequest",
        path_parameter="requestId",
        has_text_id=True,
        is_optional=True,
    )
    credentials: Table[str, Credential] = table(
        Credential,
        indexes={"request": "request_id"},
        owners={"credential_requests": "request"},
        references={"request_id": "credential_requests", "team_id": "teams"},
        resource="credential",
        has_text_id=True,
        is_optional=True,
        sensitive_fields=("prefill_hard", "prefill_soft"),
        secret_texts=secret_texts.of_credential,
    )
    devices: Table[int, Device] = table(
        Device,
        indexes={"team": "team_id"},
        owners={"teams": "team"},
        references={"team_id": "teams"},
        resource="device",
        is_optional=True,
    )
    device_messages: Table[tuple[int, str, str], DeviceMessage] = table(
        DeviceMessage,
        key=("device_id", "direction", "id"),
        indexes={"device": "device_id", "queue": ("device_id", "direction")},
        owners={"devices": "device"},
        references={"device_id": "devices"},
        is_optional=True,
        sensitive_fields=("data",),
    )
    hooks: Table[int, Hook] = table(
        Hook,
        indexes={"team": "team_id", "udid": "udid"},
        owners={"teams": "team"},
        references={"team_id": "teams"},
        resource="hook",
        lookup_key="udid",
    )
    incomings: Table[tuple[int, str], Incoming] = table(
        Incoming,
        key=("hook_id", "id"),
        indexes={"hook": "hook_id"},
        owners={"hooks": "hook"},
        measure=_json_size,
    )
    hook_logs: Table[tuple[int, str], HookLog] = table(
        HookLog,
        key=("hook_id", "id"),
        indexes={"hook": "hook_id"},
        owners={"hooks": "hook"},
        secret_fields=("udid",),
        measure=_json_size,
        is_history=True,
    )
    functions: Table[int, CustomFunction] = table(
        CustomFunction,
        indexes={"team": "team_id", "name": ("team_id", "name")},
        owners={"teams": "team"},
        references={"team_id": "teams", "created_by": "users"},
        resource="function",
        is_optional=True,
        unique=("name",),
    )
    function_changes: Table[int, FunctionChange] = table(
        FunctionChange,
        indexes={"function": "function_id"},
        owners={"functions": "function"},
        references={"function_id": "functions", "updated_by": "users"},
        is_optional=True,
        is_history=True,
    )
    templates: Table[int, Template] = table(
        Template,
        indexes={"team": "team_id"},
        owners={"teams": "team"},
        references={"team_id": "teams"},
        resource="template",
    )
    public_templates: Table[int, PublicTemplate] = table(PublicTemplate)
    #: MCP toolboxes, the scenarios in them, and their keys; see `make_emulator.world.toolboxes`.
    toolboxes: Table[int, Toolbox] = table(
        Toolbox,
        indexes={"team": "team_id"},
        owners={"teams": "team"},
        references={"team_id": "teams", "created_by": "users"},
        is_optional=True,
    )
    toolbox_tools: Table[int, ToolboxTool] = table(
        ToolboxTool,
        indexes={"toolbox": "toolbox_id", "scenario": "scenario_id"},
        owners={"toolboxes": "toolbox", "scenarios": "scenario"},
        references={"toolbox_id": "toolboxes", "scenario_id": "scenarios"},
        is_optional=True,
    )
    toolbox_keys: Table[str, ToolboxKey] = table(
        ToolboxKey,
        key="key",
        indexes={"toolbox": "toolbox_id"},
        owners={"toolboxes": "toolbox"},
        references={"toolbox_id": "toolboxes"},
        is_optional=True,
        lookup_key="key",
    )
    #: Custom variables of organizations and teams; see `make_emulator.world.variables`.
    variables: Table[tuple[str, int, str], Variable] = table(
        Variable,
        key=("owner", "owner_id", "name"),
        indexes={
            "owner": ("owner", "owner_id"),
            "organization": _owned_by("organization"),
            "team": _owned_by("team"),
        },
        owners={"organizations": "organization", "teams": "team"},
        is_optional=True,
        sensitive_fields=("value",),
        secret_texts=secret_texts.of_variable,
    )
    variable_changes: Table[int, VariableChange] = table(
        VariableChange,
        indexes={"variable": ("owner", "owner_id", "name")},
        owners={"variables": "variable"},
        is_optional=True,
        sensitive_fields=("before", "after"),
        secret_texts=secret_texts.of_variable_change,
        is_history=True,
    )
    #: Mock responses of external services, and what scenarios sent to them; see `make_emulator.world.external_services`.
    http_rules: Table[int, HttpRule] = table(HttpRule, sensitive_fields=("headers", "body", "pages"))
    http_requests: Table[int, SentRequest] = table(
        SentRequest, sensitive_fields=("url", "headers", "body"), is_history=True
    )
    outbox: Table[int, Mail] = table(Mail, sensitive_fields=("html", "text", "headers"), is_history=True)

    def __init__(self) -> None:
        for name, spec in TABLES.items():
            setattr(self, name, spec.create(name, self))
        for name, spec in TABLES.items():
            for owner, index in spec.owners.items():
                self.table(owner).own(self.table(name), index)

    def table(self, name: str) -> Table[Any, Any]:
        """The table of a name."""
        found: Table[Any, Any] = getattr(self, name)
        return found

    def lookup_keys(self) -> list[str]:
        """The keys by which a server finds this world: its tokens, the udids of its hooks, its OAuth clients and their tokens."""
        return [
            key
            for name, spec in TABLES.items()
            if spec.lookup_key
            for row in self.table(name)
            if (key := getattr(row, spec.lookup_key)) is not None
        ]

    def public_lookup_keys(self) -> frozenset[str]:
        """Those of the keys that are no secrets."""
        return frozenset(
            getattr(row, spec.lookup_key)
            for name, spec in TABLES.items()
            if spec.lookup_key and spec.has_public_key
            for row in self.table(name)
        )

    def secret_revisions(self) -> tuple[int, ...]:
        """The revisions of the tables that `secret_values` depends on."""
        return tuple(self.table(name).revision for name in _SECRET_TABLES)

    def secret_values(self) -> SecretValues:
        """The secrets of this world that redaction masks wherever they occur: tokens, udids, credentials."""
        return collect_secrets({name: list(self.table(name)) for name in _SECRET_TABLES})

    def resource_table(self, resource: str) -> Table[Any, Any]:
        """The table of a kind of resource (``"scenario"``, ``"dataStore"`` …).

        Raises:
            KeyError: if there is no such resource.
        """
        return self.table(_table_name(resource))


#: The declared tables by name.
TABLES: dict[str, TableSpec] = {
    name: value for name, value in vars(Tables).items() if isinstance(value, TableSpec)
}

#: The tables with secrets; other tables only repeat them.
_SECRET_TABLES = tuple(name for name, spec in TABLES.items() if spec.lookup_key or spec.secret_texts)


def collect_secrets(rows: Mapping[str, Iterable[Any]]) -> SecretValues:
    """The secrets of rows, by the names of their tables."""
    found: list[SecretText] = []
    for name, table_rows in rows.items():
        spec = TABLES[name]
        for row in table_rows:
            found += [SecretText(getattr(row, field)) for field in spec.secret_fields]
            if spec.secret_texts is not None:
                found += spec.secret_texts(row)
    return values_of(found)


def path_parameter_kinds() -> dict[str, str]:
    """Path parameter -> the kind of resource whose id it is, e.g. ``{"scenarioId": "scenario"}``."""
    return {
        spec.path_parameter: spec.resource
        for spec in TABLES.values()
        if spec.resource and spec.path_parameter
    }


def text_id_parameters() -> frozenset[str]:
    """The path parameters whose ids are text."""
    return frozenset(
        spec.path_parameter for spec in TABLES.values() if spec.has_text_id and spec.path_parameter
    )


@cache
def _table_name(resource: str) -> str:
    for name, spec in TABLES.items():
        if spec.resource == resource:
            return name
    raise KeyError(resource)
