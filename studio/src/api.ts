// Calls of the control API and, with the token of a world, of the emulated API.

const KEY_NAME = "make-emulator-key";

export class ApiError extends Error {
  constructor(readonly status: number, message: string, readonly details: readonly string[] = []) {
    super(message);
  }
}

export function controlKey(value?: string): string | null {
  try {
    if (value !== undefined) sessionStorage.setItem(KEY_NAME, value);
    return sessionStorage.getItem(KEY_NAME);
  } catch {
    return value ?? null;
  }
}

export function controlHeaders(): Record<string, string> {
  const key = controlKey();
  return key ? { "X-Emulator-Key": key } : {};
}

export interface CallOptions {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

async function send(url: string, options: CallOptions): Promise<Response> {
  const headers: Record<string, string> = { ...options.headers };
  const init: RequestInit = { method: options.method ?? "GET", headers, cache: "no-store" };
  if (options.body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(options.body);
  }
  try {
    return await fetch(url, init);
  } catch {
    throw new ApiError(0, "The emulator does not answer.");
  }
}

async function read<T>(response: Response): Promise<T> {
  const text = await response.text();
  let data: unknown = null;
  try {
    data = text ? JSON.parse(text) : null;
  } catch {
    data = null;
  }
  if (response.ok) return data as T;
  const body = (data ?? {}) as { detail?: string; message?: string; suberrors?: { message?: string }[] };
  const details = (body.suberrors ?? []).map((each) => (typeof each === "string" ? each : (each.message ?? ""))).filter(Boolean);
  const why = response.headers.get("X-Emulator-Why");
  throw new ApiError(response.status, body.detail ?? body.message ?? `The server responded ${response.status}.`, why ? [...details, why] : details);
}

/** Calls the control API; `path` begins after `/_emulator`. */
export async function control<T>(path: string, options: CallOptions = {}): Promise<T> {
  return read<T>(await send(`/_emulator${path}`, { ...options, headers: { ...options.headers, ...controlHeaders() } }));
}

/** Calls the emulated API with the token of a world; `path` begins after `/api/v2`. */
export async function make<T>(world: World, path: string, options: CallOptions = {}): Promise<T> {
  return read<T>(await send(`/api/v2${path}`, { ...options, headers: { ...options.headers, Authorization: `Token ${world.token}` } }));
}

export const worldPath = (name: string): string => `/worlds/${encodeURIComponent(name)}`;

// --- what the control API returns -------------------------------------------------------------------

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export interface World {
  name: string;
  baseUrl: string;
  token: string;
  organizationId: number | null;
  teamId: number | null;
  userId: number;
  zone: string | null;
  plan: string | null;
}

export interface RunRow {
  id: string;
  status: string;
  at: string;
  operations: number;
  durationMs: number;
}

export interface RunLink {
  id: string;
  scenarioId: number;
  scenarioName: string;
  status: string;
  at: string;
}

/** A run with those that it called, and the one that called it. */
export interface Run extends RunLink {
  operations: number;
  durationMs: number;
  error: { name: string; message: string; hint?: string; issues?: string[] } | null;
  calls: RunLink[];
  calledBy: RunLink | null;
  replayOf: RunLink | null;
  replays: RunLink[];
}

export interface ScenarioRow {
  id: number;
  name: string;
  teamId: number;
  type: string;
  state: "active" | "inactive" | "paused" | "invalid";
  scheduling: { [name: string]: Json };
  nextRun: string | null;
  apps: string[];
  runs: RunRow[];
}

export interface FieldSpec {
  name: string;
  type?: string;
  label?: string;
  help?: string;
  required?: boolean;
  default?: Json;
  multiline?: boolean;
}

export interface Scenario extends ScenarioRow {
  description: string;
  blueprint: { [name: string]: Json };
  version: number;
  inputs: FieldSpec[];
  outputs: FieldSpec[];
  hook: { id: number; name: string; type: string; address: string } | null;
  warnings: string[];
  incompleteExecutions: { id: string; reason: string; attempts: number }[];
}

export type Tone = "" | "good" | "warn" | "bad" | "off";

export interface DrawnNode {
  index: number;
  id: number | null;
  module: string;
  app: string;
  title: string;
  kind: string;
  path: (string | number)[];
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
  d: string;
  label: string;
  labelX: number;
  labelY: number;
  endX: number;
}

export interface Drawing {
  name: string;
  left: number;
  top: number;
  width: number;
  height: number;
  radius: number;
  nodes: DrawnNode[];
  edges: DrawnEdge[];
}

export interface NodeMark {
  index: number;
  tone: Tone;
  badge: string;
  title: string;
}

export interface EdgeMark {
  source: number;
  target: number;
  tone: Tone;
  title: string;
}

export interface DrawingResponse {
  drawing: Drawing;
  marks?: { nodes: NodeMark[]; edges: EdgeMark[] };
}

export interface BundleNumber {
  moduleId: number;
  number: number;
  of: number;
}

export interface Step {
  cycle: number;
  moduleId: number;
  module: string;
  operation: number;
  operations: number;
  bundle: BundleNumber | null;
  input: Json;
  output: Json[];
  error: { name: string; message: string; hint?: string; issues?: string[] } | null;
  called: string | null;
  sentence: string;
}

export interface Condition {
  a: Json;
  o: string;
  b: Json;
  left: Json;
  right: Json;
  holds: boolean;
  hint?: string;
}

export interface Decision {
  step: number;
  event: string;
  cycle: number;
  moduleId: number;
  bundle: BundleNumber | null;
  sentence: string;
  name?: string;
  passed?: boolean;
  conditions?: Condition[][];
  number?: number | null;
  fallback?: boolean;
}

export interface Trace {
  steps: Step[];
  decisions: Decision[];
  story: string[];
  leftOut: { steps: number; decisions: number };
}

export interface Finding {
  rule: string;
  severity: "error" | "warning" | "info";
  moduleId?: number;
  path: string;
  message: string;
  suggestion?: string;
}

export interface LogRow {
  id: number;
  at: string;
  method: string;
  path: string;
  query: { [name: string]: Json } | string;
  status: number;
  code: string | null;
  user: string | null;
  tokenLabel: string | null;
  organizationId: number | null;
  agent: string | null;
  missing: string[];
  decision: string;
  sentence: string;
  statement: string | null;
  behaviours: string[];
  requestHeaders: { [name: string]: string };
  responseHeaders: { [name: string]: string };
  requestBody: Json;
  responseBody: Json;
}
