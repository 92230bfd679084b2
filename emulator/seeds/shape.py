"""The shape of a seed: which keys there are and what stands under each. The JSON Schema for editors follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields

from ..world import functions
from ..world.plans import PLANS
from ..world.roles import ORGANIZATION_MEMBER, TEAM_MEMBER
from ..world.variables import NAME, TYPES
from .faults import meant
from .fields import (
    SCOPE_SETS,
    Flag,
    Free,
    Id,
    Moment,
    OneOf,
    Pattern,
    Reference,
    RoleName,
    Scopes,
    Single,
    Source,
    Specification,
    Text,
    Timezone,
    Value,
    Whole,
    Words,
    token,
    zone,
)


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
    def _know_every_key(self, data: Any, original: Any, **kwargs: Any) -> None:
        if not isinstance(original, Mapping):
            return
        known = [field.data_key or name for name, field in self.load_fields.items()]
        unknown = {key: [f"unknown key{meant(key, known)}"] for key in original if key not in known}
        if unknown:
            raise ma.ValidationError(unknown)


class Rows(fields.Nested):
    """A list of sections of one kind."""

    def __init__(self, section: type[Section], about: str, **options: Any) -> None:
        least = options.pop("least", 0)
        super().__init__(section, many=True, validate=self._enough, **options)
        self.about, self.least = about, least

    def _enough(self, rows: list[Any]) -> None:
        if len(rows) < self.least:
            raise ma.ValidationError("must not be empty")

    def _load(self, value: Any, partial: Any = None) -> Any:
        if not isinstance(value, list):
            raise ma.ValidationError("must be a list")
        return super()._load(value, partial)


class Part(fields.Nested):
    """One section within another."""

    def __init__(self, section: type[Section], about: str, **options: Any) -> None:
        super().__init__(section, **options)
        self.about = about


class UserSection(Section):
    """Somebody who works with Make."""

    id = Id()
    name = Text("The full name.", required=True)
    email = Text("The address; left out, one is made of the name.", maximum=254)
    admin = Flag("Whether the user administrates the zone and may found organizations.", load_default=False)


class TokenSection(Section):
    """A key to the API."""

    label = Text("What the key is for.")
    user = Reference("user", "Whose key it is; left out, the first user's.")
    scopes = Scopes(
        "What it opens: all (the default), read, or a list of scopes.", load_default=SCOPE_SETS["all"]
    )
    token = token("The key itself, for the world that a server starts with; other worlds make up their own.")


class OrganizationMemberSection(Section):
    """That a user belongs to an organization."""

    user = Reference("user", "Who: an id, a name or an e-mail address.", required=True)
    role = RoleName("organization", load_default=ORGANIZATION_MEMBER)


class TeamMemberSection(Section):
    """That a user belongs to a team."""

    user = Reference("user", "Who: an id, a name or an e-mail address.", required=True)
    role = RoleName("team", load_default=TEAM_MEMBER)


class ConnectionSection(Section):
    """A connection to an app."""

    id = Id()
    name = Text("What the team calls it.", required=True)
    type = Text("The app, e.g. slack.", required=True)
    label = Text("What Make calls the app; left out, it follows from the type.")
    account_type = Text("How it is authorized, e.g. oauth, basic.")
    theme = Text("The colour of the app.")
    metadata = Free("Whose account it is: {type, value}.")
    scopes = Words("What the account was asked for.", load_default=())


class VariableSection(Section):
    """A variable that every scenario can see, as ``{{var.team.NAME}}`` or ``{{var.organization.NAME}}``."""

    name = Pattern("What it is called.", NAME, "letters, digits, $ and _ (at most 128)", required=True)
    value = Single("What it is.", required=True)
    type = OneOf(
        "What kind of value it is; left out, it follows from the value. A date is written in ISO 8601.",
        tuple(TYPES.values()),
    )


class HookSection(Section):
    """A webhook or a mailhook."""

    id = Id()
    name = Text("What the team calls it.", required=True)
    type = Text("The type, e.g. gateway-webhook, gateway-mailhook.", load_default="gateway-webhook")
    data = Free("The settings of the type.", load_default=dict)
    enabled = Flag("Whether it takes data.", load_default=True)


class FunctionSection(Section):
    """A custom function, for plans that include them."""

    id = Id()
    name = Text("What expressions call it: letters and digits.", required=True)
    description = Text("What it is for.", minimum=0, maximum=functions.DESCRIPTION_LIMIT, load_default="")
    code = Text(
        "The JavaScript: function name(arguments) { … }.", maximum=functions.CODE_LIMIT, required=True
    )


class FolderSection(Section):
    """A folder of scenarios."""

    id = Id()
    name = Text("Its name.", maximum=100, required=True)
    parent = Reference("folder", "The folder in which it lies, one that stands before it.")


class DataStructureSection(Section):
    """What gives the records of a data store their fields."""

    id = Id()
    name = Text("Its name.", required=True)
    spec = Specification("The fields.", required=True)
    strict = Flag("Whether other fields are refused.", load_default=False)


class RecordSection(Section):
    """A record of a data store."""

    key = Text("Its key.", maximum=1024, loose=True, required=True)
    data = Free("Its fields; a store without a data structure keeps none.")


class DataStoreSection(Section):
    """A data store with its records."""

    id = Id()
    name = Text("Its name.", required=True)
    max_size_mb = Whole(
        "How much it may hold.", minimum=1, maximum=1_000_000, load_default=1, data_key="maxSizeMB"
    )
    data_structure = Reference(
        "dataStructure", "The structure of its records; without one it keeps keys only."
    )
    records = Rows(RecordSection, "What it holds.", load_default=list)


class RunSection(Section):
    """A past execution: the blueprint is run at that moment."""

    at = Moment("When it started.", required=True)
    inputs = Free("The scenario's inputs.")
    bundle = Value("What the scenario's trigger received: a bundle, or a list of them.")
    manual = Flag("Whether somebody ran it, or it started by itself.", load_default=True)


class ScenarioSection(Section):
    """A scenario."""

    id = Id()
    name = Text("Its name; left out, that of the blueprint.")
    description = Text("What it is for.", minimum=0, maximum=10_000, load_default="")
    blueprint = Source(
        "The name of a sample, the path of a file beside the seed, or the blueprint.", required=True
    )
    scheduling = Free("When it runs, as in the API.", load_default=lambda: {"type": "on-demand"})
    folder = Reference("folder", "The folder in which it lies.")
    created = Moment("When it was made.")
    started = Moment("When it was set live.")
    active = Flag("Whether it is live.", load_default=False)
    invalid = Flag("Whether it contains errors, as after too many failures in a row.", load_default=False)
    runs = Rows(RunSection, "Its past executions.", load_default=list)


class TemplateSection(Section):
    """A template of a scenario."""

    id = Id()
    name = Text("Its name.", required=True)
    description = Text("What it is for.", minimum=0, maximum=10_000)
    language = Text("The language of its texts.", load_default="en")
    blueprint = Source(
        "The name of a sample, the path of a file beside the seed, or the blueprint.", required=True
    )
    scheduling = Free(
        "When its scenarios run.", load_default=lambda: {"type": "indefinitely", "interval": 900}
    )


class GenerateSection(Section):
    """How many things of each kind to make up. The world's seed decides what they are like."""

    connections = Whole(load_default=0, maximum=100_000)
    hooks = Whole(load_default=0, maximum=100_000)
    folders = Whole(load_default=0, maximum=100_000)
    data_stores = Whole(load_default=0, maximum=1_000)
    records = Whole(
        "Records in all, spread over the made-up data stores.", load_default=0, maximum=10_000_000
    )
    scenarios = Whole(load_default=0, maximum=1_000_000)
    executions = Whole(
        "Executions in all, spread over the made-up scenarios.", load_default=0, maximum=10_000_000
    )


class TeamSection(Section):
    """A team with all that belongs to it."""

    id = Id()
    name = Text("Its name.", required=True)
    members = Rows(
        TeamMemberSection, "Who belongs to it besides the organization's owner.", load_default=list
    )
    variables = Rows(VariableSection, "Custom variables of the team.", load_default=list)
    connections = Rows(ConnectionSection, "Connections to apps.", load_default=list)
    hooks = Rows(HookSection, "Webhooks and mailhooks.", load_default=list)
    functions = Rows(FunctionSection, "Custom functions.", load_default=list)
    folders = Rows(FolderSection, "Folders of scenarios.", load_default=list)
    data_structures = Rows(DataStructureSection, "Structures of records.", load_default=list)
    data_stores = Rows(DataStoreSection, "Data stores.", load_default=list)
    scenarios = Rows(ScenarioSection, "Scenarios.", load_default=list)
    templates = Rows(TemplateSection, "Templates.", load_default=list)
    generate = Part(GenerateSection, "How many things to make up.")


class LicenseSection(Section):
    """What an organization may do otherwise than its plan says. The names are those of the API."""

    api_limit = Whole("Requests a minute.", minimum=1)
    operations = Whole("Operations a month.")
    transfer = Whole("Bytes a month.")
    teams = Whole("How many teams it may have.")
    scenarios = Whole("How many scenarios may be live.")
    interval = Whole("The least minutes between two runs.", minimum=1)
    execution_time = Whole("The most minutes that a run may take.", minimum=1)
    retention = Whole("For how many days logs are kept.", minimum=1)
    dslimit = Whole("How many data stores it may have.")
    dsslimit = Whole("How many bytes its data stores may hold.")
    dlq_storage = Whole("How many bytes of incomplete executions are kept.")
    webhook_log_retention_days = Whole("For how many days the logs of hooks are kept.", minimum=1)
    fulltext = Flag("Whether executions can be searched.")
    creating_templates = Flag("Whether templates can be made.")
    custom_variables = Flag("Whether there are custom variables.")
    custom_functions = Flag("Whether teams have functions of their own.")


class OrganizationSection(Section):
    """An organization with its teams."""

    id = Id()
    name = Text("Its name.", required=True)
    plan = OneOf("What the organization pays for.", tuple(PLANS), load_default="enterprise")
    license = Part(LicenseSection, "What it may do otherwise than its plan says.", load_default=dict)
    zone = zone("Where it lives, e.g. eu1.")
    owner = Reference("user", "Who owns it; left out, the first user.")
    created = Moment("When it was founded.")
    country_id = Whole("The country, as in the API.", minimum=1, load_default=59)
    timezone_id = Timezone("The time zone, as in the API.", minimum=1, load_default=113)
    members = Rows(OrganizationMemberSection, "Who belongs to it besides its owner.", load_default=list)
    variables = Rows(VariableSection, "Custom variables of the organization.", load_default=list)
    teams = Rows(TeamSection, "Its teams.", load_default=list)


class SeedSection(Section):
    """What a world starts with."""

    users = Rows(UserSection, "The users; left out, there is one.", least=1)
    tokens = Rows(TokenSection, "The keys to the API; left out, there is one that opens everything.", least=1)
    organizations = Rows(OrganizationSection, "The organizations.", required=True, least=1)


SEED = SeedSection()
