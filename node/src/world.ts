/** One isolated Make on a running emulator. */

import type { ControlClient } from './control.js';
import { WorldExecution } from './execution.js';
import { WorldHttp, WorldOutbox } from './external-services.js';
import { WorldRequests } from './requests.js';
import type {
  Agent,
  ApiMethod,
  Blueprint,
  ChangeId,
  Changes,
  ChangeSummary,
  ClockState,
  ConnectionOutcome,
  Coverage,
  CredentialRequest,
  DeclaredModule,
  Fault,
  Finding,
  Grants,
  ImportResult,
  Json,
  JsonObject,
  LintRequest,
  McpSession,
  Mended,
  ModuleScript,
  NewAgent,
  NewDeclaredModule,
  NewFault,
  NewModuleScript,
  NewOAuthClient,
  NewToolbox,
  OAuthClient,
  OAuthClientWithSecret,
  OAuthRequest,
  Plan,
  Provenance,
  Run,
  RunStatus,
  Step,
  TokenAccess,
  Toolbox,
  ToolboxKey,
  WorldChange,
  WorldDescription,
} from './types.js';
import { WorldClient } from './world-client.js';

/** Length of a time; its parts are added up. */
export interface Duration {
  seconds?: number;
  minutes?: number;
  hours?: number;
  days?: number;
}

/** Clock of a world. None of its methods waits for real time to pass. */
export class WorldClock {
  readonly #client: WorldClient;

  constructor(client: WorldClient) {
    this.#client = client;
  }

  /** Returns the time, ISO 8601, and whether the clock is frozen. */
  async get(): Promise<ClockState> {
    return this.#client.call('GET /worlds/{name}/clock');
  }

  async set(now: string | Date): Promise<ClockState> {
    return this.#client.call('PATCH /worlds/{name}/clock', { body: { now: isoTime(now) } });
  }

  /** Freezes the clock, at its current time or another one. */
  async freeze(at?: string | Date): Promise<ClockState> {
    const body = at === undefined ? { frozen: true } : { now: isoTime(at), frozen: true };
    return this.#client.call('PATCH /worlds/{name}/clock', { body });
  }

  /** Lets the clock run, from its current time. */
  async unfreeze(): Promise<ClockState> {
    return this.#client.call('PATCH /worlds/{name}/clock', { body: { frozen: false } });
  }

  /** Advances the clock, by seconds or a duration; what was due in between has happened by the next request. */
  async advance(time: number | Duration): Promise<ClockState> {
    const { seconds = 0, minutes = 0, hours = 0, days = 0 } = typeof time === 'number' ? { seconds: time } : time;
    const total = seconds + 60 * (minutes + 60 * (hours + 24 * days));
    return this.#client.call('POST /worlds/{name}/clock/advance', { body: { seconds: total } });
  }
}

/** Rules that make the API of a world fail; the first one that matches a request applies. */
export class WorldFaults {
  readonly #client: WorldClient;

  constructor(client: WorldClient) {
    this.#client = client;
  }

  async add(fault: NewFault): Promise<Fault> {
    return (await this.#client.call('POST /worlds/{name}/faults', { body: fault })).fault;
  }

  /** Returns the rules in the order in which they were added, with their numbers of matches. */
  async all(): Promise<Fault[]> {
    return (await this.#client.call('GET /worlds/{name}/faults')).faults;
  }

  async clear(): Promise<void> {
    await this.#client.call('DELETE /worlds/{name}/faults');
  }
}

/** Scripts of modules: their outputs, errors and durations in every run of the world. */
export class WorldModules {
  readonly #client: WorldClient;

  constructor(client: WorldClient) {
    this.#client = client;
  }

  /** Scripts a module such as `slack:CreateMessage`, in place of an earlier script of it; an error may be its name alone. */
  async script(
    module: string,
    script: Omit<NewModuleScript, 'error'> & { error?: string | NonNullable<NewModuleScript['error']> },
  ): Promise<ModuleScript> {
    const { error, ...rest } = script;
    const body: NewModuleScript =
      error === undefined ? rest : { ...rest, error: typeof error === 'string' ? { name: error } : error };
    return (await this.#client.call('PUT /worlds/{name}/modules/{module}', { path: { module }, body })).module;
  }

  /** Returns the scripts, with their numbers of uses. */
  async all(): Promise<ModuleScript[]> {
    return (await this.#client.call('GET /worlds/{name}/modules')).modules;
  }

  /** Returns the script of a module. */
  async get(module: string): Promise<ModuleScript> {
    return (await this.#client.call('GET /worlds/{name}/modules/{module}', { path: { module } })).module;
  }

  /** Removes the script of a module, or all scripts. */
  async clear(module?: string): Promise<void> {
    if (module === undefined) {
      await this.#client.call('DELETE /worlds/{name}/modules');
    } else {
      await this.#client.call('DELETE /worlds/{name}/modules/{module}', { path: { module } });
    }
  }

  /** Declares a module of an organization's own app, or another one that the catalogue does not know. */
  async declare(module: string, declaration: NewDeclaredModule = {}): Promise<DeclaredModule> {
    const options = { path: { module }, body: declaration };
    return (await this.#client.call('PUT /worlds/{name}/declared-modules/{module}', options)).module;
  }

  async declared(): Promise<DeclaredModule[]> {
    return (await this.#client.call('GET /worlds/{name}/declared-modules')).modules;
  }

  /** Withdraws the declaration of a module; scenarios that have it stay. */
  async withdraw(module: string): Promise<void> {
    await this.#client.call('DELETE /worlds/{name}/declared-modules/{module}', { path: { module } });
  }
}

/** Agents of a world, and their grants. */
export class WorldAgents {
  readonly #client: WorldClient;

  constructor(client: WorldClient) {
    this.#client = client;
  }

  /** Creates an agent, or replaces the grants of the one of that name. */
  async create(name: string, allow: Grants, options: Omit<NewAgent, 'allow'> = {}): Promise<Agent> {
    const call = { path: { agent: name }, body: { allow, ...options } };
    return (await this.#client.call('PUT /worlds/{name}/agents/{agent}', call)).agent;
  }

  async get(name: string): Promise<Agent> {
    return (await this.#client.call('GET /worlds/{name}/agents/{agent}', { path: { agent: name } })).agent;
  }

  /** Returns the names and the grants of the agents. */
  async all(): Promise<Omit<Agent, 'token'>[]> {
    return (await this.#client.call('GET /worlds/{name}/agents')).agents;
  }

  /** Deletes an agent with the tokens that it made; its own token stays, without limits. */
  async delete(name: string): Promise<void> {
    await this.#client.call('DELETE /worlds/{name}/agents/{agent}', { path: { agent: name } });
  }
}

/** OAuth clients of a world, and the authorization requests that wait for consent. */
export class WorldOAuth {
  readonly #client: WorldClient;

  constructor(client: WorldClient) {
    this.#client = client;
  }

  /** Creates a client; only this response shows its secret. */
  async createClient(client: NewOAuthClient): Promise<OAuthClientWithSecret> {
    return (await this.#client.call('POST /worlds/{name}/oauth/clients', { body: client })).client;
  }

  async clients(): Promise<OAuthClient[]> {
    return (await this.#client.call('GET /worlds/{name}/oauth/clients')).clients;
  }

  async requests(): Promise<OAuthRequest[]> {
    return (await this.#client.call('GET /worlds/{name}/oauth/requests')).requests;
  }

  /** Opens the URL of the authorization endpoint as a browser does, without a page. */
  async open(url: string): Promise<OAuthRequest> {
    return (await this.#client.call('POST /worlds/{name}/oauth/requests', { body: { url } })).request;
  }

  /** Approves a request as a user; returns the redirect to the client, with the code. */
  async approve(
    request: number | OAuthRequest,
    consent: { userId?: number; organizationId?: number; scopes?: readonly string[] } = {},
  ): Promise<string> {
    const call = { path: { id: idOf(request) }, body: consent };
    return (await this.#client.call('POST /worlds/{name}/oauth/requests/{id}/approve', call)).redirectTo;
  }

  /** Refuses a request as a user; returns the redirect to the client, with the error. */
  async refuse(request: number | OAuthRequest): Promise<string> {
    const call = { path: { id: idOf(request) } };
    return (await this.#client.call('POST /worlds/{name}/oauth/requests/{id}/refuse', call)).redirectTo;
  }
}

/** MCP toolboxes of a world. */
export class WorldToolboxes {
  readonly #client: WorldClient;

  constructor(client: WorldClient) {
    this.#client = client;
  }

  /** Creates a toolbox with its first key. */
  async create(toolbox: NewToolbox): Promise<Toolbox> {
    return (await this.#client.call('POST /worlds/{name}/toolboxes', { body: toolbox })).toolbox;
  }

  async all(): Promise<Toolbox[]> {
    return (await this.#client.call('GET /worlds/{name}/toolboxes')).toolboxes;
  }

  async createKey(id: number, label?: string): Promise<ToolboxKey> {
    const call = { path: { id }, body: label === undefined ? {} : { label } };
    return (await this.#client.call('POST /worlds/{name}/toolboxes/{id}/keys', call)).key;
  }

  async delete(id: number): Promise<void> {
    await this.#client.call('DELETE /worlds/{name}/toolboxes/{id}', { path: { id } });
  }
}

/** Named state of a world, held by the emulator until a reset. */
export class WorldCheckpoint {
  readonly #client: WorldClient;

  constructor(
    client: WorldClient,
    readonly name: string,
    readonly at: string,
  ) {
    this.#client = client;
  }

  /** Returns what was created, changed and deleted since; secrets are masked, executions and logs are counted. */
  async changes(): Promise<Changes> {
    const path = { checkpoint: this.name };
    return this.#client.call('GET /worlds/{name}/checkpoints/{checkpoint}/changes', { path });
  }

  /** Undoes all changes since but those of clock and request log, or one of them. */
  async undo(change?: { kind: string; id: ChangeId }): Promise<ChangeSummary[]> {
    const call = { path: { checkpoint: this.name }, body: change === undefined ? {} : { kind: change.kind, id: change.id } };
    return (await this.#client.call('POST /worlds/{name}/checkpoints/{checkpoint}/undo', call)).undone;
  }
}

/** Response of the API to a run. */
export interface RunResponse {
  executionId: string;
  /** Of a responsive run. */
  status?: number | string;
  outputs?: JsonObject;
}

/** Isolated Make on a running emulator: its address, token, clock, request log and more. */
export class World {
  readonly name: string;
  /** Base URL of the API, such as `http://127.0.0.1:4747/api/v2`. */
  readonly baseUrl: string;
  /** Host and port, the zone for clients that take one. */
  readonly host: string;
  /** `http` or `https`. */
  readonly protocol: 'http' | 'https';
  /** First token; assign another one to use it. */
  token: string;
  readonly organizationId: number;
  readonly teamId: number;
  readonly userId: number;
  readonly zone: string;
  readonly plan: Plan;

  readonly clock: WorldClock;
  readonly requests: WorldRequests;
  readonly faults: WorldFaults;
  readonly modules: WorldModules;
  /** Mock external services. */
  readonly http: WorldHttp;
  readonly outbox: WorldOutbox;
  readonly agents: WorldAgents;
  readonly oauth: WorldOAuth;
  readonly toolboxes: WorldToolboxes;

  readonly #client: WorldClient;
  #ownToken: string;

  constructor(control: ControlClient, description: WorldDescription) {
    const client = new WorldClient(control, description.name);
    this.#client = client;
    this.name = description.name;
    // By the address of the client: that which the server has of itself is another one behind a proxy, or in a container.
    this.baseUrl = `${control.url}/api/v2`;
    this.host = new URL(control.url).host;
    this.protocol = control.url.startsWith('https:') ? 'https' : 'http';
    this.token = this.#ownToken = description.token;
    this.organizationId = description.organizationId ?? 0;
    this.teamId = description.teamId ?? 0;
    this.userId = description.userId;
    this.zone = description.zone ?? '';
    this.plan = description.plan ?? 'free';
    this.clock = new WorldClock(client);
    this.requests = new WorldRequests(client);
    this.faults = new WorldFaults(client);
    this.modules = new WorldModules(client);
    this.http = new WorldHttp(client);
    this.outbox = new WorldOutbox(client);
    this.agents = new WorldAgents(client);
    this.oauth = new WorldOAuth(client);
    this.toolboxes = new WorldToolboxes(client);
  }

  /** Authorization header with the token of the world. */
  get headers(): { Authorization: string } {
    return { Authorization: `Token ${this.token}` };
  }

  /** Environment variables that clients of Make read. */
  get env(): { [name: string]: string } {
    return {
      MAKE_API_KEY: this.token,
      MAKE_ZONE: this.host,
      MAKE_BASE_URL: this.baseUrl,
      MAKE_TEAM: String(this.teamId),
      MAKE_ORGANIZATION: String(this.organizationId),
    };
  }

  /** Sends a request to the API of the world with its token; the path is without `/api/v2`. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has('Authorization')) {
      headers.set('Authorization', this.headers.Authorization);
    }
    if (typeof init.body === 'string' && !headers.has('Content-Type')) {
      headers.set('Content-Type', 'application/json');
    }
    return fetch(`${this.baseUrl}/${path.replace(/^\/+/, '')}`, { ...init, headers });
  }

  /**
   * Runs an active scenario now, with the first token of the world.
   *
   * @throws ControlError if the API responds with an error.
   */
  async run(
    scenarioId: number,
    inputs?: JsonObject,
    { responsive = true }: { responsive?: boolean } = {},
  ): Promise<RunResponse> {
    const body = inputs === undefined ? { responsive } : { responsive, data: inputs };
    const response = await this.#client.control.api('POST', `/scenarios/${scenarioId}/run`, this.#ownToken, body);
    return response as unknown as RunResponse;
  }

  /** Posts a payload to a webhook, as an external service does: JSON, or a text as it is. */
  async receive(hookId: number, payload: unknown): Promise<{ status: number; text: string }> {
    const response = await this.#client.control.api('GET', `/hooks/${hookId}`, this.#ownToken);
    const { udid } = response['hook'] as { udid: string };
    return this.#client.control.request('POST', `/hook/${udid}`, payload);
  }

  /** Advances the clock: what was due in between has happened by the next request. */
  async advance(time: number | Duration): Promise<void> {
    await this.clock.advance(time);
  }

  /** Returns the latest runs, the latest first; secrets are masked. */
  async executions(filter: { status?: RunStatus; limit?: number } = {}): Promise<Run[]> {
    return (await this.#client.call('GET /worlds/{name}/executions', { query: filter })).executions;
  }

  /** Returns the trace of a run: its steps and the decisions of filters, routers and error handlers, with assertions. */
  async execution(id: string): Promise<WorldExecution> {
    const trace = await this.#client.call('GET /worlds/{name}/executions/{execution}/steps', { path: { execution: id } });
    return new WorldExecution(id, trace);
  }

  /** Returns the operations of a run in order, with input, output and error; secrets are masked. */
  async steps(executionId: string): Promise<Step[]> {
    return [...(await this.execution(executionId)).steps];
  }

  /** Creates another token, with exactly these scopes. */
  async createToken(scopes: readonly string[], options: { userId?: number; label?: string } = {}): Promise<string> {
    return (await this.#client.call('POST /worlds/{name}/tokens', { body: { scopes, ...options } })).token;
  }

  /** Creates scenarios of exported blueprints, with stubs of what they refer to. */
  async importBlueprints(
    files: { readonly [name: string]: Blueprint },
    options: { teamId?: number; activate?: boolean } = {},
  ): Promise<ImportResult> {
    const body = { files: Object.entries(files).map(([name, document]) => ({ name, document })), ...options };
    return this.#client.call('POST /worlds/{name}/import', { body });
  }

  /** Returns the findings of lint on a blueprint, or on that of a scenario: what the team has and its plan count. */
  async lint(request: Omit<LintRequest, 'world'>): Promise<Finding[]> {
    const body = { ...request, world: this.name };
    return (await this.#client.control.call('POST /lint', { body })).findings;
  }

  /** Returns a blueprint, or that of a scenario, with its obvious repairs; the scenario stays as it is. */
  async mend(request: Omit<LintRequest, 'world'>): Promise<Mended> {
    return this.#client.control.call('POST /mend', { body: { ...request, world: this.name } });
  }

  /** Returns the drawing of a scenario as SVG; `execution` marks what a run of it reached. */
  async draw(scenarioId: number, options: { execution?: string } = {}): Promise<string> {
    const query = { ...options, format: 'svg' as const };
    const call = { path: { scenario_id: scenarioId }, query };
    return this.#client.text('GET /worlds/{name}/scenarios/{scenario_id}/drawing', call);
  }

  /** Sets the result of a test of a connection, and of runs with it; `ok` also authorizes it. */
  async scriptConnection(id: number, verify: ConnectionOutcome, message?: string): Promise<void> {
    const body = message === undefined ? { verify } : { verify, message };
    await this.#client.call('PUT /worlds/{name}/connections/{id}', { path: { id }, body });
  }

  async credentialRequests(): Promise<CredentialRequest[]> {
    return (await this.#client.call('GET /worlds/{name}/credential-requests')).credentialRequests;
  }

  /** Authorizes the pending credentials of a request, which creates its connections and keys. */
  async approveCredentialRequest(id: string, data?: { [credential: string]: JsonObject }): Promise<CredentialRequest> {
    const call = { path: { id }, body: data === undefined ? {} : { data } };
    return (await this.#client.call('POST /worlds/{name}/credential-requests/{id}/approve', call)).credentialRequest;
  }

  /** Creates a checkpoint of the present state, whose changes can be listed and undone. */
  async checkpoint(name: string): Promise<WorldCheckpoint> {
    const { checkpoint } = await this.#client.call('POST /worlds/{name}/checkpoints', { body: { name } });
    return new WorldCheckpoint(this.#client, checkpoint.name, checkpoint.at);
  }

  async checkpoints(): Promise<WorldCheckpoint[]> {
    const { checkpoints } = await this.#client.call('GET /worlds/{name}/checkpoints');
    return checkpoints.map(({ name, at }) => new WorldCheckpoint(this.#client, name, at));
  }

  /** Returns the state of the world as one JSON document, secrets included unless `redact` is set. */
  async snapshot(options: { redact?: boolean } = {}): Promise<JsonObject> {
    return this.#client.call('GET /worlds/{name}/snapshot', { query: options });
  }

  /**
   * Restores a snapshot, including its clock, tokens and next ids.
   *
   * With `copy` tokens, hooks and OAuth clients get names of their own, so that the world of the snapshot stays beside it.
   *
   * @throws ControlError if it cannot be restored; the world is unchanged then.
   */
  async restore(snapshot: JsonObject, options: { copy?: boolean } = {}): Promise<void> {
    const call = { body: snapshot, query: options };
    this.#update((await this.#client.call('PUT /worlds/{name}/snapshot', call)).world);
  }

  /** Changes settings; a reset returns to those of its creation. */
  async changeSettings(settings: WorldChange): Promise<void> {
    await this.#client.call('PATCH /worlds/{name}', { body: settings });
  }

  /** Returns for each token the scopes granted, used, never used and missing, and the minimum scopes. */
  async accessReport(): Promise<TokenAccess[]> {
    return (await this.#client.call('GET /worlds/{name}/access-report')).tokens;
  }

  /** Returns the calls of each endpoint by class of status, and the endpoints that were not called. */
  async coverage(): Promise<Coverage> {
    return this.#client.call('GET /worlds/{name}/coverage');
  }

  /** Returns the MCP sessions in the request log, the latest first, with the tools that they called. */
  async mcpSessions(): Promise<McpSession[]> {
    return (await this.#client.call('GET /worlds/{name}/mcp-sessions')).sessions;
  }

  /** Returns the behaviours of the fidelity ledger that the responses rest on, the weakest first. */
  async provenance(): Promise<Provenance> {
    return this.#client.call('GET /worlds/{name}/provenance');
  }

  /**
   * Calls the API as an owner of what the path names, without a trace in the request log, its counts, rate limit and faults: for
   * the preparation of a test. The path, with its query, is without `/api/v2`; returns the JSON of the response.
   */
  async callUnlogged(method: ApiMethod, path: string, body?: Json): Promise<Json> {
    const call = { method, path, ...(body !== undefined && { body }) };
    return this.#client.call('POST /worlds/{name}/unlogged-calls', { body: call });
  }

  /** Resets the world to its seed. */
  async reset(): Promise<void> {
    this.#update((await this.#client.call('POST /worlds/{name}/reset')).world);
  }

  /** Deletes the world; its tokens are unknown from then on. */
  async delete(): Promise<void> {
    await this.#client.call('DELETE /worlds/{name}');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.delete();
  }

  #update(description: WorldDescription): void {
    // A token with few scopes that a test has set stays set.
    if (this.token === this.#ownToken) {
      this.token = description.token;
    }
    this.#ownToken = description.token;
  }
}

function idOf(request: number | OAuthRequest): number {
  return typeof request === 'number' ? request : request.id;
}

function isoTime(time: string | Date): string {
  return typeof time === 'string' ? time : time.toISOString();
}
