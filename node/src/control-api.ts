/** Routes of the control API, with the types of their bodies, queries and responses. */

import type {
  Agent,
  AgentSummary,
  Blueprint,
  BlueprintImport,
  ChangeId,
  Changes,
  ChangeSummary,
  CheckpointDescription,
  ClockState,
  ConnectionOutcome,
  ConnectionResult,
  Coverage,
  CredentialRequest,
  DeclaredModule,
  Drawing,
  DrawingMarks,
  Fault,
  Finding,
  Health,
  HttpRule,
  ImportResult,
  Json,
  JsonObject,
  KnownApp,
  KnownAppDetails,
  KnownModuleDetails,
  LintRequest,
  Mail,
  McpSession,
  Mended,
  ModuleScript,
  NewAgent,
  NewDeclaredModule,
  NewFault,
  NewHttpRule,
  NewModuleScript,
  NewOAuthClient,
  NewToken,
  NewToolbox,
  NewWorld,
  OAuthClient,
  OAuthClientWithSecret,
  OAuthRequest,
  OwnedVariable,
  Provenance,
  Readiness,
  RequestQuery,
  RequestRow,
  Run,
  RunDetail,
  RunStatus,
  ScenarioDetails,
  ScenarioRow,
  SentRequest,
  StoredData,
  StoredRecord,
  Token,
  TokenAccess,
  Toolbox,
  ToolboxKey,
  Trace,
  UnloggedCall,
  WorldChange,
  WorldDescription,
  WorldResponse,
  WorldState,
} from './types.js';

interface Call {
  body?: object;
  query?: object;
  response: unknown;
}

/** A route without a body and a query. */
interface Get<Response> {
  response: Response;
}

interface With<Body, Response> {
  body: Body;
  response: Response;
}

interface Query<Parameters, Response> {
  query: Parameters;
  response: Response;
}

/** Calls of the control API by route, below `/_emulator`. */
export interface ControlApi {
  'POST /drawing': {
    body: { blueprint: Blueprint };
    query: { format?: 'json' | 'svg' };
    response: { drawing: Drawing };
  };
  'GET /health': Get<Health>;
  'GET /openapi.json': Get<JsonObject>;
  'POST /lint': With<LintRequest, { findings: Finding[] }>;
  'POST /mend': With<LintRequest, Mended>;
  'GET /modules': Query<{ world?: string }, { apps: KnownApp[] }>;
  'GET /modules/{app}': Query<{ world?: string }, { app: KnownAppDetails }>;
  'GET /modules/{app}/{module}': Query<{ world?: string }, { module: KnownModuleDetails }>;
  'GET /ready': Get<Readiness>;
  'GET /worlds': Get<{ worlds: WorldDescription[] }>;
  'POST /worlds': With<NewWorld, WorldResponse>;
  'GET /worlds/{name}': Get<WorldResponse>;
  'PATCH /worlds/{name}': With<WorldChange, WorldResponse>;
  'DELETE /worlds/{name}': Get<undefined>;
  'GET /worlds/{name}/access-report': Query<
    { format?: 'json' | 'text' | 'markdown' | 'policy' },
    { tokens: TokenAccess[] }
  >;
  'GET /worlds/{name}/agents': Get<{ agents: AgentSummary[] }>;
  'GET /worlds/{name}/agents/{agent}': Get<{ agent: Agent }>;
  'PUT /worlds/{name}/agents/{agent}': With<NewAgent, { agent: Agent }>;
  'DELETE /worlds/{name}/agents/{agent}': Get<undefined>;
  'GET /worlds/{name}/checkpoints': Get<{ checkpoints: CheckpointDescription[] }>;
  'POST /worlds/{name}/checkpoints': With<{ name: string }, { checkpoint: CheckpointDescription }>;
  'GET /worlds/{name}/checkpoints/{checkpoint}/changes': Get<Changes>;
  'POST /worlds/{name}/checkpoints/{checkpoint}/undo': With<
    { kind?: string; id?: ChangeId },
    { undone: ChangeSummary[] }
  >;
  'GET /worlds/{name}/clock': Get<ClockState>;
  'PATCH /worlds/{name}/clock': With<{ now?: string; frozen?: boolean }, ClockState>;
  'POST /worlds/{name}/clock/advance': With<{ seconds: number }, ClockState>;
  'PUT /worlds/{name}/connections/{id}': With<
    { verify: ConnectionOutcome; message?: string },
    { connection: ConnectionResult }
  >;
  'GET /worlds/{name}/coverage': Get<Coverage>;
  'GET /worlds/{name}/credential-requests': Get<{ credentialRequests: CredentialRequest[] }>;
  'POST /worlds/{name}/credential-requests/{id}/approve': With<
    { data?: { [credential: string]: JsonObject } },
    { credentialRequest: CredentialRequest }
  >;
  'GET /worlds/{name}/data-stores': Get<{ dataStores: StoredData[] }>;
  'GET /worlds/{name}/data-stores/{store_id}/records': Query<
    { q?: string; limit?: number; offset?: number },
    { records: StoredRecord[]; total: number }
  >;
  'GET /worlds/{name}/declared-modules': Get<{ modules: DeclaredModule[] }>;
  'PUT /worlds/{name}/declared-modules/{module}': With<NewDeclaredModule, { module: DeclaredModule }>;
  'DELETE /worlds/{name}/declared-modules/{module}': Get<undefined>;
  'GET /worlds/{name}/executions': Query<{ status?: RunStatus; limit?: number }, { executions: Run[] }>;
  'GET /worlds/{name}/executions/{execution}': Get<{ execution: RunDetail }>;
  'GET /worlds/{name}/executions/{execution}/steps': Get<Trace>;
  'GET /worlds/{name}/faults': Get<{ faults: Fault[] }>;
  'POST /worlds/{name}/faults': With<NewFault, { fault: Fault }>;
  'DELETE /worlds/{name}/faults': Get<undefined>;
  'POST /worlds/{name}/hooks/{hook_id}/mail': With<
    { from?: string; subject?: string; text?: string; html?: string },
    { reply: string }
  >;
  'GET /worlds/{name}/http': Get<{ rules: HttpRule[]; requests: SentRequest[] }>;
  'POST /worlds/{name}/http': With<NewHttpRule, { rule: HttpRule }>;
  'DELETE /worlds/{name}/http': Get<undefined>;
  'POST /worlds/{name}/import': With<BlueprintImport, ImportResult>;
  'GET /worlds/{name}/modules': Get<{ modules: ModuleScript[] }>;
  'DELETE /worlds/{name}/modules': Get<undefined>;
  'GET /worlds/{name}/modules/{module}': Get<{ module: ModuleScript }>;
  'PUT /worlds/{name}/modules/{module}': With<NewModuleScript, { module: ModuleScript }>;
  'DELETE /worlds/{name}/modules/{module}': Get<undefined>;
  'GET /worlds/{name}/oauth/clients': Get<{ clients: OAuthClient[] }>;
  'POST /worlds/{name}/oauth/clients': With<NewOAuthClient, { client: OAuthClientWithSecret }>;
  'GET /worlds/{name}/oauth/requests': Get<{ requests: OAuthRequest[] }>;
  'POST /worlds/{name}/oauth/requests': With<{ url: string }, { request: OAuthRequest }>;
  'POST /worlds/{name}/oauth/requests/{id}/approve': With<
    { userId?: number; organizationId?: number; scopes?: readonly string[] },
    { redirectTo: string }
  >;
  'POST /worlds/{name}/oauth/requests/{id}/refuse': Get<{ redirectTo: string }>;
  'GET /worlds/{name}/outbox': Query<{ to?: string; subject?: string }, { mails: Mail[] }>;
  'DELETE /worlds/{name}/outbox': Get<undefined>;
  'GET /worlds/{name}/mcp-sessions': Get<{ sessions: McpSession[] }>;
  'GET /worlds/{name}/provenance': Get<Provenance>;
  'GET /worlds/{name}/requests': Query<RequestQuery & { format?: 'json' | 'har' }, { requests: RequestRow[] }>;
  'DELETE /worlds/{name}/requests': Get<undefined>;
  'POST /worlds/{name}/reset': Get<WorldResponse>;
  'GET /worlds/{name}/events': Get<WorldState>;
  'GET /worlds/{name}/scenarios': Query<
    { q?: string; limit?: number; offset?: number },
    { scenarios: ScenarioRow[]; total: number }
  >;
  'GET /worlds/{name}/scenarios/{scenario_id}': Query<{ limit?: number }, { scenario: ScenarioDetails }>;
  'GET /worlds/{name}/scenarios/{scenario_id}/drawing': Query<
    { execution?: string; format?: 'json' | 'svg' },
    { drawing: Drawing; marks?: DrawingMarks }
  >;
  'GET /worlds/{name}/snapshot': Query<{ redact?: boolean }, JsonObject>;
  'PUT /worlds/{name}/snapshot': {
    body: JsonObject;
    query: { copy?: boolean };
    response: WorldResponse;
  };
  'GET /worlds/{name}/tokens': Get<{ tokens: Token[] }>;
  'POST /worlds/{name}/tokens': With<NewToken, Token>;
  'GET /worlds/{name}/toolboxes': Get<{ toolboxes: Toolbox[] }>;
  'POST /worlds/{name}/toolboxes': With<NewToolbox, { toolbox: Toolbox }>;
  'DELETE /worlds/{name}/toolboxes/{id}': Get<undefined>;
  'POST /worlds/{name}/toolboxes/{id}/keys': With<{ label?: string }, { key: ToolboxKey }>;
  /** A call of the emulated API that leaves no trace in the request log; the response is that of the API. */
  'POST /worlds/{name}/unlogged-calls': With<UnloggedCall, Json>;
  'GET /worlds/{name}/variables': Get<{ variables: OwnedVariable[] }>;
}

export type Route = keyof ControlApi;

/** Names in the braces of a route. */
type Names<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never;

export type PathOf<R extends Route> = { [Name in Names<R>]: string | number };
export type BodyOf<R extends Route> = ControlApi[R] extends { body: infer Body } ? Body : never;
export type QueryOf<R extends Route> = ControlApi[R] extends { query: infer Parameters } ? Parameters : never;
export type ResponseOf<R extends Route> = ControlApi[R]['response'];

type Part<Name extends string, Value> = [Value] extends [never]
  ? unknown
  : object extends Value
    ? { [Each in Name]?: Value }
    : { [Each in Name]: Value };

/** What a call of a route takes: the names in its path, its body and its query. */
export type CallOptions<R extends Route> = ([Names<R>] extends [never] ? unknown : { path: PathOf<R> }) &
  Part<'body', BodyOf<R>> &
  Part<'query', QueryOf<R>>;

/** Arguments of a call after the route; none is needed where all of them are optional. */
export type CallArguments<R extends Route> =
  object extends CallOptions<R> ? [options?: CallOptions<R>] : [options: CallOptions<R>];

/** Names of the query parameters of a route; `true` for one without any. */
type QueryNames<R extends Route> = [QueryOf<R>] extends [never] ? true : { [Name in keyof QueryOf<R>]-?: true };

/** Every route; the type keeps the list complete, that of the query parameters included. */
const ROUTES: { [R in Route]: ControlApi[R] extends Call ? QueryNames<R> : never } = {
  'POST /drawing': { format: true },
  'GET /health': true,
  'GET /openapi.json': true,
  'POST /lint': true,
  'POST /mend': true,
  'GET /modules': { world: true },
  'GET /modules/{app}': { world: true },
  'GET /modules/{app}/{module}': { world: true },
  'GET /ready': true,
  'GET /worlds': true,
  'POST /worlds': true,
  'GET /worlds/{name}': true,
  'PATCH /worlds/{name}': true,
  'DELETE /worlds/{name}': true,
  'GET /worlds/{name}/access-report': { format: true },
  'GET /worlds/{name}/agents': true,
  'GET /worlds/{name}/agents/{agent}': true,
  'PUT /worlds/{name}/agents/{agent}': true,
  'DELETE /worlds/{name}/agents/{agent}': true,
  'GET /worlds/{name}/checkpoints': true,
  'POST /worlds/{name}/checkpoints': true,
  'GET /worlds/{name}/checkpoints/{checkpoint}/changes': true,
  'POST /worlds/{name}/checkpoints/{checkpoint}/undo': true,
  'GET /worlds/{name}/clock': true,
  'PATCH /worlds/{name}/clock': true,
  'POST /worlds/{name}/clock/advance': true,
  'PUT /worlds/{name}/connections/{id}': true,
  'GET /worlds/{name}/coverage': true,
  'GET /worlds/{name}/credential-requests': true,
  'POST /worlds/{name}/credential-requests/{id}/approve': true,
  'GET /worlds/{name}/data-stores': true,
  'GET /worlds/{name}/data-stores/{store_id}/records': { q: true, limit: true, offset: true },
  'GET /worlds/{name}/declared-modules': true,
  'PUT /worlds/{name}/declared-modules/{module}': true,
  'DELETE /worlds/{name}/declared-modules/{module}': true,
  'GET /worlds/{name}/executions': { status: true, limit: true },
  'GET /worlds/{name}/executions/{execution}': true,
  'GET /worlds/{name}/executions/{execution}/steps': true,
  'GET /worlds/{name}/faults': true,
  'POST /worlds/{name}/faults': true,
  'DELETE /worlds/{name}/faults': true,
  'POST /worlds/{name}/hooks/{hook_id}/mail': true,
  'GET /worlds/{name}/http': true,
  'POST /worlds/{name}/http': true,
  'DELETE /worlds/{name}/http': true,
  'POST /worlds/{name}/import': true,
  'GET /worlds/{name}/modules': true,
  'DELETE /worlds/{name}/modules': true,
  'GET /worlds/{name}/modules/{module}': true,
  'PUT /worlds/{name}/modules/{module}': true,
  'DELETE /worlds/{name}/modules/{module}': true,
  'GET /worlds/{name}/oauth/clients': true,
  'POST /worlds/{name}/oauth/clients': true,
  'GET /worlds/{name}/oauth/requests': true,
  'POST /worlds/{name}/oauth/requests': true,
  'POST /worlds/{name}/oauth/requests/{id}/approve': true,
  'POST /worlds/{name}/oauth/requests/{id}/refuse': true,
  'GET /worlds/{name}/outbox': { to: true, subject: true },
  'DELETE /worlds/{name}/outbox': true,
  'GET /worlds/{name}/mcp-sessions': true,
  'GET /worlds/{name}/provenance': true,
  'GET /worlds/{name}/requests': {
    method: true,
    path: true,
    status: true,
    decision: true,
    user: true,
    agent: true,
    since: true,
    limit: true,
    format: true,
  },
  'DELETE /worlds/{name}/requests': true,
  'POST /worlds/{name}/reset': true,
  'GET /worlds/{name}/events': true,
  'GET /worlds/{name}/scenarios': { q: true, limit: true, offset: true },
  'GET /worlds/{name}/scenarios/{scenario_id}': { limit: true },
  'GET /worlds/{name}/scenarios/{scenario_id}/drawing': { execution: true, format: true },
  'GET /worlds/{name}/snapshot': { redact: true },
  'PUT /worlds/{name}/snapshot': { copy: true },
  'GET /worlds/{name}/tokens': true,
  'POST /worlds/{name}/tokens': true,
  'GET /worlds/{name}/toolboxes': true,
  'POST /worlds/{name}/toolboxes': true,
  'DELETE /worlds/{name}/toolboxes/{id}': true,
  'POST /worlds/{name}/toolboxes/{id}/keys': true,
  'POST /worlds/{name}/unlogged-calls': true,
  'GET /worlds/{name}/variables': true,
};

export const CONTROL_ROUTES: readonly Route[] = Object.keys(ROUTES) as Route[];

/** Names of the query parameters of a route. */
export function queryParametersOf(route: Route): string[] {
  const names = ROUTES[route];
  return names === true ? [] : Object.keys(names);
}
