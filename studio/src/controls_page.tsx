// What the control API does to a world: faults, checkpoints, its state, reset and deletion; and new worlds.

import { useRef, useState } from "preact/hooks";

import type { Json, World } from "./api";
import { control, controlHeaders, worldPath } from "./api";
import { Agents, OAuthClients, Toolboxes } from "./access_cards";
import { go, useAction, useControl } from "./hooks";
import { Dialog, Empty, Labelled, Problem } from "./parts";
import { Outbox, Scripts, Services } from "./service_cards";

interface Fault {
  method?: string | null;
  path?: string | null;
  status?: number | null;
  action?: string | null;
  name?: string | null;
  delayMs?: number;
  times?: number | null;
  hits?: number;
}

const FAULTS = ["503", "500", "429", "reset", "timeout", "truncate"];

export function ControlsPage({ world, tick, refresh }: { world: World; tick: number; refresh: () => void }) {
  return (
    <main>
      <h1>World {world.name}</h1>
      <div class="columns">
        <Faults world={world} tick={tick} refresh={refresh} />
        <Checkpoints world={world} tick={tick} refresh={refresh} />
        <StateCard world={world} refresh={refresh} />
        <NewWorld />
      </div>
      <h2>What scenarios reach</h2>
      <div class="columns">
        <Services world={world} tick={tick} refresh={refresh} />
        <Outbox world={world} tick={tick} refresh={refresh} />
        <Scripts world={world} tick={tick} refresh={refresh} />
      </div>
      <h2>Who may do what</h2>
      <div class="columns">
        <Agents world={world} tick={tick} refresh={refresh} />
        <OAuthClients world={world} tick={tick} refresh={refresh} />
        <Toolboxes world={world} tick={tick} refresh={refresh} />
      </div>
      <p class="soft">
        Scopes of the tokens are on the <a href={`/_emulator/?world=${encodeURIComponent(world.name)}`}>dashboard</a>, which needs no JavaScript.
      </p>
    </main>
  );
}

function Faults({ world, tick, refresh }: { world: World; tick: number; refresh: () => void }) {
  const base = `${worldPath(world.name)}/faults`;
  const list = useControl<{ faults: Fault[] }>(base, tick);
  const [path, setPath] = useState("/scenarios*");
  const [effect, setEffect] = useState("503");
  const [times, setTimes] = useState("1");
  const action = useAction();
  const change = (work: () => Promise<unknown>) =>
    void action.run(async () => {
      await work();
      list.reload();
      refresh();
    });
  return (
    <section class="card" aria-label="Faults">
      <h2>Faults</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const what = /^\d+$/.test(effect) ? { status: Number(effect) } : { action: effect };
          change(() => control(base, { method: "POST", body: { path, ...what, ...(times && { times: Number(times) }) } }));
        }}
      >
        <div class="row">
          <Labelled text="Path" grow>
            <input aria-label="Path" value={path} onInput={(event) => setPath(event.currentTarget.value)} />
          </Labelled>
          <Labelled text="Effect">
            <select aria-label="Effect" value={effect} onChange={(event) => setEffect(event.currentTarget.value)}>
              {FAULTS.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </Labelled>
          <Labelled text="Times">
            <input class="narrow" type="number" min="1" aria-label="Times" placeholder="∞" value={times} onInput={(event) => setTimes(event.currentTarget.value)} />
          </Labelled>
          <button type="submit" disabled={action.busy}>
            Add
          </button>
        </div>
      </form>
      <Problem error={action.error ?? list.error} />
      {list.data?.faults.length ? (
        <>
          <ul>
            {list.data.faults.map((fault, place) => (
              <li key={place}>
                <code>
                  {fault.method ?? "any"} {fault.path ?? "any path"}
                </code>{" "}
                {fault.name ?? fault.status ?? fault.action}
                <span class="soft">
                  {" "}
                  matched {fault.hits ?? 0}
                  {fault.times ? ` of ${fault.times}` : ""}
                </span>
              </li>
            ))}
          </ul>
          <button type="button" disabled={action.busy} onClick={() => change(() => control(base, { method: "DELETE" }))}>
            Clear
          </button>
        </>
      ) : (
        <Empty>None.</Empty>
      )}
    </section>
  );
}

interface Checkpoint {
  name: string;
  at?: string;
  createdAt?: string;
}

function Checkpoints({ world, tick, refresh }: { world: World; tick: number; refresh: () => void }) {
  const base = `${worldPath(world.name)}/checkpoints`;
  const list = useControl<{ checkpoints: Checkpoint[] }>(base, tick);
  const [name, setName] = useState("");
  const action = useAction();
  const change = (work: () => Promise<unknown>) =>
    void action.run(async () => {
      await work();
      list.reload();
      refresh();
    });
  return (
    <section class="card" aria-label="Checkpoints">
      <h2>Checkpoints</h2>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          change(() => control(base, { method: "POST", body: { name } }));
        }}
      >
        <Labelled text="Name" grow>
          <input aria-label="Name of the checkpoint" placeholder="before the change" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </Labelled>
        <button type="submit" disabled={action.busy || !name}>
          Create
        </button>
      </form>
      <Problem error={action.error ?? list.error} />
      {list.data?.checkpoints.length ? (
        <ul>
          {list.data.checkpoints.map((row) => (
            <li key={row.name}>
              <a href={`/_emulator/checkpoints?world=${encodeURIComponent(world.name)}&name=${encodeURIComponent(row.name)}`}>{row.name}</a>{" "}
              <button type="button" class="small" disabled={action.busy} onClick={() => change(() => control(`${base}/${encodeURIComponent(row.name)}/undo`, { method: "POST" }))}>
                Undo what came after
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <Empty>None.</Empty>
      )}
    </section>
  );
}

function StateCard({ world, refresh }: { world: World; refresh: () => void }) {
  const action = useAction();
  const [asked, setAsked] = useState<"reset" | "delete" | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const base = worldPath(world.name);
  const save = () =>
    void action.run(async () => {
      const response = await fetch(`/_emulator${base}/snapshot`, { headers: controlHeaders() });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await response.blob());
      link.download = `${world.name}.snapshot.json`;
      link.click();
      URL.revokeObjectURL(link.href);
    });
  const load = (file: File | undefined) =>
    void action.run(async () => {
      if (file === undefined) return;
      await control(`${base}/snapshot`, { method: "PUT", body: JSON.parse(await file.text()) as Json });
      refresh();
    });
  return (
    <section class="card" aria-label="State">
      <h2>State</h2>
      <div class="row">
        <button type="button" disabled={action.busy} onClick={save}>
          Save a snapshot
        </button>
        <button type="button" disabled={action.busy} onClick={() => input.current?.click()}>
          Load a snapshot
        </button>
        <input ref={input} class="hidden" type="file" accept=".json" aria-label="Snapshot file" onChange={(event) => load(event.currentTarget.files?.[0])} />
        <button type="button" disabled={action.busy} onClick={() => setAsked("reset")}>
          Reset …
        </button>
        <button type="button" disabled={action.busy} onClick={() => setAsked("delete")}>
          Delete …
        </button>
      </div>
      <p class="soft">A snapshot is the whole state, secrets included.</p>
      <Problem error={action.error} />
      {asked && (
        <Dialog title={asked === "reset" ? `Reset ${world.name} to its seed?` : `Delete ${world.name}?`} onClose={() => setAsked(null)}>
          <p>Everything that was made in it since is lost.</p>
          <div class="row">
            <button
              type="button"
              class="danger"
              onClick={() => {
                const what = asked;
                setAsked(null);
                void action.run(async () => {
                  if (what === "reset") await control(`${base}/reset`, { method: "POST" });
                  else await control(base, { method: "DELETE" });
                  if (what === "delete") go();
                  refresh();
                });
              }}
            >
              {asked === "reset" ? "Reset" : "Delete"}
            </button>
            <button type="button" onClick={() => setAsked(null)}>
              Cancel
            </button>
          </div>
        </Dialog>
      )}
    </section>
  );
}

const PLANS = ["free", "core", "pro", "teams", "enterprise"];

export function NewWorld() {
  const [name, setName] = useState("");
  const [plan, setPlan] = useState("");
  const action = useAction();
  return (
    <section class="card" aria-label="New world">
      <h2>New world</h2>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          void action.run(async () => {
            const answer = await control<{ world: World }>("/worlds", { method: "POST", body: { ...(name && { name }), ...(plan && { plan }) } });
            go("w", answer.world.name, "scenarios");
          });
        }}
      >
        <Labelled text="Name" grow>
          <input aria-label="Name of the world" placeholder="one is made" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </Labelled>
        <Labelled text="Plan">
          <select aria-label="Plan" value={plan} onChange={(event) => setPlan(event.currentTarget.value)}>
            <option value="">plan of the seed</option>
            {PLANS.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </Labelled>
        <button type="submit" class="primary" disabled={action.busy}>
          Create
        </button>
      </form>
      <Problem error={action.error} />
    </section>
  );
}
