/** Shapes of the control API's JSON. The reference is docs/reference/control-api.md of the repository. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

export type Plan = 'free' | 'core' | 'pro' | 'teams' | 'enterprise';

/** A zone, such as `eu1` or `eu1.make.com`. */
export type Zone = string;

/** Name of a seed that comes with the emulator, or a seed itself. */
export type Seed = string | JsonObject;

export interface Health {
  status: 'ok';
  version: string;
}

export interface Readiness {
  status: 'ready' | 'starting';
  version: string;
}

// --- worlds --------------------------------------------------------------------------------------

export interface WorldSettings {
  /** False: tokens may not read single items, or write. */
  apiAccess: boolean;
  blueprintChangeStops: boolean;
  filteredUserAgents: boolean;
  inactiveHooks: string;
  runInactive: boolean;
  unknownModules: 'accept' | 'warn' | 'refuse';
  /** Output of a module that nothing scripts: mock data, or a failure. */
  unmatched: 'mock' | 'fail';
}

export interface NewWorld extends Partial<WorldSettings> {
  name?: string;
  seed?: Seed;
  /** Number from which ids and mock data follow. */
  worldSeed?: number;
  plan?: Plan;
  zone?: Zone;
  /** Initial time, ISO 8601. */
  now?: string;
  /** False: requests a minute are not limited. */
  rateLimit?: boolean;
}

export interface WorldChange extends Partial<WorldSettings> {
  rateLimit?: boolean;
}

/** A world; null for a team or an organization that was deleted. */
export interface WorldDescription {
  name: string;
  baseUrl: string;
  token: string;
  organizationId: number | null;
  teamId: number | null;
  userId: number;
  zone: string | null;
  plan: Plan | null;
}

export interface WorldResponse {
  world: WorldDescription;
  settings: WorldSettings & { rateLimit: boolean };
}

export interface NewToken {
  scopes: readonly string[];
  userId?: number;
  label?: string;
}

export interface Token {
  token: string;
  label: string;
  scopes: string[];
  userId: number;
}

export interface ClockState {
  /** ISO 8601. */
  now: string;
  frozen: boolean;
}

// --- faults --------------------------------------------------------------------------------------

export type FaultName = 'rate-limit' | 'unavailable' | 'failed-dependency' | 'run-timeout';
export type FaultAction = 'reset' | 'timeout' | 'truncate';

export interface NewFault {
  /** A named case; else `status` or `action`. */
  name?: FaultName;
  /** 400 to 599, with Make's body for it. */
  status?: number;
  action?: FaultAction;
  method?: string;
  /** Glob for the path without `/api/v2`, such as `/scenarios/1/*`. */
  path?: string;
  /** Only requests with this token, or the token of this label. */
  token?: string;
  /** Real milliseconds before the response, up to 60,000. */
  delayMs?: number;
  /** Applies at most so often. */
  times?: number;
  /** From 0 to 1; `seed` decides which requests. */
  probability?: number;
  seed?: number;
}

export interface Fault {
  id: number;
  name?: FaultName;
  method?: string;
  path?: string;
  token?: string;
  status?: number;
  action?: FaultAction;
  delayMs: number;
  times?: number;
  probability: number;
  seed: number;
  hits: number;
}

// --- request log ---------------------------------------------------------------------------------

/** One request of the log; secrets are masked. */
export interface RequestRow {
  id: number;
  at: string;
  method: string;
  /** Path without `/api/v2`. */
  path: string;
  query: JsonObject;
  /** 0 without a response. */
  status: number;
  /** Make's code of an error, such as `SC403`. */
  code: string | null;
  user: string | null;
  tokenLabel: string | null;
  organizationId: number | null;
  agent: string | null;
  accesses: string[];
  missing: string[];
  deniedInRun: string[];
  statement: string | null;
  /** `served`, or the reason of an error, such as `refused: scope`. */
  decision: string;
  behaviours: string[];
  sentence: string;
  /** By their names, repeated ones joined by commas; none of a call that a tool of the MCP server makes. */
  requestHeaders: Record<string, string>;
  responseHeaders: Record<string, string>;
  requestBody: Json;
  responseBody: Json;
}

export interface RequestQuery {
  method?: string;
  /** Glob for the path without `/api/v2`. */
  path?: string;
  /** Status, or a class of them such as `4xx`. */
  status?: number | string;
  /** Glob such as `refused: *`. */
  decision?: string;
  user?: string;
  agent?: string;
  /** Only requests after the one with this id. */
  since?: number;
  /** Only so many of the latest. */
  limit?: number;
}

// --- runs ----------------------------------------------------------------------------------------

export type RunStatus = 'SUCCESS' | 'WARNING' | 'ERROR';

export interface RunError {
  name: string;
  message: string;
  issues?: string[];
  hint?: string;
}

export interface Run {
  id: string;
  scenarioId: number;
  scenarioName: string;
  status: RunStatus;
  at: string;
  endsAt: string;
  operations: number;
  error: RunError | null;
  sentence: string;
}

/** A run as another one refers to it. */
export interface RunLink {
  id: string;
  scenarioId: number;
  scenarioName: string;
  status: RunStatus;
  at: string;
}

/** A run with those that it called, the one that called it, and its replays. */
export interface RunDetail extends Run {
  durationMs: number;
  calls: RunLink[];
  calledBy: RunLink | null;
  replayOf: RunLink | null;
  replays: RunLink[];
}

/** Position of a bundle among those that a module output at once. */
export interface BundleNumber {
  moduleId: number;
  number: number;
  of: number;
}

/** One operation of a module. */
export interface Step {
  cycle: number;
  moduleId: number;
  module: string;
  /** Counts the operations of the module. */
  operation: number;
  /** 1 if it was billed as one. */
  operations: number;
  bundle: BundleNumber | null;
  input: Json;
  output: Json[];
  error: RunError | null;
  /** Id of the run of another scenario that it started. */
  called: string | null;
  sentence: string;
}

/** One evaluated condition of a filter: the sides as they are mapped, and their values. */
export interface Condition {
  a: Json;
  o: string;
  b: Json;
  left: Json;
  right: Json;
  holds: boolean;
  hint?: string;
}

interface DecisionBase {
  /** Number of the step after it, counted from 0. */
  step: number;
  cycle: number;
  moduleId: number;
  bundle: BundleNumber | null;
  sentence: string;
}

export interface FilterDecision extends DecisionBase {
  event: 'filter';
  name: string;
  passed: boolean;
  conditions: Condition[][];
}

export interface RouteDecision extends DecisionBase {
  event: 'route';
  number: number | null;
  fallback: boolean;
}

export interface BranchDecision extends DecisionBase {
  event: 'branch';
  number: number | null;
  hint?: string;
}

export interface HandlerDecision extends DecisionBase {
  event: 'handler';
  error: string;
}

export interface ErrorHandledDecision extends DecisionBase {
  event: 'error handled';
  by: string;
}

/** Decision about a bundle between two steps; `event` says of which kind. */
export type Decision = FilterDecision | RouteDecision | BranchDecision | HandlerDecision | ErrorHandledDecision;

export interface Trace {
  steps: Step[];
  decisions: Decision[];
  /** All events, a sentence each. */
  story: string[];
  /** Numbers of those that were not kept, because there were too many. */
  leftOut: { steps: number; decisions: number };
  /** Inputs and outputs of the run, and the response to the caller of its webhook. */
  run: { inputs: Json; outputs: Json; response: { status: number; body: Json } | null };
}

// --- modules -------------------------------------------------------------------------------------

export interface NewModuleScript {
  /** The bundle that it outputs, or a list of them. */
  output?: JsonObject | readonly JsonObject[];
  error?: { name: string; message?: string };
  /** Only the next so many operations. */
  times?: number;
  /** Duration that each operation takes longer, in the time of the world. */
  durationMs?: number;
}

export interface ModuleScript {
  module: string;
  output?: Json[];
  error?: { name: string; message: string };
  durationMs: number;
  timesLeft?: number;
  hits: number;
}

export interface ModuleField {
  name: string;
  type?: string;
  required?: boolean;
  options?: Json;
  spec?: Json;
}

export interface NewDeclaredModule {
  /** Versions that exist; none for any. */
  versions?: readonly number[];
  /** Such as `action`, `search` or `trigger-instant`. */
  kind?: string;
  connection?: { parameter?: string; types?: readonly string[] };
  parameters?: readonly ModuleField[];
  mapper?: readonly ModuleField[];
  output?: readonly ModuleField[];
}

export interface DeclaredModule {
  name: string;
  versions: number[];
  kind: string;
  connection: { parameter: string; types: string[] } | null;
  parameters: Json[];
  mapper: Json[];
  output: Json[];
}

export interface KnownApp {
  name: string;
  label: string;
  versions: number[];
  completeVersions: number[];
  /** Number of its known modules. */
  modules: number;
}

export interface KnownModule {
  name: string;
  kind: string;
  versions: number[];
  support: 'interpreted' | 'simulated';
  trust: string;
}

export interface KnownAppDetails {
  name: string;
  label: string;
  versions: number[];
  completeVersions: number[];
  connectionTypes: string[];
  modules: KnownModule[];
}

export interface KnownModuleDetails extends KnownModule {
  details: JsonObject[];
  /** Fields that the engine reads; none of a simulated module. */
  interpretedFields: { name: string; type: string; required: boolean }[];
}

// --- external services ---------------------------------------------------------------------------

export interface NewHttpRule {
  /** Glob such as `https://api.example.com/*`; it may leave out the query. */
  url: string;
  method?: string;
  status?: number;
  headers?: { [name: string]: string | string[] };
  /** JSON or text. */
  body?: Json;
  /** Bodies of all pages, for modules that page. */
  pages?: readonly Json[];
  times?: number;
  /** Duration in the time of the world. */
  delayMs?: number;
  error?: 'timeout' | 'connection';
}

export interface HeaderPair {
  name: string;
  value: string;
}

export interface HttpRule {
  id: number;
  method?: string;
  url: string;
  status?: number;
  headers?: HeaderPair[];
  body?: Json;
  pages?: Json[];
  error?: string;
  delayMs: number;
  timesLeft?: number;
  hits: number;
}

/** Request that an HTTP module sent, or would have sent; secrets are masked. */
export interface SentRequest {
  id: number;
  at: string;
  scenarioId: number;
  executionId: string;
  moduleId: number;
  module: string;
  method: string;
  url: string;
  headers: HeaderPair[];
  body: Json;
  size: number;
  answeredBy: 'rule' | 'network' | 'simulation' | 'nothing';
  ruleId: number | null;
  status: number | null;
  pages: number;
  error: string | null;
}

export interface Mail {
  id: number;
  at: string;
  scenarioId: number;
  executionId: string;
  moduleId: number;
  module: string;
  from: string | null;
  to: string[];
  cc: string[];
  bcc: string[];
  replyTo: string | null;
  subject: string;
  html: string | null;
  text: string | null;
  attachments: { name: string; size: number }[];
  headers: HeaderPair[];
}

// --- agents, connections, credentials ------------------------------------------------------------

export type Grant = 'off' | 'read' | 'write' | 'run' | 'full';

/** Grants by resource, such as `{ scenarios: 'read', 'scenarios/1': ['read', 'run'] }`. */
export type Grants = { [resource: string]: Grant | Grant[] };

export interface NewAgent {
  allow: Grants;
  /** `check`: modules of the runs that it starts need its grants too. */
  runs?: 'check' | 'trust';
  /** Text or label of a token of the world. */
  token?: string;
  /** Id or name of an OAuth client of the world. */
  oauthClient?: string;
  userId?: number;
}

export interface AgentSummary {
  name: string;
  oauthClient: string | null;
  runs: 'check' | 'trust';
  allow: Grants;
}

export interface Agent extends AgentSummary {
  /** Null for an agent with an OAuth client alone. */
  token: string | null;
}

export type ConnectionOutcome = 'ok' | 'invalid' | 'crash' | 'timeout';

export interface ConnectionResult {
  id: number;
  name: string;
  verify: ConnectionOutcome;
  message: string | null;
}

export interface Credential {
  id: string;
  component: string;
  type: string;
  name: string;
  label: string | null;
  state: string;
  remoteId: number | null;
}

export interface CredentialRequest {
  id: string;
  name: string;
  teamId: number;
  status: string;
  credentials: Credential[];
}

export interface NewOAuthClient {
  name: string;
  redirectUris?: readonly string[];
  scopes?: readonly string[];
  public?: boolean;
  allowLoopback?: boolean;
  autoApprove?: boolean;
  rotateRefreshTokens?: boolean;
}

export interface OAuthClient {
  id: string;
  name: string;
  redirectUris: string[];
  scopes: string[];
  public: boolean;
  dynamic: boolean;
  allowLoopback: boolean;
  autoApprove: boolean;
  rotateRefreshTokens: boolean;
}

export interface OAuthClientWithSecret extends OAuthClient {
  /** Null for a public client. */
  secret: string | null;
}

/** Authorization request that waits for consent. */
export interface OAuthRequest {
  id: number;
  clientId: string;
  clientName: string;
  dynamic: boolean;
  redirectUri: string;
  scopes: string[];
  state: string | null;
  resource: string | null;
}

// --- toolboxes -----------------------------------------------------------------------------------

export interface ToolboxTool {
  scenarioId: number;
  label?: string;
  description?: string;
  readOnly?: boolean;
}

export interface NewToolbox {
  name: string;
  tools?: readonly (number | ToolboxTool)[];
  teamId?: number;
}

export interface ToolboxKey {
  label: string;
  key: string;
}

/** A data store as one looks at it. */
export interface StoredData {
  id: number;
  name: string;
  teamId: number;
  teamName: string;
  records: number;
  size: number;
  maxSize: number;
}

export interface StoredRecord {
  key: string;
  data: JsonObject;
}

/** Method of a call of the API. */
export type ApiMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A call of the emulated API that leaves no trace in the request log. */
export interface UnloggedCall {
  method: ApiMethod;
  /** Path with its query, below `/api/v2`. */
  path: string;
  body?: Json;
}

/** Custom variable of a team or an organization. */
export interface OwnedVariable {
  owner: 'team' | 'organization';
  ownerId: number;
  name: string;
  typeId: number;
  value: Json;
}

export interface Toolbox {
  id: number;
  uuid: string;
  name: string;
  teamId: number;
  path: string;
  tools: { id: number; scenarioId: number; label: string; description: string; readOnly: boolean }[];
  keys: ToolboxKey[];
}

// --- checkpoints ---------------------------------------------------------------------------------

export interface CheckpointDescription {
  name: string;
  at: string;
}

export type ChangeId = number | string | Json[];

export interface ChangeSummary {
  kind: string;
  id: ChangeId;
  change: 'created' | 'changed' | 'deleted';
  name?: string | null;
}

export interface Change extends ChangeSummary {
  before?: JsonObject | null;
  after?: JsonObject | null;
}

export interface Changes {
  checkpoint: CheckpointDescription;
  changes: Change[];
  counts: { [kind: string]: { [change: string]: number } };
}

// --- blueprints ----------------------------------------------------------------------------------

export type Blueprint = JsonObject | string;

export interface LintRequest {
  /** Object, or its JSON text; without one, that of the scenario. */
  blueprint?: Blueprint;
  scheduling?: JsonObject;
  scenarioId?: number;
  /** Ids of rules that are switched off. */
  ignore?: readonly string[];
  /** World whose team and plan count. */
  world?: string;
  teamId?: number;
}

export interface PatchOperation {
  op: string;
  path: string;
  value?: Json;
  from?: string;
}

export interface Finding {
  rule: string;
  severity: 'error' | 'warning' | 'info';
  moduleId?: number;
  path: string;
  line?: number;
  message: string;
  suggestion?: string;
  patch?: PatchOperation[];
  schedulingPatch?: PatchOperation[];
}

export interface RunOutcome {
  status: string;
  bundles: number;
  error?: string;
}

export interface Mended {
  blueprint: JsonObject;
  scheduling?: JsonObject;
  patch: PatchOperation[];
  schedulingPatch?: PatchOperation[];
  repairs: (Finding & { run?: { before: RunOutcome; after: RunOutcome } })[];
  /** Findings that stay. */
  findings: (Finding & { reason: string })[];
  run: { before: RunOutcome; after: RunOutcome };
}

export interface BlueprintImport {
  files: readonly { name: string; document: Blueprint }[];
  teamId?: number;
  activate?: boolean;
}

export interface ImportResult {
  scenarios: {
    file: string;
    scenarioId: number;
    name: string;
    active: boolean;
    inactiveReason: string | null;
    findings: Finding[];
  }[];
  stubs: { kind: string; id: number | string; note: string; url?: string }[];
  rejected: { file: string; message: string; hint: string | null; findings: Finding[] }[];
}

// --- scenarios -----------------------------------------------------------------------------------

/** A run in the list of its scenario. */
export interface ScenarioRunRow {
  id: string;
  status: RunStatus | 'RUNNING';
  at: string;
  operations: number;
  durationMs: number;
}

/** A scenario with its state and its last runs, the latest first. */
export interface ScenarioRow {
  id: number;
  name: string;
  teamId: number;
  type: string;
  state: 'active' | 'inactive' | 'paused' | 'invalid';
  scheduling: JsonObject;
  nextRun: string | null;
  apps: string[];
  runs: ScenarioRunRow[];
}

/** A scenario with its blueprint, interface and hook. */
export interface ScenarioDetails extends ScenarioRow {
  description: string;
  blueprint: JsonObject;
  version: number;
  inputs: JsonObject[];
  outputs: JsonObject[];
  hook: { id: number; name: string; type: string; address: string } | null;
  warnings: string[];
  incompleteExecutions: { id: string; reason: string; attempts: number }[];
}

/** What changes with a world: the last request of its log, its time if that is frozen, and a number of its state. */
export interface WorldState {
  request: number;
  state: number;
  frozen: boolean;
  now: string | null;
}

// --- drawings ------------------------------------------------------------------------------------

export interface DrawnModule {
  index: number;
  id: number | string | null;
  module: string;
  app: string;
  title: string;
  kind: string;
  path: Json[];
  disabled: boolean;
  x: number;
  y: number;
  colour: string;
  initials: string;
  lines: string[];
  subtitle: string;
  tooltip: string;
}

export interface DrawnEdge {
  source: number;
  target: number;
  kind: string;
  filtered: boolean;
  disabled: boolean;
  filter: string;
  /** Path of SVG. */
  d: string;
  label: string;
  labelX: number;
  labelY: number;
  endX: number;
}

/** Drawing of a blueprint: its modules and edges with their places. */
export interface Drawing {
  name: string;
  left: number;
  top: number;
  width: number;
  height: number;
  radius: number;
  nodes: DrawnModule[];
  edges: DrawnEdge[];
}

export interface DrawingMark {
  tone: string;
  badge: string;
  title: string;
}

/** What a run reached of a drawing. */
export interface DrawingMarks {
  nodes: (DrawingMark & { index: number })[];
  edges: (DrawingMark & { source: number; target: number })[];
}

// --- reports -------------------------------------------------------------------------------------

export interface Coverage {
  endpoints: {
    method: string;
    path: string;
    core: number[];
    calls: number;
    statuses: { [statusClass: string]: number };
  }[];
  /** Endpoints that were not called, such as `GET /scenarios`. */
  missing: string[];
  totals: { core: { called: number; of: number }; all: { called: number; of: number } };
}

export interface TokenAccess {
  label: string;
  userId: number;
  user: string;
  calls: number;
  granted: string[];
  used: string[];
  neverUsed: string[];
  /** Scopes that it was refused for. */
  refused: string[];
  /** Minimum scopes. */
  least: string[];
  refusedForScope: { endpoint: string; scopes: string[]; times: number }[];
  refusedForRole: { endpoint: string; permissions: string[]; times: number }[];
}

/** Session with the MCP server in the request log; without an id for the requests of one caller to the stateless transport. */
export interface McpSession {
  id: string | null;
  /** What the client said of itself, usually `name` and `version`. */
  client: JsonObject | null;
  protocolVersion: string | null;
  user: string;
  tokenLabel: string | null;
  agent: string | null;
  startedAt: string;
  lastAt: string;
  state: 'open' | 'ended' | null;
  /** Ids of its requests in the log. */
  requests: number[];
  calls: { tool: string | null; isError: boolean; at: string; request: number }[];
}

export interface Provenance {
  /** Behaviours of the fidelity ledger that the responses rest on, the weakest first. */
  behaviours: { id: string; status: 'observed' | 'documented' | 'assumed'; responses: number }[];
  totals: { observed: number; documented: number; assumed: number };
}
