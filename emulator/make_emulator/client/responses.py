"""Types of what the control API returns: rows of the request log, faults, runs, reports. Editors complete their keys.

A key that is not required is left out where there is nothing to say. Values that are JSON of the code under test are ``Any``.
"""

# Annotations are evaluated here: as texts they would hide from run-time tools which keys are required.
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from ..http.faults import FaultAction, FaultName
from ..json_types import JsonObject
from ..module_catalogue import ModuleKind

RunStatus: TypeAlias = Literal["SUCCESS", "WARNING", "ERROR"]
"""Status with which a run ends."""

Severity: TypeAlias = Literal["error", "warning", "info"]
"""Severity of a finding of lint."""

Evidence: TypeAlias = Literal["observed", "documented", "assumed"]
"""Evidence of a behaviour in the fidelity ledger."""


# --- requests ------------------------------------------------------------------------------------


class RequestRow(TypedDict):
    """Request that a world received, with its decision and a sentence; secrets are masked."""

    id: int
    at: str
    method: str
    path: str
    query: dict[str, str | list[str]]
    status: int
    code: str | None
    user: str | None
    tokenLabel: str | None
    organizationId: int | None
    agent: str | None
    accesses: list[str]
    missing: list[str]
    deniedInRun: list[str]
    statement: str | None
    decision: str
    behaviours: list[str]
    sentence: str
    requestHeaders: dict[str, str]
    responseHeaders: dict[str, str]
    requestBody: Any
    responseBody: Any


class Fault(TypedDict):
    """Rule that makes requests fail, with the number of its matches."""

    id: int
    name: NotRequired[FaultName]
    method: NotRequired[str]
    path: NotRequired[str]
    token: NotRequired[str]
    status: NotRequired[int]
    action: NotRequired[FaultAction]
    delayMs: int
    times: NotRequired[int]
    probability: float
    seed: int
    hits: int


# --- runs ----------------------------------------------------------------------------------------


class CauseModule(TypedDict):
    """Module that caused the error of a run."""

    name: str
    appName: str | None


class RunError(TypedDict):
    """Error in the response to a run."""

    name: str
    message: str
    causeModule: NotRequired[CauseModule]


class RunResult(TypedDict):
    """Response to a run; ``status`` is 1 for success, 2 for a warning, 3 for an error, of a responsive run only."""

    executionId: str
    statusUrl: NotRequired[str]
    status: NotRequired[Literal[1, 2, 3]]
    outputs: NotRequired[dict[str, Any]]
    error: NotRequired[RunError]


class ModuleErrorRow(TypedDict):
    """Error of a module, with the issues of its input and a hint."""

    name: str
    message: str
    issues: NotRequired[list[str]]
    hint: NotRequired[str]


class ExecutionRow(TypedDict):
    """Run of a scenario."""

    id: str
    scenarioId: int
    scenarioName: str
    status: RunStatus
    at: str
    endsAt: str
    operations: int
    error: ModuleErrorRow | None
    sentence: str


class BundleRow(TypedDict):
    """Position of a bundle among those that a module output at once."""

    moduleId: int
    number: int
    of: int


class StepRow(TypedDict):
    """Operation of a module in a run."""

    cycle: int
    moduleId: int
    module: str
    operation: int
    operations: int
    bundle: BundleRow | None
    input: Any
    output: list[Any]
    error: ModuleErrorRow | None
    called: str | None
    sentence: str


# --- modules -------------------------------------------------------------------------------------


class ScriptError(TypedDict):
    """Error that a scripted module fails with."""

    name: str
    message: str


class ModuleScript(TypedDict):
    """Script of a module, with the number of operations that had it."""

    module: str
    output: NotRequired[list[dict[str, Any]]]
    error: NotRequired[ScriptError]
    durationMs: int
    timesLeft: NotRequired[int]
    hits: int


class ModuleConnection(TypedDict):
    """Connection that a declared module needs."""

    parameter: str
    types: list[str]


class DeclaredModule(TypedDict):
    """Module that a world declares."""

    name: str
    versions: list[int]
    kind: ModuleKind
    connection: ModuleConnection | None
    parameters: list[JsonObject]
    mapper: list[JsonObject]
    output: list[JsonObject]


# --- external services ---------------------------------------------------------------------------


class Header(TypedDict):
    """Header of a request, a response or a mail."""

    name: str
    value: str


class HttpRule(TypedDict):
    """Response to requests of HTTP modules, with the number of its matches."""

    id: int
    method: NotRequired[str]
    url: str
    status: NotRequired[int]
    headers: NotRequired[list[Header]]
    body: NotRequired[Any]
    pages: NotRequired[list[Any]]
    error: NotRequired[Literal["timeout", "connection"]]
    delayMs: int
    timesLeft: NotRequired[int]
    hits: int


class SentRequest(TypedDict):
    """Request that an HTTP module sent, or would have sent; secrets are masked."""

    id: int
    at: str
    scenarioId: int
    executionId: str
    moduleId: int
    module: str
    method: str
    url: str
    headers: list[Header]
    body: Any
    size: int
    answeredBy: Literal["rule", "network", "simulation", "nothing"]
    ruleId: int | None
    status: int | None
    pages: int
    error: str | None


class Attachment(TypedDict):
    """Attachment of a mail."""

    name: str
    size: int


_MailSender = TypedDict("_MailSender", {"from": str | None})


class Mail(_MailSender, TypedDict):
    """Mail that a module sent. It was not delivered."""

    id: int
    at: str
    scenarioId: int
    executionId: str
    moduleId: int
    module: str
    to: list[str]
    cc: list[str]
    bcc: list[str]
    replyTo: str | None
    subject: str
    html: str | None
    text: str | None
    attachments: list[Attachment]
    headers: list[Header]


# --- reports -------------------------------------------------------------------------------------


class ScopeRefusal(TypedDict):
    """Endpoint that refused a token for missing scopes."""

    endpoint: str
    scopes: list[str]
    times: int


class RoleRefusal(TypedDict):
    """Endpoint that refused a token for missing permissions of its user's role."""

    endpoint: str
    permissions: list[str]
    times: int


class TokenAccess(TypedDict):
    """Access of one token: the scopes granted, used, never used and missing, and the minimum."""

    label: str
    userId: int
    user: str | None
    calls: int
    granted: list[str]
    used: list[str]
    neverUsed: list[str]
    refused: list[str]
    least: list[str]
    refusedForScope: list[ScopeRefusal]
    refusedForRole: list[RoleRefusal]


class BehaviourRow(TypedDict):
    """Behaviour of the fidelity ledger, with the number of responses that rest on it."""

    id: str
    status: Evidence
    responses: int


class EvidenceTotals(TypedDict):
    """Numbers of behaviours by their evidence."""

    observed: int
    documented: int
    assumed: int


class McpToolCall(TypedDict):
    """Call of a tool in an MCP session."""

    tool: str | None
    isError: bool
    at: str
    request: int


class McpSessionRow(TypedDict):
    """MCP session in the request log; without an id for the requests of one caller to the stateless transport."""

    id: str | None
    client: dict[str, Any] | None
    protocolVersion: str | None
    user: str
    tokenLabel: str | None
    agent: str | None
    startedAt: str
    lastAt: str
    state: Literal["open", "ended"] | None
    requests: list[int]
    calls: list[McpToolCall]


class ProvenanceReport(TypedDict):
    """Behaviours that the responses of a world rest on."""

    behaviours: list[BehaviourRow]
    totals: EvidenceTotals


class EndpointCoverage(TypedDict):
    """Calls of one endpoint, by class of status such as ``2xx``."""

    method: str
    path: str
    core: list[int]
    calls: int
    statuses: dict[str, int]


class CoverageCount(TypedDict):
    """Number of endpoints that were called, of how many."""

    called: int
    of: int


class CoverageTotals(TypedDict):
    """Coverage of the vendor's documented core of routes, and of all."""

    core: CoverageCount
    all: CoverageCount


class CoverageReport(TypedDict):
    """Endpoints of the API that a world's clients called, and those that they did not."""

    endpoints: list[EndpointCoverage]
    missing: list[str]
    totals: CoverageTotals


# --- blueprints ----------------------------------------------------------------------------------


class Finding(TypedDict):
    """Finding of lint on a blueprint."""

    rule: str
    severity: Severity
    moduleId: NotRequired[int]
    path: str
    line: NotRequired[int]
    message: str
    suggestion: NotRequired[str]
    patch: NotRequired[list[JsonObject]]
    schedulingPatch: NotRequired[list[JsonObject]]


class RemainingFinding(Finding):
    """Finding that stays after the repairs, and the reason."""

    reason: str


class TrialRun(TypedDict):
    """Run of a blueprint without a server; ``status`` is also ``REFUSED``, of a blueprint that cannot run."""

    status: str
    bundles: int
    error: NotRequired[str]


class TrialRuns(TypedDict):
    """Runs of a blueprint before and after repairs."""

    before: TrialRun
    after: TrialRun


class Repair(Finding):
    """Repair of a finding, with the runs before and after it."""

    run: TrialRuns
    others: NotRequired[int]


class MendResult(TypedDict):
    """Repaired blueprint, with its repairs as JSON Patch and the findings that stay."""

    blueprint: JsonObject
    scheduling: NotRequired[JsonObject]
    patch: list[JsonObject]
    schedulingPatch: NotRequired[list[JsonObject]]
    repairs: list[Repair]
    findings: list[RemainingFinding]
    run: TrialRuns


class ImportedScenario(TypedDict):
    """Scenario that an exported blueprint became; ``inactiveReason`` says why it could not be activated."""

    file: str
    scenarioId: int
    name: str
    active: bool
    inactiveReason: str | None
    findings: list[Finding]


class Stub(TypedDict):
    """Stub of a connection, hook or data store that an imported blueprint refers to; hooks have a URL."""

    kind: str
    id: int
    note: str
    url: NotRequired[str]


class RejectedFile(TypedDict):
    """File that became no scenario."""

    file: str
    message: str
    hint: str | None
    findings: list[Finding]


class ImportResult(TypedDict):
    """Result of an import of blueprints."""

    scenarios: list[ImportedScenario]
    stubs: list[Stub]
    rejected: list[RejectedFile]


# --- checkpoints ---------------------------------------------------------------------------------


class UndoneChange(TypedDict):
    """Resource that was created, changed or deleted, without its fields."""

    kind: str
    id: Any
    change: Literal["created", "changed", "deleted"]
    name: NotRequired[str]


class Change(UndoneChange):
    """Resource that was created, changed or deleted, with its fields before and after; of a changed one those that differ."""

    before: NotRequired[JsonObject]
    after: NotRequired[JsonObject]


# --- authorization -------------------------------------------------------------------------------


class OAuthClientRow(TypedDict):
    """OAuth client of a world, without its secret."""

    id: str
    name: str
    redirectUris: list[str]
    scopes: list[str]
    public: bool
    dynamic: bool
    allowLoopback: bool
    autoApprove: bool
    rotateRefreshTokens: bool


class AuthorizationRequestRow(TypedDict):
    """Authorization request that waits for consent."""

    id: int
    clientId: str
    clientName: str
    dynamic: bool
    redirectUri: str
    scopes: list[str]
    state: str | None
    resource: str | None


class TokenResponse(TypedDict):
    """Response of the token endpoint; ``id_token`` with the scope ``openid``, ``scope`` if it differs from the requested one."""

    access_token: str
    token_type: str
    expires_in: int
    scope: NotRequired[str]
    refresh_token: NotRequired[str]
    id_token: NotRequired[str]


class CredentialRow(TypedDict):
    """Credential of a credential request."""

    id: str
    component: Literal["account", "keychain"]
    type: str
    name: str
    label: str
    state: str
    remoteId: int | None


class CredentialRequestRow(TypedDict):
    """Credential request of a team."""

    id: str
    name: str
    teamId: int
    status: str
    credentials: list[CredentialRow]
