// Who may do what in a world: agents with their grants, OAuth clients, and MCP toolboxes.

import { useState } from "preact/hooks";

import type { Json, World } from "./api";
import { control, controlHeaders, worldPath } from "./api";
import { useAction, useControl } from "./hooks";
import { CopyButton, Empty, Labelled, parseJson, Problem } from "./parts";

interface CardProps {
  world: World;
  tick: number;
  refresh: () => void;
}

interface Agent {
  name: string;
  oauthClient: string | null;
  runs: string;
  allow: { [resource: string]: Json };
}

export function Agents({ world, tick, refresh }: CardProps) {
  const base = `${worldPath(world.name)}/agents`;
  const list = useControl<{ agents: Agent[] }>(base, tick);
  const [edited, setEdited] = useState<{ name: string; allow: string; runs: string; isNew: boolean } | null>(null);
  const [least, setLeast] = useState<string | null>(null);
  const [token, setToken] = useState<{ agent: string; token: string | null } | null>(null);
  const action = useAction();
  const change = (work: () => Promise<unknown>) =>
    void action.run(async () => {
      await work();
      list.reload();
      refresh();
    });
  return (
    <section class="card" aria-label="Agents">
      <div class="row">
        <h2>Agents</h2>
        <span class="grow" />
        <button type="button" class="small" onClick={() => setEdited({ name: "", allow: '{"scenarios": "read"}', runs: "trust", isNew: true })}>
          New agent
        </button>
        <button
          type="button"
          class="small"
          title="The least grants with which the requests of the log would have passed"
          onClick={() =>
            void action.run(async () => {
              const response = await fetch(`/_emulator${worldPath(world.name)}/access-report?format=policy`, { headers: controlHeaders() });
              setLeast(await response.text());
            })
          }
        >
          Least grants
        </button>
      </div>
      <Problem error={action.error ?? list.error} />
      {least !== null && (
        <>
          <pre class="code">{least || "No agent sent a request."}</pre>
          <CopyButton text={least} />
        </>
      )}
      {edited && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            change(async () => {
              const allow = parseJson(edited.allow, "The grants");
              const answer = await control<{ agent: { name: string; token: string | null } }>(`${base}/${encodeURIComponent(edited.name)}`, { method: "PUT", body: { allow, runs: edited.runs } });
              setToken({ agent: answer.agent.name, token: answer.agent.token });
              setEdited(null);
            });
          }}
        >
          <label class="field">
            Name of the agent
            <input value={edited.name} disabled={!edited.isNew} onInput={(event) => setEdited({ ...edited, name: event.currentTarget.value })} />
          </label>
          <label class="field">
            Grants as JSON
            <textarea class="code" rows={4} value={edited.allow} onInput={(event) => setEdited({ ...edited, allow: event.currentTarget.value })} />
          </label>
          <label class="field">
            Modules of its runs
            <select value={edited.runs} onChange={(event) => setEdited({ ...edited, runs: event.currentTarget.value })}>
              <option value="trust">need no grants</option>
              <option value="check">need its grants too</option>
            </select>
          </label>
          <div class="row">
            <button type="submit" class="primary" disabled={action.busy || !edited.name}>
              Save
            </button>
            <button type="button" onClick={() => setEdited(null)}>
              Cancel
            </button>
          </div>
        </form>
      )}
      {token?.token && (
        <p role="status">
          Token of {token.agent}: <code>{token.token}</code> <CopyButton text={token.token} />
        </p>
      )}
      {list.data?.agents.length === 0 && <Empty>No agents: no token is limited by grants.</Empty>}
      {list.data?.agents.map((agent) => (
        <div key={agent.name} class="row">
          <b class="anywhere">{agent.name}</b>
          <code class="anywhere">{JSON.stringify(agent.allow)}</code>
          <span class="grow" />
          <button type="button" class="small" aria-label={`Edit ${agent.name}`} onClick={() => setEdited({ name: agent.name, allow: JSON.stringify(agent.allow, null, 2), runs: agent.runs, isNew: false })}>
            Edit
          </button>
          <button type="button" class="small" disabled={action.busy} aria-label={`Delete ${agent.name}`} onClick={() => change(() => control(`${base}/${encodeURIComponent(agent.name)}`, { method: "DELETE" }))}>
            Delete
          </button>
        </div>
      ))}
    </section>
  );
}

interface OAuthClient {
  id: string;
  name: string;
  redirectUris: string[];
  public: boolean;
  dynamic: boolean;
  secret?: string | null;
}

export function OAuthClients({ world, tick, refresh }: CardProps) {
  const base = `${worldPath(world.name)}/oauth/clients`;
  const list = useControl<{ clients: OAuthClient[] }>(base, tick);
  const [name, setName] = useState("");
  const [uri, setUri] = useState("");
  const [isPublic, setPublic] = useState(false);
  const [created, setCreated] = useState<OAuthClient | null>(null);
  const action = useAction();
  return (
    <section class="card" aria-label="OAuth clients">
      <h2>OAuth clients</h2>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          void action.run(async () => {
            const answer = await control<{ client: OAuthClient }>(base, { method: "POST", body: { name, public: isPublic, ...(uri ? { redirectUris: [uri] } : { allowLoopback: true }) } });
            setCreated(answer.client);
            setName("");
            list.reload();
            refresh();
          });
        }}
      >
        <Labelled text="Name">
          <input aria-label="Name of the client" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </Labelled>
        <Labelled text="Redirect URI" grow>
          <input aria-label="Redirect URI" placeholder="any on loopback" value={uri} onInput={(event) => setUri(event.currentTarget.value)} />
        </Labelled>
        <label>
          <input type="checkbox" checked={isPublic} onChange={(event) => setPublic(event.currentTarget.checked)} /> public
        </label>
        <button type="submit" disabled={action.busy || !name}>
          Create
        </button>
      </form>
      <Problem error={action.error ?? list.error} />
      {created && (
        <p role="status" class="anywhere">
          {created.name}: id <code>{created.id}</code>
          {created.secret && (
            <>
              , secret <code>{created.secret}</code> <CopyButton text={created.secret} label="Copy secret" />
              <span class="soft"> It is shown once.</span>
            </>
          )}
        </p>
      )}
      {list.data?.clients.length === 0 && <Empty>None.</Empty>}
      <ul>
        {list.data?.clients.map((client) => (
          <li key={client.id} class="anywhere">
            {client.name} <code>{client.id}</code> <span class="soft">{client.dynamic ? "registered itself" : client.public ? "public" : "confidential"}{client.redirectUris.length > 0 && `, ${client.redirectUris.join(", ")}`}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface Toolbox {
  id: number;
  name: string;
  path: string;
  tools: { id: number; scenarioId: number; label: string }[];
  keys: { label: string; key: string }[];
}

export function Toolboxes({ world, tick, refresh }: CardProps) {
  const base = `${worldPath(world.name)}/toolboxes`;
  const list = useControl<{ toolboxes: Toolbox[] }>(base, tick);
  const [name, setName] = useState("");
  const [ids, setIds] = useState("");
  const action = useAction();
  const change = (work: () => Promise<unknown>) =>
    void action.run(async () => {
      await work();
      list.reload();
      refresh();
    });
  return (
    <section class="card" aria-label="Toolboxes">
      <h2>MCP toolboxes</h2>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          const tools = ids.split(/[\s,]+/).filter(Boolean).map(Number);
          change(() => control(base, { method: "POST", body: { name, tools } }));
        }}
      >
        <Labelled text="Name">
          <input aria-label="Name of the toolbox" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </Labelled>
        <Labelled text="Ids of its scenarios" grow>
          <input aria-label="Ids of its scenarios" placeholder="1, 4" value={ids} onInput={(event) => setIds(event.currentTarget.value)} />
        </Labelled>
        <button type="submit" disabled={action.busy || !name}>
          Create
        </button>
      </form>
      <Problem error={action.error ?? list.error} />
      {list.data?.toolboxes.length === 0 && <Empty>None.</Empty>}
      {list.data?.toolboxes.map((box) => (
        <div key={box.id} class="row">
          <b class="anywhere">{box.name}</b>
          <code class="anywhere">{box.path}</code>
          <span class="soft anywhere">{box.tools.map((tool) => tool.label || `scenario ${tool.scenarioId}`).join(", ")}</span>
          <span class="grow" />
          {box.keys[0] && <CopyButton text={box.keys[0].key} label="Copy key" />}
          <button type="button" class="small" disabled={action.busy} aria-label={`Delete ${box.name}`} onClick={() => change(() => control(`${base}/${box.id}`, { method: "DELETE" }))}>
            Delete
          </button>
        </div>
      ))}
    </section>
  );
}
