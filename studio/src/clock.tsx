// The clock of a world: its time, frozen or not, and the steps that make due runs happen.

import { useEffect, useState } from "preact/hooks";

import type { World } from "./api";
import { control, worldPath } from "./api";
import { useAction, useControl } from "./hooks";
import { Dialog, moment, Problem } from "./parts";

const STEPS: readonly [string, number][] = [
  ["+1 minute", 60],
  ["+15 minutes", 900],
  ["+1 hour", 3600],
  ["+1 day", 86_400],
  ["+1 week", 604_800],
];

interface ClockState {
  now: string;
  frozen: boolean;
}

interface DueRun {
  id: string;
  sentence: string;
  at: string;
}

export function Clock({ world, tick, refresh }: { world: World; tick: number; refresh: () => void }) {
  const base = `${worldPath(world.name)}/clock`;
  const loaded = useControl<ClockState>(base, tick);
  const [open, setOpen] = useState(false);
  const [shown, setShown] = useState("");
  // A clock that runs is shown running, without asking.
  useEffect(() => {
    const state = loaded.data;
    if (state === null) return undefined;
    const start = Date.now();
    const show = () => setShown(moment(state.frozen ? state.now : new Date(Date.parse(state.now) + Date.now() - start).toISOString()));
    show();
    if (state.frozen) return undefined;
    const timer = window.setInterval(show, 1000);
    return () => window.clearInterval(timer);
  }, [loaded.data]);
  return (
    <>
      <button type="button" class="clock" title="Clock of the world" aria-label={`Clock ${shown}, ${loaded.data?.frozen ? "frozen" : "running"}`} onClick={() => setOpen(true)}>
        <span aria-hidden="true">{loaded.data?.frozen ? "❄" : "◷"}</span> <span class="number">{shown}</span>
      </button>
      {open && loaded.data && <ClockDialog world={world} state={loaded.data} onClose={() => setOpen(false)} refresh={refresh} />}
    </>
  );
}

function ClockDialog({ world, state, onClose, refresh }: { world: World; state: ClockState; onClose: () => void; refresh: () => void }) {
  const base = worldPath(world.name);
  const [text, setText] = useState(state.now);
  const [due, setDue] = useState<DueRun[] | null>(null);
  const action = useAction();
  useEffect(() => setText(state.now), [state.now]);
  const change = (path: string, method: string, body: unknown) =>
    void action.run(async () => {
      const before = new Set((await runs(base)).map((row) => row.id));
      await control(`${base}/clock${path}`, { method, body });
      setDue((await runs(base)).filter((row) => !before.has(row.id)));
      refresh();
    });
  return (
    <Dialog title="Clock" onClose={onClose}>
      <p class="number big">{moment(state.now)}</p>
      <div class="row">
        <button type="button" disabled={action.busy} onClick={() => change("", "PATCH", { frozen: !state.frozen })}>
          {state.frozen ? "Let it run" : "Freeze"}
        </button>
        {STEPS.map(([label, seconds]) => (
          <button key={label} type="button" disabled={action.busy} onClick={() => change("/advance", "POST", { seconds })}>
            {label}
          </button>
        ))}
      </div>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          change("", "PATCH", { now: text });
        }}
      >
        <input class="grow" aria-label="Time to set" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <button type="submit" disabled={action.busy}>
          Set
        </button>
      </form>
      <Problem error={action.error} />
      {due && (
        <div aria-live="polite">
          <h3>Runs that fell due</h3>
          {due.length === 0 ? <p class="soft">None.</p> : due.slice(0, 50).map((row) => <p key={row.id}>{row.sentence}</p>)}
          {due.length > 50 && <p class="soft">and {due.length - 50} more</p>}
        </div>
      )}
    </Dialog>
  );
}

async function runs(base: string): Promise<DueRun[]> {
  return (await control<{ executions: DueRun[] }>(`${base}/executions?limit=500`)).executions;
}
