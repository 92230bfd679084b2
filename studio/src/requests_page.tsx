// The requests of a world as they come, with what each sent and got, why it was refused, and code that sends it again.

import { useMemo, useState } from "preact/hooks";

import type { Json, LogRow, McpSession, World } from "./api";
import { control, controlHeaders, makeAsClient, worldPath } from "./api";
import { href, useAction, useControl } from "./hooks";
import { JsonTree } from "./json_tree";
import { CopyButton, Empty, Headers, moment, Problem, Tabs } from "./parts";
import { pathOf, snippet, SNIPPETS, titleOf, type Snippet } from "./snippets";

const LIMIT = 300;

const toneOf = (status: number): string => (status === 0 ? "soft" : status < 300 ? "good" : status < 500 ? "warn" : "bad");

const STATUS_CLASSES = ["", "2xx", "3xx", "4xx", "5xx"];
const METHODS = ["", "GET", "POST", "PUT", "PATCH", "DELETE"];

export function RequestsPage({ world, requestId, tick, refresh }: { world: World; requestId: string | null; tick: number; refresh: () => void }) {
  const [method, setMethod] = useState("");
  const [status, setStatus] = useState("");
  const [decision, setDecision] = useState("");
  const [path, setPath] = useState("");
  const [agent, setAgent] = useState("");
  const [text, setText] = useState("");
  const [session, setSession] = useState("");
  const mcp = useControl<{ sessions: McpSession[] }>(`${worldPath(world.name)}/mcp-sessions`, tick);
  const sessions = mcp.data?.sessions ?? [];
  const opened = sessions.find((each) => keyOf(each) === session) ?? null;
  const query = new URLSearchParams({ limit: String(LIMIT), ...(method && { method }), ...(status && { status }), ...(decision && { decision }), ...(path && { path: path.includes("*") ? path : `*${path}*` }) });
  const base = `${worldPath(world.name)}/requests`;
  const list = useControl<{ requests: LogRow[] }>(`${base}?${query}`, tick);
  const action = useAction();
  const rows = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    const all = [...(list.data?.requests ?? [])].reverse().filter((row) => (!agent || row.agent === agent) && (opened === null || opened.requests.includes(row.id)));
    return wanted ? all.filter((row) => JSON.stringify([row.sentence, row.requestBody, row.responseBody]).toLowerCase().includes(wanted)) : all;
  }, [list.data, text, agent, opened]);
  const agents = useMemo(() => [...new Set((list.data?.requests ?? []).flatMap((row) => row.agent ?? []))].sort(), [list.data]);
  const chosen = requestId === null ? null : (rows.find((row) => String(row.id) === requestId) ?? null);

  const saveHar = () =>
    void action.run(async () => {
      const response = await fetch(`/_emulator${base}?format=har`, { headers: controlHeaders() });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await response.blob());
      link.download = `${world.name}.har`;
      link.click();
      URL.revokeObjectURL(link.href);
    });

  return (
    <main class="page">
      <div class="row head">
        <h1>Requests</h1>
        <span class="grow" />
        <select aria-label="Method" value={method} onChange={(event) => setMethod(event.currentTarget.value)}>
          {METHODS.map((name) => (
            <option key={name} value={name}>
              {name || "any method"}
            </option>
          ))}
        </select>
        <select aria-label="Status" value={status} onChange={(event) => setStatus(event.currentTarget.value)}>
          {STATUS_CLASSES.map((name) => (
            <option key={name} value={name}>
              {name || "any status"}
            </option>
          ))}
        </select>
        <select aria-label="Decision" value={decision} onChange={(event) => setDecision(event.currentTarget.value)}>
          <option value="">any decision</option>
          <option value="allowed">allowed</option>
          <option value="refused*">refused</option>
        </select>
        {agents.length > 0 && (
          <select aria-label="Agent" value={agent} onChange={(event) => setAgent(event.currentTarget.value)}>
            <option value="">anybody</option>
            {agents.map((name) => (
              <option key={name} value={name}>
                agent {name}
              </option>
            ))}
          </select>
        )}
        {sessions.length > 0 && (
          <select aria-label="MCP session" value={session} onChange={(event) => setSession(event.currentTarget.value)}>
            <option value="">any MCP session</option>
            {sessions.map((each) => (
              <option key={keyOf(each)} value={keyOf(each)}>
                {titleOfSession(each)}
              </option>
            ))}
          </select>
        )}
        <input type="search" placeholder="Path, such as /scenarios/*" aria-label="Path" value={path} onInput={(event) => setPath(event.currentTarget.value)} />
        <input type="search" placeholder="Search" aria-label="Search in requests and responses" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <button type="button" disabled={action.busy} onClick={saveHar}>
          Save HAR
        </button>
        <button
          type="button"
          disabled={action.busy}
          onClick={() =>
            void action.run(async () => {
              await control(base, { method: "DELETE" });
              refresh();
            })
          }
        >
          Clear
        </button>
      </div>
      <Problem error={action.error ?? list.error} />
      <div class="split requests">
        <section class="card scroll" aria-label="List of requests">
          {opened && <SessionFacts world={world} session={opened} />}
          {list.data === null ? (
            <div class="loading" />
          ) : rows.length === 0 ? (
            <Empty>
              No requests. Point a client at <code>{world.baseUrl}</code>.
            </Empty>
          ) : (
            <ul class="log" onKeyDown={moveInList}>
              {rows.map((row) => (
                <li key={row.id}>
                  <a class={`plain log-row ${String(row.id) === requestId ? "current" : ""}`} href={href("w", world.name, "requests", row.id)} aria-current={String(row.id) === requestId}>
                    <span class={`number ${toneOf(row.status)}`}>{row.status || "…"}</span> <b class={row.method}>{row.method}</b> <span class="anywhere" title={pathOf(row)}>{titleOf(row)}</span>
                    <span class="soft who">{row.agent ? `agent ${row.agent}` : (row.tokenLabel ?? "no token")}</span>
                  </a>
                </li>
              ))}
            </ul>
          )}
        </section>
        <section class="card side" aria-label="Request">
          {chosen ? <RequestDetail world={world} row={chosen} refresh={refresh} /> : list.data === null ? <div class="loading" /> : <Empty>{requestId === null ? "Choose a request." : "This request is not in the list: it was cleared, or the filter hides it."}</Empty>}
        </section>
      </div>
    </main>
  );
}

const keyOf = (session: McpSession): string => session.id ?? `${session.user} ${session.tokenLabel} ${session.agent}`;

const clientOf = (session: McpSession): string => (session.client ? `${session.client["name"] ?? "a client"} ${session.client["version"] ?? ""}`.trim() : "a client");

function titleOfSession(session: McpSession): string {
  const count = session.calls.length;
  return `${clientOf(session)} of ${session.agent ? `agent ${session.agent}` : (session.tokenLabel ?? session.user)}, ${count} ${count === 1 ? "call" : "calls"}${session.state ? `, ${session.state}` : ", stateless"}`;
}

/** An MCP session: its client and caller, and each tool with the calls that it got. */
function SessionFacts({ world, session }: { world: World; session: McpSession }) {
  const tools = [...new Set(session.calls.map((call) => call.tool ?? "?"))];
  return (
    <section aria-label="MCP session">
      <table class="facts">
        <tbody>
          <tr>
            <th>client</th>
            <td class="anywhere">
              {clientOf(session)} {session.protocolVersion && <span class="soft">MCP {session.protocolVersion}</span>}
            </td>
          </tr>
          <tr>
            <th>caller</th>
            <td>
              {session.user} ({session.agent ? `agent ${session.agent}` : (session.tokenLabel ?? "token")})
            </td>
          </tr>
          <tr>
            <th>{session.state ? `session, ${session.state}` : "stateless"}</th>
            <td>
              {moment(session.startedAt)} to {moment(session.lastAt)}
            </td>
          </tr>
          {tools.map((tool) => {
            const calls = session.calls.filter((call) => (call.tool ?? "?") === tool);
            return (
              <tr key={tool}>
                <th class="anywhere">{tool}</th>
                <td>
                  {calls.map((call) => (
                    <a key={call.request} class={`chip ${call.isError ? "bad" : ""}`} href={href("w", world.name, "requests", call.request)} title={call.isError ? "failed" : "succeeded"}>
                      {call.isError ? "✕" : "✓"} {call.request}
                    </a>
                  ))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

/** The arrow keys go from a request to the next one, and open it. */
function moveInList(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by === undefined) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLAnchorElement>(".log-row")];
  const next = links[links.indexOf(document.activeElement as HTMLAnchorElement) + by];
  if (next === undefined) return;
  next.focus();
  next.click();
  event.preventDefault();
}

function RequestDetail({ world, row, refresh }: { world: World; row: LogRow; refresh: () => void }) {
  const [kind, setKind] = useState<Snippet>("curl");
  const action = useAction();
  const text = snippet(kind, row, world);
  const run = runOf(row);
  const canReplay = !/^\/(hook|mcp|oauth|\.well-known)/.test(row.path);
  return (
    <>
      <p class="row">
        <code class="grow anywhere">
          {row.method} {pathOf(row)}
        </code>
        <b class={`number ${toneOf(row.status)}`}>{row.status || "no response"}</b>
      </p>
      <p class="sentence">{row.statement ?? row.sentence}</p>
      <table class="facts">
        <tbody>
          <tr>
            <th>at</th>
            <td>{row.at}</td>
          </tr>
          <tr>
            <th>caller</th>
            <td>{row.user ? `${row.user} (${row.tokenLabel ?? "token"})` : "unauthenticated"}</td>
          </tr>
          <tr>
            <th>decision</th>
            <td class={row.decision.startsWith("refused") ? "bad" : ""}>
              {row.decision} {row.code && <code>{row.code}</code>}
            </td>
          </tr>
          {run && (
            <tr>
              <th>run</th>
              <td class="anywhere">
                <a href={href("w", world.name, "scenarios", run.scenarioId, "runs", run.id)}>{run.id}</a>
              </td>
            </tr>
          )}
          {row.missing.length > 0 && (
            <tr>
              <th>missing</th>
              <td>
                {row.missing.map((name) => (
                  <span key={name} class="chip bad">
                    {name}
                  </span>
                ))}
              </td>
            </tr>
          )}
        </tbody>
      </table>
      <Message title="Request" headers={row.requestHeaders} body={row.requestBody} />
      <Message title="Response" headers={row.responseHeaders} body={row.responseBody} />
      <h3>Send it again</h3>
      <div class="row">
        <Tabs names={SNIPPETS} current={kind} onSelect={setKind} label="Language" />
        <span class="grow" />
        <CopyButton text={text} />
        {canReplay && (
          <button
            type="button"
            class="small"
            disabled={action.busy}
            title="Send it with the token of this world"
            onClick={() =>
              void action.run(async () => {
                const body = row.requestBody === null || row.requestBody === "" ? {} : { body: row.requestBody };
                await makeAsClient(world, pathOf(row), { method: row.method, ...body }).finally(refresh);
              })
            }
          >
            Replay
          </button>
        )}
      </div>
      <pre class="code">{text}</pre>
      <Problem error={action.error} />
    </>
  );
}

/** The run that a request started, if its response names it. */
function runOf(row: LogRow): { scenarioId: string; id: string } | null {
  const scenarioId = /^\/scenarios\/(\d+)\/(run|replay)$/.exec(row.path)?.[1];
  const body = row.responseBody;
  const id = body !== null && typeof body === "object" && !Array.isArray(body) ? body.executionId : undefined;
  return scenarioId !== undefined && typeof id === "string" ? { scenarioId, id } : null;
}

function Message({ title, headers, body }: { title: string; headers: { [name: string]: string }; body: Json }) {
  const [search, setSearch] = useState("");
  const count = Object.keys(headers).length;
  if (count === 0 && (body === null || body === "")) return null;
  return (
    <section aria-label={title}>
      <div class="row">
        <h3>{title}</h3>
        <span class="grow" />
        {body !== null && body !== "" && typeof body !== "object" && <CopyButton text={String(body)} label="Copy body" />}
      </div>
      {count > 0 && (
        <details>
          <summary>
            {count} {count === 1 ? "header" : "headers"}
          </summary>
          <Headers headers={headers} />
        </details>
      )}
      {body !== null && body !== "" && (
        <>
          {typeof body === "object" ? (
            <>
              <input class="wide" type="search" placeholder="Search" aria-label={`Search in the body of the ${title.toLowerCase()}`} value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
              <JsonTree value={body} search={search} />
            </>
          ) : (
            <pre class="code">{String(body).slice(0, 20_000)}</pre>
          )}
        </>
      )}
    </section>
  );
}
