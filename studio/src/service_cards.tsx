// What scenarios reach beyond the world: external services with the requests to them, the outbox, and scripted modules.

import { useState } from "preact/hooks";

import type { Json, World } from "./api";
import { control, worldPath } from "./api";
import { useAction, useControl } from "./hooks";
import { JsonTree } from "./json_tree";
import { Empty, Labelled, moment, Problem } from "./parts";

interface CardProps {
  world: World;
  tick: number;
  refresh: () => void;
}

interface HttpRule {
  id: number;
  method?: string;
  url: string;
  status?: number;
  error?: string;
  hits: number;
}

interface SentRequest {
  id: number;
  at: string;
  scenarioId: number;
  method: string;
  url: string;
  body: Json;
  answeredBy: string;
  status: number | null;
  error: string | null;
}

/** Text that is no JSON is a body of its own. */
function bodyOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** Adds a response rule for an external service: the URL may be a glob. */
export function RuleForm({ world, url, onDone }: { world: World; url: string; onDone: () => void }) {
  const [address, setAddress] = useState(url);
  const [status, setStatus] = useState("200");
  const [body, setBody] = useState('{"ok": true}');
  const [times, setTimes] = useState("");
  const [added, setAdded] = useState(false);
  const action = useAction();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void action.run(async () => {
          const what = /^\d+$/.test(status) ? { status: Number(status), ...(body && { body: bodyOf(body) }) } : { error: status };
          await control(`${worldPath(world.name)}/http`, { method: "POST", body: { url: address, ...what, ...(times && { times: Number(times) }) } });
          setAdded(true);
          onDone();
        });
      }}
    >
      <div class="row">
        <Labelled text="URL" grow>
          <input aria-label="URL of the service" placeholder="https://api.example.com/*" value={address} onInput={(event) => setAddress(event.currentTarget.value)} />
        </Labelled>
        <Labelled text="Response">
          <select aria-label="Response of the service" value={status} onChange={(event) => setStatus(event.currentTarget.value)}>
            {["200", "201", "204", "400", "401", "404", "429", "500", "503", "timeout", "connection"].map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </Labelled>
        <Labelled text="Times">
          <input class="narrow" type="number" min="1" aria-label="Times" placeholder="∞" value={times} onInput={(event) => setTimes(event.currentTarget.value)} />
        </Labelled>
      </div>
      <Labelled text="Body">
        <textarea class="code" rows={3} aria-label="Body of the response" value={body} onInput={(event) => setBody(event.currentTarget.value)} />
      </Labelled>
      <div class="row">
        <button type="submit" disabled={action.busy || !address}>
          Add a response
        </button>
        {added && <span class="good" role="status">Added.</span>}
      </div>
      <Problem error={action.error} />
    </form>
  );
}

export function Services({ world, tick, refresh }: CardProps) {
  const base = `${worldPath(world.name)}/http`;
  const list = useControl<{ rules: HttpRule[]; requests: SentRequest[] }>(base, tick);
  const action = useAction();
  const done = () => {
    list.reload();
    refresh();
  };
  const sent = [...(list.data?.requests ?? [])].reverse().slice(0, 50);
  return (
    <section class="card" aria-label="External services">
      <h2>External services</h2>
      <RuleForm world={world} url="" onDone={done} />
      <Problem error={action.error ?? list.error} />
      {list.data?.rules.length ? (
        <ul>
          {list.data.rules.map((rule) => (
            <li key={rule.id} class="anywhere">
              <code>
                {rule.method ?? "any"} {rule.url}
              </code>{" "}
              {rule.error ?? rule.status} <span class="soft">matched {rule.hits}</span>
            </li>
          ))}
        </ul>
      ) : (
        <Empty>No rules: HTTP modules get a simulated response.</Empty>
      )}
      {sent.length > 0 && <h3>Requests of scenarios</h3>}
      {sent.map((row) => (
        <details key={row.id}>
          <summary class="anywhere">
            <span class={row.status !== null && row.status < 400 ? "good" : "bad"}>{row.status ?? row.error}</span> {row.method} {row.url} <span class="soft">scenario {row.scenarioId}, by {row.answeredBy}</span>
          </summary>
          {row.body !== null && <JsonTree value={row.body} />}
        </details>
      ))}
      {(list.data?.rules.length || sent.length) ? (
        <button type="button" disabled={action.busy} onClick={() => void action.run(async () => { await control(base, { method: "DELETE" }); done(); })}>
          Clear rules and requests
        </button>
      ) : null}
    </section>
  );
}

interface Mail {
  id: number;
  at: string;
  to: string[];
  cc: string[];
  subject: string;
  text: string | null;
  html: string | null;
  attachments: { name: string; size: number }[];
}

export function Outbox({ world, tick, refresh }: CardProps) {
  const base = `${worldPath(world.name)}/outbox`;
  const list = useControl<{ mails: Mail[] }>(base, tick);
  const action = useAction();
  return (
    <section class="card" aria-label="Outbox">
      <h2>Outbox</h2>
      <Problem error={action.error ?? list.error} />
      {list.data?.mails.length === 0 && <Empty>No mails yet.</Empty>}
      {[...(list.data?.mails ?? [])].reverse().slice(0, 50).map((mail) => (
        <details key={mail.id}>
          <summary class="anywhere">
            <b>{mail.subject || "(no subject)"}</b> <span class="soft">to {[...mail.to, ...mail.cc].join(", ")}, {moment(mail.at)}</span>
          </summary>
          <pre class="code">{mail.text || mail.html || "(empty)"}</pre>
          {mail.attachments.map((file) => (
            <span key={file.name} class="chip">
              {file.name}, {file.size} bytes
            </span>
          ))}
        </details>
      ))}
      {list.data?.mails.length ? (
        <button type="button" disabled={action.busy} onClick={() => void action.run(async () => { await control(base, { method: "DELETE" }); list.reload(); refresh(); })}>
          Clear the outbox
        </button>
      ) : null}
    </section>
  );
}

interface ModuleScript {
  module: string;
  output?: Json;
  error?: { name: string };
  hits: number;
}

export function Scripts({ world, tick, refresh }: CardProps) {
  const base = `${worldPath(world.name)}/modules`;
  const list = useControl<{ modules: ModuleScript[] }>(base, tick);
  const action = useAction();
  const remove = (path: string) =>
    void action.run(async () => {
      await control(path, { method: "DELETE" });
      list.reload();
      refresh();
    });
  return (
    <section class="card" aria-label="Scripted modules">
      <h2>Scripted modules</h2>
      <Problem error={action.error ?? list.error} />
      {list.data?.modules.length === 0 && <Empty>None: choose a module in the graph of a scenario to script it.</Empty>}
      {list.data?.modules.map((script) => (
        <div key={script.module} class="row">
          <code class="anywhere">{script.module}</code>
          <span>{script.error ? `fails with ${script.error.name}` : "gives an output"}</span>
          <span class="soft">matched {script.hits}</span>
          <span class="grow" />
          <button type="button" class="small" disabled={action.busy} aria-label={`Delete the script of ${script.module}`} onClick={() => remove(`${base}/${encodeURIComponent(script.module)}`)}>
            Delete
          </button>
        </div>
      ))}
    </section>
  );
}
