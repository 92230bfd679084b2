// The routes of the emulated API, each with a form that sends it to the world: parameters, body and token; and what it responds.

import { useEffect, useMemo, useState } from "preact/hooks";

import { control, type Json, type LogRow, type World, worldPath } from "./api";
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
  minLength?: number;
  maxLength?: number;
  format?: string;
  properties?: { [name: string]: Schema };
  required?: string[];
  anyOf?: Schema[];
}

interface Content {
  content: { "application/json": { schema: Schema; example?: Json } };
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
  requestBody?: Content & { required: boolean };
  responses: { [status: string]: Content };
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
  /** The request in the list of requests, where it was found. */
  logged: number | null;
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

/** A value of an example; the world's own id where it is 1, the first of the default world. */
function withId(name: string, value: Json, world: World): Json {
  const ids: Record<string, number | null> = { teamId: world.teamId, organizationId: world.organizationId, belongerId: world.organizationId, userId: world.userId };
  return value === 1 ? (ids[name] ?? value) : value;
}

/** A deletion is confirmed by who sends it, as Make does it: the example's `confirmed` stays out until then. */
const isConfirmation = (parameter: Parameter): boolean => parameter.name === "confirmed";

function initialValue(parameter: Parameter, world: World): string {
  if (parameter.example === undefined || isConfirmation(parameter)) return "";
  return String(withId(parameter.name, parameter.example, world));
}

function initialBody(operation: Operation, world: World): string {
  const example = operation.requestBody?.content["application/json"].example;
  if (example === null || typeof example !== "object" || Array.isArray(example)) return "";
  return JSON.stringify(Object.fromEntries(Object.entries(example).map(([name, value]) => [name, withId(name, value, world)])), null, 2);
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
  const success = Object.entries(operation.responses).find(([status]) => status < "400");
  const response = success?.[1].content["application/json"];
  const canConfirm = operation.parameters.some(isConfirmation) && values["confirmed"] !== "true";
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
  const query = queryOf(operation.parameters, values);
  const missing = operation.parameters.filter((each) => each.in === "path" && !values[each.name]);

  const send = () =>
    action.run(async () => {
      const content = takesBody && body.trim() ? parseJson(body, "The body") : undefined;
      setAnswer(null);
      setAnswer(await call(world, operation.method, `/api/v2${path}${query && `?${query}`}`, content, { world: world.token, other: token, none: "" }[caller]));
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
      {answer?.status === 406 && canConfirm && (
        <div class="row">
          <span>Make deletes this with all that depends on it, if the request confirms it.</span>
          <button type="button" onClick={() => setValues({ ...values, confirmed: "true" })}>
            Set confirmed to true
          </button>
        </div>
      )}
      <h3>As code</h3>
      <div class="row">
        <Tabs names={SNIPPETS} current={kind} onSelect={setKind} label="Language" />
        <span class="grow" />
        <CopyButton text={() => snippet(kind, { method: operation.method, path, query, requestBody: sentBody(takesBody ? body : "") }, world)} />
      </div>
      <pre class="code">{snippet(kind, { method: operation.method, path, query, requestBody: sentBody(takesBody ? body : "") }, world)}</pre>
      <h3>Reference</h3>
      {operation.requestBody && (
        <details>
          <summary>Fields of the body</summary>
          <Fields schema={operation.requestBody.content["application/json"].schema} />
        </details>
      )}
      {response && (
        <>
          <details>
            <summary>Fields of the response</summary>
            <Fields schema={response.schema} />
          </details>
          {response.example !== undefined && (
            <details>
              <summary>Example of the response, {success?.[0]}</summary>
              <JsonTree value={response.example} />
            </details>
          )}
        </>
      )}
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
  const options = schema.enum ?? (typeOf(schema) === "boolean" ? [true, false] : undefined);
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

/** The fields of an object, each followed by its own. */
function Fields({ schema }: { schema: Schema }) {
  const rows = fieldsOf(schema, 0);
  if (rows.length === 0) return <p class="soft">An object with any names.</p>;
  return (
    <table class="schema">
      <tbody>
        {rows.map(({ depth, name, field, required }, index) => (
          <tr key={index}>
            <th scope="row">
              <code class={`depth-${Math.min(depth, 4)}`}>
                {name}
                {required && <Required />}
              </code>
            </th>
            <td class="soft anywhere">
              {typeText(field)} {constraintsText(field)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface FieldRow {
  depth: number;
  name: string;
  field: Schema;
  required: boolean;
}

const MAX_DEPTH = 6;

function fieldsOf(schema: Schema, depth: number): FieldRow[] {
  if (depth > MAX_DEPTH) return [];
  const shapes = (schema.anyOf ?? []).filter((each) => each.properties !== undefined);
  return [
    ...(schema.items ? fieldsOf(schema.items, depth) : []),
    ...shapes.flatMap((shape, index) => [{ depth, name: `(${index + 1})`, field: { type: "one of these" }, required: false }, ...fieldsOf(shape, depth + 1)]),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [{ depth, name, field, required: schema.required?.includes(name) ?? false }, ...fieldsOf(field, depth + 1)]),
  ];
}

function typeText(schema: Schema): string {
  const type = typeOf(schema);
  return type.split(" or ").length > 3 ? "any" : type.includes("array") && schema.items ? `array of ${typeText(schema.items)}` : type;
}

function constraintsText(schema: Schema): string {
  const options = schema.enum ?? schema.items?.enum;
  return [
    options && `one of ${options.join(", ")}`,
    schema.minLength !== undefined && `at least ${schema.minLength} ${schema.minLength === 1 ? "character" : "characters"}`,
    schema.maxLength !== undefined && `at most ${schema.maxLength} characters`,
    schema.minimum !== undefined && `from ${schema.minimum}`,
    schema.maximum !== undefined && schema.maximum !== Number.MAX_SAFE_INTEGER && `up to ${schema.maximum}`,
    schema.default !== undefined && schema.default !== null && `by default ${JSON.stringify(schema.default)}`,
    schema.format,
  ]
    .filter(Boolean)
    .map((text) => `· ${text}`)
    .join(" ");
}

async function call(world: World, method: string, url: string, body: Json | undefined, token: string): Promise<Answer> {
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
  const milliseconds = performance.now() - began;
  return { status: response.status, milliseconds, headers: [...response.headers], body: content, logged: await findRequest(world, response.headers.get("x-request-id")) };
}

/** The number of a request in the list of requests; null for one that belongs to no world, as without a token. */
async function findRequest(world: World, id: string | null): Promise<number | null> {
  if (id === null) return null;
  try {
    const { requests } = await control<{ requests: LogRow[] }>(`${worldPath(world.name)}/requests?limit=20`);
    return requests.find((row) => Object.entries(row.responseHeaders).some(([name, value]) => name.toLowerCase() === "x-request-id" && value === id))?.id ?? null;
  } catch {
    return null;
  }
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
        {answer.logged !== null && <a href={href("w", world.name, "requests", answer.logged)}>Show it in the requests</a>}
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
