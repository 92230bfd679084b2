"""The shape of a seed: which keys there are and what stands under each. The JSON Schema for editors follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields

from ..world import functions
from ..world.plans import PLANS
from ..world.roles import ORGANIZATION_MEMBER, TEAM_MEMBER
from ..world.variables import NAME_PATTERN, TYPE_NAMES
from .fields import (
    SCOPE_SETS,
    BlueprintField,
    BooleanField,
    ChoiceField,
    FieldSpecsField,
    IdField,
    IntegerField,
    ObjectField,
    PatternField,
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
from .issues import did_you_mean


class Section(ma.Schema):
    """A mapping of a seed: attributes in snake_case, keys in camelCase."""

    class Meta:
        unknown = ma.EXCLUDE

    error_messages = {"type": "must be a mapping"}  # noqa: RUF012

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        if field_obj.data_key is None:
            head, *tail = field_name.split("_")
            field_obj.data_key = head + "".join(word.capitalize() for word in tail)
        wanted = "must be a list" if getattr(field_obj, "many", False) else "must be a mapping"
        field_obj.error_messages = {
            **field_obj.error_messages,
            "required": "is missing",
            "null": "has no value",
            "invalid": wanted,
            "type": wanted,
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
    """A list of sections of one kind."""

    def __init__(self, section: type[Section], about: str, **options: Any) -> None:
        least = options.pop("min_items", 0)
        super().__init__(section, many=True, validate=self._check_length, **options)
        self.about, self.min_items = about, least

    def _check_length(self, rows: list[Any]) -> None:
        if len(rows) < self.min_items:
            raise ma.ValidationError("must not be empty")

    def _load(self, value: Any, partial: Any = None) -> Any:
        if not isinstance(value, list):
            raise ma.ValidationError("must be a list")
        return super()._load(value, partial)


class NestedSection(fields.Nested):
    """One section within another."""

    def __init__(self, section: type[Section], about: str, **options: Any) -> None:
        super().__init__(section, **options)
        self.about = about


class UserSection(Section):
    """Somebody who works with Make."""

    id = IdField()
    name = TextField("The full name.", required=True)
    email = TextField("The address; left out, one is made of the name.", maximum=254)
    admin = BooleanField(
        "Whether the user administrates the zone and may found organizations.", load_default=False
    )


class TokenSection(Section):
    """A key to the API."""

    label = TextField("What the key is for.")
    user = ReferenceField("user", "Whose key it is; left out, the first user's.")
    scopes = ScopesField(
        "What it opens: all (the default), read, or a list of scopes.", load_default=SCOPE_SETS["all"]
    )
    token = token_field(
        "The key itself, for the world that a server starts with; other worlds make up their own."
    )


class OrganizationMemberSection(Section):
    """That a user belongs to an organization."""

    user = ReferenceField("user", "Who: an id, a name or an e-mail address.", required=True)
    role = RoleField("organization", load_default=ORGANIZATION_MEMBER)


class TeamMemberSection(Section):
    """That a user belongs to a team."""

    user = ReferenceField("user", "Who: an id, a name or an e-mail address.", required=True)
    role = RoleField("team", load_default=TEAM_MEMBER)


class ConnectionSection(Section):
    """A connection to an app."""

    id = IdField()
    name = TextField("What the team calls it.", required=True)
    type = TextField("The app, e.g. slack.", required=True)
    label = TextField("What Make calls the app; left out, it follows from the type.")
    account_type = TextField("How it is authorized, e.g. oauth, basic.")
    theme = TextField("The colour of the app.")
    metadata = ObjectField("Whose account it is: {type, value}.")
    scopes = StringListField("What the account was asked for.", load_default=())


class VariableSection(Section):
    """A variable that every scenario can see, as ``{{var.team.NAME}}`` or ``{{var.organization.NAME}}``."""

    name = PatternField(
        "What it is called.", NAME_PATTERN, "letters, digits, $ and _ (at most 128)", required=True
    )
    value = ScalarField("What it is.", required=True)
    type = ChoiceField(
        "What kind of value it is; left out, it follows from the value. A date is written in ISO 8601.",
        tuple(TYPE_NAMES.values()),
    )


class HookSection(Section):
    """A webhook or a mailhook."""

    id = IdField()
    name = TextField("What the team calls it.", required=True)
    type = TextField("The type, e.g. gateway-webhook, gateway-mailhook.", load_default="gateway-webhook")
    data = ObjectField("The settings of the type.", load_default=dict)
    enabled = BooleanField("Whether it takes data.", load_default=True)


class FunctionSection(Section):
    """A custom function, for plans that include them."""

    id = IdField()
    name = TextField("What expressions call it: letters and digits.", required=True)
    description = TextField(
        "What it is for.", minimum=0, maximum=functions.MAX_DESCRIPTION_LENGTH, load_default=""
    )
    code = TextField(
        "The JavaScript: function name(arguments) { … }.", maximum=functions.MAX_CODE_LENGTH, required=True
    )


class FolderSection(Section):
    """A folder of scenarios."""

    id = IdField()
    name = TextField("Its name.", maximum=100, required=True)
    parent = ReferenceField("folder", "The folder in which it lies, one that stands before it.")


class DataStructureSection(Section):
    """What gives the records of a data store their fields."""

    id = IdField()
    name = TextField("Its name.", required=True)
    spec = FieldSpecsField("The fields.", required=True)
    strict = BooleanField("Whether other fields are refused.", load_default=False)


class RecordSection(Section):
    """A record of a data store."""

    key = TextField("Its key.", maximum=1024, loose=True, required=True)
    data = ObjectField("Its fields; a store without a data structure keeps none.")


class DataStoreSection(Section):
    """A data store with its records."""

    id = IdField()
    name = TextField("Its name.", required=True)
    max_size_mb = IntegerField(
        "How much it may hold.", minimum=1, maximum=1_000_000, load_default=1, data_key="maxSizeMB"
    )
    data_structure = ReferenceField(
        "dataStructure", "The structure of its records; without one it keeps keys only."
    )
    records = SectionList(RecordSection, "What it holds.", load_default=list)


class RunSection(Section):
    """A past execution: the blueprint is run at that moment."""

    at = TimeField("When it started.", required=True)
    inputs = ObjectField("The scenario's inputs.")
    bundle = SeedField("What the scenario's trigger received: a bundle, or a list of them.")
    manual = BooleanField("Whether somebody ran it, or it started by itself.", load_default=True)


class ScenarioSection(Section):
    """A scenario."""

    id = IdField()
    name = TextField("Its name; left out, that of the blueprint.")
    description = TextField("What it is for.", minimum=0, maximum=10_000, load_default="")
    blueprint = BlueprintField(
        "The name of a sample, the path of a file beside the seed, or the blueprint.", required=True
    )
    scheduling = ObjectField("When it runs, as in the API.", load_default=lambda: {"type": "on-demand"})
    folder = ReferenceField("folder", "The folder in which it lies.")
    created = TimeField("When it was made.")
    started = TimeField("When it was set live.")
    active = BooleanField("Whether it is live.", load_default=False)
    invalid = BooleanField(
        "Whether it contains errors, as after too many failures in a row.", load_default=False
    )
    runs = SectionList(RunSection, "Its past executions.", load_default=list)


class TemplateSection(Section):
    """A template of a scenario."""

    id = IdField()
    name = TextField("Its name.", required=True)
    description = TextField("What it is for.", minimum=0, maximum=10_000)
    language = TextField("The language of its texts.", load_default="en")
    blueprint = BlueprintField(
        "The name of a sample, the path of a file beside the seed, or the blueprint.", required=True
    )
    scheduling = ObjectField(
        "When its scenarios run.", load_default=lambda: {"type": "indefinitely", "interval": 900}
    )


class GenerateSection(Section):
    """How many things of each kind to make up. The world's seed decides what they are like."""

    connections = IntegerField(load_default=0, maximum=100_000)
    hooks = IntegerField(load_default=0, maximum=100_000)
    folders = IntegerField(load_default=0, maximum=100_000)
    data_stores = IntegerField(load_default=0, maximum=1_000)
    records = IntegerField(
        "Records in all, spread over the made-up data stores.", load_default=0, maximum=10_000_000
    )
    scenarios = IntegerField(load_default=0, maximum=1_000_000)
    executions = IntegerField(
        "Executions in all, spread over the made-up scenarios.", load_default=0, maximum=10_000_000
    )


class TeamSection(Section):
    """A team with all that belongs to it."""

    id = IdField()
    name = TextField("Its name.", required=True)
    members = SectionList(
        TeamMemberSection, "Who belongs to it besides the organization's owner.", load_default=list
    )
    variables = SectionList(VariableSection, "Custom variables of the team.", load_default=list)
    connections = SectionList(ConnectionSection, "Connections to apps.", load_default=list)
    hooks = SectionList(HookSection, "Webhooks and mailhooks.", load_default=list)
    functions = SectionList(FunctionSection, "Custom functions.", load_default=list)
    folders = SectionList(FolderSection, "Folders of scenarios.", load_default=list)
    data_structures = SectionList(DataStructureSection, "Structures of records.", load_default=list)
    data_stores = SectionList(DataStoreSection, "Data stores.", load_default=list)
    scenarios = SectionList(ScenarioSection, "Scenarios.", load_default=list)
    templates = SectionList(TemplateSection, "Templates.", load_default=list)
    generate = NestedSection(GenerateSection, "How many things to make up.")


class LicenseSection(Section):
    """What an organization may do otherwise than its plan says. The names are those of the API."""

    api_limit = IntegerField("Requests a minute.", minimum=1)
    operations = IntegerField("Operations a month.")
    transfer = IntegerField("Bytes a month.")
    teams = IntegerField("How many teams it may have.")
    scenarios = IntegerField("How many scenarios may be live.")
    interval = IntegerField("The least minutes between two runs.", minimum=1)
    execution_time = IntegerField("The most minutes that a run may take.", minimum=1)
    retention = IntegerField("For how many days logs are kept.", minimum=1)
    dslimit = IntegerField("How many data stores it may have.")
    dsslimit = IntegerField("How many bytes its data stores may hold.")
    dlq_storage = IntegerField("How many bytes of incomplete executions are kept.")
    webhook_log_retention_days = IntegerField("For how many days the logs of hooks are kept.", minimum=1)
    fulltext = BooleanField("Whether executions can be searched.")
    creating_templates = BooleanField("Whether templates can be made.")
    custom_variables = BooleanField("Whether there are custom variables.")
    custom_functions = BooleanField("Whether teams have functions of their own.")


class OrganizationSection(Section):
    """An organization with its teams."""

    id = IdField()
    name = TextField("Its name.", required=True)
    plan = ChoiceField("What the organization pays for.", tuple(PLANS), load_default="enterprise")
    license = NestedSection(LicenseSection, "What it may do otherwise than its plan says.", load_default=dict)
    zone = zone_field("Where it lives, e.g. eu1.")
    owner = ReferenceField("user", "Who owns it; left out, the first user.")
    created = TimeField("When it was founded.")
    country_id = IntegerField("The country, as in the API.", minimum=1, load_default=59)
    timezone_id = TimezoneField("The time zone, as in the API.", minimum=1, load_default=113)
    members = SectionList(
        OrganizationMemberSection, "Who belongs to it besides its owner.", load_default=list
    )
    variables = SectionList(VariableSection, "Custom variables of the organization.", load_default=list)
    teams = SectionList(TeamSection, "Its teams.", load_default=list)


class SeedSection(Section):
    """What a world starts with."""

    users = SectionList(UserSection, "The users; left out, there is one.", min_items=1)
    tokens = SectionList(
        TokenSection, "The keys to the API; left out, there is one that opens everything.", min_items=1
    )
    organizations = SectionList(OrganizationSection, "The organizations.", required=True, min_items=1)


SEED_SCHEMA = SeedSection()
