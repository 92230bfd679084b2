// Calls of the control API and, with the token of a world, of the emulated API.

import type { Decision as AnyDecision, Drawing, DrawingMarks, Json, JsonObject, RequestRow, RunDetail, ScenarioDetails, ScenarioRunRow, WorldDescription } from "../../node/src/types";

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

/** Calls the emulated API without a trace in the request log, which is that of the clients under test; `path` begins after `/api/v2`. */
export async function make<T>(world: World, path: string, options: { method?: string; body?: unknown } = {}): Promise<T> {
  const call = { method: options.method ?? "GET", path, ...(options.body !== undefined && { body: options.body }) };
  return control<T>(`${worldPath(world.name)}/unlogged-calls`, { method: "POST", body: call });
}

/** Calls the emulated API as a client does, with the token of a world: the request log has it. */
export async function makeAsClient<T>(world: World, path: string, options: CallOptions = {}): Promise<T> {
  return read<T>(await send(`/api/v2${path}`, { ...options, headers: { ...options.headers, Authorization: `Token ${world.token}` } }));
}

export const worldPath = (name: string): string => `/worlds/${encodeURIComponent(name)}`;

// --- what the control API returns -------------------------------------------------------------------

export type { BundleNumber, Condition, Drawing, DrawnEdge, Finding, Json, JsonObject, McpSession, OwnedVariable, RunLink, ScenarioRow, Step, StoredData, StoredRecord, Trace } from "../../node/src/types";

export type World = WorldDescription;
export type RunRow = ScenarioRunRow;
/** A run with those that it called, and the one that called it. */
export type Run = RunDetail;
export type LogRow = RequestRow;
export type DrawnNode = Drawing["nodes"][number];
export type NodeMark = DrawingMarks["nodes"][number];
export type EdgeMark = DrawingMarks["edges"][number];

type NamesOf<Union> = Union extends unknown ? keyof Union : never;
type ValueOf<Union, Name extends PropertyKey> = Union extends unknown ? (Name extends keyof Union ? Union[Name] : never) : never;

/** A decision, with what only one kind of them has. */
export type Decision = Pick<AnyDecision, keyof AnyDecision> & {
  [Name in Exclude<NamesOf<AnyDecision>, keyof AnyDecision>]?: ValueOf<AnyDecision, Name>;
};

/** An input or an output of a scenario, as its blueprint declares it. */
export type FieldSpec = JsonObject & {
  name: string;
  type?: string;
  label?: string;
  help?: string;
  required?: boolean;
  default?: Json;
  multiline?: boolean;
};

export type Scenario = Omit<ScenarioDetails, "inputs" | "outputs"> & { inputs: FieldSpec[]; outputs: FieldSpec[] };

export interface DrawingResponse {
  drawing: Drawing;
  marks?: DrawingMarks;
}
