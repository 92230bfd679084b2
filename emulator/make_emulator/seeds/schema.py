"""marshmallow schemas of a seed, from which the JSON Schema for editors is derived."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields

from ..json_types import Json
from ..oauth.scopes import CLIENT_SCOPES
from ..plain_text import did_you_mean
from ..policies import agents
from ..world import credential_requests, custom_properties, functions, oauth
from ..world.devices import DEFAULT_SCOPE
from ..world.models import SCENARIO_TYPES
from ..world.plans import PLANS
from ..world.roles import ORGANIZATION_MEMBER, TEAM_MEMBER
from ..world.settings import SETTINGS
from ..world.variables import NAME_PATTERN, TYPE_NAMES
from .fields import (
    SCOPE_SETS,
    BlueprintField,
    BooleanField,
    ChoiceField,
    CustomModulesField,
    FieldSpecsField,
    GrantsField,
    IdField,
    IntegerField,
    ObjectField,
    PatternField,
    PermissionsField,
    RedirectUrisField,
    ReferenceField,
    RoleField,
    ScalarField,
    ScopesField,
    SeedField,
    StringListField,
    TextField,
    TimeField,
    TimezoneField,
    token_field,
    zone_field,
)


class Section(ma.Schema):
    """Mapping of a seed: attributes in snake_case, keys in camelCase."""

    class Meta:
        unknown = ma.EXCLUDE

    error_messages = {"type": "must be a mapping"}  # noqa: RUF012

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        if field_obj.data_key is None:
            head, *tail = field_name.split("_")
            field_obj.data_key = head + "".join(word.capitalize() for word in tail)
        expected = "must be a list" if getattr(field_obj, "many", False) else "must be a mapping"
        field_obj.error_messages = {
            **field_obj.error_messages,
            "required": "is missing",
            "null": "has no value",
            "invalid": expected,
            "type": expected,
        }

    @ma.validates_schema(pass_original=True, skip_on_field_errors=False)
    def _reject_unknown_keys(self, data: Any, original: Any, **kwargs: Any) -> None:
        if not isinstance(original, Mapping):
            return
        known = [field.data_key or name for name, field in self.load_fields.items()]
        unknown = {key: [f"unknown key{did_you_mean(key, known)}"] for key in original if key not in known}
        if unknown:
            raise ma.ValidationError(unknown)


class SectionList(fields.Nested):
    """List of sections of one kind."""

    def __init__(self, section: type[Section], about: str, **options: Any) -> None:
        min_items = options.pop("min_items", 0)
        super().__init__(section, many=True, validate=self._check_length, **options)
        self.about, self.min_items = about, min_items

    def _check_length(self, rows: list[Json]) -> None:
        if len(rows) < self.min_items:
            raise ma.ValidationError("must not be empty")

    def _load(self, value: Any, partial: Any = None) -> Any:
        if not isinstance(value, list):
            raise ma.ValidationError("must be a list")
        return super()._load(value, partial)


class NestedSection(fields.Nested):
    """Section within another one."""

    def __init__(self, section: type[Section], about: str, **options: Any) -> None:
        super().__init__(section, **options)
        self.about = about


class UserSection(Section):
    """A user of Make."""

    id = IdField()
    name = TextField("The full name.", required=True)
    email = TextField("The e-mail address; by default, one derived from the name.", maximum=254)
    admin = BooleanField(
        "True for an administrator of the zone, who may create organizations.", load_default=False
    )


class TokenSection(Section):
    """An API token."""

    label = TextField("The label of the token.")
    user = ReferenceField("user", "The user of the token; by default, the first one.")
    scopes = ScopesField(
        "The scopes: all (the default), read, or a list of scopes.", load_default=SCOPE_SETS["all"]
    )
    token = token_field("The token itself, for the default world; the tokens of other worlds are generated.")


class OAuthClientSection(Section):
    """A client of the authorization server of OAuth 2.0."""

    name = TextField("Its name, which the consent page shows.", required=True, maximum=oauth.MAX_NAME_LENGTH)
    id = token_field("The client id, for the default world; those of other worlds are generated.")
    secret = TextField("The client secret, for the default world; those of other worlds are generated.")
    redirect_uris = RedirectUrisField("The redirect URIs.", load_default=())
    allow_loopback = BooleanField("True to allow any redirect URI on loopback, too.", load_default=False)
    scopes = ScopesField(
        "The scopes that it may ask for: all (the default), read, or a list of scopes and openid.",
        more=frozenset([oauth.OPENID]),
        load_default=CLIENT_SCOPES,
    )
    public = BooleanField(
        "True for a client without a secret, which needs PKCE and gets no refresh tokens.", load_default=False
    )
    auto_approve = BooleanField(
        "True to skip the consent page: the first user approves at once.", load_default=False
    )
    rotate_refresh_tokens = BooleanField(
        "False for refresh tokens that can be used more than once.", load_default=True
    )

    @ma.validates_schema(skip_on_field_errors=False)
    def _check_client(self, data: Any, **kwargs: Any) -> None:
        # An invalid field is missing here, and has an issue of its own.
        if data.get("redirect_uris") == () and data.get("allow_loopback") is False:
            raise ma.ValidationError("must have redirectUris, or allowLoopback: true")
        if data.get("public") and "secret" in data:
            raise ma.ValidationError("a public client has no secret")


class AgentSection(Section):
    """An agent: a caller of the API with grants of its own. What is not granted is refused."""

    name = TextField("Its name.", required=True, maximum=agents.MAX_NAME_LENGTH)
    token = TextField(
        "Its API token: the label, or the text, of one of the seed, or the text of a token of its own. By default, it"
        " has one of its own, with every scope."
    )
    oauth_client = TextField("The name, or the id, of its OAuth client, in place of a token.")
    allow = GrantsField(
        "Kind of resource, such as scenarios, or single resource, such as scenarios/1, or * -> off, read, write, run,"
        " full, or a list of these.",
        load_default=(),
    )
    runs = ChoiceField(
        "Whether the modules of the runs that it starts need its grants too: check, or trust.",
        agents.RUN_CHECKS,
        load_default=agents.TRUST,
    )


class CustomRoleSection(Section):
    """A custom role of an organization."""

    id = IntegerField("Its id; left out, the next free one above 100.", minimum=1)
    name = TextField("The name of the role.", maximum=50, required=True)
    category = ChoiceField("Where users have it.", ("organization", "team"), load_default="team")
    description = TextField("The description.", minimum=0, maximum=1024)
    permissions = PermissionsField("The permissions.", load_default=())


class OrganizationMemberSection(Section):
    """A member of an organization."""

    user = ReferenceField("user", "The user: an id, a name or an e-mail address.", required=True)
    role = RoleField("organization", load_default=ORGANIZATION_MEMBER)


class TeamMemberSection(Section):
    """A member of a team."""

    user = ReferenceField("user", "The user: an id, a name or an e-mail address.", required=True)
    role = RoleField("team", load_default=TEAM_MEMBER)


class ConnectionSection(Section):
    """A connection to an app."""

    id = IdField()
    name = TextField("The name of the connection.", required=True)
    type = TextField("The app, e.g. slack.", required=True)
    label = TextField("The label of the app; by default, that of the type.")
    account_type = TextField("The kind of authorization, e.g. oauth, basic.")
    theme = TextField("The colour of the app.")
    metadata = ObjectField("The account: {type, value}.")
    scopes = StringListField("The scopes of the account.", load_default=())


class KeySection(Section):
    """A key of the keychain."""

    id = IdField()
    name = TextField("The name of the key.", required=True)
    type = TextField("The type, e.g. apikeyauth, basicauth.", required=True)
    parameters = ObjectField("The parameters of the type, which are secrets; left out, they are unknown.")


class RequestedCredentialSection(Section):
    """A credential of a credential request; it is pending unless declined or authorized."""

    type = TextField("The type of the connection or key, e.g. slack2, apikeyauth.", required=True)
    name = TextField("The name of the connection or key that comes of it.")
    description = TextField("The description.", minimum=0, maximum=10_000)
    app = TextField("The app that needs it.")
    app_modules = StringListField("The modules of the app that need it.", load_default=list)
    app_version = TextField("The version of the app.")
    declined = TextField("The reason why its user declined it.", minimum=0, maximum=10_000)


class RequestedConnectionSection(RequestedCredentialSection):
    """A connection that is requested."""

    scopes = StringListField("The scopes, for connections with OAuth.", load_default=list)
    connection = ReferenceField("connection", "The connection that came of it, which authorizes it.")


class RequestedKeySection(RequestedCredentialSection):
    """A key that is requested."""

    key = ReferenceField("key", "The key that came of it, which authorizes it.")


class CredentialRequestSection(Section):
    """A request for credentials; it has a connection or a key."""

    name = TextField("The name.", load_default=credential_requests.DEFAULT_NAME)
    description = TextField("The description.", minimum=0, maximum=10_000)
    user = ReferenceField("user", "Who requests; by default, the organization's owner.")
    provider = ReferenceField("user", "To whom it is addressed; without one, to anybody with its link.")
    created = TimeField("The time of its creation; it expires a month later.")
    connections = SectionList(RequestedConnectionSection, "The requested connections.", load_default=list)
    keys = SectionList(RequestedKeySection, "The requested keys.", load_default=list)


class DeviceMessageSection(Section):
    """A message that a device sent, waiting in its queue."""

    scope = TextField("The kind of message, e.g. call.", required=True)
    data = TextField("The message.", minimum=0, maximum=100_000, load_default="")


class DeviceSection(Section):
    """A mobile device."""

    id = IdField()
    name = TextField("The name of the device.", required=True)
    scope = StringListField("What it can do, e.g. call, scanner.", load_default=DEFAULT_SCOPE)
    info = ObjectField("The device: {os, brand, model, osversion, appversion}.")
    incomings = SectionList(DeviceMessageSection, "Messages in its queue.", load_default=list)


class VariableSection(Section):
    """A variable that every scenario can see, as ``{{var.team.NAME}}`` or ``{{var.organization.NAME}}``."""

    name = PatternField(
        "The name of the variable.", NAME_PATTERN, "letters, digits, $ and _ (at most 128)", required=True
    )
    value = ScalarField("The value.", required=True)
    type = ChoiceField(
        "The type of the value; by default, it follows from the value. A date is written in ISO 8601.",
        tuple(TYPE_NAMES.values()),
    )


class HookSection(Section):
    """A webhook or a mailhook."""

    id = IdField()
    name = TextField("The name of the hook.", required=True)
    type = TextField("The type, e.g. gateway-webhook, gateway-mailhook.", load_default="gateway-webhook")
    data = ObjectField("The settings of the type.", load_default=dict)
    enabled = BooleanField("False for a hook that rejects data.", load_default=True)


class FunctionSection(Section):
    """A custom function, for plans that include them."""

    id = IdField()
    name = TextField("The name in expressions: letters and digits.", required=True)
    description = TextField(
        "The description.", minimum=0, maximum=functions.MAX_DESCRIPTION_LENGTH, load_default=""
    )
    code = TextField(
        "The JavaScript: function name(arguments) { … }.", maximum=functions.MAX_CODE_LENGTH, required=True
    )


class FolderSection(Section):
    """A folder of scenarios."""

    id = IdField()
    name = TextField("Its name.", maximum=100, required=True)
    parent = ReferenceField("folder", "The parent folder, which must precede it.")


class DataStructureSection(Section):
    """A data structure: the fields of the records of a data store."""

    id = IdField()
    name = TextField("Its name.", required=True)
    spec = FieldSpecsField("The fields.", required=True)
    strict = BooleanField("True to reject other fields.", load_default=False)


class RecordSection(Section):
    """A record of a data store."""

    key = TextField("Its key.", maximum=1024, loose=True, required=True)
    data = ObjectField("Its fields; a store without a data structure stores none.")


class DataStoreSection(Section):
    """A data store with its records."""

    id = IdField()
    name = TextField("Its name.", required=True)
    max_size_mb = IntegerField(
        "The size in megabytes.", minimum=1, maximum=1_000_000, load_default=1, data_key="maxSizeMB"
    )
    data_structure = ReferenceField(
        "dataStructure", "The structure of its records; without one it stores keys only."
    )
    records = SectionList(RecordSection, "The records.", load_default=list)


class CustomPropertySection(Section):
    """A custom property of the organization's scenarios, for plans that include them."""

    id = IdField()
    name = PatternField(
        "The name of the property.",
        custom_properties.NAME_PATTERN,
        "letters, digits, $ and _ (at most 64)",
        required=True,
    )
    label = TextField("The heading of its column.", maximum=64, required=True)
    description = TextField("The description.", minimum=0, maximum=1024)
    type = ChoiceField("The type of its values.", custom_properties.TYPES, required=True)
    options = StringListField("The values of a dropdown or a multiselect.")
    required = BooleanField("True if every scenario with values needs one of it.", load_default=False)


class RunSection(Section):
    """A past execution: the blueprint is run at that moment."""

    at = TimeField("The time of its start.", required=True)
    inputs = ObjectField("The scenario's inputs.")
    bundle = SeedField("The input of the scenario's trigger: a bundle, or a list of them.")
    manual = BooleanField("False for a run that a schedule or a hook started.", load_default=True)


class ScenarioSection(Section):
    """A scenario."""

    id = IdField()
    name = TextField("Its name; by default, that of the blueprint.")
    description = TextField("The description.", minimum=0, maximum=10_000, load_default="")
    blueprint = BlueprintField(
        "The name of a sample, the path of a file beside the seed, or the blueprint.", required=True
    )
    scheduling = ObjectField("The schedule, as in the API.", load_default=lambda: {"type": "on-demand"})
    type = ChoiceField(
        "`tool` for a Tool, which has one module and is called by agents.",
        SCENARIO_TYPES,
        load_default="scenario",
    )
    folder = ReferenceField("folder", "Its folder.")
    created = TimeField("The time of its creation.")
    started = TimeField("The time of its activation.")
    active = BooleanField("True for an active scenario.", load_default=False)
    invalid = BooleanField(
        "True for a scenario that contains errors, as after too many failures in a row.", load_default=False
    )
    custom_properties = ObjectField("The values of its custom properties, by name.")
    runs = SectionList(RunSection, "Its past executions.", load_default=list)


class ToolboxToolSection(Section):
    """A scenario in an MCP toolbox."""

    scenario = ReferenceField("scenario", "The scenario: active, and on demand.", required=True)
    label = TextField("The name of the tool; by default, that of the scenario.", minimum=0, load_default="")
    description = TextField("Its description; by default, that of the scenario.", minimum=0, load_default="")
    read_only = BooleanField("True for a tool that only reads.", load_default=False)


class ToolboxKeySection(Section):
    """A key of an MCP toolbox."""

    label = TextField("The name of the key.", required=True)
    key = token_field("The key itself, for the default world; the keys of other worlds are generated.")


class ToolboxSection(Section):
    """An MCP toolbox: chosen scenarios as a server of their own."""

    id = IdField()
    name = TextField("Its name.", required=True)
    uuid = token_field("The UUID in its URL; by default, it is generated.")
    tools = SectionList(ToolboxToolSection, "Its scenarios.", load_default=list)
    keys = SectionList(ToolboxKeySection, "Its keys.", load_default=list)


class TemplateSection(Section):
    """A template of a scenario."""

    id = IdField()
    name = TextField("Its name.", required=True)
    description = TextField("The description.", minimum=0, maximum=10_000)
    language = TextField("The language of its texts.", load_default="en")
    blueprint = BlueprintField(
        "The name of a sample, the path of a file beside the seed, or the blueprint.", required=True
    )
    scheduling = ObjectField(
        "The schedule of its scenarios.", load_default=lambda: {"type": "indefinitely", "interval": 900}
    )


class GenerateSection(Section):
    """Numbers of resources to generate. The mock data follow from the world's seed."""

    connections = IntegerField(load_default=0, maximum=100_000)
    hooks = IntegerField(load_default=0, maximum=100_000)
    folders = IntegerField(load_default=0, maximum=100_000)
    data_stores = IntegerField(load_default=0, maximum=1_000)
    records = IntegerField(
        "Records in total, distributed over the generated data stores.", load_default=0, maximum=10_000_000
    )
    scenarios = IntegerField(load_default=0, maximum=1_000_000)
    executions = IntegerField(
        "Executions in total, distributed over the generated scenarios.", load_default=0, maximum=10_000_000
    )


class TeamSection(Section):
    """A team with its resources."""

    id = IdField()
    name = TextField("Its name.", required=True)
    private_space_of = ReferenceField(
        "user", "The user whose private space it is; left out, an ordinary team."
    )
    members = SectionList(
        TeamMemberSection, "The members besides the organization's owner.", load_default=list
    )
    variables = SectionList(VariableSection, "Custom variables of the team.", load_default=list)
    connections = SectionList(ConnectionSection, "Connections to apps.", load_default=list)
    keys = SectionList(KeySection, "Keys of the keychain.", load_default=list)
    credential_requests = SectionList(
        CredentialRequestSection, "Requests for connections and keys.", load_default=list
    )
    devices = SectionList(DeviceSection, "Mobile devices.", load_default=list)
    hooks = SectionList(HookSection, "Webhooks and mailhooks.", load_default=list)
    functions = SectionList(FunctionSection, "Custom functions.", load_default=list)
    folders = SectionList(FolderSection, "Folders of scenarios.", load_default=list)
    data_structures = SectionList(DataStructureSection, "Structures of records.", load_default=list)
    data_stores = SectionList(DataStoreSection, "Data stores.", load_default=list)
    scenarios = SectionList(ScenarioSection, "Scenarios.", load_default=list)
    toolboxes = SectionList(ToolboxSection, "MCP toolboxes.", load_default=list)
    templates = SectionList(TemplateSection, "Templates.", load_default=list)
    generate = NestedSection(GenerateSection, "The resources to generate.")


class LicenseSection(Section):
    """Overrides of the plan's license. The names are those of the API."""

    api_limit = IntegerField("Requests a minute.", minimum=1)
    operations = IntegerField("Operations a month.")
    transfer = IntegerField("Bytes a month.")
    teams = IntegerField("The most teams.")
    scenarios = IntegerField("The most active scenarios.")
    interval = IntegerField("The minimum interval between two runs, in minutes.", minimum=1)
    execution_time = IntegerField("The maximum duration of a run, in minutes.", minimum=1)
    retention = IntegerField("The retention of logs, in days.", minimum=1)
    dslimit = IntegerField("The most data stores.")
    dsslimit = IntegerField("The most bytes in data stores.")
    dlq_storage = IntegerField("The most bytes of incomplete executions.")
    webhook_log_retention_days = IntegerField("The retention of the logs of hooks, in days.", minimum=1)
    fulltext = BooleanField("True to allow the search of executions.")
    creating_templates = BooleanField("True to allow the creation of templates.")
    custom_variables = BooleanField("True to allow custom variables.")
    custom_functions = BooleanField("True to allow custom functions.")
    custom_properties = IntegerField("The most custom properties; 0 for none.")
    custom_roles = BooleanField("True to allow custom roles.")
    private_spaces = BooleanField("True to allow private spaces.")
    tfa_enforcement = BooleanField("True to allow the enforcement of two-factor authentication.")


class OrganizationSection(Section):
    """An organization with its teams."""

    id = IdField()
    name = TextField("Its name.", required=True)
    plan = ChoiceField("The plan.", tuple(PLANS), load_default="enterprise")
    license = NestedSection(LicenseSection, "Overrides of the plan's license.", load_default=dict)
    zone = zone_field("The zone, e.g. eu1.")
    owner = ReferenceField("user", "The owner; by default, the first user.")
    created = TimeField("The time of its creation.")
    country_id = IntegerField("The country, as in the API.", minimum=1, load_default=59)
    timezone_id = TimezoneField("The time zone, as in the API.", minimum=1, load_default=113)
    custom_roles = SectionList(CustomRoleSection, "Custom roles.", load_default=list)
    members = SectionList(OrganizationMemberSection, "The members besides its owner.", load_default=list)
    variables = SectionList(VariableSection, "Custom variables of the organization.", load_default=list)
    custom_properties = SectionList(
        CustomPropertySection,
        "Custom properties of its scenarios; without the key the organization has no structure of them.",
    )
    teams = SectionList(TeamSection, "Its teams.", load_default=list)


SettingsSection: type[Section] = Section.from_dict(  # type: ignore[assignment]
    {
        setting.name: ChoiceField(setting.about, setting.choices)
        if setting.choices
        else BooleanField(setting.about)
        for setting in SETTINGS.values()
    },
    name="SettingsSection",
)


class SeedSection(Section):
    """The initial state of a world."""

    settings = NestedSection(
        SettingsSection, "What sources of the real service contradict each other about.", load_default=dict
    )
    users = SectionList(UserSection, "The users; by default, one.", min_items=1)
    tokens = SectionList(TokenSection, "The API tokens; by default, one with every scope.", min_items=1)
    oauth_clients = SectionList(
        OAuthClientSection, "Clients of the authorization server of OAuth 2.0.", load_default=list
    )
    agents = SectionList(AgentSection, "Agents with grants of their own.", load_default=list)
    modules = CustomModulesField(
        "Modules of the organization's own apps, and others that the catalogue of Make's modules does not know: full names, app:Module, or"
        " declarations with a name and versions, kind, connection ({parameter, types}), parameters, mapper and output (fields with name, type,"
        " required, options, spec).",
        load_default=(),
    )
    organizations = SectionList(OrganizationSection, "The organizations.", required=True, min_items=1)


SEED_SCHEMA = SeedSection()
