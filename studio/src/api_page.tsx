// The routes of the emulated API, each with a form that sends it to the world: parameters, body and token; and what it responds.

import { useEffect, useMemo, useState } from "preact/hooks";

import type { Json, World } from "./api";
import { href, useAction, useControl } from "./hooks";
import { JsonTree } from "./json_tree";
import { CopyButton, Empty, Headers, parseJson, Problem, Tabs } from "./parts";
import { snippet, SNIPPETS, type Snippet } from "./snippets";

interface Schema {
  type?: string | string[];
  enum?: Json[];
  items?: Schema;
  default?: Json;
  minimum?: number;
  maximum?: number;
}

interface Parameter {
  name: string;
  in: "path" | "query";
  required: boolean;
  schema: Schema;
  example?: Json;
}

interface Described {
  operationId: string;
  summary: string;
  tags: string[];
  parameters: Parameter[];
  "x-scopes": string[];
  requestBody?: { required: boolean; content: { "application/json": { schema: Schema; example?: Json } } };
}

interface Operation extends Described {
  method: string;
  path: string;
}

interface Document {
  paths: { [path: string]: { [method: string]: Described } };
}

interface Answer {
  status: number;
  milliseconds: number;
  headers: [string, string][];
  body: Json;
}

type Caller = "world" | "other" | "none";

const SHOWN_HEADERS = /^(x-|retry-after|content-type|allow|location|www-authenticate)/;

export function ApiPage({ world, operationId, refresh }: { world: World; operationId: string | null; refresh: () => void }) {
  const [text, setText] = useState("");
  const document = useControl<Document>("/openapi.json");
  const operations = useMemo(() => operationsOf(document.data), [document.data]);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = operations.filter((each) => {
    const described = [each.method, each.path, each.summary, each.operationId, ...each["x-scopes"]].join(" ").toLowerCase();
    return words.every((word) => described.includes(word));
  });
  const tags = [...new Set(shown.map((each) => each.tags[0] ?? ""))];
  const chosen = operations.find((each) => each.operationId === operationId) ?? null;

  useEffect(() => {
    if (chosen !== null) globalThis.document.querySelector(".log-row.current")?.scrollIntoView({ block: "nearest" });
  }, [chosen !== null]);

  return (
    <main class="page">
      <div class="row head">
        <h1>API</h1>
        <span class="grow" />
        <input type="search" placeholder="Path, method or scope" aria-label="Search in the routes" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <a href="/_emulator/docs">All routes on one page</a>
        <a href="/_emulator/openapi.json">OpenAPI</a>
      </div>
      <Problem error={document.error} />
      <div class={`split routes ${chosen ? "chosen" : ""}`}>
        <nav class="card scroll" aria-label="Routes">
          {document.data !== null && shown.length === 0 && <Empty>No route matches.</Empty>}
          {tags.map((tag) => (
            <section key={tag}>
              <h3>{tag}</h3>
              <ul class="log">
                {shown
                  .filter((each) => each.tags[0] === tag)
                  .map((each) => (
                    <li key={each.operationId}>
                      <a
                        class={`plain log-row ${each === chosen ? "current" : ""}`}
                        href={href("w", world.name, "api", each.operationId)}
                        aria-current={each === chosen ? "page" : undefined}
                        title={each.summary}
                      >
                        <b class={each.method}>{each.method}</b> <span class="anywhere">{each.path}</span>
                      </a>
                    </li>
                  ))}
              </ul>
            </section>
          ))}
        </nav>
        <section class="card side" aria-label="Route">
          {chosen ? (
            <OperationForm key={chosen.operationId} world={world} operation={chosen} refresh={refresh} />
          ) : operationId === null ? (
            <Empty>Choose a route.</Empty>
          ) : (
            document.data !== null && <Empty>There is no route of this name.</Empty>
          )}
        </section>
      </div>
    </main>
  );
}

function operationsOf(document: Document | null): Operation[] {
  return Object.entries(document?.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({ ...described, path, method: method.toUpperCase() })),
  );
}

/** The ids of the world stand for those of the example. */
function idsOf(world: World): Record<string, Json> {
  return Object.fromEntries(Object.entries({ teamId: world.teamId, organizationId: world.organizationId, belongerId: world.organizationId, userId: world.userId }).filter(([, id]) => id !== null));
}

function initialValue(parameter: Parameter, world: World): string {
  const id = idsOf(world)[parameter.name];
  if (parameter.in === "path") return String(id ?? (typeOf(parameter.schema) === "integer" ? 1 : ""));
  if (parameter.example === undefined) return "";
  return String(id ?? parameter.example);
}

function initialBody(operation: Operation, world: World): string {
  const example = operation.requestBody?.content["application/json"].example;
  if (example === null || typeof example !== "object" || Array.isArray(example)) return "";
  const ids = idsOf(world);
  return JSON.stringify(Object.fromEntries(Object.entries(example).map(([name, value]) => [name, ids[name] ?? value])), null, 2);
}

const typeOf = (schema: Schema): string => (Array.isArray(schema.type) ? schema.type.filter((each) => each !== "null").join(" or ") : (schema.type ?? (schema.enum ? "string" : "any")));

function OperationForm({ world, operation, refresh }: { world: World; operation: Operation; refresh: () => void }) {
  const [values, setValues] = useState<Record<string, string>>(() => Object.fromEntries(operation.parameters.map((each) => [each.name, initialValue(each, world)])));
  const [body, setBody] = useState(() => initialBody(operation, world));
  const [caller, setCaller] = useState<Caller>("world");
  const [token, setToken] = useState("");
  const [sure, setSure] = useState(false);
  const [kind, setKind] = useState<Snippet>("curl");
  const [answer, setAnswer] = useState<Answer | null>(null);
  const action = useAction();
  const takesBody = operation.requestBody !== undefined;
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
  const query = queryOf(operation.parameters, values);
  const missing = operation.parameters.filter((each) => each.in === "path" && !values[each.name]);

  const send = () =>
    action.run(async () => {
      const content = takesBody && body.trim() ? parseJson(body, "The body") : undefined;
      setAnswer(null);
      setAnswer(await call(operation.method, `/api/v2${path}${query && `?${query}`}`, content, { world: world.token, other: token, none: "" }[caller]));
      setSure(false);
      refresh();
    });
  const submit = (event: Event) => {
    event.preventDefault();
    if (operation.method === "DELETE" && !sure) setSure(true);
    else void send();
  };

  return (
    <>
      <a class="back" href={href("w", world.name, "api")}>
        ← Routes
      </a>
      <h2>
        <b class={operation.method}>{operation.method}</b> <span class="anywhere">{operation.path}</span>
      </h2>
      <p>{operation.summary}</p>
      <div class="chips">
        {operation["x-scopes"].map((scope) => (
          <span key={scope} class="chip">
            {scope}
          </span>
        ))}
        {operation["x-scopes"].length === 0 && <span class="soft">no scope needed</span>}
      </div>
      <form onSubmit={submit}>
        {(["path", "query"] as const).map((place) => {
          const parameters = operation.parameters.filter((each) => each.in === place);
          if (parameters.length === 0) return null;
          return (
            <fieldset key={place}>
              <legend>{place === "path" ? "Path" : "Query"}</legend>
              {parameters.map((each) => (
                <ParameterField key={each.name} parameter={each} value={values[each.name] ?? ""} onChange={(value) => setValues({ ...values, [each.name]: value })} />
              ))}
            </fieldset>
          );
        })}
        {takesBody && (
          <label class="field">
            Body{operation.requestBody?.required && <Required />}
            <textarea class="code" rows={rowsOf(body)} spellcheck={false} value={body} onInput={(event) => setBody(event.currentTarget.value)} />
          </label>
        )}
        <div class="row">
          <select aria-label="Caller" value={caller} onChange={(event) => setCaller(event.currentTarget.value as Caller)}>
            <option value="world">with the token of the world</option>
            <option value="other">with another token</option>
            <option value="none">without a token</option>
          </select>
          {caller === "other" && <input class="grow" aria-label="Token" autocomplete="off" placeholder="Token" value={token} onInput={(event) => setToken(event.currentTarget.value)} />}
          <span class="grow" />
          <button type="submit" class={sure ? "danger" : "primary"} disabled={action.busy || missing.length > 0} title={missing.length > 0 ? `${missing[0]?.name} is missing` : undefined}>
            {sure ? "Delete it" : "Send"}
          </button>
        </div>
      </form>
      <Problem error={action.error} />
      {answer && <AnswerView world={world} answer={answer} />}
      <h3>As code</h3>
      <div class="row">
        <Tabs names={SNIPPETS} current={kind} onSelect={setKind} label="Language" />
        <span class="grow" />
        <CopyButton text={() => snippet(kind, { method: operation.method, path, query, requestBody: sentBody(takesBody ? body : "") }, world)} />
      </div>
      <pre class="code">{snippet(kind, { method: operation.method, path, query, requestBody: sentBody(takesBody ? body : "") }, world)}</pre>
    </>
  );
}

/** Lines that a text takes, long ones wrapped. */
function rowsOf(text: string): number {
  const rows = text.split("\n").reduce((count, line) => count + Math.max(1, Math.ceil(line.length / 80)), 1);
  return Math.min(20, Math.max(4, rows));
}

function Required() {
  return (
    <span class="bad" title="required">
      *
    </span>
  );
}

function ParameterField({ parameter, value, onChange }: { parameter: Parameter; value: string; onChange: (value: string) => void }) {
  const schema = parameter.schema;
  const options = schema.enum;
  const isArray = typeOf(schema).includes("array");
  return (
    <label class="parameter">
      <code>
        {parameter.name}
        {parameter.required && <Required />}
      </code>
      {options ? (
        <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          <option value="">{schema.default === undefined ? "—" : `${schema.default}, by default`}</option>
          {options.map((option) => (
            <option key={String(option)}>{String(option)}</option>
          ))}
        </select>
      ) : (
        <input
          value={value}
          required={parameter.required}
          inputMode={typeOf(schema) === "integer" ? "numeric" : "text"}
          placeholder={isArray ? `several, by commas${schema.items?.enum ? `: ${schema.items.enum.slice(0, 3).join(", ")} …` : ""}` : schema.default === undefined ? typeOf(schema) : `${schema.default}, by default`}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </label>
  );
}

function queryOf(parameters: Parameter[], values: Record<string, string>): string {
  const query = new URLSearchParams();
  for (const each of parameters) {
    const value = values[each.name];
    if (each.in !== "query" || !value) continue;
    const isList = each.name.endsWith("[]");
    for (const item of isList ? value.split(",") : [value]) query.append(each.name, isList ? item.trim() : item);
  }
  // As people write them, and Make's documentation does.
  return String(query).replace(/%5B/g, "[").replace(/%5D/g, "]");
}

/** What code sends; a body that is no JSON yet stays a text. */
function sentBody(text: string): Json {
  if (!text.trim()) return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

async function call(method: string, url: string, body: Json | undefined, token: string): Promise<Answer> {
  const headers: Record<string, string> = {};
  if (token) headers["Authorization"] = `Token ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const began = performance.now();
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { method, headers, cache: "no-store", credentials: "omit", ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    text = await response.text();
  } catch {
    throw new Error("There was no response: the connection was closed, perhaps by a fault of this world.");
  }
  let content: Json = text;
  try {
    content = JSON.parse(text) as Json;
  } catch {
    // It is shown as it is.
  }
  return { status: response.status, milliseconds: performance.now() - began, headers: [...response.headers], body: content };
}

function AnswerView({ world, answer }: { world: World; answer: Answer }) {
  const headers = answer.headers.filter(([name]) => SHOWN_HEADERS.test(name));
  const why = answer.headers.find(([name]) => name === "x-emulator-why")?.[1];
  return (
    <section aria-label="Response">
      <h3>Response</h3>
      <div class="row" role="status">
        <b class={answer.status < 300 ? "good" : answer.status < 500 ? "warn" : "bad"}>{answer.status}</b>
        <span class="soft">{answer.milliseconds.toFixed(0)} ms</span>
        <span class="grow" />
        <a href={href("w", world.name, "requests")}>Requests</a>
      </div>
      {why && <p class="problem">{why}</p>}
      {answer.body !== "" && (typeof answer.body === "object" ? <JsonTree value={answer.body} /> : <pre class="code">{String(answer.body).slice(0, 20_000)}</pre>)}
      <details>
        <summary>Headers</summary>
        <Headers headers={Object.fromEntries(headers)} />
      </details>
    </section>
  );
}
