"""What a world is made of: frozen rows, named in Make's own words.

Times are milliseconds since the epoch, sizes are bytes. Values of type ``Json`` are never changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Any
"""Whatever JSON can say; treated as immutable once it is part of a row."""

Fields = Sequence[Mapping[str, Json]]
"""A specification of fields: ``[{"name", "type", "required"?, "default"?, …}]``."""

Headers = tuple[tuple[str, str], ...]
"""Headers of HTTP or of a mail: name and value, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """What an organization's plan allows. Field names and figures: see `emulator.world.plans`."""

    apps: tuple[str, ...] = ()
    users: int
    teams: int
    scenarios: int
    dslimit: int
    dsslimit: int
    fslimit: int
    iolimit: int
    api_limit: int
    interval: int
    priority: str
    transfer: int
    retention: int
    dlq_storage: int
    operations: int
    execution_time: int
    webhook_log_retention_days: int
    fulltext: bool
    creating_templates: bool
    custom_functions: bool
    custom_variables: bool
    custom_properties: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    id: int
    name: str
    zone: str
    plan: str
    license: License
    country_id: int
    timezone_id: int
    created: int
    last_reset: int
    next_reset: int
    #: How many months passed since it was created: resets fall on the day of creation.
    months: int = 0
    is_paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    id: int
    name: str
    organization_id: int
    operations_limit: int | None = None
    transfer_limit: int | None = None
    is_paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    id: int
    name: str
    email: str
    language: str = "en"
    timezone_id: int
    locale_id: int
    country_id: int
    avatar: str
    last_login: int
    is_admin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationMember:
    """That a user belongs to an organization, and as what."""

    user_id: int
    organization_id: int
    role_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMember:
    """That a user belongs to a team, and as what."""

    user_id: int
    team_id: int
    role_id: int
    changeable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A key to the API. Its text is a secret: it is neither shown by ``repr`` nor written to any log."""

    token: str = field(repr=False)
    label: str
    user_id: int
    scopes: frozenset[str]
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    id: int
    name: str
    team_id: int
    parent_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario without its blueprint, which lives in `BlueprintVersion`."""

    id: int
    name: str
    team_id: int
    folder_id: int | None = None
    description: str = ""
    concept: bool = False
    is_active: bool = False
    is_invalid: bool = False
    is_locked: bool = False
    is_paused: bool = False
    scheduling: Mapping[str, Json]
    blueprint_version: int
    hook_id: int | None = None
    used_packages: tuple[str, ...]
    used_modules: tuple[Mapping[str, str], ...]
    based_on: str | None = None
    created: int
    last_edit: int
    created_by: int
    updated_by: int | None
    next_exec: int | None = None
    errors_in_a_row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueprintVersion:
    """One state of a scenario's blueprint, with the inputs and outputs that the scenario had then."""

    scenario_id: int
    version: int
    created: int
    draft: bool = False
    blueprint: Mapping[str, Json]
    id_sequence: int
    input_spec: Fields = ()
    output_spec: Fields = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionError:
    """Why a run ended with an error or a warning."""

    name: str
    message: str
    module_name: str | None = None
    app_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation of one module in a run: what went in, what came out."""

    module_id: int
    module: str
    operation: int
    input: Json
    output: Sequence[Json] = ()
    error: ExecutionError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a module is to answer, or to fail with, instead of what it does by itself; see `emulator.engine.scripts`.

    ``duration`` is how many milliseconds longer each operation takes, ``left`` how many operations are still scripted
    (``None`` for all), ``hits`` how many were.
    """

    module: str
    output: Sequence[Mapping[str, Json]] | None = None
    error: ExecutionError | None = None
    duration: int = 0
    left: int | None = None
    hits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAnswer:
    """What a run answers to whoever called its webhook, and when."""

    at: int
    status: int
    body: Json = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A run of a scenario: computed at once, revealed once the clock passes ``started + duration``.

    ``status`` is 1 for success, 2 for success with warnings, 3 for failure. ``sequence`` tells apart what was
    logged in the same millisecond.
    """

    id: str
    scenario_id: int
    scenario_name: str
    team_id: int
    organization_id: int
    type: str
    author_id: int | None
    instant: bool
    started: int
    duration: int
    operations: int
    centicredits: int
    transfer: int
    status: int
    inputs: Json = None
    outputs: Json = None
    error: ExecutionError | None = None
    steps: tuple[Step, ...] = ()
    name: str | None = None
    sequence: int = 0
    respond: WebhookAnswer | None = None

    @property
    def ends(self) -> int:
        return self.started + self.duration

    @property
    def imt_id(self) -> str:
        return f"{self.started}_{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """What an instant trigger was handed, to be run once more from the start at ``due``, after so many ``attempts``."""

    id: str
    scenario_id: int
    bundle: Json
    attempts: int
    due: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IncompleteExecution:
    """A bundle that failed, with all that it takes to try the rest of its way again.

    ``failer`` is the id of the module that failed, ``bundles`` what had been put out on the way to it by module id
    (as text), and why it failed. While ``retry`` is set, it is tried again at ``next_retry``, every ``interval``
    milliseconds, until ``attempts`` reaches ``most_attempts``.
    """

    id: str
    scenario_id: int
    team_id: int
    execution_id: str
    reason: str
    created: int
    index: int
    blueprint: Mapping[str, Json]
    failer: int
    bundles: Mapping[str, Json]
    inputs: Json = None
    variables: Mapping[str, Json] = field(default_factory=dict)
    size: int
    retry: bool = False
    attempts: int = 0
    most_attempts: int = 0
    interval: int = 0
    next_retry: int | None = None
    resolved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """One attempt to complete an incomplete execution, and the run that it was."""

    incomplete_id: str
    execution: Execution

    @property
    def id(self) -> str:
        return self.execution.id

    @property
    def imt_id(self) -> str:
        """As recorded: ``1574777797796_dlq.<incomplete execution>.manual.<execution>``."""
        run = self.execution
        return f"{run.started}_dlq.{self.incomplete_id}.{run.type}.{run.id}"


@dataclass(frozen=True, slots=True)
class Consumption:
    """Operations, hundredths of credits, and bytes."""

    operations: int = 0
    centicredits: int = 0
    transfer: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioEvent:
    """Something that a person did to a scenario, kept among the logs of its runs."""

    id: str
    scenario_id: int
    type: str
    author_id: int
    at: int
    sequence: int

    @property
    def imt_id(self) -> str:
        return f"{self.at}_{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataStructure:
    id: int
    name: str
    team_id: int
    spec: Fields
    strict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DataStore:
    """A data store; ``records`` and ``size`` are kept in step with its records by `emulator.world.datastores`."""

    id: int
    name: str
    team_id: int
    datastructure_id: int | None
    max_size: int
    records: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    data_store_id: int
    key: str
    data: Mapping[str, Json]
    size: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the service behind a connection says of it: ``ok``, ``invalid``, ``crash`` or ``timeout``, and in which words."""

    outcome: str
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection to an app. Its credentials are secrets and never leave the world.

    They are ``None`` where the emulator was never told them; a ``verdict`` decides what a test of the connection
    comes to, whatever they are.
    """

    id: int
    name: str
    team_id: int
    account_name: str
    account_label: str
    account_type: str
    theme: str
    metadata: Mapping[str, Json] | None = None
    scopes: tuple[str, ...] = ()
    editable: bool = True
    author_id: int | None = None
    credentials: Mapping[str, Json] | None = field(default=None, repr=False)
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A hook: an address at which a scenario's trigger receives. Its udid is a name by which the world is found.

    ``alone_since`` is when it was made or its last scenario let go of it; `emulator.world.hooks` tells from it
    whether the hook is gone.
    """

    id: int
    name: str
    team_id: int
    udid: str
    type: str
    type_name: str
    theme: str
    data: Mapping[str, Json]
    editable: bool = True
    enabled: bool = True
    learning: bool = False
    structure: Fields = ()
    alone_since: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What a hook received and no run has taken yet. ``data`` is a bundle, or an array of them."""

    id: str
    hook_id: int
    data: Json
    size: int
    created: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HookLog:
    """One delivery to a hook, taken or refused. ``status`` is 1 for success, 3 for failure."""

    id: str
    hook_id: int
    udid: str
    parser: str
    status: int
    size: int
    logged_at: int
    imt_id: str
    sequence: int
    data: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    id: int
    name: str
    team_id: int
    description: str | None
    language: str
    used_apps: tuple[str, ...]
    blueprint: Mapping[str, Json]
    scheduling: Mapping[str, Json]
    controller: Mapping[str, Json]
    created: int
    published_id: int | None = None
    approved_id: int | None = None
    requested_approval: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicTemplate:
    """A version of a template as it was published; everybody sees it once it is approved."""

    id: int
    template_id: int | None
    name: str
    description: str | None
    language: str
    used_apps: tuple[str, ...]
    blueprint: Mapping[str, Json]
    scheduling: Mapping[str, Json]
    controller: Mapping[str, Json]
    published: int
    approved: int | None = None
    usage: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRule:
    """What a service outside is to answer to requests of scenarios; see `emulator.world.outside`.

    ``url`` is a glob, ``method`` ``None`` for any; ``body`` is JSON, or a text as it is. ``delay`` is how many
    milliseconds the answer takes, ``error`` is ``"timeout"`` or ``"connection"`` where there is none. ``left`` is how
    many requests are still answered (``None`` for all), ``hits`` how many were.
    """

    id: int = 0
    method: str | None = None
    url: str
    status: int = 200
    headers: Headers = ()
    body: Json = None
    error: str | None = None
    delay: int = 0
    left: int | None = None
    hits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request that a module sent, or would have sent; credentials of connections are masked in it.

    ``answered_by`` is ``"rule"``, ``"network"`` or, where the answer was made up, ``"simulation"``; ``error`` is the
    name of what went wrong where there was no answer. ``size`` counts the bytes of the body, of which ``body`` may
    hold a part only.
    """

    id: int = 0
    at: int
    scenario_id: int
    execution_id: str
    module_id: int
    module: str
    method: str
    url: str
    headers: Headers = ()
    body: str | None = None
    size: int = 0
    answered_by: str
    rule_id: int | None = None
    status: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came along with a mail: its name, and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that a module sent. Nobody received it: it lies in the outbox of the world."""

    id: int = 0
    at: int
    scenario_id: int
    execution_id: str
    module_id: int
    module: str
    sender: str | None = None
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: str | None = None
    subject: str = ""
    html: str | None = None
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    headers: Headers = ()
